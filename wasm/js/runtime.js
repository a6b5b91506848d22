/**
 * A Runtime: one core with threads, its pool of workers and the runs that are under way. Most people
 * never see it: `compute` makes a default one when it is first needed.
 */
import { buildGraph } from './core/graph.js';
import { NONE, outOfMemory } from './core/heap.js';
import { inNode, loadThreads } from './core/load-threads.js';
import { CancelledError, HdError, OptionError, WorkerLostError } from './errors.js';
import { checkAll } from './functions/ship.js';
import { memoryBytes, workerCount } from './options.js';
import { unpackFailure } from './values/failure.js';

const STACK_BYTES = 256 * 1024;
const DEFAULT_MAXIMUM = 2 * 1024 ** 3;
/** A cancelled task may take so long to come to its end before its worker is ended. */
const GRACE_MS = 250;
/** What a worker's mailbox says (shim/mailbox.h): whose task it claimed last, and so on. */
const MAILBOX_RUN = 44, MAILBOX_INDEX = 64, MAILBOX_PRINTING = 76, MAILBOX_STARTED = 80;
/** A task whose worker was lost is tried so often in all. */
const ATTEMPTS_MAX = 2;
/** hd_run_state. */
const DONE = 1, FAILED = 2;

/**
 * @typedef {object} RuntimeOptions
 * @property {number} [workers] threads to start with, 1 to 256; by default one for each processor
 * @property {number | string} [memory] the most that the shared heap may grow to, in bytes or as '512MB'
 */

/** @typedef {{ run: number, graph: number, job: import('./schedulers/job.js').Job, resolve: (results: import('./values/codec.js').Encoded[]) => void, reject: (error: unknown) => void, unlisten: () => void, aborted: unknown, onProgress?: (progress: { done: number, total: number }) => void, done: number, total: number }} Pending */

export class Runtime {
  #heap;
  #loaded;
  #pool;
  #event;
  /** @type {Set<{ address: number, thread: any, index: number }>} */
  #workers = new Set();
  /** @type {Set<Pending>} */
  #pending = new Set();
  /** @type {Map<string, number>} What the core calls each function's text. */
  #functions = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} Keeps Node.js alive while work is outstanding. */
  #alive;
  #watching = false;
  #closed = false;
  /** Threads that a computation uses if it does not say how many. */
  #startedWith = 1;
  /** Workers that the pool shall have. Runs use those with the lowest numbers, so none may be missing. */
  #size = 0;

