/* The pool for JavaScript: Web Workers (worker_threads) are started as pthreads, return to their event
 * loop at once, and drive their hd_worker from there through a mailbox in the shared heap. */
#include "export.h"
#include "mailbox.h"

#include <emscripten/threading.h>
#include <hd/heddle.h>
#include <pthread.h>
#include <stdlib.h>

/* pthread.js: hands this thread's worker to the JavaScript that drives it. */
extern void hdw_js_start(hdw_worker *worker);
/* pthread.js: hands this thread to the program that it shall run. */
extern void hdw_js_program(void);
/* pthread.js: microseconds, by one clock for all threads. */
extern double hdw_js_clock_us(void);

hd_pool *HDW_EXPORT(hdw_pool_create)(void) {
  hd_pool *pool;
  return hd_pool_create(&pool) == HD_OK ? pool : NULL;
}

uint32_t *HDW_EXPORT(hdw_pool_event)(hd_pool *pool) { return hd_pool_event(pool); }

static void *start(void *worker) {
  hdw_js_start(worker);
  emscripten_exit_with_live_runtime();
  return NULL;
}

/* Adds a worker and starts its thread; 0 when there is no memory or the pool is full. */
hdw_worker *HDW_EXPORT(hdw_worker_start)(hd_pool *pool, size_t stack_bytes) {
  hdw_worker *worker = calloc(1, sizeof *worker);
  pthread_attr_t attributes;
  pthread_t thread;
  if (!worker || hd_worker_add(pool, &worker->core) != HD_OK) {
    free(worker);
    return NULL;
  }
  worker->bell = hd_worker_bell(worker->core);
  worker->index = hd_worker_index(worker->core);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int failed = pthread_create(&thread, &attributes, start, worker);
  pthread_attr_destroy(&attributes);
  if (failed) {
    (void)hd_worker_kill(worker->core);
    hd_worker_lost(worker->core, 1);
    free(worker);
    return NULL;
  }
  worker->thread = (uint32_t)(uintptr_t)thread;
  return worker;
}

static void *start_program(void *unused) {
  (void)unused;
  hdw_js_program();
  emscripten_exit_with_live_runtime();
  return NULL;
}

/* Starts the thread of a program, which uses this core and may block. False: it could not. */
bool HDW_EXPORT(hdw_program_start)(size_t stack_bytes) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int failed = pthread_create(&thread, &attributes, start_program, NULL);
  pthread_attr_destroy(&attributes);
  return !failed;
}

/* Marks a worker whose thread has ended, or is about to be ended. False: try again in a moment. */
bool HDW_EXPORT(hdw_worker_kill)(hdw_worker *worker) { return hd_worker_kill(worker->core); }

void HDW_EXPORT(hdw_worker_lost)(hdw_worker *worker, uint32_t attempts_max) {
  hd_worker_lost(worker->core, attempts_max);
}

/* Answers a claim as the mailbox's `outcome` says. */
static void answer(hdw_worker *worker, uint32_t slot) {
  switch (worker->outcome) {
    case HDW_FINISH: hd_worker_finish(worker->core, slot, &worker->result); break;
    case HDW_FAIL: hd_worker_fail(worker->core, slot, (hd_status)worker->status, &worker->result); break;
    case HDW_DEFER: hd_worker_defer(worker->core, slot); break;
    default: break;
  }
  worker->outcome = HDW_NOTHING;
}

/* Answers the mailbox's claim, then claims. See mailbox.h. */
uint32_t HDW_EXPORT(hdw_worker_step)(hdw_worker *worker) {
  if (!hd_worker_enter(worker->core)) return HDW_KILLED;
  answer(worker, worker->slot);
  hd_claim claim;
  hd_next next;
  worker->sleep_ms = 0;
  do {
    next = hd_worker_next(worker->core, &claim);
    if (next == HD_NEXT_IDLE) worker->sleep_ms = hd_worker_sleep(worker->core, &worker->seen);
  } while (next == HD_NEXT_IDLE && worker->sleep_ms == 0);
  if (next == HD_NEXT_TASK) {
    worker->slot = claim.slot;
    worker->run = claim.run;
    worker->group = (claim.later ? HDW_LATER : 0u) | (claim.more ? HDW_MORE : 0u);
    worker->task = hd_graph_id(hd_run_graph(claim.run), claim.call.task);
    worker->function = (uint32_t)(uintptr_t)claim.call.user;
    worker->arg_count = claim.call.arg_count;
    worker->args = claim.call.args;
  }
  worker->pages = (uint32_t)__builtin_wasm_memory_size(0);
  hd_worker_leave(worker->core);
  return next;
}

/* Answers one claim without claiming again: one that was deferred, or the last one before a pause. */
uint32_t HDW_EXPORT(hdw_worker_answer)(hdw_worker *worker, uint32_t slot) {
  if (!hd_worker_enter(worker->core)) return HDW_KILLED;
  answer(worker, slot);
  hd_worker_leave(worker->core);
  return 0;
}

