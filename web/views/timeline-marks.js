/** What lies over the bars of a picture of threads: the axis, the selected bar and its wait, the moment shown. */
import { ticksOf } from './timeline-places.js';

/** @typedef {import('./timeline-theme.js').Theme} Theme */
/** @typedef {{ fromMs: number, msPerPx: number, width: number, toMs: number, xOf(ms: number): number }} View */

export const AXIS_PX = 22;

/** Why a task waited, as a line. @type {Record<ReturnType<typeof import('heddle/trace').waitOf>['parts'][number]['why'], number[]>} */
const dashes = { inputs: [1, 4], threads: [], budget: [7, 3], gate: [7, 3, 2, 3], start: [2, 2] };

/** The moments on the axis, as far as their words have room. @param {View} view */
export function ticksFor(view) { return ticksOf(view.fromMs, view.toMs, Math.max(2, view.width / 84)); }

/** @param {CanvasRenderingContext2D} context from the beginning of the bars @param {View} view @param {Theme} theme @param {ReturnType<typeof ticksFor>} ticks @param {(text: string) => number} widthOf */
export function paintAxis(context, view, theme, ticks, widthOf) {
  context.fillStyle = theme.muted;
  context.fillRect(0, 0, view.width, 1);
  context.font = `11px ${theme.font}`;
  context.textBaseline = 'top';
  context.textAlign = 'left';
  let free = -Infinity;
  for (const { ms, text } of ticks) {
    const x = Math.round(view.xOf(ms)), width = widthOf(text), left = Math.max(ms === 0 ? 0 : -30, Math.min(view.width - width, x - width / 2));
    context.fillRect(x, 1, 1, 4);
    if (left < free) continue;
    context.fillText(text, left, 8);
    free = left + width + 8;
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {View} view @param {Theme} theme
 * @param {{ left: number, right: number, top: number, height: number }} box of the selected bar
 * @param {ReturnType<typeof import('heddle/trace').waitOf> | null} wait
 */
export function paintSelected(context, view, theme, { left, right, top, height }, wait) {
  const x = Math.max(-3, left), width = Math.max(3, Math.min(view.width + 3, right) - x);
  const y = Math.round(top + height / 2);
  for (const { why, fromMs, toMs } of wait?.parts ?? []) {
    const from = Math.max(-2, view.xOf(fromMs)), to = Math.min(view.width + 2, view.xOf(toMs));
    if (to <= from || why === 'inputs') continue;
    for (const [colour, thick] of /** @type {[string, number][]} */ ([[theme.surface, 5], [theme.focus, 2]])) {
      context.strokeStyle = colour;
      context.lineWidth = thick;
      context.setLineDash(thick === 2 ? dashes[why] : []);
      context.beginPath();
      context.moveTo(from, y);
      context.lineTo(to, y);
      context.stroke();
    }
    context.setLineDash([]);
  }
  const ready = wait?.parts.find(({ why }) => why !== 'inputs');
  if (ready) {
    context.fillStyle = theme.focus;
    context.strokeStyle = theme.surface;
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(view.xOf(ready.fromMs), y, 4, 0, 7);
    context.fill();
    context.stroke();
  }
  context.strokeStyle = theme.surface;
  context.lineWidth = 5;
  context.strokeRect(x - 1, top - 1, width + 1, height + 2);
  context.strokeStyle = theme.focus;
  context.lineWidth = 2.5;
  context.strokeRect(x - 1, top - 1, width + 1, height + 2);
}

/** The moment shown: what comes after it is dim. @param {CanvasRenderingContext2D} context @param {View} view @param {Theme} theme @param {number} atMs @param {number} height */
export function paintCursor(context, view, theme, atMs, height) {
  const x = view.xOf(atMs), from = Math.max(0, x);
  if (from < view.width) {
    context.globalAlpha = 0.68;
    context.fillStyle = theme.surface;
    context.fillRect(from, 0, view.width - from, height);
    context.globalAlpha = 1;
  }
  if (x < -1 || x > view.width + 1) return;
  context.fillStyle = theme.focus;
  context.fillRect(Math.round(x) - 1, 0, 2, height);
}
