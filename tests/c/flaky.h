/* Graphs whose tasks fail as planned, and what a run of one has to come to: an oracle that knows nothing of runs.
 * A task fails so often, each time with a block that names it, and then gives its sum. */
#ifndef HDT_FLAKY_H
#define HDT_FLAKY_H

#include "hdt.h"

#include "run/pool.h"

enum { FLAKY_MAX = 600, ALWAYS = 1000000, CHEAP = 3, CHEAP_EXTERNAL = 4 };

/* By rank. What is counted is counted by whoever has claimed the task. */
typedef struct flaky_plan {
  uint32_t fails[FLAKY_MAX];  /* how often it fails before it succeeds */
  uint32_t failed[FLAKY_MAX]; /* how often it has */
  uint32_t begun[FLAKY_MAX];
  uint32_t log[4 * FLAKY_MAX], log_count; /* who began, in this order */
  uint16_t retries;                       /* of every function */
} flaky_plan;

static inline void flaky_begin(flaky_plan *plan, uint32_t task) {
  plan->begun[task]++;
  uint32_t place = __atomic_fetch_add(&plan->log_count, 1, __ATOMIC_RELAXED);
  if (place < 4 * FLAKY_MAX) plan->log[place] = task;
}

/* Forgets what was counted, for another run of the same graph. */
static inline void flaky_again(flaky_plan *plan) {
  memset(plan->failed, 0, sizeof plan->failed);
  memset(plan->begun, 0, sizeof plan->begun);
  plan->log_count = 0;
}

/* Every third task gives its number in a block. */
static inline double flaky_number(const hd_value *value) {
  double number;
  if (value->tag == HD_NUMBER) return value->as.number;
  hdt_must(value->tag == HD_BLOCK); /* never HD_ABSENT */
  memcpy(&number, hd_block_data(value->as.block), sizeof number);
  return number;
}
static inline hd_value flaky_value(uint32_t task, double number) {
  hd_value value = hd_number(number);
  if (task % 3) return value;
  hdt_must(hd_block_create(sizeof number, &value.as.block) == HD_OK);
  value.tag = HD_BLOCK;
  memcpy(hd_block_data(value.as.block), &number, sizeof number);
  return value;
}
static inline hd_value flaky_error(uint32_t task) {
  hd_value error = {HD_BLOCK, 7, {0}};
  hdt_must(hd_block_create(sizeof task, &error.as.block) == HD_OK);
  memcpy(hd_block_data(error.as.block), &task, sizeof task);
  return error;
}

static inline double flaky_fold(const hd_value *args, uint32_t count) {
  double total = 1;
  for (uint32_t i = 0; i < count; i++) total = hdt_step(total, flaky_number(&args[i]));
  return total;
}

/* What a body comes to: true: a result; false: an error. */
static inline bool flaky_outcome(flaky_plan *plan, uint32_t task, double sum, hd_value *result) {
  bool fails = plan->failed[task] < plan->fails[task];
  if (fails) plan->failed[task]++;
  *result = fails ? flaky_error(task) : flaky_value(task, sum);
  return !fails;
}

static inline hd_status flaky(const hd_call *call, hd_value *result) {
  flaky_plan *plan = call->user;
  flaky_begin(plan, call->task);
  return flaky_outcome(plan, call->task, flaky_fold(call->args, call->arg_count), result) ? HD_OK : HD_TASK_FAILED;
}

/* Destroys a pool whose workers this thread drove by hand: it leaves the last one that it was inside of. */
static inline void flaky_close(hd_pool *pool) {
  for (hd_worker *worker = pool->all_workers; worker; worker = worker->next_in_pool)
    if (hdi_load_seq_u32(&worker->mode) == HDI_INSIDE) hd_worker_leave(worker);
  hd_pool_destroy(pool);
}

/* ---- graphs ----------------------------------------------------------------------------------- */

/* A graph in words, as hdt_graph has them, of tasks that fail as planned; sealed. Nothing fails yet. A task with ! is
 * cheap. */
