/** Making graphs of graphs: what waits for what, and what runs again. All of it records, nothing runs. */
import { builtins } from './builtins.js';
import { findInside, mapLeaves } from './containers.js';
import { Delayed, taskFunction } from './delayed.js';
import { OptionError } from './errors.js';
import { hasNested, inputsOf } from './record.js';

/** A checkpoint is a tree: so many of its tasks wait for one. */
const SPLIT_EVERY = 8;

const reached = taskFunction(builtins.checkpoint, 'checkpoint');
const passed = taskFunction(builtins.waitOn, 'waitOn');

/** The nodes in a structure, each once. @param {unknown} structure */
const nodesIn = (structure) => new Set(findInside(structure, Delayed));

/**
 * Something to wait for: it is done when all that stands in the structures is, and gives `null`. Each result
 * can be released as soon as it is there, unless somebody else needs it.
 * @param {...unknown} structures Delayed, or arrays, plain objects, Maps, Sets with Delayed inside
 * @returns {Delayed<null>}
 * @example
 * const written = checkpoint(parts.map((part) => write(part)));
 * await bind(report(), written).compute(); // null is not seen by report
 */
export function checkpoint(...structures) {
  let level = Array.from(nodesIn(structures), (node) => new Delayed(reached, [], undefined, [node]));
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at < level.length; at += SPLIT_EVERY) above.push(new Delayed(reached, [], undefined, level.slice(at, at + SPLIT_EVERY)));
    level = above;
  }
  return /** @type {Delayed<null>} */ (level[0] ?? new Delayed(reached, []));
}

/**
 * The same structures, whose results are there only when all of them are.
 * @param {...unknown} structures Delayed, or containers with Delayed inside
 * @returns {any} a structure like the one that was given, or an array of them
 * @example
 * const [a, b] = waitOn(load('a'), load('b')); // what needs a now waits for b too
 */
export function waitOn(...structures) {
  const all = checkpoint(structures);
  /** @type {Map<unknown, Delayed>} */
  const waiting = new Map();
  for (const node of nodesIn(structures)) {
    const task = node.length === undefined ? passed : taskFunction(passed.fn, passed.name, { nout: node.length });
    waiting.set(node, new Delayed(task, [node], undefined, [all]));
  }
  const given = structures.length === 1 ? structures[0] : structures;
  return mapLeaves(given, (leaf) => waiting.get(leaf) ?? leaf);
}

/**
 * @typedef {object} CloneOptions
 * @property {unknown} [omit] Delayed, or containers with Delayed inside: they are not cloned, nor what they need
 *   unless it is needed elsewhere
 * @property {string | number} [seed] of the clones' keys: with equal seeds they are equal. By default each
 *   call gives others
 */

/**
 * The same structure with copies of its Delayed, and of all that they need, under other keys: computed
 * together with the first, it all runs again.
 * @template T
 * @param {T} structure a Delayed, or containers with Delayed inside
 * @param {CloneOptions} [options]
 * @returns {T}
 * @throws {OptionError}
 * @example
 * const first = sample(), again = clone(first); // first twice in a graph would be one sample
 */
export function clone(structure, options = {}) {
  return /** @type {T} */ (copy(structure, undefined, options, 'clone'));
}

/**
 * The same structure with copies of its Delayed, and of all that they need, that start only when everything in
 * `parents` is done. Tasks see nothing of it: their arguments are what they were.
 * @template T
 * @param {T} children a Delayed, or containers with Delayed inside
 * @param {unknown} parents likewise
 * @param {CloneOptions} [options]
 * @returns {T}
 * @throws {OptionError}
 * @example
 * await bind(read('file'), write('file')).compute(); // reads when it is written
 */
export function bind(children, parents, options = {}) {
  return /** @type {T} */ (copy(children, nodesIn(parents).size > 0 ? checkpoint(parents) : undefined, options, 'bind'));
}

let seeds = 0;

/** @param {CloneOptions} options @param {string} name */
function checkOptions(options, name) {
  for (const option of Object.keys(options))
    if (option !== 'omit' && option !== 'seed') throw new OptionError(`${name} has no option '${option}'; it has omit, seed.`, { option });
  const { seed = `${++seeds} ${Math.random()}` } = options;
  if (typeof seed !== 'string' && typeof seed !== 'number')
    throw new OptionError(`seed is a string or a number, but got ${seed === null ? 'null' : typeof seed}.`, { option: 'seed' });
  return { omitted: nodesIn(options.omit), seed: `${typeof seed} ${seed}` };
}

/** @param {unknown} structure @param {Delayed | undefined} blocker @param {CloneOptions} options @param {string} name */
function copy(structure, blocker, options, name) {
  const { omitted, seed } = checkOptions(options, name);
  /** @type {Map<unknown, Delayed>} */
  const copies = new Map();
  /** @type {Map<string, Delayed>} Copies of pure nodes by key: of those that are one task there is one. */
  const pure = new Map();
  /** @type {Delayed[]} Nodes to be copied: the copies are made after what they need. */
  const nodes = [];
  const meet = (/** @type {Delayed} */ node) => {
    if (omitted.has(node) || copies.has(node)) return;
    const same = Delayed.isPure(node) ? pure.get(node.key) : undefined;
    const made = same ?? new Delayed(Delayed.task(node), Delayed.args(node), cloneKey(node, seed), undefined, node);
    copies.set(node, made);
    if (Delayed.isPure(node)) pure.set(node.key, made);
    if (!same) nodes.push(node);
  };
  for (const node of nodesIn(structure)) meet(node);
  for (let at = 0; at < nodes.length; at++) for (const input of inputsOf(nodes[at])) meet(input);
  for (const node of nodes) {
    let first = blocker !== undefined;
    const replace = (/** @type {unknown} */ leaf) => {
      const other = copies.get(leaf);
      if (other) first = false;
      return other ?? leaf;
    };
    const given = Delayed.args(node);
    const args = hasNested(node) ? /** @type {unknown[]} */ (mapLeaves(given, replace))
      : given.map((arg) => (arg instanceof Delayed ? replace(arg) : arg));
    let after = Delayed.after(node);
    if (after.length > 0) after = /** @type {Delayed[]} */ (after.map(replace));
    if (first) after = [...after, /** @type {Delayed} */ (blocker)];
    const task = Delayed.task(node);
    /* A key that was given is the first one's own. */
    Delayed.define(/** @type {Delayed} */ (copies.get(node)), task.key === undefined ? task : { ...task, key: undefined }, args, after);
  }
  return mapLeaves(structure, (leaf) => copies.get(leaf) ?? leaf);
}

/** A key that follows from the node's own and the seed. @param {Delayed} node @param {string} seed */
function cloneKey({ key }, seed) {
  /* Two hashes of 32 bits (FNV-1a with two factors, mixed at the end). */
  let low = 0x811c9dc5, high = 0x9747b28c;
  for (const text of [seed, '\0', key])
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x85ebca6b);
    }
  const hex = (/** @type {number} */ word) => ((word ^ (word >>> 15)) >>> 0).toString(16).padStart(8, '0');
  return `${nameOf(key)}-${hex(low)}${hex(high)}`;
}

/** A key without the number or hash at its end. @param {string} key */
const nameOf = (key) => /^(.+)-(?:\d+|[0-9a-f]{16})$/.exec(key)?.[1] ?? key;
