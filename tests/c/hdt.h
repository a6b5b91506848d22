/* Tools of the C tests: graphs from a line of text or a seed, a kernel that keeps a journal, and checks
 * of an execution. Every test is listed by hdt_test(), which sees to it that live bytes return to
 * where they were, that a test that hangs ends, and that a failure names the seed.
 *
 * Journals count with relaxed operations, on purpose not by base/atomic.h: a sequentially consistent
 * count in every kernel would order the kernels and so hide races of the core from the race detector. */
#ifndef HDT_H
#define HDT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/atomic.h"
#include "base/thread.h"

#include <hd/heddle.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- around each test ------------------------------------------------------------------------- */

enum { HDT_HANG_SECONDS = 60 };

static size_t hdt_live_before;
static uint64_t hdt_current_seed, hdt_random_state;

static inline void hdt_print_seed(void) {
  if (hdt_current_seed)
    fprintf(stderr, "hdt: it was seed %llu\n", (unsigned long long)hdt_current_seed);
}

/* For threads, where cmocka's asserts must not be used. */
#define hdt_must(truth)                                                   \
  do {                                                                    \
    if (!(truth)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #truth); \
      hdt_print_seed();                                                   \
      abort();                                                            \
    }                                                                     \
  } while (0)

static inline void hdt_hangs(int signal_number) {
  (void)signal_number;
  fprintf(stderr, "hdt: the test hangs\n");
  hdt_print_seed();
  _exit(1);
}

static inline int hdt_setup(void **state) {
  (void)state;
  hdt_live_before = hd_memory_live_bytes();
  hdt_current_seed = 0;
  signal(SIGALRM, hdt_hangs);
  alarm(HDT_HANG_SECONDS);
  return 0;
}

static inline int hdt_teardown(void **state) {
  (void)state;
  hdt_print_seed();
  size_t live = hd_memory_live_bytes();
  if (live != hdt_live_before)
    fprintf(stderr, "hdt: live bytes %zu, were %zu\n", live, hdt_live_before);
  return live == hdt_live_before ? 0 : -1;
}

/* clang-format off */
#define hdt_test(test) {#test, test, hdt_setup, hdt_teardown, NULL}
/* clang-format on */
#define hdt_run_tests(tests) cmocka_run_group_tests(tests, NULL, NULL)

/* Waits for something that another thread brings about; the watchdog ends it when it never comes. */
#define hdt_until(truth) \
  do {                   \
  } while (!(truth) && sched_yield() == 0)

/* Holds if the statement hits HD_ASSERT. */
#define hdt_assert_traps(statement)                                                 \
  do {                                                                              \
    int hdt_status;                                                                 \
    pid_t hdt_child = fork();                                                       \
    if (hdt_child == 0) {                                                           \
      signal(SIGILL, SIG_DFL);                                                      \
      signal(SIGTRAP, SIG_DFL);                                                     \
      setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});                               \
      statement;                                                                    \
      _exit(0);                                                                     \
    }                                                                               \
    assert_int_equal(waitpid(hdt_child, &hdt_status, 0), hdt_child);                \
    assert_true(WIFSIGNALED(hdt_status));                                           \
    assert_true(WTERMSIG(hdt_status) == SIGILL || WTERMSIG(hdt_status) == SIGTRAP); \
  } while (0)

/* ---- random ----------------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood 2014). A thread keeps a state of its own. */
static inline uint64_t hdt_next(uint64_t *state) {
  uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
  mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ mixed >> 31;
}

/* From here on the test depends on `seed` (not 0); hdt_seed_end when it no longer does. */
static inline void hdt_seed(uint64_t seed) { hdt_current_seed = hdt_random_state = seed; }
static inline void hdt_seed_end(void) { hdt_current_seed = 0; }
static inline uint32_t hdt_below(uint32_t bound) {
  return (uint32_t)(hdt_next(&hdt_random_state) % bound);
}

/* ---- races ------------------------------------------------------------------------------------ */

