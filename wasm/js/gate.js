/**
 * The gate: whether a task that is ready may begin now. Shut it, let tasks through one by one or at a rate, or give out
 * tokens, of which a task holds one while it runs: one token is an interpreter lock. For lessons and for looking closely.
 *
 * Its settings are words that threads share, so a gate also works from a thread that is not the computation's, and
 * for one that blocks. Each computation follows them with a `GateFollower`.
 */
import { OptionError } from './errors.js';

/** What a gate does: HDW_OPEN … HDW_TOKENS of shim/pool.c. */
export const OPEN = 0, SHUT = 1, RATE = 3, TOKENS = 4;
const STEP = 2;
/** Words: how often it was changed, what it does, tasks that were let through in all, tokens; and a double: the rate. */
const VERSION = 0, HOW = 1, STEPS = 2, COUNT = 3, RATE_AT = 2, BYTES = 24;
const COUNT_MAX = 2 ** 31 - 1, RATE_MIN = 1e-3, RATE_MAX = 1e6;
/** Whose words are shared is looked at so often. */
const LOOK_MS = 16;

export class Gate {
  #words;
  #doubles;
  /** @type {Set<() => void>} */ #listeners = new Set();

  /**
   * @param {{ paused?: boolean, shared?: ArrayBufferLike }} [options] `paused`: it begins shut; `shared`: another gate's, in another
   *   thread, of which this is the same
   * @throws {OptionError}
   * @example
   * const gate = new Gate({ paused: true });
   * const result = z.compute({ gate });
   * gate.step();      // one task
   * gate.setRate(2);  // two tasks a second
   * gate.resume();    // all that are left
   */
  constructor({ paused = false, shared } = {}) {
    const buffer = shared ?? (typeof SharedArrayBuffer === 'function' ? new SharedArrayBuffer(BYTES) : new ArrayBuffer(BYTES));
    if (buffer.byteLength !== BYTES) throw new OptionError("shared is another gate's.", { option: 'shared' });
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    if (paused) this.pause();
  }

  /** For a gate in another thread that is to be the same as this one. @returns {ArrayBufferLike} */
  get shared() {
    return this.#words.buffer;
  }

  /** Lets nothing through. */
  pause() {
    this.#set(SHUT);
  }

  /** Lets everything through. */
  resume() {
    this.#set(OPEN);
  }

