/**
 * One run as data: its graph, how far each task has come, and how far each had come at any moment before. No DOM and
 * no threads: a view reads it and draws. The messages that feed it (`watch`: `begin` to the constructor, `batch` and `end`
 * to `receive`) come from a run as it goes, or were read from a file: the model cannot tell.
 *
 * What it shows is the newest, or, after `seek`, an earlier moment: `states`, `counts`, `stateOf`, `durationMsOf`
 * and `sentence` are of the moment shown; what was recorded of times, sizes and attempts is always all that is known.
 */
import { Events } from './events.js';
import { counted, countedNoun } from './quantities.js';
import { CANCELLED, DONE, ERRED, HELD, NO_TASK, NO_WORKER, READY, RELEASED, RUNNING, WAITING, taskStates } from './states.js';
import { structureInSlices, structureOf } from './structure.js';
import { statesAt, timesInSlices, timesOf } from './times.js';

/** The words for a result: held, or freed because nobody needs it any more. */
export const resultWords = Object.freeze({ held: 'in memory', freed: 'released' });

/**
 * @typedef {import('../watch.js').BeginMessage} BeginMessage
 * @typedef {import('../watch.js').BatchMessage} BatchMessage
 * @typedef {import('../watch.js').EndMessage} EndMessage
 */

