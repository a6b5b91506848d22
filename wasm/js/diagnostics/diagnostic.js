/** What all diagnostics have: they are told of computations between `register` and `unregister`, or during `watch`. */
import { OptionError } from '../errors.js';
import { follow } from './feed.js';

/** @typedef {import('../trace/model.js').TraceModel} TraceModel */

/**
 * Checks what a diagnostic was given.
 * @param {string} name of the class @param {object} options @param {Record<string, (value: any) => boolean>} known what each must be
 */
export function checkOptions(name, options, known) {
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, option)) throw new OptionError(`${name} has no option '${option}'; it has ${Object.keys(known).join(', ')}.`, { option });
    if (value !== undefined && !known[option](value)) throw new OptionError(`${name} cannot take ${String(value)} as its ${option}.`, { option });
  }
}

/** @param {unknown} value */
export const isSeconds = (value) => typeof value === 'number' && value >= 0 && value < 1e6;

/**
 * A diagnostic is told only of computations that begin while it is registered, to their end or until it is unregistered.
 * `using bar = new ProgressBar().register()` unregisters it at the end of the block.
 */
export class Diagnostic {
  /** @type {(() => void) | undefined} */ #leave;

  /** Is told of all computations of this thread that begin from now on. @returns {this} */
  register() {
    this.#leave ??= follow({
      began: (model, message) => this.began(model, message),
      changed: (model, message) => this.changed(model, message),
      ended: (model, message) => this.ended(model, message),
    });
    return this;
  }

  /** Is told no more. */
  unregister() {
    this.#leave?.();
    this.#leave = undefined;
  }

  /** Whether it is told. */
  get registered() {
    return this.#leave !== undefined;
  }

  /**
   * Registers, calls a function, waits for what it gives, and unregisters.
   * @template T
   * @param {() => T | PromiseLike<T>} fn
   * @returns {Promise<Awaited<T>>} what the function gives
   */
  async watch(fn) {
    if (typeof fn !== 'function') throw new OptionError('watch takes a function that computes.', { option: 'fn' });
    const before = this.registered;
    this.register();
    try {
      return await fn();
    } finally {
      if (!before) this.unregister();
    }
  }

  /** At the end of a block with `using`. */
  [/** @type {typeof Symbol.dispose} */ (Symbol.dispose ?? Symbol.for('Symbol.dispose'))]() {
    this.unregister();
  }

  /** @param {TraceModel} _model @param {import('../watch.js').BeginMessage} _message @protected */
  began(_model, _message) {}
  /** @param {TraceModel} _model @param {import('../watch.js').BatchMessage} _message @protected */
  changed(_model, _message) {}
  /** @param {TraceModel} _model @param {import('../watch.js').EndMessage} _message @protected */
  ended(_model, _message) {}
}
