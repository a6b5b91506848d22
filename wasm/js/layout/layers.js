/**
 * The layers of a large graph: a place for each task, in time linear in tasks and edges, all in typed arrays. Rows are
 * longest paths, rows are ordered by the mean place of their neighbours (Sugiyama, Tagawa and Toda 1981), and nothing is
 * added for long edges. A row that is too long to be looked at is folded: it fills several lines column by column, so
 * that from left to right its order stays. A graph that is very tall goes on beside itself, as columns of text do.
 */
import { structureOf } from '../trace/structure.js';

/** A place is this much higher than it is wide, and a picture should be about this much wider than high. */
const steep = 1.8, wide = 1.9;
const leastWidth = 40;
/** Beyond this height for its width a picture goes on in the next column. */
const tall = 12;
/** Up, down, up, down, up: it ends with tasks over the middle of their inputs. */
const orderSweeps = 6, placeSweeps = 3;

/**
 * @typedef {Pick<import('../watch.js').WatchedGraph, 'count' | 'offsets' | 'inputs'>} Edges
 *
 * @typedef {object} Layers lengths in places: x from the left, y from the bottom
 * @property {number} width
 * @property {number} height
 * @property {number} columns the picture has, side by side; 1 but for very tall graphs
 * @property {Float32Array} x the middle of each task's place
 * @property {Float32Array} y
 * @property {Uint32Array} order tasks by layer, each layer from left to right
 * @property {Uint32Array} starts where each layer begins in `order`, and at last its length
 * @property {Uint32Array} rows the layer of each task
 * @property {Uint32Array} folds of each layer: into how many lines
 * @property {Float32Array} bottoms of each layer: y of its lowest line
 * @property {import('../trace/structure.js').Structure} structure
 */

/**
 * @param {Edges} graph
 * @returns {Layers}
 */
export function placeInLayers(graph) {
  const structure = structureOf(graph), rows = rowsOf(graph, structure);
  const { order, starts } = byRow(rows);
  const x = new Float32Array(graph.count), y = new Float32Array(graph.count);
  const most = Math.max(leastWidth, Math.ceil(Math.sqrt(graph.count * steep * wide)));
  const folds = new Uint32Array(starts.length - 1);
  for (let row = 0; row < folds.length; row++) folds[row] = Math.max(1, Math.ceil((starts[row + 1] - starts[row]) / most));
  const both = { up: { offsets: graph.offsets, of: graph.inputs }, down: { offsets: structure.dependentOffsets, of: structure.dependents } };
  sortRows(order, starts, x, both);
  placeRows(order, starts, folds, x, both);
  const { bottoms, columns, width, height } = stack(graph, order, starts, folds, x, y);
  return { width, height, columns, x, y, rows, order, starts, folds, bottoms, structure };
}

/**
 * Depths, but a task without inputs stands right below the first that takes it, not at the bottom of everything.
 * @param {Edges} graph @param {import('../trace/structure.js').Structure} structure
 */
function rowsOf({ count, offsets }, { depths, dependentOffsets, dependents }) {
  const rows = depths.slice();
  for (let task = 0; task < count; task++) {
    if (offsets[task + 1] > offsets[task] || dependentOffsets[task + 1] === dependentOffsets[task]) continue;
    let least = Infinity;
    for (let at = dependentOffsets[task]; at < dependentOffsets[task + 1]; at++) least = Math.min(least, depths[dependents[at]]);
    rows[task] = Math.max(0, least - 1);
  }
  return rows;
}

/** @param {Uint32Array} rows of tasks */
function byRow(rows) {
  let highest = -1;
  for (let task = 0; task < rows.length; task++) if (rows[task] > highest) highest = rows[task];
  const starts = new Uint32Array(highest + 2), order = new Uint32Array(rows.length);
  for (let task = 0; task < rows.length; task++) starts[rows[task] + 1]++;
  for (let row = 0; row <= highest; row++) starts[row + 1] += starts[row];
  const next = starts.slice();
  for (let task = 0; task < rows.length; task++) order[next[rows[task]]++] = task;
  return { order, starts };
}

/**
 * @typedef {{ offsets: Uint32Array, of: Uint32Array }} Neighbours
 * @typedef {{ up: Neighbours, down: Neighbours }} Both `up`: those below, which count when going up
 */

/** The mean x of a task's neighbours, or its own. @param {Neighbours} neighbours @param {number} task @param {Float32Array} x */
function meanOf({ offsets, of }, task, x) {
  const from = offsets[task], to = offsets[task + 1];
  if (from === to) return x[task];
  let sum = 0;
  for (let at = from; at < to; at++) sum += x[of[at]];
  return sum / (to - from);
}

/** Orders each row; until the places are known, x runs from 0 to 1 in every row. @param {Uint32Array} order @param {Uint32Array} starts @param {Float32Array} x @param {Both} both */
function sortRows(order, starts, x, both) {
  const rows = starts.length - 1, wished = new Float64Array(order.length);
  const spread = (/** @type {number} */ row) => {
    const from = starts[row], to = starts[row + 1];
    for (let at = from; at < to; at++) x[order[at]] = (at - from + 0.5) / (to - from);
  };
  for (let row = 0; row < rows; row++) spread(row);
  const sorter = new BucketSort(order.length);
  for (let sweep = 0; sweep < orderSweeps; sweep++) {
    const up = sweep % 2 === 0, neighbours = up ? both.up : both.down;
    for (let step = 0; step < rows; step++) {
      const row = up ? step : rows - 1 - step, from = starts[row], to = starts[row + 1];
      if (to - from < 2) continue;
      for (let at = from; at < to; at++) wished[at] = meanOf(neighbours, order[at], x);
      sorter.sort(order, wished, from, to);
      spread(row);
    }
  }
}

