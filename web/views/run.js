/**
 * `<heddle-run>`: a run, whole: its graph, the time of it to move in, and its threads, progress, memory and workers.
 *
 *     const view = document.querySelector('heddle-run');
 *     view.show(model);   // at begin, and whenever a message has come; it draws when that is due
 *
 * It owns the moment shown (`heddle-seek` of any view moves all of them) and the task that is picked (`heddle-select`).
 * Attributes: `gate`: it has what slows the run itself (`heddle-gate` goes to who owns the run); `layout-worker`: for the graph.
 */
import { html } from './elements.js';
import { Pace } from './pace.js';
import './event-line.js';
import './graph.js';
import './memory.js';
import './progress.js';
import './scrubber.js';
import './timeline.js';
import './workers.js';

/** While a run goes on what grows with the clock is drawn anew so often. */
const TICK_MS = 250;
/** Of a frame, with finding the moment that is shown: views that have not begun to draw by then do so in the next one. */
const FRAME_MS = 6;

/** @typedef {HTMLElement & { show(model: import('heddle/trace').TraceModel): void, select?(task: number | null): void }} View */

const tabs = /** @type {const} */ (['Timeline', 'Progress', 'Memory', 'Workers']);
let made = 0;

export class HeddleRun extends HTMLElement {
  #id = `heddle-run-${++made}`;
  #graph = /** @type {View} */ (document.createElement('heddle-graph'));
  #scrubber = /** @type {import('./scrubber.js').HeddleScrubber} */ (document.createElement('heddle-scrubber'));
  #line = /** @type {View} */ (document.createElement('heddle-event-line'));
  /** @type {Map<string, View>} */
  #panels = new Map(tabs.map((tab) => [tab, /** @type {View} */ (document.createElement(`heddle-${tab.toLowerCase()}`))]));
  /** @type {Map<string, HTMLButtonElement>} */ #tabs = new Map();
  #tablist = html('div', { role: 'tablist', class: 'hd-tabs', 'aria-label': 'Views of the run' });
  #pace = new Pace(() => this.#draw());
  /** Views in sight. @type {Set<Element>} */ #seen = new Set();
  #sight = new IntersectionObserver((entries) => this.#look(entries), { rootMargin: '50%' });
  /** Views that have the newest still to draw. @type {Set<View>} */ #behind = new Set();
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  /** @type {{ atMs: number | null } | null} */ #wanted = null;
  #tab = 'Timeline';
  #timer = 0;

