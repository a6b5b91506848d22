/** What follows from a graph's edges alone: dependents, an order, depths. Linear in tasks and edges, no recursion. */
import { SLICE, finish } from './slices.js';

/**
 * @typedef {Pick<import('../watch.js').WatchedGraph, 'count' | 'offsets' | 'inputs'>} Edges
 *
 * @typedef {object} Structure
 * @property {Uint32Array} order every task after its inputs; shorter than the graph if that has a cycle
 * @property {Uint32Array} depths 0 for a task without inputs, else one more than its deepest input
 * @property {Uint32Array} dependentOffsets `count + 1` places in `dependents`
 * @property {Uint32Array} dependents who takes task i's result, at dependentOffsets[i] … dependentOffsets[i + 1]; one
 *   that takes it twice stands there twice
 */

/**
 * Longest paths from the tasks without inputs, by Kahn's order (1962).
 * @param {Edges} graph
 * @returns {Structure}
 */
export function structureOf(graph) {
  return finish(structureInSlices(graph));
}

/** @param {Edges} graph @returns {Generator<void, Structure, void>} */
export function* structureInSlices({ count, offsets, inputs }) {
  const missing = new Uint32Array(count), dependentOffsets = new Uint32Array(count + 1);
  for (let edge = 0; edge < offsets[count]; edge++) {
    dependentOffsets[inputs[edge] + 1]++;
    if (edge % SLICE === SLICE - 1) yield;
  }
  for (let task = 0; task < count; task++) dependentOffsets[task + 1] += dependentOffsets[task];
  const dependents = new Uint32Array(offsets[count]), next = dependentOffsets.slice();
  const order = new Uint32Array(count);
  let found = 0;
  for (let task = 0; task < count; task++) {
    missing[task] = offsets[task + 1] - offsets[task];
    if (missing[task] === 0) order[found++] = task;
    for (let edge = offsets[task]; edge < offsets[task + 1]; edge++) dependents[next[inputs[edge]]++] = task;
    if (task % SLICE === SLICE - 1) yield;
  }
  const depths = new Uint32Array(count);
  for (let at = 0; at < found; at++) {
    const task = order[at];
    for (let edge = dependentOffsets[task]; edge < dependentOffsets[task + 1]; edge++) {
      const dependent = dependents[edge];
      depths[dependent] = Math.max(depths[dependent], depths[task] + 1);
      if (--missing[dependent] === 0) order[found++] = dependent;
    }
    if (at % SLICE === SLICE - 1) yield;
  }
  return { order: order.subarray(0, found), depths, dependentOffsets, dependents };
}
