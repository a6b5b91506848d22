/**
 * `<heddle-compare>`: several runs on one axis of time, under each other, and where the time of their threads went.
 *
 *     const compare = document.querySelector('heddle-compare');
 *     compare.labels = ['Serial', '4 threads'];
 *     compare.show([modelA, modelB]);   // at the beginning, and after each batch of one that runs
 */
import { timed } from 'heddle/trace';
import { comparison, labelOf, spentOf } from './compare-words.js';
import { html, measure } from './elements.js';
import { TimelineIndex } from './timeline-index.js';
import { Slices } from './slices.js';
import { AXIS_PX, paintAxis, paintCursor, ticksFor } from './timeline-marks.js';
import { placesOf } from './timeline-places.js';
import { Screen, sized } from './timeline-screen.js';
import { themeOf } from './timeline-theme.js';
import { TimelineView, roomFor } from './timeline-view.js';
import { percent, pictureOf } from './timeline-words.js';

/** Of each frame, for making bars; and for that and painting them. */
const SLICE_MS = 3, FRAME_MS = 5;
const WORDS_MS = 1000, REST = 50;

/** @typedef {import('heddle/trace').TraceModel} TraceModel */
/** @typedef {import('./compare-words.js').Spent} Spent */

/** Where time went: the name, and what that means. @type {['busy' | 'waiting' | 'idle', string][]} */
const shares = [['busy', 'busy: ran tasks'], ['waiting', 'waiting: no task was ready'], ['idle', 'idle: tasks were ready, and a thread was free']];

/** One run. */
class Side {
  screen = new Screen();
  name = html('h3', { class: 'hd-side-name' });
  bar = html('div', { class: 'hd-shares', role: 'img' });
  said = html('p', { class: 'hd-note' });
  element = html('section', { class: 'hd-side' }, this.name, this.screen.element, this.bar, this.said);
  /** @type {Spent | null} */ spent = null;
  #version = 0;

  /** @param {TraceModel} model */
  constructor(model) {
    this.model = model;
    this.index = new TimelineIndex(model);
  }

  get nowMs() { return this.model.cursorMs === null ? this.model.nowMs() : this.model.atMs; }

  /** Finds out where its time went. @returns {Generator<void, void, void>} */
  *measure() {
    const { newsVersion } = this.model;
    if (this.#version === newsVersion) return;
    this.spent = yield* spentOf(this.model);
    this.#version = newsVersion;
  }

  /** @param {string} label */
  write(label) {
    const { spent } = this;
    if (!spent) return;
    const all = spent.wallMs * spent.threads || 1;
    this.name.textContent = `${label}: ${timed(spent.wallMs)}${this.model.outcome === null ? ' so far' : ''}`;
    this.screen.element.setAttribute('aria-label', `${label}. ${pictureOf(this.model, this.index.length, this.nowMs)}`);
    this.bar.replaceChildren(...shares.map(([kind]) => {
      const part = html('span', { 'data-kind': kind }), share = spent[kind] / all;
      part.style.flexGrow = String(share);
      part.hidden = share < 0.001;
      if (share > 0.12) part.append(html('span', {}, `${kind} ${percent(share)}`));
      return part;
    }));
    const words = shares.map(([kind]) => `${kind} ${percent(spent[kind] / all)}`).join(', ');
    this.bar.setAttribute('aria-label', `Where the time of the threads went: ${words}`);
    this.said.textContent = `Time of ${spent.threads === 1 ? 'the thread' : `${spent.threads} threads`}: ${words}.`;
  }
}

/** @param {Side[]} runs @returns {Generator<void, void, void>} */
function* measured(runs) {
  for (const side of runs) yield* side.measure();
}

export class HeddleCompare extends HTMLElement {
  #axis = html('canvas', { class: 'hd-time-axis', 'aria-hidden': 'true' });
  #sides = html('div');
  #speed = html('p', { class: 'hd-speed' });
  #legend = html('ul', { class: 'hd-legend' }, ...shares.map(([kind, text]) => html('li', {}, html('span', { class: 'hd-swatch', 'data-share': kind, 'aria-hidden': 'true' }), text)));
  #body = html('tbody');
  #table = html('div', { class: 'hd-compared', tabindex: 0, role: 'group', 'aria-label': 'The runs as a table' }, html('table', {},
    html('thead', {}, html('tr', {}, ...['Run', 'Took', 'Speed-up', 'Threads', 'Busy', 'Waiting', 'Idle'].map((name) => html('th', { scope: 'col' }, name)))), this.#body));
  #observer = new ResizeObserver(() => this.#ask());
  #dark = matchMedia('(prefers-color-scheme: dark)');
  /** @type {Side[]} */ #runs = [];
  /** @type {string[]} */ #labels = [];
  /** @type {import('./timeline-theme.js').Theme | null} */ #theme = null;
  #pending = 0;
  #isDirty = true;
  #timer = 0;
  #slices = new Slices();
  #wordsDue = 0;
  #wordsVersion = '';

