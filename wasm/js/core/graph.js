/** From a recording to a sealed graph in a core. */
import { CycleError, DuplicateKeyError, HdError } from '../errors.js';
import { BLOCK } from '../values/codec.js';
import { outOfMemory } from './heap.js';

/** What hdw_graph_seal can do besides culling. */
export const KEEP_ALL = 1, FUSE = 2, INLINE = 4, BEST_ORDER = 8;

/** @param {import('../options.js').Plan} plan */
const passesOf = ({ cull, fuse, inline, best }) =>
  (cull ? 0 : KEEP_ALL) | (fuse ? FUSE : 0) | (inline ? INLINE : 0) | (best ? BEST_ORDER : 0);

const encoder = new TextEncoder();

/** @param {(string | undefined)[] | undefined} keys @param {number} count */
function keyBytes(keys, count) {
  if (!keys) return { offsets: new Uint32Array(0), text: new Uint8Array(0) };
  const parts = Array.from({ length: count }, (_, index) => encoder.encode(keys[index] ?? ''));
  const offsets = new Uint32Array(count + 1);
  parts.forEach((part, index) => (offsets[index + 1] = offsets[index] + part.length));
  const text = new Uint8Array(offsets[count]);
  parts.forEach((part, index) => text.set(part, offsets[index]));
  return { offsets, text };
}

/** @param {import('./heap.js').Heap} heap @param {number} graph @param {Batch} batch @param {number} status @returns {never} */
function fail(heap, graph, batch, status) {
  const error = heap.core.hdw_graph_error(graph) >>> 0;
  const [, message, tasks, count] = heap.words.subarray(error >>> 2, (error >>> 2) + 4);
  const named = Array.from(heap.words.subarray(tasks >>> 2, (tasks >>> 2) + count), (index) => batch.describe(index).key);
  switch (heap.statusName(status)) {
    case 'CYCLE': throw new CycleError(named);
    case 'DUPLICATE_KEY': throw new DuplicateKeyError(named[0]);
    case 'OUT_OF_MEMORY': throw outOfMemory('a graph', batch.functionOf.length * 32);
    default: throw new HdError(heap.statusName(status), heap.text(message));
  }
}

/**
 * What is built from: a Recording, or what one was sent as (schedulers/job.js).
 * @typedef {object} Batch
 * @property {{ view: Uint32Array, length: number }} functionOf
 * @property {{ view: Uint32Array }} argOffsets
 * @property {{ view: Uint32Array }} args
 * @property {readonly unknown[]} literals
 * @property {readonly number[]} outputs
 * @property {readonly number[]} cheap functions whose tasks rather run again than be kept
 * @property {readonly (number | undefined)[]} retries of each function, undefined if it does not say
 * @property {readonly number[]} priorities in pairs: a task, and its priority, which is not 0
 * @property {(index: number) => { key: string, name: string }} describe
 * @property {() => string[]} keys all of them, by task
 * @property {() => (string | undefined)[] | undefined} givenKeys
 * @property {() => (Readonly<Record<string, unknown>> | undefined)[] | undefined} annotations by task, if there are any
 */

/**
 * @typedef {object} GraphOptions
 * @property {((literal: any) => import('../values/codec.js').Encoded) | null} encodeLiteral null: literals
 *   stay outside the core
 * @property {(index: number) => number} functionNumber what the core shall call a batch's function
 * @property {import('../options.js').Plan} plan
 */

/**
 * Builds and seals a graph. Its tasks' ids are the batch's indices.
 * @param {import('./heap.js').Heap} heap
 * @param {Batch} batch
 * @param {GraphOptions} options
 * @returns {{ graph: number, functions: number[] }} the graph, to be given up with `core.hdw_graph_destroy`, and for each of
 *   its functions which of the batch's it is
 * @throws {CycleError | DuplicateKeyError | import('../errors.js').ValueError | import('../errors.js').OutOfMemoryError}
 */
