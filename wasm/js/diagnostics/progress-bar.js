/** `ProgressBar`: how far computations are, in a terminal or as plain lines in a log. */
import { UnsupportedError } from '../errors.js';
import { DONE, NOT_RUN, RELEASED } from '../trace/states.js';
import { Diagnostic, checkOptions, isSeconds } from './diagnostic.js';
import { barLines, fractionOf, sentence } from './progress-text.js';

/** A log gets a line after so long also if there is less progress than a tenth. */
const QUIET_MS = 30_000;

/** @typedef {{ write(text: string): unknown, isTTY?: boolean, columns?: number }} Out where it writes */
/** @typedef {{ outcome: string, total: number, totals: Map<number, number> }} Run a computation: how many tasks it runs, in all and by place of the name */

/**
 * Shows `[########            ] | 40% Completed | 1.2 s | 1.8 s left` while computations run; of several at once, all
 * together. Where nobody looks (a file, a pipe, TERM=dumb) it writes a line for each tenth instead.
 * @example
 * const bar = new ProgressBar();
 * await bar.watch(() => z.compute());
 */
export class ProgressBar extends Diagnostic {
  #minimumMs; #width; #dtMs; #out; #names;
  /** Those of the bar that is shown, also if they have ended. @type {Map<import('../trace/model.js').TraceModel, Run>} */ #runs = new Map();
  #beganAt = 0;
  #drawnAt = -Infinity;
  /** Lines that are on the terminal. */ #lines = 0;
  /** Tenths that a log has been told. */ #tenths = 0;
  /** @type {any} */ #timer;
  /** How long the last computation took, in seconds, as Dask's `last_duration`; undefined: none has ended. @type {number | undefined} */ lastDuration;

  /**
   * @param {object} [options]
   * @param {number} [options.minimum] seconds: shorter computations are not shown
   * @param {number} [options.width] of the bar, in characters
   * @param {number} [options.dt] seconds from drawing to drawing
   * @param {Out} [options.out] where to write; the standard error of Node.js by default
   * @param {boolean} [options.names] whether there is a line for each name of a function, too (on a terminal)
   * @throws {import('../errors.js').OptionError | UnsupportedError}
   */
  constructor(options = {}) {
    super();
    checkOptions('ProgressBar', options, { minimum: isSeconds, dt: isSeconds, width: (width) => Number.isInteger(width) && width >= 1 && width <= 1000,
      out: (out) => typeof out?.write === 'function', names: (names) => typeof names === 'boolean' });
    const { minimum = 0, width = 40, dt = 0.1, names = false, out = /** @type {any} */ (globalThis).process?.stderr } = options;
    if (!out) throw new UnsupportedError('there is no terminal here: give ProgressBar an { out } with write(text), or use onProgress.');
    this.#minimumMs = minimum * 1000;
    this.#width = width;
    this.#dtMs = dt * 1000;
    this.#out = out;
    this.#names = names;
  }

  /** @param {import('../trace/model.js').TraceModel} model @override @protected */
  began(model) {
    if (this.#runs.size === 0) {
      this.#beganAt = performance.now();
      this.#drawnAt = this.isTerminal ? -Infinity : this.#beganAt;
      this.#tenths = 0;
      this.#timer = setInterval(() => this.attempt(() => this.#show()), Math.max(20, this.#dtMs));
      this.#timer.unref?.();
    }
    this.#runs.set(model, runOf(model));
    if (this.isTerminal) this.#show();
  }

  /** @override @protected */
  changed() {
    this.#show(); /* a serial computation leaves timers no time */
  }

  /** @param {import('../trace/model.js').TraceModel} model @param {import('../watch.js').EndMessage} message @override @protected */
  ended(model, { outcome }) {
    const run = this.#runs.get(model);
    if (run) run.outcome = outcome;
    if ([...this.#runs.values()].every((each) => each.outcome)) this.#finish();
  }

  /** @override */
  unregister() {
    super.unregister();
    if (this.#runs.size) this.#finish();
  }

  /** @override @protected */
  dropped() {
    clearInterval(this.#timer);
    this.#runs.clear();
    this.#lines = 0;
  }

  /** Whether it draws, rather than writes line after line. */
  get isTerminal() {
    return this.#out.isTTY === true && /** @type {any} */ (globalThis).process?.env?.TERM !== 'dumb';
  }

  #finish() {
    clearInterval(this.#timer);
    const reading = this.#reading(true);
    this.lastDuration = reading.elapsedMs / 1000;
    this.#runs.clear();
    if (reading.elapsedMs < this.#minimumMs) return;
    if (this.isTerminal) this.#draw(reading, '\n');
    else this.#out.write(`${sentence(reading)}\n`);
    this.#lines = 0;
  }

  #show() {
    const now = performance.now();
    if (now - this.#beganAt < this.#minimumMs || now - this.#drawnAt < this.#dtMs) return;
    const reading = this.#reading(false);
    if (!this.isTerminal) {
      const tenths = Math.floor(10 * fractionOf(reading));
      if (tenths === 10 || (tenths <= this.#tenths && now - this.#drawnAt < QUIET_MS)) return; /* that it is done is the last line */
      this.#tenths = tenths;
      this.#out.write(`${sentence(reading)}\n`);
    } else {
      this.#draw(reading, '');
    }
    this.#drawnAt = now;
  }

  /** @param {import('./progress-text.js').Reading} reading @param {string} end */
  #draw(reading, end) {
    const lines = barLines(reading, this.#width, this.#out.columns || 80);
    const back = this.#lines > 1 ? `\x1b[${this.#lines - 1}A\r` : '\r';
    this.#out.write(`${back}${lines.map((line) => `${line}\x1b[K`).join('\n')}${end}`);
    this.#lines = lines.length;
  }

  /** @param {boolean} over @returns {import('./progress-text.js').Reading} */
  #reading(over) {
    const sums = { done: 0, total: 0, elapsedMs: performance.now() - this.#beganAt, outcome: '', over };
    /** @type {Map<string, { name: string, done: number, total: number }>} */
    const names = new Map();
    for (const [model, run] of this.#runs) {
      sums.done += model.counts[DONE] + model.counts[RELEASED];
      sums.total += run.total;
      if (run.outcome === 'failed' || (run.outcome === 'cancelled' && !sums.outcome)) sums.outcome = run.outcome;
      if (this.#names && this.isTerminal) addNames(names, model, run);
    }
    return { ...sums, done: Math.min(sums.done, sums.total), names: [...names.values()] };
  }
}

/** @param {import('../trace/model.js').TraceModel} model @returns {Run} */
function runOf({ graph: { count, groups, nameOf } }) {
  /** @type {Run['totals']} */
  const totals = new Map();
  let total = 0;
  for (let task = 0; task < count; task++) {
    if (groups?.[task] === NOT_RUN) continue;
    total++;
    totals.set(nameOf[task], (totals.get(nameOf[task]) ?? 0) + 1);
  }
  return { outcome: '', total, totals };
}

/** @param {Map<string, { name: string, done: number, total: number }>} names @param {import('../trace/model.js').TraceModel} model @param {Run} run */
function addNames(names, model, { totals }) {
  const done = new Uint32Array(model.names.length), { states } = model.record;
  for (let task = 0; task < model.count; task++) if (states[task] === DONE || states[task] === RELEASED) done[model.nameIndexOf(task)]++;
  for (const [place, total] of totals) {
    const name = model.names[place], sum = names.get(name) ?? { name, done: 0, total: 0 };
    sum.total += total;
    sum.done += Math.min(total, done[place]);
    names.set(name, sum);
  }
}