  constructor() {
    super();
    for (const tab of tabs) this.#tabs.set(tab, this.#makeTab(tab));
    this.#tablist.append(...this.#tabs.values());
    this.#tablist.addEventListener('keydown', (event) => this.#keyOnTabs(event));
    this.addEventListener('heddle-seek', (event) => this.#seek(/** @type {CustomEvent} */ (event).detail.atMs));
    this.addEventListener('heddle-select', (event) => this.select(/** @type {CustomEvent} */ (event).detail.task));
    this.addEventListener('keydown', (event) => this.#key(event));
  }

  connectedCallback() {
    if (!this.#tablist.isConnected) this.#build();
    for (const view of this.#views) this.#sight.observe(view);
    if (this.#model) this.show(this.#model);
  }

  disconnectedCallback() {
    this.#sight.disconnect();
    this.#pace.stop();
    clearTimeout(this.#timer);
  }

  /** @returns {View[]} */
  get #views() {
    return [this.#graph, this.#scrubber, ...this.#panels.values(), this.#line];
  }

  #build() {
    if (this.hasAttribute('gate')) this.#scrubber.setAttribute('gate', '');
    const worker = this.getAttribute('layout-worker');
    if (worker !== null) this.#graph.setAttribute('layout-worker', worker);
    const panels = Array.from(this.#panels, ([tab, view]) => html('div', { role: 'tabpanel', id: `${this.#id}-${tab}`, 'aria-labelledby': `${this.#id}-tab-${tab}` }, view));
    this.replaceChildren(html('div', { class: 'hd-run' }, this.#graph, this.#scrubber, html('div', { class: 'hd-panels' }, this.#tablist, ...panels), this.#line));
    this.#open(this.#tab);
  }

  /** @param {string} tab */
  #makeTab(tab) {
    const button = html('button', { type: 'button', role: 'tab', id: `${this.#id}-tab-${tab}`, 'aria-controls': `${this.#id}-${tab}` }, tab);
    button.addEventListener('click', () => this.#open(tab));
    return button;
  }

  /** @param {string} tab */
  #open(tab) {
    this.#tab = tab;
    for (const [name, button] of this.#tabs) {
      button.setAttribute('aria-selected', String(name === tab));
      button.tabIndex = name === tab ? 0 : -1;
      const panel = this.#panels.get(name)?.parentElement;
      if (panel) panel.hidden = name !== tab;
    }
    this.#all();
    this.#pace.hurry();
  }

  /** @param {KeyboardEvent} event */
  #keyOnTabs(event) {
    const at = tabs.indexOf(/** @type {any} */ (this.#tab)), { length } = tabs;
    const to = { ArrowRight: (at + 1) % length, ArrowLeft: (at + length - 1) % length, Home: 0, End: length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#open(tabs[to]);
    this.#tabs.get(tabs[to])?.focus();
  }

  /** n: one task starts. Where text is typed it is a letter. @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== 'n' || event.ctrlKey || event.altKey || event.metaKey || !this.hasAttribute('gate')) return;
    if (event.target instanceof Element && event.target.closest('input:not([type="range"]), textarea, select, [contenteditable]')) return;
    event.preventDefault();
    this.step();
  }

  /** Holds the run and starts one task: as the button does. */
  step() {
    this.#scrubber.gate.step();
  }

  /** Holds the run, also before it begins, or lets it go. @param {boolean} held */
  hold(held) {
    this.#scrubber.gate.hold(held);
  }

  /**
   * Shows a run as it is now: a new one in the next frame, else when that is due.
   * @param {import('heddle/trace').TraceModel} model
   */
  show(model) {
    const isNew = model !== this.#model;
    this.#model = model;
    if (isNew) this.#wanted = null;
    if (!this.isConnected) return;
    this.#all();
    this.#pace.ask();
  }

  /** Draws what there is in the next frame: the run is over. */
  settle() {
    this.#all();
    this.#pace.hurry();
  }

  /** Highlights a task in all views. @param {number | null} task */
  select(task) {
    for (const view of this.#views) view.select?.(task);
  }

  /** What drawing has cost so far. */
  get cost() {
    const { draws, spentMs, longestMs } = this.#pace;
    return { draws, spentMs, longestMs };
  }

  /** The tab that is open. */
  get tab() {
    return this.#tab;
  }

  set tab(tab) {
    if (this.#tabs.has(tab)) this.#open(tab);
  }

  #all() {
    for (const view of this.#views) this.#behind.add(view);
  }

  /** Moves all views to a moment, in the next frame; while a run goes on and plays by itself when that is due.
   * @param {number | null} atMs */
  #seek(atMs) {
    if (!this.#model) return;
    this.#wanted = { atMs };
    this.#pace.hurry();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #look(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#seen.add(target);
      else this.#seen.delete(target);
    }
    this.#pace.hurry(); /* somebody has just come to see it */
  }

  /** Views that nobody can see draw nothing; the line for screen readers is always there. */
  #draw() {
    const model = this.#model;
    if (!model) return;
    const until = performance.now() + FRAME_MS;
    if (this.#wanted) {
      model.seek(this.#wanted.atMs);
      this.#wanted = null;
      this.#all();
    }
    for (const view of this.#behind) {
      if (view !== this.#line && !this.#seen.has(view)) continue;
      this.#behind.delete(view);
      view.show(model);
      if (performance.now() > until) break;
    }
    if ([...this.#behind].some((view) => this.#seen.has(view))) this.#pace.hurry();
    this.#again(model);
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #again(model) {
    clearTimeout(this.#timer);
    if (model.outcome !== null || model.cursorMs !== null) return;
    this.#timer = window.setTimeout(() => {
      this.#all();
      this.#pace.ask();
    }, TICK_MS);
  }
}

customElements.define('heddle-run', HeddleRun);
