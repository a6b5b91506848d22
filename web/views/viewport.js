/**
 * Zooms and moves a picture inside its frame: Ctrl + wheel, pinching, buttons, keys, dragging. Until someone zooms, the
 * whole picture is kept in sight, up to half as large again as it was drawn. It knows nothing of what is drawn: a
 * surface is told which part of the picture to show.
 */
import { html } from './elements.js';

const lowest = 110;
const largestFit = 1.5;
const closest = 4;
/** Below this scale letters cannot be read and are left out. */
export const readable = 0.42;
/** Height of a frame in which a task and its neighbours can be seen. */
const roomy = 280;
/** A press that moves by less is a click. */
const still = 4;

/**
 * @typedef {{ left: number, top: number, width: number, height: number, scale: number }} View what of the picture is seen,
 *   in its own pixels, and how many pixels of the screen each of them has
 * @typedef {{ element: Element, look(view: View): void }} Surface
 */

export class Viewport {
  /** The buttons, to be put where they cover nothing. */
  controls = html('div', { class: 'hd-zoom' });
  frame = html('div', { class: 'hd-frame', tabindex: 0, role: 'group', 'aria-label': 'Picture: plus and minus zoom, arrows move, 0 fits, Enter selects a task' });
  /** @type {Surface} */ #surface;
  #size = { width: 0, height: 0 };
  #centre = { x: 0, y: 0 };
  #scale = 1;
  #fitted = true;
  #observer;
  /** @type {HTMLButtonElement[]} */ #buttons = [];
  /** Where fingers or the mouse are down, by pointer. @type {Map<number, { x: number, y: number }>} */ #pressed = new Map();
  #travelled = 0;

  /** @param {Surface} surface */
  constructor(surface) {
    this.#surface = surface;
    this.frame.append(surface.element);
    this.#addControls();
    this.frame.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    this.frame.addEventListener('keydown', (event) => this.#key(event));
    this.frame.addEventListener('pointerdown', (event) => this.#press(event));
    this.frame.addEventListener('pointermove', (event) => this.#drag(event));
    for (const name of /** @type {const} */ (['pointerup', 'pointercancel', 'lostpointercapture'])) {
      this.frame.addEventListener(name, ({ pointerId }) => void this.#pressed.delete(pointerId));
    }
    this.#observer = new ResizeObserver(() => this.#fitted ? this.fit() : this.#apply());
  }

  /** The click that has just come ended a drag: it picks nothing. */
  get dragged() { return this.#travelled > still; }
  get scale() { return this.#scale; }
  get isFitted() { return this.#fitted; }

  /** Shows another surface. @param {Surface} surface */
  swap(surface) {
    if (surface === this.#surface) return;
    this.#surface.element.replaceWith(surface.element);
    this.#surface = surface;
    this.#size = { width: 0, height: 0 };
  }

  /** Where in the picture something on the screen is. @param {{ clientX: number, clientY: number }} event */
  pointOf({ clientX, clientY }) {
    const frame = this.frame.getBoundingClientRect();
    return {
      x: this.#centre.x + (clientX - frame.left - frame.width / 2) / this.#scale,
      y: this.#centre.y + (clientY - frame.top - frame.height / 2) / this.#scale,
    };
  }

  /**
   * Brings a point of the picture into sight, large enough to be read.
   * @param {{ x: number, y: number }} point
   */
  reveal({ x, y }) {
    const width = this.frame.clientWidth / this.#scale, height = this.frame.clientHeight / this.#scale;
    const isSmall = this.#scale < readable;
    if (!isSmall && Math.abs(x - this.#centre.x) < width * 0.4 && Math.abs(y - this.#centre.y) < height * 0.4) return;
    if (this.#fitted && !isSmall) return;
    /* A graph that is wide and small was fitted into a low frame. */
    if (isSmall && this.frame.clientHeight < roomy) this.frame.style.height = `${roomy}px`;
    if (isSmall) this.#scale = Math.max(this.#fitScale(), 0.75);
    this.#fitted = false;
    this.#centre = { x, y };
    this.#apply();
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
    this.#surface.look({ left: this.#centre.x - width / 2, top: this.#centre.y - height / 2, width, height, scale: this.#scale });
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
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    this.zoom(Math.exp(-event.deltaY * lines * 0.004), this.pointOf(event));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.defaultPrevented || event.target !== this.frame || event.ctrlKey || event.metaKey || event.altKey) return;
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
  #press(event) {
    if (event.button !== 0 || !this.#surface.element.contains(/** @type {Node} */ (event.target))) return;
    if (this.#pressed.size === 0) this.#travelled = 0;
    this.#pressed.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  /** One finger or the mouse moves the picture, two move and zoom it. @param {PointerEvent} event */
  #drag(event) {
    const last = this.#pressed.get(event.pointerId);
    if (!last) return;
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    this.#travelled += Math.hypot(dx, dy);
    if (this.#travelled > still) this.frame.setPointerCapture(event.pointerId);
    this.#pressed.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const other = [...this.#pressed].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const before = Math.hypot(last.x - other.x, last.y - other.y), now = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      if (before > 0) this.zoom(now / before, this.pointOf({ clientX: (event.clientX + other.x) / 2, clientY: (event.clientY + other.y) / 2 }));
      this.move(-dx / 2, -dy / 2);
    } else this.move(-dx, -dy);
  }
}
