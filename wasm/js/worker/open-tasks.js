/**
 * Tasks of a worker that have been begun and not answered: asynchronous ones, while their promise is pending, and
 * those that might leave a rejected promise behind, until that would have been reported.
 *
 * A task is answered once, by the first of: its value or error; its time being used up; its run being stopped and the
 * grace period over; a rejection that it left behind. What comes later finds it `over`.
 */
import { CancelledError, TimeoutError } from '../errors.js';
import { askingSignal } from '../context.js';
import { now } from './mailbox.js';

/**
 * @typedef {object} OpenTask
 * @property {number} slot of its claim
 * @property {{ run: number, task: number, name: string }} whose
 * @property {number} timeoutMs 0: it may take as long as it likes
 * @property {number} dueMs when that will be used up, by `performance`; 0: never
 * @property {boolean} over it was answered
 * @property {boolean} timedOut
 * @property {import('./mailbox.js').Answer | undefined} answer once it is deferred
 * @property {{ signal: AbortSignal, look: () => void } | undefined} asking its signal, if it has looked at it
 * @property {any} timer
 * @property {any} grace
 */

/** Node.js knows which task's code runs. @type {{ run: <T>(task: OpenTask, code: () => T) => T, getStore: () => OpenTask | undefined } | undefined} */
const storage = (() => {
  const { AsyncLocalStorage } = /** @type {any} */ (globalThis).process?.getBuiltinModule?.('node:async_hooks') ?? {};
  return AsyncLocalStorage && new AsyncLocalStorage();
})();

/** Timers take no more milliseconds than this. */
const TIMER_MAX = 2 ** 31 - 1;

export class OpenTasks {
  #core;
  #mailbox;
  #nextTurn;
  #onAnswer;
  /** @type {Set<OpenTask>} Deferred ones. */
  #open = new Set();
  /** @type {OpenTask | undefined} Whose code ran last: what is left behind is its. */
  #blamed;
  /** @type {[OpenTask, () => void][]} */
  #settled = [];
  #flushing = false;

  /**
   * @param {import('./mailbox.js').Mailbox} mailbox
   * @param {(run: () => void) => void} nextTurn after everything that is reported of this turn
   * @param {(slot: number) => void} onAnswer the mailbox holds a slot's answer
   */
  constructor(mailbox, nextTurn, onAnswer) {
    this.#core = mailbox.core;
    this.#mailbox = mailbox;
    this.#nextTurn = nextTurn;
    this.#onAnswer = onAnswer;
  }

  get size() {
    return this.#open.size;
  }

  /** Runs code of a task, and what it starts. @template T @param {OpenTask} task @param {() => T} code @returns {T} */
  within(task, code) {
    return storage ? storage.run(task, code) : code();
  }

  /** The task whose code runs now, after an `await`, if that is known: in browsers only while no other is open. */
  get current() {
    const task = storage?.getStore();
    if (task) return task.over ? { ...task.whose, run: 0 } : task.whose; /* its run may be gone, and another at its address */
    return this.#open.size === 1 ? /** @type {OpenTask} */ (this.#open.values().next().value).whose : undefined;
  }

  /** @param {number} slot @param {OpenTask['whose']} whose @param {number} timeoutMs @returns {OpenTask} */
  begin(slot, whose, timeoutMs) {
    return { slot, whose, timeoutMs, dueMs: 0, over: false, timedOut: false, answer: undefined, asking: undefined, timer: undefined, grace: undefined };
  }

  /** The signal of a task. @param {OpenTask} task */
  signal(task) {
    task.asking ??= askingSignal(() => {
      if (task.timedOut) return this.#timeout(task);
      if (task.over) return undefined; /* its slot may be another's */
      if (task.timeoutMs && this.#mailbox.overdue) return this.#timeout(task);
      return this.#core.hdw_worker_stopped(this.#mailbox.address, task.slot) ? new CancelledError() : undefined;
    });
    return task.asking.signal;
  }

  /** @param {OpenTask} task */
  #timeout(task) {
    return new TimeoutError(`the task took longer than its ${task.timeoutMs} ms.`, { timeoutMs: task.timeoutMs });
  }

  /** Keeps a task open until its promise settles. @param {OpenTask} task @param {unknown} promise @param {number} sinceMs it began */
  defer(task, promise, sinceMs) {
    task.answer = this.#mailbox.takeAnswer();
    this.#mailbox.defer();
    this.#open.add(task);
    this.#blamed = task;
    if (task.timeoutMs) {
      task.dueMs = sinceMs + task.timeoutMs;
      this.#limit();
      task.timer = setTimeout(() => {
        if (task.dueMs - now() > 1000) return; /* it was further off than a timer can be */
        task.timedOut = true;
        task.asking?.look();
        this.#answer(task, () => this.#mailbox.fail(this.#timeout(task)));
      }, Math.min(TIMER_MAX, Math.max(0, task.dueMs - now())));
    }
    Promise.resolve(promise).then(
      (value) => this.#settle(task, () => this.#mailbox.finishOrFail(value, /** @type {any} */ (task.answer))),
      (error) => this.#settle(task, () => this.#mailbox.fail(error)));
  }

  /** Says which open task is the next to use up its time: should this thread never come back to its timers, it is ended. */
  #limit() {
    let first;
    for (const task of this.#open) if (task.dueMs && (!first || task.dueMs < first.dueMs)) first = task;
    this.#mailbox.limit(first?.dueMs ?? 0, first?.slot ?? 0);
  }

  /** @param {OpenTask} task @param {() => void} write */
  #settle(task, write) {
    if (task.over) return;
    this.#blamed = task;
    this.#settled[this.#settled.length] = [task, write]; /* a method of it may have been replaced */
    if (this.#flushing) return;
    this.#flushing = true;
    this.#nextTurn(() => {
      this.#flushing = false;
      this.#mailbox.putBackAtTimes();
      for (const [settled, answer] of this.#settled.splice(0)) this.#answer(settled, answer);
    });
  }

  /** @param {OpenTask} task @param {() => void} write puts the answer into the mailbox */
  #answer(task, write) {
    if (task.over) return;
    task.over = true;
    this.#open.delete(task);
    if (task.dueMs) this.#limit();
    clearTimeout(task.timer);
    clearTimeout(task.grace);
    this.#mailbox.beat(now()); /* writing a large answer takes a while */
    write();
    this.#onAnswer(task.slot);
  }

  /** A rejected promise was left behind: the task that did it has failed. @param {unknown} reason @returns {boolean} whether there is one */
  blame(reason) {
    this.#mailbox.putBack();
    const known = storage?.getStore();
    const last = known ?? [this.#blamed, [...this.#open].at(-1)].find((task) => task && !task.over);
    if (!last || last.over) return false;
    this.#answer(last, () => this.#mailbox.fail(reason));
    return true;
  }

  /** Looks whether runs of open tasks were stopped: these are told by their signals, and given up after a while. */
  look() {
    for (const task of this.#open) {
      if (task.grace !== undefined || !this.#core.hdw_worker_stopped(this.#mailbox.address, task.slot)) continue;
      task.grace = setTimeout(() => this.#answer(task, () => this.#mailbox.fail(new CancelledError())), this.#mailbox.graceMs);
      task.asking?.look();
    }
  }
}