/* A duel: two actions at the same moment, again and again, each round prepared and checked. Real
 * stress: on a machine with two free cores it meets windows of some nanoseconds within a few hundred
 * rounds. It ends after so many rounds, or sooner on a machine that is busy. */
enum { HDT_DUEL_ROUNDS = 100000, HDT_DUEL_US = 100000 };

typedef struct hdt_duel {
  void (*prepare)(void), (*first)(void), (*second)(void), (*check)(void);
  hdi_u32 round, answered;
} hdt_duel;

static inline void hdt_dither(uint64_t *state, uint32_t most) {
  for (volatile uint32_t spin = (uint32_t)(hdt_next(state) % most); spin; spin--) {}
}

/* Waits for a word, looking hard at first. */
static inline uint32_t hdt_wait_while(const hdi_u32 *word, uint32_t old) {
  for (uint32_t looks = 0; hdi_load_seq_u32(word) == old; looks++)
    if (looks > 2000) sched_yield();
  return hdi_load_seq_u32(word);
}

static inline void hdt_second_of_duel(void *argument) {
  hdt_duel *duel = argument;
  uint64_t state = 2;
  for (uint32_t round = 0; (round = hdt_wait_while(&duel->round, round)) != UINT32_MAX;) {
    hdt_dither(&state, 64);
    duel->second();
    hdi_store_seq_u32(&duel->answered, round);
  }
}

static inline void hdt_fight(hdt_duel *duel) {
  uint64_t state = 1;
  hdi_thread *thread;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  double start = (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3, elapsed_us = 0;
  assert_int_equal(hdi_thread_start(hdt_second_of_duel, duel, &thread), HD_OK);
  for (uint32_t round = 1; round <= HDT_DUEL_ROUNDS && elapsed_us < HDT_DUEL_US; round++) {
    duel->prepare();
    hdi_store_seq_u32(&duel->round, round);
    hdt_dither(&state, 1000); /* some 300 ns: the second hears of the round 100 to 200 ns later */
    duel->first();
    (void)hdt_wait_while(&duel->answered, round - 1);
    duel->check();
    if (round % 64) continue;
    clock_gettime(CLOCK_MONOTONIC, &now);
    elapsed_us = (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3 - start;
  }
  hdi_store_seq_u32(&duel->round, UINT32_MAX);
  hdi_thread_join(thread);
}

/* ---- the kernel and its journal ---------------------------------------------------------------- */

/* When each task started and ended, in ticks, by rank. 0: not yet. */
typedef struct hdt_journal {
  uint32_t ticks, task_count;
  uint32_t *runs, *start, *end;
} hdt_journal;

static inline void hdt_journal_init(hdt_journal *journal, uint32_t task_count) {
  journal->ticks = 0;
  journal->task_count = task_count;
  journal->runs = calloc(task_count + 1, sizeof(uint32_t));
  journal->start = calloc(task_count + 1, sizeof(uint32_t));
  journal->end = calloc(task_count + 1, sizeof(uint32_t));
}

static inline void hdt_journal_fini(hdt_journal *journal) {
  free(journal->runs);
  free(journal->start);
  free(journal->end);
}

static inline uint32_t hdt_tick(hdt_journal *journal) {
  return __atomic_add_fetch(&journal->ticks, 1, __ATOMIC_RELAXED);
}

static inline double hdt_step(double total, double argument) { return total * 0.5 + argument; }

/* Folds the arguments of a call. The result differs with their order. */
static inline double hdt_fold(const hd_call *call) {
  double total = 1;
  for (uint32_t i = 0; i < call->arg_count; i++) {
    hdt_must(call->args[i].tag == HD_NUMBER); /* or it ran before its input */
    total = hdt_step(total, call->args[i].as.number);
  }
  return total;
}

/* The kernel of most graphs here; `user` is a journal or NULL. */
static inline hd_status hdt_sum(const hd_call *call, hd_value *result) {
  hdt_journal *journal = call->user;
  if (journal) {
    __atomic_add_fetch(&journal->runs[call->task], 1, __ATOMIC_RELAXED);
    journal->start[call->task] = hdt_tick(journal);
  }
  *result = hd_number(hdt_fold(call));
  if (journal) journal->end[call->task] = hdt_tick(journal);
  return HD_OK;
}

static inline hd_status hdt_fail(const hd_call *call, hd_value *result) {
  (void)call;
  *result = hd_number(-1);
  return HD_TASK_FAILED;
}

/* Each task ran once, after its inputs. */
static inline void hdt_assert_legal(const hd_graph *graph, const hdt_journal *journal) {
  for (uint32_t task = 0; task < hd_graph_task_count(graph); task++) {
    assert_int_equal(journal->runs[task], 1);
    const uint32_t *args = hd_graph_args(graph, task);
    for (uint32_t i = 0; i < hd_graph_arg_count(graph, task); i++)
      if (!(args[i] & HD_BATCH_LITERAL)) assert_true(journal->end[args[i]] < journal->start[task]);
  }
}

/* What hdt_sum gives for each rank of a sealed graph; to be freed. Without any of the core's run. */
static inline double *hdt_expected(const hd_graph *graph) {
  uint32_t count = hd_graph_task_count(graph);
  double *results = malloc((count + 1) * sizeof *results);
  for (uint32_t task = 0; task < count; task++) {
    const uint32_t *args = hd_graph_args(graph, task);
    results[task] = 1;
    for (uint32_t i = 0; i < hd_graph_arg_count(graph, task); i++) {
      double argument = args[i] & HD_BATCH_LITERAL
                            ? hd_graph_literal(graph, args[i] & ~HD_BATCH_LITERAL)->as.number
                            : results[args[i]];
      results[task] = hdt_step(results[task], argument);
    }
  }
  return results;
}

/* ---- graphs ----------------------------------------------------------------------------------- */

/* Functions of every graph made here. */
enum {
  HDT_SUM = 0,
  HDT_EXTERNAL = 1,
  HDT_FAIL = 2,
  HDT_MIXED = 3 /* random: the first or the second */
};

static inline hd_graph *hdt_empty_graph(void *user) {
  hd_graph *graph;
  uint32_t function;
  assert_int_equal(hd_graph_create(&graph), HD_OK);
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){hdt_sum, user}, &function), HD_OK);
  assert_int_equal(function, HDT_SUM);
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){NULL, user}, &function), HD_OK);
  assert_int_equal(function, HDT_EXTERNAL);
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){hdt_fail, user}, &function), HD_OK);
  assert_int_equal(function, HDT_FAIL);
  return graph;
}

