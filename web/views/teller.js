/** What there is to say of a run while it goes on, sentence by sentence. No DOM. */
import { countedNoun, DONE, ERRED, RELEASED, RUNNING, timed } from 'heddle/trace';

/** Between two sentences. */
export const GAP_MS = 2000;

export class Teller {
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  #last = -Infinity;
  /** What has been said. */ #begun = false;
  #failed = 0;
  #parts = 0;
  #running = false;
  #ended = false;

  /** Whether the end has been said. */
  get over() {
    return this.#ended;
  }

  /**
   * The next sentence, or none.
   * @param {import('heddle/trace').TraceModel} model at its newest moment
   * @param {number} clock
   */
  next(model, clock) {
    if (model !== this.#model) this.#begin(model);
    if (this.#ended || clock - this.#last < GAP_MS) return '';
    const text = this.#news(model);
    if (text) this.#last = clock;
    return text;
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #begin(model) {
    this.#model = model;
    this.#last = -Infinity;
    this.#begun = this.#running = this.#ended = false;
    this.#failed = this.#parts = 0;
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #news(model) {
    const { counts, count } = model, done = counts[DONE] + counts[RELEASED], running = counts[RUNNING];
    if (model.outcome !== null) {
      this.#ended = this.#begun = true;
      return endOf(model, done);
    }
    if (!this.#begun) {
      this.#begun = true;
      return `Begun: ${countedNoun(count, 'task')} ${model.scheduler === 'sync' ? 'one after another' : `on ${countedNoun(model.workers, 'worker')}`}`;
    }
    if (counts[ERRED] > this.#failed) return this.#failure(model);
    const parts = Math.floor((4 * done) / Math.max(1, count));
    if (parts > this.#parts) {
      this.#parts = parts;
      return `${['', 'A quarter', 'Half', 'Three quarters', 'All'][parts]} done: ${done.toLocaleString('en')} of ${countedNoun(count, 'task')}${running ? `, ${running} running` : ''}`;
    }
    if (!this.#running && running) {
      this.#running = true;
      return `${countedNoun(running, 'task')} running`;
    }
    return '';
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #failure(model) {
    const more = model.counts[ERRED] - this.#failed - 1, task = model.states.indexOf(ERRED);
    this.#failed = model.counts[ERRED];
    return `${model.nameOf(task)} failed${more > 0 ? `, and ${countedNoun(more, 'other task')}` : ''}`;
  }
}

/** @param {import('heddle/trace').TraceModel} model @param {number} done */
function endOf(model, done) {
  const after = `after ${timed(model.atMs)}`, erred = model.counts[ERRED] ? model.states.indexOf(ERRED) : -1;
  if (model.outcome === 'done') return `Done ${after}: ${countedNoun(done, 'task')}`;
  if (erred >= 0) return `Failed ${after}: ${model.nameOf(erred)} failed; ${done.toLocaleString('en')} of ${countedNoun(model.count, 'task')} done`;
  return `Stopped ${after}: ${done.toLocaleString('en')} of ${countedNoun(model.count, 'task')} done`;
}
