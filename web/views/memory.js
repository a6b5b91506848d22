/**
 * `<heddle-memory>`: results in memory, and their bytes, throughout a run, with the budget, the peak and the moment shown.
 *
 *     document.querySelector('heddle-memory').show(model);   // at begin, and on each frame after a batch or a seek
 *
 * A press on a curve asks for that moment (`heddle-seek`).
 */
import { counted, countedNoun, DONE, roundStep, timed } from 'heddle/trace';
import { html, svg, write } from './elements.js';
import { curveOf, levelAt, pixelsOf } from './memory-curve.js';
import { Slices } from './slices.js';

const height = 92, left = 58, right = 14, top = 14, axis = 20;
/** While a run goes on its curve is found anew at most so often: it rests so many times as long as it took. */
const restFor = 30;
/** The table says so many moments. */
const moments = 10;

/** @param {number} bytes */
export function sized(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'], power = bytes < 1 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 9.95 && power ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** One curve: of results, or of bytes. */
class Chart {
  #area = svg('path', { class: 'hd-area' });
  #line = svg('path', { class: 'hd-curve' });
  #grid = svg('g', { class: 'hd-axis' });
  #budget = svg('g', { class: 'hd-budget' });
  #cursor = svg('line', { class: 'hd-cursor' });
  #title = html('p', { class: 'hd-chart-title' });
  picture = svg('svg', { class: 'hd-chart', role: 'img', height: height + top + axis }, this.#grid, this.#area, this.#line, this.#budget, this.#cursor);
  root = html('div', {}, this.#title, this.picture);

  /** @param {'results' | 'bytes'} what @param {(number: number) => string} said */
  constructor(what, said) {
    this.what = what;
    this.said = said;
  }

  /** @param {import('./memory-curve.js').Curve} curve @param {number} budget 0: none @param {number} width */
  draw(curve, budget, width) {
    const { what } = this, peak = curve.peak[what], inner = Math.max(40, width - left - right);
    const most = Math.max(1, budget && budget <= 3 * peak ? Math.max(peak, budget) : peak) * 1.08;
    const yOf = (/** @type {number} */ level) => top + height - (level / most) * height;
    const levels = pixelsOf(curve[what], Math.ceil(inner));
    let path = '';
    levels.forEach((level, x) => (path += `${x ? 'L' : 'M'}${left + x} ${yOf(level).toFixed(1)}L${left + Math.min(x + 1, inner)} ${yOf(level).toFixed(1)}`));
    this.#line.setAttribute('d', path);
    this.#area.setAttribute('d', `${path}L${left + inner} ${top + height}L${left} ${top + height}Z`);
    this.picture.setAttribute('viewBox', `0 0 ${left + inner + right} ${height + top + axis}`);
    this.#drawGrid(curve.spanMs, most, inner, yOf);
    this.#budget.replaceChildren(...(budget && budget <= most ? [svg('line', { x1: left, x2: left + inner, y1: yOf(budget), y2: yOf(budget) }),
      svg('text', { x: left + inner - 4, y: yOf(budget) - 4, 'text-anchor': 'end' }, `budget ${this.said(budget)}`)] : []));
  }

  /** @param {number} spanMs @param {number} most @param {number} inner @param {(level: number) => number} yOf */
  #drawGrid(spanMs, most, inner, yOf) {
    const parts = [], step = Math.max(this.what === 'results' ? 1 : 0, roundStep(most, 3));
    for (let level = 0; level <= most; level += step) {
      parts.push(svg('line', { x1: left, x2: left + inner, y1: yOf(level), y2: yOf(level), class: level ? '' : 'hd-base' }),
        svg('text', { x: left - 8, y: yOf(level) + 4, 'text-anchor': 'end' }, this.said(level)));
    }
    const every = roundStep(spanMs || 1, Math.max(2, inner / 80));
    for (let at = 0; at <= spanMs * 1.0001; at += every) {
      const x = left + (at / (spanMs || 1)) * inner, isLast = x > left + inner - 16;
      parts.push(svg('text', { x: isLast ? left + inner + right : x, y: top + height + 16, 'text-anchor': isLast ? 'end' : 'middle' }, at ? timed(at) : '0'));
    }
    this.#grid.replaceChildren(...parts);
  }

  /** Where the moment shown is. @param {string} says @param {number} part of the run: 0 to 1 @param {number} width */
  mark(says, part, width) {
    const x = left + Math.min(1, part) * Math.max(40, width - left - right);
    for (const [name, value] of [['x1', x], ['x2', x], ['y1', top - 6], ['y2', top + height]]) this.#cursor.setAttribute(String(name), String(value));
    write(this.#title, says);
    this.picture.setAttribute('aria-label', says);
  }
}

