/**
 * Which tasks of a layered graph are in sight, and where each stands in pixels of the picture. When they stand closer
 * than pixels, some stand for their neighbours. No DOM.
 */

/** The room of one task, its circle and its box, in pixels of the picture; y from the middle of the place. */
export const place = Object.freeze({ width: 80, height: 140, flat: 92, radius: 28, circleY: 19, boxY: -47, margin: 24 });

/** More dots than this take too long in a frame. */
const dotLimit = 60_000;

/** @typedef {{ drawn: number, inSight: number, stepX: number, stepY: number }} Sight how many tasks are drawn of how many, and which places */

/** Layers in pixels. */
export class Ground {
  /** @param {import('heddle/layout').Layers} layers @param {boolean} collapsed */
  constructor(layers, collapsed) {
    this.layers = layers;
    this.collapsed = collapsed;
    this.rowHeight = collapsed ? place.flat : place.height;
    this.circleY = collapsed ? 0 : place.circleY;
    this.width = layers.width * place.width + 2 * place.margin;
    this.height = layers.height * this.rowHeight + 2 * place.margin;
  }

  /** The middle of a task's place. @param {number} task */
  xOf(task) { return place.margin + this.layers.x[task] * place.width; }
  /** @param {number} task */
  yOf(task) { return this.height - place.margin - this.layers.y[task] * this.rowHeight; }

  /**
   * @param {import('./viewport.js').View} view
   * @param {Uint32Array} into takes the tasks in sight; of too many, or of those that stand within a pixel, some, evenly
   * @returns {Sight}
   */
  look(view, into) {
    const { folds } = this.layers, seen = this.#bounds(view);
    let inSight = 0;
    for (let row = 0; row < folds.length; row++) inSight += this.#part(row, seen)?.tasks ?? 0;
    const crowd = Math.sqrt(Math.max(1, inSight / dotLimit));
    const stepX = Math.ceil(Math.max(crowd, 1 / (place.width * view.scale))), stepY = Math.ceil(Math.max(crowd, 1 / (this.rowHeight * view.scale)));
    return { drawn: this.#collect(seen, stepX, stepY, into), inSight, stepX, stepY };
  }

  /** What is seen, in places. @param {import('./viewport.js').View} view */
  #bounds(view) {
    return {
      left: (view.left - place.margin) / place.width - 0.5, right: (view.left + view.width - place.margin) / place.width + 0.5,
      low: (this.height - place.margin - view.top - view.height) / this.rowHeight, high: (this.height - place.margin - view.top) / this.rowHeight,
    };
  }

  /** The columns and lines of a layer that are seen. @param {number} row @param {{ left: number, right: number, low: number, high: number }} seen */
  #part(row, { left, right, low, high }) {
    const { starts, bottoms, folds, x, order } = this.layers, bottom = bottoms[row], fold = folds[row], from = starts[row], to = starts[row + 1];
    if (bottom + fold < low || bottom > high) return null;
    if (fold === 1) {
      const first = lowerBound(order, x, from, to, left), past = lowerBound(order, x, from, to, right);
      return first < past ? { first: first - from, past: past - from, lowest: 0, highest: 0, tasks: past - first } : null;
    }
    const start = x[order[from]], first = Math.max(0, Math.floor(left - start)), past = Math.min(Math.ceil((to - from) / fold), Math.ceil(right - start) + 1);
    const lowest = Math.max(0, Math.floor(low - bottom)), highest = Math.min(fold - 1, Math.ceil(high - bottom));
    if (past <= first || highest < lowest) return null;
    return { first, past, lowest, highest, tasks: Math.min(to - from, (past - first) * (highest - lowest + 1)) };
  }

  /** @param {{ left: number, right: number, low: number, high: number }} seen @param {number} stepX @param {number} stepY @param {Uint32Array} into */
  #collect(seen, stepX, stepY, into) {
    const { starts, bottoms, folds, x, order } = this.layers;
    let drawn = 0, lastBottom = -Infinity;
    for (let row = 0; row < folds.length; row++) {
      const part = this.#part(row, seen), bottom = bottoms[row], from = starts[row], to = starts[row + 1];
      if (!part) continue;
      if (folds[row] === 1) {
        /* In the next column of a tall picture it goes on below. */
        if (bottom >= lastBottom && bottom - lastBottom < stepY) continue;
        lastBottom = bottom;
        let last = -Infinity;
        for (let at = from + part.first; at < from + part.past; at++) {
          if (x[order[at]] - last < stepX - 0.5) continue;
          last = x[order[at]];
          into[drawn++] = order[at];
        }
        continue;
      }
      lastBottom = -Infinity;
      for (let column = part.first - (part.first % stepX); column < part.past; column += stepX) {
        for (let line = part.lowest - (part.lowest % stepY); line <= part.highest; line += stepY) {
          const at = from + column * folds[row] + line;
          if (at < to) into[drawn++] = order[at];
        }
      }
    }
    return drawn;
  }

  /** The task at a point. @param {{ x: number, y: number }} point @returns {number | null} */
  taskAt(point) {
    const { starts, bottoms, folds, x, order } = this.layers;
    const atX = (point.x - place.margin) / place.width, atY = (this.height - place.margin - point.y) / this.rowHeight;
    for (let row = 0; row < folds.length; row++) {
      const line = Math.floor(atY - bottoms[row]), from = starts[row], to = starts[row + 1];
      if (line < 0 || line >= folds[row]) continue;
      if (folds[row] > 1) {
        const column = Math.floor(atX - x[order[from]] + 0.5), at = from + column * folds[row] + line;
        if (column >= 0 && at < to) return order[at];
        continue;
      }
      const at = lowerBound(order, x, from, to, atX - 0.5);
      if (at < to && Math.abs(x[order[at]] - atX) <= 0.5) return order[at];
    }
    return null;
  }

  /** The task beside another in its layer. @param {number} task @param {1 | -1} side @returns {number | null} */
  besides(task, side) {
    const { starts, bottoms, folds, x, y, order } = this.layers;
    for (let row = 0; row < folds.length; row++) {
      if (y[task] < bottoms[row] || y[task] > bottoms[row] + folds[row]) continue;
      const from = starts[row], to = starts[row + 1];
      for (let at = Math.max(from, lowerBound(order, x, from, to, x[task] - 0.01)); at < to && x[order[at]] <= x[task] + 0.01; at++) {
        if (order[at] !== task) continue;
        const next = at + side * folds[row];
        return next >= from && next < to ? order[next] : null;
      }
    }
    return null;
  }
}

/** The first place from which on x is at least so much. @param {Uint32Array} order @param {Float32Array} x @param {number} from @param {number} to @param {number} least */
function lowerBound(order, x, from, to, least) {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (x[order[middle]] < least) from = middle + 1;
    else to = middle;
  }
  return from;
}
