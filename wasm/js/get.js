/** `get`: raw graphs in Dask's format. */
import { Delayed, identity, taskFunction } from './delayed.js';
import { isPlainObject, mapLeaves } from './containers.js';
import { asValues, execute, executeNow, withResults } from './execute.js';
import { OptionError, UnknownKeyError } from './errors.js';
import { nameOf } from './functions/source.js';
import { checkOptions } from './options.js';
import { Recording } from './record.js';

/**
 * A graph: its keys, each with a task `[function, ...arguments]`, the name of another key, a list of such,
 * or any other value.
 * @typedef {Record<string, unknown> | Map<string, unknown>} RawGraph
 */

/** @param {unknown} value @returns {value is [Function, ...unknown[]]} */
const isTask = (value) => Array.isArray(value) && typeof value[0] === 'function';

/** The nodes of a raw graph by key. @param {RawGraph} graph */
function nodesOf(graph) {
  if (!(graph instanceof Map) && !isPlainObject(graph))
    throw new OptionError('get takes a graph: an object or a Map of keys to tasks.', { option: 'graph' });
  const entries = graph instanceof Map ? [...graph] : Object.entries(graph);
  for (const [key] of entries)
    if (typeof key !== 'string') throw new OptionError(`the keys of a graph are strings, but one is ${String(key)}.`, { option: 'graph' });
  const nodes = new Map(entries.map(([key]) => [key, new Delayed(identity, [], key)]));
  /** @type {Map<Function, import('./delayed.js').TaskFunction>} */
  const functions = new Map();
  const taskOf = (/** @type {Function} */ fn) => {
    let task = functions.get(fn);
    if (!task) functions.set(fn, (task = taskFunction(fn, nameOf(fn) || 'task')));
    return task;
  };
  /** What was met before, a list or a task inside arguments: it may be there twice, or hold itself. @type {Map<unknown, any>} */
  const met = new Map();
  /** Tasks inside arguments, still to be defined. @type {[Delayed, unknown][]} */
  const open = entries.map(([key, value]) => [/** @type {Delayed} */ (nodes.get(key)), value]);
  /** An argument with keys replaced, lists walked, and tasks inside made nodes of their own. */
  const argument = (/** @type {unknown} */ value) => {
    if (isTask(value)) return inner(value);
    if (Array.isArray(value)) return mapLists(value);
    return leaf(value);
  };
  const inner = (/** @type {unknown} */ task) => {
    let node = met.get(task);
    if (!node) {
      met.set(task, (node = new Delayed(identity, [])));
      open.push([node, task]);
    }
    return node;
  };
  const leaf = (/** @type {unknown} */ value) => (typeof value === 'string' ? (nodes.get(value) ?? value) : value);
  /** Lists inside lists, without recursion: objects and other values in them are not walked. */
  const mapLists = (/** @type {unknown[]} */ list) => {
    /** @type {[readonly unknown[], unknown[]][]} */
    const todo = [];
    const copyOf = (/** @type {unknown[]} */ from) => {
      let copy = met.get(from);
      if (!copy) {
        met.set(from, (copy = new Array(from.length)));
        todo.push([from, copy]);
      }
      return copy;
    };
    const root = copyOf(list);
    for (let pair; (pair = todo.pop()); ) {
      const [from, to] = pair;
      from.forEach((item, index) => {
        to[index] = isTask(item) ? inner(item) : Array.isArray(item) ? copyOf(item) : leaf(item);
      });
    }
    return root;
  };
  for (let pair; (pair = open.pop()); ) {
    const [node, value] = pair;
    if (isTask(value)) Delayed.define(node, taskOf(value[0]), value.slice(1).map(argument));
    else Delayed.define(node, identity, [argument(value)]);
  }
  return nodes;
}

/** @param {RawGraph} graph @param {unknown} keys */
function prepare(graph, keys) {
  const nodes = nodesOf(graph);
  /** @type {Map<unknown, number>} */
  const places = new Map();
  /** @type {Delayed[]} */
  const wanted = [];
  mapLeaves(keys, (key) => {
    const node = nodes.get(/** @type {string} */ (key));
    if (!node) throw new UnknownKeyError(String(key), `, but it is wanted; it has ${describeKeys([...nodes.keys()])}`);
    if (!places.has(key)) places.set(key, wanted.push(node) - 1);
  });
  const recording = new Recording(wanted, nodes.values());
  return { recording, rebuild: (/** @type {unknown[]} */ results) => mapLeaves(keys, (key) => results[/** @type {number} */ (places.get(key))]) };
}

/** @param {string[]} keys */
function describeKeys(keys) {
  const shown = keys.slice(0, 8).map((key) => `'${key}'`).join(', ');
  return keys.length === 0 ? 'no keys' : keys.length > 8 ? `${shown} and ${keys.length - 8} more` : shown;
}

/**
 * Computes keys of a raw graph, as in Dask's first commit. A string that is no key is just a string.
 * @param {RawGraph} graph
 * @param {string | unknown[]} keys one key, or a nested list of keys
 * @param {import('./execute.js').ComputeOptions} [options]
 * @returns {Promise<any>} the value, or values in lists of the same shape
 * @throws {UnknownKeyError} if a wanted key is not in the graph; what `compute` throws
 * @example
 * const inc = (x) => x + 1, add = (x, y) => x + y;
 * await get({ x: 1, y: [inc, 'x'], z: [add, 'x', 'y'] }, 'z'); // 3
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
 * @param {RawGraph} graph
 * @param {string | unknown[]} keys
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
