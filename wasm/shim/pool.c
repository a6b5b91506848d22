/* The pool for JavaScript: Web Workers (worker_threads) are started as pthreads, return to their event
 * loop at once, and drive their hd_worker from there through a mailbox in the shared heap. */
#include "export.h"
#include "mailbox.h"

#include <emscripten/threading.h>
#include <hd/heddle.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

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

static void drop_pending(hdw_worker *worker) {
  hd_block_release(worker->pending);
  worker->pending = NULL;
}

/* Gives up what bodies have asked for: that of one slot, or, with HD_NONE, of all. Results hold their own counts. */
static void drop_made(hdw_worker *worker, uint32_t slot) {
  for (hdw_made **link = &worker->made; *link;) {
    hdw_made *made = *link;
    if (slot != HD_NONE && made->slot != slot) {
      link = &made->next;
      continue;
    }
    *link = made->next;
    hd_block_release(made->block);
    free(made);
  }
}

static bool silent(const hdw_worker *worker, double now_ms) {
  return !worker->busy && now_ms - worker->beat_ms > HDW_SILENT_MS;
}

/* The slot of a claim that has used up its time without giving its thread back, or HD_NONE. */
static uint32_t overdue_slot(const hdw_worker *worker, double now_ms) {
  /* Its signal tells the body when its time is up; after that it has the grace to come to its end. */
  if (worker->busy && worker->deadline_ms > 0 && now_ms > worker->deadline_ms + worker->grace_ms) return worker->slot;
  if (worker->late_ms > 0 && now_ms > worker->late_ms && silent(worker, now_ms)) return worker->late_slot;
  return HD_NONE;
}

/* Whether a worker has such a claim, by the clock of hdw_js_clock_us, in ms. */
bool HDW_EXPORT(hdw_worker_overdue)(const hdw_worker *worker, double now_ms) {
  return overdue_slot(worker, now_ms) != HD_NONE;
}

/* Whether a worker that has open claims of a stopped run does not come back to its loop though it runs no body. For the
 * thread that destroys the runs: one with an open claim is still there. */
bool HDW_EXPORT(hdw_worker_lingers)(const hdw_worker *worker, double now_ms) {
  if (!silent(worker, now_ms)) return false;
  for (uint32_t slot = 0; slot <= HD_DEFERRED_MAX; slot++)
    if (hd_worker_stopped(worker->core, slot)) return true;
  return false;
}

/* Takes a killed worker out of its pool. What it ran runs again elsewhere, at most `attempts_max` times in all; but
 * a body that was overdue fails with TIMED_OUT. */
void HDW_EXPORT(hdw_worker_lost)(hdw_worker *worker, uint32_t attempts_max, double now_ms) {
  uint32_t overdue = overdue_slot(worker, now_ms);
  if (overdue != HD_NONE) hd_worker_fail(worker->core, overdue, HD_TIMED_OUT, NULL);
  if (overdue != HD_NONE || worker->busy) hd_worker_blame(worker->core, overdue != HD_NONE ? overdue : worker->slot);
  drop_pending(worker);
  drop_made(worker, HD_NONE);
  hd_worker_lost(worker->core, attempts_max);
}

/* Frees what a lost worker leaves in the core, when its thread is gone for sure. Gives the thread's own memory, which
 * Emscripten frees. */
uint32_t HDW_EXPORT(hdw_worker_forget)(hdw_worker *worker) {
  uint32_t thread = worker->thread;
  hd_worker_forget(worker->core);
  free(worker);
  return thread;
}