  /** @param {Awaited<ReturnType<typeof loadThreads>>} loaded @private use {@link Runtime.start} */
  constructor(loaded) {
    this.#loaded = loaded;
    this.#heap = loaded.heap;
    this.#pool = loaded.heap.core.hdw_pool_create() >>> 0;
    if (!this.#pool) throw outOfMemory('a pool', 0);
    this.#event = loaded.heap.core.hdw_pool_event(this.#pool) >>> 0;
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
    const runtime = new Runtime(await loadThreads({ maximum: maximum ?? DEFAULT_MAXIMUM, exact: maximum !== undefined }));
    runtime.#startedWith = workers;
    runtime.#grow(workers);
    return runtime;
  }

  /** Threads in the pool. */
  get workers() {
    return this.#workers.size;
  }

  /** What the shared heap can grow to and has grown to, in bytes, and what the core holds of it. */
  get memory() {
    return { bytes: this.#heap.memory.buffer.byteLength, live: this.#heap.core.hdw_live_bytes() >>> 0 };
  }

  get closed() {
    return this.#closed;
  }

  /** Sees to it that there are so many workers, and as many as there ever were: lost ones are replaced.
   * @param {number} count */
  #grow(count) {
    this.#size = Math.max(this.#size, count);
    while (this.#workers.size < this.#size) {
      const { address, thread } = this.#loaded.startWorker(this.#pool, STACK_BYTES);
      if (!address) throw outOfMemory('a worker', STACK_BYTES);
      const worker = { address, thread, index: this.#heap.word(address + MAILBOX_INDEX) };
      this.#workers.add(worker);
      thread.unref?.();
      const lost = (/** @type {unknown} */ cause) => this.#lose(worker, cause);
      thread.onerror = (/** @type {any} */ event) => {
        event?.preventDefault?.();
        lost(event?.error ?? event?.message ?? event);
      };
      thread.on?.('exit', (/** @type {number} */ code) => lost(`it exited with code ${code}`));
    }
  }

  /** A worker's thread has ended: its tasks run again elsewhere, and another takes its place.
   * @param {{ address: number, thread: any, index: number }} worker @param {unknown} cause */
  #lose(worker, cause) {
    if (this.#closed || !this.#workers.has(worker)) return;
    this.#lossCause = cause;
    /* Where one cannot even start, the next could not either: that would go on for ever. */
    const started = this.#heap.word(worker.address + MAILBOX_STARTED);
    if (started && this.#end(worker)) return;
    /* Or it ended inside the core, which is in an unknown state. Either way this Runtime is at its end. */
    const error = new WorkerLostError(started
      ? 'a worker ended inside the scheduler; start a new Runtime.'
      : `a worker could not start: ${cause}`, { cause });
    for (const pending of this.#pending) pending.reject(error);
    this.#pending.clear();
    this.close();
  }

  /** Takes a worker that is outside the core out of the pool, and its thread down. False: it is inside.
   * @param {{ address: number, thread: any, index: number }} worker */
  #end(worker) {
    const { core } = this.#heap;
    if (!core.hdw_worker_kill(worker.address)) return false;
    this.#workers.delete(worker);
    this.#loaded.stopWorker(worker.thread);
    core.hdw_worker_lost(worker.address, ATTEMPTS_MAX);
    if (this.#pending.size) this.#grow(this.#size);
    this.#settle();
    return true;
  }

  /** Ends the workers that a cancelled run does not get out of: first those that run a task of it, then,
   * if it waits for an asynchronous one, all. @param {Pending} pending @param {boolean} all */
  #endStuck(pending, all) {
    if (!this.#pending.has(pending)) return;
    this.#lossCause = 'it was ended because a cancelled task did not come to its end';
    for (const worker of [...this.#workers])
      if (all || this.#heap.word(worker.address + MAILBOX_RUN) === pending.run) this.#end(worker);
    setTimeout(() => this.#endStuck(pending, true), GRACE_MS);
  }
  /** @type {unknown} */ #lossCause;

  /**
   * Runs a job on this pool.
   * @param {import('./schedulers/job.js').Job} job
   * @param {{ workers?: number, signal?: AbortSignal, onProgress?: (progress: { done: number, total: number }) => void }} options
   * @returns {Promise<import('./values/codec.js').Encoded[]>} the outputs' results
   * @internal
   */
  async run(job, { workers, signal, onProgress }) {
    await checkAll(job.functions);
    if (this.#closed) throw new HdError('CLOSED', 'this Runtime is closed; start a new one.');
    const { core } = this.#heap;
    const count = workers ?? this.#size;
    this.#grow(count);
    const graph = buildGraph(this.#heap, job, {
      encodeLiteral: job.encodeLiteral,
      functionNumber: (index) => this.#functionNumber(job.functions[index]),
    });
    const total = core.hdw_graph_task_count(graph);
    const run = core.hdw_run_submit(this.#pool, graph, count, false) >>> 0;
    if (!run) {
      core.hdw_graph_destroy(graph);
      throw outOfMemory('a run', total);
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        pending.aborted = signal?.reason;
        core.hdw_run_cancel(this.#pool, run);
        reject(new CancelledError(undefined, { cause: signal?.reason }));
        setTimeout(() => this.#endStuck(pending, false), GRACE_MS);
      };
      /** @type {Pending} */
      const pending = { run, graph, job, resolve, reject, aborted: undefined, onProgress, done: 0, total,
        unlisten: () => signal?.removeEventListener('abort', abort) };
      this.#pending.add(pending);
      if (inNode) this.#alive ??= setInterval(() => {}, 2 ** 30);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      this.#watch();
    });
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
        const cells = new Int32Array(this.#heap.memory.buffer, this.#event, 1);
        const reports = [...this.#pending].some(({ onProgress }) => onProgress);
        const { async, value } = /** @type {any} */ (Atomics).waitAsync(cells, 0, seen, reports ? 100 : 1000);
        if (async) await value;
        this.#report();
      }
    } finally {
      this.#watching = false;
      this.#letExit();
    }
  }

  /** Lets Node.js exit when nothing is outstanding, and what tasks have printed has come out. */
  #letExit() {
    if (this.#pending.size || this.#alive === undefined) return;
    if ([...this.#workers].some(({ address }) => this.#heap.word(address + MAILBOX_PRINTING))) {
      setTimeout(() => this.#letExit(), 5);
      return;
    }
    clearInterval(this.#alive);
    this.#alive = undefined;
  }

  #report() {
    for (const pending of this.#pending) {
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
        if (state === DONE) {
          this.#tell(pending, pending.total);
          pending.resolve(this.#results(pending));
        } else if (state === FAILED) pending.reject(this.#failure(pending));
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

  /** @param {Pending} pending */
  #failure({ run, job }) {
    const { core } = this.#heap;
    const out = this.#heap.alloc(8, 'an error');
    const id = core.hdw_run_failure(run, out, out + 4) >>> 0;
    const status = this.#heap.word(out), slot = this.#heap.word(out + 4);
    core.hdw_free(out);
    const task = { ...job.describe(id), worker: core.hdw_run_failed_worker(run), attempt: core.hdw_run_attempt(run, id) };
    const { bytes } = this.#heap.readValue(slot);
    if (bytes) return unpackFailure(new TextDecoder().decode(bytes), task);
    switch (this.#heap.statusName(status)) {
      case 'OUT_OF_MEMORY': return Object.assign(outOfMemory(`the result of '${task.key}'`, 0), { task });
      case 'WORKER_LOST':
        return new WorkerLostError(`the worker that ran '${task.key}' ended, ${ATTEMPTS_MAX} times: ${this.#lossCause}`, { task, cause: this.#lossCause });
      default: return new HdError(this.#heap.statusName(status), `task '${task.key}': ${this.#heap.statusText(status)}`, { task });
    }
  }

  /** Ends the threads and gives the memory back. Computations that are under way are cancelled. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    for (const pending of this.#pending) {
      pending.unlisten();
      pending.reject(new CancelledError('the Runtime was closed'));
    }
    this.#pending.clear();
    if (this.#alive !== undefined) clearInterval(this.#alive);
    this.#alive = undefined;
    const ended = [...this.#workers].map(({ thread }) => this.#loaded.stopWorker(thread));
    this.#workers.clear();
    await Promise.all(ended);
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
  if (shared && (await shared.catch(() => undefined))?.closed !== false) shared = undefined;
  return (shared ??= Runtime.start(options));
}

/** Whether the default Runtime was started, and it. @internal */
export const startedRuntime = () => shared;
