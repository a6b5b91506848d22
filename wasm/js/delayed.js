/**
 * `delayed` and the nodes that it makes. A node is a plain object that remembers a call; nothing runs
 * and nothing is allocated outside JavaScript until it is computed.
 */
import { isPlainObject } from './containers.js';
import { FunctionError, OptionError } from './errors.js';
import { nameOf } from './functions/source.js';

/**
 * What is the same for all calls of one delayed function.
 * @typedef {object} TaskFunction
 * @property {Function} fn
 * @property {string} name
 * @property {string | undefined} key
 * @property {Record<string, unknown> | undefined} scope outside values that the function uses
 * @property {boolean} [inline] whether to run again for each reader rather than to be kept
 * @property {Annotations} [annotations] of all calls, where `annotate` says nothing else
 */

/** @type {TaskFunction} The function of nodes that only hold a value, or stand for another node. */
export const identity = { fn: /** @param {unknown} value */ (value) => value, name: 'value', key: undefined, scope: undefined };

/** @type {WeakMap<object, Error>} Made where `delayed` was first called, by function: its stack is read if a task fails. */
export const callSites = new WeakMap();

/** @type {Map<string, number>} How many keys were made of each name. */
const counts = new Map();

/** @typedef {Readonly<Record<string, unknown>>} Annotations what is said about a task: see annotate.js */

/** What nodes carry that are recorded at this moment. @type {Annotations | undefined} */
let annotations;

/**
 * Runs a function, and annotates what it records.
 * @template T
 * @param {Annotations} given @param {() => T} fn @returns {T}
 */
export function recordWith(given, fn) {
  const before = annotations;
  annotations = Object.freeze({ ...before, ...given });
  try {
    return fn();
  } finally {
    annotations = before;
  }
}

/** @param {unknown} priority @param {string} what @returns {number | undefined} */
export function checkPriority(priority, what) {
  if (priority !== undefined && (typeof priority !== 'number' || (priority | 0) !== priority))
    throw new OptionError(`${what} is a whole number from -2147483648 to 2147483647, but got ${String(priority)}.`, { option: 'priority' });
  return /** @type {number | undefined} */ (priority);
}

/** @type {Annotations} */
const nothing = Object.freeze({});
/** @type {readonly Delayed[]} */
const nowhere = Object.freeze([]);

/** @param {string} name */
function nextKey(name) {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return `${name}-${count}`;
}

/**
 * A call that has not run yet.
 * @template [T=unknown]
 */
export class Delayed {
  /** @type {TaskFunction} */ #task;
  /** @type {readonly unknown[]} */ #args;
  /** @type {string | undefined} */ #key;
  /** @type {Annotations | undefined} */ #annotations;
  /** @type {readonly Delayed[]} What must be done before, though the function does not see it. */ #after;
  /** A recording's number and this node's place in it, so that a walk needs no table. */
  #recording = 0;
  #index = 0;

  /**
   * @param {TaskFunction} task @param {readonly unknown[]} args @param {string} [key]
   * @param {readonly Delayed[]} [after] what must be done before
   * @param {Delayed} [original] whose annotations it has too
   */
  constructor(task, args, key, after = nowhere, original = undefined) {
    this.#task = task;
    this.#args = args;
    this.#key = key;
    this.#after = after;
    const own = original ? original.#annotations : task.annotations;
    this.#annotations = own && annotations ? Object.freeze({ ...own, ...annotations }) : (annotations ?? own);
  }

