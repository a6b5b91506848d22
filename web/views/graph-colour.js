/**
 * Values of tasks as colours: in which order they began, how long their results have been in memory, how large these
 * are. Colours are matplotlib's plasma, as in Dask's `visualize(color=…)`: the value divided by the largest. No DOM.
 */
import { orderOf } from './timeline-sort.js';
import { counted, DONE, ERRED, RELEASED, RUNNING, timed } from 'heddle/trace';

export const colourings = /** @type {const} */ (['state', 'order', 'age', 'memory']);
/** @typedef {(typeof colourings)[number]} Colouring */

/** Plasma at ninths, from 0 to 1. */
export const plasmaStops = Object.freeze(['#0d0887', '#46039f', '#7201a8', '#9c179e', '#bd3786', '#d8576b', '#ed7953', '#fb9f3a', '#fdca26', '#f0f921']);

/** Red, green and blue of each step. */
const channels = plasmaStops.map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));

/** @param {number} share 0 to 1 @returns {[number, number, number]} */
export function plasma(share) {
  const at = Math.max(0, Math.min(1, share || 0)) * (channels.length - 1), low = Math.min(channels.length - 2, Math.floor(at));
  const mix = (/** @type {number} */ part) => Math.round(channels[low][part] + (channels[low + 1][part] - channels[low][part]) * (at - low));
  return [mix(0), mix(1), mix(2)];
}

/** The same on a ground that is as dark as the low end: with a share of white. @param {number} share 0 to 1 @param {number} lift 0 to 1 */
export const plasmaOn = (share, lift) => plasma(share).map((part) => Math.round(part + (255 - part) * lift));

/**
 * @typedef {object} Values
 * @property {Float64Array} of each task; NaN: it has none
 * @property {number} most the largest, as known of the whole run
 * @property {string} title what they are
 * @property {(value: number) => string} write
 */

/**
 * The values at the moment shown, in slices: sorting and times of a large run take longer than a frame may.
 * @param {import('heddle/trace').TraceModel} model
 * @param {Exclude<Colouring, 'state'>} colouring
 * @returns {Generator<void, Values, void>}
 */
export function* valuesOf(model, colouring) {
  if (colouring === 'order') yield* rank(model);
  else if (colouring === 'age') yield* model.prepare();
  const of = new Float64Array(model.count).fill(NaN);
  let most = 0;
  const fill = colouring === 'order' ? fillOrder : colouring === 'age' ? fillAges : fillBytes;
  fill(model, of);
  for (let task = 0; task < of.length; task++) if (of[task] > most) most = of[task];
  return { of, most, ...(words[colouring]) };
}

const words = {
  order: { title: 'Rank in which tasks began', write: (/** @type {number} */ value) => counted(value) },
  age: { title: 'How long a result has been in memory', write: timed },
  memory: { title: 'Bytes of a result', write: bytesWritten },
};

/** Tasks by when they began, as of the news of a model. @type {WeakMap<import('heddle/trace').TraceModel, { news: number, ranked: Uint32Array }>} */
const ranks = new WeakMap();

/** @param {import('heddle/trace').TraceModel} model @returns {Generator<void, void, void>} */
function* rank(model) {
  const news = model.newsVersion;
  if (ranks.get(model)?.news === news) return;
  const order = yield* orderOf(model.record.startMs.map((start) => (start >= 0 ? start : Infinity)));
  ranks.set(model, { news, ranked: order });
}

/** @param {import('heddle/trace').TraceModel} model @param {Float64Array} of */
function fillOrder(model, of) {
  const { record: { startMs }, states } = model, ranked = ranks.get(model)?.ranked ?? [];
  for (let rank = 0; rank < ranked.length && startMs[ranked[rank]] >= 0; rank++) if (states[ranked[rank]] >= RUNNING) of[ranked[rank]] = rank;
}

/** @param {import('heddle/trace').TraceModel} model @param {Float64Array} of */
function fillAges(model, of) {
  const { states, shownMs, times: { endMs, releasedMs } } = model;
  for (let task = 0; task < of.length; task++) {
    if (states[task] === DONE) of[task] = Math.max(0, shownMs - endMs[task]);
    else if (states[task] === RELEASED) of[task] = Math.max(0, releasedMs[task] - endMs[task]);
  }
}

/** @param {import('heddle/trace').TraceModel} model @param {Float64Array} of */
function fillBytes({ states, record: { bytes } }, of) {
  for (let task = 0; task < of.length; task++) {
    if ((states[task] === DONE || states[task] === RELEASED) && states[task] !== ERRED && bytes[task] > 0) of[task] = bytes[task];
  }
}

/** "640 B", "1.5 kB", "8 MB". @param {number} bytes */
export function bytesWritten(bytes) {
  if (bytes < 1000) return `${counted(bytes)} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3)), value = bytes / 1000 ** power;
  return `${value < 9.95 && value % 1 >= 0.05 ? value.toFixed(1) : value.toFixed(0)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
}
