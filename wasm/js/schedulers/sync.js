/**
 * The `sync` scheduler: one task at a time, in the caller's thread, by rank. Closures and breakpoints
 * work and nothing is encoded; with `strict` it refuses what threads would refuse and passes every value
 * through the codec, but for those that go from part to part of a fused chain.
 */
import { mapLeaves } from '../containers.js';
import { Context, askingSignal } from '../context.js';
import { CancelledError, FunctionError, TimeoutError } from '../errors.js';
import { buildGraph, encodeLiterals, groupsOf } from '../core/graph.js';
import { NONE, outOfMemory } from '../core/heap.js';
import { compile, traitsOf } from '../functions/compile.js';
import { showWhere, showWhereNow } from '../functions/place.js';
import { describe, functionHere } from '../functions/ship.js';
import { PROGRESS_MS, progressOf } from '../progress.js';
import { encodeArgument } from '../held.js';
import { decodeCopy, decodeTemplate, throughCodec } from '../values/codec.js';
import { asTaskError, failedTogether } from '../values/failure.js';
import { LITERAL, Reference, Template } from '../record.js';
import { afterReports, callGuarded, noticeRejections } from './strict.js';

/** @param {unknown} value @returns {value is PromiseLike<unknown>} */
const isPromise = (value) => value !== null && typeof value === 'object' && typeof (/** @type {any} */ (value).then) === 'function';

/** In place of the result of a task that failed or was skipped. */
const absent = Symbol('absent');

/** Stacks are cut below tasks by these names: functions/stack.js. */
const runner = {
  /** @param {Function} fn @param {unknown[]} args @returns {unknown} */
  'heddle-task'(fn, args) {
    return fn(...args);
  },

  /** @param {Generator<PromiseLike<unknown>, unknown[], unknown>} walk @param {AbortSignal} [signal] */
  async 'heddle-wait'(walk, signal) {
    let step = walk.next();
    while (!step.done) {
      let value, thrown, failed = false;
      try {
        value = await untilAborted(step.value, signal);
      } catch (error) {
        thrown = error;
        failed = true;
      }
      if (signal?.aborted) {
        walk.return([]);
        throw new CancelledError(undefined, { cause: signal.reason });
      }
      step = failed ? walk.throw(thrown) : walk.next(value);
    }
    return step.value;
  },
};

/**
 * @typedef {object} WalkOptions
 * @property {import('../options.js').Plan} plan
 * @property {boolean} [strict]
 * @property {boolean} [waits] whether promises that are yielded are waited for
 * @property {boolean} [stopOnError]
 * @property {AbortSignal} [signal]
 * @property {(progress: import('../progress.js').Progress) => void} [onProgress]
 * @property {(place: number, result: unknown) => PromiseLike<unknown> | void} [onResult] told each wanted result, by its place
 *   among the outputs; what it gives is waited for
 * @property {(groups: Uint32Array) => import('../watch.js').WatchedWalk} [watched]
 */

class SerialWalk {
  #recording;
  #options;
  #strict;
  /** @type {Function[]} */ #functions;
  /** Whether a function may leave promises behind; only asked if that is to be found out. @type {boolean[]} */ #leavesPromises;
  /** What threads would refuse is refused here too, before anything runs. */
  #encoded;
  /** @type {unknown[]} */ #results;
  /** What goes from part to part of a group stays as it is, as on threads. */
  #live;
  /** The running task's group so far, and what can be released when it is over: it may have to begin again. */
  /** @type {number[]} */ #group = [];
  /** @type {number[]} */ #gone = [];
  /** @type {Map<number, number>} How often a task was tried. */ #tries = new Map();
  /** @type {{ id: number, error: unknown }[]} */ #errors = [];
  /** @type {Map<number, number>} Wanted tasks' places. */ #places;
  /** @type {Map<number, number>} How far running tasks say that they are. */ #fractions = new Map();
  #began = performance.now();
  #toldAt = performance.now();
  /** @type {Uint32Array[]} For each count one for each function. */ #counts = [];
  /** @type {import('../watch.js').WatchedWalk | undefined} */ #seen;

