/**
 * `<heddle-graph>`: the task graph of a run. Circles are calls, boxes are results, inputs at the bottom.
 *
 *     const graph = document.querySelector('heddle-graph');
 *     graph.show(model);   // at begin, and on each frame after a batch
 *
 * The attribute `layout-worker` says where the built layout-worker.js is, when not beside the script.
 */
import { CANCELLED, countedNoun, DONE, ERRED, READY, RELEASED, resultWords, RUNNING, WAITING } from 'heddle/trace';
import { drawingOf, looksOf } from './drawing.js';
import { html, measure } from './elements.js';
import { Layout } from './layout.js';
import { Legend, Picture } from './picture.js';
import { TaskTable } from './task-table.js';
import { Viewport } from './viewport.js';

const labelSize = 14;

export class HeddleGraph extends HTMLElement {
  #picture = new Picture();
  #viewport = new Viewport(this.#picture.root);
  #legend = new Legend();
  #table = new TaskTable();
  #note = html('p', { class: 'hd-note' });
  /** @type {Layout | null} */ #layout = null;
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  /** @type {import('./drawing.js').Drawing | null} */ #drawing = null;
  /** The version that is drawn; -1 while there are no places yet. */
  #drawn = -1;

  connectedCallback() {
    if (!this.contains(this.#viewport.frame)) {
      const bar = html('div', { class: 'hd-bar' }, this.#legend.root, this.#viewport.controls);
      this.replaceChildren(this.#viewport.frame, bar, this.#note, this.#table.root);
    }
    this.#viewport.connect();
    if (this.#model) this.show(this.#model);
  }

  disconnectedCallback() {
    this.#viewport.disconnect();
    this.#layout?.close();
  }

  /**
   * Draws a run as it is now: all of a new run, of the same run only what has changed.
   * @param {import('heddle/trace').TraceModel} model
   */
  show(model) {
    const isNew = model !== this.#model;
    this.#model = model;
    if (!this.isConnected) return;
    if (isNew || !this.#drawing) this.#begin(model);
    if (this.#drawn >= 0 && this.#drawn < model.version) this.#update(model);
    this.#describe(model);
    this.#table.show(model);
  }

  /** @param {import('heddle/trace').TraceModel} model */
  async #begin(model) {
    const drawing = drawingOf(model, measure(this, labelSize));
    this.#drawing = drawing;
    this.#drawn = -1;
    this.#note.textContent = model.count === 0 ? 'No tasks.' : drawing.note;
    this.#picture.clear();
    this.#layout ??= new Layout(this.getAttribute('layout-worker') ?? undefined);
    const patience = window.setTimeout(() => {
      if (drawing === this.#drawing) this.#note.textContent = `Finding a place for ${countedNoun(model.count, 'task')} …`;
    }, 300);
    const placement = await this.#layout.place(drawing);
    window.clearTimeout(patience);
    // By now another graph may be shown: then this answer is for nobody.
    if (drawing !== this.#drawing) return;
    this.#note.textContent = model.count === 0 ? 'No tasks.' : drawing.note;
    const keyOf = (/** @type {number} */ cell) => drawing.grouped ? drawing.cells[cell].title : model.keyOf(cell);
    this.#picture.draw(drawing, placement, keyOf);
    this.#viewport.hold(placement.width, placement.height);
    this.#drawn = 0;
    this.#update(model);
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #update(model) {
    const drawing = this.#drawing;
    if (!drawing) return;
    const cells = new Set(model.changesSince(this.#drawn).map((task) => drawing.cellOf[task]));
    this.#picture.update(looksOf(model, drawing, cells));
    this.#drawn = model.version;
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #describe(model) {
    const { counts } = model;
    const label = `Task graph: ${model.sentence}`;
    if (this.#picture.root.getAttribute('aria-label') !== label) this.#picture.root.setAttribute('aria-label', label);
    this.#legend.update({
      waiting: counts[WAITING] + counts[READY],
      running: counts[RUNNING],
      done: counts[DONE] + counts[RELEASED],
      [resultWords.held]: counts[DONE],
      [resultWords.freed]: counts[RELEASED],
      erred: counts[ERRED],
      cancelled: counts[CANCELLED],
    });
  }
}

customElements.define('heddle-graph', HeddleGraph);
