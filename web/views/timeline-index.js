/**
 * All bars of a run, by thread and lane, kept up to date in slices: `step` works until a moment and goes on where it was
 * when it is called again. What it has so far can be drawn at any time. No DOM.
 *
 * One thread has one lane, and more where tasks of it overlap: asynchronous ones. What a model says is not trusted:
 * more lanes than LANES_MAX are not made, and then bars of the last one may overlap.
 */
import { AGAIN, ASLEEP, CANCELLED, DECODE, DONE, ENCODE, ERRED, FAILED, HELD, LOST, RUNNING, SLEEP } from 'heddle/trace';
import { EVENT_BIT, FLAG_CANCELLED, FLAG_FAILED, FLAG_TRY, Lane } from './timeline-lane.js';
import { SLICE, orderOf } from './timeline-sort.js';

export const LANES_MAX = 32;
/** Nor more rows: what threads beyond do stands in the last. */
export const ROWS_MAX = 512;
/** Times are rounded: bars that overlap by less than this stand one after another. */
const TOUCH_MS = 0.01;
const UNSEEN = 0, OPEN = 1, OVER = 2;

/** @typedef {import('heddle/trace').TraceModel} TraceModel */

/** Bars that are to be put into lanes, in columns. */
class Queue {
  length = 0;
  starts = new Float64Array(1024);
  ends = new Float64Array(1024);
  items = new Uint32Array(1024);
  rows = new Uint16Array(1024);
  flags = new Uint8Array(1024);

  /** @param {number} row @param {number} start @param {number} end @param {number} item @param {number} flags */
  push(row, start, end, item, flags) {
    if (this.length === this.starts.length)
      for (const name of /** @type {const} */ (['starts', 'ends', 'items', 'rows', 'flags'])) {
        const column = this[name], grown = new /** @type {any} */ (column.constructor)(column.length * 2);
        grown.set(column);
        this[name] = /** @type {any} */ (grown);
      }
    const at = this.length++;
    this.starts[at] = start;
    this.ends[at] = end;
    this.items[at] = item;
    this.rows[at] = row;
    this.flags[at] = flags;
  }
}

export class TimelineIndex {
  #model;
  /** By row. @type {Lane[][]} */ rows = [];
  /** By row: when its thread was asleep. @type {Lane[]} */ asleep = [];
  /** By row: decoding, encoding and sleep inside tasks. @type {Lane[]} */ parts = [];
  /** When the gate was shut. */ held = new Lane(0);
  /** What has occurred, so that a legend shows only that. */
  seen = { failed: false, cancelled: false, tried: false, lost: false, running: false, decode: false, encode: false, sleep: false, asleep: false, held: false };
  /** How many bars there are. */ length = 0;
  /** Grows with each change. */ version = 0;
  #told; /* which tasks have a bar: UNSEEN, OPEN, OVER */
  #laneOf; /* and in which lane of their row */
  #events = 0;
  /** When the last attempt began that came to nothing, by task. @type {Map<number, number>} */ #tried = new Map();
  #newsVersion = 0;
  /** @type {Generator<void, void> | null} */ #work = null;
  /** Tasks whose bar has no end. @type {Set<number>} */ #open = new Set();

  /** @param {TraceModel} model */
  constructor(model) {
    this.#model = model;
    this.#told = new Uint8Array(model.count);
    this.#laneOf = new Uint8Array(model.count);
    this.#makeRows();
  }

