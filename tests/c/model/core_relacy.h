/* The run and the pool under relacy: src/run/{ready,gate,run,pool,worker,threads}.c as they are, in one
 * unit of C++, over twins of base/bell.h, base/thread.h and base/memory.h made of relacy's parts.
 *
 * Bells have no timeout here: what the 50 ms of HDI_SLEEP_MS would hide (a wake that is lost) is a
 * deadlock, which relacy reports. Memory that holds atomics cannot be made by hdi_alloc_zero, because
 * relacy's have constructors: `world` below has all that a scenario needs, laid out by hand. */
#ifndef HDT_CORE_RELACY_H
#define HDT_CORE_RELACY_H

#include "model/checker.h"

#include <hd/run.h>
#undef HD_WORKERS_MAX /* a pool has an atomic for each: as few as there can be */
#define HD_WORKERS_MAX 64u

#include "base/bell.h"
#include "base/memory.h"
#include "base/thread.h"

/* ---- base/memory.h: only what workers grow; of nothing but plain data ---------------------------- */

void *hdi_alloc(size_t count, size_t item_bytes) { return (malloc)(count * item_bytes); }
void *hdi_alloc_zero(size_t count, size_t item_bytes) { return (calloc)(count, item_bytes); }
void hdi_free(void *memory) { (free)(memory); }
bool hdi_reserve(void **items, uint32_t *capacity, uint32_t need, size_t item_bytes) {
  (void)items, (void)item_bytes;
  return need <= *capacity;
}

/* ---- base/thread.h ------------------------------------------------------------------------------- */

struct hdi_mutex {
  rl::mutex mutex;
};
hdi_mutex *hdi_mutex_create(void) { return NULL; }
void hdi_mutex_destroy(hdi_mutex *mutex) { (void)mutex; }
void hdi_mutex_lock(hdi_mutex *mutex) {
  hdt_step step(NULL);
  mutex->mutex.lock($);
}
void hdi_mutex_unlock(hdi_mutex *mutex) {
  hdt_step step(NULL);
  mutex->mutex.unlock($);
}
hd_status hdi_thread_start(void (*)(void *), void *, hdi_thread **) { return HD_NO_THREADS; }
void hdi_thread_join(hdi_thread *) {}

/* ---- base/bell.h: comparing and going to sleep is one step, as in each of the twins --------------- */

bool hdi_bell_init(hdi_bell *) { return true; }
void hdi_bell_fini(hdi_bell *) {}
static void hdt_user_hears(hdi_bell *bell);

void hdi_bell_ring(hdi_bell *bell) {
  hdi_add_seq_u32(&bell->value, 1);
  bell->value.word.wake(rl::ctx(), 16, $);
  hdt_user_hears(bell);
}

void hdi_bell_wait(hdi_bell *bell, uint32_t seen, uint32_t timeout_ms) {
  (void)timeout_ms;
  rl::context &c = rl::ctx();
  for (;;) {
    c.sched();
    c.disable_preemption();
    uint32_t value = bell->value.word.fetch_add(0, rl::mo_seq_cst, $); /* the newest */
    c.enable_preemption();
    if (value != seen) return;
    bell->value.word.wait(c, false, false, $);
  }
}

/* ---- what run.c wants of the graph and of blocks -------------------------------------------------- */

#include "graph/graph.h"
void hdi_graph_retain(hd_graph *) {}
void hd_graph_destroy(hd_graph *) {}
double hdi_clock_us(void) { return 0; }
const hd_function *hd_graph_function(const hd_graph *graph, uint32_t task) {
  return &graph->functions[graph->function_of ? graph->function_of[task] : 0];
}
uint32_t hd_graph_arg_count(const hd_graph *graph, uint32_t task) {
  return graph->arg_offsets[task + 1] - graph->arg_offsets[task];
}

#include "run/ready.c"
#include "run/gate.c"
#include "run/run.c"
#include "run/pool.c"
#include "run/worker.c"
#include "run/threads.c"

/* ---- a world ------------------------------------------------------------------------------------- */

enum { TASKS_MAX = 8, WORKERS_MAX = 3, RUNS_MAX = 2, EDGES_MAX = 12, WORDS_MAX = 7 };

/* A graph in a table: a row of inputs for each task, ended by NONE. */
enum { NONE = -1 };
typedef int shape[TASKS_MAX][4];

