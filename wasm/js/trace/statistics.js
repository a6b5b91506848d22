/** A run in numbers: where the time went, how well the threads were used, and what no number of threads could shorten. */
import { SLICE, finish } from './slices.js';
import { CANCELLED, DONE, ERRED, HELD, RELEASED, RUNNING } from './states.js';

/** Beyond so many tasks nothing is sorted, which would hold a page up: what stands within 1/16384 of the run is taken together. */
const EXACT_MAX = 100_000, BINS = 16_384;

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
 * @property {number} heldMs of it: the gate was shut
 * @property {number} workers that were asked for
 * @property {number} tasks in the graph
 * @property {number} ran those that have begun
 * @property {number} serialMs what all attempts at tasks took together
 * @property {number} busyMs for how long workers ran something: of an asynchronous task also while it waits. Of more than 100,000
 *   tasks this and the peaks are upper bounds, as what stands within 1/16384 of the run is taken together
 * @property {number} utilisation busyMs of workers * wallMs: 0 to 1
 * @property {number} parallelism serialMs / wallMs: so many times as fast as one after another
 * @property {number} criticalMs the longest chain of tasks that need each other: no run can be shorter
 * @property {Uint32Array} criticalPath its tasks, in the order in which they ran
 * @property {number} best serialMs / criticalMs: the parallelism that no number of workers can exceed
 * @property {number} peakResults most results in memory at once
 * @property {number} peakBytes most bytes of them
 * @property {number} retries attempts that came to nothing and were followed by another
 * @property {NameStatistics[]} names those that took longest first
 */

/**
 * What is known of a run so far, whatever moment it shows. Linear in tasks and edges, but for sorting small runs.
 * @param {import('./model.js').TraceModel} model
 * @returns {Statistics}
 */
export function statisticsOf(model) {
  return finish(statisticsInSlices(model));
}

/**
 * The same with pauses, so that a page can go on meanwhile. What comes while it is under way may be in some of the numbers
 * and not in others: then (`model.newsVersion`) it is to be done again.
 * @param {import('./model.js').TraceModel} model
 * @returns {Generator<void, Statistics, void>}
 */
export function* statisticsInSlices(model) {
  yield* model.prepare();
  const { names, serialMs, ran, retries } = yield* byName(model), wallMs = model.atMs;
  const { criticalMs, criticalPath } = yield* criticalOf(model), busyMs = yield* busyOf(model);
  const workers = Math.max(1, model.scheduler === 'sync' ? 1 : model.workers);
  return {
    wallMs, heldMs: heldOf(model), workers, tasks: model.count, ran, serialMs, busyMs, retries, criticalMs, criticalPath, names,
    utilisation: wallMs > 0 ? Math.min(1, busyMs / (workers * wallMs)) : 0,
    parallelism: wallMs > 0 ? serialMs / wallMs : 0,
    best: criticalMs > 0 ? serialMs / criticalMs : 1,
    ...(yield* peaksOf(model)),
  };
}

/** @param {import('./model.js').TraceModel} model */
function heldOf({ events: { kind, elapsedMs }, atMs, heldSinceMs }) {
  let held = heldSinceMs >= 0 ? Math.max(0, atMs - heldSinceMs) : 0;
  for (let event = 0; event < kind.length; event++) if (kind[event] === HELD) held += elapsedMs[event];
  return Math.min(held, atMs);
}

/** How long the last attempt at a task took so far; 0: none has begun. @param {import('./model.js').TraceModel} model @param {number} task */
function tookMs({ record: { states, startMs, elapsedMs }, atMs }, task) {
  if (!(startMs[task] >= 0)) return 0;
  return states[task] === RUNNING ? Math.max(0, atMs - startMs[task]) : elapsedMs[task];
}

/** @param {import('./model.js').TraceModel} model */
function* byName(model) {
  const { record, graph } = model, { states, startMs, elapsedMs, bytes } = record, { atMs } = model;
  const names = model.names.map((name, index) => ({ name, index, tasks: 0, done: 0, failed: 0, cancelled: 0, totalMs: 0, meanMs: 0, longestMs: 0, bytes: 0 }));
  const begun = new Uint32Array(names.length);
  let serialMs = 0, ran = 0, retries = 0;
  for (let task = 0; task < model.count; task++) {
    if (task % SLICE === SLICE - 1) yield;
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
    for (const { again } of tries) if (!again) retries++;
    for (const { startMs: start, endMs } of tries) names[graph.nameOf[task]].totalMs += endMs - start;
  }
  for (const of of names) {
    of.meanMs = begun[of.index] ? of.totalMs / begun[of.index] : 0;
    serialMs += of.totalMs;
  }
  return { names: names.sort((a, b) => b.totalMs - a.totalMs || a.index - b.index), serialMs, ran, retries };
}