  connectedCallback() {
    if (!this.contains(this.#sides)) this.replaceChildren(this.#sides, this.#axis, this.#speed, this.#legend, this.#table);
    this.#observer.observe(this);
    this.#dark.addEventListener('change', this.#newTheme);
    this.#newTheme();
  }

  disconnectedCallback() {
    this.#observer.disconnect();
    this.#dark.removeEventListener('change', this.#newTheme);
    cancelAnimationFrame(this.#pending);
    clearTimeout(this.#timer);
    this.#slices.stop();
    this.#pending = this.#timer = 0;
  }

  /** What the runs are called, in their order. */
  get labels() { return this.#labels; }
  set labels(labels) {
    this.#labels = Array.from(labels, String);
    this.#wordsVersion = '';
    this.#wordsDue = 0;
    this.#runs = [];
    this.#ask();
  }

  /** Draws runs as they are now. @param {TraceModel[]} models the others are compared with the first */
  show(models) {
    this.#models = models;
    this.#ask();
  }
  /** @type {TraceModel[]} */ #models = [];

  #newTheme = () => {
    this.#theme = null;
    for (const { screen } of this.#runs) screen.forget();
    this.#ask();
  };

  #ask = () => {
    this.#isDirty = true;
    this.#pending ||= requestAnimationFrame(() => this.#next());
  };

  #next() {
    this.#pending = 0;
    if (!this.isConnected || this.clientWidth === 0) return;
    const models = this.#models;
    if (models.length !== this.#runs.length || models.some((model, at) => this.#runs[at].model !== model)) {
      this.#runs = models.map((model) => this.#runs.find((side) => side.model === model) ?? new Side(model));
      this.#sides.replaceChildren(...this.#runs.map(({ element }) => element));
      this.#wordsDue = 0;
    }
    const began = performance.now();
    if (!this.#isBusy) {
      this.#isDirty = false;
      for (const { index } of this.#runs) index.step(Math.max(0.2, began + SLICE_MS - performance.now()));
      this.#begin();
    }
    for (const { screen } of this.#runs) screen.paint(began + FRAME_MS);
    this.#drawOver();
    this.#words();
    /* What was asked for while pictures were under way is still to be begun. */
    if (this.#isDirty || this.#isBusy || this.#runs.some(({ index }) => index.isBehind)) this.#pending ||= requestAnimationFrame(() => this.#next());
  }

  get #isBusy() { return this.#runs.some(({ screen }) => screen.isBusy); }

  #begin() {
    const theme = (this.#theme ??= themeOf(this)), widthOf = measure(this, 12), view = new TimelineView();
    const longest = Math.max(...this.#runs.map(({ model, nowMs }) => (model.outcome === null ? roomFor(nowMs) : nowMs)));
    view.update(longest, false, Math.max(40, this.clientWidth - 1));
    const ticks = ticksFor(view).map(({ ms }) => view.xOf(ms));
    for (const { screen, index, model, nowMs } of this.#runs) {
      const places = placesOf(index.rows.map((lanes) => lanes.length), { tallest: 120, largest: 18 });
      screen.begin({ model, index, view: view.sight, places, nowMs, left: 0, names: [], widthOf, theme, ticks });
    }
    const axis = this.#runs.length ? sized(this.#axis, view.width + 1, AXIS_PX) : null;
    if (axis) paintAxis(axis, view, theme, ticksFor(view), widthOf);
  }

  #drawOver() {
    for (const { screen } of this.#runs)
      screen.over((context, { model, view, places, theme, nowMs }) => {
        context.fillStyle = theme.ink; /* its end */
        context.fillRect(Math.min(view.width - 1, Math.round(view.xOf(nowMs))), 0, 2, places.height);
        if (model.cursorMs !== null) paintCursor(context, view, theme, model.shownMs, places.height);
      });
  }

  /** @param {number} at */
  #labelAt(at) { return this.#labels[at] || labelOf(this.#runs[at].model); }

  #words() {
    const runs = this.#runs, version = runs.map(({ model, index }) => `${model.newsVersion} ${index.length}`).join();
    if (version === this.#wordsVersion || this.#timer || this.#slices.busy || this.#runs.some(({ index }) => index.isBehind)) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.#wordsVersion = version;
      const began = performance.now();
      this.#slices.begin(measured(runs), () => {
        if (runs !== this.#runs) return;
        runs.forEach((side, at) => side.write(this.#labelAt(at)));
        this.#tell(runs.map(({ spent }) => /** @type {Spent} */ (spent)));
        this.#wordsDue = performance.now() + Math.max(WORDS_MS, (performance.now() - began) * REST);
      });
    }, Math.max(0, this.#wordsDue - performance.now()));
  }

  /** @param {Spent[]} spent */
  #tell(spent) {
    this.#speed.textContent = comparison(spent.map((_, at) => this.#labelAt(at)), spent);
    this.#body.replaceChildren(...spent.map((of, at) => {
      const all = of.wallMs * of.threads || 1, cells = [timed(of.wallMs), at === 0 || !of.wallMs ? '1' : (spent[0].wallMs / of.wallMs).toFixed(2), String(of.threads),
        ...shares.map(([kind]) => `${timed(of[kind])} (${percent(of[kind] / all)})`)];
      return html('tr', {}, html('th', { scope: 'row' }, this.#labelAt(at)), ...cells.map((text) => html('td', {}, text)));
    }));
  }
}

customElements.define('heddle-compare', HeddleCompare);
