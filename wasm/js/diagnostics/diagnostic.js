/** What all diagnostics have: they are told of computations between `register` and `unregister`, or during `watch`. */
import { OptionError } from '../errors.js';
import { config } from '../options.js';
import { drop, follow } from './feed.js';

/** @typedef {import('../trace/model.js').TraceModel} TraceModel */

/** A computation that has failed is over soon after its promise: so long beyond `config.graceMs` at most that is waited for. */
const SOON_MS = 1000;

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
  /** It was asked to register, and calls of `watch` that go on: it is told as long as there are any. */
  #isAsked = false;
  #watching = 0;
  /** Computations that it is told of and that run. @type {Set<TraceModel>} */ #open = new Set();
  /** Who waits for them. @type {Set<() => void>} */ #waiting = new Set();
  /** @type {import('./feed.js').Listener} */
  #listener = {
    began: (model, message) => {
      this.#open.add(model);
      this.began(model, message);
    },
    changed: (model, message) => this.changed(model, message),
    ended: (model, message) => {
      this.#open.delete(model);
      this.ended(model, message);
      for (const look of this.#waiting) look();
    },
    dropped: () => {
      this.#forget();
      this.dropped();
    },
  };

  /** Is told of all computations of this thread that begin from now on. @returns {this} */
  register() {
    this.#isAsked = true;
    this.#leave ??= follow(this.#listener);
    return this;
  }

  /** Is told no more. */
  unregister() {
    this.#leave?.();
    this.#forget();
  }

  #forget() {
    this.#isAsked = false;
    this.#leave = undefined;
    this.#open.clear();
    for (const look of this.#waiting) look();
  }

  /** Whether it is told. */
  get registered() {
    return this.#leave !== undefined;
  }

  /**
   * Registers, calls a function, waits for what it gives, and unregisters. If that fails, it also waits for the end of the
   * computations that have begun meanwhile: a failure is told before what runs beside it has stopped.
   * @template T
   * @param {() => T | PromiseLike<T>} fn
   * @returns {Promise<Awaited<T>>} what the function gives
   */
  async watch(fn) {
    if (typeof fn !== 'function') throw new OptionError('watch takes a function that computes.', { option: 'fn' });
    const known = new Set(this.#open);
    this.#watching++;
    this.#leave ??= follow(this.#listener);
    try {
      return await fn();
    } catch (error) {
      await this.#settled(known);
      throw error;
    } finally {
      if (--this.#watching === 0 && !this.#isAsked) this.attempt(() => this.unregister());
    }
  }

  /** Does what a timer calls for: if that throws, it is told no more. @param {() => void} act @protected */
  attempt(act) {
    try {
      act();
    } catch (error) {
      drop(this.#listener, error);
    }
  }

  /** Waits for the end of computations. @param {ReadonlySet<TraceModel>} known but for these @returns {Promise<void>} */
  #settled(known) {
    return new Promise((resolve) => {
      const look = () => {
        if ([...this.#open].some((model) => !known.has(model))) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        resolve();
      }, config.graceMs + SOON_MS);
      this.#waiting.add(look);
      look();
    });
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
  /** It has thrown, and is told no more. @protected */
  dropped() {}
}
