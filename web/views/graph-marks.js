/**
 * Which tasks of a graph are stressed: the one that is selected, those that it needs, those that need it, the critical
 * path, and what a search has found. Typed arrays and no recursion, so that it works for a million tasks. No DOM.
 */

/** Why a task is stressed: bits. */
export const SELECTED = 1, ANCESTOR = 2, DESCENDANT = 4, CRITICAL = 8, MATCH = 16;

/** Of very many relatives the nearest are stressed. */
export const relativesLimit = 250_000;

/**
 * @typedef {object} Edges both ways; of task i at offsets[i] … offsets[i + 1]
 * @property {Uint32Array} offsets
 * @property {Uint32Array} inputs
 * @property {Uint32Array} dependentOffsets
 * @property {Uint32Array} dependents
 *
 * @typedef {object} Marks
 * @property {Uint8Array} of each task: bits
 * @property {Uint32Array} lit the tasks that are selected, relatives or on the critical path
 * @property {Uint32Array} ringed the one that is selected and those that a search has found
 * @property {boolean} fades what is not lit is drawn faintly
 * @property {number} ancestors
 * @property {number} descendants
 */

/**
 * @param {number} count
 * @param {Edges} edges
 * @param {{ selected: number | null, critical: ArrayLike<number> | null, matches: ArrayLike<number> }} wanted
 * @returns {Marks}
 */
export function marksOf(count, edges, { selected, critical, matches }) {
  const of = new Uint8Array(count), lit = new Uint32Array(count);
  let length = 0;
  const add = (/** @type {number} */ task, /** @type {number} */ bit) => {
    if ((of[task] & ~MATCH) === 0) lit[length++] = task;
    of[task] |= bit;
  };
  let ancestors = 0, descendants = 0;
  if (selected !== null && selected < count) {
    add(selected, SELECTED);
    ancestors = spread(selected, edges.offsets, edges.inputs, of, add, ANCESTOR);
    descendants = spread(selected, edges.dependentOffsets, edges.dependents, of, add, DESCENDANT);
  }
  for (let at = 0; critical && at < critical.length; at++) add(critical[at], CRITICAL);
  for (let at = 0; at < matches.length; at++) of[matches[at]] |= MATCH;
  const ringed = Uint32Array.from([...(selected === null ? [] : [selected]), ...Array.from(matches)]);
  return { of, ringed, lit: lit.slice(0, length), fades: length > 0, ancestors, descendants };
}

/**
 * Goes from a task along edges, nearest first.
 * @param {number} from @param {Uint32Array} offsets @param {Uint32Array} ends @param {Uint8Array} of
 * @param {(task: number, bit: number) => void} add @param {number} bit
 */
function spread(from, offsets, ends, of, add, bit) {
  /** @type {number[]} */
  const queue = [from];
  for (let head = 0; head < queue.length && queue.length < relativesLimit; head++) {
    const task = queue[head];
    for (let at = offsets[task]; at < offsets[task + 1]; at++) {
      if (of[ends[at]] & bit) continue;
      add(ends[at], bit);
      queue.push(ends[at]);
    }
  }
  return queue.length - 1;
}

/** @typedef {'up' | 'down' | 'left' | 'right'} Direction */

/**
 * The task that is next to one: up among those that take its result, down among its inputs, the nearest to it; left and
 * right in its row.
 * @param {number} task
 * @param {Direction} direction
 * @param {Edges} edges
 * @param {(task: number) => { x: number, y: number }} placeOf
 * @param {(task: number, side: 1 | -1) => number | null} besides
 * @returns {number | null}
 */
export function neighbourOf(task, direction, edges, placeOf, besides) {
  if (direction === 'left' || direction === 'right') return besides(task, direction === 'left' ? -1 : 1);
  const [offsets, ends] = direction === 'up' ? [edges.dependentOffsets, edges.dependents] : [edges.offsets, edges.inputs];
  const { x } = placeOf(task);
  let nearest = null, least = Infinity;
  for (let at = offsets[task]; at < offsets[task + 1]; at++) {
    const distance = Math.abs(placeOf(ends[at]).x - x);
    if (distance < least) [least, nearest] = [distance, ends[at]];
  }
  return nearest;
}
