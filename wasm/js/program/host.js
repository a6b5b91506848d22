/**
 * For documents that run other people's programs: hosts a core, a program's thread, which uses the core
 * and may block, and the workers that the program asks for. (`heddle/host`; used by the playground inside
 * a sandboxed frame, where nothing can be loaded: everything is handed over as text and bytes.)
 */
import { Crew } from '../crew.js';
import { loadThreads, whyNoThreads } from '../core/load-threads.js';
import { HdError } from '../errors.js';

const STACK_BYTES = 1024 * 1024;
const DEFAULT_MAXIMUM = 2 * 1024 ** 3;

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
 * @param {{ port: MessagePort, onFatal: (error: Error) => void, onPrint?: (printed: { worker: number, lines: { level: string, args: unknown[] }[], skipped: number }) => void }} events
 *   `port` goes to the program; `onFatal` is told when it cannot go on; `onPrint` what tasks print
 * @returns {Promise<{ threads: boolean, reason?: string }>} whether the program has threads, and why not
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
      onStart: (thread, worker) => onPrint && listen(thread, (message) => onPrint({ worker, ...message })),
    });
    known.set(pool, crew);
    return crew;
  };
  crews.onmessage = ({ data }) => {
    const crew = crewOf(data.pool);
    try {
      if (data.grow) crew.grow(data.grow);
      if (data.endStuck) crew.endStuck(data.endStuck, data.all);
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
  thread.postMessage({ target: 'setimmediate', heddle: { program, serial: sources.serial, crews: theirs, port } }, [theirs, port]);
  return { threads: true };
}

/** Has a worker send what its tasks print. @param {any} thread @param {(message: any) => void} onPrint */
function listen(thread, onPrint) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => onPrint(data);
  thread.postMessage({ target: 'setimmediate', heddle: { print: port2 } }, [port2]);
}
