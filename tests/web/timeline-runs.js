/** Runs as messages, for pictures of threads: no threads are needed. Used in Node.js and in pages. */
import { ASLEEP, CANCELLED, DECODE, DONE, ENCODE, ERRED, Events, FAILED, HELD, NO_TASK, NO_WORKER, RUNNING, SLEEP } from 'heddle/trace';

/**
 * @param {string[]} names by task @param {number[][]} inputs
 * @param {object} [more]
 */
export function beginOf(names, inputs, more = {}) {
  const distinct = [...new Set(names)], offsets = new Uint32Array(names.length + 1);
  inputs.forEach((list, task) => (offsets[task + 1] = offsets[task] + list.length));
  return { type: 'begin', run: 1, scheduler: 'threads', workers: 2, startedAt: 0, budget: { results: 0, bytes: 0 }, ...more, graph: {
    count: names.length, names: distinct, nameOf: Uint32Array.from(names, (name) => distinct.indexOf(name)), keys: names.map((name, task) => `${name}-${task}`),
    offsets, inputs: Uint32Array.from(inputs.flat()), outputs: Uint32Array.of(names.length - 1) } };
}

/** @param {number} atMs @param {[task: number, state: number, startMs: number, elapsedMs: number, worker: number][]} told @param {[kind: number, task: number, worker: number, startMs: number, elapsedMs: number][]} [events] */
export function batchOf(atMs, told, events = []) {
  const kept = new Events();
  for (const event of events) kept.push(...event);
  return { type: 'batch', run: 1, atMs, tasks: Uint32Array.from(told, ([task]) => task), states: Uint8Array.from(told, ([, state]) => state),
    startMs: Float64Array.from(told, ([, , start]) => start), elapsedMs: Float32Array.from(told, ([, , , elapsed]) => elapsed),
    worker: Uint16Array.from(told, ([, , , , worker]) => worker), attempts: new Uint8Array(told.length).fill(1), bytes: new Float64Array(told.length), events: kept.take() };
}

/** A run in which everything occurs that has a look of its own. */
export function variedRun() {
  const names = ['read', 'read', 'clean', 'clean', 'join', 'fit', 'fit', 'plot', 'report', 'mail'];
  const begin = beginOf(names, [[], [], [0], [1], [2, 3], [4], [4], [5], [6, 7], [8]], { workers: 3 });
  const batch = batchOf(1000, [[0, DONE, 5, 180, 0], [1, DONE, 8, 260, 1], [2, DONE, 320, 120, 0], [3, DONE, 268, 90, 1], [4, DONE, 445, 160, 0], [5, ERRED, 610, 140, 0],
    [6, DONE, 612, 200, 1], [7, CANCELLED, 752, 60, 0], [8, RUNNING, 830, 0, 1], [9, CANCELLED, NaN, 0, 0]], [
    [DECODE, 4, 0, 445, 40], [ENCODE, 4, 0, 575, 30], [SLEEP, 6, 1, 650, 90], [FAILED, 2, 0, 190, 50], [HELD, NO_TASK, NO_WORKER, 242, 24],
    [ASLEEP, NO_TASK, 1, 362, 246], [ASLEEP, NO_TASK, 2, 2, 690]]);
  return [begin, batch];
}

/** Many short tasks on some threads: a begin, and batches of at most `size`. Numbers are made by rule, so that all runs are equal. @param {number} count @param {number} threads @param {number} size */
export function* manyRun(count, threads, size) {
  const names = ['load', 'scale', 'filter', 'sum', 'merge'], offsets = new Uint32Array(count + 1);
  yield { ...beginOf(['x'], [[]]), workers: threads, graph: { count, names, nameOf: Uint32Array.from({ length: count }, (_, task) => Math.floor(task / 5000) % 4 + (task % 97 === 0 ? 1 : 0)),
    keys: [], offsets, inputs: new Uint32Array(0), outputs: Uint32Array.of(0) } };
  const free = new Float64Array(threads);
  let seed = 7, at = 0;
  for (let from = 0; from < count; from += size) {
    const told = [];
    for (let task = from; task < Math.min(count, from + size); task++) {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      const worker = task % threads, took = 0.002 + (seed % 1000) / 50_000 + (seed % 5003 === 0 ? 3 : 0), start = free[worker] + (seed % 7 === 0 ? 0.02 : 0.0005);
      told.push([task, seed % 20011 === 0 ? ERRED : DONE, start, took, worker]);
      free[worker] = start + took;
      at = Math.max(at, free[worker]);
    }
    yield batchOf(at, /** @type {any} */ (told));
  }
  yield { type: 'end', run: 1, atMs: at, outcome: 'done' };
}

/** The same tasks, one after another and on threads, with a reduction at the end. @param {number} threads */
export function reduction(threads) {
  const leaves = 16, names = [], inputs = [];
  for (let task = 0; task < leaves; task++) [names[task], inputs[task]] = ['inc', []];
  for (let task = leaves; task < 2 * leaves - 1; task++) [names[task], inputs[task]] = ['add', [2 * (task - leaves), 2 * (task - leaves) + 1]];
  const free = new Float64Array(threads), ends = [], told = [];
  names.forEach((name, task) => {
    const ready = Math.max(0, ...inputs[task].map((input) => ends[input])), worker = free.indexOf(Math.min(...free));
    const start = Math.max(ready, free[worker]) + 1, took = name === 'inc' ? 40 + (task * 17) % 23 : 25;
    told.push([task, DONE, start, took, worker]);
    free[worker] = ends[task] = start + took;
  });
  const atMs = Math.max(...ends);
  return [beginOf(names, inputs, threads === 1 ? { scheduler: 'sync', workers: 1 } : { workers: threads }), batchOf(atMs, /** @type {any} */ (told)), { type: 'end', run: 1, atMs, outcome: 'done' }];
}
