/**
 * One job on a pool of threads: handed to the core, looked at while it runs, and told of when it ends. It may be told
 * of before: when it fails or is cancelled, bodies that run are still to come to their end.
 */
import { buildGraph, groupsOf } from '../core/graph.js';
import { NONE, outOfMemory } from '../core/heap.js';
import { clockMs } from '../clock.js';
import { ATTEMPTS_MAX } from '../crew.js';
import { CancelledError, HdError, TimeoutError, WorkerLostError } from '../errors.js';
import { PROGRESS_MS, progressOf } from '../progress.js';
import { decode } from '../values/codec.js';
import { failedTogether, unpackFailure } from '../values/failure.js';
import { Watched, changesFor, isWatched } from '../watch.js';

/** hd_run_state. */
const DONE = 1, FAILED = 2;
/** What hdw_run_submit is asked for. */
const TRACE = 1, KEEP_GOING = 4, ANNOUNCE = 8, PROGRESS = 16, SHUT = 32;
/** HD_ABSENT. */
const ABSENT = 7;
/** The parts of a hdw_change and a hd_note (shim/pool.c), and so many of them at a time. */
const CHANGE_BYTES = 24, CHANGES_MAX = 65_536, NOTE_BYTES = 24, NOTES_MAX = 4096;
const FAILURE_WORDS = 5, COUNT_WORDS = 4, TOLD_MAX = 64, FAILURES_MAX = 1000;

/**
 * @typedef {object} RunOptions
 * @property {number} [workers]
 * @property {AbortSignal} [signal]
 * @property {(progress: import('../progress.js').Progress) => void} [onProgress]
 * @property {boolean} [stopOnError]
 * @property {import('../gate.js').Gate} [gate]
 * @property {number} [gateSteps] how many steps there were when it was asked for
 * @property {(place: number, result: import('../values/codec.js').Encoded) => void} [onResult] told each wanted result as
 *   it comes, by its place among the job's outputs
 */

export class ThreadedRun {
  #heap;
  #pool;
  #job;
  #options;
  #run = 0;
  #graph = 0;
  #total;
  #began = performance.now();
  /** @type {Watched | undefined} */
  #watched;
  #told = false;
  /** What was told to those who watch: hdw_seen. */
  #seen = 0;
  /** Whether its core must not be called any more: a lock may never be given back. */
  #abandoned = false;
  /** Somebody wished it to stop before it had failed. */
  #cancelled = false;
  /** It has ended, and is told of. Who is told may cancel it, or close its Runtime: there is nothing left to do then. */
  #over = false;
  #toldAt = performance.now();
  /** Places of outputs that have yet to be told. @type {Set<number>} */
  #untold;
  #crew;
  /** @type {import('../gate.js').GateFollower | undefined} */ #gate;
  /** The batch's function for each of the graph's. @type {number[]} */
  #functionsOf = [];
  /** @type {(results: import('../values/codec.js').Encoded[]) => void} */ resolve = () => {};
  /** @type {(error: unknown) => void} */ reject = () => {};
  /** Errors of tasks, with what they ran: where that is written is still to be shown. @type {[unknown, import('../delayed.js').TaskFunction | undefined][]} */
  failed = [];

