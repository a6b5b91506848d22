# The two WebAssembly builds. Included by the top CMakeLists.txt with its lists of sources.
set(shim_sources wasm/shim/graph.c wasm/shim/walk.c wasm/shim/kernels.c)

if(EMSCRIPTEN)
  # heddle.js + heddle.wasm (+ heddle.worker.js with Emscripten 3.1.6): threads, one shared heap.
  add_executable(heddle ${core_sources} ${pool_sources} ${shim_sources}
    src/base/bell_wasm.c src/base/thread_pthread.c wasm/shim/functions.c wasm/shim/pool.c)
  target_include_directories(heddle PRIVATE src src/include)
  target_compile_options(heddle PRIVATE -O3 -pthread)
  set(worker_runtime ${CMAKE_BINARY_DIR}/worker.js) # js/worker in one file, by `npm run build`
  set(library ${CMAKE_SOURCE_DIR}/wasm/shim/pthread.js)
  # Compiled with -O3 but linked with -O2: at -O3 the linker renames the exports.
  target_link_options(heddle PRIVATE -O2 -pthread --no-entry
    "SHELL:--js-library ${library}" "SHELL:--extern-post-js ${worker_runtime}"
    -sMODULARIZE=1 -sEXPORT_NAME=createHeddleCore -sENVIRONMENT=web,worker,node
    -sINITIAL_MEMORY=16MB -sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=4GB -Wno-pthreads-mem-growth
    -sPTHREAD_POOL_SIZE=0 -sPTHREAD_POOL_SIZE_STRICT=0 -sEXPORTED_RUNTIME_METHODS=PThread
    -sNODEJS_CATCH_EXIT=0 -sNODEJS_CATCH_REJECTION=0)
  set_target_properties(heddle PROPERTIES LINK_DEPENDS "${worker_runtime};${library}")
else()
  # heddle-serial.wasm: a reactor with hand-given imports, without threads or shared memory.
  set(serial_sources ${core_sources} src/base/bell_none.c src/base/thread_none.c)
  add_executable(heddle-serial ${serial_sources} ${shim_sources})
  target_include_directories(heddle-serial PRIVATE src src/include)
  target_compile_options(heddle-serial PRIVATE -Oz)
  target_link_options(heddle-serial PRIVATE -Oz -mexec-model=reactor -Wl,--strip-all,--gc-sections)
  # The same core as a WASI command, for tests of the build under node:wasi.
  add_executable(heddle-command ${serial_sources} wasm/wasi/command.c)
  target_include_directories(heddle-command PRIVATE src src/include)
  target_compile_options(heddle-command PRIVATE -Oz)
  set_target_properties(heddle-serial heddle-command PROPERTIES SUFFIX .wasm)
endif()
