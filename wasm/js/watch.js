/**
 * `watch`: what computations do, as messages: which graph, then at most once a frame what has changed, then how it
 * ended. Watching shows and records; it changes nothing. `heddle/trace` makes a model of the messages.
 */
import { clockMs } from './clock.js';
import { LITERAL } from './record.js';
import { OptionError } from './errors.js';
import { Events } from './trace/events.js';
import { CANCELLED, DONE, ERRED, FAILED, HELD, NAME_MAX, NOT_RUN, NO_TASK, NO_WORKER, RELEASED, RUNNING, taskStates } from './trace/states.js';

export { taskStates };

/** Keys are sent with graphs of up to so many tasks. */
const KEYS_MAX = 100_000;
/** At most one batch a frame, and less than 2 % of the time in making them. */
const FRAME_MS = 16, SHARE = 0.02;

/**
 * A serial computation, which waits while it tells, takes less, but so many milliseconds it may take at once: short ones are told
 * whole. Collecting garbage takes much now and then: so that nobody waits long for the next news, one telling counts for no
 * more than so much, and so much for each task.
 */
const WALK_SHARE = 0.002, WALK_MS = 1, TOLD_MS = 0.1, TASK_MS = 0.0002;

/**
 * @typedef {object} WatchedGraph
 * @property {number} count tasks; they are known by their numbers from 0
 * @property {string[]} names of functions
 * @property {Uint32Array} nameOf each task's place in `names`
 * @property {string[]} keys of the tasks; empty if there are more than 100,000
 * @property {Uint32Array} offsets task i needs inputs[offsets[i]] … inputs[offsets[i + 1] - 1]
 * @property {Uint32Array} inputs tasks; one that is used twice stands there twice
 * @property {Uint32Array} outputs tasks whose results are wanted
 * @property {Uint32Array} [groups] for each task the first task of the fused chain that it runs in, in one go, by one
 *   worker: itself if it runs alone. 4294967295: it does not run, as no output needs it. A task that was
 *   inlined runs with each of its readers; one of these is given. Always there, but in old files
 * @property {(Readonly<Record<string, unknown>> | undefined)[]} [annotations] what is said about each task, if
 *   anything is about any (and, like keys, in graphs of up to 100,000 tasks)
 *
 * @typedef {object} BeginMessage
 * @property {'begin'} type
 * @property {number} run its number in this thread, from 1
 * @property {'sync' | 'threads'} scheduler
 * @property {number} workers
 * @property {number} [startedAt] when it began: milliseconds since 1970
 * @property {{ results: number, bytes: number }} [budget] 0: no limit
 * @property {WatchedGraph} graph
 *
 * @typedef {object} Changes tasks that are not as they were told last, each with what is known of it now: columns of one length
 * @property {Uint32Array} tasks inputs stand before those that take their results
 * @property {Uint8Array} states places in {@link taskStates}
 * @property {Float64Array} startMs when the last attempt at each began, since the run began; NaN: none has
 * @property {Float32Array} elapsedMs how long it took, if it has ended
 * @property {Uint16Array} worker who ran it, from 0
 * @property {Uint8Array} attempts how often it was begun; 255: or more often
 * @property {Float64Array} bytes of its result, if that is bytes; 0: it is not, or that is not known
 *
 * @typedef {{ type: 'batch', run: number, atMs: number, heldSinceMs?: number, events: import('./trace/events.js').EventColumns } & Changes} BatchMessage
 *   what has changed; `atMs` since the run began, `heldSinceMs` when the gate was shut, if it is
 *
 * @typedef {{ type: 'end', run: number, atMs: number, outcome: 'done' | 'failed' | 'cancelled' }} EndMessage after a last batch
 * @typedef {BeginMessage | BatchMessage | EndMessage} WatchMessage
 */

/** @type {Set<(message: WatchMessage) => void>} */
const watchers = new Set();
let runs = 0;

