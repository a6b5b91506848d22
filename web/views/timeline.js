/**
 * `<heddle-timeline>`: one row a thread, time to the right, one bar a task, coloured by function.
 *
 *     document.querySelector('heddle-timeline').show(model);   // at the beginning, after each batch, after each seek
 *
 * It makes its bars in slices and draws what it has: no frame waits for a million of them. Between two batches the bars
 * of running tasks grow by themselves. A press on a bar dispatches `heddle-select`, one beside them `heddle-seek`.
 */
import { counted, countedNoun, statisticsInSlices, timed } from 'heddle/trace';
import { html, measure } from './elements.js';
import { buttonsFor, listen } from './timeline-gestures.js';
import { TimelineIndex } from './timeline-index.js';
import { EVENT_BIT } from './timeline-lane.js';
import { AXIS_PX, paintAxis, paintCursor, paintSelected, ticksFor } from './timeline-marks.js';
import { Slices } from './slices.js';
import { Legend, Story, ThreadTable } from './timeline-panels.js';
import { placeAt, placesOf } from './timeline-places.js';
import { Screen, sized } from './timeline-screen.js';
import { themeOf } from './timeline-theme.js';
import { TimelineView } from './timeline-view.js';
import { barAt } from './timeline-window.js';
import { barOf, pictureOf, rowName, speedOf } from './timeline-words.js';

/** Of each frame, for making bars; and for that and painting them. */
const SLICE_MS = 3, FRAME_MS = 5;
/** A picture that grows by itself is drawn so often, and takes at most 1/150 of the time. */
const GROW_MS = 250, CALM_MS = 500, REST = 150;
/** While bars are still to be put in order, what there is of them is drawn so often. */
const BEHIND_MS = 200;
/** Statistics and tables are made anew so often. A run of more tasks that goes on has numbers at its end only: they take long. */
const WORDS_MS = 1000, LIVE_MAX = 100_000;
const NARROW_PX = 560, NEAR_PX = 3;

/** @typedef {import('heddle/trace').TraceModel} TraceModel */

export class HeddleTimeline extends HTMLElement {
  #screen = new Screen();
  #axis = html('canvas', { class: 'hd-time-axis', 'aria-hidden': 'true' });
  #tip = html('div', { class: 'hd-tip', 'aria-hidden': 'true' });
  #frame = html('div', { class: 'hd-time', tabindex: 0, role: 'group', 'aria-label': 'Timeline: plus and minus zoom, arrows move, Home, End and 0 go to the beginning, the end and the whole; Shift and arrows go from bar to bar' },
    this.#screen.element, this.#axis, this.#tip);
  #note = html('p', { class: 'hd-note' });
  #numbers = html('p', { class: 'hd-speed' });
  #legend = new Legend();
  #story = new Story();
  #table = new ThreadTable();
  #observer = new ResizeObserver(() => this.#ask());
  #dark = matchMedia('(prefers-color-scheme: dark)');
  #calm = matchMedia('(prefers-reduced-motion: reduce)');
  #view = new TimelineView();
  /** @type {TraceModel | null} */ #model = null;
  /** @type {TimelineIndex | null} */ #index = null;
  /** @type {import('./timeline-places.js').Places} */ #places = { rows: [], height: 0, gap: 0 };
  /** @type {import('./timeline-theme.js').Theme | null} */ #theme = null;
  /** @type {((text: string) => number) | null} */ #widthOf = null;
  #left = 72;
  /** @type {number | null} */ #selected = null;
  #pending = 0; /* a frame */
  #timer = 0;
  #wordsTimer = 0;
  #slices = new Slices();
  #wordsDue = 0;
  #drawnVersion = -1;
  /** @type {import('./timeline-paint.js').Scene | null} */ #axisOf = null;
  #tookMs = 0; /* the picture that is under way */
  #wordsVersion = '';
  #isDirty = true;
  /** Somebody has just moved it. */ #isMoved = false;
  #drawnAt = -Infinity;

