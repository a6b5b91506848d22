/** What stands under a picture of threads: a legend of what occurs, the story of a task, threads as a table. */
import { colourOf, counted, storyOf, timed, waitOf } from 'heddle/trace';
import { html } from './elements.js';
import { percent, rowsOf } from './timeline-words.js';

const NAMES_MAX = 12;

/** @typedef {import('heddle/trace').TraceModel} TraceModel */

/** What has a look of its own. @type {[keyof import('./timeline-index.js').TimelineIndex['seen'], string][]} */
const signs = [['running', 'running'], ['failed', '✕ failed'], ['tried', '↻ earlier attempt, in vain'], ['cancelled', '⊘ cancelled'], ['decode', 'arguments made from bytes'],
  ['encode', 'result made into bytes'], ['sleep', 'sleep inside a task'], ['asleep', 'thread asleep'], ['held', 'gate shut']];

export class Legend {
  element = html('ul', { class: 'hd-legend' });
  #drawn = '';

  /** @param {TraceModel} model @param {import('./timeline-index.js').TimelineIndex['seen']} seen */
  show(model, seen) {
    const occurring = signs.filter(([kind]) => seen[kind]), drawn = `${model.run} ${model.names.slice(0, NAMES_MAX).join('\n')} ${occurring.join()}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const names = model.names.slice(0, NAMES_MAX).map((name) => {
      const swatch = html('span', { class: 'hd-swatch', 'aria-hidden': 'true' });
      swatch.style.background = colourOf(name).fill;
      return html('li', {}, swatch, html('span', { class: 'hd-name' }, name));
    });
    const more = model.names.length - names.length;
    if (more > 0) names.push(html('li', {}, `and ${counted(more)} more`));
    const kinds = occurring.map(([kind, text]) => html('li', {}, html('span', { class: 'hd-swatch', 'data-kind': kind, 'aria-hidden': 'true' }), text));
    this.element.replaceChildren(...names, ...kinds);
  }
}

export class Story {
  element = html('section', { class: 'hd-story', 'aria-label': 'The selected task' });
  /** @type {ReturnType<typeof import('heddle/trace').waitOf> | null} */ wait = null;

  constructor() { this.element.hidden = true; }

  /** Takes long for a very large run. @param {TraceModel} model @param {number | null} task */
  show(model, task) {
    this.wait = null;
    this.element.hidden = task === null;
    if (task === null) return;
    this.wait = waitOf(model, task);
    const swatch = html('span', { class: 'hd-swatch', 'aria-hidden': 'true' });
    swatch.style.background = colourOf(model.nameOf(task)).fill;
    const chapters = storyOf(model, task).slice(0, 100).map(({ atMs, text }) => html('li', {}, html('span', { class: 'hd-number' }, timed(atMs)), ` ${text}`));
    this.element.replaceChildren(
      html('p', { class: 'hd-story-head' }, swatch, html('strong', {}, model.keyOf(task))),
      html('p', { class: 'hd-why', role: 'status' }, html('span', { class: 'hd-why-ask' }, 'Why did this wait? '), this.wait.sentence),
      html('ol', {}, ...chapters));
  }
}

const columns = ['Thread', 'Bars', 'Busy', 'Idle', 'Longest'];

export class ThreadTable {
  #body = html('tbody');
  element = html('details', { class: 'hd-tasks' }, html('summary', {}, 'As a table'), html('div', { class: 'hd-scroller', tabindex: 0, role: 'group', 'aria-label': 'Threads' },
    html('table', {}, html('thead', {}, html('tr', {}, ...columns.map((name) => html('th', { scope: 'col' }, name)))), this.#body)));
  /** @type {() => void} */ #fill = () => {};

  constructor() { this.element.addEventListener('toggle', () => this.#fill()); }

  /** @param {TraceModel} model @param {import('./timeline-index.js').TimelineIndex} index @param {number} nowMs */
  show(model, index, nowMs) {
    this.#fill = () => {
      if (!this.element.open) return;
      this.#body.replaceChildren(...rowsOf(model, index, nowMs).map(({ name, tasks, busyMs, idleMs, longest, longestMs }) => html('tr', {},
        html('th', { scope: 'row' }, name), html('td', {}, counted(tasks)), html('td', {}, nowMs > 0 ? `${timed(busyMs)} (${percent(busyMs / nowMs)})` : ''),
        html('td', {}, timed(idleMs)), html('td', {}, longest < 0 ? '' : `${model.keyOf(longest)}, ${timed(longestMs)}`))));
    };
    this.#fill();
  }
}
