/**
 * Runs programs, each in a frame of its own: sandboxed, of an opaque origin, with a policy that lets
 * nothing out, and gone when the program is stopped. The next frame is made ready in advance.
 */
import { check } from './protocol.js';

/** What the frame may do: run what is handed to it. Workers of blobs inherit it. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:; " +
  "worker-src blob:; connect-src 'none'; form-action 'none'; base-uri 'none'";

/** Where the built parts lie, from the page. */
const PARTS = { frame: 'runner/frame.js', program: 'runner/program.js', script: 'heddle/core/heddle.js',
  worker: 'heddle/core/heddle.worker.js', wasm: 'heddle/core/heddle.wasm', serial: 'heddle/core/heddle-serial.wasm' };
/** What a program may send. */
const OF_PROGRAM = ['begin', 'batch', 'end', 'print'];
/** Built by old versions of Emscripten only. */
const OPTIONAL = 'worker';

/** A frame has so long to send what was printed before the end. */
const FLUSH_MS = 500;
/** A program may send so much between two looks at the clock: a message counts 1, and 1 more for so many tasks. */
const FLOOD = 20_000, TASKS_PER_POINT = 100, BEAT_MS = 50;
/** How long a frame may take to start before that is an error. */
const START_MS = 20_000;

/**
 * @typedef {import('./protocol.js').FromProgram | { type: 'stopped' }} RunnerMessage
 * @typedef {{ element: HTMLIFrameElement, frame: MessagePort, program: MessagePort, ready: Promise<void>, over: boolean, beat?: ReturnType<typeof setInterval>, flushed?: () => void }} Frame
 */

/** @param {string} name @param {string} url */
async function load(name, url) {
  const response = await fetch(url);
  if (!response.ok && name === OPTIONAL) return undefined;
  if (!response.ok) throw new Error(`${url} cannot be loaded (${response.status}): is the page built completely? npm run build`);
  return url.endsWith('.wasm') ? response.arrayBuffer() : response.text();
}

export class Runner {
  #onMessage;
  #base;
  /** @type {Promise<Record<string, any>> | undefined} */
  #parts;
  /** @type {Frame | undefined} Ready, or about to be. */
  #next;
  /** What was said of the gate last. @type {import('./protocol.js').GateMessage | undefined} */ #gate;
  /** @type {Frame | undefined} Of the program that runs. */
  #current;

  /**
   * @param {{ onMessage: (message: RunnerMessage) => void, base?: string | URL }} options `onMessage` is
   *   told what the program does, in the end `finished` or `stopped`; `base`: where the built parts lie
   */
  constructor({ onMessage, base = document.baseURI }) {
    this.#onMessage = onMessage;
    this.#base = base;
  }

