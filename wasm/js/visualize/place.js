/**
 * Where everything stands. The layout (wasm/js/layout) says how cells stand beside each other and which row each is
 * in; from that come places here, for any direction. Across is along a row, along is from the inputs to the results.
 */
import { layered, placeByDagre } from '../layout/index.js';
import { structureOf } from '../trace/structure.js';

const margin = 10;
/** From a circle to its box, and between rows: more where lines go far aside, at most so much more. */
const stem = 30, rowGap = 36, slackMin = 90;
/** So far aside goes a line that goes back. */
export const roundRoom = 30;
/** Beyond so many cells and rows that lines pass, the layout with fewer crossings takes seconds, and in a page's main
 * thread, which must go on, too long before that. */
const dagreMax = 2000, dagreMaxInPage = 800;

/**
 * @typedef {[number, number]} Point across and along
 *
 * @typedef {object} Places
 * @property {Point[]} figures middles
 * @property {Point[][]} bends of each link, where it enters a row that it passes, and where it leaves it
 * @property {number} across how large all is
 * @property {number} along
 */

/**
 * @param {import('./sketch.js').Sketch} sketch
 * @param {import('./measures.js').Measured[]} sizes of the figures
 * @param {boolean} upright whether rows lie on top of each other
 * @returns {Places}
 */
export function placesOf({ figures, cells, links }, sizes, upright) {
  if (cells.length === 0) return { figures: [], bends: [], across: 2 * margin, along: 2 * margin };
  const acrossOf = (/** @type {number} */ figure) => (figure < 0 ? 0 : upright ? sizes[figure].width : sizes[figure].height);
  const alongOf = (/** @type {number} */ figure) => (figure < 0 ? 0 : upright ? sizes[figure].height : sizes[figure].width);
  const halves = cells.map(({ circle, box }) => Math.max(acrossOf(circle), acrossOf(box)) / 2);
  const arrangement = arranged(halves, links), { x, rows, bends } = arrangement;
  const { left, right } = widthOf(arrangement, halves, links), shift = margin - left;
  const { lines, along } = rowsAlong(arrangement, cells, links, alongOf, right - left);
  /** @type {Point[]} */
  const middles = new Array(figures.length);
  cells.forEach(({ circle, box }, cell) => {
    const row = lines[rows[cell]];
    if (circle >= 0) middles[circle] = [x[cell] + shift, row.circles];
    if (box >= 0) middles[box] = [x[cell] + shift, row.boxes];
  });
  return {
    figures: middles, across: right - left + 2 * margin, along,
    bends: bends.map((route) => route.flatMap(([at, row]) => /** @type {Point[]} */ ([[at + shift, lines[row].from], [at + shift, lines[row].to]]))),
  };
}

/** @typedef {{ x: number[], rows: number[], bends: [number, number][][] }} Arrangement of cells; bends are places in rows */

/** From where to where all lies. @param {Arrangement} arrangement @param {number[]} halves @param {[number, number][]} links */
function widthOf({ x, rows, bends }, halves, links) {
  let left = Infinity, right = -Infinity;
  const reach = (/** @type {number} */ at, /** @type {number} */ half) => {
    left = Math.min(left, at - half);
    right = Math.max(right, at + half);
  };
  x.forEach((at, cell) => reach(at, halves[cell]));
  for (const route of bends) for (const [at] of route) reach(at, 0);
  /* A line of a cycle that goes back goes round on the right. */
  for (const [from, to] of links) if (rows[from] >= rows[to]) reach(Math.max(x[from] + halves[from], x[to] + halves[to]), roundRoom);
  return { left, right };
}

/**
 * Where each row lies, and in it its circles and boxes.
 * @param {Arrangement} arrangement
 * @param {import('./sketch.js').Cell[]} cells
 * @param {[number, number][]} links
 * @param {(figure: number) => number} alongOf how much of a row's height a figure takes
 * @param {number} across how wide all is: where that is much, it will be seen small, and gaps may be higher
 */
