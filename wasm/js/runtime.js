/**
 * A Runtime: one core with threads, its pool of workers and the runs that are under way. Most people
 * never see it: `compute` makes a default one when it is first needed.
 */
import { NONE, outOfMemory } from './core/heap.js';
import { inNode, loadThreads } from './core/load-threads.js';
import { labelled } from './context.js';
import { Crew } from './crew.js';
import { CancelledError, HdError, OptionError, WorkerLostError } from './errors.js';
import { showWhere, showWhereNow } from './functions/place.js';
import { Dashboard, dashboardWish } from './dashboard/dashboard.js';
import { checkAll, checkAllNow } from './functions/ship.js';
import { config, memoryBytes, workerCount } from './options.js';
import { DistantCrew, attachedHeap, attachment } from './program/attach.js';
import { ThreadedRun } from './schedulers/threads.js';

const DEFAULT_MAXIMUM = 2 * 1024 ** 3;
/** A computation is begun again on a new core so often: one that ends its workers inside the core would do so for ever. */
const CORES_MAX = 3;
/** So often in a row workers may end before they have come to life: where one cannot even start, the next could not either. */
const STARTS_MAX = 3;

/**
 * @typedef {object} RuntimeOptions
 * @property {number} [workers] threads to start with, 1 to 256; by default one for each processor
 * @property {number | string} [memory] the most that the shared heap may grow to, in bytes or as '512MB'
 * @property {import('./dashboard/dashboard.js').DashboardWish} [dashboard] in Node.js: a page on this machine shows what computations of this thread do
 */

/** @typedef {import('./schedulers/threads.js').RunOptions} RunOptions */

/** How a task's lines come out; computeSync's helper has another way. @type {{ print: (level: import('./crew.js').Line['level'], args: unknown[]) => void }} */
export const output = { print: (level, args) => console[level](...args) };

/**
 * A job that somebody waits for, and its run on the core that there is now.
 * @typedef {{ job: import('./schedulers/job.js').Job, options: RunOptions, run: ThreadedRun, cores: number, stuck: any, unlisten: () => void,
 *   resolve: (results: import('./values/codec.js').Encoded[]) => void, reject: (error: unknown) => void }} Pending
 */

export class Runtime {
  /** @type {import('./core/heap.js').Heap} */ #heap;
  #pool = 0;
  #event = 0;
  /** @type {Crew | DistantCrew} */ #crew;
  /** How to load another core. @type {(() => Promise<import('./core/load-threads.js').LoadedThreads>) | undefined} */ #load;
  /** @type {Set<Pending>} */
  #pending = new Set();
  /** @type {Map<string, number>} What the core calls each function's text. */
  #functions = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} Keeps Node.js alive while work is outstanding. */
  #alive;
  #watching = false;
  #looking = false;
  #lookAgain = false;
  #closed = false;
  /** Workers in a row that ended before they came to life. */
  #unborn = 0;
  /** @type {Promise<void> | undefined} A new core is on its way. */
  #rebuilding;

  /** @param {import('./core/load-threads.js').LoadedThreads | undefined} loaded undefined: in a program's
   *   thread, with the core that its host has loaded @param {() => Promise<import('./core/load-threads.js').LoadedThreads>} [load]
   *   @private use {@link Runtime.start} */
  constructor(loaded, load) {
    this.#load = load;
    this.#heap = loaded ? loaded.heap : attachedHeap();
    this.#crew = this.#adopt(loaded);
  }

