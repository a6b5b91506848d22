/** Options and their defaults: `config`, and the checks of what users pass. */
import { isPlainObject } from './containers.js';
import { OptionError } from './errors.js';
import { Gate } from './gate.js';
import { attachment } from './program/attach.js';

export const WORKERS_MAX = 256;

const shared = attachment()?.gate; /* in a program's thread its host's */

/**
 * Defaults for every computation; assign to change them.
 * @type {{ scheduler: 'threads' | 'sync' | undefined, workers: number | undefined, memory: number | string | undefined, strict: boolean,
 *   optimize: Optimize, order: 'fast' | 'best', budget: Budget | undefined,
 *   cache: import('./cache.js').Cache | undefined, gate: Gate | undefined, graceMs: number,
 *   dashboard: import('./dashboard/dashboard.js').DashboardWish | undefined }}
 * @property scheduler `'threads'` where they can run, otherwise `'sync'`, if undefined
 * @property workers how many threads; one for each processor, at most 8, if undefined
 * @property memory the most that the shared heap of the default Runtime may grow to, in bytes or as '512MB'
 * @property strict whether `sync` refuses what threads would refuse
 * @property optimize what is done to a graph before it runs
 * @property order how its tasks are ranked
 * @property budget how much may be in memory before tasks that need nothing wait
 * @property cache where computations find and keep results of pure tasks; none if undefined
 * @property gate what holds back tasks that are ready; none if undefined
 * @property graceMs how long a task that runs when its computation is cancelled or fails, or its time is up, may take to come to its end,
 *   before its thread is ended; read when a computation begins
 * @property dashboard in Node.js: a page on this machine shows what computations do; started by the next one
 */
export const config = Object.seal({
  scheduler: undefined, workers: undefined, memory: undefined, strict: false, optimize: true, order: 'fast', budget: undefined,
  cache: undefined, gate: shared && new Gate({ shared }), graceMs: 250, dashboard: undefined,
});

/**
 * What is done to a graph before it runs: all, nothing, or each as said; what is left out is done.
 * - `cull`: tasks that no wanted result needs are left out. Without it all keys of a raw graph run
 * - `fuse`: linear chains run in one go, by one worker, and values go from part to part as they are
 * - `inline`: tasks of functions made with `delayed(fn, { inline: true })` run again for each reader
 * @typedef {boolean | { cull?: boolean, fuse?: boolean, inline?: boolean }} Optimize
 */

/**
 * How many results, or how many bytes of results (a number, or a text like '512MB'), may be in memory
 * before tasks that need nothing wait for others to release some. A number by itself means results.
 * @typedef {number | { results?: number, bytes?: number | string }} Budget
 */

/**
 * How a graph is to be sealed and run, in full, in a form that can be posted. A budget of 0 is none.
 * @typedef {{ cull: boolean, fuse: boolean, inline: boolean, best: boolean, retries: number, budgetResults: number, budgetBytes: number }} Plan
 */

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

/** Bytes as a number or as '512MB'; NaN: they are neither. @param {unknown} wish */
export function bytesOf(wish) {
  if (typeof wish === 'number') return wish;
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([KMG]?B)$/i.exec(typeof wish === 'string' ? wish : '') ?? [];
  return Number(number) * units[unit?.toUpperCase()];
}

/** @param {unknown} [wish] @returns {number | undefined} bytes */
export function memoryBytes(wish = config.memory) {
  if (wish === undefined) return undefined;
  const bytes = bytesOf(wish);
  if (!(bytes >= MEMORY_MIN && bytes <= MEMORY_MAX))
    throw new OptionError(`memory is a number of bytes or a text like '512MB', from 16MB to 4GB, but got ${String(wish)}.`, { option: 'memory' });
  return Math.min(Math.floor(bytes / PAGE_BYTES) * PAGE_BYTES, MEMORY_MAX - PAGE_BYTES);
}

const RETRIES_MAX = 65_535;

/** How often a task that fails is tried again. @param {unknown} retries @returns {number} */
export function checkRetries(retries) {
  if (!Number.isInteger(retries) || /** @type {number} */ (retries) < 0 || /** @type {number} */ (retries) > RETRIES_MAX)
    refuse('retries', `retries is a whole number from 0 to ${RETRIES_MAX}`, retries);
  return /** @type {number} */ (retries);
}

