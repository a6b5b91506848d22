/** `sleep` and `spin`: tasks that take a known time, for trying schedulers out. */
import { OptionError } from './errors.js';

/** @param {unknown} seconds @returns {number} milliseconds */
function milliseconds(seconds) {
  if (typeof seconds !== 'number' || !(seconds >= 0))
    throw new OptionError(`sleep and spin take seconds, a number from 0, but got ${String(seconds)}.`, { option: 'seconds' });
  return seconds * 1000;
}

/** Whether this thread may block: every one but a page's main thread. */
function mayBlock() {
  return typeof SharedArrayBuffer === 'function' && !('document' in globalThis);
}

/**
 * Does nothing for a while, and blocks its thread meanwhile, as Python's does. On a page's main thread,
 * which must not block, it spins.
 * @param {number} seconds
 * @example const slowInc = delayed((x) => { sleep(1); return x + 1; });
 */
export function sleep(seconds) {
  const ms = milliseconds(seconds);
  if (!mayBlock()) return spin(seconds);
  const since = performance.now();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  /** @type {any} */ (globalThis)[Symbol.for('heddle.slept')]?.(since); /* a worker: worker/main.js */
}

/**
 * Keeps its thread busy for a while.
 * @param {number} seconds
 */
export function spin(seconds) {
  const until = performance.now() + milliseconds(seconds);
  while (performance.now() < until);
}
