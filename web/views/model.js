/**
 * One run as data: what its graph is and how far each task has come. No DOM: a view reads it and draws,
 * and the same messages read from a file replay the run.
 *
 * The messages are `begin` (to the constructor), `batch` and `end` (to `receive`). The arrays of a
 * message are kept, not copied: the sender gives them away.
 */
import { counted, countedNoun } from './quantities.js';

export const WAITING = 0;
export const READY = 1;
export const RUNNING = 2;
export const DONE = 3;
export const ERRED = 4;
export const CANCELLED = 5;
export const RELEASED = 6;

/** The words for the states, by number. They are also the values of `data-state`. */
export const stateNames = Object.freeze(['waiting', 'ready', 'running', 'done', 'erred', 'cancelled', 'released']);

/** The words for a result: held, or freed because nobody needs it any more. */
export const resultWords = Object.freeze({ held: 'in memory', freed: 'released' });

/**
 * @typedef {object} GraphMessage
 * @property {number} count tasks
 * @property {string[]} names the distinct names of functions
 * @property {Uint32Array} nameOf for each task, an index into `names`
 * @property {string[]} keys
 * @property {Uint32Array} offsets `count + 1` places in `inputs`
 * @property {Uint32Array} inputs the tasks whose results task i takes, at offsets[i]..offsets[i + 1]; may repeat
 * @property {Uint32Array} outputs the tasks whose results are wanted
 * @property {Uint32Array} [groups] for each task the first task of the chain that it runs in, in one go: itself if
 *   it runs alone
 *
 * @typedef {{ type: 'begin', run: number, scheduler: 'sync' | 'threads', workers: number, graph: GraphMessage }} BeginMessage
 * @typedef {{ type: 'batch', run: number, atMs: number, states: Uint8Array, startMs: Float64Array, elapsedMs: Float32Array, worker: Uint16Array }} BatchMessage
 * @typedef {{ type: 'end', run: number, atMs: number, outcome: 'done' | 'failed' | 'cancelled' }} EndMessage
 */

export class RunModel {
  #begin;
  /** @type {Uint8Array} */ #states;
  /** @type {Float64Array} */ #startMs;
  /** @type {Float32Array} */ #elapsedMs;
  /** @type {Uint16Array} */ #worker;
  #counts = new Uint32Array(stateNames.length);
  #rows;
  #atMs = 0;
  #receivedAt;
  /** @type {EndMessage['outcome'] | null} */ #outcome = null;
  #version = 1;
  #changedIn;
  /** @type {Uint32Array | null} */ #depths = null;
  /** @type {Map<number, number[]> | null} The parts of fused chains, by the first. */ #chains = null;

  /**
   * @param {BeginMessage} begin
   * @param {number} [clock] now, in milliseconds of the clock that `nowMs` is asked with
   */
  constructor(begin, clock = performance.now()) {
    const { count } = begin.graph;
    this.#begin = begin;
    this.#states = new Uint8Array(count);
    this.#startMs = new Float64Array(count).fill(NaN);
    this.#elapsedMs = new Float32Array(count);
    this.#worker = new Uint16Array(count);
    this.#changedIn = new Uint32Array(count).fill(1);
    this.#counts[WAITING] = count;
    this.#rows = begin.scheduler === 'sync' ? 1 : Math.max(1, begin.workers);
    this.#receivedAt = clock;
  }

