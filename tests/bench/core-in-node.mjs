// Runs the WebAssembly build of core.c in Node: `node core-in-node.mjs [options of core.c]`. Its main() is a
// thread of its own (PROXY_TO_PTHREAD), since this one must stay free to start threads. Loads Emscripten's
// output, of version 3.1.6 or a current one, as wasm/js/core/load-threads.js does.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const file = (name) => fileURLToPath(new URL(`../../build/threads/${name}`, import.meta.url));
const script = file('bench-core.js');
if (!existsSync(script)) {
  console.error('core-in-node: build/threads/bench-core.js is missing: npm run bench builds it.');
  process.exit(2);
}
globalThis.Worker = Worker; // which Emscripten 3.1.6 looks for when it starts a thread
const module = new WebAssembly.Module(readFileSync(file('bench-core.wasm')));
createRequire(import.meta.url)(script)({
  arguments: process.argv.slice(2),
  wasmMemory: new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true }), // pages: 16 MB to 4 GB
  mainScriptUrlOrBlob: script,
  locateFile: (name) => (name.endsWith('.worker.js') ? file('bench-core.worker.js') : script),
  instantiateWasm(imports, adopt) {
    adopt(new WebAssembly.Instance(module, imports), module);
    return {};
  },
});
