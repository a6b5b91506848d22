/**
 * Says where a task's error happened in the user's own file. Functions are looked for only when there is an
 * error to show: in Node.js by asking V8, elsewhere by their text, near the place where `delayed` was called.
 */
import { inNode } from '../core/load-threads.js';
import { callSites } from '../delayed.js';
import { HdError } from '../errors.js';
import { attachment } from '../program/attach.js';
import { layOut, offered } from './compile.js';
import { functionSource, nameOf } from './source.js';
import { callerOf, placeText, shownStack } from './stack.js';

/** Lines that engines put before the body of `new Function`. */
const LINES_BEFORE = 2;
/** Longer texts are not searched. */
const TEXT_MAX = 4_000_000, SCRIPTS_MAX = 30, FETCH_MS = 1000, ERRORS_MAX = 20, CACHE_MAX = 50;
const LINE_END = /\r\n?|[\n\u2028\u2029]/g;

/** @typedef {import('../delayed.js').TaskFunction} TaskFunction */
/** @typedef {{ file: string, text: string, start: number }} Written where a function's text begins in a script's */
/** @typedef {import('./stack.js').Place} Place */
/** @typedef {{ error: Error, stack: string, ours: boolean }} Part */

/** @type {WeakMap<Function, Written | undefined>} Functions that have been looked for. */
const known = new WeakMap();
/** @type {Map<string, string | undefined>} By file or URL. */
const texts = new Map();
/** @type {WeakMap<Error, { task: TaskFunction, missing: Set<Function>, parts: Part[] }>} What could not be found at once. */
const unfinished = new WeakMap();
/** @type {WeakSet<Error>} */
const shown = new WeakSet();

/** @param {Function} fn */
const textOf = (fn) => Function.prototype.toString.call(fn);
/** @param {string} name */
const builtin = (name) => /** @type {any} */ (globalThis).process?.getBuiltinModule?.(name);

/** Where a line begins. @param {string} text @param {number} line from 1 */
function startOfLine(text, line) {
  let start = 0;
  const ends = text.matchAll(LINE_END);
  for (let at = 1; at < line; at++) {
    const { value } = ends.next();
    if (!value) return text.length;
    start = value.index + value[0].length;
  }
  return start;
}

/** @param {Written} written @param {number} at offset in the function's text @returns {Place} */
function placeAt({ file, text, start }, at) {
  let line = 1, lineStart = 0;
  for (const { index, 0: end } of text.slice(0, start + at).matchAll(LINE_END)) {
    line++;
    lineStart = index + end.length;
  }
  return { file, line, column: start + at - lineStart + 1 };
}

/** Which of a task's functions stands at a place of its script, and where in that function's text.
 * @param {TaskFunction} task @param {Place} place */
function functionAt(task, { line, column }) {
  const others = Object.entries(task.scope ?? {}).filter(([key, value]) => typeof value === 'function' && offered[key] !== value);
  const functions = /** @type {[string, string][]} */ (others.map(([key, value]) => [key, functionSource(/** @type {Function} */ (value), key).source]));
  const source = functionSource(task.fn, task.name).source;
  const { body, starts } = layOut({ source, functions });
  const at = startOfLine(body, line - LINES_BEFORE) + column - 1;
  const index = starts.findLastIndex((start) => start <= at);
  if (index < 0 || line <= LINES_BEFORE) return undefined;
  const fn = /** @type {Function} */ (others[index]?.[1] ?? task.fn);
  /* Of a method that became a function the end is as it was. */
  const text = textOf(fn), length = (functions[index]?.[1] ?? source).length;
  const inside = Math.max(0, at - starts[index] + text.length - length);
  return inside <= text.length ? { fn, at: inside } : undefined;
}

/** @param {string} file as stacks call it */
function readNow(file) {
  if (texts.has(file)) return texts.get(file);
  let text = attachment()?.texts?.get(file);
  try {
    const path = file.startsWith('file:') ? builtin('node:url').fileURLToPath(file) : file;
    const fs = builtin('node:fs');
    if (fs && fs.statSync(path).size <= TEXT_MAX) text = fs.readFileSync(path, 'utf8');
  } catch { /* there is no such file */ }
  return keep(file, text);
}

/** @param {string} file @param {string | undefined} text */
function keep(file, text) {
  if (texts.size >= CACHE_MAX) texts.clear();
  texts.set(file, text);
  return text;
}

/**
 * Where a function is written, as V8 tells its debugger.
 * @param {Function} fn @param {Place | undefined} site @returns {Written | undefined}
 */
