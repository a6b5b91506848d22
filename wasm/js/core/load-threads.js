/**
 * The core with threads (heddle.js, heddle.wasm by Emscripten), in Node.js and in documents. Works with
 * the output of Emscripten 3.1.6 and of current versions, unpatched.
 */
import { UnsupportedError } from '../errors.js';
import { attachment } from '../program/attach.js';
import { Heap } from './heap.js';

/** Where the core lies beside the package's script. Asked for when it is needed: in a script without a
 * place of its own there is none. */
const places = () => ({
  script: new URL('./core/heddle.js', import.meta.url),
  wasm: new URL('./core/heddle.wasm', import.meta.url),
  worker: new URL('./core/heddle.worker.js', import.meta.url), /* 3.1.6 only */
  importer: new URL('./core/import.js', import.meta.url),
});

const PAGE_BYTES = 65536;
const INITIAL_BYTES = 16 * 1024 * 1024; /* what the core is linked with */
const SMALLEST_MAXIMUM = 64 * 1024 * 1024;

const scope = /** @type {any} */ (globalThis);
export const inNode = Boolean(scope.process?.versions?.node);

/** Why threads cannot be used here, or undefined. */
export function whyNoThreads() {
  const attached = attachment();
  if (attached) return attached.core ? undefined : attached.reason;
  if (inNode) return undefined;
  if (!('document' in scope)) return 'this is not a document: a page starts its threads from its main thread';
  if (!scope.crossOriginIsolated)
    return 'this page is not cross-origin isolated: serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  return undefined;
}

/** The address of core/import.js, which workers read where a policy forbids to make functions of text. */
export const importerAddress = () => (inNode || attachment() || !('document' in scope) ? undefined : places().importer.href);

/** Whether a policy forbids to make functions of text. @param {string} policy one, or several with commas */
const forbidsFunctions = (policy) => policy.split(',').some((one) => {
  const directives = one.split(';').map((directive) => directive.trim().split(/\s+/));
  const find = (/** @type {string} */ name) => directives.find(([its]) => its.toLowerCase() === name);
  const sources = find('script-src') ?? find('default-src');
  return sources !== undefined && !sources.includes("'unsafe-eval'");
});

/**
 * Whether workers may make functions of text where the page may not: they have the policy that their script is
 * served with, not the page's.
 */
export async function workersMayMakeFunctions() {
  if (!importerAddress()) return false;
  const { script } = hrefs();
  if (!/^https?:/.test(script)) return false; /* such a worker has the page's policy */
  try {
    const { headers } = await fetch(script, { method: 'HEAD' });
    return !forbidsFunctions(headers.get('content-security-policy') ?? '');
  } catch {
    return true; /* then the worker tells */
  }
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
  const { Worker, receiveMessageOnPort } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:worker_threads');
  const before = scope.Worker;
  const { script, wasm, worker } = places();
  const factory = createRequire(import.meta.url)(fileURLToPath(script));
  return {
    factory,
    module: await WebAssembly.compile(await readFile(wasm)),
    script: fileURLToPath(script),
    worker: fileURLToPath(worker),
    receive: receiveMessageOnPort,
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

/** @param {ThreadSources} [sources] */
async function loadInDocument(sources) {
  const { script, wasm, worker } = sources ?? hrefs();
  const module = typeof wasm === 'string'
    ? fetch(wasm).then(async (response) => WebAssembly.compile(await response.arrayBuffer()))
    : WebAssembly.compile(wasm);
  await import(/* webpackIgnore: true */ /* @vite-ignore */ script);
  return {
    factory: scope[Symbol.for('heddle.factory')],
    module: await module,
    script,
    worker,
    receive: undefined,
    withWorker: (/** @type {() => any} */ run) => run(),
  };
}

/** @returns {{ script: string, wasm: string, worker?: string }} */
function hrefs() {
  const { script, wasm, worker } = places();
  return { script: script.href, wasm: wasm.href, worker: worker.href };
}

/**
 * The core from elsewhere: URLs of its scripts, and its bytes.
 * @typedef {{ script: string, wasm: ArrayBuffer, worker?: string }} ThreadSources
 *
 * @typedef {object} LoadedThreads
 * @property {Heap} heap
 * @property {(pool: number, stackBytes: number) => { address: number, thread: any }} startWorker
 * @property {(stackBytes: number) => any} startProgram the thread that became one: see program/host.js
 * @property {(thread: any) => Promise<unknown> | void} stopWorker
 * @property {(thread: number) => void} freeThread gives back the stack of one that was stopped and has ended, by the core's name for it
 * @property {((port: any) => { message: any } | undefined) | undefined} receive takes a message that has arrived at a port, where
 *   that can be done without waiting
 */

/**
 * @param {{ maximum: number, exact: boolean }} memory bytes, and whether they are the user's wish
 * @param {ThreadSources} [sources] in a document, instead of the package's own files
 * @returns {Promise<LoadedThreads>}
 * @throws {UnsupportedError}
 */
export async function loadThreads({ maximum, exact }, sources) {
  const reason = whyNoThreads();
  if (reason) throw new UnsupportedError(`threads cannot run here: ${reason}.`);
  const { factory, module, script, worker, withWorker, receive } = await (inNode ? loadInNode() : loadInDocument(sources));
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
  /** @param {() => number} start @returns {{ address: number, thread: any }} */
  const startThread = (start) => {
    const known = new Set(PThread.runningWorkers);
    const address = withWorker(start) >>> 0;
    return { address, thread: PThread.runningWorkers.find((/** @type {any} */ thread) => !known.has(thread)) };
  };
  return {
    heap: new Heap(exports, memory),
    startWorker: (pool, stackBytes) => startThread(() => exports.hdw_worker_start(pool, stackBytes)),
    startProgram: (stackBytes) => startThread(() => exports.hdw_program_start(stackBytes)).thread,
    stopWorker(thread) {
      PThread.runningWorkers = PThread.runningWorkers.filter((/** @type {any} */ other) => other !== thread);
      thread.onmessage = thread.onerror = () => {};
      return thread.terminate();
    },
    freeThread(thread) {
      delete PThread.pthreads?.[thread];
      exports._emscripten_thread_free_data?.(thread);
    },
    receive,
  };
}
