/**
 * Zooms and moves an SVG picture inside its frame by the viewBox: Ctrl + wheel, buttons, keys, dragging.
 * Until someone zooms, the whole picture is kept in sight, up to half as large again as it was drawn.
 */
import { html } from './elements.js';

const lowest = 110;
const largestFit = 1.5;
const closest = 4;
/** Below this scale letters cannot be read and are left out. */
const readable = 0.42;

export class Viewport {
  /** The buttons, to be put where they cover nothing. */
  controls = html('div', { class: 'hd-zoom' });
  frame = html('div', { class: 'hd-frame', tabindex: 0, role: 'group', 'aria-label': 'Picture: plus and minus zoom, arrows move, 0 fits' });
  #picture;
  #size = { width: 0, height: 0 };
  #centre = { x: 0, y: 0 };
  #scale = 1;
  #fitted = true;
  #observer;
  /** @type {HTMLButtonElement[]} */ #buttons = [];

  /** @param {SVGSVGElement} picture */
  constructor(picture) {
    this.#picture = picture;
    this.frame.append(picture);
    this.#addControls();
    this.frame.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    this.frame.addEventListener('keydown', (event) => this.#key(event));
    this.frame.addEventListener('pointerdown', (event) => this.#drag(event));
    this.#observer = new ResizeObserver(() => this.#fitted ? this.fit() : this.#apply());
  }

  connect() { this.#observer.observe(this.frame); }
  disconnect() { this.#observer.disconnect(); }

  /**
   * A new picture, in its own pixels. One of the same size is taken for the same graph, run again: it is seen
   * from where the last one was.
   * @param {number} width
   * @param {number} height
   */
  hold(width, height) {
    const isSame = width === this.#size.width && height === this.#size.height;
    this.#size = { width, height };
    if (isSame && !this.#fitted) this.#apply();
    else this.fit();
  }

  /** Shows the whole picture and lets the frame be as high as it needs. */
  fit() {
    const { width, height } = this.#size;
    const room = this.frame.clientWidth;
    if (width === 0 || room === 0) return;
    const highest = parseFloat(getComputedStyle(this.frame).maxHeight) || 480;
    this.#scale = Math.min(largestFit, room / width, highest / height);
    this.#fitted = true;
    this.#centre = { x: width / 2, y: height / 2 };
    this.frame.style.height = `${Math.ceil(Math.min(highest, Math.max(lowest, height * this.#scale)))}px`;
    this.#apply();
  }

  /**
   * @param {number} factor
   * @param {{ x: number, y: number }} [point] in the picture, which stays where it is seen
   */
  zoom(factor, point = this.#centre) {
    const scale = Math.max(this.#fitScale(), Math.min(closest, this.#scale * factor));
    if (scale === this.#fitScale()) return this.fit();
    const ratio = this.#scale / scale;
    this.#centre = {
      x: point.x + (this.#centre.x - point.x) * ratio,
      y: point.y + (this.#centre.y - point.y) * ratio,
    };
    this.#scale = scale;
    this.#fitted = false;
    this.#apply();
  }

  /** @param {number} x @param {number} y pixels on the screen */
  move(x, y) {
    if (this.#fitted) return;
    this.#centre = {
      x: Math.max(0, Math.min(this.#size.width, this.#centre.x + x / this.#scale)),
      y: Math.max(0, Math.min(this.#size.height, this.#centre.y + y / this.#scale)),
    };
    this.#apply();
  }

  #fitScale() {
    return Math.min(largestFit, this.frame.clientWidth / this.#size.width, this.frame.clientHeight / this.#size.height);
  }

  #apply() {
    const width = this.frame.clientWidth / this.#scale;
    const height = this.frame.clientHeight / this.#scale;
    if (width === 0 || height === 0) return;
    this.#picture.setAttribute('viewBox', [this.#centre.x - width / 2, this.#centre.y - height / 2, width, height].map((value) => value.toFixed(2)).join(' '));
    this.frame.toggleAttribute('data-zoomed', !this.#fitted);
    this.frame.toggleAttribute('data-far', this.#scale < readable);
    const [out, into, fit] = this.#buttons;
    out.disabled = this.#fitted;
    fit.disabled = this.#fitted;
    into.disabled = this.#scale >= closest;
  }

  #addControls() {
    for (const [sign, label, act] of /** @type {[string, string, () => void][]} */ ([
      ['−', 'Zoom out', () => this.zoom(1 / 1.5)], ['+', 'Zoom in', () => this.zoom(1.5)], ['fit', 'Fit the whole picture', () => this.fit()],
    ])) {
      const button = html('button', { type: 'button', disabled: '', 'aria-label': label, title: label }, sign);
      button.addEventListener('click', act);
      this.#buttons.push(button);
      this.controls.append(button);
    }
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const frame = this.frame.getBoundingClientRect();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    this.zoom(Math.exp(-event.deltaY * lines * 0.004), {
      x: this.#centre.x + (event.clientX - frame.left - frame.width / 2) / this.#scale,
      y: this.#centre.y + (event.clientY - frame.top - frame.height / 2) / this.#scale,
    });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.frame || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 60;
    /** @type {Record<string, () => void>} */
    const acts = { '+': () => this.zoom(1.5), '=': () => this.zoom(1.5), '-': () => this.zoom(1 / 1.5), 0: () => this.fit() };
    // Arrows scroll the page as ever while there is nothing to move.
    if (!this.#fitted) {
      Object.assign(acts, {
        ArrowLeft: () => this.move(-step, 0), ArrowRight: () => this.move(step, 0),
        ArrowUp: () => this.move(0, -step), ArrowDown: () => this.move(0, step), Escape: () => this.fit(),
      });
    }
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (this.#fitted || event.button !== 0 || !(event.target instanceof SVGElement)) return;
    let [x, y] = [event.clientX, event.clientY];
    const { frame } = this;
    const end = new AbortController();
    frame.setPointerCapture(event.pointerId);
    frame.addEventListener('pointermove', (moved) => {
      this.move(x - moved.clientX, y - moved.clientY);
      [x, y] = [moved.clientX, moved.clientY];
    }, { signal: end.signal });
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      frame.addEventListener(name, () => end.abort(), { signal: end.signal });
    }
  }
}
