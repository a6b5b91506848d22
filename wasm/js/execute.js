/** From a recording to results, by the scheduler that was asked for. */
import { loadSerial, loadSerialSync } from './core/load-serial.js';
import { inNode, whyNoThreads } from './core/load-threads.js';
import { Dashboard } from './dashboard/dashboard.js';
import { CancelledError, OptionError, UnsupportedError } from './errors.js';
import { refuseUnloaded } from './functions/modules.js';
import { checkAll, checkAllNow, describe, loadCheck } from './functions/ship.js';
import { Held } from './held.js';
import { config, planOf, workerCount } from './options.js';
import { attachment } from './program/attach.js';
import { attachedRuntime, defaultRuntime } from './runtime.js';
import { checkAndWait, runAndWait } from './schedulers/blocking.js';
import { jobOf } from './schedulers/job.js';
import { runAsync, runNow, walkByRank } from './schedulers/sync.js';
import { decode } from './values/codec.js';
import { WatchedWalk, isWatched } from './watch.js';

/**
 * @typedef {object} ComputeOptions
 * @property {'threads' | 'sync'} [scheduler] `'threads'`: on all cores; `'sync'`: here, one by one
 * @property {number} [workers] at most so many threads, 1 to 256
 * @property {boolean} [strict] with `'sync'`: refuse what threads would refuse
 * @property {AbortSignal} [signal] cancels: tasks that wait never start
 * @property {(progress: import('./progress.js').Progress) => void} [onProgress] told ten times a second, and at the end
 * @property {number} [retries] how often a task that fails is tried again, for functions that say nothing else: 0 to 65535
 * @property {boolean} [stopOnError] false: a task that fails does not stop the others; what needs it is cancelled. In the end
 *   an AggregateError has all errors as `errors`, and as `results` what came of the rest, undefined for what did not
 * @property {import('./options.js').Optimize} [optimize] what is done to the graph before it runs; all by default
 * @property {'fast' | 'best'} [order] how tasks are ranked: `'fast'` by one walk; `'best'` takes longer and
 *   finds, of several orders, the one that holds the fewest results at once
 * @property {import('./options.js').Budget} [budget] start no task that needs nothing while so many results,
 *   or bytes of them, are in memory; ranks by `'best'` if `'fast'` would hold more. A wish, not a limit: what
 *   must be held to go on is held. With `'sync'`, where results are not in the shared heap, bytes have no effect
 * @property {import('./cache.js').Cache} [cache] where results of pure tasks are found and kept
 * @property {import('./gate.js').Gate} [gate] what holds back tasks that are ready
 * @property {import('./runtime.js').Runtime} [runtime] the pool to use
 * @property {number | string} [memory] of the default pool, if this starts it: see {@link config}
 */

/** A page's main thread does not work for longer than this at a time. */
const SLICE_MS = 8;

/** @param {ComputeOptions} options */
export function chooseScheduler(options) {
  return options.scheduler ?? (options.runtime ? 'threads' : config.scheduler) ?? (whyNoThreads() ? 'sync' : 'threads');
}

let said = false;

/** Says once, in a page, why a computation that named no scheduler runs serially. @param {ComputeOptions} options */
function sayWhySerial(options) {
  const reason = whyNoThreads();
  if (said || !reason || options.scheduler || config.scheduler) return;
  said = true;
  console.info(`heddle: tasks run one by one, because ${reason}.`);
}

/**
 * What is done with results.
 * @template T
 * @typedef {{ fromBytes: (encoded: import('./values/codec.js').Encoded) => T, fromValue: (value: unknown) => T, fromHeld: (held: Held) => T }} Taking
 */

/** Results as values. @type {Taking<unknown>} */
export const asValues = { fromBytes: decode, fromValue: (value) => value, fromHeld: (held) => held.value };
/** Results to be kept for later computations. @type {Taking<Held>} */
export const asHeld = { fromBytes: Held.ofBytes, fromValue: Held.ofValue, fromHeld: (held) => held };

