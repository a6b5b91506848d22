/**
 * A Runtime: one core with threads, its pool of workers and the runs that are under way. Most people
 * never see it: `compute` makes a default one when it is first needed.
 */
import { buildGraph, groupsOf } from './core/graph.js';
import { NONE, outOfMemory } from './core/heap.js';
import { inNode, loadThreads } from './core/load-threads.js';
import { ATTEMPTS_MAX, Crew, GRACE_MS } from './crew.js';
import { CancelledError, HdError, OptionError, WorkerLostError } from './errors.js';
import { showWhere, showWhereNow } from './functions/place.js';
import { checkAll, checkAllNow } from './functions/ship.js';
import { memoryBytes, workerCount } from './options.js';
import { DistantCrew, attachedHeap, attachment } from './program/attach.js';
import { unpackFailure } from './values/failure.js';
import { Watched, isWatched } from './watch.js';

const DEFAULT_MAXIMUM = 2 * 1024 ** 3;
/** hd_run_state. */
const DONE = 1, FAILED = 2;
const RECORD_BYTES = 16;

/**
 * @typedef {object} RuntimeOptions
 * @property {number} [workers] threads to start with, 1 to 256; by default one for each processor
 * @property {number | string} [memory] the most that the shared heap may grow to, in bytes or as '512MB'
 */

/** @typedef {{ workers?: number, signal?: AbortSignal, onProgress?: (progress: { done: number, total: number }) => void }} RunOptions */

/** @typedef {{ run: number, graph: number, job: import('./schedulers/job.js').Job, resolve: (results: import('./values/codec.js').Encoded[]) => void, reject: (error: unknown, task?: import('./delayed.js').TaskFunction) => void, unlisten: () => void, aborted: unknown, onProgress?: (progress: { done: number, total: number }) => void, done: number, total: number, watched?: Watched, failed?: import('./delayed.js').TaskFunction }} Pending */

export class Runtime {
  #heap;
  #pool;
  #event;
  /** @type {Crew | DistantCrew} */
  #crew;
  /** @type {Set<Pending>} */
  #pending = new Set();
  /** @type {Map<string, number>} What the core calls each function's text. */
  #functions = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} Keeps Node.js alive while work is outstanding. */
  #alive;
  #watching = false;
  #closed = false;

