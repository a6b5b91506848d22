/**
 * For documents that run other people's programs: hosts a core, a program's thread, which uses the core
 * and may block, and the workers that the program asks for. (`heddle/host`; used by the playground inside
 * a sandboxed frame, where nothing can be loaded: everything is handed over as text and bytes.)
 */
import { Crew } from '../crew.js';
import { Gate } from '../gate.js';
import { loadThreads, whyNoThreads } from '../core/load-threads.js';
import { HdError } from '../errors.js';

const STACK_BYTES = 1024 * 1024;
const DEFAULT_MAXIMUM = 2 * 1024 ** 3;

/** What a task has printed: `name` is its function's. @typedef {{ level: string, args: unknown[], name: string }} HostLine */

/**
 * @typedef {object} HostSources
 * @property {string} script text of core/heddle.js
 * @property {string} [worker] text of core/heddle.worker.js, which Emscripten 3.1.6 makes
 * @property {ArrayBuffer} wasm bytes of core/heddle.wasm
 * @property {ArrayBuffer} serial bytes of core/heddle-serial.wasm, for `scheduler: 'sync'`
 * @property {string} program text of a classic script: what the program's thread runs. `heddle`, bundled
 *   into it, finds the core by itself; `globalThis[Symbol.for('heddle.port')]` is the other end of `port`
 */

/** @param {string} text */
const blobUrl = (text) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));

/**
 * Starts a program's thread, with threads if this document can have them.
 * @param {HostSources} sources
 * @param {{ port: MessagePort, onFatal: (error: Error) => void, onPrint?: (printed: { worker: number, lines: HostLine[], skipped: number }) => void }} events
 *   `port` goes to the program; `onFatal` is told when it cannot go on; `onPrint` what tasks print
 * @returns {Promise<{ threads: boolean, reason?: string, gate?: Gate }>} whether the program has threads, and why not; and what
 *   holds back the tasks of all its computations, if it has (otherwise the program must be asked)
 */
export async function startProgram(sources, { port, onFatal, onPrint }) {
  const program = blobUrl(sources.program);
  const reason = whyNoThreads();
  if (reason) {
    /* Without shared memory: a worker that has the one-thread core to itself. */
    const worker = new Worker(blobUrl(`onmessage = ({ data }) => {
      globalThis[Symbol.for('heddle.attachment')] = { serial: data.serial, reason: data.reason };
      globalThis[Symbol.for('heddle.port')] = data.port;
      importScripts(data.program);
    };`));
    worker.onerror = (event) => onFatal(new HdError('PROGRAM', event.message));
    worker.postMessage({ serial: sources.serial, reason, port, program }, [port]);
    return { threads: false, reason };
  }
  const loaded = await loadThreads({ maximum: DEFAULT_MAXIMUM, exact: false }, {
    script: blobUrl(sources.script), worker: sources.worker && blobUrl(sources.worker), wasm: sources.wasm,
  });
  const printer = linePrinter(onPrint), gate = new Gate();
  const { port1: crews, port2: theirs } = new MessageChannel();
  /** @type {Map<number, Crew>} By pool: one for each Runtime of the program. */
  const known = new Map();

  /** @param {number} pool */
  const crewOf = (pool) => {
    let crew = known.get(pool);
    if (crew) return crew;
    const made = crew = new Crew(loaded, pool, {
      isBusy: () => true, /* who knows what the program does */
      onLost: () => crews.postMessage({ pool, lossCause: String(made.lossCause) }),
      onFatal: (error) => {
        crews.postMessage({ pool, fatal: error.message });
        onFatal(error);
      },
      onPrint: (line, worker) => printer(line, worker),
    });
    known.set(pool, crew);
    return crew;
  };
  crews.onmessage = ({ data }) => {
    const crew = crewOf(data.pool);
    try {
      if (data.grow) crew.grow(data.grow);
      if (data.endStuck) crew.endStuck(data.endStuck);
      if (data.watchDeadlines !== undefined) crew.watchDeadlines(data.watchDeadlines);
      if (data.close) {
        crew.close();
        known.delete(data.pool);
      }
    } catch (error) {
      onFatal(/** @type {Error} */ (error));
    }
  };
  const thread = loaded.startProgram(STACK_BYTES);
  thread.onerror = (/** @type {ErrorEvent} */ event) => onFatal(new HdError('PROGRAM', event.message));
  /* Emscripten passes over messages with this target. */
  thread.postMessage({ target: 'setimmediate', heddle: { program, serial: sources.serial, crews: theirs, port, gate: gate.shared } }, [theirs, port]);
  return { threads: true, gate };
}

/** In so many milliseconds so many lines of a worker are told at once; of what is beyond that, the newest, together, later. */
const WINDOW_MS = 50, AT_ONCE = 50, KEPT = 200;

/**
 * Takes lines one by one, and tells them so that a flood of them does not drown who is told.
 * @param {((printed: { worker: number, lines: HostLine[], skipped: number }) => void) | undefined} onPrint undefined: to the console
 * @returns {(line: import('../crew.js').Line, worker: number) => void}
 */
function linePrinter(onPrint) {
  if (!onPrint) return ({ level, args }) => console[level](...args);
  /** @type {Map<number, { lines: HostLine[], skipped: number, windowEnd: number, sent: number, timer: any }>} */
  const known = new Map();
  return ({ level, args, name }, worker) => {
    let of = known.get(worker);
    if (!of) known.set(worker, of = { lines: [], skipped: 0, windowEnd: 0, sent: 0, timer: undefined });
    const flush = () => {
      clearTimeout(of.timer);
      onPrint({ worker, lines: of.lines, skipped: of.skipped });
      Object.assign(of, { lines: [], skipped: 0, timer: undefined });
    };
    of.lines.push({ level, args, name });
    if (of.lines.length > KEPT) {
      of.lines.shift();
      of.skipped++;
    }
    const now = performance.now();
    if (now >= of.windowEnd) Object.assign(of, { windowEnd: now + WINDOW_MS, sent: 0 });
    if (of.sent++ < AT_ONCE) flush();
    else of.timer ??= setTimeout(flush, WINDOW_MS);
  };
}
