/**
 * Built-in functions. They have no text to send, but every thread has its own: they travel as the names
 * under which they are found, such as ['Math', 'sqrt'].
 */
import { knownGlobals, languageGlobals, setOf } from './known-globals.js';

/** @typedef {string[]} Path a global's name, or that and a property's */

/** Constructors that may also be called without `new`; all others throw. */
const callable = /* @__PURE__ */ setOf(
  'Object Boolean Symbol Number BigInt Date String RegExp Array Error AggregateError EvalError RangeError ' +
    'ReferenceError SyntaxError TypeError URIError Intl.Collator Intl.DateTimeFormat Intl.NumberFormat',
);

/** What a method's object is called in an example. @type {Record<string, string>} */
const examples = {
  String: 'text', Number: 'number', BigInt: 'number', Array: 'list', Map: 'map', Set: 'set', Date: 'date', RegExp: 'pattern',
  Promise: 'promise', Function: 'fn', ArrayBuffer: 'buffer', DataView: 'view',
};

/** @param {unknown} value @returns {value is object} */
const hasProperties = (value) => typeof value === 'function' || (typeof value === 'object' && value !== null);

/** Functions that are properties of an object, without calling any getter. @param {object} owner @returns {[string | symbol, Function][]} */
const functionsIn = (owner) =>
  Reflect.ownKeys(owner).flatMap((key) => {
    const value = Object.getOwnPropertyDescriptor(owner, key)?.value;
    return typeof value === 'function' && key !== 'constructor' && key !== 'prototype' ? [[key, value]] : [];
  });

/** @param {Iterable<string>} names */
function findAll(names) {
  /** @type {Map<Function, Path>} */
  const places = new Map();
  /** @param {Function} fn @param {Path} path */
  const add = (fn, path) => places.has(fn) || places.set(fn, path);
  for (const name of names) {
    const value = Reflect.get(globalThis, name);
    if (name === 'globalThis' || !hasProperties(value)) continue;
    if (typeof value === 'function') add(value, [name]);
    for (const [key, fn] of functionsIn(value)) if (typeof key === 'string') add(fn, [name, key]);
  }
  return places;
}

/** Methods of what constructors make. @returns {Map<Function, Path>} */
function findMethods() {
  const methods = new Map();
  /** @param {unknown} prototype @param {string} name */
  const add = (prototype, name) => {
    if (hasProperties(prototype)) for (const [key, fn] of functionsIn(prototype)) if (!methods.has(fn)) methods.set(fn, [name, key]);
  };
  for (const name of languageGlobals) add(Reflect.get(globalThis, name)?.prototype, name);
  add(Object.getPrototypeOf(Int8Array.prototype), 'TypedArray');
  return methods;
}

/** @type {Map<Function, Path> | undefined} */
let language;
/** @type {Map<Function, Path> | undefined} */
let everything;
/** @type {Map<Function, Path> | undefined} */
let methods;

/** @param {Function} fn */
const placeOf = (fn) => (language ??= findAll(languageGlobals)).get(fn) ?? (everything ??= findAll(knownGlobals)).get(fn);

/** @param {Function} fn @param {Path} path */
const needsNew = (fn, path) => (Object.hasOwn(fn, 'prototype') || path[0] === 'Proxy') && !callable.has(path.join('.'));

/** Whether it makes functions of text. @param {Path} path */
const makesCode = ([name]) => name === 'Function';

/**
 * Where every thread finds a built-in function; undefined if it cannot be found, or not called like that.
 * @param {Function} fn
 */
export function nativePath(fn) {
  const path = placeOf(fn);
  return path && !makesCode(path) && !needsNew(fn, path) ? path : undefined;
}

/**
 * Why a built-in function cannot be a task, and what can: "is built in and …".
 * @param {Function} fn
 */
export function whyNotNative(fn) {
  if (fn === globalThis.eval || fn === Function)
    return 'is built in and runs text, which nobody can check beforehand: write the code as a function.';
  const path = placeOf(fn);
  if (path && needsNew(fn, path))
    return `is built in and has to be called with new: give (...args) => new ${path.join('.')}(...args).`;
  const [name, key] = (methods ??= findMethods()).get(fn) ?? [];
  if (name && typeof key === 'string') {
    const object = examples[name] ?? (/Array$/.test(name) ? 'array' : 'object');
    const [parameters, args] = fn.length > 0 ? [`(${object}, ...args)`, '...args'] : [`(${object})`, ''];
    return `is built in and a method, which needs its object: give ${parameters} => ${object}.${key}(${args}).`;
  }
  return 'is built in (or a Proxy) and has no source text to send: call it from a function of your own, such as (x) => Math.sqrt(x).';
}