/* Answers a claim as the mailbox's `outcome` says. */
static void answer(hdw_worker *worker, uint32_t slot) {
  /* The next part of a group may read what this one asked for. */
  bool goes_on = worker->outcome == HDW_DEFER || (worker->outcome == HDW_FINISH && worker->more[slot]);
  switch (worker->outcome) {
    case HDW_FINISH: hd_worker_finish(worker->core, slot, &worker->result); break;
    case HDW_FAIL: hd_worker_fail(worker->core, slot, (hd_status)worker->status, &worker->result); break;
    case HDW_DEFER: hd_worker_defer(worker->core, slot); break;
    default: return;
  }
  worker->outcome = HDW_NOTHING;
  worker->pending = NULL; /* the result's now */
  if (worker->made && !goes_on) drop_made(worker, slot);
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
    if (worker->made && !claim.later) drop_made(worker, claim.slot); /* of a group that was not finished */
    worker->slot = claim.slot;
    worker->run = claim.run;
    worker->more[claim.slot] = claim.more;
    worker->attempt = hd_run_attempt(claim.run, claim.call.task);
    worker->group = (claim.later ? HDW_LATER : 0u) | (claim.more ? HDW_MORE : 0u);
    worker->task = hd_graph_id(hd_run_graph(claim.run), claim.call.task);
    worker->function = (uint32_t)(uintptr_t)claim.call.user;
    worker->arg_count = claim.call.arg_count;
    worker->args = claim.call.args;
    worker->traced = hd_run_records(claim.run) != NULL;
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
  drop_pending(worker); /* of an answer that was not given in the end */
  if (hd_block_create(bytes, &block) != HD_OK) block = NULL;
  worker->pending = block;
  worker->pages = (uint32_t)__builtin_wasm_memory_size(0);
  hd_worker_leave(worker->core);
  return block;
}

/* A block of zeros for the body of a claim to write in: the claim's until that is answered. 0 and HDW_GONE likewise. */
hd_block *HDW_EXPORT(hdw_worker_make)(hdw_worker *worker, uint32_t slot, size_t bytes) {
  hd_block *block = NULL;
  if (!hd_worker_enter(worker->core)) return HDW_GONE;
  hdw_made *made = malloc(sizeof *made);
  if (!made || hd_block_create(bytes, &block) != HD_OK) {
    block = NULL;
    free(made);
  } else {
    memset(hd_block_data(block), 0, bytes);
    *made = (hdw_made){worker->made, block, slot};
    worker->made = made;
  }
  worker->pages = (uint32_t)__builtin_wasm_memory_size(0);
  hd_worker_leave(worker->core);
  return block;
}

/* Whether the run of an open claim was stopped; also if the worker was killed. */
bool HDW_EXPORT(hdw_worker_stopped)(hdw_worker *worker, uint32_t slot) {
  if (!hd_worker_enter(worker->core)) return true;
  bool stopped = hd_worker_stopped(worker->core, slot);
  hd_worker_leave(worker->core);
  return stopped;
}

void HDW_EXPORT(hdw_worker_set_progress)(hdw_worker *worker, uint32_t slot, double fraction) {
  if (!hd_worker_enter(worker->core)) return;
  hd_worker_set_progress(worker->core, slot, (float)fraction);
  hd_worker_leave(worker->core);
}

/* A result that is `bytes` bytes of an argument's block, from `offset`. */
hd_block *HDW_EXPORT(hdw_worker_slice)(hdw_worker *worker, hd_block *parent, size_t offset, size_t bytes) {
  hd_block *block = NULL;
  if (!hd_worker_enter(worker->core)) return HDW_GONE;
  drop_pending(worker);
  if (hd_block_slice(parent, offset, bytes, &block) != HD_OK) block = NULL;
  worker->pending = block;
  hd_worker_leave(worker->core);
  return block;
}

/* What hdw_run_submit is asked for. */
enum { HDW_TRACE = 1, HDW_COUNT_RESULTS = 2, HDW_KEEP_GOING = 4, HDW_ANNOUNCE = 8, HDW_PROGRESS = 16, HDW_SHUT = 32 };

