/**
 * The groups of a large graph: tasks of one name and depth, or, when that leaves too many, of several depths, or of all
 * names. Linear in tasks and edges, in typed arrays: a million tasks take some ten milliseconds.
 */
import { structureOf } from '../trace/structure.js';

/** There are at most so many groups, in so many rows: more could not be read. */
const groupLimit = 120, groupRows = 16;

/**
 * @typedef {Pick<import('../watch.js').WatchedGraph, 'count' | 'offsets' | 'inputs' | 'nameOf'>} NamedEdges
 *
 * @typedef {object} Groups
 * @property {Uint32Array} cellOf for each task its group
 * @property {Uint32Array} counts for each group how many tasks it has
 * @property {Uint32Array} names for each group the name of its tasks, as a place among the names; only if `byName`
 * @property {Uint32Array} rows for each group
 * @property {Uint32Array} links pairs: from group, to group, each pair once
 * @property {number} band so many depths make a row
 * @property {boolean} byName
 * @property {import('../trace/structure.js').Structure} structure
 */

/**
 * @param {NamedEdges} graph
 * @param {number} nameCount
 * @returns {Groups}
 */
export function groupTasks(graph, nameCount) {
  const structure = structureOf(graph), { depths } = structure;
  let highest = 0;
  for (let task = 0; task < graph.count; task++) if (depths[task] > highest) highest = depths[task];
  for (const byName of [true, false]) {
    for (let band = 1; band < 4 * (highest + 1); band *= 2) {
      if (highest / band >= groupRows) continue;
      const found = groupedBy(graph, nameCount, depths, band, byName);
      if (found) return { ...found, links: linksOf(graph, found), band, byName, structure };
    }
  }
  throw new RangeError('all tasks together are one group');
}

/**
 * @param {NamedEdges} graph @param {number} nameCount @param {Uint32Array} depths @param {number} band @param {boolean} byName
 * @returns {{ cellOf: Uint32Array, counts: Uint32Array, names: Uint32Array, rows: Uint32Array } | null} null: too many
 */
function groupedBy({ count, nameOf }, nameCount, depths, band, byName) {
  /* Names times rows are few: rows are at most groupRows. */
  const cells = new Int32Array((groupRows + 1) * (byName ? nameCount : 1)).fill(-1);
  const cellOf = new Uint32Array(count), counts = new Uint32Array(groupLimit), names = new Uint32Array(groupLimit), rows = new Uint32Array(groupLimit);
  let found = 0;
  for (let task = 0; task < count; task++) {
    const row = Math.floor(depths[task] / band), id = byName ? row * nameCount + nameOf[task] : row;
    let cell = cells[id];
    if (cell < 0) {
      if (found === groupLimit) return null;
      cell = cells[id] = found++;
      rows[cell] = row;
      names[cell] = nameOf[task];
    }
    cellOf[task] = cell;
    counts[cell]++;
  }
  return { cellOf, counts: counts.slice(0, found), names: names.slice(0, found), rows: rows.slice(0, found) };
}

/** @param {NamedEdges} graph @param {{ cellOf: Uint32Array, rows: Uint32Array }} found */
function linksOf({ count, offsets, inputs }, { cellOf, rows }) {
  const width = rows.length, seen = new Uint8Array(width * width), links = [];
  for (let task = 0; task < count; task++) {
    const to = cellOf[task];
    for (let edge = offsets[task]; edge < offsets[task + 1]; edge++) {
      const from = cellOf[inputs[edge]];
      /* Two groups of one row can depend on one another both ways when a row is several depths high. */
      if (seen[from * width + to] || rows[from] >= rows[to]) continue;
      seen[from * width + to] = 1;
      links.push(from, to);
    }
  }
  return Uint32Array.from(links);
}
