/**
 * The `sync` scheduler: one task at a time, in the caller's thread, by rank. Closures and breakpoints
 * work and nothing is encoded; with `strict` it refuses what threads would refuse and passes every value
 * through the codec, but for those that go from part to part of a fused chain.
 */
import { mapLeaves } from '../containers.js';
import { CancelledError, FunctionError } from '../errors.js';
import { buildGraph, encodeLiterals, groupsOf } from '../core/graph.js';
import { NONE, outOfMemory } from '../core/heap.js';
import { compile } from '../functions/compile.js';
import { showWhere, showWhereNow } from '../functions/place.js';
import { describe } from '../functions/ship.js';
import { decodeCopy, decodeTemplate, encodeLiteral, throughCodec } from '../values/codec.js';
import { asTaskError } from '../values/failure.js';
import { LITERAL, Reference, Template } from '../record.js';

/** @param {unknown} value @returns {value is PromiseLike<unknown>} */
const isPromise = (value) => value !== null && typeof value === 'object' && typeof (/** @type {any} */ (value).then) === 'function';

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
 * Runs a recording step by step: a generator that yields each promise a task gave, to be sent its value.
 * @param {import('../core/heap.js').Heap} heap
 * @param {import('../record.js').Recording} recording
 * @param {object} options
 * @param {import('../options.js').Plan} options.plan
 * @param {boolean} [options.strict]
 * @param {AbortSignal} [options.signal]
 * @param {(done: number, total: number) => void} [options.onFinished]
 * @param {(groups: Uint32Array) => import('../watch.js').WatchedWalk} [options.watched]
 * @returns {Generator<PromiseLike<unknown>, unknown[], unknown>}
 */
export function* walkByRank(heap, recording, { plan, strict = false, signal, onFinished, watched }) {
  const functions = strict ? recording.functions.map((task) => compile(describe(task))) : recording.functions.map((task) => task.fn);
  const travel = strict ? throughCodec : (/** @type {unknown} */ value) => value;
  /* What threads would refuse is refused here too, before anything runs. */
  const encoded = strict ? encodeLiterals(recording, encodeLiteral) : null;
  const { core } = heap;
  const graph = buildGraph(heap, recording, { encodeLiteral: null, functionNumber: (index) => index, plan });
  /** @type {import('../watch.js').WatchedWalk | undefined} */
  let seen;
  let walk = 0;
  /** @type {'done' | 'failed' | 'cancelled'} */
  let outcome = 'cancelled';
  try {
    const total = core.hdw_graph_task_count(graph);
    walk = core.hdw_walk_create(graph, plan.budgetResults) >>> 0;
    if (!walk) throw outOfMemory('a run', total);
    seen = watched?.(groupsOf(heap, graph, recording.nodes.length));
    const functionOf = recording.functionOf.view, offsets = recording.argOffsets.view, words = recording.args.view;
    /** @type {unknown[]} */
    const results = new Array(recording.nodes.length);
    /* What goes from part to part of a group stays as it is, as on threads. */
    const live = new Uint8Array(strict ? recording.nodes.length : 0);
    /** @param {number} place */
    const valueAt = (place) => {
      const word = words[place];
      if (word < LITERAL) return live[word] ? results[word] : travel(results[word]);
      return encoded ? decodeCopy(encoded[word - LITERAL]) : recording.literals[word - LITERAL];
    };
    let done = 0;
    for (;;) {
      const id = core.hdw_walk_next(walk) >>> 0;
      const released = heap.word(walk);
      if (released) {
        const at = heap.word(walk + 4) >>> 2;
        const gone = heap.words.subarray(at, at + released);
        for (const task of gone) results[task] = undefined;
        seen?.release(gone);
      }
      if (id === NONE) break;
      const goesOn = heap.word(walk + 8) !== 0;
      if (signal?.aborted) throw new CancelledError(undefined, { cause: signal.reason });
      const from = offsets[id], end = offsets[id + 1];
      seen?.start(id);
      try {
        /** @type {unknown[]} */
        let args;
        if (functionOf[id] & 1) {
          const literal = words[from] - LITERAL;
          const resultAt = (/** @type {number} */ place) => valueAt(from + 1 + place);
          args = encoded
            ? decodeTemplate(/** @type {Uint8Array} */ (encoded[literal].bytes), resultAt)
            : /** @type {unknown[]} */ (mapLeaves(/** @type {Template} */ (recording.literals[literal]).args,
              (leaf) => (leaf instanceof Reference ? resultAt(leaf.place) : leaf)));
        } else {
          args = new Array(end - from);
          for (let place = from; place < end; place++) args[place - from] = valueAt(place);
        }
        let value = runner['heddle-task'](functions[functionOf[id] >>> 1], args);
        if (isPromise(value)) value = yield value;
        if (strict) live[id] = goesOn ? 1 : 0;
        results[id] = goesOn ? value : travel(value);
        seen?.finish(id);
      } catch (thrown) {
        seen?.finish(id, false);
        outcome = 'failed';
        const error = asTaskError(thrown, { ...recording.describe(id), worker: 0, attempt: 1 });
        showWhereNow(error, recording.taskFunction(id));
        throw error;
      }
      onFinished?.(++done, total);
    }
    outcome = 'done';
    return recording.outputs.map((id) => results[id]);
  } finally {
    seen?.end(outcome);
    if (walk) core.hdw_walk_destroy(walk);
    core.hdw_graph_destroy(graph);
  }
}

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
  const step = walk.next();
  if (step.done) return step.value;
  const late = step.value;
  late.then(undefined, () => {}); /* its outcome is nobody's any more */
  return /** @type {unknown[]} */ (walk.throw(new FunctionError(
    "a task gave a promise, which computeSync with scheduler 'sync' cannot wait for. Use await compute(), or scheduler 'threads'.")).value);
}
