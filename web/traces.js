/** Trace files of the page: opened by a button or by dropping one, saved, and the other files that a run gives. */
import { TraceFileError, chromeTraceOf, readTrace, writeTrace } from 'heddle/trace';
import { snapshotOf } from './views/snapshot.js';

/** A larger file is not even read into memory. */
const FILE_MAX = 2 ** 30;

/** @typedef {import('heddle/trace').TraceModel} TraceModel */

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
  const url = URL.createObjectURL(blob), link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export class Traces {
  #parts;
  #model;
  #onOpen;
  #say;

  /**
   * @param {{ open: HTMLElement, input: HTMLInputElement, save: HTMLElement, chrome: HTMLElement, picture: HTMLElement, error: HTMLElement, target: HTMLElement }} parts
   *   of the page; `target` is where files are dropped
   * @param {{ model: () => TraceModel | undefined, name: () => string, onOpen: (model: TraceModel, name: string) => void, say: (text: string) => void }} page
   *   `model`: the run that is shown; `name`: what its files are called
   */
  constructor(parts, { model, name, onOpen, say }) {
    this.#parts = parts;
    this.#model = model;
    this.#onOpen = onOpen;
    this.#say = say;
    const { open, input, save, chrome, picture } = parts;
    open.addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      input.value = ''; /* the same file may be opened again */
      if (file) this.#open(file);
    });
    const gives = (/** @type {HTMLElement} */ button, /** @type {string} */ ending, /** @type {(model: TraceModel) => Promise<Blob> | Blob} */ make) =>
      button.addEventListener('click', () => this.#give(make, `${name()}.${ending}`));
    gives(save, 'heddle', async (run) => new Blob([/** @type {any} */ (await writeTrace(run))], { type: 'application/octet-stream' }));
    gives(chrome, 'json', (run) => new Blob([...chromeTraceOf(run)], { type: 'application/json' }));
    gives(picture, 'svg', () => this.#drawn());
    this.#takeDrops(parts.target);
    this.update();
  }

  /** What needs a run can be pressed when there is one. */
  update() {
    const without = String(!this.#model());
    for (const button of [this.#parts.save, this.#parts.chrome, this.#parts.picture]) button.setAttribute('aria-disabled', without);
  }

  /** @param {(model: TraceModel) => Promise<Blob> | Blob} make @param {string} name */
  async #give(make, name) {
    const model = this.#model();
    if (!model) return this.#say('Run a program, or open a trace, first.');
    this.#fail('');
    try {
      download(await make(model), name);
      this.#say(`${name} saved`);
    } catch (error) {
      this.#fail(`${name} could not be made: ${/** @type {Error} */ (error).message}`);
    }
  }

  #drawn() {
    const picture = /** @type {SVGSVGElement | null} */ (this.#parts.target.querySelector('heddle-graph .hd-picture'));
    if (!picture?.getBoundingClientRect().width) throw new Error('a graph this large is not drawn as SVG.');
    return new Blob([snapshotOf(picture)], { type: 'image/svg+xml' });
  }

  /** @param {File} file somebody else's */
  async #open(file) {
    this.#fail('');
    try {
      if (file.size > FILE_MAX) throw new TraceFileError('this is no trace that can be read: it is larger than 1 GB.');
      const model = await readTrace(new Uint8Array(await file.arrayBuffer()));
      this.#onOpen(model, file.name);
    } catch (error) {
      const { name, message } = /** @type {Error} */ (error);
      this.#fail(`${file.name}: ${error instanceof TraceFileError ? message : `${name}: ${message}`}`);
    }
  }

  /** @param {string} text */
  #fail(text) {
    this.#parts.error.textContent = text;
    this.#parts.error.hidden = !text;
  }

  /** @param {HTMLElement} target */
  #takeDrops(target) {
    const holdsFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files');
    target.addEventListener('dragover', (event) => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      target.dataset.drop = 'over';
    });
    target.addEventListener('dragleave', (event) => {
      if (!target.contains(/** @type {Node | null} */ (event.relatedTarget))) delete target.dataset.drop;
    });
    target.addEventListener('drop', (event) => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      delete target.dataset.drop;
      const file = event.dataTransfer?.files[0];
      if (file) this.#open(file);
    });
  }
}
