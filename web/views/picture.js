/** The SVG of a drawing: made once for a graph, then only attributes of the cells that changed are set. */
import { boxHeight, boxWidth, routesOf } from 'heddle/layout';
import { counted, resultWords } from 'heddle/trace';
import { arcRoom } from './drawing.js';
import { svg } from './elements.js';
import { plasma } from './graph-colour.js';
import { joined, joinedCritically } from './graph-edges.js';
import { ANCESTOR, CRITICAL, DESCENDANT, MATCH, SELECTED } from './graph-marks.js';

const tick = 'M-4.5 .2L-1.4 3.2L4.5 -3.2';
const cross = 'M-3.8 -3.8L3.8 3.8M3.8 -3.8L-3.8 3.8';
/** The sign of each state. @type {Record<string, string>} */
export const marks = { done: tick, released: tick, erred: cross };

/** @typedef {{ call: SVGGElement, mark: SVGPathElement, label: Element, title: Element | null, arc: SVGElement | null, result: SVGGElement | null, resultTitle: Element | null, held: Element | null }} Node */

export class Picture {
  element = svg('svg', { class: 'hd-picture', role: 'img', 'aria-label': 'Task graph' });
  /** @type {import('./drawing.js').Drawing | null} */ #drawing = null;
  /** @type {import('heddle/layout').Placement | null} */ #placement = null;
  /** @type {Node[]} */ #nodes = [];
  /** @type {import('heddle/layout').Route[]} */ #routes = [];
  #lit = svg('path', { class: 'hd-lines hd-lit' });
  #litHeads = svg('path', { class: 'hd-heads hd-lit' });
  #critical = svg('path', { class: 'hd-lines hd-lit hd-critical' });
  #criticalHeads = svg('path', { class: 'hd-heads hd-lit hd-critical' });

  clear() {
    this.#drawing = this.#placement = null;
    this.#nodes = [];
    this.element.replaceChildren();
  }

  /** @param {import('./viewport.js').View} view */
  look({ left, top, width, height }) {
    this.element.setAttribute('viewBox', [left, top, width, height].map((value) => value.toFixed(2)).join(' '));
  }

  /**
   * @param {import('./drawing.js').Drawing} drawing
   * @param {import('heddle/layout').Placement} placement
   * @param {(cell: number) => string} keyOf
   * @param {boolean} collapsed without boxes
   */
  draw(drawing, placement, keyOf, collapsed) {
    this.#drawing = drawing;
    this.#placement = placement;
    this.#nodes = [];
    const { lines, heads, links } = routesOf(drawing, placement, collapsed), nodes = svg('g');
    this.#routes = links;
    drawing.cells.forEach((cell, index) => {
      const node = drawing.grouped ? group(cell, collapsed) : single(cell, collapsed);
      for (const [part, [x, y]] of /** @type {const} */ ([[node.call, placement.circles[index]], [node.result, placement.boxes[index]]])) {
        if (!part) continue;
        part.setAttribute('transform', `translate(${x} ${y})`);
        part.dataset.key = keyOf(index);
        part.dataset.cell = String(index);
        nodes.append(part);
      }
      this.#nodes.push(node);
    });
    const stressed = [this.#lit, this.#litHeads, this.#critical, this.#criticalHeads];
    for (const path of stressed) path.removeAttribute('d');
    this.element.toggleAttribute('data-collapsed', collapsed);
    this.element.replaceChildren(svg('path', { class: 'hd-lines', d: lines }), svg('path', { class: 'hd-heads', d: heads }), ...stressed, nodes);
  }

  /** @param {Map<number, import('./drawing.js').CellLook>} looks */
  update(looks) {
    for (const [index, { call, result, finished, held }] of looks) {
      const node = this.#nodes[index], cell = this.#drawing?.cells[index];
      if (!cell) continue;
      if (node.call.dataset.state !== call) {
        node.call.dataset.state = call;
        node.mark.setAttribute('d', marks[call] ?? '');
      }
      if (node.result && node.result.dataset.state !== result) node.result.dataset.state = result;
      if (!node.arc || !node.title) continue;
      node.arc.setAttribute('stroke-dasharray', `${(100 * finished) / cell.count} 100`);
      node.title.textContent = `${cell.title}, ${counted(finished)} done, ${counted(held)} ${resultWords.held}`;
      if (node.held) node.held.textContent = held > 0 ? counted(held) : '';
      if (node.resultTitle) node.resultTitle.textContent = `${cell.title}, ${counted(held)} ${resultWords.held}`;
    }
  }

  /** @param {import('./graph-marks.js').Marks | null} marked */
  mark(marked) {
    const drawing = this.#drawing;
    if (!drawing) return;
    /* A group is what any of its tasks is. */
    const bits = new Uint8Array(drawing.cells.length);
    if (marked) for (let task = 0; task < marked.of.length; task++) bits[drawing.cellOf[task]] |= marked.of[task];
    this.element.toggleAttribute('data-fades', marked?.fades ?? false);
    this.#nodes.forEach(({ call, result }, cell) => {
      const words = wordsOf(bits[cell]);
      for (const part of [call, result]) {
        if (!part) continue;
        if (words) part.dataset.mark = words;
        else delete part.dataset.mark;
      }
    });
    for (const [is, lines, heads] of /** @type {const} */ ([[joined, this.#lit, this.#litHeads], [joinedCritically, this.#critical, this.#criticalHeads]])) {
      const lit = marked?.fades ? this.#routes.filter((_, link) => is(bits[drawing.links[link][0]], bits[drawing.links[link][1]])) : [];
      lines.setAttribute('d', lit.map(({ line }) => line).join(''));
      heads.setAttribute('d', lit.map(({ head }) => head).join(''));
    }
  }

  /** Outlines by value, and values as labels; only of single tasks. @param {import('./graph-colour.js').Values | null} values */
  paint(values) {
    const drawing = this.#drawing;
    if (!drawing) return;
    const painted = drawing.grouped ? null : values;
    this.element.toggleAttribute('data-painted', painted !== null);
    this.#nodes.forEach(({ call, result, label }, cell) => {
      const value = painted ? painted.of[cell] : NaN, has = painted !== null && value >= 0;
      const text = has ? painted.write(value) : drawing.cells[cell].label;
      if (label.textContent !== text) label.textContent = text;
      for (const part of [call, result]) {
        part?.toggleAttribute('data-valued', has);
        if (has) part?.style.setProperty('--value', `rgb(${plasma(painted.most > 0 ? value / painted.most : 0).join()})`);
      }
    });
  }

