/** A run as the dashboard keeps it: how it stands, and since when each task stands so. Pages ask for what they do not have yet. */
import { plain } from '../trace/annotations.js';
import { TraceModel } from '../trace/model.js';
import { changesFor } from '../watch.js';

/** So many tasks, or events, are told at once. */
export const CHUNK = 100_000;

/**
 * How much of a run a page has.
 * @typedef {{ version: number, scanned: number, scanVersion: number, events: number, lost: number, begun: boolean, ended: boolean }} Cursor
 */

/** @returns {Cursor} of a page that has nothing */
export const freshCursor = () => ({ version: 0, scanned: 0, scanVersion: 0, events: 0, lost: 0, begun: false, ended: false });

export class StoredRun {
  #begin;
  #model;
  #version = 1;
  /** @type {Uint32Array} */ #changedIn;

  /** @param {import('../watch.js').BeginMessage} begin */
  constructor(begin) {
    this.#begin = { ...begin, graph: { ...begin.graph, annotations: plain(begin.graph.annotations) } };
    this.#model = new TraceModel(this.#begin);
    this.#changedIn = new Uint32Array(begin.graph.count);
  }

  get tasks() { return this.#model.count; }
  get over() { return this.#model.outcome !== null; }

  /** @param {import('../watch.js').BatchMessage | import('../watch.js').EndMessage} message */
  receive(message) {
    if (!this.#model.receive(message)) return;
    this.#version++;
    if (message.type === 'batch') for (const task of message.tasks) this.#changedIn[task] = this.#version;
  }

  /** @param {Cursor} cursor */
  hasNews(cursor) {
    return !cursor.begun || cursor.version < this.#version || (this.over && !cursor.ended);
  }

  /**
   * The next message for a page, which is then taken to have it; undefined: it has all.
   * @param {Cursor} cursor
   * @returns {import('../watch.js').WatchMessage | undefined}
   */
  next(cursor) {
    if (!cursor.begun) {
      cursor.begun = true;
      return this.#begin;
    }
    if (cursor.version < this.#version) return this.#changes(cursor);
    if (!this.over || cursor.ended) return undefined;
    cursor.ended = true;
    const { run, atMs, outcome } = this.#model;
    return { type: 'end', run, atMs, outcome: /** @type {'done'} */ (outcome) };
  }

  /** What has changed, a part of it if that is much: tasks from where the last part ended. @param {Cursor} cursor */
  #changes(cursor) {
    if (cursor.scanned === 0) cursor.scanVersion = this.#version;
    /** @type {number[]} */
    const tasks = [];
    const { count, record, run, atMs, heldSinceMs } = this.#model;
    let task = cursor.scanned;
    for (; task < count && tasks.length < CHUNK; task++) if (this.#changedIn[task] > cursor.version) tasks.push(task);
    const { events, whole } = this.#events(cursor);
    cursor.scanned = task;
    if (task === count && whole) {
      cursor.version = cursor.scanVersion;
      cursor.scanned = 0;
    }
    const changes = changesFor(tasks.length);
    tasks.forEach((number, at) => {
      changes.tasks[at] = number;
      for (const column of /** @type {const} */ (['states', 'startMs', 'elapsedMs', 'worker', 'attempts', 'bytes'])) changes[column][at] = record[column][number];
    });
    return { type: /** @type {const} */ ('batch'), run, atMs, ...(heldSinceMs >= 0 ? { heldSinceMs } : {}), ...changes, events };
  }

  /** @param {Cursor} cursor */
  #events(cursor) {
    const all = this.#model.events, from = cursor.events, to = Math.min(all.kind.length, from + CHUNK), lost = all.lost - cursor.lost;
    cursor.events = to;
    cursor.lost = all.lost;
    const { kind, task, worker, startMs, elapsedMs } = all;
    return { whole: to === kind.length, events: { kind: kind.slice(from, to), task: task.slice(from, to), worker: worker.slice(from, to),
      startMs: startMs.slice(from, to), elapsedMs: elapsedMs.slice(from, to), lost } };
  }
}
