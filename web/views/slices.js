/**
 * Long computations of pictures, some milliseconds of them in a frame. A computation is a generator that yields now and
 * then and returns what it has found; one that is short is done at once.
 */

/** So much of a frame. */
const SLICE_MS = 6;

export class Slices {
  /** @type {Generator<void, any, void> | null} */ #steps = null;
  /** @type {(found: any) => void} */ #found = () => {};
  #frame = 0;

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
    this.#go();
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#steps = null;
  }

  #go() {
    const steps = this.#steps, until = performance.now() + SLICE_MS;
    while (steps && performance.now() < until) {
      const { done, value } = steps.next();
      if (!done) continue;
      this.#steps = null;
      return this.#found(value);
    }
    this.#frame = requestAnimationFrame(() => this.#go());
  }
}
