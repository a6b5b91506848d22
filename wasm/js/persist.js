/** `persist`: results that stay in memory, as nodes that later computations start from. */
import { builtins } from './builtins.js';
import { prepare, rebuild } from './compute.js';
import { findInside } from './containers.js';
import { Delayed, taskFunction } from './delayed.js';
import { asHeld, execute, withResults } from './execute.js';
import { Held } from './held.js';
import { checkOptions } from './options.js';

/**
 * Computes what a structure needs, and gives the structure with Delayed that have their results in place of those
 * that are still to be computed. They have the same keys. The results stay in memory until they are released; they
 * outlive the threads that made them.
 * @template T
 * @param {T} structure a Delayed, or arrays, plain objects, Maps, Sets with Delayed inside
 * @param {import('./execute.js').ComputeOptions} [options]
 * @returns {Promise<T>}
 * @throws what `compute` throws
 * @example
 * const table = await load('file').persist();
 * await compute({ mean: mean(table), max: max(table) }); // loads nothing
 * table.release();
 */
export async function persist(structure, options = {}) {
  checkOptions(/** @type {any} */ (options));
  const { recording, places } = prepare(structure);
  if (!recording.outputs.length) return structure;
  const wanted = [...places].map(([node]) => node);
  try {
    const results = await execute(recording, options, asHeld);
    const nodes = new Map(wanted.map((node) => [node, keep(node, results[/** @type {number} */ (places.get(node))])]));
    return /** @type {T} */ (rebuild(structure, wanted.map((node) => nodes.get(node)), new Map(wanted.map((node, place) => [node, place]))));
  } catch (error) {
    throw withResults(error, (results) => rebuild(structure, results, places));
  }
}

/** @param {Delayed} node @param {Held} held */
function keep(node, held) {
  const { name } = Delayed.task(node);
  return new Delayed(taskFunction(builtins.value, name, { nout: node.length }), [held], node.key);
}

/**
 * Gives back the memory of results that `persist` has kept. Who computes with them later gets an error.
 * @param {...unknown} structures what `persist` gave: others are left alone
 */
export function release(...structures) {
  for (const node of findInside(structures, Delayed))
    for (const arg of Delayed.args(node)) if (arg instanceof Held) arg.release();
}

Delayed.persist = persist;
Delayed.release = release;
