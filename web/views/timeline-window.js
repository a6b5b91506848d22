/**
 * What of a lane is seen in a window of time: bars, and where bars are narrower than a pixel, one mark a pixel for
 * all that lie in it. The work grows with the pixels, not with the bars. No DOM.
 */
import { FLAG_FAILED } from './timeline-lane.js';

/** Narrower bars share a mark, in pixels. */
export const NARROW = 1.5;

/** @typedef {import('./timeline-lane.js').Lane} Lane */
/** @typedef {{ fromMs: number, msPerPx: number, width: number }} Window `fromMs` at pixel 0; `width` in pixels */

/**
 * @typedef {object} Marks where what is seen is told
 * @property {(at: number, left: number, right: number) => void} bar the lane's bar at a place; pixels, cut to the window
 * @property {(x: number, at: number, share: number, flags: number, bars: number) => void} mark the pixel `x`, the longest
 *   bar in it, how much of it is covered (0 to 1), the flags of all, how many they are
 */

const summary = new Uint32Array(2);

/**
 * @param {Lane} lane
 * @param {Window} view
 * @param {number} nowMs where bars end that run
 * @param {Marks} marks
 */
export function walk(lane, { fromMs, msPerPx, width }, nowMs, marks) {
  const { starts, ends, sums, length } = lane, toMs = fromMs + width * msPerPx;
  for (let at = lane.firstAfter(fromMs); at < length && starts[at] < toMs; ) {
    const start = starts[at], end = ends[at] === Infinity ? Math.max(nowMs, start) : ends[at];
    const left = (start - fromMs) / msPerPx, right = (end - fromMs) / msPerPx;
    if (right - left >= NARROW) {
      if (right > 0) marks.bar(at, Math.max(-2, left), Math.min(width + 2, right));
      at++;
      continue;
    }
    const x = Math.floor(left);
    let next = lane.firstFrom(fromMs + (x + 1) * msPerPx, at);
    if (next <= at) next = at + 1; /* rounding */
    const last = next - 1;
    if (last > at && (ends[last] === Infinity ? nowMs : ends[last]) - starts[last] >= NARROW * msPerPx) next--;
    if (next === at + 1) summary.set([at, lane.flags[at]]);
    else lane.summary(at, next, summary);
    if (x >= 0 || right > 0) marks.mark(Math.max(0, x), summary[0], Math.min(1, (sums[next] - sums[at]) / msPerPx), summary[1], next - at);
    at = next;
  }
}

/** The bar at a moment, or within some time of it (the longest of several); -1: none. @param {Lane} lane @param {number} ms @param {number} nearMs @param {number} nowMs */
export function barAt(lane, ms, nearMs, nowMs) {
  const from = lane.firstAfter(ms - nearMs), to = lane.firstFrom(ms + nearMs);
  if (to <= from) return -1;
  /* The one under the pointer, else the longest near. */
  for (let at = to - 1; at >= Math.max(from, to - 8); at--) if (lane.starts[at] <= ms && (lane.ends[at] === Infinity ? nowMs : lane.ends[at]) >= ms) return at;
  lane.summary(from, to, summary);
  return summary[1] & FLAG_FAILED ? failedIn(lane, from, to) : summary[0];
}

/** A failed bar is found also among thousands in one pixel. @param {Lane} lane @param {number} from @param {number} to */
function failedIn(lane, from, to) {
  for (let at = from; at < to; at++) if (lane.flags[at] & FLAG_FAILED) return at;
  return from;
}
