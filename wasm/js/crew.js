/**
 * The threads of a pool: starts them, replaces those that are lost, ends those that are stuck. Lives in
 * the thread that may start threads, which in a page is the document's own.
 */
import { outOfMemory } from './core/heap.js';
import { WorkerLostError } from './errors.js';

const STACK_BYTES = 256 * 1024;
/** A cancelled task may take so long to come to its end before its worker is ended. */
export const GRACE_MS = 250;
/** A task whose worker was lost is tried so often in all. */
export const ATTEMPTS_MAX = 2;
/** What a worker's mailbox says (shim/mailbox.h): whose task it claimed last, and so on. */
const MAILBOX_RUN = 44, MAILBOX_INDEX = 64, MAILBOX_PRINTING = 76, MAILBOX_STARTED = 80;

/** @typedef {{ address: number, thread: any, index: number }} CrewWorker */

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
  /** @type {unknown} Why the last worker was lost. */
  lossCause;

  /**
   * @param {import('./core/load-threads.js').LoadedThreads} loaded
   * @param {number} pool
   * @param {{ isBusy: () => boolean, onLost: () => void, onFatal: (error: Error) => void, onStart?: (thread: any, index: number) => void }} events
   *   whether a lost worker is replaced at once, not when more is to do; one was lost; the pool cannot go on;
   *   a thread was started
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
    return [...this.#workers].some(({ address }) => this.#heap.word(address + MAILBOX_PRINTING));
  }

  /** Sees to it that there are so many workers, and as many as there ever were: lost ones are replaced.
   * @param {number} count */
  grow(count) {
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
      this.#events.onStart?.(thread, worker.index);
    }
  }

  /** A worker's thread has ended: its tasks run again elsewhere, and another takes its place.
   * @param {CrewWorker} worker @param {unknown} cause */
  #lose(worker, cause) {
    if (this.#closed || !this.#workers.has(worker)) return;
    this.lossCause = cause;
    /* Where one cannot even start, the next could not either: that would go on for ever. */
    const started = this.#heap.word(worker.address + MAILBOX_STARTED);
    if (started && this.#end(worker)) return;
    /* Or it ended inside the core, which is in an unknown state. Either way this pool is at its end. */
    this.#events.onFatal(new WorkerLostError(started
      ? 'a worker ended inside the scheduler; start a new Runtime.'
      : `a worker could not start: ${cause}`, { cause }));
  }

  /** Takes a worker that is outside the core out of the pool, and its thread down. False: it is inside.
   * @param {CrewWorker} worker */
  #end(worker) {
    const { core } = this.#heap;
    if (!core.hdw_worker_kill(worker.address)) return false;
    this.#workers.delete(worker);
    this.#loaded.stopWorker(worker.thread);
    core.hdw_worker_lost(worker.address, ATTEMPTS_MAX);
    if (this.#events.isBusy()) this.grow(this.#size);
    this.#events.onLost();
    return true;
  }

  /** Ends the workers that a cancelled run does not get out of: those that run a task of it, or, as it
   * may wait for an asynchronous one, all. @param {number} run @param {boolean} all */
  endStuck(run, all) {
    this.lossCause = 'it was ended because a cancelled task did not come to its end';
    for (const worker of [...this.#workers])
      if (all || this.#heap.word(worker.address + MAILBOX_RUN) === run) this.#end(worker);
  }

  /** Ends the threads. */
  async close() {
    this.#closed = true;
    const ended = [...this.#workers].map(({ thread }) => this.#loaded.stopWorker(thread));
    this.#workers.clear();
    await Promise.all(ended);
  }
}
