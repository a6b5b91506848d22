/**
 * `<heddle-strip>`: one row a thread, time to the right, one bar a task, coloured by function.
 *
 *     document.querySelector('heddle-strip').show(model);   // at begin, and on each frame after a batch
 *
 * Between two batches the bars of running tasks grow by themselves until the model has its `end`.
 */
import { colourOf, counted, countedNoun, ERRED, roundStep, RUNNING, taskStates, timed } from 'heddle/trace';
import { html, measure, svg } from './elements.js';
import { barsOf } from './stream.js';

const labelSize = 12;
const axisHeight = 24;
const tallest = 400;
const namesLimit = 12;
const stepMs = 500;
/** A picture that takes longer is drawn less often: the page rests this many times as long in between. */
const cheapMs = 4;
const restFor = 8;

/**
 * The room that the rows have, in pixels.
 * @typedef {{ pitch: number, gap: number, left: number, width: number, height: number, rows: number, isSerial: boolean }} Room
 */

export class HeddleStrip extends HTMLElement {
  #picture = svg('svg', { class: 'hd-strip', role: 'img', 'aria-label': 'Workers' });
  #names = html('ul', { class: 'hd-legend' });
  #note = html('p', { class: 'hd-note' });
  #observer = new ResizeObserver(() => this.#draw());
  #stillness = matchMedia('(prefers-reduced-motion: reduce)');
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  /** @type {((text: string) => number) | null} */ #widthOf = null;
  #frame = 0;
  #timer = 0;
  #bars = svg('g');
  #axis = svg('g', { class: 'hd-axis' });
  #labels = svg('g', { class: 'hd-task-labels' });
  /** @type {{ rect: SVGRectElement, title: SVGTitleElement, drawn: string }[]} */ #pool = [];
  #costMs = 0;

  connectedCallback() {
    if (!this.contains(this.#picture)) {
      this.#picture.append(this.#axis, this.#bars, this.#labels);
      this.replaceChildren(this.#picture, this.#names, this.#note);
    }
    this.#observer.observe(this);
    this.#draw();
  }

  disconnectedCallback() {
    this.#observer.disconnect();
    this.#rest();
  }

  /**
   * Draws a run as it is now.
   * @param {import('heddle/trace').TraceModel} model
   */
  show(model) {
    const isNew = model !== this.#model;
    this.#model = model;
    if (isNew) this.#nameColours(model);
    if (isNew || model.outcome !== null || this.#costMs < cheapMs) this.#draw();
  }

  #draw() {
    const model = this.#model;
    this.#rest();
    if (!model || !this.isConnected || this.clientWidth === 0) return;
    this.#widthOf ??= measure(this, labelSize);
    const began = performance.now();
    const nowMs = model.nowMs();
    const room = this.#rows(model);
    const range = Math.max(nowMs, 1000);
    this.#drawAxis(room, range);
    this.#drawBars(model, room, nowMs, room.width / range);
    this.#costMs = performance.now() - began;
    if (model.outcome === null) this.#again();
  }

  /** Goes on with the next frame; in steps when frames are dear, or for those who asked for less motion. */
  #again() {
    const wait = this.#stillness.matches ? stepMs : this.#costMs < cheapMs ? 0 : this.#costMs * restFor;
    if (wait > 0) this.#timer = window.setTimeout(() => this.#draw(), wait);
    else this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #rest() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
  }

  /**
   * Many threads get thinner rows, and names only where there is space.
   * @param {import('heddle/trace').TraceModel} model
   * @returns {Room}
   */
  #rows(model) {
    const pitch = Math.max(4, Math.min(28, Math.floor(tallest / model.rows)));
    const left = model.scheduler === 'sync' ? 48 : 72;
    const height = model.rows * pitch;
    const width = Math.max(40, this.clientWidth - left - 14);
    return { pitch, gap: pitch >= 12 ? 4 : 1, left, width, height, rows: model.rows, isSerial: model.scheduler === 'sync' };
  }