const PASSES = ['cull', 'fuse', 'inline'];
/** HD_NONE is no number of results. */
const RESULTS_MAX = 2 ** 32 - 2;

/** What is wrong, as a typed error. @param {string} option @param {string} says @param {unknown} got @returns {never} */
function refuse(option, says, got) {
  const shown = isPlainObject(got) ? `{ ${Object.entries(/** @type {object} */ (got)).map(([key, value]) => `${key}: ${String(value)}`).join(', ')} }` : String(got);
  throw new OptionError(`${says}, but got ${shown}.`, { option });
}

/** @param {unknown} optimize */
function passesOf(optimize) {
  if (typeof optimize === 'boolean') return { cull: optimize, fuse: optimize, inline: optimize };
  const says = 'optimize is true, false or an object with cull, fuse, inline, each true or false';
  if (!isPlainObject(optimize)) refuse('optimize', says, optimize);
  const passes = { cull: true, fuse: true, inline: true };
  for (const [pass, wish] of Object.entries(/** @type {object} */ (optimize))) {
    if (!PASSES.includes(pass) || (wish !== undefined && typeof wish !== 'boolean')) refuse('optimize', says, optimize);
    passes[/** @type {keyof typeof passes} */ (pass)] = wish ?? true;
  }
  return passes;
}

/** @param {unknown} budget */
function budgetOf(budget) {
  if (budget === undefined) return { budgetResults: 0, budgetBytes: 0 };
  const says = "budget is a number of results, from 1, or an object with results and bytes, a number from 1 or a text like '512MB'";
  const parts = typeof budget === 'number' ? { results: budget } : budget;
  if (!isPlainObject(parts)) refuse('budget', says, budget);
  const { results, bytes, ...others } = /** @type {Record<string, unknown>} */ (parts);
  if (Object.keys(others).length) refuse('budget', says, budget);
  if (results !== undefined && !(Number.isInteger(results) && /** @type {number} */ (results) >= 1 && /** @type {number} */ (results) <= RESULTS_MAX))
    refuse('budget', says, budget);
  const room = bytes === undefined ? 0 : bytesOf(bytes);
  if (bytes !== undefined && !(room >= 1 && room <= Number.MAX_SAFE_INTEGER)) refuse('budget', says, budget);
  return { budgetResults: /** @type {number | undefined} */ (results) ?? 0, budgetBytes: Math.floor(room) };
}

/**
 * How a graph is to be sealed and run.
 * @param {{ optimize?: unknown, order?: unknown, budget?: unknown, retries?: unknown }} options
 * @returns {Plan}
 * @throws {OptionError}
 */
export function planOf({ optimize = config.optimize, order = config.order, budget = config.budget, retries = 0 }) {
  if (order !== 'fast' && order !== 'best') refuse('order', "order is 'fast' or 'best'", order);
  return { ...passesOf(optimize), best: order === 'best', retries: checkRetries(retries), ...budgetOf(budget) };
}

const known = ['scheduler', 'workers', 'strict', 'signal', 'onProgress', 'optimize', 'order', 'budget', 'retries', 'stopOnError', 'cache', 'gate', 'runtime', 'memory'];

/** Checks what a computation was given, and the defaults where it was given nothing.
 * @param {Record<string, unknown>} options */
export function checkOptions(options) {
  for (const option of Object.keys(options))
    if (!known.includes(option))
      throw new OptionError(`compute has no option '${option}'; it has ${known.join(', ')}.`, { option });
  const { scheduler = config.scheduler, strict = config.strict, workers = config.workers, memory = config.memory } = options;
  const { signal, onProgress, runtime, stopOnError, cache = config.cache, gate = config.gate } = options;
  if (gate !== undefined && !(gate instanceof Gate)) throw new OptionError('gate is a Gate: new Gate({ paused: true }).', { option: 'gate' });
  if (cache !== undefined && typeof (/** @type {any} */ (cache)?.find) !== 'function')
    throw new OptionError("cache is a Cache: new Cache('100MB').", { option: 'cache' });
  if (stopOnError !== undefined && typeof stopOnError !== 'boolean') refuse('stopOnError', 'stopOnError is true or false', stopOnError);
  if (!(typeof config.graceMs === 'number' && config.graceMs >= 0 && config.graceMs <= 60_000))
    refuse('graceMs', 'config.graceMs is a number of milliseconds from 0 to 60000', config.graceMs);
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
  planOf(options);
}
