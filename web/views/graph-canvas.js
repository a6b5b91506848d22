/**
 * A large graph on a canvas, in layers: circles and boxes from near, dots from far, and only what is in sight. It is drawn
 * at most once a frame, when the view, the run or the marks have changed.
 */
import { counted, countedNoun, ERRED, RUNNING } from 'heddle/trace';
import { html, measure } from './elements.js';
import { drawDots } from './graph-dots.js';
import { drawEdges, drawLitEdges, joined, joinedCritically } from './graph-edges.js';
import { SELECTED } from './graph-marks.js';
import { paletteOf } from './graph-palette.js';
import { drawShapes } from './graph-shapes.js';
import { Ground, place } from './graph-sight.js';

/** From this width of a place, in pixels of the screen, on, tasks have shapes. */
const shaped = 14;
/** So many tasks are drawn once more over the others. */
const overLimit = 3000;

export class CanvasPicture {
  element = html('canvas', { class: 'hd-picture', role: 'img', 'aria-label': 'Task graph' });
  /** What is hidden, as of the last drawing. */
  note = '';
  /** How long the last drawing took, in milliseconds. */
  tookMs = 0;
  #context = /** @type {CanvasRenderingContext2D} */ (this.element.getContext('2d'));
  #dots = html('canvas');
  /** @type {ImageData | null} */ #image = null;
  #host;
  #noted;
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  /** @type {Ground | null} */ #ground = null;
  /** @type {import('./graph-marks.js').Edges | null} */ #edges = null;
  /** @type {import('./graph-marks.js').Marks | null} */ #marks = null;
  /** @type {import('./graph-colour.js').Values | null} */ #values = null;
  /** @type {import('./graph-palette.js').Palette | null} */ #palette = null;
  /** @type {import('./viewport.js').View | null} */ #view = null;
  #tasks = new Uint32Array(0);
  #frame = 0;
  /** @type {Map<string, string>} */ #labels = new Map();
  /** @type {((text: string) => number) | null} */ #widthOf = null;

  /** @param {Element} host whose colours are taken @param {() => void} noted is called when `note` has changed */
  constructor(host, noted) {
    this.#host = host;
    this.#noted = noted;
  }

