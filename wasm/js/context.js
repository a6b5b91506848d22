/** The context of a task: what functions made with `delayed(fn, { ctx: true })` get as their first argument. */
import { OptionError } from './errors.js';

/**
 * What stands behind a context in the thread that runs the task.
 * @typedef {object} ContextHost
 * @property {() => AbortSignal} signal
 * @property {(fraction: number) => void} progress
 * @property {(args: unknown[]) => void} log
 * @property {(Class: any, length: number) => any} empty
 */

/** @typedef {{ key: string, worker: number, attempt: number }} TaskPlace */

/** Typed arrays have a length in elements. Theirs may be of another realm, as in Node's vm. @param {any} Class */
const isTypedArrayClass = (Class) => typeof Class === 'function' && Object.getPrototypeOf(Class)?.name === 'TypedArray' && Class.BYTES_PER_ELEMENT > 0;

export class Context {
  #place;
  #host;

  /** @param {TaskPlace} place @param {ContextHost} host @internal */
  constructor(place, host) {
    this.#place = place;
    this.#host = host;
  }

  /** The task's key. */
  get key() {
    return this.#place.key;
  }

  /** Who runs it: a worker's number, from 0. */
  get worker() {
    return this.#place.worker;
  }

  /** 1, and one more each time that it failed and was tried again, or its worker was lost. */
  get attempt() {
    return this.#place.attempt;
  }

  /**
   * Aborted when the computation is cancelled or fails, or the task has used up its time. `aborted` is up to date
   * also in a loop that never comes back to the event loop.
   * @example const page = delayed(async (ctx, url) => (await fetch(url, { signal: ctx.signal })).text(), { ctx: true });
   */
  get signal() {
    return this.#host.signal();
  }

  /**
   * Says how far the task is, for `onProgress`.
   * @param {number} fraction from 0 to 1
   * @throws {OptionError}
   */
  progress(fraction) {
    if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1))
      throw new OptionError(`ctx.progress takes a fraction, a number from 0 to 1, but got ${String(fraction)}.`, { option: 'fraction' });
    this.#host.progress(fraction);
  }

  /** As console.log, labelled with the task also after an `await`. @param {...unknown} args */
  log(...args) {
    this.#host.log(args);
  }

  /**
   * A typed array of zeros, in the shared heap if the task runs on threads: a result that is one, or a part of one,
   * is not copied. Not to be used any more once the task is done.
   * @template {Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array | BigInt64Array | BigUint64Array} A
   * @param {new (length: number) => A} Class
   * @param {number} length elements
   * @returns {A}
   * @throws {OptionError | import('./errors.js').OutOfMemoryError}
   * @example const ones = delayed((ctx, n) => ctx.empty(Float64Array, n).fill(1), { ctx: true });
   */
  empty(Class, length) {
    if (!isTypedArrayClass(Class)) throw new OptionError('ctx.empty takes the class of a typed array, such as Float64Array.', { option: 'Class' });
    if (!Number.isInteger(length) || length < 0)
      throw new OptionError(`ctx.empty takes how many elements, a whole number from 0, but got ${String(length)}.`, { option: 'length' });
    return this.#host.empty(Class, length);
  }
}

/**
 * A line with its task before it, as arguments for the console: a `%` in a key is no format.
 * @param {string} key @param {unknown[]} args @returns {unknown[]}
 */
export function labelled(key, args) {
  const [first, ...rest] = args, isText = typeof first === 'string';
  const label = `[${args.length > (isText ? 1 : 0) ? key.replaceAll('%', '%%') : key}]`; /* formats are those of a first text that is not alone */
  return isText ? [`${label} ${first}`, ...rest] : [label, ...args];
}

/**
 * A signal that asks whether it is aborted each time that it is asked.
 * @param {() => unknown} stopped why it is to be aborted, or undefined
 * @returns {{ signal: AbortSignal, look: () => void }} `look` aborts it if that is due
 */
export function askingSignal(stopped) {
  const controller = new AbortController(), { signal } = controller;
  const aborted = /** @type {() => boolean} */ (Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get);
  const look = () => {
    if (aborted.call(signal)) return;
    const reason = stopped();
    if (reason !== undefined) controller.abort(reason);
  };
  Object.defineProperties(signal, {
    aborted: { get: () => (look(), aborted.call(signal)) },
    throwIfAborted: { value: () => {
      look();
      if (aborted.call(signal)) throw signal.reason;
    } },
  });
  return { signal, look };
}
