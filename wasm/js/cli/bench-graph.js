/** What the core makes of a graph of empty tasks: how long ranking takes, and how many results are held. */
import { BEST_ORDER, KEEP_ALL } from '../core/graph.js';
import { NONE, outOfMemory } from '../core/heap.js';
import { loadThreads } from '../core/load-threads.js';
import { Crew } from '../crew.js';
import { GraphFileError } from './graph-file.js';

const MEMORY_BYTES = 4 * 1024 ** 3 - 65536;
const THREADS = 2;
/** What hdw_run_submit is asked for: HDW_COUNT_RESULTS. */
const COUNT_RESULTS = 2;
/** Seals: at least so many, and more while they take less than this in all. */
const SEALS_MIN = 3, SEALS_MAX = 51, SEALS_MS = 250;
const RUNS = 11;

/**
 * @typedef {object} Measures
 * @property {number} edges
 * @property {'fast' | 'best'} order by which it was ranked
 * @property {number} orderUs microseconds that ranking took: the median of several times
 * @property {number} peakSerial results held at once, at most, if one worker runs all by rank (simulated)
 * @property {number} peakTwo and with two workers (simulated)
 * @property {number} peakThreads and on two threads: the median of real runs
 * @property {number} peakSerialFast as peakSerial, ranked by the fast order
 */

/** @param {number[]} numbers */
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

export class Bench {
  #heap;
  #pool;
  #crew;
  /** @type {(error: Error) => void} */
  #onFatal = () => {};

  /** @param {import('../core/load-threads.js').LoadedThreads} loaded */
  constructor(loaded) {
    this.#heap = loaded.heap;
    this.#pool = this.#heap.core.hdw_pool_create() >>> 0;
    if (!this.#pool) throw outOfMemory('a pool', 0);
    this.#crew = new Crew(loaded, this.#pool, { isBusy: () => true, onPrint: () => {}, onLost: () => {}, onFatal: (error) => this.#onFatal(error) });
    this.#crew.grow(THREADS);
  }

  static async start() {
    return new Bench(await loadThreads({ maximum: MEMORY_BYTES, exact: false }));
  }

  close() {
    return this.#crew.close();
  }

  /**
   * @param {import('./graph-file.js').FileGraph} graph
   * @param {'fast' | 'best'} order
   * @returns {Promise<Measures>}
   * @throws {GraphFileError | import('../errors.js').OutOfMemoryError}
   */
  async measure(graph, order) {
    const { core } = this.#heap;
    const room = this.#write(graph);
    let sealed = 0;
    try {
      const fast = this.#seal(graph, room, 'fast');
      const peakSerialFast = this.#peak(fast, 1);
      core.hdw_graph_destroy(fast);
      const times = [];
      for (const start = performance.now(); times.length < SEALS_MIN || (times.length < SEALS_MAX && performance.now() - start < SEALS_MS); ) {
        if (sealed) core.hdw_graph_destroy(sealed);
        sealed = 0;
        sealed = this.#seal(graph, room, order);
        times.push(core.hdw_graph_order_us(sealed));
      }
      const peaks = [];
      while (peaks.length < RUNS) peaks.push(await this.#run(sealed));
      return {
        edges: core.hdw_graph_edge_count(sealed) >>> 0, order: core.hdw_graph_ranked_by(sealed) ? 'best' : 'fast', orderUs: median(times),
        peakSerial: this.#peak(sealed, 1), peakTwo: this.#peak(sealed, 2), peakThreads: median(peaks), peakSerialFast,
      };
    } finally {
      if (sealed) core.hdw_graph_destroy(sealed);
      core.hdw_free(room);
    }
  }

  /** Writes a hd_batch and what belongs to it; behind it the outputs. @param {import('./graph-file.js').FileGraph} graph */
  #write({ count, offsets, inputs, outputs }) {
    const heap = this.#heap;
    const room = heap.alloc(32 + 4 * (count + offsets.length + inputs.length + outputs.length), 'a graph');
    const functionsAt = room + 32, offsetsAt = functionsAt + 4 * count, argsAt = offsetsAt + 4 * offsets.length;
    const { words } = heap;
    words.set([count, 0, functionsAt, offsetsAt, argsAt, 0, 0, 0], room >>> 2);
    words.fill(0, functionsAt >>> 2, offsetsAt >>> 2);
    words.set(offsets, offsetsAt >>> 2);
    words.set(inputs, argsAt >>> 2);
    words.set(outputs, (argsAt >>> 2) + inputs.length);
    return room;
  }

  /** The graph as given, every task kept, none fused or copied.
   * @param {import('./graph-file.js').FileGraph} graph @param {number} room @param {'fast' | 'best'} order */
  #seal({ count, offsets, inputs, outputs }, room, order) {
    const { core } = this.#heap;
    const graph = core.hdw_graph_create() >>> 0;
    if (!graph) throw outOfMemory('a graph', count);
    const outputsAt = room + 32 + 4 * (count + offsets.length + inputs.length);
    const status = core.hdw_graph_add_kernel(graph) || core.hdw_graph_add_batch(graph, room)
      || core.hdw_graph_seal(graph, outputsAt, outputs.length, KEEP_ALL | (order === 'best' ? BEST_ORDER : 0), 0);
    if (!status) return graph;
    const error = this.#error(graph, status, count);
    core.hdw_graph_destroy(graph);
    throw error;
  }