  /**
   * @param {import('heddle/trace').TraceModel} model
   * @param {import('heddle/layout').Layers} layers
   * @param {import('./graph-marks.js').Edges} edges
   * @param {boolean} collapsed
   */
  show(model, layers, edges, collapsed) {
    this.#model = model;
    this.#ground = new Ground(layers, collapsed);
    this.#edges = edges;
    this.#tasks = new Uint32Array(model.count);
    this.#marks = this.#values = null;
    this.recolour();
    return { width: this.#ground.width, height: this.#ground.height };
  }

  /** Forgets the graph. */
  clear() {
    this.#model = this.#ground = this.#edges = null;
    this.#tasks = new Uint32Array(0);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  /** The page's colours have changed. */
  recolour() {
    this.#palette = null;
    this.#widthOf = null;
    this.#labels.clear();
    this.#ask();
  }

  /** @param {import('./viewport.js').View} view */
  look(view) {
    this.#view = view;
    this.#ask();
  }

  /** States have changed. */
  update() { this.#ask(); }

  /** @param {import('./graph-marks.js').Marks | null} marks */
  mark(marks) {
    this.#marks = marks;
    this.#ask();
  }

  /** @param {import('./graph-colour.js').Values | null} values */
  paint(values) {
    this.#values = values;
    this.#ask();
  }

  /** @param {{ x: number, y: number }} point @returns {number | null} */
  taskAt(point) { return this.#ground?.taskAt(point) ?? null; }

  /** @param {number} task */
  placeOf(task) { return this.#ground ? { x: this.#ground.xOf(task), y: this.#ground.yOf(task) } : { x: 0, y: 0 }; }

  /** @param {number} task @param {1 | -1} side */
  besides(task, side) { return this.#ground?.besides(task, side) ?? null; }

  #ask() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const start = performance.now();
      this.#draw();
      this.tookMs = performance.now() - start;
    });
  }

  #draw() {
    const { element } = this, model = this.#model, ground = this.#ground, edges = this.#edges, view = this.#view, context = this.#context;
    if (!model || !ground || !edges || !view || !element.isConnected) return;
    const palette = (this.#palette ??= paletteOf(this.#host)), ratio = Math.min(2, window.devicePixelRatio || 1);
    const width = Math.round(view.width * view.scale), height = Math.round(view.height * view.scale);
    if (element.width !== width * ratio || element.height !== height * ratio) [element.width, element.height] = [width * ratio, height * ratio];
    const scene = { ground, states: model.states, marks: this.#marks, values: this.#values, palette };
    const sight = { tasks: this.#tasks, ...ground.look(view, this.#tasks) };
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, element.width, element.height);
    const { scale } = view, zoom = ratio * scale;
    context.setTransform(zoom, 0, 0, zoom, -view.left * zoom, -view.top * zoom);
    const stride = this.#drawLines(scene, edges, view, sight);
    if (place.width * scale < shaped) this.#drawDots(scene, view, sight, width, height);
    else drawShapes(context, this.#tasks, sight.drawn, view, scene, (task, room) => this.#labelOf(model, task, room));
    this.#drawOver(scene, view);
    const note = noteOf(model.count, sight, stride, ground);
    if (note !== this.note) {
      this.note = note;
      this.#noted();
    }
  }

  /** @param {import('./graph-dots.js').Scene} scene @param {import('./graph-marks.js').Edges} edges @param {import('./viewport.js').View} view
   * @param {{ tasks: Uint32Array, drawn: number, inSight: number }} sight */
  #drawLines({ ground, marks, palette: { words } }, edges, view, sight) {
    const context = this.#context, { scale } = view, near = place.width * scale >= shaped;
    context.strokeStyle = context.fillStyle = words.line;
    /* Thinner than a pixel, lines that lie on each other would add up. */
    context.lineWidth = near ? Math.max(1, 1.05 / scale) : 0.6 / scale;
    context.globalAlpha = (marks?.fades ? 0.35 : 1) * (near ? 0.85 : 0.4);
    const stride = drawEdges(context, ground, edges, view, sight);
    if (marks?.fades) {
      context.strokeStyle = context.fillStyle = words.focus;
      context.lineWidth = Math.max(2, 1.2 / scale);
      context.globalAlpha = 0.9;
      drawLitEdges(joined, context, ground, edges, marks, scale);
      context.strokeStyle = context.fillStyle = words.critical;
      context.lineWidth *= 1.75;
      drawLitEdges(joinedCritically, context, ground, edges, marks, scale);
    }
    context.globalAlpha = 1;
    return stride;
  }

  /** @param {import('./graph-dots.js').Scene} scene @param {import('./viewport.js').View} view @param {{ tasks: Uint32Array } & import('./graph-sight.js').Sight} sight @param {number} width @param {number} height */
  #drawDots(scene, view, sight, width, height) {
    const dots = this.#dots, inside = /** @type {CanvasRenderingContext2D} */ (dots.getContext('2d'));
    if (!this.#image || this.#image.width !== width || this.#image.height !== height) {
      [dots.width, dots.height] = [width, height];
      this.#image = inside.createImageData(width, height);
    }
    const pixels = new Uint32Array(this.#image.data.buffer);
    pixels.fill(0);
    drawDots(pixels, width, height, sight, view, scene);
    inside.putImageData(this.#image, 0, 0);
    this.#context.imageSmoothingEnabled = false;
    this.#context.drawImage(dots, view.left, view.top, view.width, view.height);
  }

  /** What must not be overlooked, also from far: what runs, failed, was found or is selected. @param {import('./graph-dots.js').Scene} scene @param {import('./viewport.js').View} view */
  #drawOver({ ground, states, marks, values, palette: { words } }, view) {
    const context = this.#context, { counts } = /** @type {import('heddle/trace').TraceModel} */ (this.#model), { scale } = view;
    const far = place.width * scale < shaped, size = Math.max(4, place.width * scale * 0.75) / scale, rim = 1.5 / scale;
    for (const [state, colour] of /** @type {[number, string][]} */ ([[RUNNING, words.running], [ERRED, words.erred]])) {
      if (!far || values || counts[state] === 0) continue;
      /* With a rim, since what is in memory has the same colour. */
      for (let task = states.indexOf(state), drawn = 0; task >= 0 && drawn < overLimit; task = states.indexOf(state, task + 1), drawn++) {
        const x = ground.xOf(task), y = ground.yOf(task) + ground.circleY;
        context.fillStyle = words.surface;
        context.fillRect(x - size / 2 - rim, y - size / 2 - rim, size + 2 * rim, size + 2 * rim);
        context.fillStyle = colour;
        context.fillRect(x - size / 2, y - size / 2, size, size);
      }
    }
    if (!marks) return;
    const radius = Math.max(place.radius + 7, 5 / scale);
    context.strokeStyle = words.focus;
    context.beginPath();
    let drawn = 0;
    for (let at = 0; at < marks.ringed.length && drawn < overLimit; at++) {
      const task = marks.ringed[at];
      const x = ground.xOf(task), y = ground.yOf(task) + ground.circleY, reach = marks.of[task] & SELECTED && far ? 1.8 * radius : radius;
      if (x < view.left - radius || x > view.left + view.width + radius) continue;
      context.moveTo(x + reach, y);
      context.arc(x, y, reach, 0, 2 * Math.PI);
      drawn++;
    }
    context.lineWidth = Math.max(4, 2.5 / scale);
    context.stroke();
  }

  /** @param {import('heddle/trace').TraceModel} model @param {number} task @param {number} room */
  #labelOf(model, task, room) {
    const name = model.nameOf(task);
    let label = this.#labels.get(name);
    if (label === undefined) {
      const widthOf = (this.#widthOf ??= measure(this.#host, 13)), letters = [...name.slice(0, 40)];
      label = name;
      while (letters.length > 1 && widthOf(label) > room) {
        letters.pop();
        label = `${letters.join('')}…`;
      }
      this.#labels.set(name, label);
    }
    return label;
  }
}

/** @param {number} count @param {{ drawn: number, inSight: number }} sight @param {number} stride @param {Ground} ground */
function noteOf(count, { drawn, inSight }, stride, { layers }) {
  const said = [];
  const folded = layers.folds.some((fold) => fold > 1);
  if (drawn < inSight) said.push(`There are too many to draw each: one in ${counted(Math.round(inSight / Math.max(1, drawn)))} is drawn, and all that run or have failed.`);
  if (stride > 1) said.push(`Of the edges one in ${counted(stride)} is drawn.`);
  if (layers.columns > 1) said.push(`The graph is tall: it goes on from the top of each of ${counted(layers.columns)} columns at the bottom of the next.`);
  else if (folded) said.push('Long rows are folded into several lines.');
  return `${countedNoun(count, 'task')}.${said.length > 0 ? ` ${said.join(' ')}` : ''}`;
}
