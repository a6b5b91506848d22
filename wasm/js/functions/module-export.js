/**
 * Exported functions of ES modules, by address and name, on any thread. A worker's script is a classic one
 * and must hold no import(): it is made of text there, or where that is forbidden read from core/import.js.
 */
import { FunctionError } from '../errors.js';

/** @typedef {Record<string, unknown>} Exports */
/** @typedef {(url: string) => Promise<Exports>} Import */

/** @type {Import | undefined} */
let importing;

/** Says how modules are imported in this thread. @param {Import} by */
export function importBy(by) {
  importing = by;
}

/** @param {string | undefined} importer address of core/import.js @returns {Import} */
function importInWorker(importer) {
  try {
    return /** @type {Import} */ (new Function('url', 'return import(url)'));
  } catch (error) {
    const scope = /** @type {any} */ (globalThis);
    if (!importer || !scope.importScripts) throw error;
    scope.importScripts(importer);
    return scope[Symbol.for('heddle.import')];
  }
}

/** @type {Map<string, Exports>} */
const loaded = new Map();
/** @type {Map<string, Promise<Exports>>} */
const loading = new Map();
/** @type {Map<string, Function>} */
const functions = new Map();

/** An address as it stands in messages. @param {string} url */
export const shown = (url) => (url.length > 200 ? `${url.slice(0, 200)}…` : url);

/** @param {string} url @param {string} [importer] @returns {Promise<Exports>} */
function load(url, importer) {
  let module = loading.get(url);
  if (!module) {
    module = (async () => {
      try {
        const exports = await (importing ??= importInWorker(importer))(url);
        loaded.set(url, exports);
        return exports;
      } catch (cause) {
        loading.delete(url); /* the next computation may try again */
        throw new FunctionError(`the module ${shown(url)} cannot be loaded: ${/** @type {any} */ (cause)?.message ?? cause}`, { module: url, cause });
      }
    })();
    loading.set(url, module);
  }
  return module;
}

/** @param {Exports} exports */
function listOf(exports) {
  const names = Object.keys(exports);
  const list = names.slice(0, 12).join(', ');
  return names.length === 0 ? 'it exports nothing' : `it exports ${list}${names.length > 12 ? ` and ${names.length - 12} more` : ''}`;
}

/** @param {Exports} exports @param {string} url @param {string} name @returns {Function} */
function pick(exports, url, name) {
  const value = Object.hasOwn(exports, name) ? exports[name] : undefined;
  /** @param {string} what @param {string} fix */
  const refuse = (what, fix) => new FunctionError(`the module ${shown(url)} ${what} '${name}'${fix}`, { functionName: name, module: url });
  if (!Object.hasOwn(exports, name)) throw refuse('has no export', `; ${listOf(exports)}.`);
  if (typeof value !== 'function') throw refuse('exports no function as', `, but ${value === null ? 'null' : `a value of type ${typeof value}`}; ${listOf(exports)}.`);
  if (/^class\b(?!\s*\()/.test(Function.prototype.toString.call(value)))
    throw refuse('exports a class as', ', which cannot be called without new: export a function that makes the object.');
  if (/Generator/.test(Object.prototype.toString.call(value)))
    throw refuse('exports a generator function as', ', which gives an iterator, not a value: export a function that returns an array of what it yields.');
  return value;
}

/**
 * The function that a module exports under a name. The module is loaded when it is first called, which
 * gives a promise; later calls give what the function gives.
 * @param {string} url absolute
 * @param {string} name
 * @param {string} [importer] address of core/import.js, for workers where a policy forbids to make functions of text
 * @returns {Function} the same one each time
 */
export function moduleExport(url, name, importer) {
  const id = JSON.stringify([url, name]);
  let fn = functions.get(id);
  if (!fn) {
    /** @type {Function | undefined} */
    let target;
    fn = (/** @type {unknown[]} */ ...args) => {
      if (target) return target(...args);
      const exports = loaded.get(url);
      if (exports) return (target = pick(exports, url, name))(...args);
      return load(url, importer).then((exports) => (target ??= pick(exports, url, name))(...args));
    };
    Object.defineProperty(fn, 'name', { value: name });
    functions.set(id, fn);
  }
  return fn;
}

/** Whether a module's functions can be called without waiting for it. @param {string} url */
export const isLoaded = (url) => loaded.has(url);