export class HeddleMemory extends HTMLElement {
  #charts = { results: new Chart('results', counted), bytes: new Chart('bytes', sized) };
  #note = html('p', { class: 'hd-note' });
  #scroller = html('div', { class: 'hd-scroller', tabindex: 0, role: 'region', 'aria-label': 'Memory' });
  #table = html('details', { class: 'hd-tasks' }, html('summary', {}, 'As a table'), this.#scroller);
  #slices = new Slices();
  #observer = new ResizeObserver(() => this.#redraw());
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  /** @type {import('./memory-curve.js').Curve | null} */ #curve = null;
  #curveVersion = 0;
  #dueAt = 0;

  connectedCallback() {
    if (!this.#note.isConnected) {
      this.replaceChildren(this.#charts.results.root, this.#charts.bytes.root, this.#note, this.#table);
      this.#table.addEventListener('toggle', () => this.#fill());
      for (const { picture } of Object.values(this.#charts)) picture.addEventListener('click', (event) => this.#press(event));
    }
    this.#observer.observe(this);
    if (this.#model) this.show(this.#model);
  }

  disconnectedCallback() {
    this.#observer.disconnect();
    this.#slices.stop();
  }

  /**
   * Draws the memory of a run.
   * @param {import('heddle/trace').TraceModel} model
   */
  show(model) {
    if (model !== this.#model) {
      this.#slices.stop();
      this.#curve = null;
      this.#curveVersion = this.#dueAt = 0;
    }
    this.#model = model;
    if (!this.isConnected) return;
    const clock = performance.now();
    if (this.#curveVersion !== model.newsVersion && !this.#slices.busy && (model.outcome !== null || clock >= this.#dueAt)) {
      const version = model.newsVersion;
      this.#slices.begin(curveOf(model), (curve) => {
        this.#curve = curve;
        this.#curveVersion = version;
        this.#dueAt = performance.now() + restFor * (performance.now() - clock);
        this.#redraw();
      });
    }
    this.#mark();
  }

  #redraw() {
    const model = this.#model, curve = this.#curve, width = this.#width;
    if (!model || !curve || width === 0) return;
    const { budget } = model, hasBytes = curve.peak.bytes > 0;
    this.#charts.bytes.root.hidden = !hasBytes;
    this.#charts.results.draw(curve, budget.results, width);
    if (hasBytes) this.#charts.bytes.draw(curve, budget.bytes, width);
    write(this.#note, hasBytes ? '' : 'The results of this run are numbers, texts or the like, whose bytes are not counted.');
    this.#mark();
    this.#fill();
  }

  get #width() {
    return this.#charts.results.picture.clientWidth || this.clientWidth;
  }

  /** Says and marks what is held at the moment shown. */
  #mark() {
    const model = this.#model, curve = this.#curve;
    if (!model) return;
    const { budget, counts, shownMs } = model, part = curve?.spanMs ? shownMs / curve.spanMs : 1, when = model.cursorMs === null ? '' : ` at ${timed(shownMs)}`;
    const peakOf = (/** @type {number | undefined} */ peak, /** @type {string} */ says) => (peak ? `; at most ${says}` : '');
    const of = (/** @type {string} */ says) => (says ? `; budget ${says}` : '');
    this.#charts.results.mark(`${countedNoun(counts[DONE], 'result')} in memory${when}${peakOf(curve?.peak.results, counted(curve?.peak.results ?? 0))}`
      + of(budget.results ? counted(budget.results) : ''), part, this.#width);
    this.#charts.bytes.mark(`${sized(model.bytesHeld)} in memory${when}${peakOf(curve?.peak.bytes, sized(curve?.peak.bytes ?? 0))}`
      + of(budget.bytes ? sized(budget.bytes) : ''), part, this.#width);
  }

  /** The table, while it is open. */
  #fill() {
    const curve = this.#curve;
    if (!curve || !this.#table.open) return;
    const { spanMs, peak } = curve, rows = Array.from({ length: moments + 1 }, (_, at) => ({ at: (at / moments) * spanMs, says: '' }));
    rows.push({ at: peak.resultsAtMs, says: ', most results' });
    if (peak.bytes) rows.push({ at: peak.bytesAtMs, says: ', most bytes' });
    rows.sort((a, b) => a.at - b.at);
    const titles = ['Moment', 'Results', ...(peak.bytes ? ['Bytes'] : [])].map((title) => html('th', { scope: 'col' }, title));
    this.#scroller.replaceChildren(html('table', {}, html('thead', {}, html('tr', {}, ...titles)), html('tbody', {}, ...rows.map(({ at, says }) =>
      html('tr', {}, html('th', { scope: 'row' }, `${timed(at)}${says}`), html('td', {}, counted(levelAt(curve, 'results', at))),
        ...(peak.bytes ? [html('td', {}, sized(levelAt(curve, 'bytes', at)))] : []))))));
  }

  /** @param {MouseEvent} event */
  #press(event) {
    const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect(), { spanMs } = this.#curve ?? { spanMs: 0 };
    const part = (event.clientX - box.left - left) / Math.max(40, box.width - left - right);
    if (spanMs && part >= 0 && part <= 1) this.dispatchEvent(new CustomEvent('heddle-seek', { bubbles: true, composed: true, detail: { atMs: part * spanMs } }));
  }
}

customElements.define('heddle-memory', HeddleMemory);
