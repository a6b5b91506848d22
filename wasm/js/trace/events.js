/** Rare events beside the tasks' records, in columns. */

/** A trace keeps so many; it counts those beyond. */
export const EVENTS_MAX = 1_000_000;

/**
 * @typedef {object} EventColumns
 * @property {Uint8Array} kind places in `eventKinds`
 * @property {Uint32Array} task or NO_TASK
 * @property {Uint16Array} worker or NO_WORKER
 * @property {Float64Array} startMs since the run began
 * @property {Float32Array} elapsedMs
 * @property {number} lost events that happened, and of which nothing is known but their number
 */

/** @type {{ kind: Uint8ArrayConstructor, task: Uint32ArrayConstructor, worker: Uint16ArrayConstructor, startMs: Float64ArrayConstructor, elapsedMs: Float32ArrayConstructor }} */
const columns = { kind: Uint8Array, task: Uint32Array, worker: Uint16Array, startMs: Float64Array, elapsedMs: Float32Array };
const names = /** @type {(keyof typeof columns)[]} */ (Object.keys(columns));

/** A growing list of them. */
export class Events {
  #room = 64;
  /** @type {any} */ #columns = Object.fromEntries(names.map((name) => [name, new columns[name](64)]));
  length = 0;
  lost = 0;

  /** @param {number} kind @param {number} task @param {number} worker @param {number} startMs @param {number} elapsedMs */
  push(kind, task, worker, startMs, elapsedMs) {
    if (this.length === EVENTS_MAX) {
      this.lost++;
      return;
    }
    if (this.length === this.#room) this.#grow(this.#room * 2);
    const at = this.length++, { kind: kinds, task: tasks, worker: workers, startMs: starts, elapsedMs: elapsed } = this.#columns;
    kinds[at] = kind;
    tasks[at] = task;
    workers[at] = worker;
    starts[at] = startMs;
    elapsed[at] = elapsedMs;
  }

  /** @param {number} room */
  #grow(room) {
    for (const name of names) {
      const grown = new columns[name](room);
      grown.set(this.#columns[name]);
      this.#columns[name] = grown;
    }
    this.#room = room;
  }

  /** Adds what a batch tells. @param {EventColumns} events */
  append(events) {
    for (let at = 0; at < events.kind.length; at++)
      this.push(events.kind[at], events.task[at], events.worker[at], events.startMs[at], events.elapsedMs[at]);
    this.lost += events.lost;
  }

  /** The columns so far: borrowed, until the next push. @returns {EventColumns} */
  get columns() {
    const view = Object.fromEntries(names.map((name) => [name, this.#columns[name].subarray(0, this.length)]));
    return /** @type {any} */ ({ ...view, lost: this.lost });
  }

  /** The columns so far, and none any more. @returns {EventColumns} */
  take() {
    const { kind, task, worker, startMs, elapsedMs } = this.#columns, { length, lost } = this;
    this.length = this.lost = 0;
    return { kind: kind.slice(0, length), task: task.slice(0, length), worker: worker.slice(0, length), startMs: startMs.slice(0, length), elapsedMs: elapsedMs.slice(0, length), lost };
  }
}