/* A block for a result: 0 when there is no memory, HDW_GONE when the worker was killed. */
hd_block *HDW_EXPORT(hdw_worker_block)(hdw_worker *worker, size_t bytes) {
  hd_block *block = NULL;
  if (!hd_worker_enter(worker->core)) return HDW_GONE;
  if (hd_block_create(bytes, &block) != HD_OK) block = NULL;
  worker->pages = (uint32_t)__builtin_wasm_memory_size(0);
  hd_worker_leave(worker->core);
  return block;
}

/* A result that is `bytes` bytes of an argument's block, from `offset`. */
hd_block *HDW_EXPORT(hdw_worker_slice)(hdw_worker *worker, hd_block *parent, size_t offset, size_t bytes) {
  hd_block *block = NULL;
  if (!hd_worker_enter(worker->core)) return HDW_GONE;
  if (hd_block_slice(parent, offset, bytes, &block) != HD_OK) block = NULL;
  hd_worker_leave(worker->core);
  return block;
}

/* Makes a run of a sealed graph and hands it to the pool; 0 when there is no memory. A budget of 0 is none. */
hd_run *HDW_EXPORT(hdw_run_submit)(hd_pool *pool, hd_graph *graph, uint32_t workers, bool trace,
                                   uint32_t budget_results, double budget_bytes, bool count_results) {
  hd_run *run;
  hd_run_desc desc = {.worker_count = workers, .trace = trace, .clock_us = trace ? hdw_js_clock_us : NULL,
                      .budget_results = budget_results, .budget_bytes = (uint64_t)budget_bytes,
                      .count_results = count_results};
  if (hd_run_create(graph, &desc, &run) != HD_OK) return NULL;
  if (hd_pool_submit(pool, run) == HD_OK) return run;
  hd_run_destroy(run);
  return NULL;
}

/* The most results that were in memory at once; the run had a budget, or count_results. */
uint32_t HDW_EXPORT(hdw_run_results_peak)(const hd_run *run) { return hd_run_results_peak(run); }

bool HDW_EXPORT(hdw_run_ended)(hd_pool *pool, hd_run *run) { return hd_pool_ended(pool, run); }
void HDW_EXPORT(hdw_run_cancel)(hd_pool *pool, hd_run *run) { hd_pool_cancel(pool, run); }
uint32_t HDW_EXPORT(hdw_run_state)(const hd_run *run) { return hd_run_get_state(run); }
uint32_t HDW_EXPORT(hdw_run_remaining)(const hd_run *run) { return hd_run_remaining(run); }
void HDW_EXPORT(hdw_run_destroy)(hd_run *run) { hd_run_destroy(run); }

_Static_assert(sizeof(hd_record) == 16 && offsetof(hd_record, elapsed_us) == 8 && offsetof(hd_record, worker) == 12,
               "JavaScript reads records of 16 bytes");

/* The state (hd_task_state) and the record of each task now, by id, of a run with trace. Dependents are
 * read before what they need, so no task is seen ahead of its inputs though the run goes on meanwhile. Of a task
 * that was copied the copy that is furthest is told. The caller has filled `states` with zeros. */
void HDW_EXPORT(hdw_run_sample)(const hd_run *run, uint8_t *states, hd_record *records) {
  hd_graph *graph = hd_run_graph(run);
  const uint8_t *now = hd_run_task_states(run);
  const hd_record *kept = hd_run_records(run);
  uint32_t count = hd_graph_task_count(graph);
  for (uint32_t task = count; task-- > 0;) {
    uint32_t id = hd_graph_id(graph, task);
    uint8_t state = __atomic_load_n(&now[task], __ATOMIC_SEQ_CST) & HD_STATE_MASK;
    if (state < states[id]) continue;
    states[id] = state;
    records[id] = kept[task];
  }
}

/* The result of a task by its id. */
const hd_value *HDW_EXPORT(hdw_run_result)(const hd_run *run, uint32_t id) {
  return hd_run_result(run, hd_graph_rank(hd_run_graph(run), id));
}

/* The failed task by its id (HD_NONE: none), with its status and the address of its error. */
uint32_t HDW_EXPORT(hdw_run_failure)(const hd_run *run, hd_status *status, const hd_value **error) {
  uint32_t task = hd_run_failure(run, status, error);
  return task == HD_NONE ? HD_NONE : hd_graph_id(hd_run_graph(run), task);
}

uint32_t HDW_EXPORT(hdw_run_failed_worker)(const hd_run *run) { return hd_run_failed_worker(run); }

/* Which attempt at it that was. */
uint32_t HDW_EXPORT(hdw_run_failed_attempt)(const hd_run *run) {
  hd_status status;
  const hd_value *error;
  uint32_t task = hd_run_failure(run, &status, &error);
  return task == HD_NONE ? 0 : hd_run_attempt(run, task);
}
