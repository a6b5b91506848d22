/** Sorts by a key in slices: a natural merge sort, which takes one pass over what is in order already, and can pause. */

/** So many steps between two chances to pause. */
export const SLICE = 2048;

/**
 * @param {Float64Array} keys
 * @returns {Generator<void, Uint32Array>} places in `keys`, by key; equal keys stay in order
 */
export function* orderOf(keys) {
  const { length } = keys;
  let from = new Uint32Array(length), into = new Uint32Array(length);
  /** @type {number[]} */
  let runs = [];
  for (let at = 0; at < length; at++) {
    if (at === 0 || keys[at] < keys[at - 1]) runs.push(at);
    from[at] = at;
    if (at % SLICE === 0) yield;
  }
  while (runs.length > 1) {
    /** @type {number[]} */
    const merged = [];
    for (let run = 0; run < runs.length; run += 2) {
      const middle = runs[run + 1] ?? length, end = runs[run + 2] ?? length;
      merged.push(runs[run]);
      let left = runs[run], right = middle;
      for (let at = left; at < end; at++) {
        into[at] = left < middle && (right >= end || keys[from[left]] <= keys[from[right]]) ? from[left++] : from[right++];
        if (at % SLICE === 0) yield;
      }
    }
    [from, into] = [into, from];
    runs = merged;
  }
  return from;
}
