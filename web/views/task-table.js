/** The tasks as a table, for those who do not see the picture or want the numbers. Filled only while open. */
import { countedNoun, RELEASED, resultWords, RUNNING, taskStates, timed } from 'heddle/trace';
import { html } from './elements.js';

const rowsLimit = 200;
/** So many keys of a fused chain are written out. */
const partsShown = 4;

export class TaskTable {
  root = html('details', { class: 'hd-tasks' }, html('summary', {}, 'As a table'));
  #scroller = html('div', { class: 'hd-scroller', tabindex: 0, role: 'region', 'aria-label': 'Tasks' });
  #rest = html('p', { class: 'hd-note' });
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  /** @type {import('heddle/trace').TraceModel | null} */ #filled = null;
  #version = 0;
  /** @type {HTMLTableRowElement[]} */ #rows = [];

  constructor() {
    this.root.append(this.#scroller, this.#rest);
    this.root.addEventListener('toggle', () => this.#draw());
  }

  /** @param {import('heddle/trace').TraceModel} model */
  show(model) {
    this.#model = model;
    this.#draw();
  }

  #draw() {
    const model = this.#model;
    if (!model || !this.root.open) return;
    if (this.#filled !== model) this.#fill(model);
    for (const task of model.changesSince(this.#version)) {
      if (task >= this.#rows.length) break;
      this.#write(model, task);
    }
    this.#version = model.version;
  }

  /** @param {import('heddle/trace').TraceModel} model */
  #fill(model) {
    const shown = Math.min(rowsLimit, model.count);
    const body = html('tbody');
    const fused = Array.from({ length: shown }).some((_, task) => model.partsOf(task).length > 0);
    this.#rows = Array.from({ length: shown }, (_, task) => {
      const row = html('tr', {}, html('th', { scope: 'row' }, model.keyOf(task)), html('td'), html('td'), html('td'), html('td'),
        ...(fused ? [html('td', {}, partners(model, task))] : []));
      body.append(row);
      return row;
    });
    const titles = ['Task', 'State', 'Worker', 'Started at', 'Took', ...(fused ? ['Fused with'] : [])].map((title) => html('th', { scope: 'col' }, title));
    this.#scroller.replaceChildren(html('table', {}, html('thead', {}, html('tr', {}, ...titles)), body));
    const more = model.count - shown;
    this.#rest.textContent = more > 0 ? `The first ${rowsLimit} tasks; ${countedNoun(more, 'task')} more.` : '';
    this.#filled = model;
    this.#version = 0;
  }

  /** @param {import('heddle/trace').TraceModel} model @param {number} task */
  #write(model, task) {
    const [state, worker, start, duration] = this.#rows[task].querySelectorAll('td');
    const started = model.startMsOf(task) >= 0 && model.startMsOf(task) <= model.shownMs; /* nothing of what is yet to come */
    const now = model.stateOf(task);
    state.textContent = now === RELEASED ? `done, ${resultWords.freed}` : taskStates[now];
    worker.textContent = !started ? '' : model.scheduler === 'sync' ? 'serial' : String(model.rowOf(task));
    start.textContent = started ? timed(model.startMsOf(task)) : '';
    duration.textContent = now === RUNNING ? '…' : timed(model.durationMsOf(task));
  }
}

/**
 * The keys of the tasks that one worker runs in one go with this one.
 * @param {import('heddle/trace').TraceModel} model
 * @param {number} task
 */
function partners(model, task) {
  const parts = model.partsOf(task), more = parts.length - 1 - partsShown;
  const others = parts.slice(0, partsShown + 1).filter((part) => part !== task).slice(0, partsShown);
  return others.map((part) => model.keyOf(part)).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
