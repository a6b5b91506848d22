/**
 * One page that looks: writes what it does not have into its response, one frame after the other, and no frame before the last
 * one has gone out. So a slow page costs no memory: when it is ready again it gets how things stand then.
 */
import { frameOf } from './frame.js';
import { freshCursor } from './stored-run.js';

/** At most so often a page gets news, in milliseconds. */
const PACE_MS = 40;

export class Viewer {
  #response;
  #runs;
  /** @type {Map<number, import('./stored-run.js').Cursor>} */ #cursors = new Map();
  /** Frames that are told whatever the runs do. @type {object[]} */ #notes;
  #blocked = false;
  #sentAt = -Infinity;
  /** @type {any} */ #timer;

  /** @param {import('node:http').ServerResponse} response whose head is written @param {ReadonlyMap<number, import('./stored-run.js').StoredRun>} runs @param {object} hello the first frame */
  constructor(response, runs, hello) {
    this.#response = response;
    this.#runs = runs;
    this.#notes = [hello];
    response.on('drain', () => {
      this.#blocked = false;
      this.#go();
    });
    response.on('close', () => this.#stop());
    this.#go();
  }

  /** Whether everything has been sent that there is, and has gone out. */
  get upToDate() {
    return !this.#blocked && !this.#notes.length && ![...this.#runs].some(([number, run]) => run.hasNews(this.#cursors.get(number) ?? freshCursor()));
  }

  get closed() {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  /** There is something new. @param {boolean} [now] whether it cannot wait */
  wake(now = false) {
    if (this.#blocked || this.closed) return;
    if (now) this.#go();
    else this.#timer ??= setTimeout(() => this.#go(), Math.max(0, this.#sentAt + PACE_MS - performance.now()));
  }

  /** @param {object} note the page's last one of this type is replaced, if it has not gone out */
  tell(note) {
    this.#notes = [...this.#notes.filter((other) => /** @type {any} */ (other).type !== /** @type {any} */ (note).type), note];
    this.wake();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#blocked = true;
  }

  #go() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#blocked && !this.closed) {
      const message = this.#next();
      if (!message) return;
      this.#sentAt = performance.now();
      this.#blocked = !this.#response.write(frameOf(message));
    }
  }

  /** @returns {object | undefined} */
  #next() {
    if (this.#notes.length) return this.#notes.shift();
    for (const number of this.#cursors.keys()) if (!this.#runs.has(number)) this.#cursors.delete(number);
    for (const [number, run] of this.#runs) {
      let cursor = this.#cursors.get(number);
      if (!cursor) this.#cursors.set(number, (cursor = freshCursor()));
      const message = run.next(cursor);
      if (message) return message;
    }
    return undefined;
  }
}