/* A graph from words like "a b=a,a,2.5 *c=b !d": key, then arguments, which are keys or numbers. A task
 * with * is external, one with ! fails. */
static inline hd_graph *hdt_graph(const char *words, void *user) {
  hd_graph *graph = hdt_empty_graph(user);
  char *copy = strdup(words), *rest = copy, *word;
  while ((word = strtok_r(rest, " ", &rest))) {
    hd_arg args[16];
    hd_task_desc desc = {HDT_SUM, args, 0, word};
    uint32_t id;
    if (*word == '*') desc.function = HDT_EXTERNAL;
    if (*word == '!') desc.function = HDT_FAIL;
    if (desc.function != HDT_SUM) desc.key++;
    char *list = strchr(word, '=');
    if (list) *list++ = 0;
    for (char *arg; list && (arg = strtok_r(list, ",", &list));)
      args[desc.arg_count++] =
          (*arg >= '0' && *arg <= '9') || *arg == '-' ? hd_arg_number(atof(arg)) : hd_arg_key(arg);
    assert_int_equal(hd_graph_add_task(graph, &desc, &id), HD_OK);
  }
  free(copy);
  return graph;
}

/* `tasks` tasks without keys; each takes up to `fan` arguments: earlier tasks and some numbers. */
static inline hd_graph *hdt_random_graph(uint32_t tasks, uint32_t fan, uint32_t function,
                                         void *user) {
  hd_graph *graph = hdt_empty_graph(user);
  for (uint32_t task = 0, id; task < tasks; task++) {
    hd_arg args[16];
    uint32_t count = task ? hdt_below(fan + 1) : 0;
    for (uint32_t i = 0; i < count; i++)
      args[i] = hdt_below(8) ? hd_arg_task(hdt_below(task)) : hd_arg_number(task);
    hd_task_desc desc = {function == HDT_MIXED ? hdt_below(2) : function, args, count, NULL};
    assert_int_equal(hd_graph_add_task(graph, &desc, &id), HD_OK);
  }
  return graph;
}

