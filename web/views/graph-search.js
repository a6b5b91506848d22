/** Finds tasks of a graph by key or name: a labelled input, how many match, and one match after the other with Enter. */
import { counted, countedNoun } from 'heddle/trace';
import { html } from './elements.js';

/** So many keys are compared before the page goes on. */
const slice = 10_000;
/** More matches are not collected: nobody goes through them. */
const matchLimit = 100_000;

export class Search {
  #input = html('input', { type: 'search', class: 'hd-search', placeholder: 'key or name', spellcheck: 'false', autocomplete: 'off' });
  #count = html('output', { class: 'hd-number' });
  root = html('label', { class: 'hd-field' }, 'Find ', this.#input, ' ', this.#count);
  /** @type {import('heddle/trace').TraceModel | null} */ #model = null;
  /** @type {Uint32Array} */ #matches = new Uint32Array(0);
  #at = -1;
  #asked = 0;
  #timer = 0;
  #found;
  #chosen;

  /**
   * @param {(matches: Uint32Array) => void} found is told the matches, whenever they are others
   * @param {(task: number) => void} chosen is told the match that is gone to
   */
  constructor(found, chosen) {
    this.#found = found;
    this.#chosen = chosen;
    this.#input.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => void this.#search(), 120);
    });
    this.#input.addEventListener('keydown', (event) => void this.#key(event));
  }

  /** @param {import('heddle/trace').TraceModel} model */
  begin(model) {
    this.#model = model;
    this.#matches = new Uint32Array(0);
    if (this.#input.value) void this.#search();
  }

  /** @param {KeyboardEvent} event */
  async #key(event) {
    if (event.key === 'Escape' && this.#input.value) {
      event.preventDefault();
      this.#input.value = '';
      await this.#search();
    }
    if (event.key !== 'Enter') return;
    event.preventDefault();
    clearTimeout(this.#timer);
    if (this.#timer) await this.#search();
    const { length } = this.#matches;
    if (length === 0) return;
    this.#at = (this.#at + (event.shiftKey ? length - 1 : 1)) % length;
    this.#count.textContent = `${counted(this.#at + 1)} of ${counted(length)}`;
    this.#chosen(this.#matches[this.#at]);
  }

  async #search() {
    this.#timer = 0;
    const asked = ++this.#asked, model = this.#model, wanted = this.#input.value.trim().toLowerCase();
    const found = model && wanted ? await matchesOf(model, wanted, () => asked !== this.#asked) : new Uint32Array(0);
    if (!found || asked !== this.#asked) return;
    this.#matches = found;
    this.#at = -1;
    this.#count.textContent = !wanted ? '' : found.length === 0 ? 'no match' : `${found.length === matchLimit ? 'at least ' : ''}${countedNoun(found.length, 'match').replace(/matchs$/, 'matches')}`;
    this.#found(found);
  }
}

/**
 * The tasks whose key or name contains a text, in small letters.
 * @param {import('heddle/trace').TraceModel} model
 * @param {string} wanted
 * @param {() => boolean} isOver nobody wants to know any more
 * @returns {Promise<Uint32Array | null>}
 */
export async function matchesOf(model, wanted, isOver = () => false) {
  const named = Uint8Array.from(model.names, (name) => Number(name.toLowerCase().includes(wanted)));
  const { nameOf, keys } = model.graph, found = [];
  const keyed = keys.length > 0, number = /^(?:task )?\d+$/.test(wanted) ? Number(wanted.replace('task ', '')) : -1;
  for (let task = 0; task < model.count && found.length < matchLimit; task++) {
    if (task % slice === slice - 1 && keyed) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (isOver()) return null;
    }
    if (named[nameOf[task]] || (keyed ? (keys[task] ?? '').toLowerCase().includes(wanted) : task === number)) found.push(task);
  }
  return Uint32Array.from(found);
}