  /**
   * @param {Room} room
   * @param {number} range milliseconds from left to right
   */
  #drawAxis({ pitch, left, width, height, rows, isSerial }, range) {
    const total = left + width + 14;
    this.#picture.setAttribute('viewBox', `0 0 ${total} ${height + axisHeight}`);
    this.#picture.style.height = `${height + axisHeight}px`;
    /** @type {SVGElement[]} */
    const parts = [];
    const every = pitch >= 14 ? 1 : roundStep(14 / pitch, 1);
    for (let row = 0; row < rows; row += every) {
      const y = row * pitch + pitch / 2;
      parts.push(svg('text', { class: 'hd-row', x: left - 10, y: Math.max(10, y + 4) }, isSerial ? 'serial' : `worker ${row}`));
    }
    const step = roundStep(range, Math.max(2, width / 72));
    const digits = Math.max(0, -Math.floor(Math.log10(step / 1000) + 1e-9));
    for (let tick = 0; tick * step <= range * (1 + 1e-9); tick++) {
      const x = left + (tick * step * width) / range;
      parts.push(svg('line', { x1: x, x2: x, y1: 0, y2: height + 4 }));
      // The last one would run out of the picture when it stands in the middle of its tick.
      const anchor = x > total - 16 ? 'end' : 'middle';
      parts.push(svg('text', { x: anchor === 'end' ? total : x, y: height + 18, 'text-anchor': anchor }, tick === 0 ? '0 s' : `${((tick * step) / 1000).toFixed(digits)} s`));
    }
    parts.push(svg('line', { class: 'hd-base', x1: left, x2: left + width, y1: height, y2: height }));
    this.#axis.replaceChildren(...parts);
  }

  /**
   * @param {import('heddle/trace').TraceModel} model
   * @param {Room} room
   * @param {number} nowMs
   * @param {number} pixelsPerMs
   */
  #drawBars(model, { pitch, gap, left, isSerial }, nowMs, pixelsPerMs) {
    const { bars, tasks, merged } = barsOf(model, nowMs, pixelsPerMs);
    const withNames = pitch >= 16;
    /** @type {SVGTextElement[]} */
    const labels = [];
    bars.forEach((bar, index) => {
      const entry = this.#barAt(index);
      const { rect } = entry;
      const state = model.stateOf(bar.task);
      const name = model.nameOf(bar.task);
      // A hair between neighbours, as long as there is something left of the bar.
      const width = Math.max(bar.right - bar.left - (bar.right - bar.left > 3 ? 1 : 0), 1);
      rect.setAttribute('x', (left + bar.left).toFixed(1));
      rect.setAttribute('width', width.toFixed(1));
      // Outlines keep the palest and the darkest colours apart from the page; slivers would be all outline.
      const outlined = width > 12;
      const drawn = `${model.run} ${bar.task} ${bar.tasks} ${state} ${pitch} ${outlined}`;
      if (entry.drawn !== drawn) {
        entry.drawn = drawn;
        rect.setAttribute('y', String(bar.row * pitch + gap / 2));
        rect.setAttribute('height', String(pitch - gap));
        rect.setAttribute('fill', colourOf(name).fill);
        rect.setAttribute('class', outlined ? 'hd-task hd-outlined' : 'hd-task');
        rect.dataset.state = taskStates[state];
        entry.title.textContent = bar.tasks > 1 ? `${name}: ${countedNoun(bar.tasks, 'task')} or more` : barTitle(model, bar.task, nowMs);
      }
      if (!withNames || width < 18) return;
      const sign = state === ERRED ? `✕ ${name}` : name;
      if ((this.#widthOf?.(sign) ?? 0) + 10 < width) {
        labels.push(svg('text', { x: left + bar.left + 5, y: bar.row * pitch + pitch / 2 + 4, fill: colourOf(name).text }, sign));
      }
    });
    for (const { rect } of this.#pool.splice(bars.length)) rect.remove();
    this.#labels.replaceChildren(...labels);
    this.#note.textContent = merged
      ? `${counted(tasks)} tasks in ${countedNoun(bars.length, 'bar')}: calls of one function narrower than a pixel share a bar.` : '';
    const running = model.counts[RUNNING];
    this.#picture.setAttribute('aria-label', `${isSerial ? 'One serial worker' : countedNoun(model.rows, 'worker')}: `
      + `${countedNoun(tasks, 'task')} started${running > 0 ? `, ${counted(running)} running` : ''}, ${timed(nowMs)} since the run began`);
  }

  /** @param {number} index */
  #barAt(index) {
    if (!this.#pool[index]) {
      const title = svg('title');
      const rect = svg('rect', { rx: 1.5 }, title);
      this.#bars.append(rect);
      this.#pool[index] = { rect, title, drawn: '' };
    }
    return this.#pool[index];
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #nameColours(model) {
    const items = model.names.slice(0, namesLimit).map((name) => {
      const swatch = html('span', { class: 'hd-swatch', 'aria-hidden': 'true' });
      swatch.style.background = colourOf(name).fill;
      return html('li', {}, swatch, name);
    });
    const more = model.names.length - items.length;
    if (more > 0) items.push(html('li', {}, `and ${counted(more)} more`));
    this.#names.replaceChildren(...items);
  }
}

/** @param {import('heddle/trace').TraceModel} model @param {number} task @param {number} nowMs */
function barTitle(model, task, nowMs) {
  const start = `${model.keyOf(task)}: started at ${timed(model.startMsOf(task))}`;
  const state = model.stateOf(task);
  // The time of a running task is left out: it would be out of date at once.
  return state === RUNNING ? `${start}, running` : `${start}, took ${timed(model.durationMsOf(task, nowMs))}${state === ERRED ? ', erred' : ''}`;
}

customElements.define('heddle-strip', HeddleStrip);
