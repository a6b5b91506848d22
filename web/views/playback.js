/** Playing a run again: which moment is to be shown when. No DOM. */

/** How fast, by what a menu says. `0`: however long the run took, it is played in 10 seconds. */
export const speeds = Object.freeze([
  [0, 'in 10 seconds'], [0.1, '0.1×'], [0.25, '0.25×'], [0.5, '0.5×'], [1, '1×'], [2, '2×'], [5, '5×'], [10, '10×'],
]);
const WHOLE_MS = 10_000;

export class Playback {
  playing = false;
  /** One of `speeds`. */ speed = 1;
  #atMs = 0;
  #clock = 0;

  /** @param {number} atMs from which moment on @param {number} clock */
  start(atMs, clock) {
    this.playing = true;
    this.#atMs = atMs;
    this.#clock = clock;
  }

  stop() {
    this.playing = false;
  }

  /**
   * The moment to show now.
   * @param {number} clock
   * @param {number} spanMs how long the run took, or has run
   */
  moment(clock, spanMs) {
    const rate = this.speed === 0 ? spanMs / WHOLE_MS : this.speed;
    this.#atMs = Math.min(spanMs, this.#atMs + Math.max(0, clock - this.#clock) * rate);
    this.#clock = clock;
    return this.#atMs;
  }
}
