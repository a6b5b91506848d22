/** `get`: raw graphs in Dask's format. */
import { Delayed, delayedTask, identity, taskFunction } from './delayed.js';
import { isPlainObject, mapLeaves } from './containers.js';
import { asValues, execute, executeNow, withResults } from './execute.js';
import { DuplicateKeyError, OptionError, UnknownKeyError, quoteKey } from './errors.js';
import { nameOf } from './functions/source.js';
import { checkOptions } from './options.js';
import { Recording } from './record.js';

/**
 * A key of a raw graph: text, or a tuple of text, numbers and tuples, as a key of a Map.
 * @typedef {string | readonly unknown[]} RawKey
 */
/**
 * A graph: its keys, each with a task `[function, ...arguments]`, another key, a list of such, or any other value.
 * Functions that `delayed` made are tasks with what it was told.
 * @typedef {Record<string, unknown> | Map<RawKey, unknown>} RawGraph
 */

/** A value that is only a value. */
class Quoted {
  /** @param {unknown} value */
  constructor(value) {
    this.value = value;
  }
}

/** A key that must be one. */
class Ref {
  /** @param {RawKey} key */
  constructor(key) {
    this.key = key;
  }
}

/**
 * A value of a raw graph that is passed on as it is, though it looks like a task, a key, or a list of them.
 * @param {unknown} value
 * @returns {object} to stand in a raw graph in the value's place
 * @example
 * await get({ x: 1, name: [(text) => text, quote('x')] }, 'name'); // 'x'
 */
export function quote(value) {
  return new Quoted(value);
}

/**
 * A key of a raw graph, said to be one: if it is not there that is an error, and no text.
 * @param {RawKey} key
 * @returns {object} to stand in a raw graph, or among the keys that are wanted
 * @throws {OptionError} if it can be no key
 * @example
 * await get({ x: 1, y: [(x) => x + 1, ref('x')] }, 'y'); // 2
 */
export function ref(key) {
  if (typeof key !== 'string' && tupleText(key) === undefined)
    throw new OptionError(`ref takes a key: text, or a tuple such as ['x', 0].`, { option: 'key' });
  return new Ref(key);
}

/** @param {unknown} value @returns {value is [Function, ...unknown[]]} */
const isTask = (value) => Array.isArray(value) && typeof value[0] === 'function';

/**
 * A tuple as Dask shows it, `('x', 0)`: of equal tuples the same text, and of others another.
 * @param {unknown} value @param {{ left: number }} [budget] items that are looked at at most
 * @returns {string | undefined} if it is one
 */
function tupleText(value, budget = { left: Infinity }) {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  let text = '(';
  const open = new Set([value]);
  /** @type {{ items: readonly unknown[], at: number }[]} */
  const frames = [{ items: value, at: 0 }];
  for (let frame; (frame = frames.at(-1)); ) {
    const { items } = frame;
    if (frame.at === items.length) {
      text += items.length === 1 ? ',)' : ')';
      open.delete(/** @type {any} */ (items));
      frames.pop();
      continue;
    }
    const item = items[frame.at++];
    if (frame.at > 1) text += ', ';
    if (--budget.left < 0) return undefined;
    if (typeof item === 'string') text += `'${item.replace(/[\\']/g, '\\$&')}'`;
    else if (typeof item === 'number') text += item;
    else if (Array.isArray(item) && item.length > 0 && !open.has(item)) {
      text += '(';
      open.add(item);
      frames.push({ items: item, at: 0 });
    } else return undefined;
  }
  return text;
}

/** The nodes of a raw graph, by key. */
class Nodes {
  /** @type {Map<string, Delayed>} */ #byText = new Map();
  /** @type {Map<string, Delayed>} By the tuple's text. */ #byTuple = new Map();
  /** Items in the largest tuple: no larger list can be a key. */
  #itemsMax = 0;

