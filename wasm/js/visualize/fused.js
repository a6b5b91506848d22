/** The graph as it runs: what no result needs left out, and what runs in one go as one. The core says what does. */
import { NONE } from '../core/heap.js';
import { groupsOf } from '../core/graph.js';
import { builtGraph } from './order.js';

/** @typedef {import('./items.js').Item} Item */

/**
 * Each group as an item: it has the key of its last part, whose result is kept, and the names of all.
 * @param {import('./items.js').Drawn} drawn in which each task of the recording is an item
 * @returns {Promise<import('./items.js').Drawn>}
 */
export async function fusedOf(drawn) {
  const groups = await builtGraph(drawn.recording, true, (heap, graph) => groupsOf(heap, graph, drawn.items.length));
  const lasts = lastsOf(drawn.items, groups);
  /** @type {Map<number, number>} New places of last parts. */
  const places = new Map(lasts.map((task, place) => [task, place]));
  /** @type {Map<number, number[]>} By the group's first task. */
  const parts = new Map(lasts.map((task) => [groups[task], []]));
  groups.forEach((group, task) => parts.get(group)?.push(task));
  const items = lasts.map((last) => {
    const own = /** @type {number[]} */ (parts.get(groups[last]));
    return { ...drawn.items[last], name: nameOf(drawn.items, own, last), task: own.some((part) => drawn.items[part].task), inputs: inputsOf(drawn.items, groups, own, places) };
  });
  return { items, recording: drawn.recording, itemOf: Int32Array.from(groups, (_, task) => places.get(task) ?? -1), optimized: true };
}

/** The parts of groups that no other part of theirs takes. @param {readonly Item[]} items @param {Uint32Array} groups */
function lastsOf(items, groups) {
  const taken = new Uint8Array(items.length);
  items.forEach(({ inputs }, task) => {
    for (const input of inputs) if (groups[input] === groups[task]) taken[input] = 1;
  });
  return Array.from(items.keys()).filter((task) => groups[task] !== NONE && taken[task] === 0);
}

/** The names of the parts, as Dask calls fused tasks: the last one's at the end. @param {readonly Item[]} items @param {number[]} parts @param {number} last */
function nameOf(items, parts, last) {
  const others = new Set(parts.map((part) => items[part].name));
  others.delete(items[last].name);
  return [...[...others].sort(), items[last].name].join('-');
}

/**
 * What a group takes from others. A part of another group that is not its last was inlined: it runs here as well, with what it
 * needs.
 * @param {readonly Item[]} items @param {Uint32Array} groups @param {number[]} parts @param {Map<number, number>} places
 */
function inputsOf(items, groups, parts, places) {
  /** @type {Set<number>} */
  const inputs = new Set();
  const open = parts.slice(), entered = new Set(open);
  for (let at = 0; at < open.length; at++)
    for (const input of items[open[at]].inputs) {
      const place = places.get(input);
      if (place !== undefined && groups[input] !== groups[parts[0]]) inputs.add(place);
      else if (!entered.has(input)) {
        entered.add(input);
        open.push(input);
      }
    }
  return [...inputs];
}