function rowsAlong({ x, rows, bends }, cells, links, alongOf, across) {
  const measures = Array.from({ length: rows.reduce((most, row) => Math.max(most, row), 0) + 1 }, () => ({ circles: 0, boxes: 0, aside: 0, links: 0 }));
  cells.forEach(({ circle, box }, cell) => {
    const row = measures[rows[cell]];
    row.circles = Math.max(row.circles, alongOf(circle));
    row.boxes = Math.max(row.boxes, alongOf(box));
  });
  links.forEach(([from, to], link) => {
    const row = measures[rows[to]];
    row.aside += Math.abs((bends[link].at(-1)?.[0] ?? x[from]) - x[to]);
    row.links++;
  });
  const slack = Math.max(slackMin, across / 6 / measures.length);
  let along = margin;
  const lines = measures.map(({ circles, boxes, aside, links }, row) => {
    const from = along + (row === 0 ? 0 : rowGap + Math.min(slack, aside / Math.max(1, links) / 6));
    const boxesFrom = from + circles + (circles > 0 && boxes > 0 ? stem : 0);
    along = boxesFrom + boxes;
    return { from, circles: from + circles / 2, boxes: boxesFrom + boxes / 2, to: along };
  });
  return { lines, along: along + margin };
}

/**
 * Rows and places in them.
 * @param {number[]} halves half of what each cell takes of its row @param {[number, number][]} links
 * @returns {Arrangement}
 */
function arranged(halves, links) {
  const depths = rowsOf(halves.length, links);
  const shape = { radii: halves, rows: depths, links };
  let work = halves.length;
  for (const [from, to] of links) work += Math.abs(depths[to] - depths[from]);
  const placement = work <= (typeof document === 'undefined' ? dagreMax : dagreMaxInPage) ? placeByDagre(shape) : layered(shape);
  /* Cells of a row stand on one line: the lines from below are the rows. */
  const bottoms = placement.circles.map(([, y], cell) => ({ y, cell }));
  const lines = [...new Set(bottoms.map(({ y }) => y))].sort((a, b) => b - a);
  const rowAt = new Map(lines.map((y, row) => [y, row]));
  const rows = bottoms.map(({ y }) => rowAt.get(y) ?? 0);
  const largest = lines.map(() => 0);
  rows.forEach((row, cell) => (largest[row] = Math.max(largest[row], halves[cell])));
  const rowFrom = new Map(lines.map((y, row) => [Math.round((y + largest[row]) * 8), row]));
  return {
    x: placement.circles.map(([x]) => x), rows,
    bends: placement.bends.map((route, link) => (rows[links[link][0]] >= rows[links[link][1]] ? [] : route).flatMap(([x, from]) => {
      const row = rowFrom.get(Math.round(from * 8));
      return row === undefined ? [] : [/** @type {[number, number]} */ ([x, row])];
    })),
  };
}

/**
 * Each cell over its inputs, and those without inputs below the first that takes them. Of a cycle's cells some stand in
 * the lowest row.
 * @param {number} count @param {[number, number][]} links
 */
function rowsOf(count, links) {
  const offsets = new Uint32Array(count + 1), inputs = new Uint32Array(links.length);
  for (const [, to] of links) offsets[to + 1]++;
  for (let cell = 0; cell < count; cell++) offsets[cell + 1] += offsets[cell];
  const next = offsets.slice();
  for (const [from, to] of links) inputs[next[to]++] = from;
  const { depths, dependentOffsets, dependents } = structureOf({ count, offsets, inputs });
  const rows = depths.slice();
  for (let cell = 0; cell < count; cell++) {
    if (offsets[cell] < offsets[cell + 1] || dependentOffsets[cell] === dependentOffsets[cell + 1]) continue;
    let nearest = Infinity;
    for (let place = dependentOffsets[cell]; place < dependentOffsets[cell + 1]; place++) nearest = Math.min(nearest, depths[dependents[place]]);
    rows[cell] = Math.max(0, nearest - 1);
  }
  return rows;
}

