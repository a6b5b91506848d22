/** Tasks of a layered graph seen from near, on a canvas: the same circles, boxes and signs as in the SVG picture. */
import { boxHeight, boxWidth } from 'heddle/layout';
import { CANCELLED, DONE, ERRED, READY, RELEASED, RUNNING } from 'heddle/trace';
import { plasmaOn } from './graph-colour.js';
import { faintly } from './graph-palette.js';
import { place } from './graph-sight.js';

/** From this scale on there are labels and signs. */
const lettered = 0.45;
const labelSize = 13;
const tick = new Path2D('M-4.5 .2L-1.4 3.2L4.5 -3.2'), cross = new Path2D('M-3.8 -3.8L3.8 3.8M3.8 -3.8L-3.8 3.8');

/** @typedef {{ task: number, x: number, y: number, state: number, faint: boolean }} Seen */

/**
 * @param {CanvasRenderingContext2D} context in pixels of the picture
 * @param {Uint32Array} tasks @param {number} count
 * @param {import('./viewport.js').View} view
 * @param {import('./graph-dots.js').Scene} scene
 * @param {(task: number, room: number) => string} labelOf
 */
export function drawShapes(context, tasks, count, view, scene, labelOf) {
  const { ground, states, marks } = scene;
  /** @type {Map<number, Seen[]>} Those of one state, and equally faint. */
  const alike = new Map();
  for (let at = 0; at < count; at++) {
    const task = tasks[at], state = states[task], faint = marks?.fades ? marks.of[task] === 0 : false;
    const id = state * 2 + Number(faint), list = alike.get(id) ?? [];
    if (list.length === 0) alike.set(id, list);
    list.push({ task, x: ground.xOf(task), y: ground.yOf(task), state, faint });
  }
  context.textAlign = 'center';
  context.font = `${labelSize}px ${scene.palette.font}`;
  for (const list of alike.values()) {
    context.globalAlpha = list[0].faint ? faintly : 1;
    drawAlike(context, list, scene, view.scale);
    if (view.scale >= lettered) for (const seen of list) drawSigns(context, seen, scene, labelOf);
  }
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Seen[]} list @param {import('./graph-dots.js').Scene} scene @param {number} scale */
function drawAlike(context, list, { ground, values, palette }, scale) {
  const { words } = palette;
  const { state } = list[0], finished = state === DONE || state === RELEASED, thin = Math.max(1.25, 0.7 / scale);
  const circles = new Path2D(), boxes = new Path2D(), stems = new Path2D();
  for (const { x, y } of list) {
    circles.moveTo(x + place.radius, y + ground.circleY);
    circles.arc(x, y + ground.circleY, place.radius, 0, 2 * Math.PI);
    if (ground.collapsed) continue;
    boxes.rect(x - boxWidth / 2, y + place.boxY - boxHeight / 2, boxWidth, boxHeight);
    stems.moveTo(x, y + ground.circleY - place.radius);
    stems.lineTo(x, y + place.boxY + boxHeight / 2);
  }
  if (list[0].faint) cover(context, [circles, boxes], words.surface);
  context.strokeStyle = words.line;
  context.lineWidth = Math.max(1, 0.6 / scale);
  context.stroke(stems);
  const dashes = (/** @type {boolean} */ are) => context.setLineDash(are ? [4, 3] : []);
  if (values) {
    context.fillStyle = words.waiting;
    context.fill(circles);
    context.fill(boxes);
    for (const seen of list) drawOutline(context, seen, ground, values, palette);
    return;
  }
  context.fillStyle = state === RUNNING ? words.running : finished ? words.done : state === ERRED ? words.erred : words.waiting;
  context.strokeStyle = state === READY ? words.ink : state === CANCELLED ? words.cancelled : state === RUNNING || finished || state === ERRED ? context.fillStyle : words.line;
  context.lineWidth = state === READY ? Math.max(2, thin) : thin;
  dashes(state === CANCELLED);
  context.fill(circles);
  context.stroke(circles);
  context.fillStyle = state === DONE ? words.memory : state === RELEASED ? words.released : words.waiting;
  context.strokeStyle = finished ? context.fillStyle : state === ERRED ? words.erred : state === CANCELLED ? words.cancelled : words.line;
  context.lineWidth = thin;
  dashes(state === CANCELLED || state === ERRED);
  context.fill(boxes);
  context.stroke(boxes);
  dashes(false);
  if (state === RUNNING || (state === DONE && ground.collapsed)) drawRings(context, list, ground, words.running, state === RUNNING);
}

