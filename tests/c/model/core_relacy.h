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

#define HDI_BASE_CHECK_H /* an assertion that fails is a finding, with its history */
#define HD_ASSERT(truth) RL_ASSERT(truth)

#include "base/bell.h"
#include "base/memory.h"
#include "base/thread.h"
#include "run/pool.h"

/* ---- base/memory.h: nothing is allocated but what is noted of failures, and workers, of which `world` has a few ---- */

static hd_worker *next_worker(void);
alignas(16) static char noted_space[4][64];
static uint32_t noted_count;

void *hdi_alloc(size_t count, size_t item_bytes) {
  RL_ASSERT(noted_count < 4 && count * item_bytes <= sizeof noted_space[0]);
  return noted_space[noted_count++];
}
void *hdi_alloc_zero(size_t, size_t item_bytes) { return item_bytes == sizeof(hd_worker) ? next_worker() : NULL; }
void hdi_free(void *) {}
bool hdi_reserve(void **, uint32_t *capacity, uint32_t need, size_t) { return need <= *capacity; }

/* ---- base/thread.h ------------------------------------------------------------------------------- */

struct hdi_mutex {
  rl::mutex mutex;
};
hdi_mutex *hdi_mutex_create(void) { return NULL; }
void hdi_mutex_destroy(hdi_mutex *) {}
void hdi_mutex_lock(hdi_mutex *mutex) {
  static const hdt_site site = {"lock", "hdi_mutex_lock", "lock", 0, HDT_SEQ, false};
  hdt_turn turn(hdt_is_coarse(&site) ? NULL : &site);
  mutex->mutex.lock($);
}
void hdi_mutex_unlock(hdi_mutex *mutex) {
  hdt_turn turn(NULL);
  mutex->mutex.unlock($);
}
void hdi_cache_enter(hdi_cache *) {}
void hdi_cache_settle(hdi_cache *) {}
void hdi_cache_empty(hdi_cache *) {}
hd_status hdi_thread_start(void (*)(void *), void *, hdi_thread **) { return HD_NO_THREADS; }
void hdi_thread_join(hdi_thread *) {}

/* ---- base/bell.h: comparing and going to sleep is one step, as in each of the twins --------------- */

bool hdi_bell_init(hdi_bell *) { return true; }
void hdi_bell_fini(hdi_bell *) {}
static void rung(hdi_bell *bell); /* the scenario's: told of every ring */

