/**
 * Keeps quotes true: a fenced block of a Markdown file that names a file after its language
 *
 *     ```c examples/c/01-delayed.c
 *
 * is a run of whole lines of that file, as they stand there. A block of C must name its file, so that
 * no program is shown that nobody compiles. `node tests/lint/quotes.mjs [root]` prints `file:line: what`
 * and exits 1 when a quote is not true.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const SKIPPED = /^(?:\..*|node_modules|build|build-.*|dist|coverage)$/;

/** @typedef {{ file: string, line: number, text: string }} Finding */

/**
 * @param {string} root the repository's folder
 * @returns {{ quotes: number, errors: Finding[] }} files are given from the root
 */
export function check(root) {
  /** @type {Finding[]} */
  const errors = [];
  let quotes = 0;
  for (const file of markdownIn(root)) {
    for (const { line, language, source, body } of blocksOf(readFileSync(path.join(root, file), 'utf8'))) {
      if (body === undefined) errors.push({ file, line, text: 'the block has no end' });
      else if (source) {
        quotes++;
        const text = falseBecause(root, source, body);
        if (text) errors.push({ file, line, text });
      } else if (language === 'c') errors.push({ file, line, text: 'a block of C names the file it is from' });
    }
  }
  return { quotes, errors };
}

/**
 * @param {string} root @param {string} source @param {string} body
 * @returns {string | undefined} what is wrong with a quote
 */
function falseBecause(root, source, body) {
  let text;
  try {
    text = readFileSync(path.join(root, source), 'utf8');
  } catch (error) {
    return `cannot read ${source}: ${/** @type {NodeJS.ErrnoException} */ (error).code}`;
  }
  if (!body.trim()) return 'the block is empty';
  if (`\n${text}`.includes(`\n${body}`)) return undefined;
  const missing = body.split('\n').find((line) => !`\n${text}`.includes(`\n${line}\n`));
  return missing === undefined ? `${source} has these lines, but not in one run` : `${source} has no line "${missing}"`;
}

/**
 * The fenced blocks of a Markdown text; one that never ends has no body.
 * @param {string} text
 * @returns {{ line: number, language: string, source: string, body: string | undefined }[]}
 */
function blocksOf(text) {
  const lines = text.split('\n');
  const blocks = [];
  for (let at = 0; at < lines.length; at++) {
    const open = /^(`{3,}|~{3,})\s*(\S*)\s*(.*?)\s*$/.exec(lines[at]);
    if (!open) continue;
    const [, fence, language, source] = open;
    const end = lines.findIndex((line, i) => i > at && line.startsWith(fence) && /^(?:`+|~+)\s*$/.test(line));
    const body = end < 0 ? undefined : lines.slice(at + 1, end).map((line) => `${line}\n`).join('');
    blocks.push({ line: at + 1, language, source, body });
    if (end < 0) break;
    at = end;
  }
  return blocks;
}

/** @param {string} root @param {string} [folder] @returns {string[]} */
function markdownIn(root, folder = '') {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter((entry) => !(entry.isDirectory() && SKIPPED.test(entry.name)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = folder + entry.name;
      return entry.isDirectory() ? markdownIn(root, `${name}/`) : entry.name.endsWith('.md') ? [name] : [];
    });
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url));
  const { quotes, errors } = check(root);
  for (const { file, line, text } of errors) console.log(`${file}:${line}: ${text}`);
  console.log(`quotes: ${quotes}, ${errors.length} not true`);
  process.exitCode = errors.length ? 1 : 0;
}
