/**
 * What is drawn of a graph. A *cell* is one circle (calls) with the box of its result above it; a *link*
 * goes from the box of one cell to the circle of another. A small graph has a cell for each task; a large
 * one has a cell for each function at each depth, and a sentence that says so. No DOM.
 */
import { CANCELLED, counted, countedNoun, DONE, ERRED, READY, RELEASED, RUNNING, taskStates, WAITING } from 'heddle/trace';

/** Up to so many tasks, and links between them, each is drawn on its own. */
export const taskLimit = 400;
export const linkLimit = 2000;
/** Beyond, there are at most so many groups, in so many rows: more could not be read. */
const groupLimit = 120;
const groupRows = 16;

const smallestRadius = 22;
const widestLabel = 76;
/** Around the circle of a group goes the arc that shows how much of it is done. */
export const arcRoom = 6;

/**
 * @typedef {object} Cell
 * @property {string} label what stands in the circle
 * @property {string} title what the tooltip says first
 * @property {number} radius of the circle, with the arc around it if it has one
 * @property {number} count tasks in it
 *
 * @typedef {object} Drawing
 * @property {boolean} grouped
 * @property {Cell[]} cells
 * @property {Uint32Array} cellOf for each task its cell
 * @property {Uint32Array} rows for each cell its depth
 * @property {[number, number][]} links from cell, to cell, each pair once
 * @property {string} note what is hidden; empty when nothing is
 */

/**
 * @param {import('heddle/trace').TraceModel} model
 * @param {(text: string) => number} widthOf the width of a label, in pixels
 * @returns {Drawing}
 */
export function drawingOf(model, widthOf) {
  if (model.count <= taskLimit) {
    const drawing = ofTasks(model, widthOf);
    if (drawing.links.length <= linkLimit) return drawing;
  }
  return ofGroups(model, widthOf);
}

/** @type {typeof drawingOf} */
function ofTasks(model, widthOf) {
  /** @type {Cell[]} */
  const cells = [];
  /** @type {[number, number][]} */
  const links = [];
  for (let task = 0; task < model.count; task++) {
    const label = shortened(model.nameOf(task), widthOf);
    cells.push({ label, title: model.keyOf(task), radius: radiusFor(widthOf(label), 10), count: 1 });
    for (const input of model.inputsOf(task)) links.push([input, task]);
  }
  return { grouped: false, cells, cellOf: Uint32Array.from(cells.keys()), rows: model.depths, links, note: '' };
}

/** @type {typeof drawingOf} */
function ofGroups(model, widthOf) {
  const { cellOf, cells, rows, band, byName } = groupsOf(model);
  const pairs = new Set();
  /** @type {[number, number][]} */
  const links = [];
  for (let task = 0; task < model.count; task++) {
    const to = cellOf[task];
    for (const input of model.inputsOf(task)) {
      const from = cellOf[input];
      const pair = from * cells.length + to;
      // Two groups of one row can depend on one another both ways when a row is several depths high.
      if (rows[from] >= rows[to] || pairs.has(pair)) continue;
      pairs.add(pair);
      links.push([from, to]);
    }
  }
  for (const cell of cells) {
    cell.label = shortened(cell.title, widthOf);
    cell.title = `${cell.title}: ${countedNoun(cell.count, 'task')}`;
    cell.radius = radiusFor(Math.max(widthOf(cell.label), widthOf(`×${counted(cell.count)}`)), 20) + arcRoom;
  }
  const depth = band === 1 ? 'at one depth' : `at ${counted(band)} neighbouring depths`;
  const note = `${countedNoun(model.count, 'task')} drawn as ${countedNoun(cells.length, 'group')}: ${byName ? 'calls of one function' : 'all calls'} `
    + `${depth} share a circle and a box. The single tasks and the edges between them are hidden.`;
  return { grouped: true, cells, cellOf, rows, links, note };
}

/**
 * Puts tasks of one name and depth together; when that leaves too many groups or rows, of 2, 4, 8 … depths;
 * and when there are too many names, all of those depths.
 * @param {import('heddle/trace').TraceModel} model
 */
