/** Tasks seen from far: dots, written straight into pixels. No DOM. */
import { taskStates } from 'heddle/trace';
import { plasmaSteps } from './graph-palette.js';
import { place } from './graph-sight.js';

/** From this width of a place on, the box and the circle are two dots. */
const apart = 3.5;

/**
 * @typedef {object} Scene what is drawn
 * @property {import('./graph-sight.js').Ground} ground
 * @property {Uint8Array} states
 * @property {import('./graph-marks.js').Marks | null} marks
 * @property {import('./graph-colour.js').Values | null} values
 * @property {import('./graph-palette.js').Palette} palette
 */

/**
 * @param {Uint32Array} pixels of the canvas, row by row
 * @param {number} width of it
 * @param {number} height
 * @param {{ tasks: Uint32Array } & import('./graph-sight.js').Sight} sight
 * @param {import('./viewport.js').View} view
 * @param {Scene} scene
 */
export function drawDots(pixels, width, height, { tasks, drawn: count, stepX, stepY }, view, { ground, states, marks, values, palette }) {
  const { scale } = view, across = place.width * scale * stepX, down = ground.rowHeight * scale * stepY;
  const both = place.width * scale >= apart && !ground.collapsed && stepX === 1 && stepY === 1, crowded = stepX > 1 || stepY > 1;
  /* Dots that stand for several have no gaps. */
  const size = Math.max(1, crowded ? Math.ceil(across) : Math.round(across * (both ? 0.62 : 0.72)));
  const high = both ? size : Math.max(1, crowded ? Math.ceil(down) : Math.round(Math.min(down * 0.75, across * 1.2)));
  const boxHigh = Math.max(1, Math.round(across * 0.34)), circleY = ground.circleY * scale, boxY = place.boxY * scale;
  const { x, y } = ground.layers, { margin } = place, top = ground.height - margin - view.top;
  const fades = marks?.fades ?? false, steps = values && values.most > 0 ? (plasmaSteps - 1) / values.most : 0;
  const calls = both ? palette.call : palette.whole, results = palette.result, stateCount = taskStates.length;
  for (let at = 0; at < count; at++) {
    const task = tasks[at], state = states[task];
    const middleX = (margin + x[task] * place.width - view.left) * scale, middleY = (top - y[task] * ground.rowHeight) * scale;
    const faint = fades && (/** @type {import('./graph-marks.js').Marks} */ (marks)).of[task] === 0;
    let call, result;
    if (values) {
      const value = values.of[task];
      call = result = value >= 0 ? palette.plasma[Math.round(value * steps) + (faint ? plasmaSteps : 0)] : palette.none[faint ? 1 : 0];
    } else {
      call = calls[state + (faint ? stateCount : 0)];
      result = results[state + (faint ? stateCount : 0)];
    }
    fill(pixels, width, height, middleX, both ? middleY + circleY : middleY, size, high, call, both && size > 4);
    if (both) fill(pixels, width, height, middleX, middleY + boxY, size, boxHigh, result, false);
  }
}

/**
 * @param {Uint32Array} pixels @param {number} width @param {number} height @param {number} x @param {number} y the middle
 * @param {number} w @param {number} h @param {number} colour @param {boolean} round without its corners
 */
function fill(pixels, width, height, x, y, w, h, colour, round) {
  const left = Math.round(x - w / 2), top = Math.round(y - h / 2);
  const from = Math.max(0, left), to = Math.min(width, left + w), past = Math.min(height, top + h);
  if (from >= to) return;
  for (let row = Math.max(0, top); row < past; row++) {
    const cut = round && (row === top || row === top + h - 1) ? Math.max(1, w >> 2) : 0;
    const start = row * width;
    for (let at = Math.max(from, left + cut), end = Math.min(to, left + w - cut); at < end; at++) pixels[start + at] = colour;
  }
}