  /** Shuts it, if it is not, but lets so many tasks of each computation through. @param {number} [count] from 1 @throws {OptionError} */
  step(count = 1) {
    this.#check(count, 'step lets a whole number of tasks through, from 1', 1);
    Atomics.add(this.#words, STEPS, count);
    this.#set(SHUT);
  }

  /** Lets tasks through one by one. @param {number} perSecond tasks, 0.001 to 1,000,000 @throws {OptionError} */
  setRate(perSecond) {
    if (!(perSecond >= RATE_MIN && perSecond <= RATE_MAX))
      throw new OptionError(`a rate is a number of tasks a second, from ${RATE_MIN} to ${RATE_MAX}, but got ${String(perSecond)}.`, { option: 'perSecond' });
    this.#doubles[RATE_AT] = perSecond;
    this.#set(RATE);
  }

  /** Lets so many tasks run at a time. @param {number} count from 0 @throws {OptionError} */
  setTokens(count) {
    this.#check(count, 'a gate has a whole number of tokens, from 0', 0);
    Atomics.store(this.#words, COUNT, count);
    this.#set(TOKENS);
  }

  /** What it does now: `rate` in tasks a second, `tokens` at a time; both only if that is what it does.
   * @returns {{ how: 'open' | 'shut' | 'rate' | 'tokens', rate?: number, tokens?: number }} */
  get state() {
    switch (Atomics.load(this.#words, HOW)) {
      case SHUT: return { how: 'shut' };
      case RATE: return { how: 'rate', rate: this.#doubles[RATE_AT] };
      case TOKENS: return { how: 'tokens', tokens: Atomics.load(this.#words, COUNT) };
      default: return { how: 'open' };
    }
  }

  /** @param {unknown} count @param {string} says @param {number} min */
  #check(count, says, min) {
    if (!(Number.isInteger(count) && /** @type {number} */ (count) >= min && /** @type {number} */ (count) <= COUNT_MAX))
      throw new OptionError(`${says}, but got ${String(count)}.`, { option: 'count' });
  }

  /** @param {number} how */
  #set(how) {
    Atomics.store(this.#words, HOW, how);
    Atomics.add(this.#words, VERSION, 1);
    Atomics.notify(this.#words, VERSION);
    for (const listener of [...this.#listeners]) listener();
  }

  /** One computation's view of it. @param {() => void} [onChange] told of changes that are made in this thread */
  follow(onChange) {
    return new GateFollower(this.#words, this.#doubles, this.#listeners, onChange);
  }
}

/** What a gate has changed to since a computation looked last. */
export class GateFollower {
  #words; #doubles; #listeners; #onChange;
  #version = -1;
  #steps;
  /** Serially: tasks that may still pass, and when the next may by the rate. */
  #permits = 0;
  #nextMs = 0;

  /** @param {Int32Array} words @param {Float64Array} doubles @param {Set<() => void>} listeners @param {() => void} [onChange] */
  constructor(words, doubles, listeners, onChange) {
    this.#words = words;
    this.#doubles = doubles;
    this.#listeners = listeners;
    this.#onChange = onChange;
    this.#steps = Atomics.load(words, STEPS);
    if (onChange) listeners.add(onChange);
  }

  /** The computation has ended. */
  end() {
    if (this.#onChange) this.#listeners.delete(this.#onChange);
  }

  /** How soon it must be looked at again, as another thread may change it. */
  get dueInMs() {
    return this.#words.buffer instanceof ArrayBuffer ? Infinity : LOOK_MS;
  }

  /** Whether it holds anything back. */
  get shut() {
    return Atomics.load(this.#words, HOW) !== OPEN;
  }

  /** What is to be told to the core: pairs of what and how many. @returns {[how: number, count: number][]} */
  changes() {
    const version = Atomics.load(this.#words, VERSION);
    if (version === this.#version) return [];
    const how = Atomics.load(this.#words, HOW), steps = Atomics.load(this.#words, STEPS), through = (steps - this.#steps) | 0;
    const first = this.#version < 0;
    this.#version = version;
    this.#steps = steps;
    if (how === RATE) return [[RATE, this.#doubles[RATE_AT]]];
    if (how === TOKENS) return [[TOKENS, Atomics.load(this.#words, COUNT)]];
    if (how === OPEN) return first ? [] : [[OPEN, 0]];
    return through > 0 ? [[STEP, through]] : [[SHUT, 0]];
  }

  /** For tasks that run one by one: how long the next must wait, in milliseconds; 0: it begins now. Infinity: who knows? */
  pass() {
    const what = Atomics.load(this.#words, HOW);
    if (what === OPEN) {
      this.#permits = 0;
      return 0;
    }
    for (const [how, count] of this.changes()) {
      if (how === STEP) this.#permits += count;
      else this.#permits = 0;
    }
    const now = performance.now();
    switch (what) {
      case SHUT:
        if (this.#permits > 0) return this.#permits--, 0;
        return Infinity;
      case RATE: {
        if (now < this.#nextMs) return this.#nextMs - now;
        this.#nextMs = now + 1000 / this.#doubles[RATE_AT];
        return 0;
      }
      case TOKENS: return Atomics.load(this.#words, COUNT) > 0 ? 0 : Infinity;
      default: return 0;
    }
  }

  /** Waits for a change, at most so long. @param {number} ms */
  async wait(ms) {
    const { promise, resolve } = withResolvers();
    const timer = setTimeout(resolve, Math.min(ms, this.dueInMs, 2 ** 31 - 1));
    this.#listeners.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#listeners.delete(resolve);
  }

  /** The same, blocking this thread. False: it must not, or nobody else could ever change it. @param {number} ms @returns {boolean} */
  waitNow(ms) {
    if (this.#words.buffer instanceof ArrayBuffer || 'document' in globalThis) return false;
    Atomics.wait(this.#words, VERSION, this.#version, Math.min(ms, 1000));
    return true;
  }
}

/** @returns {{ promise: Promise<void>, resolve: () => void }} */
function withResolvers() {
  let resolve = () => {};
  const promise = /** @type {Promise<void>} */ (new Promise((done) => (resolve = done)));
  return { promise, resolve };
}