  /** The task's name in the graph: given by `{ key }`, or made of the function's name and a number. */
  get key() {
    return (this.#key ??= nextKey(this.#task.name));
  }

  /** What is said about the task: by `annotate`, or by its function's `priority`. */
  get annotations() {
    return this.#annotations ?? nothing;
  }

  /**
   * Runs what this result needs, and gives it.
   * @param {import('./compute.js').ComputeOptions} [options]
   * @returns {Promise<T>}
   * @example await delayed((x) => x + 1)(1).compute(); // 2
   */
  compute(options) {
    return /** @type {Promise<T>} */ (Delayed.compute(this, options));
  }

  /**
   * The same, and waits for it: for Node.js, and for `scheduler: 'sync'`.
   * @param {import('./compute.js').ComputeOptions} [options]
   * @returns {T}
   */
  computeSync(options) {
    return /** @type {T} */ (Delayed.computeSync(this, options));
  }

  toString() {
    return `Delayed(${this.key})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return this.toString();
  }

  /** Set by compute.js, which needs this class: the two would import each other otherwise.
   * @type {(structure: unknown, options?: object) => Promise<unknown>} @internal */
  static compute;
  /** @type {(structure: unknown, options?: object) => unknown} @internal */
  static computeSync;

  /**
   * Notes that a recording has seen this node, as its `index`-th.
   * @param {Delayed} node @param {number} recording @param {number} index @internal
   */
  static mark(node, recording, index) {
    node.#recording = recording;
    node.#index = index;
  }

  /**
   * A node's place in a recording, or -1.
   * @param {Delayed} node @param {number} recording @internal
   */
  static placeIn(node, recording) {
    return node.#recording === recording ? node.#index : -1;
  }

  /** @param {Delayed} node @internal */
  static task(node) {
    return node.#task;
  }

  /** @param {Delayed} node @internal */
  static args(node) {
    return node.#args;
  }

  /** @param {Delayed} node @internal */
  static after(node) {
    return node.#after;
  }

  /** @param {Delayed} node @internal */
  static annotations(node) {
    return node.#annotations;
  }

  /** The key if the user gave it. @param {Delayed} node @internal */
  static givenKey(node) {
    return node.#task.key ?? (node.#task === identity ? node.#key : undefined);
  }

  /** Sets what a node stands for after it was made, for graphs that refer forwards.
   * @param {Delayed} node @param {TaskFunction} task @param {readonly unknown[]} args
   * @param {readonly Delayed[]} [after] @internal */
  static define(node, task, args, after = nowhere) {
    node.#task = task;
    node.#args = args;
    node.#after = after;
  }
}

/**
 * @typedef {object} DelayedOptions
 * @property {string} [name] what the tasks are called; the function's name if left out
 * @property {string} [key] the key of the one task that is made; a second one is an error
 * @property {Record<string, unknown>} [scope] outside values (also functions) that the function uses
 * @property {number} [priority] a whole number, 0 if left out: tasks of higher priority, and what they need,
 *   run first. An `annotate` around the call says otherwise
 * @property {boolean} [inline] whether the function is cheap: its tasks run again for each reader, in one go
 *   with it, rather than being kept
 */

const known = ['name', 'key', 'scope', 'priority', 'inline'];

/**
 * Makes a function lazy: calling the result records a task and gives a {@link Delayed}. Arguments may be
 * Delayed themselves, also inside arrays, plain objects, Maps and Sets.
 * @template {unknown[]} A
 * @template R
 * @param {(...args: A) => R} fn what the task runs. On threads it is shipped as source text, so it sees
 *   its arguments, JavaScript's globals, `sleep`, `spin`, and what `scope` carries, nothing else
 * @param {DelayedOptions} [options]
 * @returns {(...args: any[]) => Delayed<Awaited<R>>}
 * @throws {FunctionError} if `fn` is not a function
 * @example
 * const add = delayed((x, y) => x + y);
 * await add(1, add(2, 3)).compute(); // 6
 */
export function delayed(fn, options = {}) {
  if (typeof fn !== 'function')
    throw new FunctionError(`delayed takes a function, but got ${fn === null ? 'null' : typeof fn}.`);
  for (const option of Object.keys(options))
    if (!known.includes(option))
      throw new OptionError(`delayed has no option '${option}'; it has ${known.join(', ')}.`, { option });
  const { key, name, scope, inline = false } = options;
  if (key !== undefined && (typeof key !== 'string' || key === ''))
    throw new OptionError('a key is a string that is not empty.', { option: 'key' });
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw new OptionError('a name is a string that is not empty.', { option: 'name' });
  if (scope !== undefined && !isPlainObject(scope))
    throw new OptionError('scope is a plain object: { name: value }.', { option: 'scope' });
  const priority = checkPriority(options.priority, 'priority');
  if (typeof inline !== 'boolean') throw new OptionError(`inline is true or false, but got ${String(inline)}.`, { option: 'inline' });
  const task = { fn, name: name ?? (nameOf(fn) || 'task'), key, scope, inline, annotations: priority === undefined ? undefined : Object.freeze({ priority }) };
  if (!callSites.has(fn)) callSites.set(fn, new Error());
  return (...args) => new Delayed(task, args, key);
}