function askV8(fn, site) {
  const inspector = builtin('node:inspector');
  const session = new inspector.Session();
  session.connect();
  try {
    /** @param {string} method @param {object} [params] @returns {any} */
    const post = (method, params) => {
      let answer;
      session.post(method, params, (/** @type {unknown} */ error, /** @type {unknown} */ result) => (answer = error ? undefined : result));
      return answer;
    };
    /* A module of Node.js's is the same in all contexts, as Jest has some. */
    const shared = Symbol.for('heddle.function');
    inspector[shared] = fn;
    const handed = post('Runtime.evaluate', { expression: "process.getBuiltinModule('node:inspector')[Symbol.for('heddle.function')]", silent: true });
    delete inspector[shared];
    const { internalProperties = [] } = post('Runtime.getProperties', { objectId: handed?.result?.objectId, ownProperties: true }) ?? {};
    const location = internalProperties.find((/** @type {any} */ property) => property.name === '[[FunctionLocation]]')?.value?.value;
    if (!location) return undefined;
    const source = textOf(fn);
    /** @param {string} file @param {string | undefined} text @returns {Written | undefined} */
    const inText = (file, text, line = 0, column = 0) => {
      if (text === undefined) return undefined;
      const inLine = location.columnNumber - (location.lineNumber === line ? column : 0);
      const at = startOfLine(text, location.lineNumber - line + 1) + inLine, start = text.lastIndexOf(source, at);
      return start >= 0 && at < start + source.length ? { file, text, start } : undefined;
    };
    const near = site && inText(site.file, readNow(site.file));
    if (near) return near;
    /** @type {any} */
    let script;
    session.on('Debugger.scriptParsed', (/** @type {any} */ { params }) => {
      if (params.scriptId === location.scriptId) script = params;
    });
    post('Debugger.enable');
    const text = script?.url && script.length <= TEXT_MAX ? post('Debugger.getScriptSource', { scriptId: location.scriptId })?.scriptSource : undefined;
    return text === undefined ? undefined : inText(asNodePrints(script.url, site), text, script.startLine, script.startColumn);
  } finally {
    session.disconnect();
  }
}

/** CommonJS modules are known by their paths, ES modules by their URLs. @param {string} url @param {Place | undefined} site */
function asNodePrints(url, site) {
  if (!url.startsWith('file:')) return url;
  const path = builtin('node:url').fileURLToPath(url);
  return builtin('node:module')._cache?.[path] || (site && !site.file.includes(':')) ? path : url;
}

/**
 * Where a function's text stands; of several places, the likeliest: in the call of `delayed`, or last before it.
 * @param {string} text @param {Function} fn @param {Place} site
 */
