/**
 * The `sync` scheduler: one task at a time, in the caller's thread, by rank. Closures and breakpoints
 * work and nothing is encoded; with `strict` it refuses what threads would refuse and passes every value
 * through the codec, but for those that go from part to part of a fused chain.
 */
import { mapLeaves } from '../containers.js';
import { Context, askingSignal, labelled } from '../context.js';
import { CancelledError, FunctionError, TimeoutError, UnsupportedError } from '../errors.js';
import { gateIsStuck } from '../gate.js';
import { buildGraph, encodeLiterals, groupsOf } from '../core/graph.js';
import { NONE, outOfMemory } from '../core/heap.js';
import { compile, traitsOf } from '../functions/compile.js';
import { showWhere, showWhereNow } from '../functions/place.js';
import { describe, functionHere } from '../functions/ship.js';
import { PROGRESS_MS, progressOf } from '../progress.js';
import { encodeArgument } from '../held.js';
import { decodeCopy, decodeTemplate, throughCodec } from '../values/codec.js';
import { asTaskError, failedTogether } from '../values/failure.js';
import { LITERAL } from '../record.js';
import { Reference, Template } from '../template.js';
import { afterReports, guarded, noticeRejections } from './strict.js';

/** @param {unknown} value @returns {value is PromiseLike<unknown>} */
const isPromise = (value) => value !== null && typeof value === 'object' && typeof (/** @type {any} */ (value).then) === 'function';

/** Timers take no more milliseconds than this. */
const TIMER_MAX = 2 ** 31 - 1;

/** In place of the result of a task that failed or was skipped. */
const absent = Symbol('absent');

