/**
 * Which bars a picture of the threads has: who ran what and when. No DOM. Up to a limit one bar a task;
 * beyond it one bar for neighbours of one name that would be narrower than a pixel each.
 */
import { RUNNING } from 'heddle/trace';

export const barsLimit = 2000;

/** @typedef {{ task: number, row: number, left: number, right: number, tasks: number }} Bar left and right in pixels */

/**
 * @param {import('heddle/trace').TraceModel} model
 * @param {number} nowMs
 * @param {number} pixelsPerMs
 * @returns {{ bars: Bar[], tasks: number, merged: boolean }} `tasks`: how many have started
 */
export function barsOf(model, nowMs, pixelsPerMs) {
  /** @type {Bar[]} */
  const bars = [];
  for (let task = 0; task < model.count; task++) {
    const start = model.startMsOf(task);
    if (!(start >= 0)) continue;
    const duration = model.durationMsOf(task, nowMs);
    if (!(duration >= 0)) continue;
    const left = start * pixelsPerMs;
    bars.push({ task, row: model.rowOf(task), left, right: left + duration * pixelsPerMs, tasks: 1 });
  }
  const tasks = bars.length;
  if (tasks <= barsLimit) return { bars, tasks, merged: false };
  return { bars: mergedBars(model, bars, Math.ceil(nowMs * pixelsPerMs) + 1), tasks, merged: true };
}

/**
 * Paints the bars into pixels, the later over the earlier, and reads back runs of one name. A bar that is
 * wider than some pixels stays a bar of its own. Takes no sorting: time grows with tasks and pixels.
 * @param {import('heddle/trace').TraceModel} model
 * @param {Bar[]} bars
 * @param {number} width
 */
function mergedBars(model, bars, width) {
  const pixels = new Int32Array(model.rows * width).fill(-1);
  bars.forEach(({ row, left, right }, bar) => {
    const first = row * width + Math.max(0, Math.floor(left));
    const last = row * width + Math.min(width - 1, Math.max(Math.floor(left), Math.ceil(right) - 1));
    pixels.fill(bar, first, last + 1);
  });
  /** @type {Bar[]} */
  const merged = [];
  for (let row = 0; row < model.rows; row++) {
    /** @type {Bar | null} */
    let open = null;
    let last = -1;
    for (let x = 0; x < width; x++) {
      const bar = pixels[row * width + x];
      if (bar < 0) {
        open = null;
      } else if (open && (bar === last || canJoin(model, bars[bar], bars[last]))) {
        open.right = x + 1;
        if (bar !== last) open.tasks++;
      } else {
        open = { ...bars[bar], left: x, right: x + 1 };
        merged.push(open);
      }
      last = bar;
    }
  }
  return merged;
}

/** @param {import('heddle/trace').TraceModel} model @param {Bar} a @param {Bar} b */
function canJoin(model, a, b) {
  const narrow = 2;
  return a.right - a.left < narrow && b.right - b.left < narrow && model.nameIndexOf(a.task) === model.nameIndexOf(b.task)
    && (model.stateOf(a.task) === RUNNING) === (model.stateOf(b.task) === RUNNING);
}