  /** Whether something is known that has no bar yet. */
  get isBehind() { return this.#work !== null || this.#newsVersion !== this.#model.newsVersion; }

  /**
   * Takes in what is new, for so long. @param {number} forMs
   * @returns {boolean} whether anything has changed
   */
  step(forMs) {
    const until = performance.now() + forMs, before = this.version;
    while (this.isBehind) {
      if (!this.#work) {
        this.#newsVersion = this.#model.newsVersion;
        this.#work = this.#takeIn();
      }
      while (!this.#work.next().done) if (performance.now() >= until) return this.version !== before;
      this.#work = null;
      this.version++;
    }
    return this.version !== before;
  }

  /** The lane of a task in its row; -1: it has no bar. @param {number} task */
  laneOf(task) { return this.#told[task] === UNSEEN ? -1 : this.#laneOf[task]; }

  /** @param {number} item a task, or with EVENT_BIT an event @returns {number} */
  taskOf(item) { return item >= EVENT_BIT ? this.#model.events.task[item - EVENT_BIT] : item; }

  /** How many lanes there are in all. */
  get lanes() { return this.rows.reduce((sum, lanes) => sum + lanes.length, 0); }

  #makeRows() {
    const rows = Math.min(ROWS_MAX, this.#model.rows), room = Math.max(16, Math.ceil((this.#model.count / rows) * 1.1));
    for (let row = this.rows.length; row < rows; row++) {
      this.rows.push([new Lane(row, room)]);
      this.asleep.push(new Lane(row));
      this.parts.push(new Lane(row));
    }
  }

  /** @returns {Generator<void, void>} */
  *#takeIn() {
    this.#makeRows();
    const fresh = new Queue(), parts = new Queue(), asleep = new Queue(), held = new Queue();
    yield* this.#readEvents(fresh, parts, asleep, held);
    this.#settle();
    yield* this.#readTasks(fresh);
    this.seen.running = this.#open.size > 0;
    yield* this.#place(fresh, (row) => this.rows[row]);
    yield* this.#place(parts, (row) => [this.parts[row]]);
    yield* this.#place(asleep, (row) => [this.asleep[row]]);
    yield* this.#place(held, () => [this.held]);
  }

  /** @param {Queue} fresh @param {Queue} parts @param {Queue} asleep @param {Queue} held @returns {Generator<void, void>} */
  *#readEvents(fresh, parts, asleep, held) {
    const { seen } = this, { length } = this.#model.events.kind;
    for (; this.#events < length; this.#events++) {
      const at = this.#events, { kind: kinds, task: tasks, worker, startMs, elapsedMs } = this.#model.events;
      for (let end = Math.min(length, at + SLICE); this.#events < end; this.#events++) {
        const event = this.#events, kind = kinds[event], start = startMs[event], end = start + elapsedMs[event];
        const row = this.rows.length === 1 ? 0 : Math.min(worker[event], ROWS_MAX - 1);
        if (!(start >= 0) || !(end >= start)) continue;
        if (kind === HELD) {
          held.push(0, start, end, EVENT_BIT + event, 0);
          seen.held = true;
        } else if (row >= this.rows.length) continue;
        else if (kind === ASLEEP) {
          asleep.push(row, start, end, EVENT_BIT + event, 0);
          seen.asleep = true;
        } else if (tasks[event] < this.#model.count) {
          if (kind === FAILED || kind === LOST || kind === AGAIN) this.#readTry(fresh, event, row, start, end);
          else parts.push(row, start, end, EVENT_BIT + event, kind);
          if (kind === DECODE) seen.decode = true;
          else if (kind === ENCODE) seen.encode = true;
          else if (kind === SLEEP) seen.sleep = true;
        }
      }
      this.#events--;
      yield;
    }
  }

  /** An attempt at a task has come to nothing. @param {Queue} fresh @param {number} event @param {number} row @param {number} start @param {number} end */
  #readTry(fresh, event, row, start, end) {
    const { events, record } = this.#model, task = events.task[event], isLast = record.startMs[task] === start;
    if (isLast && record.states[task] >= DONE && record.states[task] !== CANCELLED) return; /* the task's own bar shows it */
    this.#tried.set(task, start);
    this.seen.tried = true;
    if (events.kind[event] === LOST) this.seen.lost = true;
    if (this.#told[task] === OPEN) {
      const lane = this.rows[row]?.[this.#laneOf[task]], at = lane?.openAt(task) ?? -1;
      if (at >= 0 && lane.starts[at] === start) {
        lane.settle(at, end, EVENT_BIT + event, FLAG_TRY);
        this.#told[task] = UNSEEN;
        this.#open.delete(task);
        return;
      }
    }
    fresh.push(row, start, end, EVENT_BIT + event, FLAG_TRY);
  }

  /** Bars that ran and have ended. */
  #settle() {
    const { states, startMs } = this.#model.record;
    for (const task of this.#open) {
      if (states[task] === RUNNING) continue;
      const lane = this.rows[this.#rowOf(task)]?.[this.#laneOf[task]], at = lane?.openAt(task) ?? -1;
      this.#open.delete(task);
      if (at >= 0 && lane.starts[at] === startMs[task] && states[task] >= DONE) {
        lane.settle(at, this.#endOf(task), task, this.#flagsOf(task));
        this.#told[task] = OVER;
      } else {
        if (at >= 0) lane.settle(at, lane.starts[at], task, 0); /* what became of it is not known */
        this.#told[task] = UNSEEN;
      }
    }
  }

  /** @param {Queue} fresh @returns {Generator<void, void>} */
  *#readTasks(fresh) {
    const { count } = this.#model;
    for (let from = 0; from < count; from += SLICE * 8) {
      const { states, startMs } = this.#model.record, to = Math.min(count, from + SLICE * 8);
      for (let task = from; task < to; task++) {
        if (this.#told[task] !== UNSEEN || states[task] < RUNNING) continue;
        const start = startMs[task];
        if (!(start >= 0) || start === Infinity || this.#tried.get(task) === start) continue;
        const isOpen = states[task] === RUNNING;
        fresh.push(this.#rowOf(task), start, isOpen ? Infinity : this.#endOf(task), task, isOpen ? 0 : this.#flagsOf(task));
        this.#told[task] = isOpen ? OPEN : OVER;
        if (isOpen) this.#open.add(task);
      }
      yield;
    }
  }

  /** @param {number} task */
  #rowOf(task) { return Math.min(this.#model.rowOf(task), this.rows.length - 1); }

  /** @param {number} task that has ended */
  #endOf(task) {
    const { states, startMs, elapsedMs } = this.#model.record;
    const end = states[task] === CANCELLED && !(elapsedMs[task] > 0) ? this.#model.atMs : startMs[task] + elapsedMs[task];
    return end >= startMs[task] && end < Infinity ? end : startMs[task];
  }

  /** @param {number} task */
  #flagsOf(task) {
    const state = this.#model.record.states[task];
    if (state === ERRED) this.seen.failed = true;
    else if (state === CANCELLED) this.seen.cancelled = true;
    return state === ERRED ? FLAG_FAILED : state === CANCELLED ? FLAG_CANCELLED : 0;
  }

  /**
   * Puts bars into lanes, by when they began. Those that came too late make room first: what began after them is taken off.
   * @param {Queue} queue @param {(row: number) => Lane[]} lanesOf @returns {Generator<void, void>}
   */
  *#place(queue, lanesOf) {
    if (!queue.length) return;
    const firsts = new Float64Array(this.rows.length).fill(Infinity), isBars = lanesOf(0) === this.rows[0];
    for (let at = 0; at < queue.length; at++) firsts[queue.rows[at]] = Math.min(firsts[queue.rows[at]], queue.starts[at]);
    firsts.forEach((first, row) => {
      for (const lane of first < Infinity ? lanesOf(row) : [])
        if (lane.lastStart > first) {
          if (isBars) this.length -= lane.length;
          lane.cut(first, (start, end, item, flags) => queue.push(row, start, end, item, flags));
          if (isBars) this.length += lane.length;
        }
    });
    const order = yield* orderOf(queue.starts.subarray(0, queue.length));
    for (let at = 0; at < order.length; at++) {
      const bar = order[at], row = queue.rows[bar], lanes = lanesOf(row), start = queue.starts[bar], item = queue.items[bar];
      const number = isBars ? laneFor(lanes, row, start) : 0;
      lanes[number].push(start, queue.ends[bar], item, queue.flags[bar]);
      if (isBars) {
        this.length++;
        if (item < EVENT_BIT) this.#laneOf[item] = number;
      }
      if (at % SLICE === SLICE - 1) {
        this.version++;
        yield;
      }
    }
  }
}

/** The first lane that is free at a moment: its number. @param {Lane[]} lanes @param {number} row @param {number} start */
function laneFor(lanes, row, start) {
  for (let number = 0; number < lanes.length; number++) if (lanes[number].reachMs <= start + TOUCH_MS) return number;
  if (lanes.length < LANES_MAX) lanes.push(new Lane(row));
  return lanes.length - 1;
}