static inline hd_graph *flaky_graph(const char *words, const char *outputs, hd_seal_desc desc, flaky_plan *plan) {
  hd_graph *graph = hdt_graph(words, plan);
  uint32_t ids[16], count = 0;
  char *copy = strdup(outputs), *rest = copy, *key;
  while ((key = strtok_r(rest, " ", &rest))) ids[count++] = hdt_id(graph, key);
  free(copy);
  desc.outputs = ids;
  desc.output_count = count;
  uint16_t retries = plan->retries;
  memset(plan, 0, sizeof *plan);
  plan->retries = retries;
  graph->functions[HDT_SUM].kernel = graph->functions[HDT_FAIL].kernel = flaky;
  assert_int_equal(hd_graph_mark_cheap(graph, HDT_FAIL), HD_OK);
  if (!strchr(words, '*')) graph->functions[HDT_EXTERNAL].kernel = flaky; /* graphs of kernels alone go other ways */
  for (uint32_t function = 0; retries && function < 3; function++)
    assert_int_equal(hd_graph_set_retries(graph, function, retries), HD_OK);
  assert_int_equal(hd_graph_seal(graph, &desc), HD_OK);
  return graph;
}

/* A random graph with chains and cheap tasks, of kernels, of external functions, or (HDT_MIXED) of both; some of its
 * tasks fail. */
static inline hd_graph *flaky_random_graph(uint32_t function, flaky_plan *plan) {
  memset(plan, 0, sizeof *plan);
  plan->retries = (uint16_t)(hdt_below(2) * hdt_below(4));
  hd_graph *graph = hdt_empty_graph(plan);
  uint32_t id, count = 1 + hdt_below(120), stride = 1 + hdt_below(4), outputs[4];
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){flaky, plan}, &id), HD_OK);
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){NULL, plan}, &id), HD_OK);
  for (id = 0; id <= CHEAP_EXTERNAL; id++) {
    if (function == HDT_SUM || id == HDT_SUM) graph->functions[id].kernel = flaky;
    if (id >= CHEAP) assert_int_equal(hd_graph_mark_cheap(graph, id), HD_OK);
    if (plan->retries) assert_int_equal(hd_graph_set_retries(graph, id, plan->retries), HD_OK);
  }
  for (uint32_t task = 0; task < count; task++) {
    hd_arg args[4];
    uint32_t fan = task ? hdt_below(4) : 0, near = task <= stride ? task : stride, kind = function;
    if (task && hdt_below(2)) fan = 1;
    for (uint32_t i = 0; i < fan; i++)
      args[i] = hdt_below(8) ? hd_arg_task(hdt_below(3) ? task - 1 - hdt_below(near) : hdt_below(task)) : hd_arg_number(task);
    if (kind == HDT_MIXED) kind = hdt_below(2);
    if (hdt_below(5) == 0) kind = kind == HDT_SUM ? CHEAP : CHEAP_EXTERNAL;
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){kind, args, fan, NULL}, &id), HD_OK);
  }
  for (uint32_t i = 0; i < 4; i++) outputs[i] = i ? hdt_below(count) : count - 1;
  hd_seal_desc desc = {.outputs = outputs, .output_count = 1 + hdt_below(4), .fuse = hdt_below(2), .inlines = hdt_below(2),
                       .keep_all = hdt_below(3) > 0};
  assert_int_equal(hd_graph_seal(graph, &desc), HD_OK);
  hdt_must(hd_graph_task_count(graph) <= FLAKY_MAX);
  uint32_t rare = 2 + hdt_below(30);
  for (uint32_t task = 0; task < hd_graph_task_count(graph); task++)
    if (!hdt_below(rare)) plan->fails[task] = hdt_below(3) ? 1 + hdt_below(4) : ALWAYS;
  return graph;
}

/* ---- what it has to come to ------------------------------------------------------------------- */

typedef struct flaky_oracle {
  hd_task_state states[FLAKY_MAX]; /* DONE, ERRED or CANCELLED */
  double results[FLAKY_MAX];
  uint32_t erred;
} flaky_oracle;

/* A part of a group is there for the group's last one alone (FAIL-1): none is run once one before it has failed. */
static inline flaky_oracle *flaky_expected(const hd_graph *graph, const flaky_plan *plan) {
  flaky_oracle *oracle = calloc(1, sizeof *oracle);
  for (uint32_t task = 0; task < hd_graph_task_count(graph); task++) {
    const uint32_t *args = hd_graph_args(graph, task);
    hd_task_state state = plan->fails[task] > plan->retries ? HD_ERRED : HD_DONE;
    double total = 1;
    if (hdi_graph_joined(graph, task) && oracle->states[task - 1] != HD_DONE) state = HD_TASK_CANCELLED;
    for (uint32_t i = 0; i < hd_graph_arg_count(graph, task); i++) {
      bool literal = args[i] & HD_BATCH_LITERAL;
      if (!literal && oracle->states[args[i]] != HD_DONE) state = HD_TASK_CANCELLED;
      total = hdt_step(total, literal ? hd_graph_literal(graph, args[i] & ~HD_BATCH_LITERAL)->as.number : oracle->results[args[i]]);
    }
    oracle->states[task] = state;
    oracle->results[task] = total;
    oracle->erred += state == HD_ERRED;
  }
  return oracle;
}