  /** @param {RawGraph} graph */
  constructor(graph) {
    if (!(graph instanceof Map) && !isPlainObject(graph))
      throw new OptionError('get takes a graph: an object or a Map of keys to tasks.', { option: 'graph' });
    this.entries = Array.from(graph instanceof Map ? graph : Object.entries(graph), ([key, value]) => ({ key, node: this.#add(key), value }));
  }

  /** @param {unknown} key */
  #add(key) {
    const budget = { left: Number.MAX_SAFE_INTEGER };
    const text = typeof key === 'string' ? key : tupleText(key, budget);
    if (text === undefined)
      throw new OptionError('the keys of a graph are text, or tuples of text, numbers and tuples, ' +
        `but one is ${Array.isArray(key) ? 'another list' : String(key)}.`, { option: 'graph' });
    const node = new Delayed(identity, [], text);
    if (typeof key === 'string') this.#byText.set(key, node);
    else if (this.#byTuple.has(text)) throw new DuplicateKeyError(text);
    else {
      this.#byTuple.set(text, node);
      this.#itemsMax = Math.max(this.#itemsMax, Number.MAX_SAFE_INTEGER - budget.left);
    }
    return node;
  }

  /** The node of what may be a key. @param {unknown} value */
  find(value) {
    if (typeof value === 'string') return this.#byText.get(value);
    if (this.#itemsMax === 0 || !Array.isArray(value)) return undefined;
    const text = tupleText(value, { left: this.#itemsMax });
    return text === undefined ? undefined : this.#byTuple.get(text);
  }

  /** The node of a key that must be there. @param {unknown} key @param {string} who needs it */
  need(key, who) {
    const node = this.find(key);
    if (node) return node;
    const names = this.entries.slice(0, 8).map(({ node }) => this.show(node)).join(', '), more = this.entries.length - 8;
    const there = names === '' ? 'no keys' : more > 0 ? `${names} and ${more} more` : names;
    const tuple = tupleText(key);
    throw new UnknownKeyError(tuple ?? String(key), `, but ${who}; it has ${there}`, tuple);
  }

  /** A node's key as it stands in messages. @param {Delayed} node */
  show(node) {
    return this.#byTuple.get(node.key) === node ? node.key : quoteKey(node.key);
  }
}

/** Makes the nodes of a raw graph what their tasks say. @param {RawGraph} graph */
export function nodesOf(graph) {
  const nodes = new Nodes(graph);
  /** @type {Map<Function, import('./delayed.js').TaskFunction>} */
  const functions = new Map();
  const taskOf = (/** @type {Function} */ fn) => {
    let task = functions.get(fn);
    if (!task) {
      const made = delayedTask(fn);
      functions.set(fn, (task = made ? { ...made, key: undefined } : taskFunction(fn, nameOf(fn) || 'task')));
    }
    return task;
  };
  /** What was met before, a list or a task inside arguments: it may be there twice, or hold itself. @type {Map<unknown, any>} */
  const met = new Map();
  /** Nodes still to be defined, and the key that each belongs to. @type {{ node: Delayed, value: unknown, owner: Delayed }[]} */
  const open = nodes.entries.map(({ node, value }) => ({ node, value, owner: node }));
  /** Whose arguments are walked. @type {Delayed} */
  let owner;
  const inner = (/** @type {unknown} */ task) => {
    let node = met.get(task);
    if (!node) {
      met.set(task, (node = new Delayed(identity, [])));
      open.push({ node, value: task, owner });
    }
    return node;
  };
  /** An argument with keys replaced, tasks inside made nodes of their own, and lists walked without recursion:
   * objects and other values are not entered. @param {unknown} value */
  const argument = (value) => {
    /** @type {[readonly unknown[], unknown[]][]} */
    const todo = [];
    const replaced = (/** @type {unknown} */ item) => {
      if (item instanceof Quoted) return item.value;
      if (item instanceof Ref) return nodes.need(item.key, `${nodes.show(owner)} refers to it`);
      if (isTask(item)) return inner(item);
      const node = nodes.find(item);
      if (node || !Array.isArray(item)) return node ?? item;
      let copy = met.get(item);
      if (!copy) {
        met.set(item, (copy = new Array(item.length)));
        todo.push([item, copy]);
      }
      return copy;
    };
    const root = replaced(value);
    for (let pair; (pair = todo.pop()); ) {
      const [from, to] = pair;
      from.forEach((item, index) => {
        to[index] = replaced(item);
      });
    }
    return root;
  };
  for (let next; (next = open.pop()); ) {
    const { node, value } = next;
    owner = next.owner;
    if (isTask(value)) Delayed.define(node, taskOf(value[0]), value.slice(1).map(argument));
    else Delayed.define(node, identity, [argument(value)]);
  }
  return nodes;
}

/** @param {RawGraph} graph @param {unknown} keys */
function prepare(graph, keys) {
  const nodes = nodesOf(graph);
  /** @type {Map<Delayed, number>} */
  const places = new Map();
  const nodeOf = (/** @type {unknown} */ key) => nodes.need(key instanceof Ref ? key.key : key, 'it is wanted');
  const isKey = (/** @type {unknown} */ value) => nodes.find(value) !== undefined;
  mapLeaves(keys, (key) => {
    const node = nodeOf(key);
    if (!places.has(node)) places.set(node, places.size);
  }, isKey);
  const recording = new Recording(places.keys(), nodes.entries.map(({ node }) => node));
  const rebuild = (/** @type {unknown[]} */ results) => mapLeaves(keys, (key) => results[/** @type {number} */ (places.get(nodeOf(key)))], isKey);
  return { recording, rebuild };
}

/**
 * Computes keys of a raw graph, as in Dask's first commit. A string that is no key is just a string ({@link ref}
 * says that it must be one, and {@link quote} that it is none). A list that equals a tuple key is that key,
 * wherever it stands.
 * @param {RawGraph} graph
 * @param {RawKey | object} keys one key, or a nested list of keys
 * @param {import('./execute.js').ComputeOptions} [options]
 * @returns {Promise<any>} the value, or values in lists of the same shape
 * @throws {UnknownKeyError} if a key that is wanted, or a `ref`, is not in the graph; what `compute` throws
 * @example
 * const inc = (x) => x + 1, add = (x, y) => x + y;
 * await get({ x: 1, y: [inc, 'x'], z: [add, 'x', 'y'] }, 'z'); // 3
 * await get(new Map([[['x', 0], 1], [['x', 1], [inc, ['x', 0]]]]), [['x', 1], ['x', 0]]); // [2, 1]
 */
export async function get(graph, keys, options = {}) {
  checkOptions(/** @type {any} */ (options));
  const { recording, rebuild } = prepare(graph, keys);
  try {
    return rebuild(recording.nodes.length ? await execute(recording, options, asValues) : []);
  } catch (error) {
    throw withResults(error, rebuild);
  }
}

/**
 * The same, and waits for it. See {@link get} and `computeSync`.
 * @example getSync({ x: 1, y: [(x) => x + 1, 'x'] }, 'y', { scheduler: 'sync' }); // 2
 * @param {RawGraph} graph
 * @param {RawKey | object} keys
 * @param {import('./execute.js').ComputeOptions} [options]
 * @returns {any}
 */
export function getSync(graph, keys, options = {}) {
  checkOptions(/** @type {any} */ (options));
  const { recording, rebuild } = prepare(graph, keys);
  try {
    return rebuild(recording.nodes.length ? executeNow(recording, options, asValues) : []);
  } catch (error) {
    throw withResults(error, rebuild);
  }
}