/** What is drawn faintly still hides the lines behind it. @param {CanvasRenderingContext2D} context @param {Path2D[]} paths @param {string} surface */
function cover(context, paths, surface) {
  const before = context.globalAlpha;
  context.globalAlpha = 1;
  context.fillStyle = surface;
  for (const path of paths) context.fill(path);
  context.globalAlpha = before;
}

/** @param {CanvasRenderingContext2D} context @param {Seen[]} list @param {import('./graph-sight.js').Ground} ground @param {string} colour @param {boolean} light */
function drawRings(context, list, ground, colour, light) {
  const before = context.globalAlpha;
  context.beginPath();
  for (const { x, y } of list) {
    context.moveTo(x + place.radius + 4, y + ground.circleY);
    context.arc(x, y + ground.circleY, place.radius + 4, 0, 2 * Math.PI);
  }
  context.globalAlpha = before * (light ? 0.45 : 1);
  context.strokeStyle = colour;
  context.lineWidth = 3;
  context.stroke();
  context.globalAlpha = before;
}

/** @param {CanvasRenderingContext2D} context @param {Seen} seen @param {import('./graph-sight.js').Ground} ground
 * @param {import('./graph-colour.js').Values} values @param {import('./graph-palette.js').Palette} palette */
function drawOutline(context, { task, x, y }, ground, values, { words, lift }) {
  const value = values.of[task], has = value >= 0;
  context.strokeStyle = has ? `rgb(${plasmaOn(values.most > 0 ? value / values.most : 0, lift).join()})` : words.line;
  context.lineWidth = has ? 5 : 1.25;
  context.beginPath();
  context.arc(x, y + ground.circleY, place.radius - (has ? 2 : 0), 0, 2 * Math.PI);
  if (!ground.collapsed) context.rect(x - boxWidth / 2 + 1.5, y + place.boxY - boxHeight / 2 + 1.5, boxWidth - 3, boxHeight - 3);
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Seen} seen @param {import('./graph-dots.js').Scene} scene @param {(task: number, room: number) => string} labelOf */
function drawSigns(context, { task, x, y, state }, { ground, values, palette: { words } }, labelOf) {
  const finished = state === DONE || state === RELEASED, filled = !values && (state === RUNNING || finished);
  const onCircle = filled ? words['on-fill'] : state === ERRED && !values ? words['on-erred'] : state === CANCELLED ? words.muted : words.ink;
  const value = values ? values.of[task] : NaN;
  context.fillStyle = onCircle;
  context.fillText(values && value >= 0 ? values.write(value) : labelOf(task, 2 * place.radius - 6), x, y + ground.circleY + 4);
  context.lineWidth = 1.75;
  context.strokeStyle = onCircle;
  if (finished || state === ERRED) strokeAt(context, finished ? tick : cross, x, y + ground.circleY + 17);
  if (ground.collapsed || !finished) return;
  context.beginPath();
  context.arc(x, y + place.boxY, 4, 0, 2 * Math.PI);
  context.strokeStyle = context.fillStyle = values ? words.ink : words['on-fill'];
  context.stroke();
  if (state === DONE) context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {Path2D} path @param {number} x @param {number} y */
function strokeAt(context, path, x, y) {
  context.translate(x, y);
  context.stroke(path);
  context.translate(-x, -y);
}
