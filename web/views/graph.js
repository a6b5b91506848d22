/**
 * `<heddle-graph>`: the task graph of a run. Circles are calls, boxes are results, inputs at the bottom.
 *
 *     const graph = document.querySelector('heddle-graph');
 *     graph.show(model);   // at begin, and on each frame after a batch or a seek
 *     graph.select(task);  // null: none
 *
 * Attributes: `collapse-outputs` (no boxes: from circle to circle), `colour` (state, order, age or memory),
 * `view` (groups or tasks, of large graphs), `critical-path`, and `layout-worker`, which says where the built
 * layout-worker.js is, when not beside the script. A task that is picked is told by the event `heddle-select`.
 */
import { CANCELLED, countedNoun, DONE, ERRED, READY, RELEASED, resultWords, RUNNING, statisticsInSlices, WAITING } from 'heddle/trace';
import { groupsDrawing, looksOf, taskLimit, tasksDrawing } from './drawing.js';
import { html, measure } from './elements.js';
import { CanvasPicture } from './graph-canvas.js';
import { colourings, valuesOf } from './graph-colour.js';
import { lendHands } from './graph-hands.js';
import { Legend } from './graph-legend.js';
import { marksOf } from './graph-marks.js';
import { Search } from './graph-search.js';
import { Card, spokenOf, Story } from './graph-story.js';
import { Tools } from './graph-tools.js';
import { Layout } from './layout.js';
import { Picture } from './picture.js';
import { TaskTable } from './task-table.js';
import { Slices } from './slices.js';
import { Viewport } from './viewport.js';

const labelSize = 14;
/** More tasks than this are drawn as groups until somebody wants to see tasks. */
const groupsFrom = 800;
/** Of the page's time so much may go into values of tasks that are computed anew. */
const share = 0.02;
const dark = matchMedia('(prefers-color-scheme: dark)');

/** @typedef {'groups' | 'tasks'} View */

export class HeddleGraph extends HTMLElement {
  static observedAttributes = ['collapse-outputs', 'colour', 'view', 'critical-path'];

