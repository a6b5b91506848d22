/**
 * The threads of a pool: starts them, replaces those that are lost, ends those that are stuck, and passes on what
 * their tasks print. In the thread that made the core; for others program/attach.js has one from afar.
 */
import { outOfMemory } from './core/heap.js';
import { WorkerLostError } from './errors.js';
import { config } from './options.js';
import { clockMs } from './clock.js';

const STACK_BYTES = 256 * 1024;
/** A task whose worker was lost is tried so often in all. */
export const ATTEMPTS_MAX = 2;
/** What a worker's mailbox says (shim/mailbox.h): whose task it claimed last, and so on. */
const MAILBOX_RUN = 44, MAILBOX_INDEX = 64, MAILBOX_PRINTING = 76, MAILBOX_STARTED = 80, MAILBOX_BUSY = 92, MAILBOX_GRACE = 104,
  MAILBOX_PRINTED = 108;
/** How often tasks with a time limit are looked at. */
const LOOK_MS = 20;
/** A terminated thread may run on for seconds: so long its stack and what it could see of the core are left alone. */
const QUARANTINE_MS = 5000;
/** Results wait for lines that have been printed before them, but not for ever. */
const PRINT_WAIT_MS = 200;

/**
 * @typedef {{ address: number, thread: any, index: number, port: any, received: number }} CrewWorker
 * @typedef {{ level: 'debug' | 'log' | 'info' | 'warn' | 'error', args: unknown[], run: number, task: number, name: string }} Line what a
 *   task printed; run 0: nobody knows which task it was
 */

export class Crew {
  #loaded;
  #heap;
  #pool;
  #events;
  /** @type {Set<CrewWorker>} */
  #workers = new Set();
  /** Workers that there shall be. Runs use those with the lowest numbers, so none may be missing. */
  #size = 0;
  #closed = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looking;
  /** Timers of quarantines. @type {Set<any>} */
  #quarantines = new Set();
  /** Who waits for lines that are on their way. @type {Set<() => void>} */
  #waiting = new Set();
  /** @type {unknown} Why the last worker was lost. */
  lossCause;

  /**
   * @param {import('./core/load-threads.js').LoadedThreads} loaded
   * @param {number} pool
   * @param {{ isBusy: () => boolean, onLost: () => void, onFatal: (error: Error) => void, onPrint: (line: Line, worker: number) => void }} events
   *   whether a lost worker is replaced at once, not when more is to do; one was lost; the pool cannot go on;
   *   a task has printed something
   */
  constructor(loaded, pool, events) {
    this.#loaded = loaded;
    this.#heap = loaded.heap;
    this.#pool = pool;
    this.#events = events;
  }

  /** Threads at this moment. */
  get count() {
    return this.#workers.size;
  }

  /** Threads that there shall be. */
  get size() {
    return this.#size;
  }

  /** Whether output of tasks has yet to reach this thread. */
  get printing() {
    return [...this.#workers].some((worker) => this.#owes(worker) || this.#heap.word(worker.address + MAILBOX_PRINTING));
  }

  /** @param {CrewWorker} worker */
  #owes({ address, received }) {
    return this.#heap.word(address + MAILBOX_PRINTED) !== received;
  }

