/** Several runs beside each other, in numbers and words. No DOM. */
import { timed } from 'heddle/trace';
import { orderOf } from './timeline-sort.js';
import { factored } from './timeline-words.js';

/** Tasks between two looks at the clock. */
const SLICE = 8192;

/** @typedef {import('heddle/trace').TraceModel} TraceModel */
/**
 * @typedef {object} Spent where the time of a run's threads went, in milliseconds of all threads together
 * @property {number} busy they ran tasks
 * @property {number} waiting no task was ready: all that were left needed the result of another
 * @property {number} idle tasks were ready, and threads free: between two tasks, at the beginning, held back by budget or gate
 * @property {number} wallMs @property {number} threads
 */

/**
 * In slices: a large run takes longer than a frame may.
 * @param {TraceModel} model
 * @returns {Generator<void, Spent, void>}
 */
export function* spentOf(model) {
  yield* model.prepare();
  const threads = model.scheduler === 'sync' ? 1 : Math.max(1, model.workers), wallMs = model.atMs;
  const { begun, over, ready, taken } = yield* momentsOf(model);
  let busy = 0, waiting = 0, running = 0, open = 0, last = 0;
  for (let a = 0, b = 0, c = 0, d = 0, step = 1; ; step++) {
    if (step % SLICE === 0) yield;
    const at = Math.min(begun[a] ?? Infinity, over[b] ?? Infinity, ready[c] ?? Infinity, taken[d] ?? Infinity, wallMs);
    const span = Math.max(0, at - last), used = Math.min(threads, running);
    busy += span * used;
    if (open === 0) waiting += span * (threads - used);
    last = Math.max(last, at);
    if (at >= wallMs) break;
    for (; begun[a] <= at; a++) running += 1;
    for (; over[b] <= at; b++) running -= 1;
    for (; ready[c] <= at; c++) open += 1;
    for (; taken[d] <= at; d++) open -= 1;
  }
  return { busy, waiting, idle: Math.max(0, threads * wallMs - busy - waiting), wallMs, threads };
}

/** When tasks began, ended, were ready and were taken, each sorted. @param {TraceModel} model @returns {Generator<void, Record<'begun' | 'over' | 'ready' | 'taken', Float64Array>, void>} */
function* momentsOf(model) {
  const { record: { startMs }, times: { readyMs, endMs, tries }, count } = model;
  let ran = 0, known = 0;
  const begun = new Float64Array(count), over = new Float64Array(count), ready = new Float64Array(count), taken = new Float64Array(count);
  /** @type {number[]} */ const moreBegun = [];
  /** @type {number[]} */ const moreOver = [];
  for (let task = 0; task < count; task++) {
    if (task % SLICE === SLICE - 1) yield;
    const first = tries.get(task)?.[0].startMs ?? startMs[task];
    if (startMs[task] >= 0) {
      begun[ran] = startMs[task];
      over[ran++] = Math.max(startMs[task], endMs[task]);
    }
    if (readyMs[task] < Infinity) {
      ready[known] = readyMs[task];
      taken[known++] = first >= 0 ? Math.max(first, readyMs[task]) : Math.max(readyMs[task], endMs[task]);
    }
  }
  for (const list of tries.values())
    for (const { startMs: start, endMs: end } of list) {
      moreBegun.push(start);
      moreOver.push(end);
    }
  return { begun: yield* sorted(begun, ran, moreBegun), over: yield* sorted(over, ran, moreOver), ready: yield* sorted(ready, known), taken: yield* sorted(taken, known) };
}

/** @param {Float64Array} column @param {number} length @param {number[]} [more] @returns {Generator<void, Float64Array, void>} */
function* sorted(column, length, more = []) {
  const all = new Float64Array(length + more.length);
  all.set(column.subarray(0, length));
  all.set(more, length);
  const order = yield* orderOf(all), result = new Float64Array(all.length);
  for (let at = 0; at < order.length; at++) {
    if (at % SLICE === SLICE - 1) yield;
    result[at] = all[order[at]];
  }
  return result;
}

/**
 * "2 threads took 1.20 s, 1 thread took 2.30 s: 1.92 times as fast."
 * @param {string[]} labels @param {Spent[]} spent the first is what the others are compared with
 */
export function comparison(labels, spent) {
  if (spent.length < 2 || !(spent[0].wallMs > 0)) return '';
  return spent.slice(1).map(({ wallMs }, at) => {
    const factor = wallMs > 0 ? spent[0].wallMs / wallMs : 0, said = factor >= 1 ? `${factored(factor)} times as fast` : `${factored(1 / (factor || 1))} times as slow`;
    return `${labels[at + 1]} took ${timed(wallMs)}, ${labels[0]} ${timed(spent[0].wallMs)}: ${said}.`;
  }).join(' ');
}

/** What a run is called when nobody has named it. @param {TraceModel} model */
export function labelOf(model) {
  return model.scheduler === 'sync' ? 'Serial' : `${model.workers} ${model.workers === 1 ? 'thread' : 'threads'}`;
}