  #picture = new Picture();
  #canvas = new CanvasPicture(this, () => this.#noted());
  #viewport = new Viewport(this.#picture);
  #legend = new Legend();
  #card = new Card();
  #story = new Story(() => this.#pick(null));
  #search = new Search((matches) => this.#matched(matches), (task) => this.#pick(task));
  #tools = new Tools(this.#search.root, {
    colour: (name) => { this.colour = name; },
    boxes: (are) => { this.collapseOutputs = !are; },
    critical: (is) => void this.toggleAttribute('critical-path', is),
    view: (name) => this.setAttribute('view', name),
  });
  #table = new TaskTable();
  #note = html('p', { class: 'hd-note' });
  #spoken = html('p', { class: 'hd-spoken', 'aria-live': 'polite' });
  /** @type {Layout | null} */ #layout = null;
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  /** Of the graph in cells; null while a canvas shows it. @type {import('./drawing.js').Drawing | null} */ #drawing = null;
  /** What is being or has been placed; another object for another graph or way of drawing. */
  #placing = {};
  /** The version that is drawn; -1 while there are no places yet. */
  #drawn = -1;
  /** @type {import('./graph-marks.js').Edges | null} */ #edges = null;
  /** @type {import('./graph-marks.js').Marks | null} */ #marks = null;
  /** @type {number | null} */ #selected = null;
  /** @type {Uint32Array} */ #matches = new Uint32Array(0);
  /** @type {{ version: number, path: Uint32Array } | null} */ #critical = null;
  #path = new Slices();
  #values = new Slices();
  #valuesDue = 0;
  #valuesTimer = 0;
  #recolour = () => this.#canvas.recolour();

  constructor() {
    super();
    lendHands(this.#viewport, this.#card, {
      shown: () => this.#shown(), pick: (task, reveals) => this.#pick(task, reveals), dependentsOf: (task) => this.#dependentsOf(task),
    });
  }

  connectedCallback() {
    if (!this.contains(this.#viewport.frame)) {
      const bar = html('div', { class: 'hd-bar' }, this.#legend.root, this.#viewport.controls);
      this.replaceChildren(this.#viewport.frame, bar, this.#tools.root, this.#note, this.#story.root, this.#table.root, this.#spoken);
    }
    this.#viewport.connect();
    dark.addEventListener('change', this.#recolour);
    if (this.#model) this.show(this.#model);
  }

  disconnectedCallback() {
    this.#viewport.disconnect();
    dark.removeEventListener('change', this.#recolour);
    clearTimeout(this.#valuesTimer);
    this.#values.stop();
    this.#path.stop();
    this.#layout?.close();
    if (this.#drawn < 0) this.#placing = {};
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    const model = this.#model;
    if (!model || !this.isConnected) return;
    if (name === 'collapse-outputs' || name === 'view') void this.#begin(model);
    else if (name === 'colour') this.#paint(true);
    else this.#mark();
    this.#showTools();
  }

  /** Whether results have no boxes. */
  get collapseOutputs() { return this.hasAttribute('collapse-outputs'); }
  set collapseOutputs(is) { this.toggleAttribute('collapse-outputs', is); }

  /** What colours mean. @returns {import('./graph-colour.js').Colouring} */
  get colour() { return colourings.find((name) => name === this.getAttribute('colour')) ?? 'state'; }
  set colour(name) { this.setAttribute('colour', name); }

  /** @returns {View} */
  get view() {
    const wanted = this.getAttribute('view'), count = this.#model?.count ?? 0;
    if (count <= taskLimit) return 'tasks';
    return wanted === 'groups' || wanted === 'tasks' ? wanted : count > groupsFrom ? 'groups' : 'tasks';
  }

  /** For how long the last drawing of a canvas kept the page, in milliseconds. */
  get drawMs() { return this.#canvas.tookMs; }

  /**
   * Draws a run as it is now: all of a new run, of the same run only what has changed.
   * @param {import('heddle/trace').TraceModel} model
   */
  show(model) {
    const isNew = model !== this.#model;
    this.#model = model;
    if (!this.isConnected) return;
    if (isNew || this.#drawn === -2) this.#restart(model);
    if (this.#drawn >= 0 && this.#drawn < model.version) this.#update(model);
    this.#describe(model);
    this.#table.show(model);
  }

  /** Stresses a task and those that it has to do with. @param {number | null} task */
  select(task) {
    this.#choose(task, true);
  }

  /** @param {number | null} task @param {boolean} reveals whether it is brought into sight */
  #choose(task, reveals) {
    const count = this.#model?.count ?? 0, next = task !== null && Number.isInteger(task) && task >= 0 && task < count ? task : null;
    if (next === this.#selected) return;
    this.#selected = next;
    this.#mark();
    this.#tell();
    if (reveals && next !== null && this.#drawn >= 0) this.#viewport.reveal(this.#surface.placeOf(next));
  }

  /** @returns {import('./graph-hands.js').Shown | null} */
  #shown() {
    const model = this.#model;
    if (!model || model.count === 0 || this.#drawn < 0) return null;
    return { model, drawing: this.#drawing, picture: this.#picture, canvas: this.#canvas, edges: this.#edges, selected: this.#selected };
  }

  get #surface() { return this.#drawing ? this.#picture : this.#canvas; }

  /** @param {import('heddle/trace').TraceModel} model */
  #restart(model) {
    this.#values.stop();
    this.#path.stop();
    this.#selected = this.#edges = this.#critical = this.#marks = null;
    this.#matches = new Uint32Array(0);
    this.#story.root.hidden = true;
    this.#search.begin(model);
    void this.#begin(model);
  }

  /** Finds places and draws. @param {import('heddle/trace').TraceModel} model */
  async #begin(model) {
    const placing = (this.#placing = {});
    this.#drawn = -1;
    this.#card.hide();
    this.#showTools();
    this.#layout ??= new Layout(this.getAttribute('layout-worker') ?? undefined);
    const patience = window.setTimeout(() => {
      if (placing === this.#placing) this.#note.textContent = `Finding a place for ${countedNoun(model.count, 'task')} …`;
    }, 300);
    const isDrawn = await this.#place(model, this.#layout, () => placing === this.#placing);
    window.clearTimeout(patience);
    // By now another graph may be shown: then this answer is for nobody.
    if (placing !== this.#placing) return;
    if (!isDrawn) return void (this.#drawn = -2);
    this.#drawn = 0;
    this.#noted();
    this.#update(model);
    this.#mark();
    this.#paint(true);
  }

  /** @param {import('heddle/trace').TraceModel} model @param {Layout} layout @param {() => boolean} isWanted */
  async #place(model, layout, isWanted) {
    const collapsed = this.collapseOutputs, widthOf = measure(this, labelSize), { graph } = model;
    let drawing = this.view === 'tasks' ? tasksDrawing(model, widthOf) : null;
    if (!drawing && this.view === 'groups') {
      const groups = await layout.groups(graph);
      if (!groups || !isWanted()) return false;
      drawing = groupsDrawing(model, groups, widthOf);
      this.#edges = { ...graph, ...groups.structure };
    } else if (!drawing) {
      const layers = await layout.layers(graph);
      if (!layers || !isWanted()) return false;
      this.#edges = { ...graph, ...layers.structure };
      this.#drawing = null;
      this.#picture.clear();
      this.#viewport.swap(this.#canvas);
      const { width, height } = this.#canvas.show(model, layers, this.#edges, collapsed);
      this.#viewport.hold(width, height);
      return true;
    }
    const found = drawing, placement = await layout.place(found, collapsed);
    if (!isWanted()) return false;
    this.#edges ??= { ...graph, ...model.structure };
    this.#drawing = found;
    this.#canvas.clear();
    this.#picture.draw(found, placement, (cell) => found.grouped ? found.cells[cell].title : model.keyOf(cell), collapsed);
    this.#viewport.swap(this.#picture);
    this.#viewport.hold(placement.width, placement.height);
    return true;
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #update(model) {
    const drawing = this.#drawing;
    if (!drawing) this.#canvas.update();
    else if (drawing.grouped) this.#picture.update(looksOf(model, drawing, drawing.cells.keys()));
    else this.#picture.update(looksOf(model, drawing, model.changesSince(this.#drawn)));
    this.#drawn = model.version;
    this.#paint(false);
    if (this.#critical && this.#critical.version !== model.newsVersion && model.outcome !== null) this.#mark();
    if (this.#selected !== null) this.#showStory(model);
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #describe(model) {
    const { counts } = model;
    const label = `Task graph: ${model.sentence}`;
    for (const { element } of [this.#picture, this.#canvas]) if (element.getAttribute('aria-label') !== label) element.setAttribute('aria-label', label);
    this.#legend.update({
      waiting: counts[WAITING],
      ready: counts[READY],
      running: counts[RUNNING],
      done: counts[DONE] + counts[RELEASED],
      [resultWords.held]: counts[DONE],
      [resultWords.freed]: counts[RELEASED],
      erred: counts[ERRED],
      cancelled: counts[CANCELLED],
    });
  }

  #noted() {
    const text = this.#model?.count === 0 ? 'No tasks.' : this.#drawing ? this.#drawing.note : this.#canvas.note;
    if (this.#note.textContent !== text) this.#note.textContent = text;
  }

  #showTools() {
    const { colour, view } = this, count = this.#model?.count ?? 0;
    this.#tools.root.hidden = count === 0;
    this.#tools.show({ colour, view, boxes: !this.collapseOutputs, critical: this.hasAttribute('critical-path'), canSwitch: count > taskLimit });
    this.#legend.collapse(this.collapseOutputs);
  }

  /** Values of tasks as colours. @param {boolean} now also if they were computed just before */
  #paint(now) {
    const model = this.#model, { colour } = this;
    if (!model || this.#drawn < 0) return;
    clearTimeout(this.#valuesTimer);
    this.#values.stop();
    this.#valuesTimer = 0;
    if (colour === 'state' || this.view === 'groups') {
      if (!now) return;
      this.#legend.paint(null);
      return this.#surface.paint(null);
    }
    const start = performance.now();
    if (!now && start < this.#valuesDue) return void (this.#valuesTimer = window.setTimeout(() => this.#paint(true), this.#valuesDue - start));
    this.#values.begin(valuesOf(model, colour), (values) => {
      this.#valuesDue = start + (performance.now() - start) / share;
      this.#legend.paint(values);
      this.#surface.paint(values);
    });
  }

  /** @param {Uint32Array} matches */
  #matched(matches) {
    this.#matches = matches;
    this.#mark();
  }

  #mark() {
    const model = this.#model;
    if (!model || !this.#edges || this.#drawn < 0) return;
    this.#path.stop();
    if (!this.hasAttribute('critical-path')) this.#critical = null;
    else if (this.#critical?.version !== model.newsVersion) {
      const version = model.newsVersion;
      this.#path.begin(statisticsInSlices(model), ({ criticalPath: path }) => {
        this.#critical = { version, path };
        this.#stress(model);
      });
      if (!this.#path.busy) return;
    }
    this.#stress(model);
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #stress(model) {
    if (!this.#edges) return;
    const critical = this.#critical?.path ?? null, any = this.#selected !== null || critical || this.#matches.length > 0;
    this.#marks = any ? marksOf(model.count, this.#edges, { selected: this.#selected, critical, matches: this.#matches }) : null;
    this.#surface.mark(this.#marks);
    this.#showStory(model);
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #showStory(model) {
    const task = this.#selected;
    this.#story.show(model, task, { dependents: task === null ? 0 : this.#dependentsOf(task), marks: this.#marks });
  }

  /** @param {number} task */
  #dependentsOf(task) {
    const edges = this.#edges;
    return edges ? new Set(edges.dependents.subarray(edges.dependentOffsets[task], edges.dependentOffsets[task + 1])).size : 0;
  }

  #tell() {
    const model = this.#model, task = this.#selected;
    this.#spoken.textContent = !model ? '' : task === null ? 'No task is selected.' : spokenOf(model, task, this.#dependentsOf(task));
  }

  /** Somebody has picked a task here. @param {number | null} task @param {boolean} [reveals] */
  #pick(task, reveals = true) {
    if (task === this.#selected) return;
    this.#choose(task, reveals);
    this.dispatchEvent(new CustomEvent('heddle-select', { bubbles: true, composed: true, detail: { task } }));
  }
}

customElements.define('heddle-graph', HeddleGraph);