/** Stacks are cut below tasks by these names: functions/stack.js. */
const runner = {
  /** @param {Function} fn @param {unknown[]} args @returns {unknown} */
  'heddle-task'(fn, args) {
    return fn(...args);
  },

  /** @param {Generator<PromiseLike<unknown>, unknown[], unknown>} walk @param {<T>(stretch: () => T) => T} within @param {AbortSignal} [signal] */
  async 'heddle-wait'(walk, within, signal) {
    let step = within(() => walk.next());
    while (!step.done) {
      /** @type {unknown} */ let value;
      /** @type {unknown} */ let thrown;
      let failed = false;
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
      step = within(() => (failed ? walk.throw(thrown) : walk.next(value)));
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
 * @property {import('../gate.js').Gate} [gate]
 * @property {number} [gateSteps] how many steps there were when it was asked for
 * @property {(progress: import('../progress.js').Progress) => void} [onProgress]
 * @property {(place: number, result: unknown) => PromiseLike<unknown> | void} [onResult] told each wanted result, by its place
 *   among the outputs; what it gives is waited for
 * @property {(groups: Uint32Array) => import('../watch.js').WatchedWalk} [watched]
 */

class SerialWalk {
  #recording;
  #options;
  #strict;
  /** The recording's words. */
  #functionOf; #offsets; #words;
  /** @type {Function[]} */ #functions;
  /** Whether a function may leave promises behind; only asked if that is to be found out. @type {boolean[]} */ #leavesPromises;
  /** Whether a function is called as it is, with its arguments. @type {boolean[]} */ #plain;
  /** What threads would refuse is refused here too, before anything runs. */
  #encoded;
  /** @type {unknown[]} */ #results;
  /** What goes from part to part of a group stays as it is, as on threads. */
  #live;
  /** The parts before the running task of its group, which may have to begin again, and inputs that it would need.
   * @type {number[]} */
  #group = [];
  /** @type {number[]} */ #gone = [];
  /** @type {Map<number, number>} How often a task was tried. */ #tries = new Map();
  /** @type {unknown[]} */ #errors = [];
  /** @type {Map<number, number>} Wanted tasks' places. */ #places;
  /** @type {Map<number, number>} How far running tasks say that they are. */ #fractions = new Map();
  #began = performance.now();
  #toldAt = performance.now();
  /** @type {Uint32Array[]} For each count one for each function; none: nobody is told. */ #counts = [];
  /** @type {import('../watch.js').WatchedWalk | undefined} */ #seen;
  /** @type {import('../gate.js').GateFollower | undefined} */ #gate;

  /** @param {import('../record.js').Recording} recording @param {WalkOptions} options */
  constructor(recording, options) {
    const strict = (this.#strict = options.strict ?? false), count = recording.nodes.length;
    this.#recording = recording;
    this.#options = options;
    this.#functionOf = recording.functionOf.view;
    this.#offsets = recording.argOffsets.view;
    this.#words = recording.args.view;
    const texts = strict ? recording.functions.map(describe) : [];
    this.#functions = strict ? texts.map(compile) : recording.functions.map(functionHere);
    this.#leavesPromises = texts.map((text) => Boolean(options.waits) && traitsOf(text).asynchronous);
    this.#plain = recording.functions.map(({ ctx, timeoutMs }, index) => !ctx && !timeoutMs && !this.#leavesPromises[index]);
    this.#encoded = strict ? encodeLiterals(recording, encodeArgument) : null;
    this.#results = new Array(count);
    this.#gate = options.gate?.follow(undefined, options.gateSteps);
    this.#live = new Uint8Array(strict ? count : 0);
    this.#places = new Map(options.onResult ? recording.outputs.map((id, place) => [id, place]) : []);
  }

  /** @param {number} place of an argument */
  #valueAt(place) {
    const word = this.#words[place];
    if (word < LITERAL) return !this.#strict || this.#live[word] ? this.#results[word] : throughCodec(this.#results[word]);
    return this.#encoded ? decodeCopy(this.#encoded[word - LITERAL]) : this.#recording.valueOf(word - LITERAL);
  }

  /** @param {number} id @returns {unknown[]} */
  #arguments(id) {
    const from = this.#offsets[id], end = this.#offsets[id + 1];
    if (this.#functionOf[id] & 1) return this.#templateArguments(from);
    const args = new Array(end - from);
    for (let place = from; place < end; place++) args[place - from] = this.#valueAt(place);
    return args;
  }

  /** @param {number} from @returns {unknown[]} */
  #templateArguments(from) {
    const literal = this.#words[from] - LITERAL;
    const resultAt = (/** @type {number} */ place) => this.#valueAt(from + 1 + place);
    if (this.#encoded) return decodeTemplate(/** @type {Uint8Array} */ (this.#encoded[literal].bytes), resultAt);
    const { args } = /** @type {Template} */ (this.#recording.literals[literal]);
    return /** @type {unknown[]} */ (mapLeaves(args, (leaf) => (leaf instanceof Reference ? resultAt(leaf.place) : leaf)));
  }

  /** Whether a task needs one that failed. @param {number} id */
  #mustSkip(id) {
    for (let place = this.#offsets[id], end = this.#offsets[id + 1]; place < end; place++)
      if (this.#words[place] < LITERAL && this.#results[this.#words[place]] === absent) return true;
    return false;
  }

  /** @param {number} id @param {{ over: boolean, timedOut: boolean, look?: () => void }} attempt @param {number} timeoutMs @param {number} since */
  #context(id, attempt, timeoutMs, since) {
    const { signal } = this.#options, { key } = this.#recording.describe(id);
    let asking = /** @type {ReturnType<typeof askingSignal> | undefined} */ (undefined);
    return new Context({ key, worker: 0, attempt: (this.#tries.get(id) ?? 0) + 1 }, {
      signal: () => {
        if (asking) return asking.signal;
        const timedOut = () => attempt.timedOut || (timeoutMs > 0 && !attempt.over && performance.now() - since > timeoutMs);
        asking = askingSignal(() => (signal?.aborted ? signal.reason : timedOut() ? timeout(timeoutMs) : undefined));
        signal?.addEventListener('abort', asking.look, { once: true });
        attempt.look = asking.look;
        return asking.signal;
      },
      progress: (fraction) => void (!attempt.over && this.#fractions.set(id, fraction)),
      log: (args) => console.log(...labelled(key, args)),
      empty: (Class, length) => new Class(length),
    });
  }

  /** Runs a task once, and gives its value. @param {number} id @returns {Generator<PromiseLike<unknown>, unknown, unknown>} */
  *#attempt(id) {
    const index = this.#functionOf[id] >>> 1, { ctx, timeoutMs } = this.#recording.functions[index];
    const since = performance.now(), attempt = /** @type {{ over: boolean, timedOut: boolean, look?: () => void }} */ ({ over: false, timedOut: false });
    const args = this.#arguments(id);
    if (ctx) args[0] = this.#context(id, attempt, timeoutMs, since);
    const rejections = this.#leavesPromises[index] ? noticeRejections() : undefined;
    /** @type {any} */ let timer;
    try {
      const value = runner['heddle-task'](this.#functions[index], args);
      if (rejections) {
        if (isPromise(value)) value.then(undefined, () => {}); /* its own is no stray one */
        yield afterReports();
        rejections.end(); /* what nobody handles from now on may be others' */
        rejections.check();
      }
      if (!isPromise(value)) {
        if (timeoutMs && performance.now() - since > timeoutMs) throw timeout(timeoutMs);
        return value;
      }
      return yield timeoutMs ? new Promise((resolve, reject) => {
        value.then(resolve, reject);
        timer = setTimeout(() => {
          if (since + timeoutMs - performance.now() > 1000) return; /* it was further off than a timer can be */
          attempt.timedOut = true;
          attempt.look?.();
          reject(timeout(timeoutMs));
        }, Math.min(TIMER_MAX, Math.max(0, since + timeoutMs - performance.now())));
      }) : value;
    } finally {
      attempt.over = true;
      clearTimeout(timer);
      rejections?.end();
      if (attempt.look) this.#options.signal?.removeEventListener('abort', attempt.look);
      this.#fractions.delete(id);
    }
  }

  /** @param {number} id @param {unknown} value @param {boolean} goesOn whether the next part of its group follows */
  #keep(id, value, goesOn) {
    if (!this.#strict) {
      this.#results[id] = value;
      return;
    }
    this.#live[id] = goesOn ? 1 : 0;
    this.#results[id] = goesOn ? value : throughCodec(value);
  }

  /** A task has failed: tries it again as often as it may be, and from the first part of its group on if its inputs may
   * have changed. @param {number} id @param {boolean} goesOn @param {unknown} thrown @returns {Generator<PromiseLike<unknown>, void, unknown>} */
  *#again(id, goesOn, thrown) {
    const retries = this.#recording.functions[this.#functionOf[id] >>> 1].retries ?? this.#options.plan.retries;
    for (let tries = 1; ; tries++) {
      this.#tries.set(id, tries);
      if (this.#options.signal?.aborted) throw thrown;
      if (tries > retries) break;
      this.#seen?.again(id);
      try {
        for (const part of [...this.#group, id]) this.#keep(part, yield* this.#attempt(part), part !== id || goesOn);
        return;
      } catch (error) {
        thrown = error;
      }
    }
    const error = asTaskError(thrown, { ...this.#recording.describe(id), worker: 0, attempt: retries + 1 });
    showWhereNow(error, this.#recording.taskFunction(id));
    throw error;
  }

  /** @param {number} id @param {number} which of total, done, running, failed @param {number} by */
  #count(id, which, by) {
    if (this.#counts.length) this.#counts[which][this.#functionOf[id] >>> 1] += by;
  }

  #tell() {
    const named = this.#recording.functions.map(({ name }, index) => {
      const [total, done, running, failed] = this.#counts.map((count) => count[index]);
      return /** @type {[string, import('../progress.js').Counts]} */ ([name, { total, done, running, failed }]);
    });
    const tasks = [...this.#fractions].map(([id, fraction]) => ({ key: this.#recording.describe(id).key, fraction }));
    this.#options.onProgress?.(progressOf(named, tasks, performance.now() - this.#began));
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

  /** Lets go of results, but not of what the group that runs would need to begin again. @param {Uint32Array} gone */
  #release(gone) {
    for (const id of gone) {
      if (this.#strict && this.#group.length && !this.#live[id]) this.#gone.push(id);
      else if (this.#results[id] !== absent) this.#results[id] = undefined;
    }
    this.#seen?.release(gone);
  }

  /** The next task begins: whether it is a part of the group before. @param {boolean} goesOn @param {number} id */
  #enter(id, goesOn) {
    if (goesOn) {
      this.#group.push(id);
      return;
    }
    this.#group.length = 0;
    for (const gone of this.#gone) if (this.#results[gone] !== absent) this.#results[gone] = undefined;
    this.#gone.length = 0;
  }

  /** @param {import('../core/heap.js').Heap} heap @returns {Generator<PromiseLike<unknown>, unknown[], unknown>} */
  *run(heap) {
    const { plan, signal, stopOnError = true, onResult, onProgress } = this.#options, { core } = heap;
    const { graph } = buildGraph(heap, this.#recording, { encodeLiteral: null, functionNumber: (index) => index, plan });
    const followed = onProgress || this.#options.watched;
    let walk = 0;
    /** @type {'done' | 'failed' | 'cancelled'} */
    let outcome = 'cancelled';
    try {
      walk = core.hdw_walk_create(graph, plan.budgetResults) >>> 0;
      if (!walk) throw outOfMemory('a run', core.hdw_graph_task_count(graph));
      this.#begin(heap, graph);
      for (;;) {
        const id = core.hdw_walk_next(walk) >>> 0, released = heap.word(walk);
        if (released) this.#release(heap.words.subarray(heap.word(walk + 4) >>> 2, (heap.word(walk + 4) >>> 2) + released));
        if (id === NONE) break;
        const goesOn = heap.word(walk + 8) !== 0, index = this.#functionOf[id] >>> 1;
        if (signal?.aborted) throw new CancelledError(undefined, { cause: signal.reason });
        if (!stopOnError && this.#mustSkip(id)) {
          this.#results[id] = absent;
          this.#seen?.skip(id);
        } else {
          if (this.#gate) yield* this.#pass();
          if (followed) this.#starts(id);
          let failed = false;
          try {
            if (this.#plain[index]) {
              const value = runner['heddle-task'](this.#functions[index], this.#arguments(id));
              this.#keep(id, isPromise(value) ? yield value : value, goesOn);
            } else this.#keep(id, yield* this.#attempt(id), goesOn);
          } catch (thrown) {
            try {
              yield* this.#again(id, goesOn, thrown);
            } catch (error) {
              failed = true;
              if (stopOnError || signal?.aborted) throw error;
              this.#errors.push(error);
              this.#results[id] = absent;
            } finally {
              if (followed && failed) this.#ends(id, false);
            }
          }
          if (followed && !failed) this.#ends(id, true);
        }
        if (this.#strict) this.#enter(id, goesOn);
        if (onResult && this.#places.has(id) && this.#results[id] !== absent) {
          const wait = onResult(/** @type {number} */ (this.#places.get(id)), this.#results[id]);
          if (wait) yield wait;
        }
      }
      if (onProgress) this.#tell();
      const results = this.#recording.outputs.map((id) => (this.#results[id] === absent ? undefined : this.#results[id]));
      outcome = this.#errors.length ? 'failed' : 'done';
      if (this.#errors.length) throw failedTogether(this.#errors, core.hdw_graph_task_count(graph), results);
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

  /** Waits until the gate lets a task through. @returns {Generator<PromiseLike<unknown>, void, unknown>} */
  *#pass() {
    const gate = /** @type {import('../gate.js').GateFollower} */ (this.#gate);
    for (let ms; (ms = gate.pass()) > 0; ) {
      this.#seen?.hold(true);
      if (this.#seen?.dueInMs === 0) this.#seen.tellChanges();
      if (this.#options.waits) yield gate.wait(ms);
      else if (this.#options.gate?.isStuck || !gate.waitNow(ms)) throw new UnsupportedError(gateIsStuck);
      if (this.#options.signal?.aborted) throw new CancelledError(undefined, { cause: this.#options.signal.reason });
    }
    this.#seen?.hold(gate.shut);
  }

  /** @param {number} id */
  #starts(id) {
    this.#seen?.start(id);
    this.#count(id, 2, 1);
  }

  /** @param {number} id @param {boolean} well */
  #ends(id, well) {
    this.#seen?.finish(id, well, well ? this.#results[id] : undefined);
    this.#count(id, 2, -1);
    this.#count(id, well ? 1 : 3, 1);
    if (this.#options.onProgress && performance.now() >= this.#toldAt + PROGRESS_MS) this.#tell();
  }
}

/** @param {number} timeoutMs */
const timeout = (timeoutMs) => new TimeoutError(`the task took longer than its ${timeoutMs} ms.`, { timeoutMs });

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

/** @type {<T>(stretch: () => T) => T} */
const asItIs = (stretch) => stretch();

/** @param {Generator<PromiseLike<unknown>, unknown[], unknown>} walk @param {boolean} strict @param {AbortSignal} [signal] */
export async function runAsync(walk, strict, signal) {
  try {
    return await runner['heddle-wait'](walk, strict ? guarded : asItIs, signal);
  } catch (error) {
    await showWhere(error);
    throw error;
  }
}

/** @param {Generator<PromiseLike<unknown>, unknown[], unknown>} walk @param {boolean} strict */
export function runNow(walk, strict) {
  const within = strict ? guarded : asItIs;
  let step = within(() => walk.next());
  while (!step.done) { /* what goes on after this error: others, if they may */
    const late = step.value;
    late.then(undefined, () => {}); /* its outcome is nobody's any more */
    step = within(() => walk.throw(new FunctionError(
      "a task gave a promise, which computeSync with scheduler 'sync' cannot wait for. Use await compute(), or scheduler 'threads'.")));
  }
  return step.value;
}
