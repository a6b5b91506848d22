// The calls from C into JavaScript, as Emscripten library functions. Real code is in js/worker,
// which is appended to the module and leaves its entry under this symbol. (Emscripten 3.1.6 parses
// this file with an old parser: no modern syntax here.)
mergeInto(LibraryManager.library, {
  hdw_js_start: function (worker) {
    globalThis[Symbol.for('heddle.worker')](
      typeof wasmExports !== 'undefined' ? wasmExports : Module['asm'], wasmMemory, worker);
  },
  hdw_js_program: function () {
    globalThis[Symbol.for('heddle.program')](
      typeof wasmExports !== 'undefined' ? wasmExports : Module['asm'], wasmMemory);
  },
  // Each thread counts from its own start: together with that the count is the same for all.
  hdw_js_clock_us: function () {
    return (performance.timeOrigin + performance.now()) * 1e3;
  },
});
