/** A run in numbers: where the time went, how well the threads were used, and what no number of threads could shorten. */
import { CANCELLED, DONE, ERRED, RELEASED, RUNNING } from './states.js';

/** Beyond so many results with bytes the peak of bytes is the sum of what was alive at any time within 1/65536 of the run. */
const EXACT_MAX = 100_000, BINS = 65_536;

/**
 * @typedef {object} NameStatistics the tasks of one name
 * @property {string} name
 * @property {number} index its place among the model's names
 * @property {number} tasks
 * @property {number} done
 * @property {number} failed
 * @property {number} cancelled
 * @property {number} totalMs
 * @property {number} meanMs of those that have begun
 * @property {number} longestMs
 * @property {number} bytes of all their results
 *
 * @typedef {object} Statistics
 * @property {number} wallMs from the beginning of the run to its end, or so far
 * @property {number} workers that were asked for
 * @property {number} tasks in the graph
 * @property {number} ran those that have begun
 * @property {number} serialMs what all attempts at tasks took together
 * @property {number} busyMs for how long workers ran something: of an asynchronous task also while it waits
 * @property {number} utilisation busyMs of workers * wallMs: 0 to 1
 * @property {number} parallelism serialMs / wallMs: so many times as fast as one after another
 * @property {number} criticalMs the longest chain of tasks that need each other: no run can be shorter
 * @property {Uint32Array} criticalPath its tasks, in the order in which they ran
 * @property {number} best serialMs / criticalMs: the parallelism that no number of workers can exceed
 * @property {number} peakResults most results in memory at once
 * @property {number} peakBytes most bytes of them; of very large runs an upper bound, within 1/65536 of the run
 * @property {number} retries attempts that came to nothing and were followed by another
 * @property {NameStatistics[]} names those that took longest first
 */

/**
 * What is known of a run so far, whatever moment it shows. Linear in tasks and edges, but for two sorts of numbers.
 * @param {import('./model.js').TraceModel} model
 * @returns {Statistics}
 */
export function statisticsOf(model) {
  const { names, serialMs, ran, retries } = byName(model), wallMs = model.atMs;
  const { criticalMs, criticalPath } = criticalOf(model), busyMs = busyOf(model);
  const workers = Math.max(1, model.scheduler === 'sync' ? 1 : model.workers);
  return {
    wallMs, workers, tasks: model.count, ran, serialMs, busyMs, retries, criticalMs, criticalPath, names,
    utilisation: wallMs > 0 ? Math.min(1, busyMs / (workers * wallMs)) : 0,
    parallelism: wallMs > 0 ? serialMs / wallMs : 0,
    best: criticalMs > 0 ? serialMs / criticalMs : 1,
    ...peaksOf(model),
  };
}

/** How long the last attempt at a task took so far; 0: none has begun. @param {import('./model.js').TraceModel} model @param {number} task */
function tookMs({ record: { states, startMs, elapsedMs }, atMs }, task) {
  if (!(startMs[task] >= 0)) return 0;
  return states[task] === RUNNING ? Math.max(0, atMs - startMs[task]) : elapsedMs[task];
}

/** @param {import('./model.js').TraceModel} model */
function byName(model) {
  const { record, graph } = model, { states, startMs, elapsedMs, bytes } = record, { atMs } = model;
  const names = model.names.map((name, index) => ({ name, index, tasks: 0, done: 0, failed: 0, cancelled: 0, totalMs: 0, meanMs: 0, longestMs: 0, bytes: 0 }));
  const begun = new Uint32Array(names.length);
  let serialMs = 0, ran = 0, retries = 0;
  for (let task = 0; task < model.count; task++) {
    const of = names[graph.nameOf[task]], state = states[task];
    of.tasks++;
    if (state === DONE || state === RELEASED) of.done++;
    else if (state === ERRED) of.failed++;
    else if (state === CANCELLED) of.cancelled++;
    of.bytes += bytes[task];
    if (!(startMs[task] >= 0)) continue;
    const took = state === RUNNING ? Math.max(0, atMs - startMs[task]) : elapsedMs[task];
    ran++;
    begun[of.index]++;
    of.totalMs += took;
    of.longestMs = Math.max(of.longestMs, took);
  }
  for (const [task, tries] of model.times.tries) {
    retries += tries.length;
    for (const { startMs: start, endMs } of tries) names[graph.nameOf[task]].totalMs += endMs - start;
  }
  for (const of of names) {
    of.meanMs = begun[of.index] ? of.totalMs / begun[of.index] : 0;
    serialMs += of.totalMs;
  }
  return { names: names.sort((a, b) => b.totalMs - a.totalMs || a.index - b.index), serialMs, ran, retries };
}

