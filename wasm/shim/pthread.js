// The one call from C into JavaScript, as an Emscripten library function. Real code is in js/worker,
// which is appended to the module and leaves its entry under this symbol. (Emscripten 3.1.6 parses
// this file with an old parser: no modern syntax here.)
mergeInto(LibraryManager.library, {
  hdw_js_start: function (worker) {
    globalThis[Symbol.for('heddle.worker')](
      typeof wasmExports !== 'undefined' ? wasmExports : Module['asm'], wasmMemory, worker);
  },
});