  /**
   * Takes a `batch` or an `end` of this run.
   * @param {BatchMessage | EndMessage} message
   * @param {number} [clock] as in the constructor
   * @returns {boolean} false for a message of another run, which changes nothing
   */
  receive(message, clock = performance.now()) {
    if (message.run !== this.run || this.#outcome !== null) return false;
    if (message.type === 'batch') {
      if (message.states.length !== this.count) return false;
      this.#version++;
      this.#takeStates(message);
    } else if (message.type === 'end') {
      this.#version++;
      this.#outcome = message.outcome;
    } else {
      return false;
    }
    this.#atMs = Math.max(this.#atMs, message.atMs);
    this.#receivedAt = clock;
    return true;
  }

  /** The program is gone, whatever its run was at: what had not ended is cancelled. */
  close() {
    if (this.#outcome !== null) return;
    this.#version++;
    this.#atMs = this.nowMs();
    const { states, startMs, worker } = this.snapshot;
    const elapsedMs = this.#elapsedMs.map((elapsed, task) => (states[task] === RUNNING ? this.durationMsOf(task) : elapsed));
    this.#takeStates({ states: states.map((state) => (state < DONE ? CANCELLED : state)), startMs, elapsedMs, worker });
    this.#outcome = 'cancelled';
  }

  /** @param {Pick<BatchMessage, 'states' | 'startMs' | 'elapsedMs' | 'worker'>} batch */
  #takeStates({ states, startMs, elapsedMs, worker }) {
    const before = this.#states;
    const threads = this.scheduler === 'threads';
    this.#counts.fill(0);
    for (let task = 0; task < states.length; task++) {
      this.#counts[states[task]]++;
      if (states[task] === before[task]) continue;
      this.#changedIn[task] = this.#version;
      // A thread that was lost and replaced may have a number beyond the first ones.
      if (threads && startMs[task] >= 0 && worker[task] >= this.#rows) this.#rows = worker[task] + 1;
    }
    this.#states = states;
    this.#startMs = startMs;
    this.#elapsedMs = elapsedMs;
    this.#worker = worker;
  }

  get run() { return this.#begin.run; }
  get scheduler() { return this.#begin.scheduler; }
  /** How many threads were asked for. */
  get workers() { return this.#begin.workers; }
  /** How many rows a picture of the threads needs: one when the run is serial. */
  get rows() { return this.#rows; }
  /** How many tasks there are. */
  get count() { return this.#begin.graph.count; }
  get names() { return this.#begin.graph.names; }
  get outputs() { return this.#begin.graph.outputs; }
  /** Milliseconds from the run's beginning to the last message. */
  get atMs() { return this.#atMs; }
  /** How the run ended, or null while it runs. */
  get outcome() { return this.#outcome; }
  /** Grows with every message. A view keeps the version that it drew and asks `changesSince`. */
  get version() { return this.#version; }
  /** Tasks by state: `counts[RUNNING]`. Read only. */
  get counts() { return this.#counts; }
  /** The newest arrays, by task. Read only, and only until the next message. */
  get snapshot() {
    return { states: this.#states, startMs: this.#startMs, elapsedMs: this.#elapsedMs, worker: this.#worker };
  }

  /** @param {number} task */
  keyOf(task) { return this.#begin.graph.keys[task] ?? `${this.nameOf(task)}, task ${task}`; }
  /** @param {number} task */
  nameOf(task) { return this.names[this.#begin.graph.nameOf[task]]; }
  /** @param {number} task */
  nameIndexOf(task) { return this.#begin.graph.nameOf[task]; }
  /** @param {number} task */
  stateOf(task) { return this.#states[task]; }
  /** @param {number} task the row of the task's thread, when it has started */
  rowOf(task) { return this.scheduler === 'sync' ? 0 : this.#worker[task]; }
  /** @param {number} task milliseconds since the run began; NaN: not started */
  startMsOf(task) { return this.#startMs[task]; }

  /**
   * How long a task took, or has been running; NaN when that is not known.
   * @param {number} task
   * @param {number} [nowMs]
   */
  durationMsOf(task, nowMs = this.#atMs) {
    const state = this.#states[task];
    if (state === RUNNING) return Math.max(0, nowMs - this.#startMs[task]);
    if (state === DONE || state === RELEASED || state === ERRED) return this.#elapsedMs[task];
    if (state === CANCELLED && this.#elapsedMs[task] > 0) return this.#elapsedMs[task]; // it had begun
    return NaN;
  }

  /**
   * Milliseconds since the run began: `atMs`, and while it runs what has passed since the last message,
   * so that a picture can grow between two messages.
   * @param {number} [clock]
   */
  nowMs(clock = performance.now()) {
    return this.#outcome === null ? this.#atMs + Math.max(0, clock - this.#receivedAt) : this.#atMs;
  }

  /**
   * The tasks whose state has changed after a version. `changesSince(0)` gives all.
   * @param {number} version
   */
  changesSince(version) {
    /** @type {number[]} */
    const tasks = [];
    if (version >= this.#version) return tasks;
    for (let task = 0; task < this.count; task++) if (this.#changedIn[task] > version) tasks.push(task);
    return tasks;
  }

  /**
   * The tasks whose results a task takes, each once, in the order of its arguments.
   * @param {number} task
   */
  inputsOf(task) {
    const { offsets, inputs } = this.#begin.graph;
    return new Set(inputs.subarray(offsets[task], offsets[task + 1]));
  }

  /**
   * The tasks of the fused chain that a task belongs to, itself among them, as they run; none if it runs alone.
   * @param {number} task
   * @returns {readonly number[]}
   */
  partsOf(task) {
    const { groups } = this.#begin.graph;
    if (!groups) return [];
    this.#chains ??= chainsOf(groups, this.depths);
    return this.#chains.get(groups[task]) ?? [];
  }

  /** For each task the number of its row: 0 for one without inputs, else one more than its highest input. */
  get depths() {
    this.#depths ??= depthsOf(this.#begin.graph);
    return this.#depths;
  }

  /** The run in a sentence: "9 tasks; 3 done, 2 running, 4 waiting; 1 result in memory". */
  get sentence() {
    const counts = this.#counts;
    const parts = [];
    /** @type {[number, string][]} */
    const said = [[counts[DONE] + counts[RELEASED], 'done'], [counts[RUNNING], 'running'], [counts[READY], 'ready'],
      [counts[WAITING], 'waiting'], [counts[ERRED], 'erred'], [counts[CANCELLED], 'cancelled']];
    for (const [count, word] of said) if (count > 0) parts.push(`${counted(count)} ${word}`);
    const held = counts[DONE] > 0 ? `; ${countedNoun(counts[DONE], 'result')} ${resultWords.held}` : '';
    return `${countedNoun(this.count, 'task')}${parts.length > 0 ? `; ${parts.join(', ')}` : ''}${held}`;
  }
}

/**
 * The groups of more than one task, each by depth, which is how a chain runs.
 * @param {Uint32Array} groups
 * @param {Uint32Array} depths
 */
function chainsOf(groups, depths) {
  /** @type {Map<number, number[]>} */
  const chains = new Map();
  groups.forEach((first, task) => {
    if (first >= groups.length || (first === task && !chains.has(first))) return;
    const parts = chains.get(first) ?? [];
    if (parts.length === 0) chains.set(first, parts);
    parts.push(task);
  });
  for (const [first, parts] of chains) {
    if (!parts.includes(first)) parts.push(first);
    parts.sort((a, b) => depths[a] - depths[b]);
  }
  return chains;
}

/**
 * Longest paths from the tasks without inputs, in one walk over the edges (Kahn's order).
 * @param {GraphMessage} graph
 */
function depthsOf({ count, offsets, inputs }) {
  const missing = new Uint32Array(count);
  const userOffsets = new Uint32Array(count + 1);
  for (let edge = 0; edge < offsets[count]; edge++) userOffsets[inputs[edge] + 1]++;
  for (let task = 0; task < count; task++) userOffsets[task + 1] += userOffsets[task];
  const users = new Uint32Array(offsets[count]);
  const next = userOffsets.slice();
  /** @type {number[]} */
  const queue = [];
  for (let task = 0; task < count; task++) {
    missing[task] = offsets[task + 1] - offsets[task];
    if (missing[task] === 0) queue.push(task);
    for (let edge = offsets[task]; edge < offsets[task + 1]; edge++) users[next[inputs[edge]]++] = task;
  }
  const depths = new Uint32Array(count);
  for (let at = 0; at < queue.length; at++) {
    const task = queue[at];
    for (let edge = userOffsets[task]; edge < userOffsets[task + 1]; edge++) {
      const user = users[edge];
      depths[user] = Math.max(depths[user], depths[task] + 1);
      if (--missing[user] === 0) queue.push(user);
    }
  }
  return depths;
}