/**
 * Tells what computations of this thread do, from now on.
 * @param {(message: WatchMessage) => void} watcher gets messages of its own, to keep or to transfer. One
 *   that throws is told no more; `computeSync` on threads in Node.js runs in another thread, untold
 * @returns {() => void} ends it
 * @throws {OptionError} if `watcher` is not a function
 * @example
 * const unwatch = watch((message) => {
 *   if (message.type === 'batch') console.log(message.tasks.length, 'tasks have changed');
 * });
 */
export function watch(watcher) {
  if (typeof watcher !== 'function') throw new OptionError('watch takes a function, which is told.', { option: 'watcher' });
  const own = (/** @type {WatchMessage} */ message) => watcher(message);
  watchers.add(own);
  return () => void watchers.delete(own);
}

/** Names and keys are text of anybody's: the beginning of a long one, and a number that tells it from others.
 * @param {string} text @param {number} at its place */
const shortened = (text, at) => (text.length <= NAME_MAX ? text : `${text.slice(0, NAME_MAX - 20)}… (${at})`);

/** @param {import('./core/graph.js').Batch} batch @param {Uint32Array} groups @returns {WatchedGraph} */
function describeGraph(batch, groups) {
  const { functionOf, outputs } = batch, args = batch.args.view, ends = batch.argOffsets.view; /* each view is made anew */
  const count = functionOf.length;
  /** @type {Map<string, number>} */
  const names = new Map();
  /** @type {number[]} By function, as many tasks share one. */
  const known = [];
  const words = functionOf.view, nameOf = new Uint32Array(count);
  for (let task = 0; task < count; task++) {
    const number = words[task] >>> 1;
    let place = known[number];
    if (place === undefined) {
      const { name } = batch.describe(task);
      if (!names.has(name)) names.set(name, names.size);
      known[number] = place = /** @type {number} */ (names.get(name));
    }
    nameOf[task] = place;
  }
  const offsets = new Uint32Array(count + 1), inputs = new Uint32Array(args.length);
  let length = 0;
  for (let task = 0; task < count; task++) {
    for (let place = ends[task]; place < ends[task + 1]; place++) if (args[place] < LITERAL) inputs[length++] = args[place];
    offsets[task + 1] = length;
  }
  const keys = count <= KEYS_MAX ? batch.keys() : [];
  for (let task = 0; task < keys.length; task++) if (keys[task].length > NAME_MAX) keys[task] = shortened(keys[task], task);
  const annotations = count <= KEYS_MAX ? batch.annotations() : undefined;
  return { count, names: [...names.keys()].map(shortened), nameOf, keys, offsets, inputs: inputs.slice(0, length), outputs: Uint32Array.from(outputs),
    groups: groups.slice(), ...(annotations ? { annotations } : {}) };
}

const columns = /** @type {const} */ (['tasks', 'states', 'startMs', 'elapsedMs', 'worker', 'attempts', 'bytes']);

/** Columns for so many changes. @param {number} count @returns {Changes} */
export const changesFor = (count) => ({
  tasks: new Uint32Array(count), states: new Uint8Array(count), startMs: new Float64Array(count), elapsedMs: new Float32Array(count),
  worker: new Uint16Array(count), attempts: new Uint8Array(count), bytes: new Float64Array(count),
});

/** What another watcher gets. @param {WatchMessage} message @returns {WatchMessage} */
function copyOf(message) {
  if (message.type !== 'batch') return structuredClone(message);
  const changes = Object.fromEntries(columns.map((column) => [column, message[column].slice()]));
  return { ...message, .../** @type {any} */ (changes), events: structuredClone(message.events) };
}

/** A computation that is watched. */
export class Watched {
  #run = ++runs;
  #began;
  /** The same, by the clock of this thread, which costs less. */ #since;
  #due = 0;
  /** @type {Uint8Array} The states that were told last. */ #told;
  /** @type {Uint32Array} */ #groups;
  #heldSince = NaN;
  #isFirst = true;
  #ended = false;
  /** Who was told of its beginning: nobody else could make sense of the rest. */
  #audience = [...watchers];
  events = new Events();