struct modelled_run {
  hd_run run;
  hdi_u64 words[WORDS_MAX];
  hdi_u32 waiting[TASKS_MAX], readers[TASKS_MAX];
  hdi_u8 states[TASKS_MAX];
  hd_value values[TASKS_MAX];
  hdi_tally tallies[WORKERS_MAX];
  rl::var<int> results[TASKS_MAX]; /* 1: done, 2: released */
  hd_graph graph;
  uint32_t arg_offsets[TASKS_MAX + 1], args[EDGES_MAX];
  uint32_t dependent_offsets[TASKS_MAX + 1], dependents[EDGES_MAX];
  uint32_t ran[TASKS_MAX];
};

struct world {
  hdi_mutex lock;
  hd_pool pool;
  hd_run *active[RUNS_MAX];
  hd_worker workers[WORKERS_MAX];
  hd_value args[WORKERS_MAX][4];
  modelled_run runs[RUNS_MAX];
};

alignas(64) static char space[sizeof(world)];
static world *here;

static modelled_run *modelled(hd_run *run) {
  for (modelled_run &one : here->runs)
    if (&one.run == run) return &one;
  RL_ASSERT(false);
  return NULL;
}

void hd_value_release(hd_value *value) { /* of a result: its last reader is done with it */
  for (modelled_run &one : here->runs)
    for (uint32_t task = 0; task < TASKS_MAX; task++)
      if (value == &one.values[task]) {
        RL_ASSERT((int)one.results[task]($) == 1);
        one.results[task]($) = 2;
      }
}

static void make_world(uint32_t worker_count) {
  here = new (space) world();
  hd_pool *pool = &here->pool;
  pool->lock = &here->lock;
  pool->runs = here->active;
  pool->run_capacity = RUNS_MAX;
  pool->worker_count = worker_count;
  for (uint32_t i = 0; i < worker_count; i++) {
    hd_worker *worker = &here->workers[i];
    worker->pool = pool;
    worker->index = i;
    worker->args = here->args[i];
    worker->arg_capacity = 4;
    worker->next_in_pool = pool->all_workers;
    pool->all_workers = worker;
    hdi_store_seq_pointer(&pool->workers[i], worker);
  }
}

/* Lays out a run of `count` tasks; all results but those that are read by others are wanted. */
static hd_run *make_run(uint32_t number, const shape inputs, uint32_t count, uint32_t worker_count,
                        hd_function *functions) {
  modelled_run *one = &here->runs[number];
  hd_graph *graph = &one->graph;
  hd_run *run = &one->run;
  uint32_t edges = 0;
  for (uint32_t task = 0; task < count; task++) {
    one->results[task]($) = 0;
    one->arg_offsets[task] = edges;
    for (uint32_t i = 0; i < 4 && inputs[task][i] != NONE; i++) one->args[edges++] = (uint32_t)inputs[task][i];
  }
  one->arg_offsets[count] = edges;
  edges = 0;
  for (uint32_t task = 0; task < count; task++) {
    one->dependent_offsets[task] = edges;
    for (uint32_t other = 0; other < count; other++)
      for (uint32_t at = one->arg_offsets[other]; at < one->arg_offsets[other + 1]; at++)
        if (one->args[at] == task) one->dependents[edges++] = other;
  }
  one->dependent_offsets[count] = edges;
  graph->sealed = true;
  graph->functions = functions;
  graph->task_count = count;
  graph->arg_offsets = one->arg_offsets;
  graph->args = one->args;
  graph->dependent_offsets = one->dependent_offsets;
  graph->dependents = one->dependents;
  run->graph = graph;
  run->task_count = count;
  run->worker_count = worker_count;
  run->clock_us = hdi_clock_us;
  run->ready_words = one->words;
  run->waiting = one->waiting;
  run->readers = one->readers;
  run->states = one->states;
  run->values = one->values;
  run->tallies = one->tallies;
  hdi_store_relaxed_u32(&run->failed_task, HD_NONE);
  hdi_ready_init(&run->ready, count, run->ready_words);
  set_counts(run);
  for (uint32_t task = 0; task < count; task++)
    if (hdi_load_relaxed_u32(&run->readers[task]) == 0) hdi_store_relaxed_u32(&run->readers[task], 1);
  return run;
}

/* What every body does: its inputs are done and still there, and it is the only one to run it. */
static void run_body(const hd_call *call, modelled_run *one) {
  for (uint32_t at = one->arg_offsets[call->task]; at < one->arg_offsets[call->task + 1]; at++)
    RL_ASSERT((int)one->results[one->args[at]]($) == 1);
  one->results[call->task]($) = 1;
  RL_ASSERT(++one->ran[call->task] == 1);
}

static void free_world(void) { here->~world(); }

#endif
