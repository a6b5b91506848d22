/**
 * What is drawn of a graph. A *cell* is one circle (calls) with the box of its result above it; a *link*
 * goes from the box of one cell to the circle of another. A small graph has a cell for each task; a large
 * one has a cell for each function at each depth, and a sentence that says so. No DOM.
 */
import { groupTasks } from 'heddle/layout';
import { CANCELLED, counted, countedNoun, DONE, ERRED, READY, RELEASED, RUNNING, taskStates, WAITING } from 'heddle/trace';

/** Up to so many tasks, and links between them, each is drawn on its own. */
export const taskLimit = 400;
export const linkLimit = 2000;

const smallestRadius = 22;
const widestLabel = 76;
/** No label has more letters than this, however narrow they are. */
const longest = 60;
/** In a small graph there is room for whole names. */
const fewTasks = 40, widestOfFew = 120;
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
 * Each task on its own, if that is not too much to be read; else groups.
 * @param {import('heddle/trace').TraceModel} model
 * @param {(text: string) => number} widthOf the width of a label, in pixels
 * @returns {Drawing}
 */
export function drawingOf(model, widthOf) {
  return tasksDrawing(model, widthOf) ?? groupsDrawing(model, groupTasks(model.graph, model.names.length), widthOf);
}

/**
 * A cell for each task.
 * @param {import('heddle/trace').TraceModel} model
 * @param {(text: string) => number} widthOf
 * @returns {Drawing | null} null: there are too many tasks or links
 */
export function tasksDrawing(model, widthOf) {
  if (model.count > taskLimit) return null;
  /** @type {Cell[]} */
  const cells = [];
  /** @type {[number, number][]} */
  const links = [];
  for (let task = 0; task < model.count; task++) {
    const label = shortened(model.nameOf(task), widthOf, model.count <= fewTasks ? widestOfFew : widestLabel);
    cells.push({ label, title: model.keyOf(task), radius: radiusFor(widthOf(label), 10), count: 1 });
    for (const input of model.inputsOf(task)) links.push([input, task]);
  }
  if (links.length > linkLimit) return null;
  return { grouped: false, cells, cellOf: Uint32Array.from(cells.keys()), rows: model.depths, links, note: '' };
}

/**
 * A cell for each group.
 * @param {import('heddle/trace').TraceModel} model
 * @param {import('heddle/layout').Groups} groups
 * @param {(text: string) => number} widthOf
 * @returns {Drawing}
 */
export function groupsDrawing(model, { cellOf, counts, names, rows, links: pairs, band, byName }, widthOf) {
  const cells = Array.from(counts, (count, cell) => {
    const name = byName ? model.names[names[cell]] : 'calls', label = shortened(name, widthOf);
    const width = Math.max(widthOf(label), widthOf(`×${counted(count)}`));
    return { label, title: `${name}: ${countedNoun(count, 'task')}`, radius: radiusFor(width, 20) + arcRoom, count };
  });
  /** @type {[number, number][]} */
  const links = [];
  for (let at = 0; at < pairs.length; at += 2) links.push([pairs[at], pairs[at + 1]]);
  const depth = band === 1 ? 'at one depth' : `at ${counted(band)} neighbouring depths`;
  const note = `${countedNoun(model.count, 'task')} drawn as ${countedNoun(cells.length, 'group')}: ${byName ? 'calls of one function' : 'all calls'} `
    + `${depth} share a circle and a box. The single tasks and the edges between them are hidden.`;
  return { grouped: true, cells, cellOf, rows, links, note };
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
 * @param {number} [widest] in pixels
 */
function shortened(name, widthOf, widest = widestLabel) {
  if (widthOf(name) <= widest) return name;
  const letters = [...name.slice(0, longest)];
  while (letters.length > 1 && widthOf(`${letters.join('')}…`) > widest) letters.pop();
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
