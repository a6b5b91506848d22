/**
 * Long computations in slices: a generator that yields now and then, and returns what it has found. A page goes on with it
 * some milliseconds a frame; who can wait finishes it at once.
 */

/** So many tasks are a slice: well below a millisecond. */
export const SLICE = 8192;

/** @template T @param {Generator<void, T, void>} steps @returns {T} */
export function finish(steps) {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