  /**
   * @param {import('../core/heap.js').Heap} heap
   * @param {number} pool
   * @param {{ lossCause: unknown }} crew
   * @param {import('./job.js').Job} job whose functions have been checked
   * @param {RunOptions & { count: number, functionNumber: (text: string) => number }} options `count`: workers
   */
  constructor(heap, pool, crew, job, options) {
    const { core } = heap, { count, onProgress, onResult, stopOnError = true } = options;
    this.#heap = heap;
    this.#pool = pool;
    this.#crew = crew;
    this.#job = job;
    this.#options = options;
    this.#untold = new Set(onResult ? job.outputs.keys() : []);
    const built = buildGraph(heap, job, {
      encodeLiteral: job.encodeLiteral,
      functionNumber: (index) => options.functionNumber(job.functions[index]),
      plan: job.plan,
    });
    this.#graph = built.graph;
    this.#functionsOf = built.functions;
    this.#total = core.hdw_graph_task_count(this.#graph);
    const watched = isWatched(), beganMs = clockMs();
    const wishes = (watched ? TRACE : 0) | (stopOnError ? 0 : KEEP_GOING) | (onResult ? ANNOUNCE : 0) | (onProgress ? PROGRESS : 0);
    const { budgetResults, budgetBytes } = job.plan;
    this.#gate = options.gate?.follow(() => this.#followGate(), options.gateSteps);
    this.#run = core.hdw_run_submit(pool, this.#graph, count, wishes | (this.#gate?.shut ? SHUT : 0), budgetResults, budgetBytes) >>> 0;
    if (!this.#run) {
      core.hdw_graph_destroy(this.#graph);
      this.#gate?.end();
      throw outOfMemory('a run', this.#total);
    }
    /* The workers have begun: nobody waits until all is told. */
    if (watched) this.#beginWatching(count, beganMs);
    this.#followGate();
  }

  /** @param {number} count workers @param {number} beganMs */
  #beginWatching(count, beganMs) {
    const tasks = this.#job.functionOf.length;
    try {
      this.#seen = this.#heap.core.hdw_seen_create(tasks) >>> 0;
      if (this.#seen) this.#watched = new Watched(this.#job, 'threads', count, groupsOf(this.#heap, this.#graph, tasks), this.#job.plan, beganMs);
    } catch (error) { /* no memory to tell of it: the computation is not to suffer */
      console.error('heddle: a computation is not shown:', error);
    }
  }

  /** Its address in the core. */
  get address() {
    return this.#run;
  }

  get job() {
    return this.#job;
  }

  get options() {
    return this.#options;
  }

  /** Whether who asked for it knows how it ended. */
  get told() {
    return this.#told;
  }

  /** Whether bodies still run that shall come to their end. */
  get stopping() {
    return this.#told && this.#heap.core.hdw_run_state(this.#run) !== DONE;
  }

  /** How soon somebody wants to hear how it is getting on, though nothing has happened. */
  get dueInMs() {
    let ms = 1000;
    if (this.#options.onProgress) ms = Math.min(ms, Math.max(1, this.#toldAt + PROGRESS_MS - performance.now()));
    if (this.#gate) ms = Math.min(ms, this.#gate.dueInMs);
    if (this.#watched) ms = Math.min(ms, Math.max(1, this.#watched.dueInMs));
    return ms;
  }

  /** What a task of it is called. @param {number} task by its id */
  keyOf(task) {
    return this.#job.describe(task).key;
  }

  /** @param {unknown} error */
  #reject(error) {
    if (this.#told) return;
    this.#told = true;
    this.reject(error);
  }

  /** Passes on what has become of the gate. */
  #followGate() {
    if (!this.#gate || !this.#run || this.#abandoned) return;
    for (const [how, count] of this.#gate.changes()) this.#heap.core.hdw_run_gate(this.#run, how, count);
    this.#watched?.hold(this.#gate.shut);
  }

  /** @param {unknown} reason */
  cancel(reason) {
    if (!this.#told) this.#cancelled = true;
    if (!this.#abandoned && !this.#over) this.#heap.core.hdw_run_cancel(this.#pool, this.#run);
    this.#reject(new CancelledError(undefined, { cause: reason }));
  }

  /** The pool's event has rung, or it is time: tells what there is to tell. True: it has ended, and is gone. */
  look() {
    const { core } = this.#heap;
    if (this.#abandoned) return false;
    if (core.hdw_run_ended(this.#pool, this.#run)) {
      this.#end();
      return true;
    }
    this.#followGate();
    if (this.#told) return false;
    try {
      this.#tellResults();
      if (this.#abandoned) return false;
      if (core.hdw_run_state(this.#run) === FAILED) {
        if (this.#options.stopOnError === false) this.#options.onProgress?.(this.#progress()); /* all that could be done is */
        this.#reject(this.#failure());
      }
      else this.#tellProgress();
    } catch (error) { /* of who is told */
      if (!this.#abandoned) core.hdw_run_cancel(this.#pool, this.#run);
      this.#reject(error);
    }
    return false;
  }

  /** The core is lost or given up, and with it the run. @param {unknown} [error] undefined: it runs again elsewhere */
  abandon(error) {
    this.#abandoned = true;
    this.#gate?.end();
    this.#watched?.end(error instanceof CancelledError ? 'cancelled' : 'failed');
    if (error !== undefined) this.#reject(error);
  }

  #end() {
    const { core } = this.#heap;
    this.#over = true;
    this.#gate?.end();
    try {
      const state = core.hdw_run_state(this.#run);
      if (this.#watched) {
        this.#sample();
        this.#watched.end(state === DONE ? 'done' : state === FAILED && !this.#cancelled ? 'failed' : 'cancelled');
      }
      if (!this.#told && this.#options.onProgress) this.#options.onProgress(this.#progress());
      if (!this.#told) this.#tellResults();
      if (this.#told) return;
      if (state === DONE) {
        const results = this.#results();
        this.#told = true;
        this.resolve(results);
      } else this.#reject(state === FAILED ? this.#failure() : new CancelledError());
    } catch (error) {
      this.#reject(error);
    } finally {
      if (!this.#abandoned) this.#destroy();
    }
  }

  #destroy() {
    const { core } = this.#heap;
    core.hdw_run_destroy(this.#run);
    core.hdw_free(this.#seen);
    core.hdw_graph_destroy(this.#graph);
  }

  #tellResults() {
    for (const place of this.#untold) {
      if (this.#abandoned) return;
      const id = this.#job.outputs[place];
      if (!this.#heap.core.hdw_run_ready(this.#run, id)) continue;
      this.#untold.delete(place);
      this.#options.onResult?.(place, this.#heap.readValue(this.#heap.core.hdw_run_result(this.#run, id) >>> 0));
    }
  }

  #tellProgress() {
    if (this.#watched?.dueInMs === 0) this.#sample();
    if (this.#told || this.#abandoned || !this.#options.onProgress || performance.now() < this.#toldAt + PROGRESS_MS) return;
    this.#options.onProgress(this.#progress());
    this.#toldAt = performance.now();
  }

  #progress() {
    const count = this.#functionsOf.length, bytes = count * COUNT_WORDS * 4;
    const room = this.#heap.alloc(bytes + TOLD_MAX * 8, 'progress');
    this.#heap.catchUp();
    this.#heap.bytes.fill(0, room, room + bytes);
    const told = this.#heap.core.hdw_run_counts(this.#run, room, room + bytes, TOLD_MAX);
    const words = this.#heap.words.slice(room >>> 2, (room + bytes) >>> 2);
    const view = new DataView(this.#heap.bytes.slice(room + bytes, room + bytes + told * 8).buffer);
    this.#heap.core.hdw_free(room);
    const named = this.#functionsOf.map((index, at) => {
      const [total, done, running, failed] = words.subarray(at * COUNT_WORDS, (at + 1) * COUNT_WORDS);
      return /** @type {[string, import('../progress.js').Counts]} */ ([this.#job.names[index], { total, done, running, failed }]);
    });
    const tasks = Array.from({ length: told }, (_, at) => ({ key: this.keyOf(view.getUint32(at * 8, true)), fraction: view.getFloat32(at * 8 + 4, true) }));
    return progressOf(named, tasks, performance.now() - this.#began);
  }

  /** Tells those who watch what has changed. */
  #sample() {
    const count = this.#job.functionOf.length; /* also those that were culled, of which the core says nothing */
    const most = Math.max(1, Math.min(count, CHANGES_MAX)), room = this.#heap.core.hdw_alloc(Math.max(most * CHANGE_BYTES, NOTES_MAX * NOTE_BYTES + 4)) >>> 0;
    if (!room) return; /* the computation is not to suffer */
    this.#heap.core.hdw_seen_look(this.#seen, this.#run, count);
    this.#notes(room);
    for (let found = most; found === most && !this.#abandoned; ) {
      found = this.#heap.core.hdw_seen_changes(this.#seen, this.#run, most, room);
      this.#heap.catchUp();
      this.#watched?.batch(this.#changes(room, found));
    }
    if (!this.#abandoned) this.#heap.core.hdw_free(room);
  }

  /** @param {number} room where the core has put them @param {number} count */
  #changes(room, count) {
    const changes = changesFor(count), view = new DataView(this.#heap.bytes.buffer, room, count * CHANGE_BYTES);
    const began = /** @type {Watched} */ (this.#watched).beganMs;
    for (let at = 0, from = 0; at < count; at++, from += CHANGE_BYTES) {
      const startUs = view.getFloat64(from, true);
      changes.startMs[at] = startUs ? Math.max(0, startUs / 1000 - began) : NaN;
      changes.elapsedMs[at] = view.getFloat32(from + 8, true) / 1000;
      changes.tasks[at] = view.getUint32(from + 12, true);
      changes.bytes[at] = view.getUint32(from + 16, true);
      changes.worker[at] = view.getUint16(from + 20, true);
      changes.states[at] = view.getUint8(from + 22);
      changes.attempts[at] = view.getUint8(from + 23);
    }
    return changes;
  }

  /** @param {number} room */
  #notes(room) {
    const count = this.#heap.core.hdw_run_notes(this.#run, NOTES_MAX, room, room + NOTES_MAX * NOTE_BYTES);
    this.#heap.catchUp();
    const view = new DataView(this.#heap.bytes.buffer, room, NOTES_MAX * NOTE_BYTES + 4), { events, beganMs } = /** @type {Watched} */ (this.#watched);
    for (let at = 0, from = 0; at < count; at++, from += NOTE_BYTES) {
      const startMs = view.getFloat64(from, true) / 1000 - beganMs, elapsedMs = view.getFloat32(from + 8, true) / 1000;
      if (startMs + elapsedMs < 0) continue; /* a worker slept before this run began */
      events.push(view.getUint16(from + 16, true), view.getUint32(from + 12, true), view.getUint16(from + 18, true), Math.max(0, startMs), elapsedMs + Math.min(0, startMs));
    }
    events.lost += view.getUint32(NOTES_MAX * NOTE_BYTES, true);
  }

  /** Of a run that has ended. */
  #results() {
    const { outputs } = this.#job, room = this.#heap.alloc(outputs.length * 20, 'results'), idsAt = room + outputs.length * 16;
    this.#heap.catchUp();
    this.#heap.words.set(outputs, idsAt >>> 2);
    this.#heap.core.hdw_run_results(this.#run, idsAt, outputs.length, room);
    const results = this.#heap.readValues(room, outputs.length);
    this.#heap.core.hdw_free(room);
    return results;
  }

  /** What to reject with. */
  #failure() {
    const { core } = this.#heap;
    const room = this.#heap.alloc(FAILURES_MAX * FAILURE_WORDS * 4, 'errors');
    this.#heap.catchUp();
    const told = core.hdw_run_failures(this.#run, FAILURES_MAX, room) >>> 0, count = told === NONE ? 0 : told;
    /** @type {Map<number, unknown>} By task: of one that runs again for each reader each copy may have failed. */
    const errors = new Map();
    for (let at = Math.min(count, FAILURES_MAX); at-- > 0; ) {
      const [id, worker, attempt, status, slot] = this.#heap.words.slice((room >>> 2) + at * FAILURE_WORDS, (room >>> 2) + (at + 1) * FAILURE_WORDS);
      if (errors.has(id)) continue;
      const error = this.#error({ ...this.#job.describe(id), worker, attempt }, status, slot);
      errors.set(id, error);
      this.failed.push([error, this.#job.taskFunction(id)]);
    }
    core.hdw_free(room);
    const [first = outOfMemory('errors', 0)] = errors.values();
    return this.#options.stopOnError === false ? failedTogether([...errors.values()], this.#total, this.#results().map((result) => (result.tag === ABSENT ? undefined : decode(result)))) : first;
  }

  /** @param {import('../values/failure.js').TaskInfo} task @param {number} status @param {number} slot */
  #error(task, status, slot) {
    const { bytes } = this.#heap.readValue(slot);
    if (bytes) return unpackFailure(new TextDecoder().decode(bytes), task);
    switch (this.#heap.statusName(status)) {
      case 'OUT_OF_MEMORY': return Object.assign(outOfMemory(`the result of '${task.key}'`, 0), { task });
      case 'TIMED_OUT': return new TimeoutError(`task '${task.key}' took longer than its timeoutMs, and did not give its thread back.`, { task });
      case 'WORKER_LOST':
        return new WorkerLostError(`the worker that ran '${task.key}' ended, ${ATTEMPTS_MAX} times: ${this.#crew.lossCause}`, { task, cause: this.#crew.lossCause });
      default: return new HdError(this.#heap.statusName(status), `task '${task.key}': ${this.#heap.statusText(status)}`, { task });
    }
  }
}
