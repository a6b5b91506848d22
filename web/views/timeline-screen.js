/**
 * What a picture of threads is painted on: two canvases, of which one is seen while the other is painted, in slices, so
 * that no frame waits for a large picture and nobody sees half of one; and one over them for what changes more often
 * than the bars: the moment shown, the selected bar.
 */
import { html } from './elements.js';
import { painting } from './timeline-paint.js';

/** @typedef {import('./timeline-paint.js').Scene} Scene */

export class Screen {
  #front = html('canvas', { hidden: '' });
  #back = html('canvas', { hidden: '' });
  #over = html('canvas', { class: 'hd-over', 'aria-hidden': 'true' });
  element = html('div', { class: 'hd-screen', role: 'img', 'aria-label': 'Threads' }, this.#front, this.#back, this.#over);
  /** The picture that is being painted. @type {{ work: Generator<void, void>, scene: Scene } | null} */ #next = null;
  /** What it is of: the same again need not be painted. */ #key = '';
  /** The picture that is seen. @type {Scene | null} */ shown = null;

  /** Whether a picture is not complete. While it is not, its index must not be changed. */
  get isBusy() { return this.#next !== null; }

  /** Forgets the picture: the next one is of something else, or has other colours. */
  forget() {
    this.#next = null;
    this.#key = '';
  }

  /** Begins a picture, unless it is the one that is seen. Not while one is under way. @param {Scene} scene */
  begin(scene) {
    const { index, view, places, left, nowMs } = scene;
    const key = [index.version, nowMs, view.fromMs, view.msPerPx, view.width, places.height, left, devicePixelRatio].join();
    if (key === this.#key) return;
    const context = sized(this.#back, left + view.width + 1, places.height);
    if (!context) return;
    this.#key = key;
    this.#next = { work: painting(context, scene), scene };
  }

  /** Paints until a moment. @param {number} until as of `performance.now` */
  paint(until) {
    if (!this.#next) return;
    while (!this.#next.work.next().done) if (performance.now() >= until) return;
    this.shown = this.#next.scene;
    this.#next = null;
    [this.#front, this.#back] = [this.#back, this.#front];
    this.#front.hidden = false;
    this.#back.hidden = true;
  }

  /** Draws what lies over the picture that is seen. @param {(context: CanvasRenderingContext2D, scene: Scene) => void} draw from where the bars begin */
  over(draw) {
    const scene = this.shown;
    if (!scene) return;
    const { left, view, places } = scene, context = sized(this.#over, left + view.width + 1, places.height);
    if (context) within(context, scene, () => draw(context, scene));
  }
}

/** Draws where the bars are, and not beside it. @param {CanvasRenderingContext2D} context @param {Scene} scene @param {() => void} draw */
function within(context, { left, view, places }, draw) {
  context.save();
  context.beginPath();
  context.rect(left, 0, view.width + 1, places.height);
  context.clip();
  context.translate(left, 0);
  draw();
  context.restore();
}

/** A canvas of that size in CSS pixels, cleared, drawn in them. @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
export function sized(canvas, width, height) {
  const ratio = devicePixelRatio || 1, [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}