  /** Makes a pool in a core. @param {import('./core/load-threads.js').LoadedThreads | undefined} loaded */
  #adopt(loaded) {
    if (loaded) this.#heap = loaded.heap;
    const { core } = this.#heap;
    this.#pool = core.hdw_pool_create() >>> 0;
    if (!this.#pool) throw outOfMemory('a pool', 0);
    this.#event = core.hdw_pool_event(this.#pool) >>> 0;
    this.#functions.clear();
    const events = {
      isBusy: () => this.#pending.size > 0,
      onLost: () => this.#look(),
      onFatal: (/** @type {Error & { started?: boolean }} */ error) => this.#lose(error),
      onPrint: (/** @type {import('./crew.js').Line} */ line) => this.#print(line),
    };
    return (this.#crew = loaded ? new Crew(loaded, this.#pool, events) : new DistantCrew(this.#pool, events));
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
      if (option !== 'workers' && option !== 'memory' && option !== 'dashboard')
        throw new OptionError(`Runtime.start has no option '${option}'; it has workers, memory, dashboard.`, { option });
    const workers = workerCount(options.workers);
    const maximum = memoryBytes(options.memory);
    if (dashboardWish(options.dashboard)) Dashboard.start(options.dashboard);
    if (attachment()?.core) {
      if (maximum !== undefined) throw new OptionError('here the heap is there already, and memory cannot be chosen.', { option: 'memory' });
      return Runtime.#attach(workers);
    }
    const load = () => loadThreads({ maximum: maximum ?? DEFAULT_MAXIMUM, exact: maximum !== undefined });
    const runtime = new Runtime(await load(), load);
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

  /** A worker ended inside the core, or before it came to life, so that the core cannot be trusted any more: a new one takes its
   * place, and computations that are under way begin again there. @param {Error & { started?: boolean }} error */
  #lose(error) {
    if (this.#closed || this.#rebuilding) return;
    if (!error.started) this.#unborn++;
    const { size } = this.#crew, hopeless = !this.#load || this.#unborn >= STARTS_MAX;
    const again = !hopeless ? [...this.#pending].filter(({ run, cores }) => !run.told && cores < CORES_MAX) : [];
    for (const pending of this.#pending) {
      clearTimeout(pending.stuck);
      pending.run.abandon(again.includes(pending) ? undefined : error);
      if (!again.includes(pending)) this.#forget(pending);
    }
    if (hopeless) return void this.close();
    Atomics.notify(this.#eventCells(), 0); /* who follows the runs there would not hear of the new ones for a while */
    this.#rebuilding = this.#rebuild(size, again);
  }

  /** @param {number} size @param {Pending[]} again */
  async #rebuild(size, again) {
    try {
      await this.#crew.close();
      const loaded = await /** @type {() => Promise<import('./core/load-threads.js').LoadedThreads>} */ (this.#load)();
      if (this.#closed) return;
      this.#adopt(loaded);
      this.#crew.grow(size);
      for (const pending of again) {
        if (!this.#pending.has(pending)) continue; /* cancelled meanwhile */
        pending.cores++;
        try {
          pending.run = this.#submit(pending.job, pending.options);
          this.#connect(pending);
        } catch (error) {
          this.#forget(pending);
          pending.reject(error);
        }
      }
    } catch (error) {
      for (const pending of again) pending.reject(error);
      this.close();
    } finally {
      this.#rebuilding = undefined;
      this.#watch();
    }
  }

  /** @param {import('./crew.js').Line} line */
  #print({ level, args, run, task, name }) {
    const pending = run ? [...this.#pending].find((one) => one.run.address === run && task < one.job.functionOf.length) : undefined;
    const label = pending ? pending.run.keyOf(task) : name;
    output.print(level, label ? labelled(label, args) : args);
  }

  /**
   * Hands a job to the pool.
   * @param {import('./schedulers/job.js').Job} job whose functions have been checked
   * @param {RunOptions} options
   */
  #submit(job, options) {
    if (this.#closed) throw new HdError('CLOSED', 'this Runtime is closed; start a new one.');
    const count = options.workers ?? this.#crew.size;
    this.#crew.grow(count);
    const run = new ThreadedRun(this.#heap, this.#pool, this.#crew, job, { ...options, count, functionNumber: (text) => this.#functionNumber(text) });
    if (this.#closed) { /* by who was told that it begins */
      const error = new CancelledError('the Runtime was closed');
      run.abandon(error);
      throw error;
    }
    if (job.timed) this.#crew.watchDeadlines(true);
    return run;
  }

  /** @param {Pending} pending */
  #connect(pending) {
    pending.run.resolve = pending.resolve;
    const { run } = pending;
    run.reject = (error) => {
      this.#endStuck(pending);
      if (!run.failed.length) return pending.reject(error);
      Promise.all(run.failed.map(([failure, task]) => task && showWhere(failure, task))).then(() => pending.reject(error));
    };
  }

  /** A run was stopped: ends workers that do not get out of it within the grace period, again and again. @param {Pending} pending */
  #endStuck(pending) {
    pending.stuck = setTimeout(() => {
      if (!this.#pending.has(pending)) return;
      this.#crew.endStuck(pending.run.address);
      this.#endStuck(pending);
    }, config.graceMs);
    pending.stuck.unref?.();
  }

  /** @param {Pending} pending */
  #forget(pending) {
    clearTimeout(pending.stuck);
    this.#pending.delete(pending);
    pending.unlisten();
    if (![...this.#pending].some(({ job }) => job.timed)) this.#crew.watchDeadlines(false);
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
    while (this.#rebuilding) await this.#rebuilding;
    const { signal } = options;
    const run = this.#submit(job, options);
    return new Promise((resolve, reject) => {
      /** @type {Pending} */
      const pending = { job, options, run, cores: 1, stuck: undefined, resolve, reject, unlisten: () => signal?.removeEventListener('abort', abort) };
      const abort = () => {
        if (this.#rebuilding) { /* its core is gone, and who was killed may have left it locked */
          pending.run.abandon(new CancelledError(undefined, { cause: signal?.reason }));
          this.#forget(pending);
          return;
        }
        pending.run.cancel(signal?.reason);
        this.#look();
      };
      this.#pending.add(pending);
      this.#connect(pending);
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
    const run = this.#submit(job, options);
    /** @type {{ results?: import('./values/codec.js').Encoded[], failure?: { error: unknown } }} */
    const outcome = {};
    /** @type {Pending} */
    const pending = { job, options, run, cores: 1, stuck: undefined, unlisten: () => {},
      resolve: (results) => (outcome.results = results), reject: (error) => (outcome.failure ??= { error }) };
    this.#pending.add(pending);
    run.resolve = pending.resolve;
    run.reject = (error) => {
      for (const [failure, task] of run.failed) if (task) showWhereNow(failure, task);
      pending.reject(error);
    };
    let stuckAt = Infinity;
    while (this.#pending.has(pending)) {
      const seen = this.#heap.word(this.#event) | 0;
      this.#look();
      if (!this.#pending.has(pending)) break;
      if (run.told && stuckAt === Infinity) stuckAt = performance.now() + config.graceMs;
      if (performance.now() >= stuckAt) {
        this.#crew.endStuck(run.address);
        stuckAt = performance.now() + config.graceMs;
      }
      Atomics.wait(this.#eventCells(), 0, seen, Math.min(this.#lookAgainMs(), run.told ? Math.max(1, stuckAt - performance.now()) : Infinity));
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

  /** Follows the runs, by the pool's event word, as long as there are any. */
  async #watch() {
    if (this.#watching) return;
    this.#watching = true;
    try {
      while (this.#pending.size && !this.#closed && !this.#rebuilding) {
        const seen = this.#heap.word(this.#event) | 0;
        if (this.#crew.printing) await this.#crew.printed(); /* first what was printed, then what came of it */
        this.#look();
        if (!this.#pending.size || this.#rebuilding) break;
        const { async, value } = /** @type {any} */ (Atomics).waitAsync(this.#eventCells(), 0, seen, this.#lookAgainMs());
        if (async) await value;
      }
    } finally {
      this.#watching = false;
      this.#letExit();
    }
  }

  #eventCells() {
    return new Int32Array(/** @type {any} */ (this.#heap.memory.buffer), this.#event, 1);
  }

  /** How soon somebody wants to hear how runs are getting on, though nothing has happened. */
  #lookAgainMs() {
    let ms = 1000;
    for (const { run } of this.#pending) ms = Math.min(ms, run.dueInMs);
    return ms;
  }

  /** Lets Node.js exit when nothing is outstanding, and what tasks have printed has come out. */
  #letExit() {
    if (this.#pending.size || this.#alive === undefined) return;
    this.#crew.printedNow();
    if (this.#crew.printing) {
      setTimeout(() => this.#letExit(), 5);
      return;
    }
    clearInterval(this.#alive);
    this.#alive = undefined;
  }

  /** Tells what there is to tell of each run, and takes away those that have ended. */
  #look() {
    if (this.#rebuilding || this.#closed) return;
    if (this.#looking) return void (this.#lookAgain = true); /* who was told of something has come here */
    this.#looking = true;
    try {
      do {
        this.#lookAgain = false;
        this.#crew.printedNow();
        for (const pending of [...this.#pending])
          if (this.#pending.has(pending) && pending.run.look()) {
            this.#unborn = 0;
            this.#forget(pending);
          }
      } while (this.#lookAgain && !this.#closed && !this.#rebuilding);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      /* A lock that nobody gives back: a thread was ended that held it. */
      this.#lose(new WorkerLostError('a worker ended inside the scheduler.', { cause: error, started: true }));
    } finally {
      this.#looking = false;
    }
  }

  /** Ends the threads and gives the memory back. Computations that are under way are cancelled. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    for (const pending of this.#pending) {
      pending.run.abandon(new CancelledError('the Runtime was closed'));
      this.#forget(pending);
    }
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