/* Makes a run of a sealed graph and hands it to the pool; 0 when there is no memory. A budget of 0 is none. */
hd_run *HDW_EXPORT(hdw_run_submit)(hd_pool *pool, hd_graph *graph, uint32_t workers, uint32_t wishes,
                                   uint32_t budget_results, double budget_bytes) {
  hd_run *run;
  hd_run_desc desc = {.worker_count = workers, .trace = wishes & HDW_TRACE,
                      .clock_us = wishes & HDW_TRACE ? hdw_js_clock_us : NULL,
                      .budget_results = budget_results, .budget_bytes = (uint64_t)budget_bytes,
                      .count_results = wishes & HDW_COUNT_RESULTS, .keep_going = wishes & HDW_KEEP_GOING,
                      .announce = wishes & HDW_ANNOUNCE, .progress = wishes & HDW_PROGRESS,
                      .paused = wishes & HDW_SHUT};
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

/* What was told of a run with trace: for each task, by id. */
typedef struct hdw_seen {
  uint32_t next;  /* the rank to go on from */
  uint32_t *from; /* the rank whose copy is told, and 1 */
  uint8_t *now;   /* what is to be told: a hd_task_state, and its attempts in the upper bits … */
  uint8_t *told;  /* … and what was told last */
} hdw_seen;

/* A task that is not as it was told last, as JavaScript reads it. */
typedef struct hdw_change {
  double start_us;
  float elapsed_us;
  uint32_t id;
  uint32_t bytes; /* of its result */
  uint16_t worker;
  uint8_t state;
  uint8_t attempts;
} hdw_change;
_Static_assert(sizeof(hdw_change) == 24 && offsetof(hdw_change, id) == 12 && offsetof(hdw_change, worker) == 20 &&
                   offsetof(hdw_change, attempts) == 23,
               "JavaScript reads changes of 24 bytes");

/* For what is to be told of a graph of so many ids; 0 when there is no memory. To be freed with hdw_free. */
hdw_seen *HDW_EXPORT(hdw_seen_create)(uint32_t ids) {
  hdw_seen *seen = calloc(1, sizeof *seen + ids * (sizeof *seen->from + 2));
  if (!seen) return NULL;
  seen->from = (uint32_t *)(void *)(seen + 1);
  seen->now = (uint8_t *)(seen->from + ids);
  seen->told = seen->now + ids;
  return seen;
}

/* Looks how every task is. Dependents are read before what they need, so no task is seen ahead of its inputs though
 * the run goes on meanwhile. Of a task that was copied the copy that is furthest counts. */
void HDW_EXPORT(hdw_seen_look)(hdw_seen *seen, const hd_run *run, uint32_t ids) {
  hd_graph *graph = hd_run_graph(run);
  const uint8_t *now = hd_run_task_states(run);
  const hd_record *records = hd_run_records(run);
  memset(seen->from, 0, ids * sizeof *seen->from);
  for (uint32_t task = hd_graph_task_count(graph); task-- > 0;) {
    uint32_t id = hd_graph_id(graph, task);
    uint8_t state = __atomic_load_n(&now[task], __ATOMIC_SEQ_CST) & HD_STATE_MASK;
    if (seen->from[id] && state < (seen->now[id] & HD_STATE_MASK)) continue;
    seen->from[id] = task + 1;
    seen->now[id] = (uint8_t)(state | records[task].attempts << HD_STATE_BITS);
  }
  seen->next = 0;
}

/* Gives up to `max` tasks that have changed since they were given last, inputs before dependents, and says how many:
 * fewer than `max`, and there are no more until hdw_seen_look. */
uint32_t HDW_EXPORT(hdw_seen_changes)(hdw_seen *seen, const hd_run *run, uint32_t max, hdw_change *out) {
  hd_graph *graph = hd_run_graph(run);
  const hd_record *records = hd_run_records(run);
  const uint32_t *sizes = hd_run_result_sizes(run);
  uint32_t found = 0, count = hd_graph_task_count(graph);
  for (; seen->next < count && found < max; seen->next++) {
    uint32_t task = seen->next, id = hd_graph_id(graph, task);
    if (seen->from[id] != task + 1 || seen->now[id] == seen->told[id]) continue;
    const hd_record *record = &records[task];
    uint8_t state = seen->now[id] & HD_STATE_MASK;
    seen->told[id] = seen->now[id];
    out[found++] = (hdw_change){record->start_us, state > HD_RUNNING ? record->elapsed_us : 0, id, sizes[task], record->worker, state, record->attempts};
  }
  return found;
}

/* Something happened to the claimed task of a run with trace (or, with HD_NONE, to the worker): a hd_note_kind, and when. */
void HDW_EXPORT(hdw_worker_note)(hdw_worker *worker, hd_run *run, uint32_t id, uint32_t kind, double start_us,
                                 double elapsed_us) {
  if (!hd_worker_enter(worker->core)) return;
  hd_run_note(run, &(hd_note){start_us, (float)elapsed_us, id, (uint16_t)kind, (uint16_t)worker->index});
  hd_worker_leave(worker->core);
}

_Static_assert(sizeof(hd_note) == 24 && offsetof(hd_note, elapsed_us) == 8 && offsetof(hd_note, task) == 12 &&
                   offsetof(hd_note, kind) == 16 && offsetof(hd_note, worker) == 18,
               "JavaScript reads notes of 24 bytes");

/* Takes up to `max` notes, by id. */
uint32_t HDW_EXPORT(hdw_run_notes)(hd_run *run, uint32_t max, hd_note *notes, uint32_t *lost) {
  uint32_t count = hd_run_take_notes(run, max, notes, lost);
  for (uint32_t at = 0; at < count; at++)
    if (notes[at].kind == HD_NOTE_FAILED || notes[at].kind == HD_NOTE_LOST || notes[at].kind == HD_NOTE_AGAIN) /* the core's own: by rank */
      notes[at].task = hd_graph_id(hd_run_graph(run), notes[at].task);
  return count;
}

/* The gate: see <hd/run.h>. */
enum { HDW_OPEN = 0, HDW_PAUSE = 1, HDW_STEP = 2, HDW_RATE = 3, HDW_TOKENS = 4 };
void HDW_EXPORT(hdw_run_gate)(hd_run *run, uint32_t how, double count) {
  switch (how) {
    case HDW_PAUSE: hd_run_pause(run); break;
    case HDW_STEP: hd_run_step(run, (uint32_t)count); break;
    case HDW_RATE: hd_run_set_rate(run, count); break;
    case HDW_TOKENS: hd_run_set_tokens(run, (uint32_t)count); break;
    default: hd_run_resume(run);
  }
}

/* The result of a task by its id. */
const hd_value *HDW_EXPORT(hdw_run_result)(const hd_run *run, uint32_t id) {
  return hd_run_result(run, hd_graph_rank(hd_run_graph(run), id));
}

/* The results of tasks by their ids, side by side in `out` [count]: borrowed. */
void HDW_EXPORT(hdw_run_results)(const hd_run *run, const uint32_t *ids, uint32_t count, hd_value *out) {
  for (uint32_t i = 0; i < count; i++) out[i] = *hdw_run_result(run, ids[i]);
}

/* Whether the result of a wanted task may be read, though the run goes on. */
bool HDW_EXPORT(hdw_run_ready)(const hd_run *run, uint32_t id) {
  return hd_run_ready(run, hd_graph_rank(hd_run_graph(run), id));
}

/* A failure as JavaScript reads it: words. */
typedef struct hdw_failure {
  uint32_t id, worker, attempt;
  hd_status status;
  const hd_value *error;
} hdw_failure;
_Static_assert(sizeof(hdw_failure) == 20, "JavaScript reads a failure as 5 words");

/* The failures of a run, up to `max` of them, the last ones first. How many there are in all; HD_NONE: no memory. */
uint32_t HDW_EXPORT(hdw_run_failures)(const hd_run *run, uint32_t max, hdw_failure *out) {
  hd_failure *failures = malloc((max ? max : 1) * sizeof *failures);
  if (!failures) return HD_NONE;
  uint32_t count = hd_run_failures(run, max, failures);
  for (uint32_t i = 0; i < count && i < max; i++)
    out[i] = (hdw_failure){hd_graph_id(hd_run_graph(run), failures[i].task), failures[i].worker, failures[i].attempt,
                           failures[i].status, failures[i].error};
  free(failures);
  return count;
}

/* What becomes of the tasks of each function, in the order in which functions were added to the graph: words. */
typedef struct hdw_counts {
  uint32_t total, done, running, failed;
} hdw_counts;

/* A running task that has said how far it is. */
typedef struct hdw_told {
  uint32_t id;
  float fraction;
} hdw_told;

/* Counts the tasks of each function; `counts` is zero beforehand. Fills `told` [told_max], and says how many. */
uint32_t HDW_EXPORT(hdw_run_counts)(const hd_run *run, hdw_counts *counts, hdw_told *told, uint32_t told_max) {
  hd_graph *graph = hd_run_graph(run);
  const uint8_t *states = hd_run_task_states(run);
  const hd_function *functions = hd_graph_functions(graph);
  uint32_t told_count = 0;
  for (uint32_t task = 0, count = hd_graph_task_count(graph); task < count; task++) {
    hdw_counts *of = &counts[hd_graph_function(graph, task) - functions];
    uint32_t state = __atomic_load_n(&states[task], __ATOMIC_RELAXED) & HD_STATE_MASK;
    of->total++;
    of->done += state == HD_DONE || state == HD_RELEASED;
    of->running += state == HD_RUNNING;
    of->failed += state == HD_ERRED;
    float fraction = state == HD_RUNNING && told_count < told_max ? hd_run_progress(run, task) : 0;
    if (fraction > 0) told[told_count++] = (hdw_told){hd_graph_id(graph, task), fraction};
  }
  return told_count;
}