export class TraceModel {
  #begin;
  /** The newest, by task. @type {Uint8Array} */ #states;
  /** @type {Float64Array} */ #startMs;
  /** @type {Float32Array} */ #elapsedMs;
  /** @type {Uint16Array} */ #worker;
  /** @type {Uint8Array} */ #attempts;
  /** @type {Float64Array} */ #bytes;
  #events = new Events();
  #counts = new Uint32Array(taskStates.length);
  #bytesHeld = 0;
  /** What is shown while that is not the newest. @type {{ atMs: number, states: Uint8Array, counts: Uint32Array } | null} */ #past = null;
  #rows;
  #atMs = 0;
  #receivedAt;
  /** @type {EndMessage['outcome'] | null} */ #outcome = null;
  #version = 1;
  /** Since which version a task is shown as it is. @type {Uint32Array} */ #changedIn;
  #newsVersion = 1;
  #heldSinceMs = NaN;
  /** @type {import('./structure.js').Structure | null} */ #structure = null;
  /** @type {import('./times.js').Times | null} */ #times = null;
  #timesVersion = 0;
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
    this.#attempts = new Uint8Array(count);
    this.#bytes = new Float64Array(count);
    this.#changedIn = new Uint32Array(count).fill(1);
    this.#counts[WAITING] = count;
    this.#rows = begin.scheduler === 'sync' ? 1 : Math.max(1, begin.workers);
    this.#receivedAt = clock;
  }

  /**
   * Takes a `batch` or an `end` of this run.
   * @param {BatchMessage | EndMessage} message
   * @param {number} [clock] as in the constructor
   * @returns {boolean} false for a message of another run, of tasks that it does not have, or after the end: it changes nothing
   */
  receive(message, clock = performance.now()) {
    if (message.run !== this.run || this.#outcome !== null) return false;
    if (message.type === 'batch') {
      if (message.tasks.some((task) => task >= this.count)) return false;
      this.#version++;
      this.#take(message);
      this.#heldSinceMs = message.heldSinceMs ?? NaN;
    } else if (message.type === 'end') {
      this.#version++;
      this.#outcome = message.outcome;
      this.#heldSinceMs = NaN;
    } else {
      return false;
    }
    this.#newsVersion = this.#version;
    this.#atMs = Math.max(this.#atMs, message.atMs);
    this.#receivedAt = clock;
    return true;
  }

  /** The program is gone, whatever its run was at: what had not ended is cancelled. */
  close() {
    if (this.#outcome !== null) return;
    this.#version++;
    this.#newsVersion = this.#version;
    this.#atMs = this.nowMs();
    for (let task = 0; task < this.count; task++) {
      const state = this.#states[task];
      if (state >= DONE) continue;
      if (state === RUNNING) this.#elapsedMs[task] = Math.max(0, this.#atMs - this.#startMs[task]);
      this.#set(task, CANCELLED);
    }
    this.#outcome = 'cancelled';
    if (this.#heldSinceMs >= 0) this.#events.push(HELD, NO_TASK, NO_WORKER, this.#heldSinceMs, Math.max(0, this.#atMs - this.#heldSinceMs));
    this.#heldSinceMs = NaN;
  }

  /** @param {number} task @param {number} state */
  #set(task, state) {
    const before = this.#states[task];
    if (before === state) return;
    this.#counts[before]--;
    this.#counts[state]++;
    this.#states[task] = state;
    if (!this.#past) this.#changedIn[task] = this.#version;
  }

  /** @param {BatchMessage} batch */
  #take({ tasks, states, startMs, elapsedMs, worker, attempts, bytes, events }) {
    const threads = this.scheduler === 'threads';
    for (let at = 0; at < tasks.length; at++) {
      const task = tasks[at], held = this.#states[task] === DONE ? this.#bytes[task] : 0;
      this.#startMs[task] = startMs[at];
      this.#elapsedMs[task] = elapsedMs[at];
      this.#worker[task] = worker[at];
      this.#attempts[task] = attempts[at];
      this.#bytes[task] = bytes[at];
      this.#set(task, states[at]);
      this.#bytesHeld += (states[at] === DONE ? bytes[at] : 0) - held;
      /* A thread that was lost and replaced may have a number beyond the first ones. */
      if (threads && startMs[at] >= 0 && worker[at] >= this.#rows) this.#rows = worker[at] + 1;
    }
    this.#events.append(events);
  }

  get run() { return this.#begin.run; }
  get scheduler() { return this.#begin.scheduler; }
  /** How many threads were asked for. */
  get workers() { return this.#begin.workers; }
  /** When the run began, in milliseconds since 1970; 0: nobody said. */
  get startedAt() { return this.#begin.startedAt ?? 0; }
  /** Results and bytes that may be in memory before tasks without inputs are held back; 0: as many as there are. */
  get budget() { return this.#begin.budget ?? { results: 0, bytes: 0 }; }
  /** How many rows a picture of the threads needs: one when the run is serial. */
  get rows() { return this.#rows; }
  /** How many tasks there are. */
  get count() { return this.#begin.graph.count; }
  get names() { return this.#begin.graph.names; }
  get outputs() { return this.#begin.graph.outputs; }
  /** The graph as `begin` told it. Read only. */
  get graph() { return this.#begin.graph; }
  /** When the gate was shut, if it is, in milliseconds since the run began; NaN: it is open. What it held back before are events. */
  get heldSinceMs() { return this.#heldSinceMs; }
  /** Milliseconds from the run's beginning to the last message. */
  get atMs() { return this.#atMs; }
  /** How the run ended, or null while it runs. */
  get outcome() { return this.#outcome; }
  /** Grows with every message and every seek. A view keeps the version that it drew and asks `changesSince`. */
  get version() { return this.#version; }
  /** Grows with every message: what is recorded has changed. */
  get newsVersion() { return this.#newsVersion; }
  /** Tasks by state: `counts[RUNNING]`. Read only. */
  get counts() { return this.#past?.counts ?? this.#counts; }
  /** Each task's state. Read only, and only until the next message or seek. */
  get states() { return this.#past?.states ?? this.#states; }
  /** What is recorded, by task: borrowed, until the next message. `startMs` of the last attempt, NaN: never; `bytes` of the
   * result, 0: unknown, or a number or the like. */
  get record() {
    return { states: this.#states, startMs: this.#startMs, elapsedMs: this.#elapsedMs, worker: this.#worker, attempts: this.#attempts, bytes: this.#bytes };
  }
  /** Rare events: borrowed, until the next message. */
  get events() { return this.#events.columns; }
  /** Bytes of the results in memory, at the moment shown. */
  get bytesHeld() {
    if (!this.#past) return this.#bytesHeld;
    let sum = 0;
    for (let task = 0; task < this.count; task++) if (this.#past.states[task] === DONE) sum += this.#bytes[task];
    return sum;
  }

  // The moment that is shown

  /** The moment shown, in milliseconds since the run began; null: the newest, whatever that is. */
  get cursorMs() { return this.#past ? this.#past.atMs : null; }
  /** The moment shown, also if it is the newest. */
  get shownMs() { return this.#past?.atMs ?? this.#atMs; }

  /**
   * Shows an earlier moment. Takes time in proportion to the number of tasks.
   * @param {number | null} atMs from 0 to `atMs`; null: the newest, and from now on whatever is newest
   */
  seek(atMs) {
    if (atMs === null && !this.#past) return;
    const before = this.states;
    this.#version++;
    if (atMs === null || (this.#outcome !== null && atMs >= this.#atMs)) {
      /* Nothing is newer than the end. */
      this.#past = atMs === null ? null : { atMs: this.#atMs, states: this.#states, counts: this.#counts };
    } else {
      const moment = Math.max(0, Math.min(atMs, this.#atMs)), states = new Uint8Array(this.count), counts = new Uint32Array(taskStates.length);
      statesAt(this.record, this.times, moment, states, counts);
      this.#past = { atMs: moment, states, counts };
    }
    const now = this.states;
    const version = this.#version, changedIn = this.#changedIn;
    for (let task = 0; task < now.length; task++) if (now[task] !== before[task]) changedIn[task] = version;
  }

  /** The next moment at which a task begins or ends (or the end); Infinity: there is none. @param {number} [afterMs] */
  nextMs(afterMs = this.shownMs) {
    return this.#nearest(afterMs, 1);
  }

  /** The moment before at which a task began or ended (or the beginning); -Infinity: there is none. @param {number} [beforeMs] */
  previousMs(beforeMs = this.shownMs) {
    return this.#nearest(beforeMs, -1);
  }

  /** @param {number} from @param {1 | -1} side */
  #nearest(from, side) {
    const { endMs } = this.times;
    let found = Infinity;
    const look = (/** @type {number} */ at) => {
      if (side * (at - from) > 0 && side * at < side * found) found = at;
    };
    if (side < 0) found = -Infinity;
    if (side * (this.#atMs - from) > 0) look(this.#atMs);
    look(0);
    for (let task = 0; task < this.count; task++) {
      if (this.#startMs[task] <= this.#atMs) look(this.#startMs[task]);
      if (endMs[task] <= this.#atMs) look(endMs[task]);
    }
    return found;
  }

  /** When each task was ready, ended and was released: computed when asked for after news. @returns {import('./times.js').Times} */
  get times() {
    if (!this.#times || this.#timesVersion !== this.#newsVersion) {
      this.#times = timesOf(this.#recorded, this.structure);
      this.#timesVersion = this.#newsVersion;
    }
    return this.#times;
  }

  get #recorded() {
    const { events, graph } = this, endMs = this.#outcome === null ? Infinity : this.#atMs;
    return { graph, states: this.#states, startMs: this.#startMs, elapsedMs: this.#elapsedMs, events, endMs };
  }

  /**
   * Computes `structure` and `times` with pauses, so that a page can go on meanwhile: afterwards they are at hand, unless
   * there were news in between.
   * @returns {Generator<void, void, void>}
   */
  *prepare() {
    this.#structure ??= yield* structureInSlices(this.graph);
    const version = this.#newsVersion;
    if (this.#times && this.#timesVersion === version) return;
    const times = yield* timesInSlices(this.#recorded, this.#structure);
    if (version !== this.#newsVersion) return;
    this.#times = times;
    this.#timesVersion = version;
  }

  // One task

  /** @param {number} task */
  keyOf(task) { return this.graph.keys[task] ?? `${this.nameOf(task)}, task ${task}`; }
  /** @param {number} task */
  nameOf(task) { return this.names[this.graph.nameOf[task]]; }
  /** @param {number} task */
  nameIndexOf(task) { return this.graph.nameOf[task]; }
  /** @param {number} task */
  stateOf(task) { return this.states[task]; }
  /** @param {number} task the row of the task's thread, when it has started */
  rowOf(task) { return this.scheduler === 'sync' ? 0 : this.#worker[task]; }
  /** @param {number} task milliseconds since the run began; NaN: not started */
  startMsOf(task) { return this.#startMs[task]; }

  /**
   * How long a task took, or has been running; NaN when that is not known.
   * @param {number} task
   * @param {number} [nowMs]
   */
  durationMsOf(task, nowMs = this.shownMs) {
    const state = this.states[task];
    if (state === RUNNING) return Math.max(0, nowMs - this.#startMs[task]);
    if (state === DONE || state === RELEASED || state === ERRED) return this.#elapsedMs[task];
    if (state === CANCELLED && this.#elapsedMs[task] > 0) return this.#elapsedMs[task]; /* it had begun */
    return NaN;
  }

  /**
   * Milliseconds since the run began at the moment shown: if that is the newest, and while it runs, also what has passed
   * since the last message, so that a picture can grow between two messages.
   * @param {number} [clock]
   */
  nowMs(clock = performance.now()) {
    if (this.#past) return this.#past.atMs;
    return this.#outcome === null ? this.#atMs + Math.max(0, clock - this.#receivedAt) : this.#atMs;
  }

  /**
   * The tasks that are shown in another state than in a version. `changesSince(0)` gives all.
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
    const { offsets, inputs } = this.graph;
    return new Set(inputs.subarray(offsets[task], offsets[task + 1]));
  }

  /**
   * The tasks that take a task's result, each once.
   * @param {number} task
   */
  dependentsOf(task) {
    const { dependentOffsets, dependents } = this.structure;
    return new Set(dependents.subarray(dependentOffsets[task], dependentOffsets[task + 1]));
  }

  /**
   * The tasks of the fused chain that a task belongs to, itself among them, as they run; none if it runs alone.
   * @param {number} task
   * @returns {readonly number[]}
   */
  partsOf(task) {
    const { groups } = this.graph;
    if (!groups) return [];
    this.#chains ??= chainsOf(groups, this.depths);
    return this.#chains.get(groups[task]) ?? [];
  }

  /** What follows from the edges alone. */
  get structure() { return (this.#structure ??= structureOf(this.graph)); }

  /** For each task the number of its row: 0 for one without inputs, else one more than its highest input. */
  get depths() { return this.structure.depths; }

  /** The run in a sentence: "9 tasks; 3 done, 2 running, 4 waiting; 1 result in memory". */
  get sentence() {
    const { counts } = this, parts = [];
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
