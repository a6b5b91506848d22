/**
 * Long computations of pictures, some milliseconds of them in a frame, whatever their number. A computation is a generator
 * that yields now and then and returns what it has found; one that is short is done at once.
 */

/** So much of a frame, for all of them together. */
const SLICE_MS = 4;

/** Those that are under way. @type {Set<Slices>} */
const all = new Set();
let frame = 0;
/** Frames in a row that others have filled. */
let passed = 0;
const PASSED_MAX = 3;

/** @param {number} beganAt when the frame began */
function next(beganAt) {
  frame = 0;
  if (performance.now() - beganAt > SLICE_MS && passed++ < PASSED_MAX) return void (frame = requestAnimationFrame(next));
  passed = 0;
  const share = SLICE_MS / all.size;
  try {
    for (const slices of [...all]) slices.go(share);
  } finally {
    if (all.size) frame = requestAnimationFrame(next);
  }
}

export class Slices {
  /** @type {Generator<void, any, void> | null} */ #steps = null;
  /** @type {(found: any) => void} */ #found = () => {};

  /** Whether one is under way. */
  get busy() {
    return this.#steps !== null;
  }

  /**
   * Begins one; another that was under way is dropped.
   * @template T
   * @param {Generator<void, T, void>} steps
   * @param {(found: T) => void} found is told the result
   */
  begin(steps, found) {
    this.stop();
    this.#steps = steps;
    this.#found = found;
    all.add(this);
    this.go(SLICE_MS);
    if (all.size) frame ||= requestAnimationFrame(next);
  }

  stop() {
    all.delete(this);
    this.#steps = null;
  }

  /** Goes on for so long. @param {number} forMs */
  go(forMs) {
    const steps = this.#steps, until = performance.now() + forMs;
    while (steps && steps === this.#steps && performance.now() < until) {
      const { done, value } = steps.next();
      if (!done) continue;
      this.stop();
      this.#found(value);
    }
  }
}
