/** `compute`: from a structure with Delayed nodes in it to the same structure with results. */
import { Delayed } from './delayed.js';
import { findInside, mapLeaves } from './containers.js';
import { loadSerial, loadSerialSync } from './core/load-serial.js';
import { inNode, whyNoThreads } from './core/load-threads.js';
import { CancelledError, OptionError, UnsupportedError } from './errors.js';
import { refuseUnloaded } from './functions/modules.js';
import { checkAll, checkAllNow, describe, loadCheck } from './functions/ship.js';
import { checkOptions, config, planOf, workerCount } from './options.js';
import { Recording, distinct } from './record.js';
import { attachment } from './program/attach.js';
import { attachedRuntime, defaultRuntime } from './runtime.js';
import { runAsync, runNow, walkByRank } from './schedulers/sync.js';
import { checkAndWait, runAndWait } from './schedulers/blocking.js';
import { jobOf } from './schedulers/job.js';
import { decode } from './values/codec.js';
import { WatchedWalk, isWatched } from './watch.js';

/**
 * @typedef {object} ComputeOptions
 * @property {'threads' | 'sync'} [scheduler] `'threads'`: on all cores; `'sync'`: here, one by one
 * @property {number} [workers] at most so many threads, 1 to 256
 * @property {boolean} [strict] with `'sync'`: refuse what threads would refuse
 * @property {AbortSignal} [signal] cancels: tasks that wait never start
 * @property {(progress: { done: number, total: number }) => void} [onProgress] told now and then
 * @property {import('./options.js').Optimize} [optimize] what is done to the graph before it runs; all by default
 * @property {'fast' | 'best'} [order] how tasks are ranked: `'fast'` by one walk; `'best'` takes longer and
 *   finds, of several orders, the one that holds the fewest results at once
 * @property {import('./options.js').Budget} [budget] start no task that needs nothing while so many results,
 *   or bytes of them, are in memory; ranks by `'best'` if `'fast'` would hold more. A wish, not a limit: what
 *   must be held to go on is held. With `'sync'`, where results are not in the shared heap, bytes have no effect
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
 * Runs recorded nodes and gives their results, in order.
 * @param {Recording} recording
 * @param {ComputeOptions} options
 * @returns {Promise<unknown[]>}
 */
export async function computeRecording(recording, options) {
  const { signal, onProgress } = options;
  if (signal?.aborted) throw new CancelledError(undefined, { cause: signal.reason });
  while (!recording.walk(inNode ? Infinity : SLICE_MS)) await new Promise((resume) => setTimeout(resume));
  if (chooseScheduler(options) === 'threads') {
    const job = jobOf(recording, planOf(options));
    const [runtime] = await Promise.all([
      options.runtime ?? defaultRuntime({ workers: options.workers, memory: options.memory }),
      checkAll(job.functions), /* loads the parser while the threads start */
    ]);
    /* A Runtime that was given has its own number of workers; the default one may have been started with fewer. */
    const workers = options.workers ?? (options.runtime ? undefined : workerCount());
    const results = await runtime.run(job, { workers, signal, onProgress });
    return results.map(decode);
  }
  sayWhySerial(options);
  const strict = options.strict ?? config.strict;
  if (strict) await checkAll(recording.functions.map(describe));
  const plan = planOf(options);
  return runAsync(walkByRank(await loadSerial(), recording, { plan, strict, signal, onFinished: progressOf(onProgress), watched: watchedWalk(recording) }), signal);
}

/** Turns every task into now and then. @param {ComputeOptions['onProgress']} onProgress */
function progressOf(onProgress) {
  let last = 0;
  return onProgress && ((/** @type {number} */ done, /** @type {number} */ total) => {
    const now = performance.now();
    if (done < total && now - last < 100) return;
    last = now;
    onProgress({ done, total });
  });
}