  /** Sees to it that there are so many workers, and as many as there ever were: lost ones are replaced.
   * @param {number} count */
  grow(count) {
    this.#size = Math.max(this.#size, count);
    for (const { address } of this.#workers) this.#heap.words[(address + MAILBOX_GRACE) >>> 2] = config.graceMs;
    while (this.#workers.size < this.#size) {
      const { address, thread } = this.#loaded.startWorker(this.#pool, STACK_BYTES);
      if (!address) throw outOfMemory('a worker', STACK_BYTES);
      const { port1: port, port2: theirs } = new MessageChannel();
      const worker = { address, thread, index: this.#heap.word(address + MAILBOX_INDEX), port, received: 0 };
      this.#heap.words[(address + MAILBOX_GRACE) >>> 2] = config.graceMs;
      this.#workers.add(worker);
      port.onmessage = ({ data }) => this.#print(worker, data);
      /* Emscripten passes over messages with this target. */
      thread.postMessage({ target: 'setimmediate', heddle: { print: theirs } }, [theirs]);
      /** @type {any} */ (port).unref?.();
      thread.unref?.();
      const lost = (/** @type {unknown} */ cause) => this.#lose(worker, cause);
      thread.onerror = (/** @type {any} */ event) => {
        event?.preventDefault?.();
        lost(event?.error ?? event?.message ?? event);
      };
      thread.on?.('exit', (/** @type {number} */ code) => lost(`it exited with code ${code}`));
    }
  }

  /** @param {CrewWorker} worker @param {Line} line */
  #print(worker, line) {
    worker.received++;
    this.#events.onPrint(line, worker.index);
    if (this.#waiting.size && !this.#owes(worker)) for (const look of [...this.#waiting]) look();
  }

  /** Waits for lines that have been printed by now. */
  async printed() {
    this.printedNow();
    const owing = () => [...this.#workers].some((worker) => this.#owes(worker));
    if (!owing()) return;
    await /** @type {Promise<void>} */ (new Promise((resolve) => {
      const timer = setTimeout(() => end(), PRINT_WAIT_MS);
      const look = () => owing() || end();
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    }));
  }

  /** Prints what has arrived, without waiting: in Node.js that is all. */
  printedNow() {
    const receive = this.#loaded.receive;
    if (!receive) return;
    for (const worker of this.#workers)
      for (let got; this.#owes(worker) && (got = receive(worker.port)); ) this.#print(worker, got.message);
  }

  /** A worker's thread has ended: its tasks run again elsewhere, and another takes its place.
   * @param {CrewWorker} worker @param {unknown} cause */
  #lose(worker, cause) {
    if (this.#closed || !this.#workers.has(worker)) return;
    this.lossCause = cause;
    const started = this.#heap.word(worker.address + MAILBOX_STARTED);
    if (started && this.#end(worker)) return;
    /* It ended inside the core, or on its way into it: that is in an unknown state, and this pool at its end. */
    this.#events.onFatal(new WorkerLostError(started
      ? 'a worker ended inside the scheduler.'
      : `a worker could not start: ${cause}`, { cause, started: Boolean(started) }));
  }

  /** Takes a worker that is outside the core out of the pool, and its thread down. False: it is inside.
   * @param {CrewWorker} worker */
  #end(worker) {
    const { core } = this.#heap;
    if (!core.hdw_worker_kill(worker.address)) return false;
    this.#workers.delete(worker);
    this.#loaded.stopWorker(worker.thread);
    try {
      core.hdw_worker_lost(worker.address, ATTEMPTS_MAX, clockMs());
    } catch (cause) { /* it trapped: a lock that nobody gives back, of a thread that was ended inside the core */
      this.#events.onFatal(new WorkerLostError('a worker ended inside the scheduler.', { cause, started: true }));
      return true;
    }
    const timer = setTimeout(() => {
      this.#quarantines.delete(timer);
      if (!this.#closed) this.#loaded.freeThread(core.hdw_worker_forget(worker.address));
      worker.port.close();
    }, QUARANTINE_MS);
    /** @type {any} */ (timer).unref?.();
    this.#quarantines.add(timer);
    if (this.#events.isBusy()) this.grow(this.#size);
    this.#events.onLost();
    return true;
  }

  /** Ends the workers that run a task of a stopped run and do not come out of it.
   * @param {number} run */
  endStuck(run) {
    this.lossCause = 'it was ended because a cancelled task did not come to its end';
    for (const worker of [...this.#workers])
      if ((this.#heap.word(worker.address + MAILBOX_BUSY) && this.#heap.word(worker.address + MAILBOX_RUN) === run) ||
        this.#heap.core.hdw_worker_lingers(worker.address, clockMs())) this.#end(worker);
  }

  /** From now on, or no longer, ends workers whose task has used up its time. @param {boolean} on */
  watchDeadlines(on) {
    if (on && this.#looking !== undefined) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
    if (!on || this.#closed) return;
    this.#looking = setInterval(() => {
      const now = clockMs();
      for (const worker of [...this.#workers])
        if (this.#heap.core.hdw_worker_overdue(worker.address, now)) {
          this.lossCause = 'a task of it took longer than it may';
          this.#end(worker);
        }
    }, LOOK_MS);
    /** @type {any} */ (this.#looking).unref?.();
  }

  /** Ends the threads. */
  async close() {
    this.#closed = true;
    clearInterval(this.#looking);
    for (const timer of this.#quarantines) clearTimeout(timer);
    const ended = [...this.#workers].map(({ thread, port }) => {
      port.close();
      return this.#loaded.stopWorker(thread);
    });
    this.#workers.clear();
    await Promise.all(ended);
  }
}
