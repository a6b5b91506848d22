/**
 * `watch`: what computations do, as batches: which graph, then at most once a frame the state of every
 * task and when it ran and where, then how it ended. Watching shows and records; it changes nothing.
 */
import { clockMs } from './clock.js';
import { LITERAL } from './record.js';
import { OptionError } from './errors.js';

/** The states of a task as batches have them: hd_task_state. */
export const taskStates = Object.freeze(['waiting', 'ready', 'running', 'done', 'erred', 'cancelled', 'released']);
const RUNNING = 2, DONE = 3, ERRED = 4, CANCELLED = 5, RELEASED = 6;

/** Keys are sent with graphs of up to so many tasks. */
const KEYS_MAX = 100_000;
/** At most one batch a frame, and less than 2 % of the time in making them. */
const FRAME_MS = 16, SHARE = 0.02;

/** Tasks in all batches that a serial computation tells before they are due. */
const EARLY_TASKS_MAX = 1e6;

/**
 * @typedef {object} WatchedGraph
 * @property {number} count tasks; they are known by their numbers from 0
 * @property {string[]} names of functions
 * @property {Uint32Array} nameOf each task's place in `names`
 * @property {string[]} keys of the tasks; empty if there are more than 100,000
 * @property {Uint32Array} offsets task i needs inputs[offsets[i]] … inputs[offsets[i + 1] - 1]
 * @property {Uint32Array} inputs tasks; one that is used twice stands there twice
 * @property {Uint32Array} outputs tasks whose results are wanted
 * @property {Uint32Array} groups for each task the first task of the fused chain that it runs in, in one go, by one
 *   worker: itself if it runs alone. 4294967295: it does not run, as no output needs it. A task that was
 *   inlined runs with each of its readers; one of these is given
 * @property {(Readonly<Record<string, unknown>> | undefined)[]} [annotations] what is said about each task, if
 *   anything is about any (and, like keys, in graphs of up to 100,000 tasks)
 *
 * @typedef {{ type: 'begin', run: number, scheduler: 'sync' | 'threads', workers: number, graph: WatchedGraph }} BeginMessage
 *
 * @typedef {object} BatchMessage where every task stands at one moment
 * @property {'batch'} type
 * @property {number} run
 * @property {number} atMs since the run began
 * @property {Uint8Array} states places in {@link taskStates}
 * @property {Float64Array} startMs when each task began, since the run began; NaN: it has not
 * @property {Float32Array} elapsedMs how long it took, if it has ended
 * @property {Uint16Array} worker who ran it, from 0
 *
 * @typedef {{ type: 'end', run: number, atMs: number, outcome: 'done' | 'failed' | 'cancelled' }} EndMessage after a last batch
 * @typedef {BeginMessage | BatchMessage | EndMessage} WatchMessage
 */

/** @type {Set<(message: WatchMessage) => void>} */
const watchers = new Set();
let runs = 0;

/**
 * Tells what computations of this thread do, from now on.
 * @param {(message: WatchMessage) => void} watcher gets messages of its own, to keep or to transfer. One
 *   that throws is told no more; `computeSync` on threads in Node.js runs in another thread, untold
 * @returns {() => void} ends it
 * @throws {OptionError} if `watcher` is not a function
 * @example
 * const unwatch = watch((message) => {
 *   if (message.type === 'batch') console.log(message.states.filter((state) => state === 2).length, 'running');
 * });
 */
export function watch(watcher) {
  if (typeof watcher !== 'function') throw new OptionError('watch takes a function, which is told.', { option: 'watcher' });
  const own = (/** @type {WatchMessage} */ message) => watcher(message);
  watchers.add(own);
  return () => void watchers.delete(own);
}

/** @param {import('./core/graph.js').Batch} batch @param {Uint32Array} groups @returns {WatchedGraph} */
function describeGraph(batch, groups) {
  const { functionOf, argOffsets, args, outputs } = batch;
  const count = functionOf.length;
  /** @type {Map<string, number>} */
  const names = new Map();
  /** @type {Map<number, number>} By function, as many tasks share one. */
  const known = new Map();
  const nameOf = functionOf.view.map((word, task) => {
    let place = known.get(word >>> 1);
    if (place === undefined) {
      const { name } = batch.describe(task);
      if (!names.has(name)) names.set(name, names.size);
      known.set(word >>> 1, place = /** @type {number} */ (names.get(name)));
    }
    return place;
  });
  const offsets = new Uint32Array(count + 1), inputs = new Uint32Array(args.view.length);
  let length = 0;
  for (let task = 0; task < count; task++) {
    const end = argOffsets.view[task + 1];
    for (let place = argOffsets.view[task]; place < end; place++)
      if (args.view[place] < LITERAL) inputs[length++] = args.view[place];
    offsets[task + 1] = length;
  }
  const keys = count <= KEYS_MAX ? Array.from({ length: count }, (_, task) => batch.describe(task).key) : [];
  const annotations = count <= KEYS_MAX ? batch.annotations() : undefined;
  return { count, names: [...names.keys()], nameOf, keys, offsets, inputs: inputs.slice(0, length), outputs: Uint32Array.from(outputs),
    groups: groups.slice(), ...(annotations ? { annotations } : {}) };
}

