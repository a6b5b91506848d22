/**
 * Finds places without blocking the page. A drawing of tasks: by dagre in a worker, or by the simple layout when the
 * worker cannot start, fails or takes too long; of groups: by the simple layout. The layers and groups of a large graph
 * are found in the worker too, or on the spot when there is none.
 */
import { groupTasks, layered, placeInLayers } from 'heddle/layout';

const patienceMs = 2500;
const remembered = 12;
/** Linear work on so few tasks takes less time than a frame has. */
const fewTasks = 5000;
/** For work that takes a second at most. */
const longPatienceMs = 60_000;

/** @typedef {import('heddle/layout').Placement} Placement */

export class Layout {
  #url;
  #patienceMs;
  /** @type {Worker | null} */ #worker = null;
  #broken = false;
  #ids = 0;
  /** @type {Map<number, (answer: any) => void>} */ #asked = new Map();
  /** @type {Map<string, Promise<Placement>>} */ #known = new Map();

  /**
   * @param {string | URL} [url] of the worker's module; by default beside this file, or beside the page's
   *   script when that is bundled
   * @param {number} [patience] milliseconds to wait for the worker
   */
  constructor(url, patience = patienceMs) {
    this.#url = url;
    this.#patienceMs = patience;
  }

  /**
   * The same drawing gets the same placement, without work. Never rejects.
   * @param {import('./drawing.js').Drawing} drawing
   * @param {boolean} [collapsed] without boxes
   * @returns {Promise<Placement>}
   */
  place({ cells, rows, links, grouped }, collapsed = false) {
    const shape = { radii: cells.map((cell) => cell.radius), rows, links, collapsed };
    const signature = `${shape.radii.join()};${rows.join()};${links.join()};${grouped};${collapsed}`;
    const known = this.#known.get(signature);
    if (known) return known;
    const placing = grouped ? Promise.resolve(layered(shape)) : this.#ask({ shape }, this.#patienceMs).then((placement) => placement ?? layered(shape));
    this.#known.set(signature, placing);
    const [oldest] = this.#known.keys();
    if (this.#known.size > remembered) this.#known.delete(oldest);
    return placing;
  }

  /**
   * @param {import('heddle/trace').TraceModel['graph']} graph
   * @returns {Promise<import('heddle/layout').Layers | null>} null: closed meanwhile
   */
  async layers({ count, offsets, inputs }) {
    const graph = { count, offsets, inputs };
    if (count <= fewTasks) return placeInLayers(graph);
    return (await this.#ask({ layers: graph }, longPatienceMs)) ?? (this.#broken ? placeInLayers(graph) : null);
  }

  /**
   * @param {import('heddle/trace').TraceModel['graph']} graph
   * @returns {Promise<import('heddle/layout').Groups | null>} null: closed meanwhile
   */
  async groups({ count, offsets, inputs, nameOf, names }) {
    const graph = { count, offsets, inputs, nameOf };
    if (count <= fewTasks) return groupTasks(graph, names.length);
    return (await this.#ask({ groups: { graph, names: names.length } }, longPatienceMs)) ?? (this.#broken ? groupTasks(graph, names.length) : null);
  }

  /** Ends the worker. A later question starts a new one. */
  close() {
    this.#worker?.terminate();
    this.#worker = null;
    for (const answer of this.#asked.values()) answer(null);
    this.#asked.clear();
  }

  /**
   * @param {object} question
   * @param {number} patience
   * @returns {Promise<any>} null: the worker is of no help
   */
  #ask(question, patience) {
    const worker = this.#start();
    if (!worker) return Promise.resolve(null);
    const id = ++this.#ids;
    return new Promise((resolve) => {
      // A worker that is still busy would hold up the next graph too: it is ended, and started anew then.
      const timer = setTimeout(() => this.close(), patience);
      this.#asked.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      worker.postMessage({ id, ...question });
    });
  }

  #start() {
    if (this.#worker || this.#broken) return this.#worker;
    try {
      const worker = this.#url
        ? new Worker(this.#url, { type: 'module' })
        : new Worker(new URL('./layout-worker.js', import.meta.url), { type: 'module' });
      worker.addEventListener('message', ({ data }) => this.#answer(data.id, data.answer ?? null));
      worker.addEventListener('error', () => {
        this.#broken = true;
        this.close();
      });
      this.#worker = worker;
    } catch {
      this.#broken = true;
    }
    return this.#worker;
  }

  /** @param {number} id @param {any} answer */
  #answer(id, answer) {
    this.#asked.get(id)?.(answer);
    this.#asked.delete(id);
  }
}
