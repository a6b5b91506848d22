/** How far the tasks of each name are at the moment shown, and how long the rest may take. No DOM. */
import { CANCELLED, DONE, ERRED, READY, RELEASED, RUNNING, taskStates } from 'heddle/trace';

/**
 * @typedef {object} Tally
 * @property {number} tasks
 * @property {number} held done, and the result is in memory
 * @property {number} released done, and the result is gone
 * @property {number} done both
 * @property {number} running
 * @property {number} failed
 * @property {number} cancelled
 * @property {number} ready waits for a thread only
 * @property {number} waiting waits for its inputs
 * @property {number} meanMs of those that are done; NaN: none is
 *
 * @typedef {Tally & { name: string, index: number }} NameTally
 */

/**
 * Linear in the tasks.
 * @param {import('heddle/trace').TraceModel} model
 * @returns {{ all: Tally, names: NameTally[], leftMs: number }} `leftMs` NaN: not known
 */
export function tallyOf(model) {
  const { states, count, names, record: { startMs, elapsedMs } } = model, { nameOf } = model.graph, width = taskStates.length;
  const counts = new Uint32Array(names.length * width), tookMs = new Float64Array(names.length), begunMs = new Float64Array(names.length);
  const nowMs = model.nowMs();
  for (let task = 0; task < count; task++) {
    const state = states[task], name = nameOf[task];
    counts[name * width + state]++;
    if (state === DONE || state === RELEASED) tookMs[name] += elapsedMs[task];
    else if (state === RUNNING && startMs[task] >= 0) begunMs[name] += Math.max(0, nowMs - startMs[task]);
  }
  const total = new Uint32Array(width);
  let sumMs = 0;
  const tallies = names.map((name, index) => {
    const own = counts.subarray(index * width, (index + 1) * width);
    own.forEach((number, state) => (total[state] += number));
    sumMs += tookMs[index];
    return { name, index, ...ofCounts(own, tookMs[index]) };
  });
  const all = ofCounts(total, sumMs);
  return { all, names: tallies, leftMs: leftOf(model, all, tallies, begunMs) };
}

/** @param {Uint32Array} counts by state @param {number} tookMs of those that are done @returns {Tally} */
function ofCounts(counts, tookMs) {
  const done = counts[DONE] + counts[RELEASED];
  return { tasks: counts.reduce((sum, number) => sum + number, 0), held: counts[DONE], released: counts[RELEASED], done, running: counts[RUNNING],
    failed: counts[ERRED], cancelled: counts[CANCELLED], ready: counts[READY], waiting: counts[0], meanMs: done ? tookMs / done : NaN };
}

/**
 * Of a run that has ended: how much of it came after the moment shown. Else what is left of each name, if it takes as long as
 * those of its name that are done, on as many threads as there are and there is work for.
 * @param {import('heddle/trace').TraceModel} model @param {Tally} all @param {NameTally[]} names @param {Float64Array} begunMs
 */
function leftOf(model, all, names, begunMs) {
  if (model.outcome !== null) return model.atMs - model.shownMs;
  if (all.done === 0) return NaN;
  let workMs = 0, left = 0;
  for (const { index, waiting, ready, running, meanMs } of names) {
    const open = waiting + ready + running, each = Number.isNaN(meanMs) ? all.meanMs : meanMs;
    workMs += Math.max(0, open * each - Math.min(begunMs[index], running * each));
    left += open;
  }
  const threads = model.scheduler === 'sync' ? 1 : Math.max(1, model.workers);
  return left ? workMs / Math.min(threads, left) : 0;
}