/** A computation that is watched. */
export class Watched {
  #run = ++runs;
  #began = clockMs();
  #due = 0;

  /** @param {import('./core/graph.js').Batch} batch @param {'sync' | 'threads'} scheduler @param {number} workers
   * @param {Uint32Array} groups of the sealed graph: groupsOf */
  constructor(batch, scheduler, workers, groups) {
    const { length } = batch.functionOf;
    this.states = new Uint8Array(length);
    this.startMs = new Float64Array(length).fill(NaN);
    this.elapsedMs = new Float32Array(length);
    this.worker = new Uint16Array(length);
    this.#tell(() => ({ type: 'begin', run: this.#run, scheduler, workers, graph: describeGraph(batch, groups) }));
  }

  /** Since the run began. */
  get nowMs() {
    return clockMs() - this.#began;
  }

  /** How long the next batch can wait; 0: it is due. */
  get dueInMs() {
    return Math.max(0, this.#due - performance.now());
  }

  /** @param {() => WatchMessage} make */
  #tell(make) {
    const start = performance.now();
    for (const watcher of watchers) {
      try {
        watcher(make());
      } catch (error) { /* the computation is not to suffer */
        watchers.delete(watcher);
        console.error('heddle: a watcher threw, and is told no more:', error);
      }
    }
    const now = performance.now();
    this.#due = Math.max(start + FRAME_MS, now + (now - start) / SHARE);
  }

  /** Tells how everything stands. */
  batch() {
    this.#tell(() => ({
      type: 'batch', run: this.#run, atMs: this.nowMs, states: this.states.slice(),
      startMs: this.startMs.slice(), elapsedMs: this.elapsedMs.slice(), worker: this.worker.slice(),
    }));
  }

  /** Tells a batch if one is due. @param {() => void} [refresh] brings the arrays up to date before */
  look(refresh) {
    if (performance.now() < this.#due) return;
    refresh?.();
    this.batch();
  }

  /** @param {'done' | 'failed' | 'cancelled'} outcome */
  end(outcome) {
    if (outcome !== 'done') this.states.forEach((state, task) => {
      if (state < DONE) this.states[task] = CANCELLED;
    });
    this.batch();
    this.#tell(() => ({ type: 'end', run: this.#run, atMs: this.nowMs, outcome }));
  }

  /** Takes over what the core says: hdw_run_sample.
   * @param {Uint8Array} states @param {DataView} records */
  adopt(states, records) {
    this.states.set(states);
    for (let task = 0; task < states.length; task++) {
      const at = task * 16, startUs = records.getFloat64(at, true);
      if (!startUs) continue;
      this.startMs[task] = Math.max(0, startUs / 1000 - this.#began);
      this.elapsedMs[task] = records.getFloat32(at + 8, true) / 1000;
      this.worker[task] = records.getUint16(at + 12, true);
    }
  }
}

/** A computation that runs one task after the other, and says itself what it does. */
export class WatchedWalk extends Watched {
  /** Batches that were told at once, though none was due: see below. */
  #early = 0;

  /** @param {import('./core/graph.js').Batch} batch @param {Uint32Array} groups */
  constructor(batch, groups) {
    super(batch, 'sync', 1, groups);
  }

  /** A task begins, which may block this thread for long: nobody could look meanwhile, so this tells at
   * once, for as many tasks as is cheap. @param {number} task */
  start(task) {
    this.states[task] = RUNNING;
    this.startMs[task] = this.nowMs;
    if (this.states.length * this.#early++ < EARLY_TASKS_MAX) this.batch();
    else this.look();
  }

  /** @param {number} task @param {boolean} [well] */
  finish(task, well = true) {
    this.states[task] = well ? DONE : ERRED;
    this.elapsedMs[task] = this.nowMs - this.startMs[task];
  }

  /** @param {Uint32Array} tasks */
  release(tasks) {
    for (const task of tasks) this.states[task] = RELEASED;
  }
}

/** Whether anybody watches. */
export const isWatched = () => watchers.size > 0;