/** @typedef {ComputeOptions & { gateSteps?: number }} Asked */

/** The options with the gate as it stands now: what it is told from now on counts, also before there is anything to hold.
 * @param {ComputeOptions} options @returns {Asked} */
function asked(options) {
  const { gate = config.gate } = options;
  return gate ? { ...options, gate, gateSteps: gate.steps } : options;
}

/**
 * Runs recorded nodes and gives their results, in order.
 * @template T
 * @param {import('./record.js').Recording} recording
 * @param {ComputeOptions} options
 * @param {Taking<T>} taking
 * @param {(place: number, result: T) => PromiseLike<unknown> | void} [onResult] told each result as it comes; the serial
 *   scheduler waits for what it gives
 * @returns {Promise<T[]>}
 */
export async function execute(recording, options, taking, onResult) {
  const { signal, cache = config.cache } = (options = asked(options));
  if (signal?.aborted) throw new CancelledError(undefined, { cause: signal.reason });
  if (config.dashboard) Dashboard.start(config.dashboard);
  while (!recording.walk(inNode ? Infinity : SLICE_MS, cache)) await new Promise((resume) => setTimeout(resume));
  const plan = planOf(options), kept = cache && keeping(recording, cache, taking, onResult);
  if (!kept) return run(recording, options, plan, taking, onResult);
  try {
    return kept.finish(await run(recording, options, plan, asHeld, kept.onResult));
  } catch (error) {
    throw withResults(error, kept.cut);
  }
}

/**
 * Has a cache keep what lasts: its tasks' results are wanted, too.
 * @template T
 * @param {import('./record.js').Recording} recording that has been walked @param {import('./cache.js').Cache} cache @param {Taking<T>} taking
 * @param {(place: number, result: T) => PromiseLike<unknown> | void} [onResult]
 */
function keeping(recording, cache, taking, onResult) {
  if (recording.lasting.length === 0) return undefined;
  const wanted = new Set(recording.outputs), lasting = new Set(recording.lasting), count = recording.outputs.length;
  recording.outputs = [...recording.outputs, ...recording.lasting.filter((id) => !wanted.has(id))];
  return {
    /* As soon as it is there: whoever reads a result of this thread later may change it. */
    onResult(/** @type {number} */ place, /** @type {Held} */ held) {
      const id = recording.outputs[place];
      if (lasting.has(id)) cache.keep(recording.describe(id).key, held);
      return place < count ? onResult?.(place, taking.fromHeld(held)) : undefined;
    },
    finish: (/** @type {Held[]} */ results) => results.slice(0, count).map(taking.fromHeld),
    cut: (/** @type {unknown[]} */ results) => results.slice(0, count),
  };
}

/**
 * @template T
 * @param {import('./record.js').Recording} recording @param {Asked} options @param {import('./options.js').Plan} plan
 * @param {Taking<T>} taking @param {(place: number, result: T) => PromiseLike<unknown> | void} [onResult]
 * @returns {Promise<T[]>}
 */
async function run(recording, options, plan, taking, onResult) {
  const { signal, onProgress, stopOnError, gate, gateSteps } = options;
  if (chooseScheduler(options) === 'threads') {
    const job = jobOf(recording, plan);
    const [runtime] = await Promise.all([
      options.runtime ?? defaultRuntime({ workers: options.workers, memory: options.memory }),
      checkAll(job.functions), /* loads the parser while the threads start */
    ]);
    /* A Runtime that was given has its own number of workers; the default one may have been started with fewer. */
    const workers = options.workers ?? (options.runtime ? undefined : workerCount());
    const results = await runtime.run(job, { workers, signal, onProgress, stopOnError, gate, gateSteps,
      onResult: onResult && ((place, result) => void onResult(place, taking.fromBytes(result))) });
    return results.map(taking.fromBytes);
  }
  sayWhySerial(options);
  const strict = options.strict ?? config.strict;
  if (strict) await checkAll(recording.functions.map(describe));
  const walk = walkByRank(await loadSerial(), recording, { plan, strict, waits: true, stopOnError, signal, onProgress, gate, gateSteps, watched: watchedWalk(recording, plan),
    onResult: onResult && ((place, result) => onResult(place, taking.fromValue(result))) });
  return (await runAsync(walk, strict, signal)).map(taking.fromValue);
}

