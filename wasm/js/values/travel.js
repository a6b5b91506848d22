/**
 * What may travel between threads, and how: a value arrives exactly as it left, or it is refused with
 * its path and a way out. The check walks without recursion.
 */
import { ValueError } from '../errors.js';
import { isContainer, isDelayed } from '../containers.js';
import { Reference } from '../template.js';
import { isError, ownKeys } from './error-parts.js';

/** Deeper nests are refused: encoders and readers of such values run out of stack. */
export const DEPTH_MAX = 500;

/** Longer arrays that can still grow are not searched for getters and hidden names: it would cost as much as sending them. */
const SEARCHED_MAX = 64;

/** Everything in it is exact in JSON. */
export const AS_JSON = 1;
/** Something in it needs more than JSON. */
export const AS_DEVALUE = 2;

/**
 * Frames of the walk: a container, and where the walk is in it.
 * @typedef {{ keys: readonly unknown[] | null, values: readonly unknown[], at: number }} Frame
 */

/** @param {unknown} key */
function label(key) {
  if (typeof key === 'number') return `[${key}]`;
  if (typeof key === 'string' && /^[A-Za-z_$][\w$]*$/.test(key)) return `.${key}`;
  return `[${typeof key === 'string' ? JSON.stringify(key) : '…'}]`;
}

/** Of the item that the walk is at. @param {Frame[]} frames the first of which only holds the whole
 * @param {unknown} [last] a key in that item */
function pathOf(frames, last) {
  return frames.slice(1).map(({ keys, at }) => label(keys ? keys[at - 1] : at - 1)).join('') + (last === undefined ? '' : label(last));
}

/** @param {string} path @param {string} what @param {string} hint @param {unknown} [cause] @returns {never} */
function refuse(path, what, hint, cause) {
  throw new ValueError(`${what} cannot travel between threads${path ? ` (at ${path})` : ''}. ${hint}`, { path, cause });
}

const TO_BYTES = 'Send its bytes: await it.arrayBuffer().', TO_ARRAY = 'Send an array of what it gives: [...it].';
const TO_PRIMITIVE = 'Send the value in it: it.valueOf().', STRONG = 'Send a Map or a Set.';

/** What to send instead of an instance, by the name of its class. @type {Record<string, string>} */
const instead = {
  URL: 'Send url.href, and make a new URL of it.', URLSearchParams: 'Send params.toString(), and make new ones of it.',
  Blob: TO_BYTES, File: TO_BYTES, Response: TO_BYTES, Request: TO_BYTES,
  Number: TO_PRIMITIVE, String: TO_PRIMITIVE, Boolean: TO_PRIMITIVE, BigInt: TO_PRIMITIVE, Symbol: 'Use a string instead.',
  WeakMap: STRONG, WeakSet: STRONG, WeakRef: 'Send what it refers to: ref.deref().',
  Headers: 'Send [...headers].', FormData: 'Send [...form].', ImageData: 'Send { data, width, height }.',
};

/** What to say of a value that cannot travel. @param {any} value @returns {[string, string]} */
function describe(value) {
  if (typeof value === 'function')
    return ['a function', 'Return data instead, or make the function a task of its own with delayed(…).'];
  if (typeof value === 'symbol') return ['a symbol', 'Use a string instead.'];
  const tag = tagOf(value), name = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(value) ?? {}, 'constructor')?.value?.name;
  if (name === 'Delayed') return ['a Delayed', 'Pass it as an argument of a delayed call; a task returns values.'];
  if (typeof value.then === 'function') return ['a promise', 'Await it first, or return it from the task by itself.'];
  if (ArrayBuffer.isView(value) && isShared(value.buffer)) return ['a view of shared memory', 'Return a copy: view.slice().'];
  if (tag === 'SharedArrayBuffer') return ['a SharedArrayBuffer', 'Return a copy: new Uint8Array(buffer).slice().'];
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  if (isBuffer(buffer) && buffer.resizable)
    return [buffer === value ? 'a resizable ArrayBuffer' : 'a view of a resizable ArrayBuffer', 'Send a copy, which has its size for good: slice().'];
  if (isBuffer(buffer) && isDetached(buffer))
    return ['a buffer that was transferred away', 'Its bytes are where it was sent: send it from there, or transfer a copy.'];
  if (tag === 'Generator' || tag === 'AsyncGenerator' || tag.endsWith(' Iterator')) return [`a ${tag.toLowerCase()}`, TO_ARRAY];
  if (name && Object.hasOwn(instead, name)) return [`an instance of ${name}`, instead[name]];
  if (!name && Object.hasOwn(instead, tag)) return [`an object like a ${tag}`, instead[tag]];
  if (name === 'Date' || name === 'RegExp' || name === 'ArrayBuffer' || name === 'DataView')
    return [`an instance of ${name} with properties of its own`, 'Put them beside it, into a plain object.'];
  return [name ? `an instance of ${name}` : 'an object with a prototype of its own',
    'Plain objects, arrays, Map, Set, Date, RegExp, Error, BigInt and typed arrays can: return one of these, such as { ...object }.'];
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

