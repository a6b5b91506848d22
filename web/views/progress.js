/**
 * `<heddle-progress>`: how far the tasks of each name are, one bar a name in the name's colour, at the moment shown.
 *
 *     document.querySelector('heddle-progress').show(model);   // at begin, and on each frame after a batch or a seek
 *
 * A table with a bar in each row, so that it is read as a table, too.
 */
import { colourOf, counted, countedNoun, timed } from 'heddle/trace';
import { html, write } from './elements.js';
import { tallyOf } from './tally.js';

const namesShown = 40;
/** The parts of a bar from left to right, as `Tally` names them, and what the legend says. */
const parts = /** @type {const} */ ([['released', 'done, result released'], ['held', 'done, result in memory'], ['failed', 'failed'],
  ['running', 'running'], ['ready', 'queued: waits for a thread']]);

/** @typedef {import('./tally.js').Tally} Tally @typedef {import('./tally.js').NameTally} NameTally */

/** One name, or all. */
class Row {
  #bar = html('span', { class: 'hd-bar-of', 'aria-hidden': 'true' });
  #segments = new Map(parts.map(([part]) => [part, html('i', { 'data-part': part })]));
  #cells = { done: html('td'), running: html('td'), ready: html('td'), failed: html('td'), each: html('td') };
  root;

  /** @param {string} name @param {string} [colour] */
  constructor(name, colour) {
    const swatch = html('span', { class: 'hd-swatch', 'aria-hidden': 'true' });
    if (colour) swatch.style.background = colour;
    this.#bar.append(...this.#segments.values());
    if (colour) this.#bar.style.setProperty('--name', colour);
    const { done, running, ready, failed, each } = this.#cells;
    const title = html('th', { scope: 'row' }, ...(colour ? [swatch] : []), html('span', { title: name }, name));
    this.root = html('tr', {}, title, html('td', { class: 'hd-bar-cell' }, this.#bar), done, running, ready, failed, each);
  }

  /** @param {Tally} tally */
  show(tally) {
    for (const [part, segment] of this.#segments) {
      const width = `${((100 * tally[part]) / Math.max(1, tally.tasks)).toFixed(2)}%`;
      if (segment.style.width !== width) segment.style.width = width;
    }
    const { done, running, ready, failed, each } = this.#cells, or = (/** @type {number} */ number) => (number ? counted(number) : '–');
    write(done, `${counted(tally.done)} / ${counted(tally.tasks)}`);
    write(running, or(tally.running));
    write(ready, or(tally.ready));
    write(failed, or(tally.failed));
    failed.toggleAttribute('data-some', tally.failed > 0);
    write(each, timed(tally.meanMs) || '–');
  }
}

export class HeddleProgress extends HTMLElement {
  #sum = html('p', { class: 'hd-sum' });
  #body = html('tbody');
  #note = html('p', { class: 'hd-note' });
  #legend = html('ul', { class: 'hd-legend' }, ...parts.map(([part, says]) =>
    html('li', {}, html('span', { class: 'hd-bar-of hd-key', 'aria-hidden': 'true' }, html('i', { 'data-part': part })), says)));
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  /** @type {{ index: number, row: Row }[]} */ #rows = [];
  /** @type {Row} */ #all = new Row('all');
  #version = 0;

  connectedCallback() {
    if (this.#body.isConnected) return;
    const titles = ['Name', 'Progress', 'Done', 'Running', 'Queued', 'Failed', 'Each took'].map((title) => html('th', { scope: 'col' }, title));
    const table = html('table', { class: 'hd-figures' }, html('caption', { class: 'hd-unseen' }, 'Progress by name'), html('thead', {}, html('tr', {}, ...titles)), this.#body);
    this.replaceChildren(this.#sum, html('div', { class: 'hd-scroller hd-plain', tabindex: 0, role: 'region', 'aria-label': 'Progress by name' }, table), this.#legend, this.#note);
    if (this.#model) this.show(this.#model);
  }

  /**
   * Draws how far a run is at the moment shown.
   * @param {import('heddle/trace').TraceModel} model
   */
  show(model) {
    if (model !== this.#model) this.#begin(model);
    const live = model.outcome === null && model.cursorMs === null;
    if (model.version === this.#version && !live) return;
    this.#version = model.version;
    const { all, names, leftMs } = tallyOf(model);
    for (const { index, row } of this.#rows) row.show(names[index]);
    this.#all.show(all);
    write(this.#sum, sumOf(model, all, leftMs));
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #begin(model) {
    this.#model = model;
    this.#version = 0;
    const sizes = new Uint32Array(model.names.length);
    for (const name of model.graph.nameOf) sizes[name]++;
    const depths = new Uint32Array(sizes.length).fill(model.count);
    model.graph.nameOf.forEach((name, task) => (depths[name] = Math.min(depths[name], model.depths[task])));
    const most = Array.from(sizes.keys()).sort((a, b) => sizes[b] - sizes[a] || a - b).slice(0, namesShown);
    const indices = most.sort((a, b) => depths[a] - depths[b] || a - b); /* as the run comes to them */
    this.#rows = indices.map((index) => ({ index, row: new Row(model.names[index], colourOf(model.names[index]).fill) }));
    this.#all = new Row('all');
    this.#all.root.className = 'hd-all';
    this.#body.replaceChildren(...this.#rows.map(({ row }) => row.root), ...(indices.length > 1 ? [this.#all.root] : []));
    const more = model.names.length - indices.length;
    this.#note.textContent = more > 0 ? `The ${namesShown} names with the most tasks; ${countedNoun(more, 'name')} more.` : '';
  }
}

/** @param {import('heddle/trace').TraceModel} model @param {Tally} all @param {number} leftMs */
function sumOf(model, all, leftMs) {
  const done = `${counted(all.done)} of ${countedNoun(all.tasks, 'task')} done`;
  if (model.outcome !== null) return leftMs > 0 ? `${done}; the run ended ${timed(leftMs)} later` : `${done} in ${timed(model.atMs)}`;
  if (model.cursorMs !== null || Number.isNaN(leftMs)) return done;
  return `${done}; about ${timed(leftMs)} left`;
}

customElements.define('heddle-progress', HeddleProgress);
