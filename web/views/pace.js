/**
 * When pictures are drawn: at most once a frame, and so seldom that it takes at most 2 % of all processors in the long
 * run; some drawings in a row are fine. What is asked for while a drawing is due is drawn once.
 *
 * A drawing costs more than its code: the browser paints it, partly in other threads, of which a page knows nothing.
 * So of what passes until a frame has been painted each millisecond counts for several.
 */

/** Of the time of one processor, if there were only one. */
const SHARE = 0.02;
/** So much drawing may be ahead of its share, in milliseconds; and no more than this much is made up for. */
const AHEAD_MS = 30, OWED_MAX_MS = 80;
const PAINT_WEIGHT = 3;

const { port1, port2 } = new MessageChannel();
/** @type {(() => void)[]} */
const waiting = [];
port1.onmessage = () => waiting.shift()?.();
/** Once the frame whose callbacks run now has been painted. @param {() => void} then */
function afterFrame(then) {
  waiting.push(then);
  port2.postMessage(null);
}

export class Pace {
  #draw;
  #frame = 0;
  #timer = 0;
  #share;
  /** What drawing has taken that its share has yet to make up for, in milliseconds, at a moment. */
  #owed = 0;
  #at = 0;
  /** How long the last drawing took, and the longest, and all of them, in milliseconds; and how many there were. */
  tookMs = 0;
  longestMs = 0;
  spentMs = 0;
  draws = 0;

  /**
   * @param {() => void} draw
   * @param {number} [processors] that the machine has
   */
  constructor(draw, processors = navigator.hardwareConcurrency || 1) {
    this.#draw = draw;
    this.#share = SHARE * processors;
  }

  /** Draws when that is due. */
  ask() {
    if (this.#frame || this.#timer) return;
    this.#owe(0);
    const wait = (this.#owed - AHEAD_MS) / this.#share;
    if (wait > 16) this.#timer = window.setTimeout(() => this.#next(), wait - 8);
    else this.#next();
  }

  /** Draws in the next frame, however much time pictures have taken: somebody has just moved something. */
  hurry() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#frame) this.#next();
  }

  /** Draws nothing that was asked for and has not been drawn. */
  stop() {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.#timer = this.#frame = 0;
  }

  /** @param {number} ms */
  #owe(ms) {
    const now = performance.now();
    this.#owed = Math.min(OWED_MAX_MS, Math.max(0, this.#owed - (now - this.#at) * this.#share) + ms);
    this.#at = now;
  }

  #next() {
    this.#timer = 0;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const start = performance.now();
      this.#draw();
      const end = performance.now();
      this.tookMs = end - start;
      this.longestMs = Math.max(this.longestMs, this.tookMs);
      this.spentMs += this.tookMs;
      this.draws++;
      this.#owe(this.tookMs);
      afterFrame(() => this.#owe(PAINT_WEIGHT * (performance.now() - end)));
    });
  }
}