function search(text, fn, site) {
  const source = textOf(fn), name = nameOf(fn);
  /** @type {number[]} */
  let found = [];
  for (let at = text.indexOf(source); at >= 0 && found.length < 1000; at = text.indexOf(source, at + 1)) found.push(at);
  if (found.length < 2) return found[0];
  const named = found.filter((at) => name && /([\p{ID_Continue}$]+)\s*[=:]\s*$/u.exec(text.slice(Math.max(0, at - 200), at))?.[1] === name);
  if (named.length) found = named;
  const call = startOfLine(text, site.line) + site.column - 1;
  return found.find((at) => at > call && at < call + 200 && /^[\w$.?\s]*\(\s*$/.test(text.slice(call, at))) ?? found.findLast((at) => at <= call) ?? found[0];
}

/** @param {Function} fn @param {Place | undefined} site @returns {Written | undefined} */
function lookNow(fn, site) {
  if (known.has(fn)) return known.get(fn);
  /** @type {Written | undefined} */
  let written;
  try {
    if (inNode) written = askV8(fn, site);
  } catch { /* this Node.js has no inspector, or must not use it */ }
  if (!written && site) {
    const text = readNow(site.file), start = text === undefined ? undefined : search(text, fn, site);
    if (start !== undefined) written = { file: site.file, text: /** @type {string} */ (text), start };
  }
  if (written || inNode || attachment()) known.set(fn, written);
  return written;
}

/** A script of this page, or the page. @param {string} url @returns {Promise<string | undefined>} */
async function load(url) {
  if (texts.get(url) !== undefined) return texts.get(url);
  try {
    if (new URL(url).origin !== location.origin) return undefined;
    const response = await fetch(url, { cache: 'force-cache', signal: AbortSignal.timeout(FETCH_MS) });
    if (!response.ok || Number(response.headers.get('content-length')) > TEXT_MAX) return keep(url, undefined);
    const text = await response.text();
    if (text.length > TEXT_MAX) return keep(url, undefined);
    /* Inside a page every line ends as in Unix. */
    return keep(url, response.headers.get('content-type')?.includes('html') ? text.replace(/\r\n?/g, '\n') : text);
  } catch {
    return keep(url, undefined);
  }
}

/** Looks in the script that called `delayed`, then in the page's others. @param {Function} fn @param {Place} site */
async function look(fn, site) {
  if (known.has(fn)) return;
  const text = await load(site.file), start = text === undefined ? undefined : search(text, fn, site);
  known.set(fn, start === undefined ? await lookInOthers(fn) : { file: site.file, text: /** @type {string} */ (text), start });
}

/** @param {Function} fn @returns {Promise<Written | undefined>} if it stands in one of them, once */
async function lookInOthers(fn) {
  const urls = performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => /\.m?js(?:[?#]|$)/.test(name)).slice(0, SCRIPTS_MAX);
  const source = textOf(fn);
  /** @type {Written[]} */
  const found = [];
  for (const [file, text] of await Promise.all(urls.map(async (url) => /** @type {const} */ ([url, await load(url)])))) {
    const start = text === undefined ? -1 : text.indexOf(source);
    if (text === undefined || start < 0) continue;
    if (text.indexOf(source, start + 1) >= 0) return undefined;
    found.push({ file, text, start });
  }
  return found.length === 1 ? found[0] : undefined;
}

/** An error, its causes and what else is inside, with their stacks. @param {Error} error */
function partsOf(error) {
  /** @type {Set<Error>} */
  const all = new Set([error]);
  for (const part of all) {
    const { cause, errors } = /** @type {any} */ (part);
    for (const inner of [cause, ...(Array.isArray(errors) ? errors : [])]) if (inner instanceof Error && all.size < ERRORS_MAX) all.add(inner);
  }
  return Array.from(all, (part) => ({ error: part, stack: String(part.stack ?? ''), ours: part instanceof HdError && !shown.has(part) }));
}

/** Where `delayed` was called. @param {TaskFunction} task */
const siteOf = (task) => callerOf(callSites.get(task.fn ?? task));

/** @param {Part[]} parts @param {TaskFunction} task @returns {Set<Function>} functions whose place is not known */
function rewrite(parts, task) {
  const site = siteOf(task), made = site && placeText(site);
  const names = { name: task.name, called: task.fn ? nameOf(task.fn) : '' };
  /** @type {Set<Function>} */
  const missing = new Set();
  for (const { error, stack, ours } of parts) {
    const text = shownStack(stack, {
      name: error.name, message: error.message, ours, task: names, made: error === parts[0].error ? made : undefined,
      find: (place) => {
        const found = functionAt(task, place);
        if (!found) return undefined;
        const written = lookNow(found.fn, site);
        if (written) return placeAt(written, found.at);
        missing.add(found.fn);
        return { ...placeAt({ file: '', text: textOf(found.fn), start: 0 }, found.at), file: place.file };
      },
    });
    Object.defineProperty(error, 'stack', { value: text, writable: true, configurable: true, enumerable: false });
  }
  const { task: info } = /** @type {any} */ (parts[0].error);
  if (info && made) info.made = made;
  return missing;
}

/**
 * Makes the stack of a task's error say where it happened in the user's own file, as far as that can be
 * found at once, and where the task was made.
 * @param {unknown} error @param {TaskFunction} task
 */
export function showWhereNow(error, task) {
  try {
    if (!(error instanceof Error)) return;
    const parts = partsOf(error), missing = rewrite(parts, task);
    for (const part of parts) shown.add(part.error);
    if (missing.size && !inNode && !attachment()) unfinished.set(error, { task, missing, parts });
  } catch { /* an error that is not what it seems stays as it is */ }
}

/**
 * The same, also in other scripts of a page.
 * @param {unknown} error @param {TaskFunction} [task] undefined: what {@link showWhereNow} could not find
 */
export async function showWhere(error, task) {
  if (task) showWhereNow(error, task);
  const open = unfinished.get(/** @type {Error} */ (error));
  if (!open) return;
  unfinished.delete(/** @type {Error} */ (error));
  try {
    const site = siteOf(open.task);
    if (!site) return;
    for (const fn of open.missing) await look(fn, site);
    rewrite(open.parts, open.task);
  } catch { /* as above */ }
}
