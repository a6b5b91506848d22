/**
 * What may travel between threads, and how: a value arrives exactly as it left, or it is refused with
 * its path and a way out. The check walks without recursion.
 */
import { ValueError } from '../errors.js';
import { isContainer } from '../containers.js';
import { Reference } from '../record.js';

/** Deeper nests are refused: encoders and readers of such values run out of stack. */
export const DEPTH_MAX = 500;

/** Everything in it is exact in JSON. */
export const AS_JSON = 1;
/** Something in it needs more than JSON. */
export const AS_DEVALUE = 2;

/** @param {{ label: string }[]} frames @param {string} [last] */
function pathOf(frames, last = '') {
  return frames.map((frame) => frame.label).join('') + last;
}

/** @param {unknown} key */
function label(key) {
  if (typeof key === 'number') return `[${key}]`;
  if (typeof key === 'string' && /^[A-Za-z_$][\w$]*$/.test(key)) return `.${key}`;
  return `[${typeof key === 'string' ? JSON.stringify(key) : '…'}]`;
}

/** @param {string} path @param {string} what @param {string} hint @param {unknown} [cause] @returns {never} */
function refuse(path, what, hint, cause) {
  throw new ValueError(`${what} cannot travel between threads${path ? ` (at ${path})` : ''}. ${hint}`, { path, cause });
}

/** What to say of a value that cannot travel. @param {any} value @returns {[string, string]} */
function describe(value) {
  if (typeof value === 'function')
    return ['a function', 'Return data instead, or make the function a task of its own with delayed(…).'];
  if (typeof value === 'symbol') return ['a symbol', 'Use a string instead.'];
  if (typeof value.then === 'function') return ['a promise', 'Await it first, or return it from the task by itself.'];
  const name = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(value) ?? {}, 'constructor')?.value?.name;
  if (name === 'Delayed') return ['a Delayed', 'Pass it as an argument of a delayed call; a task returns values.'];
  if (ArrayBuffer.isView(value) && isShared(value.buffer)) return ['a view of shared memory', 'Return a copy: view.slice().'];
  if (name === 'SharedArrayBuffer') return ['a SharedArrayBuffer', 'Return a copy: new Uint8Array(buffer).slice().'];
  return [name ? `an instance of ${name}` : 'an object with a prototype of its own',
    'Plain objects, arrays, Map, Set, Date, RegExp, BigInt and typed arrays can: return one of these, such as { ...object }.'];
}

/** On a worker: every buffer that the shared heap has had. A task's large arguments are views of them. */
export const heapBuffers = new WeakSet();

/** The class that built it in, by its tag: without a look at its prototype. @param {object} value */
function tagOf(value) {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** @param {ArrayBufferLike | undefined} buffer */
export function isShared(buffer) {
  return buffer !== undefined && tagOf(buffer) === 'SharedArrayBuffer';
}

/** Leaves that only devalue can carry: of built-in classes, not of subclasses. @param {any} value */
function isDevalueLeaf(value) {
  const prototype = Object.getPrototypeOf(value), tag = tagOf(value);
  if (ArrayBuffer.isView(value)) {
    const known = prototype === /** @type {any} */ (globalThis)[tag].prototype || (typeof Buffer === 'function' && prototype === Buffer.prototype);
    return known && (!isShared(value.buffer) || heapBuffers.has(value.buffer));
  }
  if (tag === 'ArrayBuffer') return true;
  return (prototype === Date.prototype || prototype === RegExp.prototype) && Object.keys(value).length === 0;
}

/**
 * Frames of the walk: a container, and where the walk is in it.
 * @typedef {{ keys: readonly unknown[] | null, values: readonly unknown[], at: number, label: string }} Frame
 */

/** @param {any} value @param {string} at @param {Frame[]} frames @returns {Frame} */
function open(value, at, frames) {
  if (Object.getOwnPropertySymbols(value).length)
    refuse(pathOf(frames, at), 'an object with symbols as keys', 'Use strings as keys.');
  const keys = Object.keys(value);
  if (Array.isArray(value)) {
    if (keys.length && !isIndex(keys[keys.length - 1])) /* names come last */
      refuse(pathOf(frames, at), 'an array with named properties', 'Return a plain object beside it.');
    return { keys: null, values: value, at: 0, label: at };
  }
  if (value instanceof Map || value instanceof Set) {
    if (keys.length) refuse(pathOf(frames, at), 'a Map or Set with named properties', 'Return a plain object beside it.');
    return { keys: null, values: value instanceof Map ? [...value].flat() : [...value], at: 0, label: at };
  }
  const values = keys.map((key) => {
    try {
      return value[key];
    } catch (cause) {
      return refuse(pathOf(frames, at + label(key)), 'a property that throws when it is read', 'Return plain data instead.', cause);
    }
  });
  return { keys, values, at: 0, label: at };
}

/** @param {string} key */
function isIndex(key) {
  return /^(?:0|[1-9]\d*)$/.test(key) && Number(key) < 2 ** 32 - 1;
}

/**
 * How a value can travel.
 * @param {unknown} value
 * @param {boolean | ((item: unknown) => boolean)} [more] true: it is a template, which may hold References. Or what
 *   says of an item that it may be there
 * @returns {typeof AS_JSON | typeof AS_DEVALUE}
 * @throws {ValueError} with the path of what cannot
 */
export function howItTravels(value, more = false) {
  /** @type {typeof AS_JSON | typeof AS_DEVALUE} */
  let how = AS_JSON;
  /** @type {Frame[]} */
  const frames = [];
  /** @type {string | undefined} Where there is a property of this name: only JSON can carry it. */
  let proto;
  const seen = new Set();
  /** @param {any} item @param {() => string} at */
  const visit = (item, at) => {
    if (typeof item === 'string' || typeof item === 'boolean' || item === null) return;
    if (typeof item === 'number') {
      if (!Number.isFinite(item) || Object.is(item, -0)) how = AS_DEVALUE;
      return;
    }
    if (item === undefined || typeof item === 'bigint') {
      how = AS_DEVALUE;
      return;
    }
    if (isContainer(item)) {
      if (item instanceof Map || item instanceof Set || Object.getPrototypeOf(item) === null) how = AS_DEVALUE;
      if (seen.has(item)) {
        how = AS_DEVALUE; /* shared or a cycle */
        return;
      }
      seen.add(item);
      if (frames.length >= DEPTH_MAX)
        refuse(`${pathOf(frames).slice(0, 40)}…`, `a value nested more than ${DEPTH_MAX} levels deep`, 'Flatten it, for example into an array with indices.');
      frames.push(open(item, at(), frames));
      return;
    }
    if (typeof more === 'function' ? more(item) : more && item instanceof Reference) {
      how = AS_DEVALUE;
      return;
    }
    if (typeof item === 'object' && isDevalueLeaf(item)) {
      how = AS_DEVALUE;
      return;
    }
    refuse(pathOf(frames, at()), ...describe(item));
  };
  visit(value, () => '');
  for (let frame; (frame = frames.at(-1)); ) {
    if (frame.at === frame.values.length) {
      frames.pop();
      continue;
    }
    const at = frame.at++, item = frame.values[at], keys = frame.keys;
    if (keys && keys[at] === '__proto__') proto ??= pathOf(frames, label('__proto__'));
    if (item === undefined) how = AS_DEVALUE; /* or a hole */
    else visit(item, () => label(keys ? keys[at] : at));
  }
  if (proto !== undefined && how === AS_DEVALUE)
    refuse(proto, 'a property named __proto__ beside values that JSON does not have', 'Rename it.');
  return how;
}
