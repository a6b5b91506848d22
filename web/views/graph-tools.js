/** The controls of a graph: what colours mean, boxes or none, the critical path, groups or tasks. */
import { html } from './elements.js';
import { colourings } from './graph-colour.js';

/** @type {Record<typeof colourings[number], string>} */
const titles = { state: 'state', order: 'order', age: 'age in memory', memory: 'bytes' };

export class Tools {
  #colour = html('select', {}, ...colourings.map((name) => html('option', { value: name }, titles[name])));
  #boxes = html('input', { type: 'checkbox' });
  #critical = html('input', { type: 'checkbox' });
  #views = /** @type {const} */ (['groups', 'tasks']).map((name) => html('button', { type: 'button', 'aria-pressed': 'false', value: name }, name));
  #switch = html('div', { class: 'hd-switch', role: 'group', 'aria-label': 'Draw' }, ...this.#views);
  #path = html('label', { class: 'hd-field' }, this.#critical, ' Critical path');
  root = html('div', { class: 'hd-tools' });

  /**
   * @param {Element} search
   * @param {{ colour: (name: typeof colourings[number]) => void, boxes: (are: boolean) => void, critical: (is: boolean) => void, view: (name: 'groups' | 'tasks') => void }} changed
   */
  constructor(search, changed) {
    this.root.append(search, html('label', { class: 'hd-field' }, 'Colour ', this.#colour), html('label', { class: 'hd-field' }, this.#boxes, ' Results'), this.#path, this.#switch);
    this.#colour.addEventListener('change', () => changed.colour(/** @type {typeof colourings[number]} */ (this.#colour.value)));
    this.#boxes.addEventListener('change', () => changed.boxes(this.#boxes.checked));
    this.#critical.addEventListener('change', () => changed.critical(this.#critical.checked));
    for (const button of this.#views) button.addEventListener('click', () => changed.view(/** @type {'groups' | 'tasks'} */ (button.value)));
  }

  /** @param {{ colour: string, boxes: boolean, critical: boolean, view: 'groups' | 'tasks', canSwitch: boolean }} now */
  show({ colour, boxes, critical, view, canSwitch }) {
    this.#colour.value = colour;
    this.#colour.disabled = view === 'groups';
    this.#boxes.checked = boxes;
    this.#critical.checked = critical;
    this.#switch.hidden = !canSwitch;
    for (const button of this.#views) button.setAttribute('aria-pressed', String(button.value === view));
  }
}
