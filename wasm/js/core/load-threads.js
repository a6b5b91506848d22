/**
 * The core with threads (heddle.js, heddle.wasm by Emscripten), in Node.js and in documents. Works with
 * the output of Emscripten 3.1.6 and of current versions, unpatched.
 */
import { UnsupportedError } from '../errors.js';
import { Heap } from './heap.js';

const scriptUrl = new URL('./core/heddle.js', import.meta.url);
const wasmUrl = new URL('./core/heddle.wasm', import.meta.url);
const workerUrl = new URL('./core/heddle.worker.js', import.meta.url); /* 3.1.6 only */

const PAGE_BYTES = 65536;
const INITIAL_BYTES = 16 * 1024 * 1024; /* what the core is linked with */
const SMALLEST_MAXIMUM = 64 * 1024 * 1024;

const scope = /** @type {any} */ (globalThis);
export const inNode = Boolean(scope.process?.versions?.node);

/** Why threads cannot be used here, or undefined. */
export function whyNoThreads() {
  if (inNode) return undefined;
  if (!('document' in scope)) return 'this is not a document: a page starts its threads from its main thread';
  if (!scope.crossOriginIsolated)
    return 'this page is not cross-origin isolated: serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  return undefined;
}

/**
 * Shared memory with the largest maximum that the platform grants.
 * @param {number} maximum bytes
 * @param {boolean} exact whether the user asked for it
 */
function makeMemory(maximum, exact) {
  for (let bytes = maximum; ; bytes /= 2) {
    try {
      return new WebAssembly.Memory({ initial: INITIAL_BYTES / PAGE_BYTES, maximum: Math.floor(bytes / PAGE_BYTES), shared: true });
    } catch (error) {
      if (exact || bytes / 2 < SMALLEST_MAXIMUM) throw error;
    }
  }
}

async function loadInNode() {
  const { createRequire } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:module');
  const { fileURLToPath } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:url');
  const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:fs/promises');
  const { Worker } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:worker_threads');
  const before = scope.Worker;
  const factory = createRequire(import.meta.url)(fileURLToPath(scriptUrl));
  return {
    factory,
    module: await WebAssembly.compile(await readFile(wasmUrl)),
    script: fileURLToPath(scriptUrl),
    worker: fileURLToPath(workerUrl),
    /** Emscripten looks for a global Worker while it starts a thread, and sets one: both are undone. */
    withWorker: (/** @type {() => any} */ run) => {
      scope.Worker = Worker;
      try {
        return run();
      } finally {
        if (before === undefined) delete scope.Worker;
        else scope.Worker = before;
      }
    },
  };
}

async function loadInDocument() {
  const module = fetch(wasmUrl).then(async (response) => WebAssembly.compile(await response.arrayBuffer()));
  const importScript = new Function('url', 'return import(url)');
  await importScript(scriptUrl.href);
  return {
    factory: scope[Symbol.for('heddle.factory')],
    module: await module,
    script: scriptUrl.href,
    worker: workerUrl.href,
    withWorker: (/** @type {() => any} */ run) => run(),
  };
}

/**
 * @param {{ maximum: number, exact: boolean }} memory bytes, and whether they are the user's wish
 * @returns {Promise<{ heap: Heap, startWorker: (pool: number, stackBytes: number) => { address: number, thread: any }, stopWorker: (thread: any) => Promise<unknown> | void }>}
 * @throws {UnsupportedError}
 */
export async function loadThreads({ maximum, exact }) {
  const reason = whyNoThreads();
  if (reason) throw new UnsupportedError(`threads cannot run here: ${reason}.`);
  const { factory, module, script, worker, withWorker } = await (inNode ? loadInNode() : loadInDocument());
  const memory = makeMemory(maximum, exact);
  /** @type {any} */
  let exports;
  const core = await withWorker(() => factory({
    wasmMemory: memory,
    mainScriptUrlOrBlob: script,
    locateFile: (/** @type {string} */ name) => (name.endsWith('.worker.js') ? worker : script),
    instantiateWasm(/** @type {any} */ imports, /** @type {(instance: WebAssembly.Instance, module: WebAssembly.Module) => void} */ adopt) {
      WebAssembly.instantiate(module, imports).then((instance) => {
        exports = instance.exports;
        adopt(instance, module);
      });
      return {};
    },
  }));
  const { PThread } = core;
  return {
    heap: new Heap(exports, memory),
    startWorker(pool, stackBytes) {
      const known = new Set(PThread.runningWorkers);
      const address = withWorker(() => exports.hdw_worker_start(pool, stackBytes)) >>> 0;
      return { address, thread: PThread.runningWorkers.find((/** @type {any} */ thread) => !known.has(thread)) };
    },
    stopWorker(thread) {
      PThread.runningWorkers = PThread.runningWorkers.filter((/** @type {any} */ other) => other !== thread);
      thread.onmessage = thread.onerror = () => {};
      return thread.terminate();
    },
  };
}
