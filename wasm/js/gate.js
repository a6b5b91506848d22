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
/**
 * Words: how often it was changed; what it does; tasks that were let through by steps in all; tokens; a double: the rate; how
 * often it was set to something (all but steps), and how many steps there had been then: they count no more.
 */
const VERSION = 0, HOW = 1, STEPS = 2, COUNT = 3, RATE_AT = 2, SETS = 6, MARK = 7, BYTES = 32;
const COUNT_MAX = 2 ** 31 - 1, RATE_MIN = 1e-3, RATE_MAX = 1e6;
/** Whose words are shared is looked at so often. */
const LOOK_MS = 16;

/** What a computation says that would wait for ever. */
export const gateIsStuck = 'the gate is shut, and nobody could open it while this thread waits: use await compute(), or share the gate with another thread (gate.shared).';

export class Gate {
  #words;
  #doubles;
  /** @type {Set<() => void>} */ #listeners = new Set();
  #isShared;

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
    this.#isShared = shared !== undefined;
    if (paused) this.pause();
  }

  /** For a gate in another thread that is to be the same as this one. @returns {ArrayBufferLike} */
  get shared() {
    this.#isShared = true;
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
    Atomics.store(this.#words, HOW, SHUT);
    this.#tell();
  }

  /** Lets tasks through one by one. @param {number} perSecond tasks, 0.001 to 1,000,000 @throws {OptionError} */
  setRate(perSecond) {
    if (!(typeof perSecond === 'number' && perSecond >= RATE_MIN && perSecond <= RATE_MAX))
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
    Atomics.store(this.#words, MARK, Atomics.load(this.#words, STEPS));
    Atomics.store(this.#words, HOW, how);
    Atomics.add(this.#words, SETS, 1); /* who sees this sees what it was set to */
    this.#tell();
  }

  #tell() {
    Atomics.add(this.#words, VERSION, 1);
    Atomics.notify(this.#words, VERSION);
    for (const listener of [...this.#listeners]) listener();
  }

  /** Whether it lets nothing through and nobody could open it while this thread waits. @internal */
  get isStuck() {
    const { how, tokens } = this.state;
    return (how === 'shut' || tokens === 0) && (!this.#isShared || this.#words.buffer instanceof ArrayBuffer);
  }

  /** How many steps there were: those before a computation was asked for are not its own. */
  get steps() {
    return Atomics.load(this.#words, STEPS);
  }

  /** One computation's view of it. @param {() => void} [onChange] told of changes that are made in this thread
   * @param {number} [steps] how many there were when it was asked for */
  follow(onChange, steps = this.steps) {
    return new GateFollower(this.#words, this.#doubles, this.#listeners, steps, onChange);
  }
}

/** What a gate has changed to since a computation looked last. */
export class GateFollower {
  #words; #doubles; #listeners; #onChange;
  #version = -1;
  #sets = -1;
  #steps;
  /** Serially: tasks that may still pass, and when the next may by the rate. */
  #permits = 0;
  #nextMs = 0;

  /** @param {Int32Array} words @param {Float64Array} doubles @param {Set<() => void>} listeners @param {number} steps @param {() => void} [onChange] */
  constructor(words, doubles, listeners, steps, onChange) {
    this.#words = words;
    this.#doubles = doubles;
    this.#listeners = listeners;
    this.#onChange = onChange;
    this.#steps = steps;
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

  /**
   * What is to be told to the core: pairs of what and how many. It may look between the words of a change that another
   * thread is making: what it has not seen then it sees with the version that follows, and steps count once.
   * @returns {[how: number, count: number][]}
   */
  changes() {
    const version = Atomics.load(this.#words, VERSION);
    if (version === this.#version) return [];
    this.#version = version;
    const sets = Atomics.load(this.#words, SETS), mark = Atomics.load(this.#words, MARK), steps = Atomics.load(this.#words, STEPS);
    const how = Atomics.load(this.#words, HOW), since = (mark - this.#steps) | 0, through = (steps - (since > 0 ? mark : this.#steps)) | 0;
    /** @type {[how: number, count: number][]} */
    const changes = [];
    if (sets !== this.#sets) changes.push([how, how === RATE ? this.#doubles[RATE_AT] : how === TOKENS ? Atomics.load(this.#words, COUNT) : 0]);
    this.#sets = sets;
    if (how !== SHUT) return changes; /* steps that shut it are to come */
    if (through > 0) changes.push([STEP, through]);
    this.#steps = steps;
    return changes;
  }

  /** For tasks that run one by one: how long the next must wait, in milliseconds; 0: it begins now. Infinity: who knows? */
  pass() {
    const what = Atomics.load(this.#words, HOW);
    for (const [how, count] of this.changes()) {
      if (how === STEP) this.#permits += count;
      else this.#permits = 0;
      if (how === RATE) this.#nextMs = Math.min(this.#nextMs, performance.now() + 1000 / count);
    }
    switch (what) {
      case SHUT:
        if (this.#permits > 0) return this.#permits--, 0;
        return Infinity;
      case RATE: {
        const now = performance.now();
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