  constructor() {
    super();
    this.#tip.hidden = true;
    listen(this.#frame, this.#wishes);
  }

  connectedCallback() {
    if (!this.contains(this.#frame))
      this.replaceChildren(this.#frame, html('div', { class: 'hd-bar' }, this.#legend.element, buttonsFor(this.#wishes)), this.#story.element, this.#numbers, this.#note, this.#table.element);
    this.#observer.observe(this);
    this.#dark.addEventListener('change', this.#newTheme);
    this.#newTheme();
  }

  disconnectedCallback() {
    this.#observer.disconnect();
    this.#dark.removeEventListener('change', this.#newTheme);
    cancelAnimationFrame(this.#pending);
    clearTimeout(this.#timer);
    clearTimeout(this.#wordsTimer);
    this.#slices.stop();
    this.#told = null;
    this.#pending = this.#timer = this.#wordsTimer = 0;
  }

  /** Draws a run as it is now, or was at the moment that it shows. @param {TraceModel} model */
  show(model) {
    if (model !== this.#model) {
      this.#model = model;
      this.#index = new TimelineIndex(model);
      this.#view = new TimelineView();
      this.#selected = null;
      this.#screen.forget();
      this.#slices.stop();
      this.#wordsVersion = this.#numbers.textContent = '';
      this.#wordsDue = 0;
      this.#story.show(model, null);
    }
    this.#ask();
  }

  /** Shows a task and its story; null: none. @param {number | null} task */
  select(task) {
    const model = this.#model;
    if (!model || task === this.#selected || (task !== null && !(task < model.count))) return;
    this.#selected = task;
    this.#story.wait = null;
    if (task === null) this.#story.show(model, null);
    else if (model.startMsOf(task) >= 0) this.#view.reveal(model.startMsOf(task));
    this.#wordsVersion = '';
    this.#wordsDue = 0;
    this.#ask();
  }

  #newTheme = () => {
    this.#theme = null;
    this.#screen.forget();
    this.#ask();
  };

  /** Something is to be drawn, in the next frame. */
  #ask() {
    this.#isDirty = true;
    this.#pending ||= requestAnimationFrame(() => this.#next());
  }

  #next() {
    this.#pending = 0;
    clearTimeout(this.#timer);
    const model = this.#model, index = this.#index;
    if (!model || !index || !this.isConnected || this.clientWidth === 0) return;
    const began = performance.now(), isNew = !this.#screen.isBusy && index.step(SLICE_MS);
    const isDue = !index.isBehind || this.#isMoved || began - this.#drawnAt > BEHIND_MS;
    if (!this.#screen.isBusy && isDue && (isNew || this.#isDirty || index.version !== this.#drawnVersion)) {
      this.#begin(model, index);
      this.#drawnAt = performance.now();
      this.#isDirty = this.#isMoved = false;
    }
    this.#screen.paint(began + FRAME_MS);
    this.#drawOver();
    this.#tookMs += performance.now() - began;
    if (this.#screen.isBusy || this.#isDirty || index.isBehind) this.#pending ||= requestAnimationFrame(() => this.#next());
    else {
      this.#say(model, index);
      if (model.outcome === null && model.cursorMs === null)
        this.#timer = window.setTimeout(() => this.#ask(), Math.max(this.#calm.matches ? CALM_MS : GROW_MS, this.#tookMs * REST));
      this.#tookMs = 0;
    }
  }

  /** Everything that is recorded ends here, also when an earlier moment is shown. */
  get #nowMs() { return !this.#model ? 0 : this.#model.cursorMs === null ? this.#model.nowMs() : this.#model.atMs; }

  /** Begins a picture of what there is now. @param {TraceModel} model @param {TimelineIndex} index */
  #begin(model, index) {
    this.#theme ??= themeOf(this);
    this.#widthOf ??= measure(this, 12);
    this.#drawnVersion = index.version;
    const nowMs = this.#nowMs, isNarrow = this.clientWidth < NARROW_PX, isNamed = !isNarrow || model.scheduler !== 'sync';
    const left = isNarrow ? (isNamed ? 30 : 12) : 72, places = placesOf(index.rows.map((lanes) => lanes.length), { tallest: 420, largest: 28 });
    this.#view.update(nowMs, model.outcome === null && model.cursorMs === null, Math.max(40, this.clientWidth - left - 1));
    this.#screen.begin({ model, index, view: this.#view.sight, places, nowMs, left, widthOf: this.#widthOf, theme: this.#theme,
      names: isNamed ? places.rows.map((_, row) => (isNarrow ? String(row) : rowName(model, row))) : [], ticks: ticksFor(this.#view).map(({ ms }) => this.#view.xOf(ms)) });
    this.#left = left;
    this.#places = places;
  }

  /** What lies over the bars that are seen, and the axis below them. */
  #drawOver() {
    this.#screen.over((context, scene) => {
      const { model, view, theme, places } = scene, box = this.#boxOf(this.#selected, scene);
      if (model.cursorMs !== null) paintCursor(context, view, theme, model.shownMs, places.height);
      if (box) paintSelected(context, view, theme, box, this.#story.wait);
    });
    const scene = this.#screen.shown;
    if (!scene || scene === this.#axisOf) return;
    this.#axisOf = scene;
    const { view, theme, left, widthOf } = scene, axis = sized(this.#axis, left + view.width + 1, AXIS_PX);
    axis?.translate(left, 0);
    if (axis) paintAxis(axis, view, theme, ticksFor(view), widthOf);
    this.#frame.toggleAttribute('data-zoomed', !this.#view.isFitted);
  }

  /** Where the bar of a task is; null: it has none. @param {number | null} task @param {import('./timeline-paint.js').Scene} scene */
  #boxOf(task, { model, index, places, view, nowMs }) {
    const number = task === null ? -1 : index.laneOf(task);
    if (task === null || number < 0) return null;
    const place = places.rows[Math.min(model.rowOf(task), places.rows.length - 1)], { startMs, elapsedMs, states } = model.record;
    if (!place) return null;
    const end = states[task] === 2 ? nowMs : elapsedMs[task] > 0 ? startMs[task] + elapsedMs[task] : startMs[task];
    return { left: view.xOf(startMs[task]), right: view.xOf(end), top: place.top + number * place.lane, height: place.lane - places.gap };
  }

  /** Words and tables, less often than pictures. @param {TraceModel} model @param {TimelineIndex} index */
  #say(model, index) {
    const version = `${model.version} ${index.version} ${this.#selected}`, wait = this.#wordsDue - performance.now();
    const isDue = model.outcome !== null && this.#told?.news !== model.newsVersion; /* it has just ended */
    if (isDue) clearTimeout(this.#wordsTimer);
    else if (version === this.#wordsVersion || this.#wordsTimer) return;
    this.#wordsTimer = window.setTimeout(() => {
      this.#wordsTimer = 0;
      if (model !== this.#model) return this.#ask();
      const began = performance.now();
      this.#wordsVersion = `${model.version} ${index.version} ${this.#selected}`;
      this.#write(model, index);
      const took = performance.now() - began;
      this.#wordsDue = performance.now() + Math.max(WORDS_MS, took * REST);
    }, isDue ? 0 : Math.max(0, wait));
  }

  /** @type {{ model: TraceModel, news: number } | null} */ #told = null;
  /** @type {string} */ #storyOf = '';

  /** @param {TraceModel} model @param {TimelineIndex} index */
  #write(model, index) {
    const nowMs = this.#nowMs, isLive = model.outcome === null;
    this.#legend.show(model, { ...index.seen, held: index.seen.held || model.heldSinceMs >= 0 });
    this.#screen.element.setAttribute('aria-label', pictureOf(model, index.length, nowMs));
    this.#table.show(model, index, nowMs);
    const more = model.events.lost > 0 ? `${countedNoun(model.events.lost, 'event')} of this run ${model.events.lost === 1 ? 'is' : 'are'} not recorded. ` : '';
    this.#note.textContent = `${more}${index.length > this.#view.width ? `${counted(index.length)} bars: where they are narrower than a pixel, the longest gives its colour, and the height says how busy the thread was.` : ''}`;
    if (this.#told?.model !== model || this.#told.news !== model.newsVersion) {
      this.#told = { model, news: model.newsVersion };
      if (isLive && model.count > LIVE_MAX) this.#numbers.textContent = `${countedNoun(index.length, 'task')} in ${timed(nowMs)} so far.`;
      else this.#slices.begin(statisticsInSlices(model), (found) => void (this.#numbers.textContent = speedOf(found, !isLive)));
    }
    const story = `${model.run} ${this.#selected} ${model.version}`;
    if (this.#selected !== null && (story !== this.#storyOf || !this.#story.wait)) {
      this.#storyOf = story;
      this.#story.show(model, this.#selected);
      this.#ask();
    }
  }

  // What is wanted of it

  /** @type {import('./timeline-gestures.js').Wishes} */
  #wishes = {
    zoom: (factor, x) => this.#look((view) => view.zoom(factor, x === undefined ? undefined : x - this.#left)),
    move: (pixels) => this.#look((view) => view.move(pixels)),
    go: (where) => this.#look((view) => (where === 'all' ? view.fit() : where === 'end' ? view.toEnd() : view.toBeginning())),
    press: (x, y) => this.#press(x, y),
    point: (x, y) => this.#point(x, y),
    leave: () => void (this.#tip.hidden = true),
    step: (side) => this.#stepTo(side),
    clear: () => this.#pick(null),
  };

  /** @param {(view: TimelineView) => void} change */
  #look(change) {
    change(this.#view);
    this.#isMoved = true;
    this.#ask();
  }

  /** What lies at a place of the frame. @param {number} x @param {number} y */
  #hit(x, y) {
    const index = this.#index, place = placeAt(this.#places, y), lane = place && index?.rows[place.row]?.[place.lane];
    if (!lane || x < this.#left) return -1;
    const at = barAt(lane, this.#view.msAt(x - this.#left), NEAR_PX * this.#view.msPerPx, this.#nowMs);
    return at < 0 ? -1 : lane.items[at];
  }

  /** @param {number} x @param {number} y */
  #press(x, y) {
    const model = this.#model, item = this.#hit(x, y);
    if (!model || !this.#index) return;
    if (item >= 0) return this.#pick(this.#index.taskOf(item));
    if (x < this.#left - 2) return;
    const atMs = Math.max(0, this.#view.msAt(x - this.#left));
    this.dispatchEvent(new CustomEvent('heddle-seek', { bubbles: true, composed: true, detail: { atMs: atMs >= model.atMs ? null : atMs } }));
  }

  /** @param {number | null} task */
  #pick(task) {
    if (!this.#model) return;
    this.select(task);
    this.dispatchEvent(new CustomEvent('heddle-select', { bubbles: true, composed: true, detail: { task } }));
  }

  /** @param {number} x @param {number} y */
  #point(x, y) {
    const model = this.#model, item = this.#hit(x, y);
    this.#tip.hidden = item < 0;
    this.#frame.toggleAttribute('data-over', item >= 0);
    if (!model || item < 0) return;
    this.#tip.textContent = barOf(model, item, this.#nowMs);
    const width = this.#tip.offsetWidth;
    this.#tip.style.transform = `translate(${Math.round(Math.max(0, Math.min(this.clientWidth - width, x - width / 2)))}px, ${Math.round(y + 18)}px)`;
  }

  /** To the bar beside the selected one. @param {'left' | 'right' | 'up' | 'down'} side */
  #stepTo(side) {
    const model = this.#model, index = this.#index;
    if (!model || !index) return;
    const lanes = index.rows.flat(), task = this.#selected, number = task === null ? -1 : index.laneOf(task);
    if (task === null || number < 0) {
      const lane = lanes.find(({ length }) => length > 0);
      const at = lane ? Math.min(lane.length - 1, lane.firstAfter(this.#view.fromMs)) : -1;
      return lane && at >= 0 ? this.#pick(index.taskOf(lane.items[at])) : undefined;
    }
    const lane = index.rows[Math.min(model.rowOf(task), index.rows.length - 1)][number], start = model.startMsOf(task);
    if (side === 'left' || side === 'right') {
      let at = lane.firstFrom(start);
      while (at < lane.length - 1 && lane.starts[at] === start && lane.items[at] !== task) at++;
      for (at += side === 'left' ? -1 : 1; at >= 0 && at < lane.length; at += side === 'left' ? -1 : 1) if (lane.items[at] < EVENT_BIT) return this.#pick(lane.items[at]);
      return;
    }
    const next = lanes[lanes.indexOf(lane) + (side === 'up' ? -1 : 1)];
    if (next?.length) this.#pick(index.taskOf(next.items[Math.min(next.length - 1, next.firstAfter(start))]));
  }
}

customElements.define('heddle-timeline', HeddleTimeline);