/** @param {Recording} recording @param {ComputeOptions} options @returns {unknown[]} */
export function computeRecordingSync(recording, options) {
  const { signal, onProgress } = options;
  if (signal?.aborted) throw new CancelledError(undefined, { cause: signal.reason });
  recording.walk();
  if (chooseScheduler(options) === 'threads') {
    if (attachment()?.core) {
      const runtime = options.runtime ?? attachedRuntime({ workers: options.workers });
      return runtime.runAndWait(jobOf(recording, planOf(options)), { workers: options.workers ?? (options.runtime ? undefined : workerCount()), onProgress }).map(decode);
    }
    if (attachment()) throw new UnsupportedError(`threads cannot run here: ${whyNoThreads()}.`);
    if (!inNode)
      throw new UnsupportedError("a page's main thread must not wait: use await compute(), or scheduler: 'sync'.");
    if (options.runtime)
      throw new OptionError('computeSync cannot wait for a Runtime of this thread: use await compute(), or leave it out.', { option: 'runtime' });
    const { results, total } = runAndWait(jobOf(recording, planOf(options)), options);
    onProgress?.({ done: total, total }); /* while this thread waited nobody could be told */
    return results.map(decode);
  }
  const strict = options.strict ?? config.strict;
  if (strict && attachment()) checkAllNow(recording.functions.map(describe));
  else if (strict && inNode) checkAndWait(recording.functions.map(describe));
  refuseUnloaded(recording.functions);
  const heap = loadSerialSync();
  if (!heap) throw new UnsupportedError("computeSync in a page needs the core to be loaded: await compute() once before, with scheduler: 'sync'.");
  const plan = planOf(options);
  return runNow(walkByRank(heap, recording, { plan, strict, signal, onFinished: progressOf(onProgress), watched: watchedWalk(recording) }));
}

/** @param {Recording} recording */
function watchedWalk(recording) {
  return isWatched() ? (/** @type {Uint32Array} */ groups) => new WatchedWalk(recording, groups) : undefined;
}

/** @param {unknown} structure @param {unknown[]} results @param {Map<Delayed, number>} places */
function rebuild(structure, results, places) {
  return mapLeaves(structure, (leaf) => (leaf instanceof Delayed ? results[/** @type {number} */ (places.get(leaf))] : leaf));
}

/** @param {unknown} structure */
function prepare(structure) {
  const { wanted, places } = distinct(findInside(structure, Delayed));
  return { recording: new Recording(wanted), places };
}

/**
 * Runs everything that a structure needs, each part once, and gives the structure with results in place
 * of its Delayed nodes.
 * @template T
 * @param {T} structure a Delayed, or arrays, plain objects, Maps, Sets with Delayed inside, at any depth
 * @param {ComputeOptions} [options]
 * @returns {Promise<any>}
 * @throws the error of the first task that fails, as that task threw it, with `error.task` added;
 *   CycleError, DuplicateKeyError, FunctionError, ValueError, OptionError, OutOfMemoryError, CancelledError
 * @example
 * const x = delayed((a) => a + 1)(1);
 * await compute({ x, twice: [x, x] }); // { x: 2, twice: [2, 2] }
 */
export async function compute(structure, options = {}) {
  checkOptions(/** @type {any} */ (options));
  const { recording, places } = prepare(structure);
  const results = recording.outputs.length ? await computeRecording(recording, options) : [];
  return rebuild(structure, results, places);
}

/**
 * The same, and waits for it: in Node.js, and with `scheduler: 'sync'` in pages.
 * @template T
 * @param {T} structure
 * @param {ComputeOptions} [options]
 * @returns {any}
 */
export function computeSync(structure, options = {}) {
  checkOptions(/** @type {any} */ (options));
  const { recording, places } = prepare(structure);
  const results = recording.outputs.length ? computeRecordingSync(recording, options) : [];
  return rebuild(structure, results, places);
}

/* A program's thread may not come back to its event loop to load the parser later. */
if (attachment()) loadCheck();

Delayed.compute = compute;
Delayed.computeSync = computeSync;
