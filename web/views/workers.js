/**
 * `<heddle-workers>`: one line a worker: what it runs and since when, how busy it was, what it has done; at the moment shown.
 *
 *     document.querySelector('heddle-workers').show(model);   // at begin, and on each frame after a batch or a seek
 *
 * A table. The name of a task is a button that picks it (`heddle-select`).
 */
import { colourOf, counted, timed } from 'heddle/trace';
import { crewOf } from './crew.js';
import { html, write } from './elements.js';

/** What is said of a worker that runs nothing. */
const words = { idle: 'idle', asleep: 'asleep: nothing to do', lost: 'lost: its thread was ended', running: '' };

class Line {
  #cells = { now: html('td', { class: 'hd-now' }), since: html('td'), busy: html('td', { class: 'hd-bar-cell' }), done: html('td'), failed: html('td') };
  #share = html('span');
  #bar = html('span', { class: 'hd-bar-of', 'aria-hidden': 'true' }, html('i', { 'data-part': 'busy' }));
  #shown = '';
  #button = html('button', { type: 'button' });
  task = -1;
  root;

  /** @param {string} name @param {(task: number) => void} pick */
  constructor(name, pick) {
    this.#cells.busy.append(this.#bar, this.#share);
    this.#button.addEventListener('click', () => pick(this.task));
    this.root = html('tr', {}, html('th', { scope: 'row' }, name), ...Object.values(this.#cells));
  }

  /** @param {import('heddle/trace').TraceModel} model @param {import('./crew.js').Hand} hand @param {number} nowMs */
  show(model, hand, nowMs) {
    const { state, task, sinceMs, more, done, failed, busyMs } = hand, { now, since, done: doneCell, failed: failedCell } = this.#cells;
    this.root.dataset.worker = state;
    this.task = task;
    if (this.#shown !== `${state} ${task} ${more}`) {
      this.#shown = `${state} ${task} ${more}`;
      now.replaceChildren(...(task < 0 ? [words[state]] : this.#running(model, task, more)));
    }
    write(since, task < 0 ? '' : `for ${timed(Math.max(0, nowMs - sinceMs))}`);
    const share = nowMs > 0 ? busyMs / nowMs : 0, percent = `${Math.round(100 * share)} %`;
    write(this.#share, percent);
    /** @type {HTMLElement} */ (this.#bar.firstChild).style.width = percent.replace(' ', '');
    write(doneCell, counted(done));
    write(failedCell, failed ? counted(failed) : '–');
    failedCell.toggleAttribute('data-some', failed > 0);
  }

  /** @param {import('heddle/trace').TraceModel} model @param {number} task @param {number} more */
  #running(model, task, more) {
    const swatch = html('span', { class: 'hd-swatch', 'aria-hidden': 'true' });
    swatch.style.background = colourOf(model.nameOf(task)).fill;
    this.#button.textContent = model.keyOf(task);
    return [swatch, this.#button, ...(more ? [` and ${counted(more)} that wait`] : [])];
  }

  /** @param {number | null} task */
  select(task) {
    this.root.toggleAttribute('data-selected', task !== null && task === this.task);
  }
}

export class HeddleWorkers extends HTMLElement {
  #body = html('tbody');
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  /** @type {Line[]} */ #lines = [];
  /** @type {number | null} */ #selected = null;
  #version = 0;

  connectedCallback() {
    if (this.#body.isConnected) return;
    const titles = ['Worker', 'Runs', 'Since', 'Busy', 'Done', 'Failed'].map((title) => html('th', { scope: 'col' }, title));
    this.replaceChildren(html('div', { class: 'hd-scroller hd-plain', tabindex: 0, role: 'region', 'aria-label': 'Workers' },
      html('table', { class: 'hd-figures' }, html('caption', { class: 'hd-unseen' }, 'Workers'), html('thead', {}, html('tr', {}, ...titles)), this.#body)));
    if (this.#model) this.show(this.#model);
  }

  /**
   * Draws what the workers of a run do at the moment shown.
   * @param {import('heddle/trace').TraceModel} model
   */
  show(model) {
    const isNew = model !== this.#model, live = model.outcome === null && model.cursorMs === null;
    this.#model = model;
    if (!isNew && model.version === this.#version && !live) return;
    this.#version = model.version;
    const { nowMs, hands } = crewOf(model);
    if (isNew) this.#lines = [];
    for (const hand of hands) {
      this.#lines[hand.row] ??= new Line(model.scheduler === 'sync' ? 'serial' : `worker ${hand.row}`, (task) => this.#pick(task));
      this.#lines[hand.row].show(model, hand, nowMs);
      this.#lines[hand.row].select(this.#selected);
    }
    if (this.#body.childElementCount !== hands.length || isNew) this.#body.replaceChildren(...this.#lines.map(({ root }) => root));
  }

  /** Highlights the worker that runs a task. @param {number | null} task */
  select(task) {
    this.#selected = task;
    for (const line of this.#lines) line.select(task);
  }

  /** @param {number} task */
  #pick(task) {
    if (task >= 0) this.dispatchEvent(new CustomEvent('heddle-select', { bubbles: true, composed: true, detail: { task } }));
  }
}

customElements.define('heddle-workers', HeddleWorkers);