function groupsOf(model) {
  const highest = model.depths.reduce((most, depth) => Math.max(most, depth), 0);
  for (const byName of [true, false]) {
    for (let band = 1; band < 4 * (highest + 1); band *= 2) {
      if (highest / band >= groupRows) continue;
      const groups = groupedBy(model, band, byName);
      if (groups.cells.length <= groupLimit) return groups;
    }
  }
  return groupedBy(model, highest + 1, false);
}

/**
 * @param {import('heddle/trace').TraceModel} model
 * @param {number} band so many depths make a row
 * @param {boolean} byName
 */
function groupedBy(model, band, byName) {
  const { depths, names } = model;
  const found = new Map();
  /** @type {Cell[]} */
  const cells = [];
  /** @type {number[]} */
  const rows = [];
  const cellOf = new Uint32Array(model.count);
  for (let task = 0; task < model.count && cells.length <= groupLimit; task++) {
    const row = Math.floor(depths[task] / band);
    const id = byName ? row * names.length + model.nameIndexOf(task) : row;
    let cell = found.get(id);
    if (cell === undefined) {
      cell = cells.length;
      found.set(id, cell);
      cells.push({ label: '', title: byName ? model.nameOf(task) : 'calls', radius: 0, count: 0 });
      rows.push(row);
    }
    cellOf[task] = cell;
    cells[cell].count++;
  }
  return { cellOf, cells, rows: Uint32Array.from(rows), band, byName };
}

/**
 * A circle grows with its label, so that the label's corners lie inside.
 * @param {number} width
 * @param {number} halfHeight
 */
function radiusFor(width, halfHeight) {
  return Math.max(smallestRadius, Math.ceil(Math.hypot(width / 2 + 3, halfHeight)));
}

/**
 * @param {string} name
 * @param {(text: string) => number} widthOf
 */
function shortened(name, widthOf) {
  if (widthOf(name) <= widestLabel) return name;
  const letters = [...name];
  while (letters.length > 1 && widthOf(`${letters.join('')}…`) > widestLabel) letters.pop();
  return `${letters.join('')}…`;
}

/**
 * @typedef {object} CellLook
 * @property {string} call the state that the circle shows
 * @property {string} result the state that the box shows: waiting, done (in memory), released, erred or cancelled
 * @property {number} finished tasks that have run
 * @property {number} held results in memory
 */

/**
 * How each cell looks now. A cell of one task has that task's state; a group is running while any of its
 * tasks is, and done when all are.
 * @param {import('heddle/trace').TraceModel} model
 * @param {Drawing} drawing
 * @param {Iterable<number>} wanted cells
 * @returns {Map<number, CellLook>}
 */
export function looksOf(model, drawing, wanted) {
  const looks = new Map();
  if (!drawing.grouped) {
    for (const cell of wanted) {
      const state = model.stateOf(cell);
      const name = taskStates[state];
      looks.set(cell, { call: name, result: name, finished: Number(state === DONE || state === RELEASED), held: Number(state === DONE) });
    }
    return looks;
  }
  const { states } = model;
  const width = taskStates.length;
  const tally = new Uint32Array(drawing.cells.length * width);
  for (let task = 0; task < states.length; task++) tally[drawing.cellOf[task] * width + states[task]]++;
  for (const cell of wanted) {
    const counts = tally.subarray(cell * width, (cell + 1) * width);
    const finished = counts[DONE] + counts[RELEASED];
    const all = finished === drawing.cells[cell].count;
    const call = counts[ERRED] ? ERRED : counts[RUNNING] ? RUNNING : all ? DONE
      : counts[CANCELLED] ? CANCELLED : counts[READY] ? READY : WAITING;
    const result = counts[DONE] ? DONE : all ? RELEASED : counts[RELEASED] ? WAITING : call === RUNNING ? WAITING : call;
    looks.set(cell, { call: taskStates[call], result: taskStates[result], finished, held: counts[DONE] });
  }
  return looks;
}
