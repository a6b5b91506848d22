/**
 * `dashboard: true`: a page that shows what computations do while a script runs in Node.js. This is the script's side: it
 * starts the server's thread and hands over what `watch` tells; host.js is the other side.
 */
import { HdError, OptionError, UnsupportedError } from '../errors.js';
import { inNode } from '../core/load-threads.js';
import { isPlainObject } from '../containers.js';
import { Gate } from '../gate.js';
import { config } from '../options.js';
import { watch } from '../watch.js';

const START_MS = 30_000, COPIED_BYTES = 16_384;

/** @typedef {boolean | { port?: number, open?: boolean }} DashboardWish `port`: any free one if left out or 0; `open`: opens a browser */

/** @param {unknown} wish @returns {{ port: number, open: boolean } | undefined} @throws {OptionError} */
export function dashboardWish(wish) {
  if (wish === undefined || wish === false) return undefined;
  const says = 'dashboard is true, false or an object with port, a whole number from 0 to 65535, and open, true or false';
  if (wish !== true && !isPlainObject(wish)) throw new OptionError(`${says}, but got ${String(wish)}.`, { option: 'dashboard' });
  const { port = 0, open = false, ...others } = /** @type {Record<string, unknown>} */ (wish === true ? {} : wish);
  if (!Number.isInteger(port) || /** @type {number} */ (port) < 0 || /** @type {number} */ (port) > 65535 || typeof open !== 'boolean' || Object.keys(others).length)
    throw new OptionError(`${says}.`, { option: 'dashboard' });
  return { port: /** @type {number} */ (port), open };
}

/** @type {Dashboard | undefined} */
let current;

/** The dashboard of this thread. It keeps the process alive only until pages have been told of the end of a computation. */
export class Dashboard {
  #worker;
  #port;
  #unwatch;
  /** What its pages hold computations with; undefined: the program has one of its own. @type {Gate | undefined} */ #gate;
  /** Ends that pages may not have been told. */ #flushes = 0;
  /** Where it is, with the token. */ url;

  /** @param {{ worker: any, port: any, url: string, gate: Gate }} started */
  constructor({ worker, port, url, gate }) {
    this.#worker = worker;
    this.#port = port;
    this.url = url;
    if (config.gate === undefined) config.gate = this.#gate = gate;
    worker.on('exit', () => this.#gone());
    port.on('message', (/** @type {any} */ message) => this.#told(message));
    port.unref();
    this.#unwatch = watch((message) => this.#tell(message));
  }

  /**
   * Starts the dashboard, waits for it, and prints where it is. There is one in a thread: a second start gives the first.
   * @param {DashboardWish} [wish]
   * @returns {Dashboard}
   * @throws {OptionError | UnsupportedError | HdError} code PORT_IN_USE, with `port`
   */
  static start(wish = true) {
    const wanted = dashboardWish(wish) ?? { port: 0, open: false };
    if (current) return current;
    if (!inNode) throw new UnsupportedError('a dashboard is served from Node.js; in a page use the views, or watch.');
    current = new Dashboard(startThread(wanted));
    /** @type {any} */ (globalThis).process.stderr.write(`heddle: dashboard at ${current.url}\n`);
    return current;
  }

  /** @param {import('../watch.js').WatchMessage} message */
  #tell(message) {
    try {
      this.#port.postMessage({ message }, buffersOf(message));
    } catch (error) {
      if (message.type !== 'begin' || !message.graph.annotations) throw error;
      this.#tell({ ...message, graph: { ...message.graph, annotations: undefined } }); /* something in them cannot travel */
    }
    if (message.type !== 'end') return;
    this.#port.postMessage({ flush: ++this.#flushes });
    this.#port.ref();
  }

  /** @param {{ flushed?: number }} message */
  #told({ flushed }) {
    if (flushed === this.#flushes) this.#port.unref();
  }

  #gone() {
    this.#unwatch();
    this.#port.close();
    if (current === this) current = undefined;
    this.#gate?.resume(); /* nobody is there to open it */
    if (this.#gate && config.gate === this.#gate) config.gate = undefined;
  }

  /** Ends the server. Pages keep what they have. */
  async close() {
    this.#gone();
    await this.#worker.terminate();
  }
}

/** @param {{ port: number, open: boolean }} wanted */
function startThread(wanted) {
  const { process } = /** @type {any} */ (globalThis);
  const { Worker, MessageChannel, receiveMessageOnPort } = process.getBuiltinModule('node:worker_threads');
  const { port1: port, port2 } = new MessageChannel(), words = new Int32Array(new SharedArrayBuffer(4));
  const gate = config.gate ?? new Gate(), program = process.argv[1]?.split(/[\\/]/).at(-1) ?? 'a program';
  const worker = new Worker(new URL('./dashboard-host.js', import.meta.url), {
    workerData: { port: port2, words, wanted, program, gate: gate.shared }, transferList: [port2],
    execArgv: [], /* some of the main thread's would end it, such as --input-type */
  });
  worker.unref();
  worker.on('error', (/** @type {Error} */ error) => console.error(`heddle: the dashboard has ended: ${error.message}`)); /* computations go on */
  const waited = Atomics.wait(words, 0, 0, START_MS);
  const { url, error } = receiveMessageOnPort(port)?.message ?? { error: { code: 'DASHBOARD', message: 'the thread of the dashboard did not start.' } };
  if (waited !== 'timed-out' && url) return { worker, port, url, gate };
  port.close();
  worker.terminate();
  throw new HdError(error.code, error.message, error.port === undefined ? {} : { port: error.port });
}

/** What is handed over rather than copied, as messages are their watcher's own: below some size copying is quicker. @param {any} value @returns {ArrayBuffer[]} */
function buffersOf(value) {
  /** @type {Set<ArrayBuffer>} */
  const buffers = new Set();
  const look = (/** @type {any} */ part) => {
    if (ArrayBuffer.isView(part)) buffers.add(/** @type {ArrayBuffer} */ (part.buffer));
    else if (part && typeof part === 'object' && !Array.isArray(part)) Object.values(part).forEach(look);
  };
  look(value);
  let bytes = 0;
  for (const { byteLength } of buffers) bytes += byteLength;
  return bytes < COPIED_BYTES ? [] : [...buffers];
}
