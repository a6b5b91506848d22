import { afterAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { check } from '../lint/quotes.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const room = mkdtempSync(path.join(tmpdir(), 'quotes-'));
afterAll(() => rmSync(room, { recursive: true }));

const PROGRAM = 'int a;\n\nint b;\n  int c;\n';

/** A tree with the program and a page that quotes it; gives its root. */
function plant(page) {
  const root = mkdtempSync(path.join(room, 'tree-'));
  mkdirSync(path.join(root, 'docs'));
  writeFileSync(path.join(root, 'a.c'), PROGRAM);
  writeFileSync(path.join(root, 'docs/page.md'), page);
  return root;
}

const found = (page) => check(plant(page)).errors.map(({ file, line, text }) => `${file}:${line}: ${text}`);

describe('a quote is true', () => {
  test.each([
    ['the whole file', `\`\`\`c a.c\n${PROGRAM}\`\`\`\n`],
    ['its first lines', '```c a.c\nint a;\n\n```\n'],
    ['its last lines', 'text\n\n~~~c a.c\n  int c;\n~~~\ntext\n'],
    ['two quotes', '```c a.c\nint a;\n```\n```c a.c\nint b;\n```\n'],
  ])('%s', (_, page) => expect(found(page)).toEqual([]));

  test('blocks of other languages need no file', () => {
    expect(found('```sh\nmake\n```\n\n```\nanything\n```\n')).toEqual([]);
  });
});

describe('a quote is not true', () => {
  test.each([
    ['a line that is not there', '\n```c a.c\nint b;\nint d;\n```\n', 'docs/page.md:2: a.c has no line "int d;"'],
    ['another indent', '```c a.c\nint c;\n```\n', 'docs/page.md:1: a.c has no line "int c;"'],
    ['a part of a line', '```c a.c\nint\n```\n', 'docs/page.md:1: a.c has no line "int"'],
    ['lines left out', '```c a.c\nint a;\nint b;\n```\n', 'docs/page.md:1: a.c has these lines, but not in one run'],
    ['no such file', '```c b.c\nint a;\n```\n', 'docs/page.md:1: cannot read b.c: ENOENT'],
    ['nothing quoted', '```c a.c\n```\n', 'docs/page.md:1: the block is empty'],
    ['C from nowhere', '```c\nint a;\n```\n', 'docs/page.md:1: a block of C names the file it is from'],
    ['a block without end', '```c a.c\nint a;\n', 'docs/page.md:1: the block has no end'],
  ])('%s', (_, page, finding) => expect(found(page)).toEqual([finding]));
});

test('the program prints file:line and what, and exits 1', () => {
  const program = path.join(repository, 'tests/lint/quotes.mjs');
  const run = (page) => spawnSync(process.execPath, [program, plant(page)], { encoding: 'utf8' });
  expect(run('```c a.c\nint b;\n```\n')).toMatchObject({ status: 0, stdout: 'quotes: 1, 0 not true\n' });
  expect(run('```c a.c\nint x;\n```\n')).toMatchObject({ status: 1, stdout: expect.stringContaining('docs/page.md:1: a.c has no') });
});

test('what this repository quotes is true', () => {
  const { quotes, errors } = check(repository);
  expect(errors).toEqual([]);
  expect(quotes).toBeGreaterThan(5);
});