static inline uint32_t hdt_id(const hd_graph *graph, const char *key) {
  uint32_t id = HD_NONE;
  assert_int_equal(hd_graph_find(graph, key, &id), HD_OK);
  return id;
}

static inline uint32_t hdt_rank(const hd_graph *graph, const char *key) {
  return hd_graph_rank(graph, hdt_id(graph, key));
}

/* Seals for outputs given as keys, as in "a b". */
static inline hd_status hdt_seal(hd_graph *graph, const char *keys, bool keep_all) {
  uint32_t outputs[16], count = 0;
  char *copy = strdup(keys), *rest = copy, *key;
  while ((key = strtok_r(rest, " ", &rest))) outputs[count++] = hdt_id(graph, key);
  hd_status status = hd_graph_seal(graph, &(hd_seal_desc){.outputs = outputs, .output_count = count, .keep_all = keep_all});
  free(copy);
  return status;
}

static inline hd_graph *hdt_sealed(const char *words, const char *outputs, void *user) {
  hd_graph *graph = hdt_graph(words, user);
  assert_int_equal(hdt_seal(graph, outputs, true), HD_OK);
  return graph;
}

/* Keeps every task; the last one and some others are wanted. */
static inline void hdt_seal_random(hd_graph *graph) {
  uint32_t outputs[8], count = 0;
  outputs[count++] = hd_graph_task_count(graph) - 1;
  while (count < 8 && hdt_below(3)) outputs[count++] = hdt_below(hd_graph_task_count(graph));
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = outputs, .output_count = count, .keep_all = true}), HD_OK);
}

/* A graph of `count` tasks, each with the one before as its argument, or without any: unsealed. */
static inline hd_graph *hdt_row(uint32_t count, bool chained, uint32_t function, void *user) {
  hd_graph *graph = hdt_empty_graph(user);
  uint32_t *words = malloc((3 * (size_t)count + 1) * sizeof *words), first;
  uint32_t *functions = words, *offsets = words + count, *args = words + 2 * (size_t)count + 1;
  offsets[0] = 0;
  for (uint32_t i = 0; i < count; i++) {
    functions[i] = function;
    if (chained && i) args[i - 1] = i - 1;
    offsets[i + 1] = chained ? i : 0;
  }
  hd_batch batch = {.task_count = count,
                    .functions = functions,
                    .arg_offsets = offsets,
                    .args = args};
  assert_int_equal(hd_graph_add_batch(graph, &batch, &first), HD_OK);
  free(words);
  return graph;
}

/* ---- runs ------------------------------------------------------------------------------------- */

static inline hd_run *hdt_run(hd_graph *graph, const hd_run_desc *desc) {
  hd_run *run;
  assert_int_equal(hd_run_create(graph, desc, &run), HD_OK);
  return run;
}

static inline hd_task_state hdt_state(const hd_run *run, uint32_t task) {
  const hdi_u8 *states = (const hdi_u8 *)(const void *)hd_run_task_states(run);
  return (hd_task_state)(hdi_load_relaxed_u8(&states[task]) & HD_STATE_MASK);
}

/* A word that the core shares by its address. */
static inline uint32_t hdt_load(const uint32_t *word) {
  return hdi_load_seq_u32((const hdi_u32 *)(const void *)word);
}

/* A clock that only tests move. Starts are not 0, which would mean "never". */
static double hdt_now_us = 1000;
static inline double hdt_clock(void) { return hdt_now_us; }

/* A value that holds a block. */
static inline hd_value hdt_block(size_t bytes) {
  hd_value value = {HD_BLOCK, 0, {0}};
  assert_int_equal(hd_block_create(bytes, &value.as.block), HD_OK);
  return value;
}

#endif
