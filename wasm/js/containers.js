/**
 * Walking what users nest: arrays, plain objects, Maps and Sets, to any depth, without recursion.
 * Everything else is a leaf, also instances of their subclasses, which nobody here could make anew.
 */

/** By this a Delayed is known where its class is not loaded: in workers. */
export const DELAYED = Symbol('heddle.delayed');

/** @param {unknown} value */
export const isDelayed = (value) => typeof value === 'object' && value !== null && /** @type {any} */ (value)[DELAYED] === true;

/** @param {unknown} value */
export function isPlainObject(value) {
  if (value === null || typeof value !== 'object') return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** @param {unknown} value @returns {value is object} */
export function isContainer(value) {
  if (value === null || typeof value !== 'object') return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || (prototype === Array.prototype && Array.isArray(value)) ||
    prototype === Map.prototype || prototype === Set.prototype;
}

/** The values inside a container, in order. @param {any} container @returns {Iterable<unknown>} */
function inside(container) {
  if (Array.isArray(container)) return container;
  return container instanceof Map || container instanceof Set ? container.values() : Object.values(container);
}

/**
 * Every leaf of a structure that is of a class, in order; each container is entered once.
 * @template T
 * @param {unknown} structure
 * @param {new (...args: any[]) => T} Class
 * @returns {T[]}
 */
export function findInside(structure, Class) {
  /** @type {T[]} */
  const found = [];
  if (structure instanceof Class) return [structure];
  if (!isContainer(structure)) return found;
  const seen = new Set([structure]);
  const iterators = [inside(structure)[Symbol.iterator]()];
  while (iterators.length) {
    const { done, value } = iterators[iterators.length - 1].next();
    if (done) iterators.pop();
    else if (value instanceof Class) found.push(value);
    else if (isContainer(value) && !seen.has(value)) {
      seen.add(value);
      iterators.push(inside(value)[Symbol.iterator]());
    }
  }
  return found;
}

/** Defines a property as it stands in literals. @param {any} object @param {string | symbol} key @param {unknown} value */
export function setOwn(object, key, value) {
  if (key === '__proto__' || typeof key === 'symbol') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

/** Copies an array's items, but not into holes, and gives the names of what else it has.
 * @param {unknown[]} copy of the same length @param {unknown[]} source @param {(value: unknown) => unknown} copyOf */
function fillItems(copy, source, copyOf) {
  if (source.length > 2 ** 20 && Object.keys(source).length < source.length / 2) return Object.keys(source); /* mostly holes */
  let count = 0;
  for (let at = 0; at < source.length; at++) {
    if (source[at] === undefined && !(at in source)) continue;
    copy[at] = copyOf(source[at]);
    count++;
  }
  const keys = Object.keys(source);
  return keys.length > count ? keys.slice(count) : []; /* names come after indices */
}

/**
 * A copy of a structure with other leaves; the containers are copied with their sharing and cycles.
 * @param {unknown} structure
 * @param {(leaf: unknown) => unknown} replace
 * @param {(value: object) => boolean} [isLeaf] of containers: that they are not entered
 * @returns {unknown}
 */
export function mapLeaves(structure, replace, isLeaf) {
  const enters = (/** @type {unknown} */ value) => isContainer(value) && !isLeaf?.(value);
  if (!enters(structure)) return replace(structure);
  /** @type {Map<object, any>} */
  const copies = new Map();
  /** @type {object[]} */
  const open = [];
  /** @param {any} value */
  const copyOf = (value) => {
    if (!enters(value)) return replace(value);
    let copy = copies.get(value);
    if (copy === undefined) {
      copy = Array.isArray(value) ? new Array(value.length)
        : value instanceof Map ? new Map()
        : value instanceof Set ? new Set()
        : Object.create(Object.getPrototypeOf(value));
      copies.set(value, copy);
      open.push(value);
    }
    return copy;
  };
  const root = copyOf(structure);
  for (let source; (source = /** @type {any} */ (open.pop())); ) {
    const copy = copies.get(source);
    if (source instanceof Map) for (const [key, value] of source) copy.set(key, copyOf(value));
    else if (source instanceof Set) for (const value of source) copy.add(copyOf(value));
    else {
      const keys = Array.isArray(source) ? fillItems(copy, source, copyOf) : Object.keys(source);
      for (const key of keys) setOwn(copy, key, copyOf(source[key]));
      for (const key of Object.getOwnPropertySymbols(source)) setOwn(copy, key, copyOf(source[key]));
    }
  }
  return root;
}