void hdi_bell_ring(hdi_bell *bell) {
  hdi_add_seq_u32(&bell->value, 1);
  bell->value.word.wake(rl::ctx(), 16, $);
  rung(bell);
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
#define HDI_STORE_VALUE_H /* below */
static void hdi_value_release(hd_value *value);
size_t hd_block_bytes(const hd_block *) { return 0; }
void hdi_graph_retain(hd_graph *) {}
void hd_graph_destroy(hd_graph *) {}
double hdi_clock_us(void) { return 0; }
uint32_t hd_graph_arg_count(const hd_graph *graph, uint32_t task) {
  return graph->arg_offsets[task + 1] - graph->arg_offsets[task];
}

#include "run/ready.c"
#include "run/gate.c"
#include "run/run.c"
#include "run/failure.c"
#include "run/notes.c"
#include "run/pool.c"
#include "run/worker.c"
#include "run/threads.c"

/* ---- a world ------------------------------------------------------------------------------------- */

enum { TASKS_MAX = 8, WORKERS_MAX = 4, RUNS_MAX = 2, EDGES_MAX = 12, WORDS_MAX = 7 };

/* A graph in a table: a row of inputs for each task, ended by NONE. */
enum { NONE = -1 };
typedef int shape[TASKS_MAX][4];

/* A run with all that hd_run_create allocates, and its graph. */
struct modelled_run {
  hd_run run;
  hdi_u64 words[WORDS_MAX];
  hdi_u32 waiting[TASKS_MAX], readers[TASKS_MAX];
  hdi_u8 states[TASKS_MAX];
  hd_value values[TASKS_MAX];
  hdi_tally tallies[WORKERS_MAX];
  rl::var<int> results[TASKS_MAX]; /* 1: done, 2: released. A race if it is read without order */
  hd_graph graph;
  uint32_t function_of[TASKS_MAX], arg_offsets[TASKS_MAX + 1], args[EDGES_MAX];
  uint32_t dependent_offsets[TASKS_MAX + 1], dependents[EDGES_MAX];
  uint16_t retries[1], tries[TASKS_MAX];
};

struct world {
  hdi_mutex lock;
  hd_pool pool;
  hd_run *active[RUNS_MAX];
  hd_worker workers[WORKERS_MAX + 1]; /* one more, who may join later */
  uint32_t added_count;
};

alignas(64) static char world_space[sizeof(world)], run_space[RUNS_MAX][sizeof(modelled_run)];
static world *here;
static modelled_run *runs[RUNS_MAX]; /* NULL: not made, or destroyed */

/* What is counted beside the model, in the order of this execution. */
static uint32_t ran[RUNS_MAX][TASKS_MAX]; /* bodies that were begun */
static uint32_t run_count, event_rings;  /* each run's end rings the event once, … */
static uint32_t failed_runs;             /* … and so do the failure that stops it … */
static uint32_t announced;               /* … and each wanted result of one that announces */

/* A result's last reader is done with it, or the run is closed. */
void hd_value_release(hd_value *value) { hdi_value_release(value); }
static void hdi_value_release(hd_value *value) {
  for (modelled_run *one : runs) {
    if (!one || value < one->values || value >= one->values + TASKS_MAX) continue;
    rl::var<int> &result = one->results[value - one->values];
    RL_ASSERT((int)result($) == 1 || (value->tag == HD_ABSENT && (int)result($) == 0));
    result($) = 2;
  }
}

static hd_worker *next_worker(void) {
  RL_ASSERT(here->added_count <= WORKERS_MAX);
  return &here->workers[here->added_count++];
}

static void make_world(uint32_t worker_count) {
  memset(ran, 0, sizeof ran);
  memset(runs, 0, sizeof runs);
  run_count = event_rings = failed_runs = announced = noted_count = 0;
  here = new (world_space) world();
  here->pool.lock = &here->lock;
  here->pool.runs = here->active;
  here->pool.run_capacity = RUNS_MAX;
  hd_worker *worker;
  while (here->added_count < worker_count) RL_ASSERT(hd_worker_add(&here->pool, &worker) == HD_OK);
}

/* A run of `count` tasks, as hd_run_create makes it of a sealed graph. What has no dependents is
 * wanted. `function` is that of every task. */
static hd_run *make_run(uint32_t number, const shape inputs, uint32_t count, uint32_t worker_count,
                        hd_function *function) {
  run_count++;
  modelled_run *one = runs[number] = new (run_space[number]) modelled_run();
  hd_graph *graph = &one->graph;
  hd_run *run = &one->run;
  uint32_t edges = 0;
  for (uint32_t task = 0; task < count; task++) {
    one->results[task]($) = 0;
    one->function_of[task] = 0;
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
  graph->functions = function;
  graph->function_of = one->function_of;
  graph->task_count = count;
  graph->arg_offsets = one->arg_offsets;
  graph->args = one->args;
  graph->dependent_offsets = one->dependent_offsets;
  graph->dependents = one->dependents;
  run->graph = graph;
  run->task_count = count;
  run->worker_count = worker_count;
  run->alone = worker_count == 1;
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

/* Its tasks are tried again so often. */
static void set_retries(uint32_t number, uint16_t retries) {
  modelled_run *one = runs[number];
  one->retries[0] = retries;
  memset(one->tries, 0, sizeof one->tries);
  one->graph.retries = one->retries;
  one->graph.retry_capacity = 1;
  one->run.tries = one->tries;
}

/* Ends a run as hd_run_destroy does: whoever touches it afterwards touches freed memory. */
static void destroy_run(uint32_t number) {
  modelled_run *one = runs[number];
  runs[number] = NULL;
  one->~modelled_run();
}

/* What every body does: its inputs are done and not yet released, and nobody else runs it. */
static void run_body(uint32_t number, uint32_t task) {
  modelled_run *one = runs[number];
  for (uint32_t at = one->arg_offsets[task]; at < one->arg_offsets[task + 1]; at++)
    RL_ASSERT((int)one->results[one->args[at]]($) == 1);
  one->results[task]($) = 1;
  ran[number][task]++;
}

/* The user ends the pool: hd_pool_destroy up to where it joins the threads. */
static void stop_pool(void) {
  hdi_store_seq_u32(&here->pool.stopping, 1);
  for (uint32_t i = 0; i <= WORKERS_MAX; i++) {
    hd_worker *worker = (hd_worker *)hdi_load_seq_pointer(&here->pool.workers[i]);
    if (worker) hdi_bell_ring(&worker->bell);
  }
}

/* At the end of each execution. */
static void free_world(void) {
  RL_ASSERT(here->pool.run_count == 0 && event_rings == run_count + failed_runs + announced);
  for (uint32_t i = 0; i < RUNS_MAX; i++)
    if (runs[i]) destroy_run(i);
  here->~world();
}

#endif
