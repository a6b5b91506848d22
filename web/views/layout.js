/**
 * Finds places for a drawing without blocking the page: dagre in a worker for tasks, the simple layout
 * for groups, and the simple layout for tasks too when the worker cannot start, fails or takes too long.
 */
import { layered } from 'heddle/layout';

const patienceMs = 2500;
const remembered = 12;

/** @typedef {import('heddle/layout').Placement} Placement */

export class Layout {
  #url;
  #patienceMs;
  /** @type {Worker | null} */ #worker = null;
  #broken = false;
  #ids = 0;
  /** @type {Map<number, (placement: Placement | null) => void>} */ #asked = new Map();
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
   * @returns {Promise<Placement>}
   */
  place({ cells, rows, links, grouped }) {
    const shape = { radii: cells.map((cell) => cell.radius), rows, links };
    const signature = `${shape.radii.join()};${rows.join()};${links.join()};${grouped}`;
    const known = this.#known.get(signature);
    if (known) return known;
    const placing = grouped ? Promise.resolve(layered(shape)) : this.#ask(shape).then((placement) => placement ?? layered(shape));
    this.#known.set(signature, placing);
    const [oldest] = this.#known.keys();
    if (this.#known.size > remembered) this.#known.delete(oldest);
    return placing;
  }

  /** Ends the worker. A later `place` starts a new one. */
  close() {
    this.#worker?.terminate();
    this.#worker = null;
    for (const answer of this.#asked.values()) answer(null);
    this.#asked.clear();
  }

  /**
   * @param {import('heddle/layout').Shape} shape
   * @returns {Promise<Placement | null>} null: the worker is of no help
   */
  #ask(shape) {
    const worker = this.#start();
    if (!worker) return Promise.resolve(null);
    const id = ++this.#ids;
    return new Promise((resolve) => {
      // A worker that is still busy would hold up the next graph too: it is ended, and started anew then.
      const timer = setTimeout(() => this.close(), this.#patienceMs);
      this.#asked.set(id, (placement) => {
        clearTimeout(timer);
        resolve(placement);
      });
      worker.postMessage({ id, shape });
    });
  }

  #start() {
    if (this.#worker || this.#broken) return this.#worker;
    try {
      const worker = this.#url
        ? new Worker(this.#url, { type: 'module' })
        : new Worker(new URL('./layout-worker.js', import.meta.url), { type: 'module' });
      worker.addEventListener('message', ({ data }) => this.#answer(data.id, data.placement ?? null));
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

  /** @param {number} id @param {Placement | null} placement */
  #answer(id, placement) {
    this.#asked.get(id)?.(placement);
    this.#asked.delete(id);
  }
}
