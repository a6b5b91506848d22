/** `compute`: from a structure with Delayed nodes in it to the same structure with results. */
import { findInside, isContainer, mapLeaves } from './containers.js';
import { Delayed } from './delayed.js';
import { asValues, execute, executeNow, withResults } from './execute.js';
import { checkOptions } from './options.js';
import { Recording, distinct } from './record.js';

/** @typedef {import('./execute.js').ComputeOptions} ComputeOptions */

/** @param {unknown} structure @param {unknown[]} results @param {Map<Delayed, number>} places */
export function rebuild(structure, results, places) {
  return mapLeaves(structure, (leaf) => (leaf instanceof Delayed ? results[/** @type {number} */ (places.get(leaf))] : leaf));
}

/** What a structure needs, and the place of each of its nodes among the outputs. @param {unknown} structure */
export function prepare(structure) {
  const { wanted, places } = distinct(findInside(structure, Delayed));
  return { recording: new Recording(wanted), places };
}

/** Whether an array has nodes, and nothing but nodes. @param {unknown[]} array */
function isListOfNodes(array) {
  for (const item of array) if (!(item instanceof Delayed)) return false;
  return Object.keys(array).length === array.length;
}

/** The same, with a way back to the structure. @param {unknown} structure */
function plan(structure) {
  if (Array.isArray(structure) && isContainer(structure) && isListOfNodes(structure)) {
    const recording = new Recording(structure);
    /* Mostly each stands there once: then results need no table to find their places. */
    if (recording.outputs.length === recording.nodes.length) return { recording, finish: (/** @type {any[]} */ results) => results };
  }
  const { recording, places } = prepare(structure);
  return { recording, finish: (/** @type {any[]} */ results) => rebuild(structure, results, places) };
}

/**
 * Runs everything that a structure needs, each part once, and gives the structure with results in place
 * of its Delayed nodes.
 * @template T
 * @param {T} structure a Delayed, or arrays, plain objects, Maps, Sets with Delayed inside, at any depth
 * @param {ComputeOptions} [options]
 * @returns {Promise<any>}
 * @throws the error of the first task that fails, as that task threw it, with `error.task` added;
 *   CycleError, DuplicateKeyError, FunctionError, ValueError, OptionError, OutOfMemoryError, CancelledError
 * @example
 * const x = delayed((a) => a + 1)(1);
 * await compute({ x, twice: [x, x] }); // { x: 2, twice: [2, 2] }
 */
export async function compute(structure, options = {}) {
  checkOptions(/** @type {any} */ (options));
  const { recording, finish } = plan(structure);
  try {
    return finish(recording.outputs.length ? await execute(recording, options, asValues) : []);
  } catch (error) {
    throw withResults(error, finish);
  }
}

/**
 * The same, and waits for it: in Node.js, and with `scheduler: 'sync'` in pages.
 * @template T
 * @param {T} structure
 * @param {ComputeOptions} [options]
 * @returns {any}
 */
export function computeSync(structure, options = {}) {
  checkOptions(/** @type {any} */ (options));
  const { recording, finish } = plan(structure);
  try {
    return finish(recording.outputs.length ? executeNow(recording, options, asValues) : []);
  } catch (error) {
    throw withResults(error, finish);
  }
}

Delayed.compute = compute;
Delayed.computeSync = computeSync;
