/**
 * `<heddle-scrubber>`: moves through the time of a run, live or not: play, pause, speed, next event, back, to any moment.
 *
 *     const scrubber = document.querySelector('heddle-scrubber');
 *     scrubber.addEventListener('heddle-seek', ({ detail }) => { model.seek(detail.atMs); … });   // null: the newest
 *     scrubber.show(model);
 *
 * With the attribute `gate` it has also what slows the run itself (`heddle-gate`: gate-controls.js). It moves what is
 * shown, never the run; the gate moves the run.
 */
import { DONE, RELEASED, timed } from 'heddle/trace';
import { densityOf, silhouette } from './density.js';
import { html, svg, write } from './elements.js';
import { GateControls } from './gate-controls.js';
import { Playback, speeds } from './playback.js';
import { Slices } from './slices.js';

/** The slider's places, and how many of them a key goes. */
const PLACES = 1000, KEY_PLACES = 10, PAGE_PLACES = 100;
const PARTS = 240;
/** With less motion a run plays in steps of so long. */
const STEP_MS = 500;
const restFor = 50;

/** Drawn in a box of 16 by 16. */
const icons = {
  first: 'M3 3v10M13 3L6 8l7 5z', back: 'M4 3v10M12 3.500L6.500 8l5.500 4.500', play: 'M4 2.500L13 8l-9 5.500z', pause: 'M4.500 3v10M11.500 3v10',
  next: 'M12 3v10M4 3.500L9.500 8L4 12.500', last: 'M13 3v10M3 3l7 5l-7 5z',
};