  /** @param {number} graph @param {number} status @param {number} count */
  #error(graph, status, count) {
    const heap = this.#heap;
    const at = heap.core.hdw_graph_error(graph) >>> 2;
    const [, message, tasks, length] = heap.words.subarray(at, at + 4);
    switch (heap.statusName(status)) {
      case 'OUT_OF_MEMORY': return outOfMemory('a graph', count * 32);
      case 'CYCLE': {
        const path = Array.from(heap.words.subarray(tasks >>> 2, (tasks >>> 2) + length));
        const short = path.length > 8 ? [...path.slice(0, 4), `(${path.length - 8} more)`, ...path.slice(-4)] : path;
        return new GraphFileError(`dependencies has a cycle, ${[...short, path[0]].join(' -> ')}: each of these tasks needs the next`);
      }
      default: return new GraphFileError(message ? heap.text(message) : heap.statusText(status));
    }
  }

  /** @param {number} graph @param {number} workers */
  #peak(graph, workers) {
    const peak = this.#heap.core.hdw_graph_peak(graph, workers) >>> 0;
    if (peak === NONE) throw outOfMemory('finding a peak', 0);
    return peak;
  }

  /** Runs a graph once, for the most results that were held. @param {number} graph @returns {Promise<number>} */
  async #run(graph) {
    const { core } = this.#heap;
    const run = core.hdw_run_submit(this.#pool, graph, THREADS, COUNT_RESULTS, 0, 0) >>> 0;
    if (!run) throw outOfMemory('a run', core.hdw_graph_task_count(graph));
    const event = core.hdw_pool_event(this.#pool) >>> 0;
    const failed = new Promise((_, reject) => (this.#onFatal = reject));
    failed.catch(() => {});
    const alive = setInterval(() => {}, 2 ** 30);
    try {
      for (;;) {
        const seen = this.#heap.word(event) | 0;
        if (core.hdw_run_ended(this.#pool, run)) break;
        const cells = new Int32Array(/** @type {any} */ (this.#heap.memory.buffer), event, 1);
        const { async, value } = /** @type {any} */ (Atomics).waitAsync(cells, 0, seen, 1000);
        if (async) await Promise.race([value, failed]);
      }
    } finally {
      clearInterval(alive);
    }
    const peak = core.hdw_run_results_peak(run) >>> 0;
    core.hdw_run_destroy(run);
    return peak;
  }
}
