/**
 * Where things stand: the measures of a cell, and a placement made of the order that a layout found.
 * Inputs are at the bottom, the result is on top. No DOM, and nothing but numbers, so that it crosses to
 * a worker and back.
 */

export const boxWidth = 50;
export const boxHeight = 30;
export const cellGap = 16;
/** Around the whole drawing: room for the ring of a running circle. */
const margin = 10;
/** A drawing of more rows than this stands closer together, so that more of it can be read. */
const manyRows = 5;
/** So much higher may the gap between two rows become, at least, when the lines between them are long. */
const leastSlack = 90;

/**
 * @typedef {object} Shape
 * @property {ArrayLike<number>} radii of the cells' circles
 * @property {Uint32Array} rows of the cells: their depths
 * @property {[number, number][]} links
 * @property {boolean} [collapsed] without boxes: lines go from circle to circle
 *
 * @typedef {object} Found
 * @property {number[]} x of the cells' middles
 * @property {number[]} rows of the cells, from the bottom
 * @property {[number, number][][]} bends for each link, x and row of each row that it passes on its way up
 *
 * @typedef {object} Placement
 * @property {number} width
 * @property {number} height
 * @property {[number, number][]} circles the middle of each cell's circle
 * @property {[number, number][]} boxes the middle of each cell's box; without boxes the top of its circle
 * @property {[number, number, number][][]} bends for each link, where it passes rows: x, from y, up to y
 */

/** @param {number} radius */
export function cellWidth(radius) {
  return Math.max(2 * radius, boxWidth);
}

/**
 * Gives each row the height that its largest circle needs; circles and boxes of a row stand on lines.
 * @param {Shape} shape
 * @param {Found} found
 * @returns {Placement}
 */
export function laidOut({ radii, links, collapsed = false }, { x, rows, bends }) {
  /** @type {number[]} */
  const largest = [];
  let [left, right] = [Infinity, -Infinity];
  rows.forEach((row, cell) => {
    largest[row] = Math.max(largest[row] ?? 0, radii[cell]);
    left = Math.min(left, x[cell] - cellWidth(radii[cell]) / 2);
    right = Math.max(right, x[cell] + cellWidth(radii[cell]) / 2);
  });
  for (const route of bends) {
    for (const [at] of route) {
      left = Math.min(left, at);
      right = Math.max(right, at);
    }
  }
  if (x.length === 0) return { width: 0, height: 0, circles: [], boxes: [], bends: [] };

  const close = largest.length > manyRows;
  // From a circle to its box, and from a row of boxes to the circles above: more where lines go far aside.
  const stemGap = close ? 20 : 26, top = collapsed ? 0 : boxHeight + stemGap;
  const reach = rows.map(() => ({ sum: 0, count: 0 }));
  links.forEach(([from, to], link) => {
    const gap = reach[rows[to]];
    gap.sum += Math.abs((bends[link].at(-1)?.[0] ?? x[from]) - x[to]);
    gap.count++;
  });
  // A drawing that is very wide will be seen small: its gaps may be higher.
  const slack = Math.max(leastSlack, (right - left) / 8 / largest.length);
  /** @param {number} row */
  const gapBelow = (row) => (close ? 32 : 44) + Math.min(slack, reach[row].sum / Math.max(1, reach[row].count) / 8);
  /** @type {number[]} */
  const tops = [];
  let y = margin;
  for (let row = largest.length - 1; row >= 0; row--) {
    largest[row] ??= 0;
    tops[row] = y;
    y += top + 2 * largest[row] + (row > 0 ? gapBelow(row) : margin);
  }
  const dx = margin - left;
  /** @param {number} row */
  const bottom = (row) => tops[row] + top + 2 * largest[row];
  return {
    width: right - left + 2 * margin,
    height: y,
    circles: x.map((at, cell) => [at + dx, bottom(rows[cell]) - largest[rows[cell]]]),
    boxes: x.map((at, cell) => [at + dx, collapsed ? bottom(rows[cell]) - largest[rows[cell]] - radii[cell] : tops[rows[cell]] + boxHeight / 2]),
    bends: bends.map((route) => route.map(([at, row]) => [at + dx, bottom(row), tops[row]])),
  };
}