/** The chain of tasks, each of which needs the one before, that took longest together. @param {import('./model.js').TraceModel} model */
function criticalOf(model) {
  const { graph: { offsets, inputs }, structure: { order }, count } = model;
  const along = new Float64Array(count), before = new Int32Array(count).fill(-1);
  let last = -1;
  for (const task of order) {
    for (let at = offsets[task]; at < offsets[task + 1]; at++) {
      if (before[task] >= 0 && along[inputs[at]] <= along[before[task]]) continue;
      before[task] = inputs[at];
    }
    along[task] = tookMs(model, task) + (before[task] < 0 ? 0 : along[before[task]]);
    if (along[task] > (last < 0 ? 0 : along[last])) last = task;
  }
  const path = [];
  for (let task = last; task >= 0; task = before[task]) path.push(task);
  return { criticalMs: last < 0 ? 0 : along[last], criticalPath: Uint32Array.from(path.reverse()) };
}

/** For how long the intervals between starts and ends cover anything. Which belong together makes no difference.
 * @param {Float64Array} starts @param {Float64Array} ends */
function coverOf(starts, ends) {
  starts.sort();
  ends.sort();
  let covered = 0, depth = 0, since = 0;
  for (let begun = 0, ended = 0; ended < ends.length; ) {
    if (begun < starts.length && starts[begun] <= ends[ended]) {
      if (depth++ === 0) since = starts[begun];
      begun++;
    } else if (--depth === 0) covered += ends[ended++] - since;
    else ended++;
  }
  return covered;
}

/** For how long workers ran anything, in all. @param {import('./model.js').TraceModel} model */
function busyOf(model) {
  const { record: { startMs, worker }, count, times: { tries } } = model, sync = model.scheduler === 'sync';
  const counts = new Uint32Array(sync ? 1 : model.rows);
  const rowOf = (/** @type {number} */ task) => (sync ? 0 : Math.min(worker[task], counts.length - 1));
  for (let task = 0; task < count; task++) if (startMs[task] >= 0) counts[rowOf(task)] += 1 + (tries.get(task)?.length ?? 0);
  const starts = Array.from(counts, (length) => new Float64Array(length)), ends = Array.from(counts, (length) => new Float64Array(length));
  counts.fill(0);
  const add = (/** @type {number} */ row, /** @type {number} */ start, /** @type {number} */ end) => {
    starts[row][counts[row]] = start;
    ends[row][counts[row]++] = Math.max(start, end);
  };
  for (let task = 0; task < count; task++) {
    if (!(startMs[task] >= 0)) continue;
    add(rowOf(task), startMs[task], startMs[task] + tookMs(model, task));
    for (const { startMs: start, endMs } of tries.get(task) ?? []) add(rowOf(task), start, endMs);
  }
  return starts.reduce((sum, list, row) => sum + coverOf(list, ends[row]), 0);
}

/** @param {import('./model.js').TraceModel} model */
function peaksOf(model) {
  const { times: { endMs, releasedMs }, record: { states, bytes }, count } = model;
  const held = [], large = [];
  for (let task = 0; task < count; task++) {
    if (states[task] !== DONE && states[task] !== RELEASED) continue;
    held.push(task);
    if (bytes[task] > 0) large.push(task);
  }
  const made = Float64Array.from(held, (task) => endMs[task]).sort(), gone = Float64Array.from(held, (task) => releasedMs[task]).sort();
  let peakResults = 0;
  for (let at = 0, released = 0; at < made.length; at++) {
    while (released < gone.length && gone[released] < made[at]) released++;
    peakResults = Math.max(peakResults, at + 1 - released);
  }
  return { peakResults, peakBytes: large.length > EXACT_MAX ? peakByBins(model, large) : peakByOrder(model, large) };
}

/** @param {import('./model.js').TraceModel} model @param {number[]} tasks */
function peakByOrder({ times: { endMs, releasedMs }, record: { bytes } }, tasks) {
  const gone = tasks.slice().sort((a, b) => releasedMs[a] - releasedMs[b]);
  let sum = 0, peak = 0, released = 0;
  for (const task of tasks.slice().sort((a, b) => endMs[a] - endMs[b])) {
    while (releasedMs[gone[released]] < endMs[task]) sum -= bytes[gone[released++]];
    sum += bytes[task];
    peak = Math.max(peak, sum);
  }
  return peak;
}

/** @param {import('./model.js').TraceModel} model @param {number[]} tasks */
function peakByBins({ times: { endMs, releasedMs }, record: { bytes }, atMs }, tasks) {
  const made = new Float64Array(BINS + 1), gone = new Float64Array(BINS + 1);
  const binOf = (/** @type {number} */ ms) => Math.min(BINS, Math.floor((ms / (atMs || 1)) * BINS));
  for (const task of tasks) {
    made[binOf(endMs[task])] += bytes[task];
    if (releasedMs[task] < Infinity) gone[binOf(releasedMs[task])] += bytes[task];
  }
  let sum = 0, peak = 0;
  for (let bin = 0; bin <= BINS; bin++) {
    sum += made[bin];
    peak = Math.max(peak, sum);
    sum -= gone[bin];
  }
  return peak;
}
