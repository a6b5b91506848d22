/**
 * Keeps the house in order (DESIGN section 1): who may include or import whom, and a few habits that
 * a machine can see. `node tests/lint/layers.mjs [root]` prints `file:line: what` and exits 1 when a
 * rule is broken; warnings do not count.
 *
 * It reads text, not meaning: comments and the insides of strings are blanked first, then patterns
 * look for includes, imports and words. It does not follow imports, and does not see a specifier
 * that is computed, or types that a JSDoc comment names.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Own headers: a quoted include that stays inside the rule's folder. */
const OWN = ['./'];

/** Of the headers of C11, those that neither print nor make threads. */
const STANDARD_C = [
  ...['assert.h', 'ctype.h', 'errno.h', 'float.h', 'inttypes.h', 'limits.h', 'math.h', 'time.h'],
  ...['stdalign.h', 'stdarg.h', 'stdbool.h', 'stddef.h', 'stdint.h', 'stdlib.h', 'string.h'],
];

/**
 * A rule looks at the files whose path begins with `in` (and not with `outside`). Of the other
 * fields it has those it needs:
 * - `quoted`, `angle`: beginnings of what `#include "…"` and `#include <…>` may name
 * - `never`: beginnings of what no include may name
 * - `word`: what may not stand in C code
 * - `noC`: no C file lives there
 * - `doorOnly`: imports of ours go by the package's name; what is relative stays in the folder
 * - `neverImport`: folders that no import may reach
 * - `names`: what no file or folder may be called, whatever its ending
 * - `lines`: how many lines a C file may have; `warns` makes it a warning
 * @typedef {{ id: string, says: string, in: string[], outside?: string[], quoted?: string[],
 *   angle?: string[], never?: string[], word?: RegExp, noC?: boolean, doorOnly?: boolean,
 *   neverImport?: string[], names?: string[], lines?: number, warns?: boolean }} Rule
 */

