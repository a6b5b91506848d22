/** `compute`: from a structure with Delayed nodes in it to the same structure with results. */
import { findInside, mapLeaves } from './containers.js';
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
  const { recording, places } = prepare(structure);
  try {
    return rebuild(structure, recording.outputs.length ? await execute(recording, options, asValues) : [], places);
  } catch (error) {
    throw withResults(error, (results) => rebuild(structure, results, places));
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
  const { recording, places } = prepare(structure);
  try {
    return rebuild(structure, recording.outputs.length ? executeNow(recording, options, asValues) : [], places);
  } catch (error) {
    throw withResults(error, (results) => rebuild(structure, results, places));
  }
}

Delayed.compute = compute;
Delayed.computeSync = computeSync;
