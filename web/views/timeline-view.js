/** Which part of a run's time is seen: zoom, move, follow what is newest. No DOM. */

/** No more than this is to be seen: a nanosecond a pixel. */
const CLOSEST_MS = 1e-6;
const FIRST_MS = 100, GROWTH = 1.5;

/** How much time a picture of a run that goes on has room for: it grows in steps, and stands still between them. @param {number} nowMs */
export function roomFor(nowMs) {
  let room = FIRST_MS;
  while (room < nowMs) room *= GROWTH;
  return room;
}

/** What is seen at a moment: a part of time in so many pixels. */
export class Sight {
  /** @param {number} fromMs at pixel 0 @param {number} msPerPx @param {number} width in pixels */
  constructor(fromMs, msPerPx, width) {
    this.fromMs = fromMs;
    this.msPerPx = msPerPx;
    this.width = width;
  }

  get toMs() { return this.fromMs + this.width * this.msPerPx; }
  /** @param {number} ms */
  xOf(ms) { return (ms - this.fromMs) / this.msPerPx; }
  /** @param {number} x */
  msAt(x) { return this.fromMs + x * this.msPerPx; }
}

export class TimelineView extends Sight {
  /** The whole run is seen. */ isFitted = true;
  /** Its newest moment stays in sight. */ #follows = true;
  #rangeMs = 1;
  #nowMs = 0;

  constructor() {
    super(0, 1, 1);
  }

  /**
   * The run as it is now.
   * @param {number} nowMs how far it is @param {boolean} isLive @param {number} width in pixels
   */
  update(nowMs, isLive, width) {
    const before = [this.fromMs, this.msPerPx, this.width];
    this.width = Math.max(1, width);
    this.#rangeMs = isLive ? roomFor(nowMs) : Math.max(nowMs, 1e-3);
    if (this.isFitted) this.fit();
    else if (this.#follows && nowMs > this.#nowMs) this.fromMs += nowMs - this.#nowMs;
    this.#nowMs = nowMs;
    this.#clamp();
    return before[0] !== this.fromMs || before[1] !== this.msPerPx || before[2] !== this.width;
  }

  get rangeMs() { return this.#rangeMs; }
  /** What is seen now. */
  get sight() { return new Sight(this.fromMs, this.msPerPx, this.width); }

  fit() {
    this.isFitted = this.#follows = true;
    this.fromMs = 0;
    this.msPerPx = this.#rangeMs / this.width;
  }

  /** @param {number} factor above 1: closer @param {number} [x] stays where it is */
  zoom(factor, x = this.width / 2) {
    const ms = this.msAt(x), widest = this.#rangeMs / this.width;
    this.msPerPx = Math.max(CLOSEST_MS, this.msPerPx / factor);
    if (this.msPerPx >= widest * (1 - 1e-9)) return this.fit();
    this.isFitted = this.#follows = false;
    this.fromMs = ms - x * this.msPerPx;
    this.#clamp();
  }

  /** @param {number} pixels to the right */
  move(pixels) {
    if (this.isFitted) return;
    this.fromMs += pixels * this.msPerPx;
    this.#follows = false;
    this.#clamp();
  }

  toBeginning() { this.move(-Infinity); }
  /** And stays there. */
  toEnd() {
    if (this.isFitted) return;
    this.fromMs = this.#nowMs - this.width * this.msPerPx * 0.9;
    this.#clamp();
    this.#follows = true;
  }

  /** Moves so that a moment is in sight. @param {number} fromMs @param {number} [toMs] */
  reveal(fromMs, toMs = fromMs) {
    if (fromMs >= this.fromMs && toMs <= this.toMs) return;
    if (toMs < this.fromMs || fromMs > this.toMs || toMs - fromMs < this.toMs - this.fromMs) {
      this.fromMs = (fromMs + toMs) / 2 - (this.width * this.msPerPx) / 2;
      this.#follows = false;
      this.#clamp();
    }
  }

  #clamp() {
    const last = Math.max(0, this.#rangeMs - this.width * this.msPerPx);
    this.fromMs = Math.max(0, Math.min(last, this.fromMs));
    /* Pixels lie on a grid of time, so that what shares a pixel goes on doing so while the picture moves. */
    if (!this.isFitted) this.fromMs = Math.round(this.fromMs / this.msPerPx) * this.msPerPx;
  }
}
