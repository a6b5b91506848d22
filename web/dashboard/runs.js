/** The runs that the page has, as models. */
import { TraceModel, isTraceMessage } from 'heddle/trace';

/** So many are kept; older ones that have ended are forgotten. */
const RUNS_MAX = 30;

export class Runs {
  /** The newest last. @type {Map<number, TraceModel>} */ models = new Map();
  /** Runs of which something came that cannot be: the others go on. */ #refused = new Set();
  /** @type {Map<number, number>} */ #counts = new Map();

  /**
   * Takes a message of the stream.
   * @param {any} message
   * @returns {TraceModel | undefined} the run that it is about; undefined: one that cannot be shown
   */
  receive(message) {
    /* JSON has no undefined. */
    if (message.type === 'begin' && Array.isArray(message.graph?.annotations)) message.graph.annotations = message.graph.annotations.map((/** @type {unknown} */ said) => said ?? undefined);
    if (this.#refused.has(message.run)) return undefined;
    if (!isTraceMessage(message, this.#counts)) {
      this.#refused.add(message.run);
      const model = this.models.get(message.run);
      model?.close();
      return model;
    }
    if (message.type !== 'begin') {
      this.models.get(message.run)?.receive(message);
      return this.models.get(message.run);
    }
    const model = new TraceModel(message);
    this.models.set(message.run, model);
    for (const [run, { outcome }] of this.models) {
      if (this.models.size <= RUNS_MAX) break;
      if (outcome !== null) this.models.delete(run);
    }
    return model;
  }

  /** How many runs cannot be shown, or not to their end. */
  get refused() { return this.#refused.size; }

  /** The script is gone. */
  close() {
    for (const model of this.models.values()) model.close();
  }
}