  /** Why programs of this page have no threads; undefined if they have. */
  static whySerial() {
    if (globalThis.crossOriginIsolated) return undefined;
    return 'this page is not cross-origin isolated: serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  }

  /** Whether a program runs. */
  get running() {
    return this.#current !== undefined;
  }

  /** Makes a frame ready for the next program, so that it starts at once. */
  async prepare() {
    if (this.#next) return;
    const next = (this.#next = this.#makeFrame());
    try {
      await next.ready;
    } catch {
      if (this.#next !== next) return;
      this.#next = undefined; /* the next run says why */
      this.#remove(next);
    }
  }

  /**
   * Runs a program. One that still runs is stopped before.
   * @param {string} source
   * @param {{ scheduler: 'sync' | 'threads', workers: number }} options
   */
  async run(source, { scheduler, workers }) {
    this.stop();
    const current = this.#next ?? this.#makeFrame();
    this.#next = undefined;
    this.#current = current;
    const start = performance.now(), graphs = new Map();
    const fail = (/** @type {string} */ name, /** @type {string} */ message) =>
      this.#finish(current, { type: 'finished', ms: performance.now() - start, error: { name, message } });
    /* Messages go before timers in some browsers: a program that sends without end would stop the clock. */
    let sent = 0;
    current.beat = setInterval(() => (sent = 0), BEAT_MS);
    const receive = (/** @type {MessageEvent} */ { data, target }) => {
      if (this.#current !== current) return;
      const message = check(data, graphs);
      sent += 1 + (message?.run === undefined ? 0 : (graphs.get(message.run) ?? 0) / TASKS_PER_POINT);
      if (sent > FLOOD) return fail('FloodError', 'the program sent more than the page can take in, and was stopped.');
      if (target === current.program) {
        if (current.over) return;
        current.over = data?.type === 'finished';
        if (current.over) return this.#finishSoon(current, message ?? { type: 'finished', ms: performance.now() - start,
          error: { name: 'Error', message: 'the program ended in a way that cannot be told.' } });
        if (message && OF_PROGRAM.includes(message.type)) this.#onMessage(message);
      } else if (message?.type === 'flushed') current.flushed?.();
      else if (message?.type === 'fatal') fail('WorkerLostError', message.message);
      else if (message?.type === 'print') this.#onMessage(message);
    };
    for (const port of [current.program, current.frame]) {
      port.addEventListener('message', receive);
      port.start();
    }
    try {
      await current.ready;
      if (this.#gate) for (const port of [current.frame, current.program]) port.postMessage(this.#gate);
      current.program.postMessage({ type: 'run', source, scheduler, workers });
    } catch (error) {
      fail('Error', /** @type {Error} */ (error).message);
    }
  }

  /**
   * Holds tasks that are ready back, or lets them go: in the program that runs, and in those that follow, until told otherwise.
   * @param {import('./protocol.js').GateMessage['how']} how @param {number} [count] of tasks, or of tasks a second
   */
  gate(how, count = 1) {
    this.#gate = { type: 'gate', how: how === 'step' ? 'pause' : how, count };
    const current = this.#current;
    if (current) for (const port of [current.frame, current.program]) port.postMessage({ type: 'gate', how, count });
  }

  /** Ends the program that runs, whatever it does. */
  stop() {
    if (!this.#current) return;
    this.#remove(this.#current);
    this.#onMessage({ type: 'stopped' });
    this.prepare();
  }

  /** Ends everything. */
  close() {
    if (this.#current) this.#remove(this.#current);
    if (this.#next) this.#remove(this.#next);
    this.#next = undefined;
  }

  /** What tasks have printed comes by way of the frame, and may be late.
   * @param {Frame} frame @param {import('./protocol.js').FinishedMessage} message */
  #finishSoon(frame, message) {
    frame.flushed = () => this.#finish(frame, message);
    setTimeout(frame.flushed, FLUSH_MS);
    frame.frame.postMessage({ type: 'flush' });
  }

  /** @param {Frame} frame @param {import('./protocol.js').FinishedMessage} message */
  #finish(frame, message) {
    if (this.#current !== frame) return;
    this.#remove(frame);
    this.#onMessage(message);
    this.prepare();
  }

  /** @param {Frame} frame */
  #remove(frame) {
    clearInterval(frame.beat);
    frame.element.remove();
    frame.frame.close();
    frame.program.close();
    if (this.#current === frame) this.#current = undefined;
  }

  /** @returns {Frame} */
  #makeFrame() {
    const element = document.createElement('iframe');
    element.setAttribute('sandbox', 'allow-scripts');
    element.setAttribute('allow', 'cross-origin-isolated');
    element.className = 'program-frame';
    element.title = 'where programs run; nothing to see';
    element.tabIndex = -1;
    element.setAttribute('aria-hidden', 'true');
    const { port1: frame, port2: toPage } = new MessageChannel();
    const { port1: program, port2: toProgram } = new MessageChannel();
    const ready = this.#start(element, frame, [toPage, toProgram]);
    ready.catch(() => {});
    return { element, frame, program, ready, over: false };
  }

  /** @param {HTMLIFrameElement} element @param {MessagePort} frame @param {MessagePort[]} ports */
  async #start(element, frame, ports) {
    const { frame: script, ...sources } = await this.#load();
    /** @type {Promise<void>} */
    const hosted = new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('the frame for programs did not start; does an extension or a policy of this page block frames?')), START_MS);
      frame.addEventListener('message', ({ data }) => {
        const message = check(data, new Map());
        if (message?.type !== 'hosted' && message?.type !== 'fatal') return;
        clearTimeout(late);
        if (message.type === 'hosted') resolve();
        else reject(new Error(message.message));
      });
      frame.start();
    });
    element.addEventListener('load', () => element.contentWindow?.postMessage({ type: 'host', sources }, '*', ports), { once: true });
    element.srcdoc = `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><title>program</title>` +
      `<script>${script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')}</script>`;
    document.body.append(element);
    await hosted;
  }

  /** The built parts, which are loaded once. */
  #load() {
    this.#parts ??= Promise.all(Object.entries(PARTS).map(async ([name, path]) => [name, await load(name, String(new URL(path, this.#base)))])).then(Object.fromEntries).catch((error) => {
      this.#parts = undefined; /* it may go well the next time */
      throw error;
    });
    return this.#parts;
  }
}