  /** @param {import('./core/load-threads.js').LoadedThreads | undefined} loaded undefined: in a program's
   *   thread, with the core that its host has loaded @private use {@link Runtime.start} */
  constructor(loaded) {
    this.#heap = loaded ? loaded.heap : attachedHeap();
    const { core } = this.#heap;
    this.#pool = core.hdw_pool_create() >>> 0;
    if (!this.#pool) throw outOfMemory('a pool', 0);
    this.#event = core.hdw_pool_event(this.#pool) >>> 0;
    const events = { isBusy: () => this.#pending.size > 0, onLost: () => this.#settle(), onFatal: (/** @type {Error} */ error) => this.#fail(error) };
    this.#crew = loaded ? new Crew(loaded, this.#pool, events) : new DistantCrew(this.#pool, events);
  }

  /**
   * Starts a pool of threads with a shared heap of its own.
   * @param {RuntimeOptions} [options]
   * @returns {Promise<Runtime>}
   * @throws {OptionError | import('./errors.js').UnsupportedError | import('./errors.js').OutOfMemoryError}
   * @example
   * const runtime = await Runtime.start({ workers: 2 });
   * try {
   *   await compute(z, { runtime });
   * } finally {
   *   await runtime.close();
   * }
   */
  static async start(options = {}) {
    for (const option of Object.keys(options))
      if (option !== 'workers' && option !== 'memory')
        throw new OptionError(`Runtime.start has no option '${option}'; it has workers, memory.`, { option });
    const workers = workerCount(options.workers);
    const maximum = memoryBytes(options.memory);
    if (attachment()?.core) {
      if (maximum !== undefined) throw new OptionError('here the heap is there already, and memory cannot be chosen.', { option: 'memory' });
      return Runtime.#attach(workers);
    }
    const runtime = new Runtime(await loadThreads({ maximum: maximum ?? DEFAULT_MAXIMUM, exact: maximum !== undefined }));
    runtime.#crew.grow(workers);
    return runtime;
  }

  /** @param {number} workers */
  static #attach(workers) {
    const runtime = new Runtime(undefined);
    runtime.#crew.grow(workers);
    return runtime;
  }

  /** In a program's thread, which need not wait for a Runtime. @param {RuntimeOptions} options @internal */
  static attach({ workers }) {
    return Runtime.#attach(workerCount(workers));
  }

  /** Threads in the pool. */
  get workers() {
    return this.#crew.count;
  }

  /** What the shared heap can grow to and has grown to, in bytes, and what the core holds of it. */
  get memory() {
    return { bytes: this.#heap.memory.buffer.byteLength, live: this.#heap.core.hdw_live_bytes() >>> 0 };
  }

  get closed() {
    return this.#closed;
  }

  /** The pool cannot go on: neither can this Runtime. @param {Error} error */
  #fail(error) {
    for (const pending of this.#pending) {
      pending.watched?.end('failed');
      pending.reject(error);
    }
    this.#pending.clear();
    this.close();
  }

  /** Ends the workers that a cancelled run does not get out of. @param {Pending} pending @param {boolean} all */
  #endStuck(pending, all) {
    if (!this.#pending.has(pending)) return;
    this.#crew.endStuck(pending.run, all);
    setTimeout(() => this.#endStuck(pending, true), GRACE_MS);
  }

  /**
   * Hands a job to the pool.
   * @param {import('./schedulers/job.js').Job} job whose functions have been checked
   * @param {RunOptions} options
   * @returns {Pending} without anybody who waits for it
   */
  #submit(job, { workers, onProgress }) {
    if (this.#closed) throw new HdError('CLOSED', 'this Runtime is closed; start a new one.');
    const { core } = this.#heap;
    const count = workers ?? this.#crew.size;
    this.#crew.grow(count);
    const graph = buildGraph(this.#heap, job, {
      encodeLiteral: job.encodeLiteral,
      functionNumber: (index) => this.#functionNumber(job.functions[index]),
      plan: job.plan,
    });
    const total = core.hdw_graph_task_count(graph);
    const watched = isWatched() ? new Watched(job, 'threads', count, groupsOf(this.#heap, graph, job.functionOf.length)) : undefined;
    const { budgetResults, budgetBytes } = job.plan;
    const run = core.hdw_run_submit(this.#pool, graph, count, Boolean(watched), budgetResults, budgetBytes, false) >>> 0;
    if (!run) {
      core.hdw_graph_destroy(graph);
      watched?.end('failed');
      throw outOfMemory('a run', total);
    }
    /** @type {Pending} */
    const pending = { run, graph, job, resolve: () => {}, reject: () => {}, aborted: undefined, onProgress, done: 0, total,
      unlisten: () => {}, watched };
    this.#pending.add(pending);
    return pending;
  }

  /**
   * Runs a job on this pool.
   * @param {import('./schedulers/job.js').Job} job
   * @param {RunOptions} options
   * @returns {Promise<import('./values/codec.js').Encoded[]>} the outputs' results
   * @internal
   */
  async run(job, options) {
    await checkAll(job.functions);
    const pending = this.#submit(job, options);
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const abort = () => {
        pending.aborted = signal?.reason;
        this.#heap.core.hdw_run_cancel(this.#pool, pending.run);
        reject(new CancelledError(undefined, { cause: signal?.reason }));
        setTimeout(() => this.#endStuck(pending, false), GRACE_MS);
      };
      pending.reject = (error, task) => (task ? showWhere(error, task).then(() => reject(error)) : reject(error));
      Object.assign(pending, { resolve, unlisten: () => signal?.removeEventListener('abort', abort) });
      if (inNode) this.#alive ??= setInterval(() => {}, 2 ** 30);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      this.#watch();
    });
  }

  /**
   * Runs a job on this pool and waits for it: in a thread that may block, and does not host the pool.
   * @param {import('./schedulers/job.js').Job} job
   * @param {RunOptions} options
   * @returns {import('./values/codec.js').Encoded[]}
   * @internal
   */
  runAndWait(job, options) {
    checkAllNow(job.functions);
    const pending = this.#submit(job, options);
    /** @type {{ results?: import('./values/codec.js').Encoded[], failure?: { error: unknown } }} */
    const outcome = {};
    pending.resolve = (results) => (outcome.results = results);
    pending.reject = (error, task) => {
      if (task) showWhereNow(error, task);
      outcome.failure ??= { error };
    };
    while (this.#pending.has(pending)) {
      const seen = this.#heap.word(this.#event) | 0;
      this.#settle();
      if (!this.#pending.has(pending)) break;
      this.#report();
      Atomics.wait(this.#eventCells(), 0, seen, this.#lookAgainMs());
    }
    if (outcome.failure) throw outcome.failure.error;
    return /** @type {import('./values/codec.js').Encoded[]} */ (outcome.results);
  }

  /** What the core calls a function's text. @param {string} text */
  #functionNumber(text) {
    let number = this.#functions.get(text);
    if (number === undefined) {
      const bytes = new TextEncoder().encode(text);
      const at = this.#heap.alloc(bytes.length, 'a function');
      this.#heap.bytes.set(bytes, at);
      number = this.#heap.core.hdw_function_add(at, bytes.length) >>> 0;
      if (number === NONE) {
        this.#heap.core.hdw_free(at);
        throw outOfMemory('a function', bytes.length);
      }
      this.#functions.set(text, number);
    }
    return number;
  }

  /** Waits for runs to end, by the pool's event word, as long as there are any. */
  async #watch() {
    if (this.#watching) return;
    this.#watching = true;
    try {
      while (this.#pending.size && !this.#closed) {
        const seen = this.#heap.word(this.#event) | 0;
        this.#settle();
        if (!this.#pending.size) break;
        const { async, value } = /** @type {any} */ (Atomics).waitAsync(this.#eventCells(), 0, seen, this.#lookAgainMs());
        if (async) await value;
        this.#report();
      }
    } finally {
      this.#watching = false;
      this.#letExit();
    }
  }

  #eventCells() {
    return new Int32Array(/** @type {any} */ (this.#heap.memory.buffer), this.#event, 1);
  }

  /** How soon somebody wants to hear how runs are getting on, though none has ended. */
  #lookAgainMs() {
    let ms = 1000;
    for (const { onProgress, watched } of this.#pending) {
      if (onProgress) ms = Math.min(ms, 100);
      if (watched) ms = Math.min(ms, Math.max(1, watched.dueInMs));
    }
    return ms;
  }

  /** Lets Node.js exit when nothing is outstanding, and what tasks have printed has come out. */
  #letExit() {
    if (this.#pending.size || this.#alive === undefined) return;
    if (this.#crew.printing) {
      setTimeout(() => this.#letExit(), 5);
      return;
    }
    clearInterval(this.#alive);
    this.#alive = undefined;
  }

  #report() {
    for (const pending of this.#pending) {
      pending.watched?.look(() => this.#sample(pending));
      if (!this.#pending.has(pending)) continue; /* who was told has computed meanwhile */
      if (!pending.onProgress) continue;
      const done = pending.total - (this.#heap.core.hdw_run_remaining(pending.run) >>> 0);
      try {
        this.#tell(pending, done);
      } catch (error) {
        pending.onProgress = undefined;
        pending.reject(error);
        this.#heap.core.hdw_run_cancel(this.#pool, pending.run);
      }
    }
  }

  /** Brings what is watched up to date. @param {Pending} pending */
  #sample({ run, job, watched }) {
    const count = job.functionOf.length; /* also those that were culled, of which the core says nothing */
    const room = this.#heap.core.hdw_alloc(count * (RECORD_BYTES + 1)) >>> 0;
    if (!room) return; /* the computation is not to suffer */
    const recordsEnd = room + count * RECORD_BYTES;
    this.#heap.catchUp();
    this.#heap.bytes.fill(0, room, recordsEnd + count);
    this.#heap.core.hdw_run_sample(run, recordsEnd, room);
    const { bytes } = this.#heap;
    watched?.adopt(bytes.subarray(recordsEnd, recordsEnd + count), new DataView(bytes.buffer, room, count * RECORD_BYTES));
    this.#heap.core.hdw_free(room);
  }

  /** @param {Pending} pending @param {number} done */
  #tell(pending, done) {
    if (done === pending.done) return;
    pending.done = done;
    pending.onProgress?.({ done, total: pending.total });
  }

  /** Hands out the results of runs that have ended. */
  #settle() {
    const { core } = this.#heap;
    for (const pending of this.#pending) {
      if (!core.hdw_run_ended(this.#pool, pending.run)) continue;
      this.#pending.delete(pending);
      pending.unlisten();
      try {
        const state = core.hdw_run_state(pending.run);
        if (pending.watched) {
          this.#sample(pending);
          pending.watched.end(state === DONE ? 'done' : state === FAILED ? 'failed' : 'cancelled');
        }
        if (state === DONE) {
          this.#tell(pending, pending.total);
          pending.resolve(this.#results(pending));
        } else if (state === FAILED) pending.reject(this.#failure(pending), pending.failed);
        else pending.reject(new CancelledError(undefined, { cause: pending.aborted }));
      } catch (error) {
        pending.reject(error);
      } finally {
        core.hdw_run_destroy(pending.run);
        core.hdw_graph_destroy(pending.graph);
      }
    }
  }

  /** @param {Pending} pending */
  #results({ run, job }) {
    return job.outputs.map((id) => this.#heap.readValue(this.#heap.core.hdw_run_result(run, id) >>> 0));
  }

  /** Also notes what failed. @param {Pending} pending */
  #failure(pending) {
    const { run, job } = pending;
    const { core } = this.#heap;
    const out = this.#heap.alloc(8, 'an error');
    const id = core.hdw_run_failure(run, out, out + 4) >>> 0;
    const status = this.#heap.word(out), slot = this.#heap.word(out + 4);
    core.hdw_free(out);
    pending.failed = job.taskFunction(id);
    const task = { ...job.describe(id), worker: core.hdw_run_failed_worker(run), attempt: core.hdw_run_failed_attempt(run) };
    const { bytes } = this.#heap.readValue(slot);
    if (bytes) return unpackFailure(new TextDecoder().decode(bytes), task);
    switch (this.#heap.statusName(status)) {
      case 'OUT_OF_MEMORY': return Object.assign(outOfMemory(`the result of '${task.key}'`, 0), { task });
      case 'WORKER_LOST':
        return new WorkerLostError(`the worker that ran '${task.key}' ended, ${ATTEMPTS_MAX} times: ${this.#crew.lossCause}`, { task, cause: this.#crew.lossCause });
      default: return new HdError(this.#heap.statusName(status), `task '${task.key}': ${this.#heap.statusText(status)}`, { task });
    }
  }

  /** Ends the threads and gives the memory back. Computations that are under way are cancelled. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    for (const pending of this.#pending) {
      pending.unlisten();
      pending.watched?.end('cancelled');
      pending.reject(new CancelledError('the Runtime was closed'));
    }
    this.#pending.clear();
    if (this.#alive !== undefined) clearInterval(this.#alive);
    this.#alive = undefined;
    await this.#crew.close();
  }

  [/** @type {any} */ (Symbol).asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.close();
  }
}

/** @type {Promise<Runtime> | undefined} */
let shared;

/**
 * The Runtime that `compute` uses when it is given none.
 * @param {RuntimeOptions} options used when it has to be started
 * @returns {Promise<Runtime>}
 * @internal
 */
export async function defaultRuntime(options) {
  if (attachment()?.core) return attachedRuntime(options);
  if (shared && (await shared.catch(() => undefined))?.closed !== false) shared = undefined;
  return (shared ??= Runtime.start(options));
}

/** @type {Runtime | undefined} */
let attached;

/** The default Runtime of a program's thread, at once. @param {RuntimeOptions} options @internal */
export function attachedRuntime(options) {
  if (!attached || attached.closed) shared = Promise.resolve((attached = Runtime.attach(options)));
  return attached;
}

/** Whether the default Runtime was started, and it. @internal */
export const startedRuntime = () => shared;
