/** `Recorder`: computations as models, to look at, to summarise, to save. */
import { OptionError } from '../errors.js';
import { writeTrace } from '../trace/file.js';
import { TraceModel } from '../trace/model.js';
import { Diagnostic, checkOptions } from './diagnostic.js';
import { writeOut } from './picture-file.js';

/**
 * Records whole computations. Its models are its own: what is done with them (`seek`) disturbs nobody.
 * @example
 * const recorder = new Recorder();
 * await recorder.watch(() => z.compute());
 * console.log(summary(recorder.last));
 * await recorder.save('run.heddle'); // npx heddle trace run.heddle
 */
export class Recorder extends Diagnostic {
  #keep;
  /** @type {Map<TraceModel, TraceModel>} Ours by the shared ones, while they run. */ #own = new Map();
  /** The computations so far, the newest last. @type {TraceModel[]} */ models = [];

  /** @param {{ keep?: number }} [options] `keep`: of so many computations, the last ones; of all by default @throws {OptionError} */
  constructor(options = {}) {
    super();
    checkOptions('Recorder', options, { keep: (keep) => Number.isInteger(keep) && keep >= 1 });
    this.#keep = options.keep ?? Infinity;
  }

  /** The computation that began last; undefined: none has. */
  get last() {
    return this.models.at(-1);
  }

  /** @param {TraceModel} shared @param {import('../watch.js').BeginMessage} message @override @protected */
  began(shared, message) {
    const model = new TraceModel(message);
    this.#own.set(shared, model);
    this.models.push(model);
    if (this.models.length > this.#keep) this.models.shift();
  }

  /** @param {TraceModel} shared @param {import('../watch.js').BatchMessage} message @override @protected */
  changed(shared, message) {
    this.#own.get(shared)?.receive(message);
  }

  /** @param {TraceModel} shared @param {import('../watch.js').EndMessage} message @override @protected */
  ended(shared, message) {
    this.#own.get(shared)?.receive(message);
    this.#own.delete(shared);
  }

  /** Forgets what has been recorded. */
  clear() {
    this.models = [];
  }

  /**
   * Writes a computation into a file, in Node.js. The playground opens it, and `npx heddle trace` says what is in it.
   * @param {string} filename
   * @param {TraceModel} [model] the last one by default
   * @throws {OptionError} if there is none; TypeError and the like of the file system
   */
  async save(filename, model = this.last) {
    if (!model) throw new OptionError('nothing has been recorded yet: compute something while the recorder is registered.', { option: 'model' });
    writeOut(filename, await writeTrace(model));
  }
}
