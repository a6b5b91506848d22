/** `PerformanceMeasures`: each task as an entry of the platform's own performance timeline, beside everything else there. */
import { CANCELLED, DONE, RELEASED, RUNNING } from '../trace/states.js';
import { Diagnostic } from './diagnostic.js';

/**
 * Calls `performance.measure` for each task that ends, so that it stands in the browser's profiler (Chromium: the track
 * "Timings") and reaches every `PerformanceObserver`. Opt-in: entries stay until `performance.clearMeasures`.
 * @example
 * const measures = new PerformanceMeasures().register();
 * await z.compute();
 * performance.getEntriesByType('measure'); // { name: 'inc', detail: { key: 'inc-1', worker: 0, … }, startTime, duration }, …
 */
export class PerformanceMeasures extends Diagnostic {
  /** Tasks that have been told, by model. @type {WeakMap<import('../trace/model.js').TraceModel, Uint8Array>} */ #told = new WeakMap();

  /** @param {import('../trace/model.js').TraceModel} model @override @protected */
  began(model) {
    this.#told.set(model, new Uint8Array(model.count));
  }

  /** @param {import('../trace/model.js').TraceModel} model @param {import('../watch.js').BatchMessage} message @override @protected */
  changed(model, message) {
    const told = /** @type {Uint8Array} */ (this.#told.get(model)), { states, startMs, elapsedMs, attempts } = model.record;
    const origin = model.startedAt - performance.timeOrigin;
    for (const task of message.tasks) {
      const state = states[task];
      if (told[task] || state <= RUNNING || !(startMs[task] >= 0) || (state === CANCELLED && !elapsedMs[task])) continue;
      told[task] = 1;
      performance.measure(model.nameOf(task), { start: Math.max(0, origin + startMs[task]), duration: elapsedMs[task],
        detail: { key: model.keyOf(task), worker: model.rowOf(task), run: model.run, attempt: attempts[task], done: state === DONE || state === RELEASED } });
    }
  }
}
