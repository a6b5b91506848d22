/**
 * Heddle inside a program's thread (host.js): the core is there already, and threads are started by the
 * document that hosts them.
 */
import { Heap } from '../core/heap.js';
import { WorkerLostError } from '../errors.js';

/**
 * What a program's thread is given, under this symbol.
 * @typedef {object} Attachment
 * @property {ArrayBuffer} serial the one-thread core
 * @property {Record<string, (...args: any[]) => any>} [core] the hdw_ functions of the threaded one
 * @property {WebAssembly.Memory} [memory] its heap
 * @property {MessagePort} [crews] to the host's side: host.js
 * @property {Map<string, string>} [texts] of the program's scripts, as stacks call them
 * @property {ArrayBufferLike} [gate] the host's gate for all computations of the program
 * @property {string} [reason] why there is no threaded core
 */
const ATTACHMENT = Symbol.for('heddle.attachment');

/** @returns {Attachment | undefined} if this is a program's thread */
export const attachment = () => /** @type {any} */ (globalThis)[ATTACHMENT];

/** @type {Heap | undefined} */
let heap;

/** The core that is shared with the host. */
export function attachedHeap() {
  const { core, memory } = /** @type {Attachment} */ (attachment());
  return (heap ??= new Heap(/** @type {any} */ (core), /** @type {WebAssembly.Memory} */ (memory)));
}

/** A {@link import('../crew.js').Crew} in the host, from here. It grows a moment after it is asked to; runs wait. */
export class DistantCrew {
  #port;
  #pool;
  #listening;
  size = 0;
  #watches = false;
  printing = false;
  lossCause = 'its thread ended';

  /** @param {number} pool @param {{ onLost: () => void, onFatal: (error: Error) => void }} events */
  constructor(pool, { onLost, onFatal }) {
    this.#port = /** @type {MessagePort} */ (attachment()?.crews);
    this.#pool = pool;
    this.#listening = new AbortController();
    this.#port.addEventListener('message', ({ data }) => {
      if (data.pool !== pool) return; /* another Runtime's */
      if (data.lossCause) this.lossCause = data.lossCause;
      if (data.fatal) onFatal(new WorkerLostError(data.fatal));
      else onLost();
    }, { signal: this.#listening.signal });
    this.#port.start();
  }

  get count() {
    return this.size;
  }

  /** @param {number} count */
  grow(count) {
    if (count <= this.size) return;
    this.size = count;
    this.#port.postMessage({ pool: this.#pool, grow: count });
  }

  /** @param {number} run */
  endStuck(run) {
    this.#port.postMessage({ pool: this.#pool, endStuck: run });
  }

  /** @param {boolean} on */
  watchDeadlines(on) {
    if (on === this.#watches) return;
    this.#watches = on;
    this.#port.postMessage({ pool: this.#pool, watchDeadlines: on });
  }

  /** What tasks print goes to the host. */
  async printed() {}

  printedNow() {}

  async close() {
    this.#listening.abort();
    this.#port.postMessage({ pool: this.#pool, close: true });
  }
}
