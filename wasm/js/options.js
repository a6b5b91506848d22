/** Options and their defaults: `config`, and the checks of what users pass. */
import { OptionError } from './errors.js';

export const WORKERS_MAX = 256;

/**
 * Defaults for every computation; assign to change them.
 * @type {{ scheduler: 'threads' | 'sync' | undefined, workers: number | undefined, memory: number | string | undefined, strict: boolean }}
 * @property scheduler `'threads'` where they can run, otherwise `'sync'`, if undefined
 * @property workers how many threads; one for each processor, at most 8, if undefined
 * @property memory the most that the shared heap of the default Runtime may grow to, in bytes or as '512MB'
 * @property strict whether `sync` refuses what threads would refuse
 */
export const config = Object.seal({ scheduler: undefined, workers: undefined, memory: undefined, strict: false });

/** Processors that this program may use. */
export function processors() {
  const scope = /** @type {any} */ (globalThis);
  const os = scope.process?.getBuiltinModule?.('node:os');
  return os?.availableParallelism?.() ?? scope.navigator?.hardwareConcurrency ?? 1;
}

/** @param {unknown} [wish] @returns {number} */
export function workerCount(wish = config.workers) {
  if (wish === undefined) return Math.min(processors(), 8);
  if (!Number.isInteger(wish) || /** @type {number} */ (wish) < 1 || /** @type {number} */ (wish) > WORKERS_MAX)
    throw new OptionError(`workers is a whole number from 1 to ${WORKERS_MAX}, but got ${String(wish)}.`, { option: 'workers' });
  return /** @type {number} */ (wish);
}

const units = /** @type {Record<string, number>} */ ({ B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 });
const MEMORY_MIN = 16 * 1024 ** 2, MEMORY_MAX = 4 * 1024 ** 3;
/** The last page stays unused: an address behind it would be 0. */
const PAGE_BYTES = 65536;

/** @param {unknown} [wish] @returns {number | undefined} bytes */
export function memoryBytes(wish = config.memory) {
  if (wish === undefined) return undefined;
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([KMG]?B)$/i.exec(String(wish)) ?? [];
  const bytes = typeof wish === 'number' ? wish : Number(number) * units[unit?.toUpperCase()];
  if (!(bytes >= MEMORY_MIN && bytes <= MEMORY_MAX))
    throw new OptionError(`memory is a number of bytes or a text like '512MB', from 16MB to 4GB, but got ${String(wish)}.`, { option: 'memory' });
  return Math.min(Math.floor(bytes / PAGE_BYTES) * PAGE_BYTES, MEMORY_MAX - PAGE_BYTES);
}

const known = ['scheduler', 'workers', 'strict', 'signal', 'onProgress', 'runtime', 'memory'];

/** Checks what a computation was given, and the defaults where it was given nothing.
 * @param {Record<string, unknown>} options */
export function checkOptions(options) {
  for (const option of Object.keys(options))
    if (!known.includes(option))
      throw new OptionError(`compute has no option '${option}'; it has ${known.join(', ')}.`, { option });
  const { scheduler = config.scheduler, strict = config.strict, workers = config.workers, memory = config.memory } = options;
  const { signal, onProgress, runtime } = options;
  if (scheduler !== undefined && scheduler !== 'sync' && scheduler !== 'threads')
    throw new OptionError(`the schedulers are 'sync' and 'threads', but got ${String(scheduler)}.`, { option: 'scheduler' });
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new OptionError('signal is an AbortSignal: new AbortController().signal.', { option: 'signal' });
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new OptionError('onProgress is a function.', { option: 'onProgress' });
  if (typeof strict !== 'boolean')
    throw new OptionError(`strict is true or false, but got ${String(strict)}.`, { option: 'strict' });
  if (runtime !== undefined && typeof (/** @type {any} */ (runtime)?.run) !== 'function')
    throw new OptionError('runtime is a Runtime: await Runtime.start().', { option: 'runtime' });
  if (workers !== undefined) workerCount(workers);
  if (memory !== undefined) memoryBytes(memory);
}
