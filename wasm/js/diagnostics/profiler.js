/** `Profiler`: when each task ran, and where. */
import { RUNNING, taskStates } from '../trace/states.js';
import { Diagnostic } from './diagnostic.js';
import { visualize } from './visualize.js';

/**
 * @typedef {object} TaskTime one task that has begun
 * @property {string} key
 * @property {string} name of its function
 * @property {number} startMs since the first computation began that was recorded; of the last attempt
 * @property {number} endMs of one that runs: the last that is known
 * @property {number} worker from 0
 * @property {string} state the word for it
 * @property {number} run the computation's number
 */

/** The tasks of a model that have begun, by time. @param {import('../trace/model.js').TraceModel} model @param {number} [offsetMs] @returns {TaskTime[]} */
export function taskTimes(model, offsetMs = 0) {
  const { states, startMs, elapsedMs } = model.record;
  /** @type {TaskTime[]} */
  const times = [];
  for (let task = 0; task < model.count; task++) {
    const start = startMs[task];
    if (!(start >= 0)) continue;
    const endMs = states[task] === RUNNING ? Math.max(start, model.atMs) : start + elapsedMs[task];
    times.push({ key: model.keyOf(task), name: model.nameOf(task), startMs: offsetMs + start, endMs: offsetMs + endMs, worker: model.rowOf(task),
      state: taskStates[states[task]], run: model.run });
  }
  return times.sort((a, b) => a.startMs - b.startMs);
}

/**
 * Records when and where each task ran, of all computations since it was made or cleared.
 * @example
 * const profiler = new Profiler();
 * await profiler.watch(() => z.compute());
 * console.table(profiler.results);
 * profiler.visualize({ filename: 'profile.svg' });
 */
export class Profiler extends Diagnostic {
  /** @type {import('../trace/model.js').TraceModel[]} */ #models = [];

  /** @param {import('../trace/model.js').TraceModel} model @override @protected */
  began(model) {
    this.#models.push(model);
  }

  /** When the first recorded computation began, in milliseconds since 1970; undefined: none has. */
  get startedAt() {
    return this.#models[0]?.startedAt;
  }

  /** Each task that has begun, by time. @returns {TaskTime[]} */
  get results() {
    const lists = this.#models.map((model) => taskTimes(model, model.startedAt - this.#models[0].startedAt));
    return lists.length === 1 ? lists[0] : lists.flat().sort((a, b) => a.startMs - b.startMs);
  }

  /** Forgets what it has recorded. */
  clear() {
    this.#models = [];
  }

  /**
   * The task stream: one row a worker, one bar a task.
   * @param {import('./visualize.js').VisualizeOptions} [options]
   * @returns {string} SVG
   */
  visualize(options) {
    return visualize([this], options);
  }
}