export function buildGraph(heap, batch, { encodeLiteral, functionNumber, plan }) {
  const { core } = heap;
  const { functionOf, argOffsets, args, outputs } = batch;
  const count = functionOf.length, literalCount = batch.literals.length;
  const keys = keyBytes(batch.givenKeys(), count);

  /* The graph's functions: each of the batch's that is used, plain and templated. */
  /** @type {Map<number, number>} */
  const numbers = new Map();
  const words = functionOf.view, functions = new Uint32Array(count);
  const numberOf = new Int32Array(batch.retries.length * 2).fill(-1);
  for (let task = 0; task < count; task++) {
    const word = words[task];
    if (numberOf[word] < 0) numbers.set(word, (numberOf[word] = numbers.size));
    functions[task] = numberOf[word];
  }

  const graph = core.hdw_graph_create() >>> 0;
  if (!graph) throw outOfMemory('a graph', count);
  let room = 0, written = 0, handedOver = false, literalsAt = 0;
  try {
    const cheap = new Set(batch.cheap);
    for (const [word, number] of numbers) {
      let status = core.hdw_graph_add_function(graph, functionNumber(word >>> 1) * 2 + (word & 1));
      if (!status && cheap.has(word >>> 1)) status = core.hdw_graph_mark_cheap(graph, number);
      const retries = batch.retries[word >>> 1] ?? plan.retries;
      if (!status && retries) status = core.hdw_graph_set_retries(graph, number, retries);
      if (status) fail(heap, graph, batch, status);
    }
    /* One piece of memory: the batch's struct, literals (16 bytes each), then words and text. */
    const arrays = [functions, argOffsets.view, args.view, Uint32Array.from(outputs), keys.offsets];
    const wordBytes = arrays.reduce((sum, array) => sum + array.byteLength, 0);
    room = heap.alloc(32 + literalCount * 16 + wordBytes + keys.text.length, 'a graph');
    literalsAt = room + 32;
    let at = literalsAt + literalCount * 16;
    const addresses = arrays.map((array) => {
      heap.words.set(array, at >>> 2);
      at += array.byteLength;
      return at - array.byteLength;
    });
    heap.bytes.set(keys.text, at);
    const [functionsAt, offsetsAt, argsAt, outputsAt, keyOffsetsAt] = addresses;
    heap.words.set([count, literalCount, functionsAt, offsetsAt, argsAt, literalsAt,
      keys.offsets.length ? keyOffsetsAt : 0, at], room >>> 2);
    if (encodeLiteral) {
      while ((written = heap.writeNumbers(literalsAt, batch.literals, written)) < literalCount) {
        try {
          heap.writeValue(literalsAt + written * 16, encodeLiteral(batch.literals[written]));
        } catch (error) {
          throw nameTask(error, batch, written);
        }
        written++;
      }
    } else {
      heap.words.fill(0, literalsAt >>> 2, (literalsAt >>> 2) + literalCount * 4);
    }
    handedOver = true;
    let status = core.hdw_graph_add_batch(graph, room);
    for (let at = 0; at < batch.priorities.length && !status; at += 2)
      status = core.hdw_graph_set_priority(graph, batch.priorities[at], batch.priorities[at + 1]);
    if (!status) status = core.hdw_graph_seal(graph, outputsAt, outputs.length, passesOf(plan), plan.budgetResults);
    if (status) fail(heap, graph, batch, status);
    return { graph, functions: Array.from(numbers.keys(), (word) => word >>> 1) };
  } catch (error) {
    if (!handedOver) releaseLiterals(heap, literalsAt, written);
    core.hdw_graph_destroy(graph);
    throw error;
  } finally {
    if (room) core.hdw_free(room);
  }
}

/**
 * For each task of a sealed graph the first task of the group that it runs with, by their ids: its own if it
 * runs alone, {@link import('./heap.js').NONE} if it was culled. A task that was inlined is with one of its readers.
 * @param {import('./heap.js').Heap} heap @param {number} graph @param {number} count
 */
export function groupsOf(heap, graph, count) {
  const room = heap.core.hdw_alloc(count * 4) >>> 0;
  if (!room) return Uint32Array.from({ length: count }, (_, id) => id); /* who only watches does not fail the run */
  heap.core.hdw_graph_groups(graph, room, count);
  heap.catchUp();
  const groups = heap.words.slice(room >>> 2, (room >>> 2) + count);
  heap.core.hdw_free(room);
  return groups;
}

/** @param {import('./heap.js').Heap} heap @param {number} at @param {number} count */
function releaseLiterals(heap, at, count) {
  for (let slot = at; slot < at + count * 16; slot += 16)
    if (heap.word(slot) === BLOCK) heap.core.hdw_block_release(heap.word(slot + 8));
}

/**
 * All literals as bytes.
 * @param {Batch} batch @param {(literal: any) => import('../values/codec.js').Encoded} encode
 * @throws {import('../errors.js').ValueError} that names the task
 */
export function encodeLiterals(batch, encode) {
  return batch.literals.map((literal, index) => {
    try {
      return encode(literal);
    } catch (error) {
      throw nameTask(error, batch, index);
    }
  });
}

/** Says whose argument a bad literal is. @param {unknown} error @param {Batch} batch @param {number} literal */
function nameTask(error, batch, literal) {
  if (!(error instanceof HdError)) return error;
  const { args, argOffsets } = batch;
  const place = args.view.indexOf((0x80000000 | literal) >>> 0);
  const task = argOffsets.view.findLastIndex((offset) => offset <= place);
  const about = batch.describe(task);
  error.message = `an argument of '${about.key}': ${error.message}`;
  return Object.assign(error, { task: about });
}
