# The two WebAssembly builds. Included by the top CMakeLists.txt with its lists of sources.
set(shim_sources wasm/shim/graph.c wasm/shim/walk.c wasm/shim/kernels.c)

if(EMSCRIPTEN)
  # heddle.js + heddle.wasm (+ heddle.worker.js with Emscripten 3.1.6): threads, one shared heap.
  add_library(heddle_core OBJECT ${core_sources} ${pool_sources} src/base/bell_wasm.c src/base/lock_wasm.c src/base/mutex_pthread.c src/base/thread_pthread.c)
  add_executable(heddle $<TARGET_OBJECTS:heddle_core> ${shim_sources} wasm/shim/functions.c wasm/shim/pool.c)
  foreach(target heddle_core heddle)
    target_include_directories(${target} PRIVATE src src/include)
    target_compile_options(${target} PRIVATE -O3 -pthread)
  endforeach()
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

  # The same objects under the benchmark, whose main() is a thread too: tests/bench/core-in-node.mjs.
  # hd_worker_next is exported to stay a function of its own, called turn by turn, as JavaScript does it
  # in the package: inlined into a thread's endless loop it would run as baseline code for ever.
  add_executable(bench-core EXCLUDE_FROM_ALL tests/bench/core.c $<TARGET_OBJECTS:heddle_core>)
  target_include_directories(bench-core PRIVATE src/include)
  target_compile_options(bench-core PRIVATE -O3 -pthread)
  target_link_options(bench-core PRIVATE -O2 -pthread -sPROXY_TO_PTHREAD=1 -sEXIT_RUNTIME=1
    -sMODULARIZE=1 -sEXPORT_NAME=createBench -sENVIRONMENT=worker,node
    -sINITIAL_MEMORY=16MB -sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=4GB -Wno-pthreads-mem-growth
    -sNODEJS_CATCH_EXIT=0 -sNODEJS_CATCH_REJECTION=0 -sEXPORTED_FUNCTIONS=_main,_hd_worker_next)
  file(WRITE ${CMAKE_BINARY_DIR}/package.json "{ \"type\": \"commonjs\" }\n") # Node runs it from there
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