/** @param {keyof typeof icons} icon @param {string} says @param {() => void} act */
function iconButton(icon, says, act) {
  const button = html('button', { type: 'button', 'aria-label': says, title: says, 'data-icon': icon },
    svg('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, svg('path', { d: icons[icon] })));
  button.addEventListener('click', () => button.getAttribute('aria-disabled') !== 'true' && act());
  return button;
}

export class HeddleScrubber extends HTMLElement {
  #slider = html('input', { type: 'range', min: 0, max: PLACES, step: 1, value: PLACES, 'aria-label': 'Moment of the run' });
  #shape = svg('path');
  #track = html('div', { class: 'hd-track-of' }, svg('svg', { viewBox: '0 0 1 1', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, this.#shape),
    html('span', { class: 'hd-passed', 'aria-hidden': 'true' }), this.#slider);
  #buttons = {
    first: iconButton('first', 'To the beginning', () => this.#jump(0)),
    back: iconButton('back', 'Back one event (,)', () => this.#jump(Math.max(0, this.#model?.previousMs() ?? 0))),
    play: iconButton('play', 'Play', () => this.#toggle()),
    next: iconButton('next', 'Next event (.)', () => this.#forth()),
    last: iconButton('last', 'To the end', () => this.#jump(null)),
  };
  #speed = html('select', { 'aria-label': 'Speed of playing' }, ...speeds.map(([speed, says]) => html('option', { value: speed }, String(says))));
  #time = html('span', { class: 'hd-moment' });
  #mode = html('span', { class: 'hd-mode' });
  #gate = new GateControls();
  #playback = new Playback();
  #slices = new Slices();
  #stillness = matchMedia('(prefers-reduced-motion: reduce)');
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  #frame = 0;
  #timer = 0;
  #shapeVersion = 0;
  #dueAt = 0;

  constructor() {
    super();
    this.#speed.value = '1';
    this.#speed.addEventListener('change', () => (this.#playback.speed = Number(this.#speed.value)));
    this.#slider.addEventListener('input', () => this.#slide(this.#slider.valueAsNumber));
    this.addEventListener('keydown', (event) => this.#key(event));
  }

  connectedCallback() {
    if (this.#track.isConnected) return;
    const bar = html('div', { class: 'hd-buttons', role: 'group', 'aria-label': 'Time' }, ...Object.values(this.#buttons), this.#speed, html('span', {}, this.#time, this.#mode));
    this.replaceChildren(this.#track, bar, ...(this.hasAttribute('gate') ? [this.#gate.root] : []));
    if (this.#model) this.show(this.#model);
  }

  disconnectedCallback() {
    this.#pause();
    this.#slices.stop();
  }

  /** Whether it plays. */
  get playing() {
    return this.#playback.playing;
  }

  /** What slows the run itself. */
  get gate() {
    return this.#gate;
  }

  /**
   * Draws where in a run the moment shown is.
   * @param {import('heddle/trace').TraceModel} model
   */
  show(model) {
    if (model !== this.#model) {
      this.#pause();
      this.#slices.stop();
      this.#shape.setAttribute('d', '');
      this.#shapeVersion = this.#dueAt = 0;
    }
    this.#model = model;
    this.#outline(model);
    const { atMs, shownMs, cursorMs, outcome, counts, count } = model, live = outcome === null && cursorMs === null, atEnd = cursorMs === null || (outcome !== null && cursorMs >= atMs);
    const part = atEnd || !atMs ? 1 : shownMs / atMs;
    const place = String(Math.round(part * PLACES));
    if (this.#slider.value !== place) this.#slider.value = place;
    this.#track.style.setProperty('--at', part.toFixed(4));
    const time = `${timed(shownMs)} of ${timed(atMs)}`;
    write(this.#time, time);
    this.#slider.setAttribute('aria-valuetext', `${time}, ${live ? 'live' : `${counts[DONE] + counts[RELEASED]} of ${count} tasks done`}`);
    const mode = live ? 'live' : atEnd ? 'end' : 'past';
    this.dataset.mode = mode;
    write(this.#mode, { live: 'live', end: 'at the end', past: outcome === null ? 'in the past; the run goes on' : 'in the past' }[mode]);
    this.#showButtons(live, atEnd, shownMs);
    this.#gate.show(model);
  }

  /** @param {boolean} live @param {boolean} atEnd @param {number} shownMs */
  #showButtons(live, atEnd, shownMs) {
    const { first, back, play, next, last } = this.#buttons, running = live || this.playing, says = running ? 'Pause' : 'Play';
    if (play.dataset.icon !== (running ? 'pause' : 'play')) {
      play.dataset.icon = running ? 'pause' : 'play';
      play.setAttribute('aria-label', `${says} (space)`);
      play.title = `${says} (space)`;
      play.querySelector('path')?.setAttribute('d', icons[running ? 'pause' : 'play']);
    }
    for (const button of [first, back]) button.setAttribute('aria-disabled', String(shownMs <= 0));
    for (const button of [next, last]) button.setAttribute('aria-disabled', String(atEnd));
    const end = this.#model?.outcome === null ? 'Live' : 'To the end';
    if (last.title !== end) {
      last.title = end;
      last.setAttribute('aria-label', end);
    }
  }

  /** Draws when much happened; while a run goes on now and then only. @param {import('heddle/trace').TraceModel} model */
  #outline(model) {
    const clock = performance.now();
    if (this.#shapeVersion === model.newsVersion || this.#slices.busy || (model.outcome === null && clock < this.#dueAt)) return;
    const version = model.newsVersion;
    this.#slices.begin(densityOf(model, PARTS), ({ counts }) => {
      this.#shapeVersion = version;
      this.#shape.setAttribute('d', silhouette(counts));
      this.#dueAt = performance.now() + restFor * (performance.now() - clock);
    });
  }

  /** @param {number | null} atMs */
  #seek(atMs) {
    this.dispatchEvent(new CustomEvent('heddle-seek', { bubbles: true, composed: true, detail: { atMs } }));
  }

  /** @param {number | null} atMs */
  #jump(atMs) {
    this.#pause();
    this.#seek(atMs);
  }

  #forth() {
    const next = this.#model?.nextMs() ?? Infinity;
    this.#jump(next < Infinity ? next : null);
  }

  /** @param {number} place */
  #slide(place) {
    const to = Math.max(0, Math.min(PLACES, place));
    this.#jump(to === PLACES ? null : (to / PLACES) * (this.#model?.atMs ?? 0));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target === this.#speed) return;
    const onSlider = event.target === this.#slider, here = this.#slider.valueAsNumber;
    /** @type {Record<string, () => void>} */
    const keys = { ',': () => this.#jump(Math.max(0, this.#model?.previousMs() ?? 0)), '.': () => this.#forth() };
    if (onSlider) Object.assign(keys, {
      ' ': () => this.#toggle(), Home: () => this.#jump(0), End: () => this.#jump(null), PageUp: () => this.#slide(here + PAGE_PLACES), PageDown: () => this.#slide(here - PAGE_PLACES),
      ArrowRight: () => this.#slide(here + KEY_PLACES), ArrowUp: () => this.#slide(here + KEY_PLACES), ArrowLeft: () => this.#slide(here - KEY_PLACES), ArrowDown: () => this.#slide(here - KEY_PLACES),
    });
    const act = keys[event.key];
    if (!act || !this.#model) return;
    event.preventDefault();
    act();
  }

  #toggle() {
    const model = this.#model;
    if (!model) return;
    if (this.playing) return this.#jump(model.shownMs);
    if (model.outcome === null && model.cursorMs === null) return this.#seek(model.shownMs);
    const from = model.shownMs >= model.atMs ? 0 : model.shownMs;
    this.#playback.start(from, performance.now());
    this.#seek(from);
    this.#later();
  }

  #later() {
    if (this.#stillness.matches) this.#timer = window.setTimeout(() => this.#tick(), STEP_MS);
    else this.#frame = requestAnimationFrame(() => this.#tick());
  }

  #tick() {
    const model = this.#model;
    if (!model || !this.playing) return;
    const atMs = this.#playback.moment(performance.now(), model.atMs);
    if (atMs >= model.atMs) return this.#jump(null); /* the end, or live again */
    this.#seek(atMs);
    this.#later();
  }

  #pause() {
    this.#playback.stop();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
  }
}

customElements.define('heddle-scrubber', HeddleScrubber);
