/** What the looks of a graph mean, with how many there are of each now; or which colours values have. */
import { counted, resultWords } from 'heddle/trace';
import { html, svg } from './elements.js';
import { plasmaStops } from './graph-colour.js';
import { marks } from './picture.js';

export class Legend {
  #list = html('ul', { class: 'hd-legend' });
  #range = html('p', { class: 'hd-range' });
  root = html('div', { class: 'hd-legends' }, this.#list, this.#range);
  /** @type {Map<string, { item: HTMLElement, number: HTMLElement, always: boolean }>} */ #items = new Map();

  constructor() {
    this.#range.hidden = true;
    for (const [word, look, state, always] of /** @type {[string, 'call' | 'result', string, boolean][]} */ ([
      ['waiting', 'call', 'waiting', true], ['ready', 'call', 'ready', true], ['running', 'call', 'running', true], ['done', 'call', 'done', true],
      [resultWords.held, 'result', 'done', true], [resultWords.freed, 'result', 'released', true],
      ['erred', 'call', 'erred', false], ['cancelled', 'call', 'cancelled', false],
    ])) {
      const number = html('span', { class: 'hd-number' });
      const item = html('li', { 'data-word': state }, icon(look, state), `${word} `, number);
      /* Without boxes a ring around the circle says what a box would. */
      if (word === resultWords.held) item.prepend(icon('call', 'held'));
      if (look === 'result') item.dataset.box = '';
      item.hidden = !always;
      this.#list.append(item);
      this.#items.set(word, { item, number, always });
    }
  }

  /** @param {Record<string, number>} counts by the words of the legend */
  update(counts) {
    for (const [word, { item, number, always }] of this.#items) {
      const text = counted(counts[word] ?? 0);
      if (number.textContent !== text) number.textContent = text;
      item.hidden = !always && !counts[word];
    }
  }

  /** Without boxes a ring says what is in memory. @param {boolean} is */
  collapse(is) {
    this.#list.toggleAttribute('data-collapsed', is);
  }

  /** The range of the colours instead of the states. @param {import('./graph-colour.js').Values | null} values */
  paint(values) {
    this.#list.hidden = values !== null;
    this.#range.hidden = values === null;
    if (!values) return;
    const bar = html('span', { class: 'hd-ramp', role: 'presentation' });
    bar.style.background = `linear-gradient(to right, ${plasmaStops.map((stop) => `color-mix(in srgb, #fff var(--v-lift), ${stop})`).join()})`;
    this.#range.replaceChildren(`${values.title}: `, html('span', { class: 'hd-number' }, values.write(0)), bar, html('span', { class: 'hd-number' }, values.write(values.most)));
  }
}

/** @param {'call' | 'result'} look @param {string} state */
function icon(look, state) {
  const parts = look === 'call'
    ? [svg('circle', { class: 'hd-ring', r: 8 }), svg('circle', { class: 'hd-shape', r: state === 'running' || state === 'held' ? 5.5 : 7 }), svg('path', { class: 'hd-mark', d: marks[state === 'held' ? 'done' : state] ?? '', transform: 'scale(.8)' })]
    : [svg('rect', { class: 'hd-shape', x: -9, y: -6.5, width: 18, height: 13, rx: 1.5 }), svg('circle', { class: 'hd-value', r: 2.8 })];
  return svg('svg', { class: 'hd-icon', viewBox: '-10 -10 20 20', width: 20, height: 20, 'aria-hidden': 'true' },
    svg('g', { class: look === 'call' ? 'hd-call' : 'hd-result', 'data-look': state }, ...parts));
}
