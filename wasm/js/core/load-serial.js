/** The one-thread core (heddle-serial.wasm), in the caller's thread. One instance serves all. */
import { attachment } from '../program/attach.js';
import { Heap } from './heap.js';

const place = () => new URL('./core/heddle-serial.wasm', import.meta.url);

/** @type {Heap | undefined} */
let loaded;
/** @type {Promise<Heap> | undefined} */
let loading;

/** What the core asks of its host: a clock. Everything else that wasi-libc might ask is refused. */
function imports() {
  /** @type {WebAssembly.Memory} */
  let memory;
  const ENOSYS = 52;
  const wasi = new Proxy({
    /** @param {number} _id @param {bigint} _precision @param {number} at */
    clock_time_get(_id, _precision, at) {
      new DataView(memory.buffer).setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true);
      return 0;
    },
  }, { get: (known, name) => Reflect.get(known, name) ?? (() => ENOSYS) });
  return { imports: { wasi_snapshot_preview1: wasi }, adopt: (/** @type {WebAssembly.Memory} */ own) => (memory = own) };
}

/** @param {(imports: any) => WebAssembly.Instance} instantiate */
function finish(instantiate) {
  const host = imports();
  const exports = /** @type {any} */ (instantiate(host.imports).exports);
  host.adopt(exports.memory);
  exports._initialize?.();
  return (loaded = new Heap(exports, exports.memory));
}

/** The core if this thread has it, or was given it (program/host.js). */
function loadAttached() {
  const attached = attachment();
  if (!attached || loaded) return loaded;
  const module = new WebAssembly.Module(attached.serial);
  return finish((wanted) => new WebAssembly.Instance(module, wanted));
}

/** @returns {Promise<Heap>} */
export async function loadSerial() {
  return loadAttached() ?? (loading ??= (async () => {
    const url = place();
    let module;
    if (url.protocol === 'file:') {
      const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:fs/promises');
      module = await WebAssembly.compile(await readFile(url));
    } else {
      module = await WebAssembly.compile(await (await fetch(url)).arrayBuffer());
    }
    return finish((wanted) => new WebAssembly.Instance(module, wanted));
  })());
}

/** The core if it can be had without waiting: in Node.js, or when it was loaded before. */
export function loadSerialSync() {
  const attached = loadAttached();
  if (attached) return attached;
  const { readFileSync } = /** @type {any} */ (globalThis).process?.getBuiltinModule?.('node:fs') ?? {};
  if (!readFileSync) return undefined;
  return finish((wanted) => new WebAssembly.Instance(new WebAssembly.Module(readFileSync(place())), wanted));
}
