/** The SVG of a drawing: made once for a graph, then only attributes of the cells that changed are set. */
import { boxHeight, boxWidth, routesOf } from 'heddle/layout';
import { counted, resultWords } from 'heddle/trace';
import { arcRoom } from './drawing.js';
import { html, svg } from './elements.js';

const tick = 'M-4.5 .2L-1.4 3.2L4.5 -3.2';
const cross = 'M-3.8 -3.8L3.8 3.8M3.8 -3.8L-3.8 3.8';
/** @type {Record<string, string>} */
const marks = { done: tick, released: tick, erred: cross };
/** @type {Record<string, string>} */
const resultTitles = { done: `result ${resultWords.held}`, released: `result ${resultWords.freed}` };

export class Picture {
  root = svg('svg', { class: 'hd-picture', role: 'img', 'aria-label': 'Task graph' });
  /** @type {import('./drawing.js').Cell[]} */ #cells = [];
  /** @type {{ call: SVGGElement, title: Element, mark: SVGPathElement, arc: SVGElement | null, result: SVGGElement, resultTitle: Element, held: Element | null }[]} */
  #nodes = [];

  clear() {
    this.#cells = [];
    this.#nodes = [];
    this.root.replaceChildren();
  }

  /**
   * @param {import('./drawing.js').Drawing} drawing
   * @param {import('heddle/layout').Placement} placement
   * @param {(cell: number) => string} keyOf
   */
  draw(drawing, placement, keyOf) {
    this.#cells = drawing.cells;
    this.#nodes = [];
    const { lines, heads } = routesOf(drawing, placement);
    const nodes = svg('g');
    drawing.cells.forEach((cell, index) => {
      const node = drawing.grouped ? group(cell) : single(cell);
      for (const [part, [x, y]] of /** @type {const} */ ([[node.call, placement.circles[index]], [node.result, placement.boxes[index]]])) {
        part.setAttribute('transform', `translate(${x} ${y})`);
        part.dataset.key = keyOf(index);
        nodes.append(part);
      }
      this.#nodes.push(node);
    });
    this.root.replaceChildren(svg('path', { class: 'hd-lines', d: lines }), svg('path', { class: 'hd-heads', d: heads }), nodes);
  }

  /** @param {Map<number, import('./drawing.js').CellLook>} looks */
  update(looks) {
    for (const [index, { call, result, finished, held }] of looks) {
      const node = this.#nodes[index];
      const cell = this.#cells[index];
      if (node.call.dataset.state !== call) {
        node.call.dataset.state = call;
        node.mark.setAttribute('d', marks[call] ?? '');
      }
      if (node.result.dataset.state !== result) node.result.dataset.state = result;
      if (node.arc && node.held) {
        node.arc.setAttribute('stroke-dasharray', `${(100 * finished) / cell.count} 100`);
        node.held.textContent = held > 0 ? counted(held) : '';
        node.title.textContent = `${cell.title}, ${counted(finished)} done`;
        node.resultTitle.textContent = `${cell.title}, ${counted(held)} ${resultWords.held}`;
      } else {
        node.title.textContent = `${cell.title}: ${call === 'released' ? 'done' : call}`;
        node.resultTitle.textContent = `${cell.title}: ${resultTitles[result] ?? 'no result yet'}`;
      }
    }
  }
}

/** @param {import('./drawing.js').Cell} cell */
function single({ label, radius }) {
  const title = svg('title');
  const mark = svg('path', { class: 'hd-mark', transform: 'translate(0 14.5)' });
  const call = svg('g', { class: 'hd-call' }, title,
    svg('circle', { class: 'hd-ring', r: radius + 3.5 }), svg('circle', { class: 'hd-shape', r: radius }),
    svg('text', { class: 'hd-label', y: 4 }, label), mark);
  return { call, title, mark, arc: null, ...box(null) };
}

/** @param {import('./drawing.js').Cell} cell */
function group({ label, radius: outer, count }) {
  const radius = outer - arcRoom;
  const title = svg('title');
  const mark = svg('path', { class: 'hd-mark', transform: `translate(0 ${radius - 9})` });
  const track = { r: outer - 2, pathLength: 100, transform: 'rotate(-90)' };
  const arc = svg('circle', { class: 'hd-arc', 'stroke-dasharray': '0 100', ...track });
  const call = svg('g', { class: 'hd-call hd-group' }, title,
    svg('circle', { class: 'hd-track', r: outer - 2 }), arc, svg('circle', { class: 'hd-shape', r: radius }),
    svg('text', { class: 'hd-label', y: -2 }, label),
    svg('text', { class: 'hd-label hd-count', y: 13 }, `×${counted(count)}`), mark);
  return { call, title, mark, arc, ...box(svg('text', { class: 'hd-label hd-count', y: 4.5 })) };
}

/** @param {SVGTextElement | null} held */
function box(held) {
  const resultTitle = svg('title');
  const result = svg('g', { class: held ? 'hd-result hd-group' : 'hd-result' }, resultTitle, svg('rect', {
    class: 'hd-shape', x: -boxWidth / 2, y: -boxHeight / 2, width: boxWidth, height: boxHeight, rx: 2,
  }), svg('circle', { class: 'hd-value', r: 4 }));
  if (held) result.append(held);
  return { result, resultTitle, held };
}

/**
 * What the looks mean, with how many there are of each now.
 */
export class Legend {
  root = html('ul', { class: 'hd-legend' });
  /** @type {Map<string, { item: HTMLElement, number: HTMLElement, always: boolean }>} */ #items = new Map();

  constructor() {
    for (const [word, look, state, always] of /** @type {[string, 'call' | 'result', string, boolean][]} */ ([
      ['waiting', 'call', 'waiting', true], ['running', 'call', 'running', true], ['done', 'call', 'done', true],
      [resultWords.held, 'result', 'done', true], [resultWords.freed, 'result', 'released', true],
      ['erred', 'call', 'erred', false], ['cancelled', 'call', 'cancelled', false],
    ])) {
      const number = html('span', { class: 'hd-number' });
      const item = html('li', {}, icon(look, state), `${word} `, number);
      item.hidden = !always;
      this.root.append(item);
      this.#items.set(word, { item, number, always });
    }
  }

  /** @param {Record<string, number>} counts by the words of the legend */
  update(counts) {
    for (const [word, { item, number, always }] of this.#items) {
      const text = counted(counts[word] ?? 0);
      if (number.textContent !== text) number.textContent = text;
      item.hidden = !always && !counts[word];
    }
  }
}

/** @param {'call' | 'result'} look @param {string} state */
function icon(look, state) {
  const parts = look === 'call'
    ? [svg('circle', { class: 'hd-ring', r: 8 }), svg('circle', { class: 'hd-shape', r: state === 'running' ? 5.5 : 7 }), svg('path', { class: 'hd-mark', d: marks[state] ?? '', transform: 'scale(.8)' })]
    : [svg('rect', { class: 'hd-shape', x: -9, y: -6.5, width: 18, height: 13, rx: 1.5 }), svg('circle', { class: 'hd-value', r: 2.8 })];
  return svg('svg', { class: 'hd-icon', viewBox: '-10 -10 20 20', width: 20, height: 20, 'aria-hidden': 'true' },
    svg('g', { class: look === 'call' ? 'hd-call' : 'hd-result', 'data-look': state }, ...parts));
}
