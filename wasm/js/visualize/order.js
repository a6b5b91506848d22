/**
 * Colours by the order in which a serial run goes through the graph, as in Dask: where in it each task stands, and what
 * is in memory meanwhile. The order is the core's own.
 */
import { buildGraph } from '../core/graph.js';
import { NONE, outOfMemory } from '../core/heap.js';
import { loadSerial } from '../core/load-serial.js';
import { planOf } from '../options.js';
import { plasma } from './plasma.js';

/** @typedef {import('./items.js').Item} Item */

/**
 * Has the core build a graph, and asks something of it.
 * @template T
 * @param {import('../record.js').Recording} recording
 * @param {boolean} optimized
 * @param {(heap: import('../core/heap.js').Heap, graph: number, plan: import('../options.js').Plan) => T} ask
 * @returns {Promise<T>}
 * @throws {import('../errors.js').CycleError | import('../errors.js').DuplicateKeyError}
 */
export async function builtGraph(recording, optimized, ask) {
  const heap = await loadSerial(), plan = planOf({ optimize: optimized });
  const { graph } = buildGraph(heap, recording, { encodeLiteral: null, functionNumber: (index) => index, plan });
  try {
    return ask(heap, graph, plan);
  } finally {
    heap.core.hdw_graph_destroy(graph);
  }
}

/**
 * Which item runs as the how-manieth.
 * @param {import('./items.js').Drawn} drawn
 * @returns {Promise<Uint32Array>} by item
 */
export function orderOf({ items, recording, itemOf, optimized }) {
  return builtGraph(recording, optimized, ({ core }, graph, plan) => {
    const walk = core.hdw_walk_create(graph, plan.budgetResults) >>> 0;
    if (!walk) throw outOfMemory('a run', core.hdw_graph_task_count(graph));
    const order = new Uint32Array(items.length).fill(NONE);
    let ran = 0;
    for (let task; (task = core.hdw_walk_next(walk) >>> 0) !== NONE; ) {
      const item = itemOf[task]; /* one that is cheap may run more than once */
      if (item >= 0 && order[item] === NONE) order[item] = ran++;
    }
    core.hdw_walk_destroy(walk);
    return order;
  });
}

/**
 * What happens in a run one by one, by item. After Dask's `dask.order.diagnostics`.
 * @typedef {object} Diagnostics
 * @property {Uint32Array} age how many items run while its result is in memory
 * @property {Uint32Array} whenRun results in memory when it runs
 * @property {Uint32Array} whenReleased results in memory when its own is released
 * @property {Uint32Array} freed how many inputs are released when it has run
 */

/** @param {readonly Item[]} items @param {Uint32Array} order @returns {Diagnostics} */
export function diagnose(items, order) {
  const count = items.length, readers = new Uint32Array(count), run = new Uint32Array(count);
  for (const { inputs } of items) for (const input of inputs) readers[input]++;
  order.forEach((at, item) => (run[at] = item));
  const age = new Uint32Array(count), whenRun = new Uint32Array(count), whenReleased = new Uint32Array(count), freed = new Uint32Array(count);
  const left = readers.slice();
  let held = 0;
  run.forEach((item, at) => {
    whenRun[item] = held;
    for (const input of items[item].inputs) {
      if (--left[input] > 0) continue;
      age[input] = at - order[input];
      whenReleased[input] = held;
      freed[item]++;
    }
    if (readers[item] === 0) whenReleased[item] = held;
    held += (readers[item] > 0 ? 1 : 0) - freed[item];
  });
  return { age, whenRun, whenReleased, freed };
}

/** What can be told by colour besides the order itself: for circles, and for boxes where that differs.
 * @type {Record<string, (of: Diagnostics) => Uint32Array[]>} */
const quantities = {
  age: ({ age }) => [age],
  freed: ({ freed }) => [freed],
  memoryincreases: ({ whenReleased, whenRun }) => [whenReleased.map((held, item) => Math.max(0, held - whenRun[item]))],
  memorydecreases: ({ whenReleased, whenRun }) => [whenRun.map((held, item) => Math.max(0, held - whenReleased[item]))],
  memorypressure: ({ whenReleased, whenRun }) => [whenRun, whenReleased],
};

/** What `color` may be. */
export const colorings = Object.freeze(['order', ...Object.keys(quantities).flatMap((name) => [name, `order-${name}`])]);

/**
 * The attributes of circles and boxes that `color` gives them: an outline, and to circles the number as a label.
 * @param {string} color one of `colorings`
 * @param {readonly Item[]} items @param {Uint32Array} order
 * @param {number} [maxval] what has the last colour: the greatest of the circles' numbers if undefined
 * @returns {{ tasks: Record<string, string>[], values: Record<string, string>[] }} by item
 */
export function attributesBy(color, items, order, maxval) {
  const withOrder = color.startsWith('order-'), name = withOrder ? color.slice('order-'.length) : color;
  const [ofCircles, ofBoxes = ofCircles] = name === 'order' ? [order] : quantities[name](diagnose(items, order));
  const most = maxval ?? ofCircles.reduce((most, value) => Math.max(most, value), 1);
  return {
    tasks: items.map((_, item) => ({ color: plasma(ofCircles[item] / most), label: `${withOrder ? `${order[item]}-` : ''}${ofCircles[item]}` })),
    values: items.map((_, item) => ({ color: plasma(ofBoxes[item] / most) })),
  };
}
