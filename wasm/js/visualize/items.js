/** What is drawn: the tasks and values that a structure or a raw graph is made of. Nothing runs. */
import { builtins } from '../builtins.js';
import { findInside, isPlainObject } from '../containers.js';
import { Delayed } from '../delayed.js';
import { OptionError } from '../errors.js';
import { nodesOf } from '../get.js';
import { optimize } from '../optimize.js';
import { LITERAL, Recording, distinct } from '../record.js';
import { fusedOf } from './fused.js';
import { indexOf, prefixOf } from './labels.js';

/**
 * @typedef {object} Item
 * @property {string} key
 * @property {string} name the key without its hash and number
 * @property {string | null} index which chunk it is, if its key is a tuple
 * @property {boolean} task whether something is called: it is a circle with a box, otherwise a box
 * @property {number[]} inputs the items that it needs, each once
 *
 * @typedef {object} Drawn
 * @property {Item[]} items
 * @property {Recording} recording
 * @property {Int32Array} itemOf the item of a task of the recording, -1: it is part of another, or is not run
 * @property {boolean} optimized whether items are what is left after all passes
 */

/** Whether a node holds a value, or stands for others, so that nothing is called. @param {Delayed} node */
const isValue = (node) => Delayed.task(node).fn === builtins.value;

/** Whether something is a raw graph and no structure with Delayed inside. @param {unknown} subject */
function isRawGraph(subject) {
  if (!(subject instanceof Map) && !isPlainObject(subject)) return false;
  const values = subject instanceof Map ? [...subject.values()] : Object.values(/** @type {object} */ (subject));
  return values.some((value) => Array.isArray(value) && typeof value[0] === 'function') || findInside(subject, Delayed).length === 0;
}

/**
 * @param {unknown} subject a structure with Delayed inside, or a raw graph
 * @param {boolean} optimized
 * @returns {Promise<Drawn>}
 * @throws {OptionError} if there is nothing to draw; what `get` throws of a raw graph
 */
export async function itemsOf(subject, optimized) {
  if (isRawGraph(subject)) return ofRawGraph(/** @type {import('../get.js').RawGraph} */ (subject));
  const nodes = findInside(optimized ? optimize(subject) : subject, Delayed);
  if (nodes.length === 0)
    throw new OptionError('visualize takes a Delayed, a structure with Delayed inside, or a raw graph such as { x: 1, y: [inc, "x"] }, but there is no Delayed in what it got.', { option: 'structure' });
  const recording = new Recording(distinct(nodes).wanted);
  recording.walk();
  const drawn = drawnOf(recording, recording.nodes, new Map());
  return optimized ? fusedOf(drawn) : drawn;
}

/** A raw graph's keys. A task inside another's arguments is part of it, as in Dask. @param {import('../get.js').RawGraph} graph */
function ofRawGraph(graph) {
  const { entries } = nodesOf(graph);
  /* Every key is wanted: which of them a program would ask for is not known. */
  const recording = new Recording(entries.map(({ node }) => node));
  recording.walk();
  /** @type {Map<Delayed, readonly unknown[]>} */
  const tuples = new Map();
  for (const { key, node } of entries) if (Array.isArray(key)) tuples.set(node, key);
  return drawnOf(recording, entries.map(({ node }) => node), tuples);
}

/** @param {Recording} recording @param {Delayed[]} nodes the first of its nodes @param {Map<Delayed, readonly unknown[]>} tuples */
function drawnOf(recording, nodes, tuples) {
  const itemOf = new Int32Array(recording.nodes.length).fill(-1);
  for (let task = 0; task < nodes.length; task++) itemOf[task] = task;
  const items = nodes.map((node, task) => {
    const { key } = node, tuple = tuples.get(node);
    return {
      key, name: prefixOf(tuple ? firstOf(tuple) : key), index: tuple ? indexOf(tuple) : null, task: !isValue(node),
      inputs: inputsOf(recording, task, nodes.length),
    };
  });
  return { items, recording, itemOf, optimized: false };
}

/** What a tuple is called by. @param {readonly unknown[]} tuple @returns {string} */
const firstOf = (tuple) => (typeof tuple[0] === 'string' ? tuple[0] : '');

/** The items that a task needs, by itself or by tasks that are part of it. @param {Recording} recording @param {number} task @param {number} items */
function inputsOf(recording, task, items) {
  const offsets = recording.argOffsets.view, words = recording.args.view;
  /** @type {Set<number>} */
  const inputs = new Set();
  const open = [task], entered = new Set(open);
  for (let at = 0; at < open.length; at++)
    for (let place = offsets[open[at]]; place < offsets[open[at] + 1]; place++) {
      const word = words[place];
      if (word >= LITERAL) continue;
      if (word < items) inputs.add(word);
      else if (!entered.has(word)) {
        entered.add(word);
        open.push(word);
      }
    }
  return [...inputs];
}
