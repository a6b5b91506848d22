/** When much happened in a run: starts and ends of tasks, counted by equal parts of its time. No DOM. */
import { DONE } from 'heddle/trace';

/** Tasks between two looks at the clock. */
const STRIDE = 50_000;

/**
 * Linear in the tasks.
 * @param {import('heddle/trace').TraceModel} model
 * @param {number} parts
 * @returns {Generator<void, { spanMs: number, counts: Uint32Array }, void>}
 */
export function* densityOf(model, parts) {
  const { count, record: { startMs, elapsedMs, states } } = model, spanMs = model.atMs, counts = new Uint32Array(parts);
  const scale = spanMs > 0 ? parts / spanMs : 0;
  for (let task = 0; task < count; task++) {
    if (task % STRIDE === STRIDE - 1) yield;
    const start = startMs[task], end = start + elapsedMs[task];
    if (!(start <= spanMs)) continue; /* NaN: it has not begun */
    counts[Math.min(parts - 1, Math.floor(start * scale))]++;
    if (states[task] >= DONE && end <= spanMs) counts[Math.min(parts - 1, Math.floor(end * scale))]++;
  }
  return { spanMs, counts };
}

/**
 * A silhouette of them in a box of 1 by 1, lower for fewer: heights are square roots, so that single events are seen
 * beside crowds.
 * @param {Uint32Array} counts
 */
export function silhouette(counts) {
  const most = Math.sqrt(counts.reduce((top, count) => Math.max(top, count), 1)), { length } = counts;
  let path = 'M0 1';
  counts.forEach((count, part) => {
    const y = (1 - Math.sqrt(count) / most).toFixed(3);
    path += `L${(part / length).toFixed(4)} ${y}L${((part + 1) / length).toFixed(4)} ${y}`;
  });
  return `${path}L1 1Z`;
}
