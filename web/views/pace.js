/**
 * When pictures are drawn: at most once a frame, and so seldom that drawing takes at most 2 % of all processors. What is
 * asked for while a drawing is due is drawn once. A hidden page draws nothing.
 */

/** Of the time of one processor, if there were only one. */
const SHARE = 0.02;
/** What was drawn in a hurry is made up for by waiting, but not for longer. */
const DEBT_MS = 1000;

export class Pace {
  #draw;
  #frame = 0;
  #timer = 0;
  /** When the next drawing may begin. */ #due = 0;
  #share;
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
    const wait = this.#due - performance.now();
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
      this.#due = Math.min(Math.max(this.#due, end) + this.tookMs / this.#share, end + Math.max(DEBT_MS, this.tookMs / this.#share));
    });
  }
}
