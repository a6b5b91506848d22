/**
 * The `sync` scheduler: one task at a time, in the caller's thread, by rank. Closures and breakpoints
 * work and nothing is encoded; with `strict` it refuses what threads would refuse and passes every value
 * through the codec.
 */
import { mapLeaves } from '../containers.js';
import { CancelledError, FunctionError } from '../errors.js';
import { buildGraph } from '../core/graph.js';
import { NONE, outOfMemory } from '../core/heap.js';
import { compile } from '../functions/compile.js';
import { describe } from '../functions/ship.js';
import { throughCodec } from '../values/codec.js';
import { asTaskError } from '../values/failure.js';
import { LITERAL, Reference, Template } from '../record.js';

/** @param {unknown} value @returns {value is PromiseLike<unknown>} */
const isPromise = (value) => value !== null && typeof value === 'object' && typeof (/** @type {any} */ (value).then) === 'function';

/**
 * Runs a recording step by step: a generator that yields each promise a task gave, to be sent its value.
 * @param {import('../core/heap.js').Heap} heap
 * @param {import('../record.js').Recording} recording
 * @param {{ strict?: boolean, signal?: AbortSignal, onFinished?: (done: number, total: number) => void }} options
 * @returns {Generator<PromiseLike<unknown>, unknown[], unknown>}
 */
export function* walkByRank(heap, recording, { strict = false, signal, onFinished }) {
  const functions = strict ? recording.functions.map((task) => compile(describe(task))) : recording.functions.map((task) => task.fn);
  const travel = strict ? throughCodec : (/** @type {unknown} */ value) => value;
  const { core } = heap;
  const graph = buildGraph(heap, recording, { encodeLiteral: null, functionNumber: (index) => index });
  let walk = 0;
  try {
    const total = core.hdw_graph_task_count(graph);
    walk = core.hdw_walk_create(graph) >>> 0;
    if (!walk) throw outOfMemory('a run', total);
    const functionOf = recording.functionOf.view, offsets = recording.argOffsets.view, words = recording.args.view;
    /** @type {unknown[]} */
    const results = new Array(recording.nodes.length);
    /** @param {number} place */
    const valueAt = (place) => {
      const word = words[place];
      return travel(word >= LITERAL ? recording.literals[word - LITERAL] : results[word]);
    };
    let done = 0;
    for (let id; (id = core.hdw_walk_next(walk) >>> 0) !== NONE; ) {
      const released = heap.word(walk);
      if (released) {
        const at = heap.word(walk + 4) >>> 2;
        for (const gone of heap.words.subarray(at, at + released)) results[gone] = undefined;
      }
      if (signal?.aborted) throw new CancelledError(undefined, { cause: signal.reason });
      const from = offsets[id], end = offsets[id + 1];
      try {
        /** @type {unknown[]} */
        let args;
        if (functionOf[id] & 1) {
          const template = /** @type {Template} */ (recording.literals[words[from] - LITERAL]);
          args = /** @type {unknown[]} */ (mapLeaves(template.args,
            (leaf) => (leaf instanceof Reference ? valueAt(from + 1 + leaf.place) : strict ? throughCodec(leaf) : leaf)));
        } else {
          args = new Array(end - from);
          for (let place = from; place < end; place++) args[place - from] = valueAt(place);
        }
        let value = functions[functionOf[id] >>> 1](...args);
        if (isPromise(value)) value = yield value;
        results[id] = travel(value);
      } catch (thrown) {
        throw asTaskError(thrown, { ...recording.describe(id), worker: 0, attempt: 1 });
      }
      onFinished?.(++done, total);
    }
    return recording.outputs.map((id) => results[id]);
  } finally {
    if (walk) core.hdw_walk_destroy(walk);
    core.hdw_graph_destroy(graph);
  }
}

/** @param {Generator<PromiseLike<unknown>, unknown[], unknown>} walk */
export async function runAsync(walk) {
  let step = walk.next();
  while (!step.done) {
    let value, thrown, failed = false;
    try {
      value = await step.value;
    } catch (error) {
      thrown = error;
      failed = true;
    }
    step = failed ? walk.throw(thrown) : walk.next(value);
  }
  return step.value;
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