/** The chain of tasks, each of which needs the one before, that took longest together. @param {import('./model.js').TraceModel} model */
function* criticalOf(model) {
  const { graph: { offsets, inputs }, structure: { order }, count } = model;
  const along = new Float64Array(count), before = new Int32Array(count).fill(-1);
  let last = -1;
  for (let place = 0; place < order.length; place++) {
    if (place % SLICE === SLICE - 1) yield;
    const task = order[place];
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

/** Every attempt at a task, by the row it stands in. @param {import('./model.js').TraceModel} model @param {(row: number, startMs: number, endMs: number) => void} tell */
function* eachInterval(model, tell) {
  const { record: { startMs, worker }, count, times: { tries } } = model, last = model.rows - 1, sync = model.scheduler === 'sync';
  for (let task = 0; task < count; task++) {
    if (task % SLICE === SLICE - 1) yield;
    if (!(startMs[task] >= 0)) continue;
    const row = sync ? 0 : Math.min(worker[task], last);
    tell(row, startMs[task], startMs[task] + tookMs(model, task));
    if (tries.size) for (const { startMs: start, endMs } of tries.get(task) ?? []) tell(row, start, Math.max(start, endMs));
  }
}

/** For how long workers ran anything, in all. @param {import('./model.js').TraceModel} model */
function* busyOf(model) {
  if (model.count > EXACT_MAX) return yield* busyByBins(model);
  /** @type {number[][]} */
  const starts = Array.from({ length: model.rows }, () => []), ends = starts.map(() => /** @type {number[]} */ ([]));
  yield* eachInterval(model, (row, start, end) => {
    starts[row].push(start);
    ends[row].push(end);
  });
  return starts.reduce((sum, list, row) => sum + coverOf(Float64Array.from(list), Float64Array.from(ends[row])), 0);
}

/** @param {import('./model.js').TraceModel} model */
function* busyByBins(model) {
  const scale = BINS / (model.atMs || 1), covered = new Float32Array(model.rows * (BINS + 1)), whole = new Int32Array(model.rows * (BINS + 1));
  yield* eachInterval(model, (row, start, end) => {
    const from = Math.min(BINS, start * scale), to = Math.min(BINS, end * scale), first = Math.floor(from), last = Math.floor(to), at = row * (BINS + 1);
    if (first === last) covered[at + first] += to - from;
    else {
      covered[at + first] += first + 1 - from;
      covered[at + last] += to - last;
      whole[at + first + 1]++;
      whole[at + last]--;
    }
  });
  let bins = 0;
  for (let row = 0; row < model.rows; row++)
    for (let bin = 0, full = 0, at = row * (BINS + 1); bin < BINS; bin++, at++) {
      full += whole[at];
      bins += full > 0 ? 1 : Math.min(1, covered[at]);
    }
  return bins / scale;
}

/** @param {import('./model.js').TraceModel} model */
function* peaksOf(model) {
  if (model.count > EXACT_MAX) return yield* peaksByBins(model);
  const { times: { endMs, releasedMs }, record: { states, bytes }, count } = model, held = [];
  for (let task = 0; task < count; task++) if (states[task] === DONE || states[task] === RELEASED) held.push(task);
  const gone = held.slice().sort((a, b) => releasedMs[a] - releasedMs[b]);
  let results = 0, sum = 0, peakResults = 0, peakBytes = 0, released = 0;
  for (const task of held.sort((a, b) => endMs[a] - endMs[b])) {
    for (; releasedMs[gone[released]] < endMs[task]; released++) {
      results--;
      sum -= bytes[gone[released]];
    }
    results++;
    sum += bytes[task];
    peakResults = Math.max(peakResults, results);
    peakBytes = Math.max(peakBytes, sum);
  }
  return { peakResults, peakBytes };
}

/** @param {import('./model.js').TraceModel} model */
function* peaksByBins({ times: { endMs, releasedMs }, record: { states, bytes }, atMs, count }) {
  const made = new Int32Array(BINS + 1), gone = new Int32Array(BINS + 1), bytesMade = new Float64Array(BINS + 1), bytesGone = new Float64Array(BINS + 1);
  const scale = BINS / (atMs || 1);
  for (let task = 0; task < count; task++) {
    if (task % SLICE === SLICE - 1) yield;
    if (states[task] !== DONE && states[task] !== RELEASED) continue;
    const from = Math.min(BINS, Math.floor(endMs[task] * scale));
    made[from]++;
    bytesMade[from] += bytes[task];
    if (!(releasedMs[task] < Infinity)) continue;
    const to = Math.min(BINS, Math.floor(releasedMs[task] * scale));
    gone[to]++;
    bytesGone[to] += bytes[task];
  }
  let results = 0, sum = 0, peakResults = 0, peakBytes = 0;
  for (let bin = 0; bin <= BINS; bin++) {
    peakResults = Math.max(peakResults, (results += made[bin]));
    peakBytes = Math.max(peakBytes, (sum += bytesMade[bin]));
    results -= gone[bin];
    sum -= bytesGone[bin];
  }
  return { peakResults, peakBytes };
}