/** Whether it is an ArrayBuffer, and does not only look like one. @param {any} value */
function isBuffer(value) {
  try {
    return tagOf(value) === 'ArrayBuffer' && value.byteLength >= 0;
  } catch {
    return false;
  }
}

/** Whether its memory has gone elsewhere. @param {ArrayBuffer} buffer */
function isDetached(buffer) {
  if (buffer.byteLength) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Whether a typed array, DataView or ArrayBuffer is what its prototype says, with bytes that stay. @param {any} value */
export function hasItsBytes(value) {
  const prototype = Object.getPrototypeOf(value);
  try {
    if (!ArrayBuffer.isView(value))
      return isBuffer(value) && Object.hasOwn(prototype, 'byteLength') && !value.resizable && !isDetached(value) && Reflect.ownKeys(value).length === 0;
    const Class = /** @type {any} */ (globalThis)[/** @type {any} */ (value)[Symbol.toStringTag]], { buffer } = value;
    if (prototype !== Class.prototype && !(typeof Buffer === 'function' && prototype === Buffer.prototype)) return false;
    if (prototype === DataView.prototype && Reflect.ownKeys(value).length) return false;
    return !(/** @type {any} */ (buffer).resizable) && (value.byteLength > 0 || isShared(buffer) || !isDetached(/** @type {ArrayBuffer} */ (buffer)));
  } catch {
    return false; /* it has another class's prototype */
  }
}

/** Leaves that only devalue can carry: of built-in classes, not of subclasses. @param {any} value */
function isDevalueLeaf(value) {
  if (ArrayBuffer.isView(value)) return (!isShared(value.buffer) || heapBuffers.has(value.buffer)) && hasItsBytes(value);
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Date.prototype) return tagOf(value) === 'Date' && Reflect.ownKeys(value).length === 0;
  if (prototype === RegExp.prototype)
    return tagOf(value) === 'RegExp' && Reflect.ownKeys(value).length === 1 && typeof value.lastIndex === 'number';
  return tagOf(value) === 'ArrayBuffer' && hasItsBytes(value);
}

/** The value of an own property, which is to be data. @param {any} value @param {string} key @param {Frame[]} frames */
function dataAt(value, key, frames) {
  const { enumerable, get, set, value: data } = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(value, key));
  if (get === undefined && set === undefined && (enumerable || isError(value))) return data;
  if (!get && !set) refuse(pathOf(frames, key), 'a property that is not enumerable', 'Make it an ordinary property, or leave it out: { ...object }.');
  try {
    value[key];
  } catch (cause) {
    refuse(pathOf(frames, key), 'a property that throws when it is read', 'Return plain data instead.', cause);
  }
  return refuse(pathOf(frames, key), 'a property with a getter or setter', 'Return plain data, such as { ...object }.');
}

/** @param {any[]} value @param {Frame[]} frames @returns {Frame} */
function openArray(value, frames) {
  const { length } = value;
  if (length > SEARCHED_MAX && Object.isExtensible(value)) {
    const keys = Object.keys(value);
    if (keys.length === length && keys[length - 1] === String(length - 1)) return { keys: null, values: value, at: 0 };
  }
  const names = Object.getOwnPropertyNames(value);
  if (names[names.length - 1] !== 'length') /* it comes before all other names */
    refuse(pathOf(frames), 'an array with named properties', 'Return a plain object beside it.');
  names.pop();
  const values = names.map((name) => dataAt(value, name, frames));
  if (names.length === length) return { keys: null, values, at: 0 };
  values.push(undefined); /* in the place of all holes */
  return { keys: names.map(Number), values, at: 0 };
}

/** @param {Map<unknown, unknown> | Set<unknown>} value @param {Frame[]} frames @returns {Frame} */
function openCollection(value, frames) {
  if (Reflect.ownKeys(value).length) refuse(pathOf(frames), 'a Map or Set with named properties', 'Return a plain object beside it.');
  try {
    return { keys: null, values: value instanceof Map ? [...value].flat() : [...value], at: 0 };
  } catch (cause) {
    return refuse(pathOf(frames), 'an object that only has the prototype of a Map or Set', 'Make it with new Map() or new Set().', cause);
  }
}