/** @type {Rule[]} */
export const rules = [
  // The core: base <- graph <- run -> store, trace. Each knows <hd/…>.
  {
    id: 'base',
    in: ['src/base/'],
    quoted: ['base/'],
    says: 'src/base includes only "base/…" and <hd/…>',
  },
  {
    id: 'graph',
    in: ['src/graph/'],
    quoted: ['base/', 'graph/'],
    says: 'src/graph includes only "base/…", "graph/…" and <hd/…>',
  },
  {
    id: 'store',
    in: ['src/store/'],
    quoted: ['base/', 'graph/graph.h', 'store/'],
    says: 'src/store includes only "base/…", "graph/graph.h", "store/…" and <hd/…>',
  },
  {
    id: 'trace',
    in: ['src/trace/'],
    quoted: ['base/', 'graph/graph.h', 'trace/'],
    says: 'src/trace includes only "base/…", "graph/graph.h", "trace/…" and <hd/…>',
  },
  {
    id: 'run',
    in: ['src/run/'],
    quoted: ['base/', 'graph/', 'store/', 'trace/', 'run/'],
    says: 'src/run includes ours as "layer/….h", seen from src/, or as <hd/…>',
  },
  {
    id: 'include',
    in: ['src/include/'],
    quoted: [],
    says: "a public header includes only <hd/…> and the system's",
  },
  {
    id: 'place',
    in: ['src/'],
    outside: ['src/base/', 'src/graph/', 'src/store/', 'src/trace/', 'src/run/', 'src/include/hd/'],
    noC: true,
    says: 'C in src/ lives in a layer that this table knows, public headers in src/include/hd',
  },

  // What has one place only.
  {
    id: 'threads',
    in: [''],
    // wasm/shim/pool.c starts Web Workers, which to Emscripten are pthreads: that is a shim's job.
    outside: ['src/base/', 'tests/', 'wasm/shim/pool.c'],
    never: ['pthread.h', 'stdatomic.h', 'threads.h'],
    says: 'threads and atomics are included only in src/base',
  },
  {
    id: 'emscripten',
    in: ['src/'],
    never: ['emscripten.h', 'emscripten/'],
    says: 'the core knows no Emscripten',
  },
  {
    id: 'fence',
    in: [''],
    word: /\b(?:__)?atomic_(?:thread|signal)_fence\b|\b__sync_synchronize\b/g,
    says: 'no fences (race detectors do not model them): use a sequentially consistent operation',
  },
  {
    id: 'print',
    in: ['src/'],
    word: /\b(?:v?printf|puts|putchar|perror)\s*(?=\()|\b(?:v?dprintf|write)\s*\(\s*[12]\b|\bstd(?:out|err)\b/g,
    says: 'the library never prints',
  },

  // Around the core: only its public headers.
  {
    id: 'shim',
    in: ['wasm/shim/'],
    quoted: OWN,
    angle: ['hd/', 'emscripten.h', 'emscripten/', 'pthread.h', ...STANDARD_C],
    says: "wasm/shim includes only <hd/…>, Emscripten's and standard C headers and its own",
  },
  {
    id: 'c-door',
    in: ['wasm/', 'web/', 'examples/'],
    outside: ['wasm/shim/'],
    quoted: OWN,
    says: 'outside the core its door is <hd/…>',
  },
  {
    id: 'js-door',
    in: ['web/', 'examples/'],
    doorOnly: true,
    says: "web/ and examples/ see only the public door 'heddle'",
  },
  {
    id: 'package',
    in: ['wasm/'],
    neverImport: ['web/', 'tests/', 'examples/'],
    says: 'the package imports nothing from web/, tests/ or examples/',
  },

  // Names and sizes.
  {
    id: 'name',
    in: [''],
    names: ['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'manager', 'managers'],
    says: 'a name says what is inside',
  },
  {
    id: 'size',
    in: [''],
    lines: 700,
    warns: true,
    says: 'a C file has at most 700 lines',
  },
];

const C_FILE = /\.(?:c|h|cc|cpp|hpp)$/;
const JS_FILE = /\.[cm]?[jt]s$/;
const SKIPPED = /^(?:\..*|node_modules|build|build-.*|dist|coverage)$/;
const HOUSE = ['src/', 'wasm/', 'web/', 'tests/', 'examples/'];
/** Inner names of the package: what begins so is public only if its exports say so. */
const OURS = /^(?:heddle\/|#)/;
/** The core's folders, from the table: what only a header inside src/ may name. */
const LAYERS = rules.flatMap((rule) => (rule.in[0].match(/^src\/([a-z]+)\/$/) ?? []).slice(1));

/**
 * @typedef {{ file: string, line: number, id: string, text: string }} Finding
 * @typedef {{ from: number, name: string, angle?: boolean }} Reference what is named, and where
 */

/**
 * @param {string} root the repository's folder
 * @returns {{ files: number, errors: Finding[], warnings: Finding[] }} files are given from the root
 */
export function lint(root) {
  const door = publicDoor(root);
  const files = walk(root);
  /** @type {Finding[]} */
  const errors = [];
  /** @type {Finding[]} */
  const warnings = [];
  for (const file of files) {
    const isC = C_FILE.test(file);
    const isJs = JS_FILE.test(file);
    const text =
      isC || isJs || file.endsWith('.html') ? readFileSync(path.join(root, file), 'utf8') : '';
    const code = isC || isJs ? blank(text, isJs) : '';
    const includes = isC ? includesOf(text, code) : [];
    const imports = isJs ? importsOf(text, code) : importsOfPage(text);
    for (const rule of rules) {
      if (!begins(file, rule.in) || begins(file, rule.outside ?? [])) continue;
      for (const { from, name } of broken(rule, { file, code, includes, imports, door })) {
        (rule.warns ? warnings : errors).push({
          file,
          line: text.slice(0, from).split('\n').length,
          id: rule.id,
          text: `${rule.says}: ${name}`,
        });
      }
    }
  }
  return { files: files.length, errors, warnings };
}

/**
 * @param {Rule} rule
 * @param {{ file: string, code: string, includes: Reference[], imports: Reference[], door: RegExp }} of
 * @returns {Reference[]} the places that break the rule
 */
function broken(rule, { file, code, includes, imports, door }) {
  /** @type {Reference[]} */
  const found = [];
  for (const include of includes) {
    const { name, angle } = include;
    const closed = rule.quoted && !mayInclude(rule, rule.quoted, file, include);
    if (closed || begins(name, rule.never ?? []))
      found.push({ ...include, name: angle ? `<${name}>` : `"${name}"` });
  }
  if (rule.noC && C_FILE.test(file)) found.push({ from: 0, name: file });
  if (rule.word && C_FILE.test(file)) {
    for (const match of code.matchAll(rule.word))
      found.push({ from: match.index, name: match[0].trim() });
  }
  for (const imported of imports) {
    const { name } = imported;
    const target = targetOf(name, file);
    const top = rule.in.find((folder) => file.startsWith(folder)) ?? '';
    const throughWall =
      target === undefined ? OURS.test(name) && !door.test(name) : !target.startsWith(top);
    const forbidden = target !== undefined && begins(target, rule.neverImport ?? []);
    if ((rule.doorOnly && throughWall) || forbidden) found.push({ ...imported, name: `'${name}'` });
  }
  const bad = file
    .split('/')
    .find((part) => rule.names?.includes(part.replace(/\..*/, '').toLowerCase()));
  if (bad) found.push({ from: 0, name: bad });
  const lines = code.split('\n').length - 1;
  if (rule.lines && C_FILE.test(file) && lines > rule.lines)
    found.push({ from: code.length - 1, name: `${lines}` });
  return found;
}

/**
 * @param {Rule} rule
 * @param {string[]} quoted
 * @param {string} file
 * @param {Reference} include
 */
function mayInclude(rule, quoted, file, { name, angle }) {
  const internal = LAYERS.includes(name.split('/')[0]);
  if (angle) return !internal && !name.includes('..') && (!rule.angle || begins(name, rule.angle));
  if (quoted !== OWN) return begins(name, quoted) && !name.includes('..');
  const folder = rule.in.find((place) => file.startsWith(place)) ?? '';
  return (
    !internal &&
    !name.startsWith('hd/') &&
    path.posix.join(path.posix.dirname(file), name).startsWith(folder)
  );
}

/** @param {string} text @param {string[]} beginnings one that ends in .h is the whole name */
function begins(text, beginnings) {
  return beginnings.some((begin) =>
    begin.endsWith('.h') ? text === begin : text.startsWith(begin),
  );
}

/**
 * Where an import leads, from the root; undefined for a package or another site.
 * @param {string} name @param {string} file
 */
function targetOf(name, file) {
  const bare = name.replace(/[?#].*/, '');
  if (bare.startsWith('/')) {
    // A page's own server decides what / is; what names a folder of this house is meant as such.
    return begins(bare.slice(1), HOUSE) ? bare.slice(1) : file.split('/')[0] + bare;
  }
  return /^\.\.?(?:\/|$)/.test(bare) ? path.posix.join(path.posix.dirname(file), bare) : undefined;
}

/**
 * Which `heddle/…` are public: package.json's exports say it. `heddle` itself always is.
 * @param {string} root
 */
function publicDoor(root) {
  /** @type {{ exports?: unknown }} */
  let manifest = {};
  try {
    manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
  }
  const { exports } = manifest;
  const paths = typeof exports === 'object' && exports ? Object.keys(exports) : [];
  const patterns = paths
    .filter((key) => key.startsWith('./'))
    .map((key) =>
      key
        .slice(1)
        .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
        .replace('*', '.+'),
    );
  return new RegExp(`^heddle(?:${['', ...patterns].join('|')})$`);
}

/** @param {string} root @returns {string[]} */
function walk(root, folder = '') {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter((entry) => !(entry.isDirectory() && SKIPPED.test(entry.name)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = folder + entry.name;
      return entry.isDirectory() ? walk(root, `${name}/`) : entry.isFile() ? [name] : [];
    });
}

/** @param {string} text @param {string} code @returns {Reference[]} */
function includesOf(text, code) {
  const pattern = /^[ \t]*#[ \t]*include(?:_next)?[ \t]*(?:(")([^"\n]*)"|<([^>\n]*)>)/dgm;
  return [...code.matchAll(pattern)].map((match) => {
    const [from, to] = /** @type {[number, number][]} */ (match.indices)[match[1] ? 2 : 3];
    return { from, name: text.slice(from, to), angle: !match[1] };
  });
}

const IMPORTS = [
  /\b(?:import|export)\b[^;'"`()=]*\bfrom\s*(['"])( *)\1/dg,
  /\bimport\s*(['"])( *)\1/dg,
  /\b(?:import(?:\.meta\.resolve)?|require(?:\.resolve)?|importScripts)\s*\(\s*(['"`])( *)\1/dg,
  /\bnew\s+(?:Shared)?Worker\s*\(\s*(?:new\s+URL\s*\(\s*)?(['"`])( *)\1/dg,
];

/** @param {string} text @param {string} code @returns {Reference[]} */
function importsOf(text, code) {
  return IMPORTS.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => {
      const [from, to] = /** @type {[number, number][]} */ (match.indices)[2];
      return { from, name: text.slice(from, to) };
    }),
  );
}

/**
 * Of a page: its scripts' addresses, and what scripts inside it import. An import map is no import:
 * it says where the door stands.
 * @param {string} text @returns {Reference[]}
 */
function importsOfPage(text) {
  const visible = text.replace(/<!--[^]*?-->/g, (comment) => comment.replace(/[^\n]/g, ' '));
  return [...visible.matchAll(/<script\b([^>]*)>([^]*?)<\/script\s*>/dgi)].flatMap((match) => {
    const [, [attributesAt], [bodyAt]] = /** @type {[number, number][]} */ (match.indices);
    if (/\btype\s*=\s*["']?(?:importmap|[^"'\s>]*json)/i.test(match[1])) return [];
    const inside = importsOf(match[2], blank(match[2], true));
    const address = match[1].match(/\bsrc\s*=\s*["']?([^"'\s>]+)/i);
    // In HTML, src="x.js" is relative as it stands.
    const name = address?.[1].replace(/^(?![./]|[a-z]+:)/i, './');
    return [
      ...(name ? [{ from: attributesAt, name }] : []),
      ...inside.map((reference) => ({ ...reference, from: reference.from + bodyAt })),
    ];
  });
}

const JS_COMMENT = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y;
const C_COMMENT = /\/\/(?:\\\r?\n|[^\n])*|\/\*[^]*?(?:\*\/|$)/y; // a backslash joins lines
/** After these words a slash begins a regular expression. */
const BEFORE_REGEXP =
  /\b(?:return|typeof|case|in|of|delete|void|throw|new|do|else|instanceof|yield|await)$/;

/**
 * The same text, as long and with the same lines, where comments and the insides of strings (in
 * JavaScript also of templates and regular expressions) are spaces.
 * @param {string} text @param {boolean} js
 */
function blank(text, js) {
  let code = '';
  let at = 0;
  /** @type {number[]} For each open template, the braces that are open inside its ${ }. */
  const templates = [];
  const keep = (count = 1) => {
    code += text.slice(at, (at += count));
  };
  const hide = (count = 1) => {
    code += text.slice(at, (at += count)).replace(/[^\n]/g, ' ');
  };
  /** @param {RegExp} pattern sticky @returns {number} how much of the text ahead it matches */
  const ahead = (pattern) => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0].length ?? 0;
  };
  const template = () => {
    hide(ahead(/(?:[^`\\$]|\\[^]|\$(?!\{))*/y));
    if (text[at] === '`') keep();
    else if (at < text.length) {
      keep(2); // ${
      templates.push(0);
    }
  };
  while (at < text.length) {
    const c = text[at];
    if (c === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) {
      hide(ahead(js ? JS_COMMENT : C_COMMENT));
    } else if (c === '"' || c === "'") {
      keep();
      hide(ahead(c === '"' ? /(?:[^"\\\n]|\\[^])*/y : /(?:[^'\\\n]|\\[^])*/y));
      if (text[at] === c) keep();
    } else if (js && c === '`') {
      keep();
      template();
    } else if (js && c === '/') {
      const before = code.trimEnd().slice(-12);
      const divides = /[\w$)\]}'"`]$/.test(before) && !BEFORE_REGEXP.test(before);
      keep();
      if (!divides) hide(ahead(/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])*\//y));
    } else if (templates.length && (c === '{' || c === '}')) {
      const open = templates.length - 1;
      templates[open] += c === '{' ? 1 : -1;
      keep();
      if (templates[open] < 0) {
        templates.pop();
        template();
      }
    } else keep(Math.max(1, ahead(/[^/"'`{}]+/y)));
  }
  return code;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url));
  const { files, errors, warnings } = lint(root);
  for (const { file, line, id, text } of warnings)
    console.log(`${file}:${line}: warning: ${text} [${id}]`);
  for (const { file, line, id, text } of errors) console.log(`${file}:${line}: ${text} [${id}]`);
  console.log(`layers: ${files} files, ${errors.length} broken, ${warnings.length} warnings`);
  process.exitCode = errors.length ? 1 : 0;
}