/** Sorts a part of an array by keys, stably and in linear time: keys that are nearly equal keep their order. */
class BucketSort {
  #starts; #sorted;
  /** @param {number} most */
  constructor(most) {
    this.#starts = new Uint32Array(2 * most + 2);
    this.#sorted = new Uint32Array(most);
  }

  /** @param {Uint32Array} items @param {Float64Array} keys @param {number} from @param {number} to */
  sort(items, keys, from, to) {
    let least = Infinity, most = -Infinity;
    for (let at = from; at < to; at++) {
      if (keys[at] < least) least = keys[at];
      if (keys[at] > most) most = keys[at];
    }
    if (!(most > least)) return;
    const buckets = 2 * (to - from), scale = (buckets - 1) / (most - least), starts = this.#starts;
    starts.fill(0, 0, buckets + 1);
    for (let at = from; at < to; at++) starts[((keys[at] - least) * scale | 0) + 1]++;
    for (let bucket = 0; bucket < buckets; bucket++) starts[bucket + 1] += starts[bucket];
    for (let at = from; at < to; at++) this.#sorted[starts[(keys[at] - least) * scale | 0]++] = items[at];
    items.set(this.#sorted.subarray(0, to - from), from);
  }
}

/**
 * From now on x is in places. Folded rows fill their columns; the others stand over their inputs or under their readers.
 * @param {Uint32Array} order @param {Uint32Array} starts @param {Uint32Array} folds @param {Float32Array} x @param {Both} both
 */
function placeRows(order, starts, folds, x, both) {
  const rows = folds.length;
  let widest = 0;
  for (let row = 0; row < rows; row++) widest = Math.max(widest, Math.ceil((starts[row + 1] - starts[row]) / folds[row]));
  for (let row = 0; row < rows; row++) {
    const from = starts[row], to = starts[row + 1], left = (widest - Math.ceil((to - from) / folds[row])) / 2;
    for (let at = from; at < to; at++) x[order[at]] = left + Math.floor((at - from) / folds[row]) + 0.5;
  }
  const right = new Float64Array(widest), pushed = new Float64Array(widest);
  for (let sweep = 0; sweep < placeSweeps; sweep++) {
    const up = sweep % 2 === 0, neighbours = up ? both.up : both.down;
    for (let step = 0; step < rows; step++) {
      const row = up ? step : rows - 1 - step, from = starts[row], count = starts[row + 1] - from;
      if (folds[row] > 1) continue;
      for (let at = 0; at < count; at++) right[at] = pushed[at] = meanOf(neighbours, order[from + at], x);
      for (let at = 1; at < count; at++) right[at] = Math.max(right[at], right[at - 1] + 1);
      for (let at = count - 1; at > 0; at--) pushed[at - 1] = Math.min(pushed[at - 1], pushed[at] - 1);
      for (let at = 0; at < count; at++) x[order[from + at]] = (right[at] + pushed[at]) / 2;
    }
  }
}

/**
 * Puts the layers above each other, further apart where edges go far aside, and cuts a very tall picture into columns.
 * @param {Edges} graph @param {Uint32Array} order @param {Uint32Array} starts @param {Uint32Array} folds @param {Float32Array} x @param {Float32Array} y
 */
function stack(graph, order, starts, folds, x, y) {
  const rows = folds.length, bottoms = new Float32Array(rows);
  let left = Infinity, right = -Infinity, total = 0;
  for (let task = 0; task < x.length; task++) {
    if (x[task] < left) left = x[task];
    if (x[task] > right) right = x[task];
  }
  const across = rows === 0 ? 0 : right - left + 1;
  for (let row = 0; row < rows; row++) {
    if (row > 0) total += reachOf(graph, order, starts[row], starts[row + 1], x, across) + (folds[row] > 1 ? Math.min(12, folds[row] / 4) : 0);
    bottoms[row] = total;
    total += folds[row];
  }
  const cut = total * steep > tall * across && rows > leastWidth;
  const columns = cut ? Math.max(1, Math.round(Math.sqrt((total * steep * wide) / (across + 2)))) : 1;
  const each = total / columns;
  let column = 0, floor = 0, height = 0;
  for (let row = 0; row < rows; row++) {
    if (column < columns - 1 && bottoms[row] >= (column + 1) * each) {
      column++;
      floor = bottoms[row];
    }
    bottoms[row] -= floor;
    height = Math.max(height, bottoms[row] + folds[row]);
    const aside = column * (across + 2) - left + 0.5;
    for (let at = starts[row]; at < starts[row + 1]; at++) {
      const task = order[at];
      x[task] += aside;
      y[task] = bottoms[row] + ((at - starts[row]) % folds[row]) + 0.5;
    }
  }
  return { bottoms, columns: column + 1, width: rows === 0 ? 0 : (column + 1) * (across + 2) - 2, height };
}

/** How much higher the gap below a layer is than usual: up to 3 places. @param {Edges} graph @param {Uint32Array} order
 * @param {number} from @param {number} to @param {Float32Array} x @param {number} across */
function reachOf({ offsets, inputs }, order, from, to, x, across) {
  let sum = 0, edges = 0;
  for (let at = from; at < to; at++) {
    const task = order[at];
    for (let edge = offsets[task]; edge < offsets[task + 1]; edge++) sum += Math.abs(x[inputs[edge]] - x[task]);
    edges += offsets[task + 1] - offsets[task];
  }
  return edges === 0 ? 0 : Math.min(3, across / 8, sum / edges / 8);
}
