/** `Callback`: functions that are called as a computation goes, named as Dask's. */
import { CANCELLED, DONE, taskStates } from '../trace/states.js';
import { Diagnostic, checkOptions } from './diagnostic.js';

/**
 * @typedef {object} TaskEvent a task, as far as is known by now
 * @property {string} key
 * @property {string} name
 * @property {number} task its number in the graph
 * @property {string} state the word for it
 * @property {number} worker who runs or ran it, from 0
 * @property {number} startMs since the computation began; NaN: it never began
 * @property {number} endMs NaN: it has not ended
 * @property {number} attempts
 *
 * @typedef {object} Callbacks
 * @property {(graph: import('../watch.js').WatchedGraph, model: import('../trace/model.js').TraceModel) => void} [start] a computation begins
 * @property {(model: import('../trace/model.js').TraceModel) => void} [startState] right after, as Dask has it
 * @property {(key: string, task: TaskEvent) => void} [pretask] a task has begun
 * @property {(key: string, task: TaskEvent) => void} [posttask] a task has ended, well or not
 * @property {(model: import('../trace/model.js').TraceModel, errored: boolean) => void} [finish] the computation has ended; `errored`: other than well
 */

const names = /** @type {const} */ (['start', 'startState', 'pretask', 'posttask', 'finish']);
/** @param {unknown} value */
const isFunction = (value) => typeof value === 'function';

/**
 * Calls functions as computations go: those given, or the methods of a subclass (`start`, `startState`, `pretask`, `posttask`,
 * `finish`). They are called in batches, some milliseconds after the fact, in this thread; results are not available, which
 * may be in another one or released.
 *
 * Of each computation: first `start`, `startState`, last `finish`. Of each task that begins: `pretask` once, also if it is
 * tried again, then `posttask` once, unless the computation ends before; `posttask` of a task before `pretask` of those that
 * take its result. Of tasks that do not need each other, and of several computations at once, any order is possible.
 * @example
 * await new Callback({ posttask: (key, { endMs, startMs }) => console.log(key, endMs - startMs) }).watch(() => z.compute());
 */
export class Callback extends Diagnostic {
  #given;
  /** Per computation and task: 1 pretask was called, 2 posttask, too. @type {WeakMap<import('../trace/model.js').TraceModel, Uint8Array>} */ #called = new WeakMap();

  /** @param {Callbacks} [callbacks] @throws {import('../errors.js').OptionError} */
  constructor(callbacks = {}) {
    super();
    checkOptions('Callback', callbacks, Object.fromEntries(names.map((name) => [name, isFunction])));
    this.#given = callbacks;
  }

  /** What is called: what was given, or a method, which may also be a field. @param {typeof names[number]} name @returns {any} */
  #of(name) {
    const method = /** @type {any} */ (this)[name];
    return this.#given[name] ?? (isFunction(method) ? method.bind(this) : undefined);
  }

  /** @param {import('../trace/model.js').TraceModel} model @override @protected */
  began(model) {
    this.#called.set(model, new Uint8Array(model.count));
    this.#of('start')?.(model.graph, model);
    this.#of('startState')?.(model);
  }

  /** @param {import('../trace/model.js').TraceModel} model @param {import('../watch.js').BatchMessage} batch @override @protected */
  changed(model, batch) {
    const pretask = this.#of('pretask'), posttask = this.#of('posttask');
    if (!pretask && !posttask) return;
    for (const { task, ended } of this.#happened(model, batch)) {
      const key = model.keyOf(task);
      (ended ? posttask : pretask)?.(key, eventOf(model, task, ended));
    }
  }

  /** @param {import('../trace/model.js').TraceModel} model @param {import('../watch.js').EndMessage} message @override @protected */
  ended(model, { outcome }) {
    this.#called.delete(model);
    this.#of('finish')?.(model, outcome !== 'done');
  }

  /**
   * What a batch tells that was not told, by time. A batch has inputs before those that take their results; times that were
   * rounded are made to say the same, so that sorting cannot turn that round.
   * @param {import('../trace/model.js').TraceModel} model @param {import('../watch.js').BatchMessage} batch
   */
  #happened(model, { tasks, states, startMs, elapsedMs }) {
    const called = /** @type {Uint8Array} */ (this.#called.get(model));
    /** @type {{ task: number, ended: boolean, atMs: number }[]} */
    const events = [];
    /** @type {Map<number, number>} */
    const ends = new Map();
    tasks.forEach((task, at) => {
      const begun = startMs[at] >= 0, ended = states[at] >= DONE && (begun || states[at] !== CANCELLED);
      if (!begun && !ended) return;
      let atMs = begun ? startMs[at] : 0;
      for (const input of model.inputsOf(task)) atMs = Math.max(atMs, ends.get(input) ?? 0);
      if (called[task] < 1) events.push({ task, ended: false, atMs });
      if (ended) ends.set(task, (atMs = Math.max(atMs, begun ? startMs[at] + elapsedMs[at] : 0)));
      if (ended && called[task] < 2) events.push({ task, ended: true, atMs });
      called[task] = Math.max(called[task], ended ? 2 : 1);
    });
    return events.sort((a, b) => a.atMs - b.atMs);
  }
}

/** @param {import('../trace/model.js').TraceModel} model @param {number} task @param {boolean} ended @returns {TaskEvent} */
function eventOf(model, task, ended) {
  const { states, startMs, elapsedMs, worker, attempts } = model.record;
  return { key: model.keyOf(task), name: model.nameOf(task), task, state: ended ? taskStates[states[task]] : 'running', worker: worker[task],
    startMs: startMs[task], endMs: ended ? startMs[task] + elapsedMs[task] : NaN, attempts: attempts[task] };
}