  /** The cell that an event is about. @param {Event} event */
  cellAt(event) {
    const part = event.target instanceof Element ? event.target.closest('[data-cell]') : null;
    return part instanceof SVGElement && this.element.contains(part) ? Number(part.dataset.cell) : null;
  }

  /** @param {number} task */
  placeOf(task) {
    const cell = this.#drawing?.cellOf[task] ?? 0, [x, y] = this.#placement?.circles[cell] ?? [0, 0];
    return { x, y };
  }

  /** The cell beside that of a task, in its row. @param {number} task @param {1 | -1} side @returns {number | null} */
  besides(task, side) {
    const circles = this.#placement?.circles ?? [], { x, y } = this.placeOf(task);
    let nearest = null, least = Infinity;
    circles.forEach(([atX, atY], cell) => {
      const distance = (atX - x) * side;
      if (Math.abs(atY - y) < 1 && distance > 0 && distance < least) [nearest, least] = [cell, distance];
    });
    return nearest;
  }
}

/** @param {number} bits */
function wordsOf(bits) {
  /** @type {[number, string][]} */
  const words = [[SELECTED, 'selected'], [ANCESTOR, 'ancestor'], [DESCENDANT, 'descendant'], [CRITICAL, 'critical'], [MATCH, 'match']];
  return words.filter(([bit]) => bits & bit).map(([, word]) => word).join(' ');
}

/** @param {import('./drawing.js').Cell} cell @param {boolean} collapsed @returns {Node} */
function single({ label: text, radius }, collapsed) {
  const mark = svg('path', { class: 'hd-mark', transform: 'translate(0 14.5)' }), label = svg('text', { class: 'hd-label', y: 4 }, text);
  const call = svg('g', { class: 'hd-call' },
    svg('circle', { class: 'hd-halo', r: radius + 7 }), svg('circle', { class: 'hd-ring', r: radius + 3.5 }), svg('circle', { class: 'hd-shape', r: radius }), label, mark);
  return { call, title: null, label, mark, arc: null, ...(collapsed ? noBox : box(null)) };
}

/** @param {import('./drawing.js').Cell} cell @param {boolean} collapsed @returns {Node} */
function group({ label: text, radius: outer, count }, collapsed) {
  const radius = outer - arcRoom, title = svg('title');
  const mark = svg('path', { class: 'hd-mark', transform: `translate(0 ${radius - 9})` }), label = svg('text', { class: 'hd-label', y: -2 }, text);
  const track = { r: outer - 2, pathLength: 100, transform: 'rotate(-90)' };
  const arc = svg('circle', { class: 'hd-arc', 'stroke-dasharray': '0 100', ...track });
  const call = svg('g', { class: 'hd-call hd-group' }, title, svg('circle', { class: 'hd-halo', r: outer + 4 }),
    svg('circle', { class: 'hd-track', r: outer - 2 }), arc, svg('circle', { class: 'hd-shape', r: radius }),
    label, svg('text', { class: 'hd-label hd-count', y: 13 }, `×${counted(count)}`), mark);
  return { call, title, label, mark, arc, ...(collapsed ? noBox : box(svg('text', { class: 'hd-label hd-count', y: 4.5 }))) };
}

const noBox = Object.freeze({ result: null, resultTitle: null, held: null });

/** @param {SVGTextElement | null} held */
function box(held) {
  const resultTitle = held ? svg('title') : null;
  const result = svg('g', { class: held ? 'hd-result hd-group' : 'hd-result' }, ...(resultTitle ? [resultTitle] : []), svg('rect', {
    class: 'hd-shape', x: -boxWidth / 2, y: -boxHeight / 2, width: boxWidth, height: boxHeight, rx: 2,
  }), svg('circle', { class: 'hd-value', r: 4 }));
  if (held) result.append(held);
  return { result, resultTitle, held };
}
