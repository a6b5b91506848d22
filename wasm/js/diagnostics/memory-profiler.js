/** `MemoryProfiler`: how many results and bytes are in memory, and how much memory the process has, as time goes. */
import { DONE } from '../trace/states.js';
import { Diagnostic, checkOptions, isSeconds } from './diagnostic.js';
import { visualize } from './visualize.js';

/** Beyond so many samples every other one is dropped, and they are taken half as often. */
const SAMPLES_MAX = 20_000;

/**
 * @typedef {object} Sample
 * @property {number} atMs since the first computation began that was recorded
 * @property {number} results in memory
 * @property {number} bytes of them, as far as they are bytes
 * @property {number | undefined} processBytes the memory of the process (undefined in pages, where nobody says)
 * @property {number | undefined} heapBytes of that, JavaScript's objects in this thread
 */

const clock = () => performance.timeOrigin + performance.now();

/**
 * Samples memory while computations run: after each piece of news, but at most every `dt` seconds, and every `dt` seconds.
 * @example
 * const memory = new MemoryProfiler();
 * await memory.watch(() => z.compute());
 * memory.visualize({ filename: 'memory.svg' });
 */
export class MemoryProfiler extends Diagnostic {
  #dtMs;
  /** What `dt` has grown to. */ #stepMs;
  /** @type {Set<import('../trace/model.js').TraceModel>} */ #running = new Set();
  /** @type {Sample[]} */ #samples = [];
  #startedAt = NaN;
  #sampledAt = -Infinity;
  /** @type {any} */ #timer;

  /** @param {{ dt?: number }} [options] `dt`: seconds between samples, 0.02 by default @throws {import('../errors.js').OptionError} */
  constructor(options = {}) {
    super();
    checkOptions('MemoryProfiler', options, { dt: isSeconds });
    this.#dtMs = this.#stepMs = (options.dt ?? 0.02) * 1000;
  }

  /** @param {import('../trace/model.js').TraceModel} model @override @protected */
  began(model) {
    if (!(this.#startedAt >= 0)) this.#startedAt = model.startedAt;
    if (this.#running.size === 0) {
      this.#timer = setInterval(() => this.attempt(() => this.#sample(false)), Math.max(5, this.#dtMs));
      this.#timer.unref?.();
    }
    this.#running.add(model);
    this.#sample(true);
  }

  /** @override @protected */
  changed() {
    this.#sample(false);
  }

  /** @param {import('../trace/model.js').TraceModel} model @override @protected */
  ended(model) {
    this.#sample(true);
    this.#running.delete(model);
    if (this.#running.size === 0) clearInterval(this.#timer);
  }

  /** @override */
  unregister() {
    super.unregister();
    this.dropped();
  }

  /** @override @protected */
  dropped() {
    clearInterval(this.#timer);
    this.#running.clear();
  }

  /** When the first recorded computation began, in milliseconds since 1970; undefined: none has. */
  get startedAt() {
    return this.#startedAt >= 0 ? this.#startedAt : undefined;
  }

  /** @returns {readonly Sample[]} */
  get results() {
    return this.#samples;
  }

  /** Forgets what it has sampled. */
  clear() {
    this.#samples = [];
    this.#stepMs = this.#dtMs;
    this.#startedAt = NaN;
    for (const model of this.#running) if (!(this.#startedAt <= model.startedAt)) this.#startedAt = model.startedAt;
  }

  /** @param {boolean} now whether it is due, whatever the time */
  #sample(now) {
    const at = performance.now();
    if (!now && at - this.#sampledAt < this.#stepMs) return;
    this.#sampledAt = at;
    let results = 0, bytes = 0;
    for (const model of this.#running) {
      results += model.counts[DONE];
      bytes += model.bytesHeld;
    }
    const memory = /** @type {any} */ (globalThis).process?.memoryUsage?.();
    this.#samples.push({ atMs: Math.max(0, clock() - this.#startedAt), results, bytes, processBytes: memory?.rss, heapBytes: memory?.heapUsed });
    if (this.#samples.length < SAMPLES_MAX) return;
    this.#samples = this.#samples.filter((_, at) => at % 2 === 0);
    this.#stepMs = Math.max(1, this.#stepMs * 2);
  }

  /**
   * Results, their bytes and the memory of the process over time.
   * @param {import('./visualize.js').VisualizeOptions} [options]
   * @returns {string} SVG
   */
  visualize(options) {
    return visualize([this], options);
  }
}
