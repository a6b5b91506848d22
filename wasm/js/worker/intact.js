/**
 * Puts back what a task has changed of the built-in objects that all code of its thread uses, this package's too:
 * otherwise one that says `Array.prototype.map = …` would do so to every task that its worker runs later. What tasks add
 * is left alone, but for what would change how others' values travel.
 *
 * Written without anything that a task can change: no iterators, no methods.
 */
const { getOwnPropertyDescriptor, defineProperty, getPrototypeOf, isExtensible } = Object;
const { deleteProperty, ownKeys } = Reflect;

const NAMES = ['Object', 'Function', 'Array', 'String', 'Number', 'Boolean', 'Symbol', 'BigInt', 'Math', 'JSON', 'Reflect', 'Promise', 'Proxy', 'Map', 'Set',
  'WeakMap', 'WeakSet', 'WeakRef', 'Date', 'RegExp', 'Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError', 'AggregateError',
  'ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array',
  'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array', 'Atomics', 'WebAssembly', 'TextEncoder', 'TextDecoder', 'AbortController', 'AbortSignal',
  'EventTarget', 'Event', 'DOMException', 'MessagePort', 'MessageChannel', 'Performance', 'performance', 'structuredClone', 'queueMicrotask',
  'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'globalThis', 'self', 'process', 'Buffer', 'eval', 'isNaN', 'parseInt'];
/** Which of their properties are not worth a look: too many, and nobody's but Node's. */
const NAME_ONLY = new Set(['process', 'Buffer', 'globalThis', 'self', 'performance']);
const FORBIDDEN = ['toJSON', 'then', 'get', 'set', 'value', 'writable', 'enumerable', 'configurable'];

/**
 * Remembers how built-in objects are now.
 * @param {any} scope
 * @param {string[]} [globals] all but the console, if left out
 * @returns {() => boolean} puts back what is otherwise by then; false: not all of it can be, this thread stays as it is
 */
export function keepIntact(scope, globals = NAMES) {
  /** @type {any[]} */ const objects = [];
  /** @type {PropertyKey[]} */ const keys = [];
  /** @type {any[]} */ const values = []; /* of data properties, and getters of others */
  /** @type {boolean[]} */ const gets = [];
  /** @type {PropertyDescriptor[]} */ const before = [];
  const keep = (/** @type {any} */ object, /** @type {PropertyKey} */ key) => {
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (!descriptor?.configurable && !descriptor?.writable) return; /* nobody can change it */
    const got = descriptor.get !== undefined, value = got ? descriptor.get : descriptor.value;
    if (value === null || (typeof value !== 'function' && typeof value !== 'object')) return; /* stackTraceLimit is the user's */
    objects.push(object);
    keys.push(key);
    values.push(value);
    gets.push(got);
    before.push(descriptor);
  };
  /** Globals that keep their value behind a getter. @type {string[]} */ const names = [];
  /** @type {any[]} */ const named = [];
  const seen = new Set();
  const keepAll = (/** @type {any} */ object) => {
    if (Object(object) !== object || seen.has(object)) return;
    seen.add(object);
    for (const key of ownKeys(object)) keep(object, key);
  };
  /** What has no name of its own. */
  const keepUnnamed = () => {
    keepAll(getPrototypeOf(Uint8Array));
    keepAll(getPrototypeOf(Uint8Array.prototype));
    for (const of of [[], new Map(), new Set(), '']) {
      const iterator = /** @type {any} */ (of)[Symbol.iterator]();
      keepAll(getPrototypeOf(iterator));
      keepAll(getPrototypeOf(getPrototypeOf(iterator)));
    }
    keepAll(getPrototypeOf(function* () {}).prototype);
    keepAll(getPrototypeOf(async () => {}));
    keepAll(WebAssembly.Memory.prototype);
    if (scope.process?.versions?.node) {
      keep(scope.process, 'nextTick');
      for (const name of ['exit', 'abort', 'kill']) keep(scope.process, name);
    }
  };
  for (const name of globals) {
    const value = scope[name];
    if (value === undefined) continue;
    keep(scope, name);
    if (getOwnPropertyDescriptor(scope, name)?.get) {
      names.push(name);
      named.push(value);
    }
    if (NAME_ONLY.has(name)) continue;
    keepAll(value);
    keepAll(value.prototype);
  }
  if (globals === NAMES) keepUnnamed();
  /* Methods of all typed arrays, which those of one class may cover. */
  /** @type {any[]} */ const arrays = [];
  for (const name of NAMES) if (getPrototypeOf(scope[name] ?? 0) === getPrototypeOf(Uint8Array)) arrays.push(scope[name].prototype);
  const { set, subarray, slice } = Uint8Array.prototype;
  const bare = [Object.prototype, Array.prototype, String.prototype, Number.prototype, Boolean.prototype, Function.prototype];

  const extensible = bare.map(isExtensible);
  const count = objects.length;
  const isAsBefore = (/** @type {number} */ at) => {
    try {
      if (!gets[at]) return objects[at][keys[at]] === values[at];
      return getOwnPropertyDescriptor(objects[at], keys[at])?.get === values[at];
    } catch {
      return false;
    }
  };
  return () => {
    let whole = true;
    for (let i = 0; i < bare.length; i++) {
      if (extensible[i] && !isExtensible(bare[i])) whole = false;
      for (let k = 0; k < FORBIDDEN.length; k++) if (FORBIDDEN[k] in bare[i]) whole = deleteProperty(bare[i], FORBIDDEN[k]) && whole;
    }
    for (let i = 0; i < arrays.length; i++) {
      const array = arrays[i];
      if (array.set !== set) whole = deleteProperty(array, 'set') && whole;
      if (array.subarray !== subarray) whole = deleteProperty(array, 'subarray') && whole;
      if (array.slice !== slice) whole = deleteProperty(array, 'slice') && whole;
    }
    for (let at = 0; at < count; at++) {
      if (isAsBefore(at)) continue;
      try {
        defineProperty(objects[at], keys[at], before[at]);
      } catch { /* it was made so that nobody can */
        whole = false;
      }
    }
    for (let at = 0; at < names.length; at++) if (scope[names[at]] !== named[at]) scope[names[at]] = named[at];
    return whole;
  };
}
