/**
 * How many results, and bytes of them, were in memory throughout a run: exactly what was alive at any time within each
 * 65,536th of it. No DOM.
 */
import { DONE, RELEASED } from 'heddle/trace';

const BINS = 65_536;
/** Tasks between two looks at the clock. */
const STRIDE = 20_000;

/**
 * @typedef {object} Curve
 * @property {number} spanMs from the run's beginning to the right end
 * @property {Float64Array} results most that were alive within each bin
 * @property {Float64Array} bytes
 * @property {{ results: number, resultsAtMs: number, bytes: number, bytesAtMs: number }} peak
 */

/** Linear in the tasks. @param {import('heddle/trace').TraceModel} model @returns {Generator<void, Curve, void>} */
export function* curveOf(model) {
  yield* model.prepare();
  const { times: { endMs, releasedMs }, record: { states, bytes: sizes }, count } = model, spanMs = model.atMs;
  const results = new Float64Array(BINS), bytes = new Float64Array(BINS), gone = new Float64Array(BINS), freed = new Float64Array(BINS);
  const scale = spanMs > 0 ? BINS / spanMs : 0;
  for (let task = 0; task < count; task++) {
    if (task % STRIDE === STRIDE - 1) yield;
    if ((states[task] !== DONE && states[task] !== RELEASED) || endMs[task] > spanMs) continue;
    const made = Math.min(BINS - 1, Math.floor(endMs[task] * scale));
    results[made]++;
    bytes[made] += sizes[task];
    if (releasedMs[task] > spanMs) continue;
    const end = Math.min(BINS - 1, Math.floor(releasedMs[task] * scale));
    gone[end]++;
    freed[end] += sizes[task];
  }
  return { spanMs, results, bytes, peak: { ...summed(results, gone, spanMs, 'results'), ...summed(bytes, freed, spanMs, 'bytes') } };
}

/** Turns what was made in each bin into what was alive, and finds the peak.
 * @param {Float64Array} made @param {Float64Array} gone @param {number} spanMs @param {'results' | 'bytes'} what @returns {any} */
function summed(made, gone, spanMs, what) {
  let level = 0, peak = 0, at = 0;
  for (let bin = 0; bin < BINS; bin++) {
    level += made[bin];
    if (level > peak) [peak, at] = [level, bin];
    made[bin] = level;
    level -= gone[bin];
  }
  return { [what]: peak, [`${what}AtMs`]: (at / BINS) * spanMs };
}

/** The most within each of so many pixels. @param {Float64Array} levels @param {number} width */
export function pixelsOf(levels, width) {
  const pixels = new Float64Array(width);
  for (let bin = 0; bin < levels.length; bin++) {
    const x = Math.floor((bin * width) / levels.length);
    if (levels[bin] > pixels[x]) pixels[x] = levels[bin];
  }
  return pixels;
}

/** What was alive at a moment. @param {Curve} curve @param {'results' | 'bytes'} what @param {number} atMs */
export function levelAt(curve, what, atMs) {
  return curve[what][Math.max(0, Math.min(BINS - 1, Math.floor((atMs / (curve.spanMs || 1)) * BINS)))];
}
