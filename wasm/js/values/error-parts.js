/**
 * Errors as lists of parts, which text can carry, and errors made of such lists. Built-in classes, DOMException
 * and Heddle's own are rebuilt; an error of any other class becomes one of the nearest class that is known.
 */
import * as ours from '../errors.js';

/** @type {any} */
const DomException = /** @type {any} */ (globalThis).DOMException;

/** @type {Record<string, any>} */
const classes = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError };
for (const [name, Class] of Object.entries(ours)) if (Object.prototype.isPrototypeOf.call(Error, Class)) classes[name] = Class;
if (DomException) classes.DOMException = DomException;

/** @type {Map<object, string>} */
const names = new Map(Object.entries(classes).map(([name, Class]) => [Class.prototype, name]));

/** What errors have without showing it. Else only what they show travels: engines and Node.js hide more in them. */
const HIDDEN = new Set(['message', 'cause', 'errors', 'name']);

/** @param {unknown} value @returns {value is Error} */
export function isError(value) {
  try {
    return typeof value === 'object' && value !== null && (value instanceof Error || (DomException !== undefined && value instanceof DomException));
  } catch {
    return false; /* a Proxy that cannot be looked at */
  }
}

/** The nearest known class. @param {any} error */
function classOf(error) {
  for (let at = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at)) {
    const name = names.get(at);
    if (name !== undefined) return name;
  }
  return 'Error';
}

/** The own properties that travel, in order: all but the stack, which each engine keeps in its own way. @param {object} error */
export function ownKeys(error) {
  return Object.getOwnPropertyNames(error).filter((key) =>
    key !== 'stack' && (HIDDEN.has(key) || Object.prototype.propertyIsEnumerable.call(error, key)));
}

/** @param {any} error @param {string} key null: it is an own property, or not text */
function inherited(error, key) {
  if (Object.hasOwn(error, key)) return null;
  const value = error[key];
  return typeof value === 'string' ? value : null;
}

/**
 * Class, inherited name and message, stack; then each own property's key, whether it is hidden, and value.
 * @param {any} error
 * @param {(key: string, value: unknown) => unknown} [choose] what goes for a property's value, or `leftOut`
 * @returns {unknown[]}
 */
export function partsOf(error, choose = (_, value) => value) {
  const stack = safely(error, 'stack');
  /** @type {unknown[]} */
  const parts = [classOf(error), inherited(error, 'name'), inherited(error, 'message'), typeof stack === 'string' ? stack : null];
  for (const key of ownKeys(error)) {
    const value = choose(key, safely(error, key));
    if (value !== leftOut) parts.push(key, !Object.prototype.propertyIsEnumerable.call(error, key), value);
  }
  return parts;
}

/** Instead of a value: the property stays behind. */
export const leftOut = Symbol('left out');

/** @param {any} error @param {string} name */
function safely(error, name) {
  try {
    return error[name];
  } catch {
    return leftOut; /* a getter that throws */
  }
}

/** Errors under way, by their parts: one that is in itself is asked for before all its parts are there. @type {WeakMap<unknown[], Error>} */
const made = new WeakMap();

/** The error; again the same one. @param {unknown[]} parts of which the first four are there */
export function fromParts(parts) {
  let error = made.get(parts);
  if (!error) {
    const [name, ownName, message] = /** @type {string[]} */ (parts);
    error = name === 'DOMException' && DomException
      ? /** @type {Error} */ (new DomException(message ?? '', ownName ?? 'Error'))
      : Object.setPrototypeOf(new Error(), (Object.hasOwn(classes, name) ? classes[name] : Error).prototype);
    made.set(parts, /** @type {Error} */ (error));
  }
  if (parts.length - 1 in parts) fill(error, parts);
  return error;
}

/** @param {any} error @param {unknown[]} parts */
function fill(error, [, name, message, stack, ...properties]) {
  const define = (/** @type {string} */ key, /** @type {unknown} */ value, enumerable = false) =>
    Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
  if (stack === null) delete error.stack;
  else define('stack', stack);
  for (let at = 0; at < properties.length; at += 3) define(/** @type {string} */ (properties[at]), properties[at + 2], !properties[at + 1]);
  if (name !== null && error.name !== name) define('name', name);
  if (message !== null && error.message !== message) define('message', message);
}