static inline bool flaky_is_wanted(const hd_graph *graph, uint32_t task) {
  for (uint32_t i = 0; i < graph->output_count; i++)
    if (graph->outputs[i] == task) return true;
  return false;
}

/* The list of failures: each task that should fail, once, with its error. `attempts`: check those, too. */
static inline void flaky_assert_failures(const hd_run *run, const flaky_plan *plan, const flaky_oracle *oracle, bool attempts) {
  hd_failure *failures = calloc(FLAKY_MAX, sizeof *failures);
  bool seen[FLAKY_MAX] = {false};
  uint32_t task, count = hd_run_failures(run, FLAKY_MAX, failures);
  assert_int_equal(count, oracle->erred);
  for (uint32_t i = 0; i < count; i++) {
    const hd_failure *failure = &failures[i];
    assert_int_equal(oracle->states[failure->task], HD_ERRED);
    assert_false(seen[failure->task]);
    seen[failure->task] = true;
    assert_true(failure->worker < run->worker_count);
    assert_int_equal(failure->status, HD_TASK_FAILED);
    assert_int_equal(failure->error->tag, HD_BLOCK);
    assert_int_equal(failure->error->kind, 7);
    memcpy(&task, hd_block_data(failure->error->as.block), sizeof task);
    assert_int_equal(task, failure->task);
    if (attempts) assert_int_equal(failure->attempt, plan->retries + 1);
  }
  const hd_value *error;
  hd_status status;
  uint32_t first = hd_run_failure(run, &status, &error);
  assert_int_equal(first, count ? failures[count - 1].task : HD_NONE);
  assert_int_equal(hd_run_failed_worker(run), count ? failures[count - 1].worker : HD_NONE);
  free(failures);
}

/* A run that kept going has ended as it should; `undisturbed`: no worker was lost on the way. */
static inline void flaky_assert_ended(const hd_run *run, const flaky_plan *plan, bool undisturbed) {
  const hd_graph *graph = run->graph;
  flaky_oracle *oracle = flaky_expected(graph, plan);
  uint64_t bytes = 0;
  assert_int_equal(hd_run_get_state(run), oracle->erred ? HD_RUN_FAILED : HD_RUN_DONE);
  for (uint32_t task = 0; task < graph->task_count; task++) {
    hd_task_state state = oracle->states[task];
    bool wanted = flaky_is_wanted(graph, task), external = hdi_run_is_external(run, task);
    const hd_value *result = hd_run_result(run, task);
    assert_int_equal(hdt_state(run, task), state == HD_DONE && !wanted ? HD_RELEASED : state);
    if (!wanted) assert_int_equal(result->tag, HD_EMPTY);
    else if (state != HD_DONE) assert_int_equal(result->tag, HD_ABSENT);
    else assert_true(flaky_number(result) == oracle->results[task]);
    if (wanted && result->tag == HD_BLOCK) bytes += sizeof(double);
    if (state == HD_TASK_CANCELLED) assert_int_equal(plan->begun[task], 0);
    else assert_true(plan->begun[task] > 0);
    if (!undisturbed) continue;
    uint32_t tried = plan->fails[task] > plan->retries ? plan->retries : plan->fails[task];
    if (state == HD_TASK_CANCELLED) continue;
    if (!external || !graph->joined) assert_int_equal(plan->begun[task], tried + 1);
    assert_int_equal(hd_run_attempt(run, task), tried + 1);
  }
  flaky_assert_failures(run, plan, oracle, undisturbed);
  assert_int_equal(hd_run_results_alive(run), graph->output_count);
  assert_int_equal(hd_run_running(run), 0);
  assert_int_equal(hd_run_remaining(run), 0);
  assert_int_equal(hdi_load_seq_u32(&run->gate.held), 0);
  if (run->root_words) assert_int_equal(hdi_load_seq_u32(&run->open), 0);
  if (run->counting) {
    assert_int_equal(hdi_load_seq_u32(&run->alive), graph->output_count);
    assert_true(hd_run_result_bytes(run) == bytes);
  }
  free(oracle);
}

#endif