  /** @param {import('./core/graph.js').Batch} batch @param {'sync' | 'threads'} scheduler @param {number} workers
   * @param {Uint32Array} groups of the sealed graph: groupsOf @param {import('./options.js').Plan} plan
   * @param {number} [beganMs] by the clock that all threads share */
  constructor(batch, scheduler, workers, groups, plan, beganMs = clockMs()) {
    this.#began = beganMs;
    this.#since = beganMs - performance.timeOrigin;
    this.#told = new Uint8Array(batch.functionOf.length);
    this.#groups = groups;
    this.#tell(() => ({ type: 'begin', run: this.#run, scheduler, workers, startedAt: this.#began,
      budget: { results: plan.budgetResults, bytes: plan.budgetBytes }, graph: describeGraph(batch, groups) }));
  }

  /** By the clock that all threads share. */
  get beganMs() {
    return this.#began;
  }

  /** Since the run began. */
  get nowMs() {
    return performance.now() - this.#since;
  }

  /** How long the next batch can wait; 0: it is due. */
  get dueInMs() {
    return Math.max(0, this.#due - performance.now());
  }

  /** @param {() => WatchMessage} make */
  #tell(make) {
    const start = performance.now(), told = this.#audience.filter((watcher) => watchers.has(watcher));
    let message = /** @type {WatchMessage | undefined} */ (undefined), left = told.length;
    for (const watcher of told) {
      try {
        message ??= make();
        watcher(--left ? copyOf(message) : message);
      } catch (error) { /* the computation is not to suffer */
        watchers.delete(watcher);
        console.error('heddle: a watcher threw, and is told no more:', error);
      }
    }
    const now = performance.now();
    this.#due = Math.max(start + FRAME_MS, now + (now - start) / SHARE);
  }

  /** @param {Changes} changes */
  batch(changes) {
    if (this.#ended) return;
    const { tasks, states } = changes;
    for (let at = 0; at < tasks.length; at++) this.#told[tasks[at]] = states[at];
    this.#tell(() => ({ type: 'batch', run: this.#run, atMs: this.nowMs, ...changes, events: this.events.take(), ...(this.#heldSince >= 0 ? { heldSinceMs: this.#heldSince } : {}) }));
  }

  /** The gate was shut, or opened. @param {boolean} shut */
  hold(shut) {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (shut === this.#heldSince >= 0) return;
    if (!shut) this.events.push(HELD, NO_TASK, NO_WORKER, this.#heldSince, this.nowMs - this.#heldSince);
    this.#heldSince = !shut ? NaN : isFirst ? 0 : this.nowMs; /* it was shut before the run began */
  }

  /** @param {'done' | 'failed' | 'cancelled'} outcome after all changes have been told */
  end(outcome) {
    if (this.#ended) return;
    this.hold(false);
    const open = outcome === 'done' ? [] : Array.from(this.#told.keys()).filter((task) => this.#told[task] < DONE && this.#groups[task] !== NOT_RUN);
    if (open.length || this.events.length) this.batch(this.cancelled(open));
    this.#ended = true;
    this.#tell(() => ({ type: 'end', run: this.#run, atMs: this.nowMs, outcome }));
  }

  /** @param {number[]} tasks @returns {Changes} */
  cancelled(tasks) {
    const changes = changesFor(tasks.length);
    changes.tasks.set(tasks);
    changes.states.fill(CANCELLED);
    changes.startMs.fill(NaN);
    return changes;
  }
}

/** Bytes of a result in this thread, as far as that is easily known: of binary data. @param {unknown} value */
const bytesOf = (value) => (ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? value.byteLength : 0);

/** A computation that runs one task after the other, and says itself what it does. */
export class WatchedWalk extends Watched {
  #states; #startMs; #elapsedMs; #attempts; #bytes;
  /** Tasks that have changed since the last batch, so many of them. @type {Uint32Array} */ #dirty;
  #dirtyCount = 0;
  /** What telling has taken so far, in milliseconds, but for the beginning. */
  #spentMs = 0;
  #isDirty;

  /** @param {import('./core/graph.js').Batch} batch @param {Uint32Array} groups @param {import('./options.js').Plan} plan */
  constructor(batch, groups, plan) {
    super(batch, 'sync', 1, groups, plan);
    const { length } = batch.functionOf;
    this.#states = new Uint8Array(length);
    this.#startMs = new Float64Array(length).fill(NaN);
    this.#elapsedMs = new Float32Array(length);
    this.#attempts = new Uint8Array(length);
    this.#bytes = new Float64Array(length);
    this.#isDirty = new Uint8Array(length);
    this.#dirty = new Uint32Array(length);
  }

  /** @param {number} task @param {number} state */
  #change(task, state) {
    this.#states[task] = state;
    if (this.#isDirty[task]) return;
    this.#isDirty[task] = 1;
    this.#dirty[this.#dirtyCount++] = task;
  }

  /** Tells what has changed. */
  tellChanges() {
    const start = performance.now(), count = this.#dirtyCount, changes = changesFor(count);
    for (let at = 0; at < count; at++) {
      const task = this.#dirty[at];
      this.#isDirty[task] = 0;
      changes.tasks[at] = task;
      changes.states[at] = this.#states[task];
      changes.startMs[at] = this.#startMs[task];
      changes.elapsedMs[at] = this.#elapsedMs[task];
      changes.attempts[at] = this.#attempts[task];
      changes.bytes[at] = this.#bytes[task];
    }
    this.#dirtyCount = 0;
    this.batch(changes);
    this.#spentMs += Math.min(TOLD_MS + TASK_MS * count, performance.now() - start);
  }

  /** A task begins, which may block this thread for long: nobody could look meanwhile, so this tells at
   * once, as long as that is cheap. @param {number} task */
  start(task) {
    this.#startMs[task] = this.nowMs;
    if (this.#attempts[task] < 255) this.#attempts[task]++;
    this.#change(task, RUNNING);
    if (this.#spentMs < WALK_MS + WALK_SHARE * this.#startMs[task]) this.tellChanges();
  }

  /** An attempt at a task has failed, and another begins. @param {number} task */
  again(task) {
    this.events.push(FAILED, task, 0, this.#startMs[task], this.nowMs - this.#startMs[task]);
    this.start(task);
  }

  /** @param {number} task @param {boolean} well @param {unknown} [value] */
  finish(task, well, value) {
    this.#elapsedMs[task] = this.nowMs - this.#startMs[task];
    this.#bytes[task] = bytesOf(value);
    this.#change(task, well ? DONE : ERRED);
  }

  /** A task will not run, as one that it needs has failed. @param {number} task */
  skip(task) {
    this.#change(task, CANCELLED);
  }

  /** @param {Uint32Array} tasks */
  release(tasks) {
    for (const task of tasks) if (this.#states[task] === DONE) this.#change(task, RELEASED); /* of what failed nothing is left */
  }

  /** @param {'done' | 'failed' | 'cancelled'} outcome @override */
  end(outcome) {
    this.tellChanges();
    super.end(outcome);
  }

  /** Keeps what is known of a task that runs still. @param {number[]} tasks @returns {Changes} @override */
  cancelled(tasks) {
    const changes = super.cancelled(tasks);
    tasks.forEach((task, at) => {
      changes.startMs[at] = this.#startMs[task];
      changes.attempts[at] = this.#attempts[task];
      if (this.#states[task] === RUNNING) changes.elapsedMs[at] = this.nowMs - this.#startMs[task];
    });
    return changes;
  }
}

/** Whether anybody watches. */
export const isWatched = () => watchers.size > 0;
