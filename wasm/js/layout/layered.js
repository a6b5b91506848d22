/**
 * A simple layered layout: each cell in the row of its depth, rows ordered by the mean place of their
 * neighbours (Sugiyama, Tagawa and Toda 1981), long links led through the rows between. It is quick
 * enough to run where it is called, draws groups, and stands in when the other layout cannot run.
 */
import { cellGap, cellWidth, laidOut } from './placement.js';

const lanesLimit = 3000;
const laneWidth = 6;
/** An odd number: the last sweep goes up, so that cells stand over the middle of their inputs. */
const sweeps = 9;

/**
 * @typedef {{ cell: number, width: number, x: number, below: Item[], above: Item[] }} Item cell is -1 for the
 * place where a long link passes a row
 */

/**
 * @param {import('./placement.js').Shape} shape
 * @returns {import('./placement.js').Placement}
 */
export function layered(shape) {
  /** @type {Item[][]} */
  const rows = [];
  /** @type {Item[]} */
  const items = [];
  /** @param {number} row @param {number} cell @param {number} width */
  const add = (row, cell, width) => {
    const item = { cell, width, x: 0, below: [], above: [] };
    (rows[row] ??= []).push(item);
    return item;
  };
  shape.rows.forEach((row, cell) => items.push(add(row, cell, cellWidth(shape.radii[cell]))));
  for (let row = 0; row < rows.length; row++) rows[row] ??= [];

  let lanes = 0;
  for (const [from, to] of shape.links) lanes += Math.max(0, shape.rows[to] - shape.rows[from] - 1);
  const routes = shape.links.map(([from, to]) => {
    /** @type {{ row: number, item: Item }[]} */
    const passed = [];
    let last = items[from];
    for (let row = shape.rows[from] + 1; lanes <= lanesLimit && row < shape.rows[to]; row++) {
      const item = add(row, -1, laneWidth);
      passed.push({ row, item });
      join(last, item);
      last = item;
    }
    join(last, items[to]);
    return passed;
  });

  for (const row of rows) spread(row, row.map((_, place) => place));
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const upwards = sweep % 2 === 0;
    for (const row of upwards ? rows : rows.slice().reverse()) {
      const wished = new Map(row.map((item) => [item, mean(upwards ? item.below : item.above, item.x)]));
      // The first sweeps find the order; the last ones keep it and only move things sideways.
      if (sweep < sweeps - 2) row.sort((a, b) => (wished.get(a) ?? 0) - (wished.get(b) ?? 0));
      spread(row, row.map((item) => wished.get(item) ?? 0));
    }
  }

  return laidOut(shape, {
    x: items.map((item) => item.x),
    rows: Array.from(shape.rows),
    bends: routes.map((passed) => passed.map(({ row, item }) => [item.x, row])),
  });
}

/** @param {Item} lower @param {Item} upper */
function join(lower, upper) {
  lower.above.push(upper);
  upper.below.push(lower);
}

/** @param {Item[]} items @param {number} otherwise */
function mean(items, otherwise) {
  if (items.length === 0) return otherwise;
  let sum = 0;
  for (const item of items) sum += item.x;
  return sum / items.length;
}

/**
 * Places a row near the wished places, in its order and without overlaps: the mean of pushing everything
 * to the right and pushing everything to the left, each of which keeps the distances.
 * @param {Item[]} row
 * @param {number[]} wished
 */
function spread(row, wished) {
  /** @param {number} place */
  const apart = (place) => (row[place - 1].width + row[place].width) / 2 + cellGap;
  const right = wished.slice();
  const left = wished.slice();
  for (let place = 1; place < row.length; place++) right[place] = Math.max(right[place], right[place - 1] + apart(place));
  for (let place = row.length - 1; place > 0; place--) left[place - 1] = Math.min(left[place - 1], left[place] - apart(place));
  row.forEach((item, place) => { item.x = (right[place] + left[place]) / 2; });
}
