/**
 * The edges of a layered graph on a canvas. Only those at tasks in sight are looked at, and of very many only some are
 * drawn, always the same: it tells how many were left out.
 */
import { ANCESTOR, CRITICAL, DESCENDANT, SELECTED } from './graph-marks.js';
import { place } from './graph-sight.js';

/** At most about so many lines can be drawn in a frame, and told apart. */
const linesLimit = 2500;
/** With more tasks in sight than this, edges are picked from all over the graph. */
const manyInSight = 20_000;
/** From this scale on lines are curves, and have heads. */
const curved = 0.22, headed = 0.4;
/** Steps that have nothing in common with the regular widths of graphs. */
const strides = [1, 2, 3, 5, 7, 11, 17, 23, 31, 47, 67, 97, 139, 197, 281, 397, 563, 797, 1123, 1597, 2237, 3203, 4481, 6421, 9001];
const [boxTop, headLength] = [15, 8];

/**
 * @param {CanvasRenderingContext2D} context in pixels of the picture
 * @param {import('./graph-sight.js').Ground} ground
 * @param {import('./graph-marks.js').Edges} edges
 * @param {import('./viewport.js').View} view
 * @param {{ tasks: Uint32Array, drawn: number, inSight: number }} sight
 * @returns {number} of how many edges one was drawn
 */
export function drawEdges(context, ground, edges, view, { tasks, drawn, inSight }) {
  const { offsets, inputs, dependentOffsets, dependents } = edges, count = offsets.length - 1;
  const lines = new Lines(context, ground, view.scale), { x, y } = ground.layers;
  if (inSight > manyInSight) {
    const stride = strideFor((inSight * offsets[count]) / Math.max(1, count));
    for (let task = 0; task < count; task += stride) {
      const from = offsets[task], to = Math.min(offsets[task + 1], from + 4);
      if (from < to && seen(ground, view, task)) for (let at = from; at < to; at++) lines.add(inputs[at], task);
    }
    lines.stroke();
    return stride;
  }
  let total = 0;
  for (let at = 0; at < drawn; at++) total += offsets[tasks[at] + 1] - offsets[tasks[at]] + dependentOffsets[tasks[at] + 1] - dependentOffsets[tasks[at]];
  const stride = strideFor(total);
  let skip = 0;
  for (let at = 0; at < drawn; at++) {
    const task = tasks[at], from = offsets[task], to = offsets[task + 1], past = dependentOffsets[task + 1];
    let edge = from + skip;
    for (; edge < to; edge += stride) lines.add(inputs[edge], task);
    edge = dependentOffsets[task] + edge - to;
    /* Those whose other end is in sight too are drawn from there. */
    for (; edge < past; edge += stride) if (!seen(ground, view, dependents[edge])) lines.add(task, dependents[edge]);
    skip = edge - past;
  }
  lines.stroke();
  return stride;

  /** @param {import('./graph-sight.js').Ground} of @param {import('./viewport.js').View} within @param {number} task */
  function seen(of, within, task) {
    const atX = place.margin + x[task] * place.width - within.left, atY = of.height - place.margin - y[task] * of.rowHeight - within.top;
    return atX >= -place.width / 2 && atX <= within.width + place.width / 2 && atY >= -of.rowHeight / 2 && atY <= within.height + of.rowHeight / 2;
  }
}

/**
 * The edges between tasks that are lit, of relatives or of the critical path.
 * @param {(input: number, task: number) => boolean} joined which: joined or joinedCritically
 * @param {CanvasRenderingContext2D} context @param {import('./graph-sight.js').Ground} ground @param {import('./graph-marks.js').Edges} edges
 * @param {import('./graph-marks.js').Marks} marks @param {number} scale
 */
export function drawLitEdges(joined, context, ground, { offsets, inputs }, { of, lit }, scale) {
  const lines = new Lines(context, ground, scale), stride = strideFor(lit.length);
  for (let at = 0; at < lit.length; at += stride) {
    const task = lit[at];
    for (let edge = offsets[task], past = Math.min(offsets[task + 1], edge + 64); edge < past; edge++) {
      if (joined(of[inputs[edge]], of[task])) lines.add(inputs[edge], task);
    }
  }
  lines.stroke();
}

/** Whether an edge joins relatives of the selected task. @param {number} input @param {number} task bits of graph-marks.js */
export function joined(input, task) {
  return (input & ANCESTOR && task & (ANCESTOR | SELECTED)) || (input & (DESCENDANT | SELECTED) && task & DESCENDANT) ? true : false;
}

/** Whether an edge is on the critical path. @param {number} input @param {number} task bits of graph-marks.js */
export function joinedCritically(input, task) {
  return (input & task & CRITICAL) !== 0;
}

/** @param {number} lines */
function strideFor(lines) {
  return strides.find((stride) => lines / stride <= linesLimit) ?? Math.ceil(lines / linesLimit);
}

/** Lines from boxes up to circles, collected in one path, and their heads in another. */
class Lines {
  #heads = new Path2D();
  #path = new Path2D();

  /** @param {CanvasRenderingContext2D} context @param {import('./graph-sight.js').Ground} ground @param {number} scale */
  constructor(context, ground, scale) {
    this.context = context;
    this.ground = ground;
    this.scale = scale;
    this.from = ground.collapsed ? -place.radius : place.boxY - boxTop;
    this.to = ground.circleY + place.radius;
  }

  /** @param {number} input @param {number} task */
  add(input, task) {
    const { ground } = this, startX = ground.xOf(input), startY = ground.yOf(input) + this.from, endX = ground.xOf(task), endY = ground.yOf(task) + this.to;
    const head = this.scale >= headed ? headLength : 0;
    this.#path.moveTo(startX, startY);
    if (this.scale >= curved && startY > endY) this.#curve(input, task, startX, startY, endX, endY + head);
    else this.#path.lineTo(endX, endY + head);
    if (!head) return;
    this.#heads.moveTo(endX, endY);
    this.#heads.lineTo(endX - 3.2, endY + head);
    this.#heads.lineTo(endX + 3.2, endY + head);
  }

  /**
   * Inside a folded row a line keeps to the gaps between its columns, so that it is not taken for one of the tasks that
   * it passes.
   * @param {number} input @param {number} task @param {number} startX @param {number} startY @param {number} endX @param {number} endY
   */
  #curve(input, task, startX, startY, endX, endY) {
    const { ground } = this, { rows, folds, bottoms, y } = ground.layers, path = this.#path, lower = rows[input], upper = rows[task];
    const levelOf = (/** @type {number} */ places) => ground.height - place.margin - places * ground.rowHeight;
    let [x, from, to, aimX] = [startX, startY, endY, endX];
    if (y[input] + 1 < bottoms[lower] + folds[lower]) {
      x += place.width / 2;
      from = levelOf(bottoms[lower] + folds[lower]);
      path.bezierCurveTo(startX, startY - 16, x, startY - 2, x, startY - 26);
      path.lineTo(x, from);
    }
    const enters = y[task] - 1 > bottoms[upper];
    if (enters) {
      aimX -= place.width / 2;
      to = levelOf(bottoms[upper]);
    }
    const pull = Math.max(0, from - to) * 0.45;
    path.bezierCurveTo(x, from - pull, aimX, to + pull, aimX, to);
    if (!enters) return;
    path.lineTo(aimX, endY + 22);
    path.bezierCurveTo(aimX, endY + 4, endX, endY + 14, endX, endY);
  }

  stroke() {
    this.context.stroke(this.#path);
    if (this.scale >= headed) this.context.fill(this.#heads);
  }
}