/**
 * The same, and waits for it.
 * @template T
 * @param {import('./record.js').Recording} recording @param {ComputeOptions} options @param {Taking<T>} taking
 * @returns {T[]}
 */
export function executeNow(recording, options, taking) {
  const { signal, cache = config.cache } = (options = asked(options));
  if (signal?.aborted) throw new CancelledError(undefined, { cause: signal.reason });
  if (config.dashboard) Dashboard.start(config.dashboard);
  recording.walk(Infinity, cache);
  const kept = cache && keeping(recording, cache, taking);
  if (!kept) return runSync(recording, options, taking);
  try {
    return kept.finish(runSync(recording, options, asHeld, kept.onResult));
  } catch (error) {
    throw withResults(error, kept.cut);
  }
}

/**
 * @template T
 * @param {import('./record.js').Recording} recording @param {Asked} options @param {Taking<T>} taking
 * @param {(place: number, result: T) => PromiseLike<unknown> | void} [onResult] what is told all at once where nobody can look before
 * @returns {T[]}
 */
function runSync(recording, options, taking, onResult) {
  /** @param {T[]} results */
  const tellAll = (results) => {
    if (onResult) results.forEach((result, place) => void onResult(place, result));
    return results;
  };
  const { signal, onProgress, stopOnError, gate, gateSteps } = options, plan = planOf(options);
  if (chooseScheduler(options) === 'threads') {
    if (attachment()?.core) {
      const runtime = options.runtime ?? attachedRuntime({ workers: options.workers });
      const workers = options.workers ?? (options.runtime ? undefined : workerCount());
      return tellAll(runtime.runAndWait(jobOf(recording, plan), { workers, onProgress, stopOnError, gate, gateSteps }).map(taking.fromBytes));
    }
    if (attachment()) throw new UnsupportedError(`threads cannot run here: ${whyNoThreads()}.`);
    if (!inNode)
      throw new UnsupportedError("a page's main thread must not wait: use await compute(), or scheduler: 'sync'.");
    if (options.runtime)
      throw new OptionError('computeSync cannot wait for a Runtime of this thread: use await compute(), or leave it out.', { option: 'runtime' });
    return tellAll(Array.from(runAndWait(jobOf(recording, plan), options), taking.fromBytes)); /* the list may be of another realm */
  }
  const strict = options.strict ?? config.strict;
  if (strict && attachment()) checkAllNow(recording.functions.map(describe));
  else if (strict && inNode) checkAndWait(recording.functions.map(describe));
  refuseUnloaded(recording.functions);
  const heap = loadSerialSync();
  if (!heap) throw new UnsupportedError("computeSync in a page needs the core to be loaded: await compute() once before, with scheduler: 'sync'.");
  return runNow(walkByRank(heap, recording, { plan, strict, stopOnError, signal, onProgress, gate, gateSteps, watched: watchedWalk(recording, plan),
    onResult: onResult && ((place, result) => void onResult(place, taking.fromValue(result))) }), strict).map(taking.fromValue);
}

/** @param {import('./record.js').Recording} recording @param {import('./options.js').Plan} plan */
function watchedWalk(recording, plan) {
  return isWatched() ? (/** @type {Uint32Array} */ groups) => new WatchedWalk(recording, groups, plan) : undefined;
}

/**
 * Gives the results that a computation which kept going throws with its errors the form that was asked for.
 * @param {unknown} error @param {(results: any[]) => unknown} rebuild
 */
export function withResults(error, rebuild) {
  if (error instanceof AggregateError && 'results' in error) error.results = rebuild(/** @type {any[]} */ (error.results));
  return error;
}

/* A program's thread may not come back to its event loop to load the parser later. */
if (attachment()) loadCheck();