  /** @param {import('../record.js').Recording} recording @param {WalkOptions} options */
  constructor(recording, options) {
    const strict = (this.#strict = options.strict ?? false), count = recording.nodes.length;
    this.#recording = recording;
    this.#options = options;
    const texts = strict ? recording.functions.map(describe) : [];
    this.#functions = strict ? texts.map(compile) : recording.functions.map(functionHere);
    this.#leavesPromises = texts.map((text) => Boolean(options.waits) && traitsOf(text).asynchronous);
    this.#encoded = strict ? encodeLiterals(recording, encodeArgument) : null;
    this.#results = new Array(count);
    this.#live = new Uint8Array(strict ? count : 0);
    this.#places = new Map(options.onResult ? recording.outputs.map((id, place) => [id, place]) : []);
  }

  /** @param {unknown} value */
  #travel(value) {
    return this.#strict ? throughCodec(value) : value;
  }

  /** @param {number} place of an argument */
  #valueAt(place) {
    const word = this.#recording.args.view[place];
    if (word < LITERAL) return this.#live[word] ? this.#results[word] : this.#travel(this.#results[word]);
    return this.#encoded ? decodeCopy(this.#encoded[word - LITERAL]) : this.#recording.valueOf(word - LITERAL);
  }

  /** @param {number} id */
  #arguments(id) {
    const { functionOf, argOffsets, args, literals } = this.#recording;
    const from = argOffsets.view[id], end = argOffsets.view[id + 1];
    if (!(functionOf.view[id] & 1)) return Array.from({ length: end - from }, (_, at) => this.#valueAt(from + at));
    const literal = args.view[from] - LITERAL;
    const resultAt = (/** @type {number} */ place) => this.#valueAt(from + 1 + place);
    return this.#encoded
      ? decodeTemplate(/** @type {Uint8Array} */ (this.#encoded[literal].bytes), resultAt)
      : /** @type {unknown[]} */ (mapLeaves(/** @type {Template} */ (literals[literal]).args,
        (leaf) => (leaf instanceof Reference ? resultAt(leaf.place) : leaf)));
  }

  /** Whether a task needs one that failed. @param {number} id */
  #mustSkip(id) {
    const { argOffsets, args } = this.#recording;
    for (let place = argOffsets.view[id], end = argOffsets.view[id + 1]; place < end; place++)
      if (args.view[place] < LITERAL && this.#results[args.view[place]] === absent) return true;
    return false;
  }

  /** @param {number} id @param {{ over: boolean, timedOut: boolean }} attempt @param {number} timeoutMs @param {number} since */
  #context(id, attempt, timeoutMs, since) {
    const { signal } = this.#options, { key } = this.#recording.describe(id);
    let asking = /** @type {ReturnType<typeof askingSignal> | undefined} */ (undefined);
    return new Context({ key, worker: 0, attempt: (this.#tries.get(id) ?? 0) + 1 }, {
      signal: () => {
        if (asking) return asking.signal;
        const timedOut = () => attempt.timedOut || (timeoutMs > 0 && !attempt.over && performance.now() - since > timeoutMs);
        asking = askingSignal(() => (signal?.aborted ? signal.reason : timedOut() ? this.#timeout(timeoutMs) : undefined));
        signal?.addEventListener('abort', asking.look, { once: true });
        return asking.signal;
      },
      progress: (fraction) => void (!attempt.over && this.#fractions.set(id, fraction)),
      log: (args) => console.log(...(typeof args[0] === 'string' ? [`[${key}] ${args[0]}`, ...args.slice(1)] : [`[${key}]`, ...args])),
      empty: (Class, length) => new Class(length),
    });
  }

  /** @param {number} timeoutMs */
  #timeout(timeoutMs) {
    return new TimeoutError(`the task took longer than its ${timeoutMs} ms.`, { timeoutMs });
  }

  /** Runs a task once, and gives its value. @param {number} id @returns {Generator<PromiseLike<unknown>, unknown, unknown>} */
  *#attempt(id) {
    const index = this.#recording.functionOf.view[id] >>> 1;
    const { ctx, timeoutMs } = this.#recording.functions[index], leavesPromises = this.#leavesPromises[index];
    const args = this.#arguments(id);
    if (!ctx && !timeoutMs && !leavesPromises) { /* nearly all */
      const value = this.#strict ? callGuarded(runner, this.#functions[index], args) : runner['heddle-task'](this.#functions[index], args);
      return isPromise(value) ? yield value : value;
    }
    const since = performance.now(), attempt = { over: false, timedOut: false };
    if (ctx) args[0] = this.#context(id, attempt, timeoutMs, since);
    const rejections = leavesPromises ? noticeRejections() : undefined;
    /** @type {any} */ let timer;
    try {
      let value = this.#strict ? callGuarded(runner, this.#functions[index], args) : runner['heddle-task'](this.#functions[index], args);
      if (rejections) {
        yield afterReports();
        rejections.check();
      }
      if (isPromise(value)) {
        const promise = value;
        value = yield timeoutMs ? new Promise((resolve, reject) => {
          promise.then(resolve, reject);
          timer = setTimeout(() => {
            attempt.timedOut = true;
            reject(this.#timeout(timeoutMs));
          }, Math.max(0, since + timeoutMs - performance.now()));
        }) : promise;
      } else if (timeoutMs && performance.now() - since > timeoutMs) throw this.#timeout(timeoutMs);
      return value;
    } finally {
      attempt.over = true;
      clearTimeout(timer);
      rejections?.end();
      this.#fractions.delete(id);
    }
  }

  /** Runs a task until it is done or has no tries left. @param {number} id @param {boolean} goesOn
   * @returns {Generator<PromiseLike<unknown>, void, unknown>} */
  *#task(id, goesOn) {
    const retries = this.#recording.functions[this.#recording.functionOf.view[id] >>> 1].retries || this.#options.plan.retries;
    this.#group.push(id);
    for (let parts = [id]; ; parts = this.#strict ? this.#group : [id]) { /* a group begins again with its first part */
      try {
        for (const part of parts) {
          const value = yield* this.#attempt(part), stays = part !== id || goesOn;
          if (this.#strict) this.#live[part] = stays ? 1 : 0;
          this.#results[part] = stays ? value : this.#travel(value);
        }
        return;
      } catch (thrown) {
        if (this.#options.signal?.aborted) throw thrown;
        const tries = (this.#tries.get(id) ?? 0) + 1;
        this.#tries.set(id, tries);
        if (tries <= retries) continue;
        const error = asTaskError(thrown, { ...this.#recording.describe(id), worker: 0, attempt: tries });
        showWhereNow(error, this.#recording.taskFunction(id));
        throw error;
      }
    }
  }

  /** @param {number} id @param {number} which of total, done, running, failed @param {number} by */
  #count(id, which, by) {
    if (this.#counts.length) this.#counts[which][this.#recording.functionOf.view[id] >>> 1] += by;
  }

  /** @param {boolean} [end] */
  #tell(end = false) {
    const { onProgress } = this.#options;
    if (!onProgress || (!end && performance.now() < this.#toldAt + PROGRESS_MS)) return;
    const named = this.#recording.functions.map(({ name }, index) => {
      const [total, done, running, failed] = this.#counts.map((count) => count[index]);
      return /** @type {[string, import('../progress.js').Counts]} */ ([name, { total, done, running, failed }]);
    });
    const tasks = [...this.#fractions].map(([id, fraction]) => ({ key: this.#recording.describe(id).key, fraction }));
    onProgress(progressOf(named, tasks, performance.now() - this.#began));
    this.#toldAt = performance.now();
  }

  /** @param {import('../core/heap.js').Heap} heap @param {number} graph */
  #begin(heap, graph) {
    const { onProgress, watched } = this.#options, count = this.#recording.nodes.length;
    this.#seen = watched?.(groupsOf(heap, graph, count));
    if (!onProgress) return;
    this.#counts = Array.from({ length: 4 }, () => new Uint32Array(this.#recording.functions.length));
    const ran = groupsOf(heap, graph, count);
    for (let id = 0; id < count; id++) if (ran[id] !== NONE) this.#count(id, 0, 1);
  }

  /** Releases what the core says when the group is over. @param {boolean} now */
  #release(now) {
    if (!now) return;
    for (const id of this.#gone) this.#results[id] = this.#results[id] === absent ? absent : undefined;
    this.#seen?.release(Uint32Array.from(this.#gone));
    this.#gone = [];
  }

  /** @param {import('../core/heap.js').Heap} heap @returns {Generator<PromiseLike<unknown>, unknown[], unknown>} */
  *run(heap) {
    const { plan, signal, stopOnError = true, onResult } = this.#options, { core } = heap;
    const { graph } = buildGraph(heap, this.#recording, { encodeLiteral: null, functionNumber: (index) => index, plan });
    let walk = 0;
    /** @type {'done' | 'failed' | 'cancelled'} */
    let outcome = 'cancelled';
    try {
      walk = core.hdw_walk_create(graph, plan.budgetResults) >>> 0;
      if (!walk) throw outOfMemory('a run', core.hdw_graph_task_count(graph));
      this.#begin(heap, graph);
      for (;;) {
        const id = core.hdw_walk_next(walk) >>> 0, released = heap.word(walk), at = heap.word(walk + 4) >>> 2;
        if (released) this.#gone.push(...heap.words.subarray(at, at + released));
        this.#release(this.#group.length === 0);
        if (id === NONE) break;
        const goesOn = heap.word(walk + 8) !== 0;
        if (signal?.aborted) throw new CancelledError(undefined, { cause: signal.reason });
        if (!stopOnError && this.#mustSkip(id)) this.#results[id] = absent;
        else yield* this.#one(id, goesOn, stopOnError);
        if (!goesOn) this.#group = [];
        const place = this.#places.get(id), result = this.#results[id];
        const wait = place !== undefined && result !== absent ? onResult?.(place, result) : undefined;
        if (wait) yield wait;
      }
      this.#tell(true);
      const results = this.#recording.outputs.map((id) => (this.#results[id] === absent ? undefined : this.#results[id]));
      outcome = this.#errors.length ? 'failed' : 'done';
      if (this.#errors.length) throw failedTogether(this.#errors.map(({ error }) => error), core.hdw_graph_task_count(graph), results);
      return results;
    } catch (error) {
      if (!(error instanceof CancelledError)) outcome = 'failed';
      throw error;
    } finally {
      this.#seen?.end(outcome);
      if (walk) core.hdw_walk_destroy(walk);
      core.hdw_graph_destroy(graph);
    }
  }

  /** @param {number} id @param {boolean} goesOn @param {boolean} stopOnError @returns {Generator<PromiseLike<unknown>, void, unknown>} */
  *#one(id, goesOn, stopOnError) {
    this.#seen?.start(id);
    this.#count(id, 2, 1);
    try {
      yield* this.#task(id, goesOn);
      this.#seen?.finish(id);
      this.#count(id, 1, 1);
    } catch (error) {
      this.#seen?.finish(id, false);
      this.#count(id, 3, 1);
      if (stopOnError || this.#options.signal?.aborted) throw error;
      this.#errors.push({ id, error });
      this.#results[id] = absent;
    } finally {
      this.#count(id, 2, -1);
    }
    this.#tell();
  }
}

/**
 * Runs a recording step by step: a generator that yields each promise a task gave, to be sent its value.
 * @param {import('../core/heap.js').Heap} heap
 * @param {import('../record.js').Recording} recording
 * @param {WalkOptions} options
 * @returns {Generator<PromiseLike<unknown>, unknown[], unknown>}
 */
export const walkByRank = (heap, recording, options) => new SerialWalk(recording, options).run(heap);

/**
 * Settles as a promise does, or when the signal is aborted, whichever comes first.
 * @param {PromiseLike<unknown>} promise @param {AbortSignal | undefined} signal
 */
function untilAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => resolve(undefined);
    const after = (/** @type {(value: any) => void} */ settle) => (/** @type {unknown} */ value) => {
      signal.removeEventListener('abort', stop);
      settle(value);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    promise.then(after(resolve), after(reject));
  });
}

/** @param {Generator<PromiseLike<unknown>, unknown[], unknown>} walk @param {AbortSignal} [signal] */
export async function runAsync(walk, signal) {
  try {
    return await runner['heddle-wait'](walk, signal);
  } catch (error) {
    await showWhere(error);
    throw error;
  }
}

/** @param {Generator<PromiseLike<unknown>, unknown[], unknown>} walk */
export function runNow(walk) {
  let step = walk.next();
  while (!step.done) { /* what goes on after this error: others, if they may */
    const late = step.value;
    late.then(undefined, () => {}); /* its outcome is nobody's any more */
    step = walk.throw(new FunctionError(
      "a task gave a promise, which computeSync with scheduler 'sync' cannot wait for. Use await compute(), or scheduler 'threads'."));
  }
  return step.value;
}