/** @param {any} value an error @param {Frame[]} frames @returns {Frame} */
function openError(value, frames) {
  if (Object.getOwnPropertySymbols(value).some((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol)))
    refuse(pathOf(frames), 'an error with symbols as keys', 'Use strings as keys.');
  const keys = ownKeys(value);
  return { keys, values: keys.map((key) => dataAt(value, key, frames)), at: 0 };
}

/** @param {any} value @param {Frame[]} frames @returns {Frame} */
function open(value, frames) {
  if (Object.getOwnPropertySymbols(value).length) {
    if (tagOf(value) === 'Arguments') refuse(pathOf(frames), 'an arguments object', 'Send an array: [...arguments].');
    refuse(pathOf(frames), 'an object with symbols as keys', 'Use strings as keys.');
  }
  if (Array.isArray(value)) return openArray(value, frames);
  if (value instanceof Map || value instanceof Set) return openCollection(value, frames);
  const keys = Object.getOwnPropertyNames(value), values = new Array(keys.length);
  for (let at = 0; at < keys.length; at++) values[at] = dataAt(value, keys[at], frames);
  return { keys, values, at: 0 };
}

/** @param {object} container */
function hasItsPlaceInJson(container) {
  const prototype = Object.getPrototypeOf(container);
  return prototype === Object.prototype || prototype === Array.prototype;
}

/** A walk through a value. */
class Walk {
  /** @type {typeof AS_JSON | typeof AS_DEVALUE} */
  how = AS_JSON;
  /** @type {Frame[]} */
  frames = [];
  /** @type {Set<object> | undefined} Not made for a container that has none in it. */
  #seen;
  /** @type {unknown} */
  #first;
  #more;

  /** @param {boolean | ((item: unknown) => boolean)} more */
  constructor(more) {
    this.#more = typeof more === 'function' ? more : (/** @type {unknown} */ item) => more && (item instanceof Reference || isDelayed(item));
  }

  /** Whether a container has been met before. @param {object} item */
  #again(item) {
    if (this.#first === undefined) this.#first = item;
    else if ((this.#seen ??= new Set([/** @type {object} */ (this.#first)])).has(item)) return true;
    else this.#seen.add(item);
    return false;
  }

  /** Looks at what is not a primitive value that JSON has. @param {any} item */
  visit(item) {
    const { frames } = this, container = isContainer(item);
    if (!container && !isError(item)) {
      this.how = AS_DEVALUE;
      const fits = (typeof item === 'object' && isDevalueLeaf(item)) || this.#more(item);
      if (!fits) refuse(pathOf(frames), ...describe(item));
      return;
    }
    const again = this.#again(item); /* shared or a cycle */
    if (again || !container || !hasItsPlaceInJson(item)) this.how = AS_DEVALUE;
    if (again) return;
    if (frames.length > DEPTH_MAX)
      refuse(`${pathOf(frames).slice(0, 40)}…`, `a value nested more than ${DEPTH_MAX} levels deep`, 'Flatten it, for example into an array with indices.');
    frames.push(container ? open(item, frames) : openError(item, frames));
  }

  /** Goes on in the innermost container up to what is to be visited. */
  step() {
    const frame = /** @type {Frame} */ (this.frames.at(-1)), { values } = frame;
    for (let { at } = frame; at < values.length; at++) {
      const item = values[at];
      if (typeof item === 'number') {
        if (!Number.isFinite(item) || Object.is(item, -0)) this.how = AS_DEVALUE;
      } else if (item === undefined || typeof item === 'bigint') this.how = AS_DEVALUE;
      else if (typeof item !== 'string' && typeof item !== 'boolean' && item !== null) {
        frame.at = at + 1;
        return this.visit(item);
      }
    }
    this.frames.pop();
  }
}

/**
 * How a value can travel.
 * @param {unknown} value
 * @param {boolean | ((item: unknown) => boolean)} [more] true: it is the arguments of a template, which may hold
 *   References and nodes. Or what says of an item that it may be there
 * @returns {typeof AS_JSON | typeof AS_DEVALUE}
 * @throws {ValueError} with the path of what cannot
 */
export function howItTravels(value, more = false) {
  const walk = new Walk(more);
  walk.frames.push({ keys: null, values: [value], at: 0 });
  try {
    while (walk.frames.length) walk.step();
  } catch (cause) {
    if (cause instanceof ValueError) throw cause;
    refuse('', 'a value that throws when it is looked at', 'Return plain data instead.', cause);
  }
  return walk.how;
}
