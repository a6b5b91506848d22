/* The run as a state machine, driven by hand. */
#include "hdt.h"

static uint32_t claim(hd_run *run) {
  uint32_t task;
  return hd_run_claim(run, 0, 1, &task) ? task : HD_NONE;
}

static void finish(hd_run *run, uint32_t task, hd_finished *finished) {
  hd_value result = hd_number(task);
  hd_run_finish(run, 0, task, &result, finished);
}

#define assert_counts(run, remaining, running, alive)   \
  do {                                                  \
    assert_int_equal(hd_run_remaining(run), remaining); \
    assert_int_equal(hd_run_running(run), running);     \
    assert_int_equal(hd_run_results_alive(run), alive); \
  } while (0)

/*      a          ranks 0
 *     / `.              1 2
 *    b    c             3
 *     `. /
 *       d    wanted */
static void a_diamond_goes_from_waiting_to_released(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b=a *c=a *d=b,c,7", "d", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2});
  uint32_t tasks[4], released[4];
  hd_finished finished = {.ready_count = 99, .released_count = 99, .released = released};
  hd_value args[3], result;
  assert_ptr_equal(hd_run_graph(run), graph);
  assert_null(hd_run_records(run));
  assert_int_equal(hdt_state(run, 0), HD_READY);
  for (uint32_t task = 1; task < 4; task++) assert_int_equal(hdt_state(run, task), HD_WAITING);
  assert_counts(run, 4, 0, 0);

  assert_int_equal(hd_run_claim(run, 0, 4, tasks), 1);
  assert_int_equal(tasks[0], 0);
  assert_int_equal(hdt_state(run, 0), HD_RUNNING);
  assert_counts(run, 4, 1, 0);
  assert_int_equal(hd_run_claim(run, 1, 4, tasks), 0);
  finish(run, 0, &finished);
  assert_int_equal(finished.ready_count, 2);
  assert_int_equal(finished.released_count, 0);
  assert_int_equal(hdt_state(run, 0), HD_DONE);
  assert_int_equal(hdt_state(run, 1), HD_READY);
  assert_int_equal(hdt_state(run, 2), HD_READY);
  assert_counts(run, 3, 0, 1);

  assert_int_equal(hd_run_claim(run, 1, 4, tasks), 2);
  assert_int_equal(tasks[0], 1);
  assert_int_equal(tasks[1], 2);
  assert_counts(run, 3, 2, 1);
  result = hd_number(20);
  hd_run_finish(run, 1, 2, &result, &finished);
  assert_int_equal(finished.ready_count, 0);
  assert_int_equal(finished.released_count, 0);
  result = hd_number(10);
  hd_run_finish(run, 1, 1, &result, &finished);
  assert_int_equal(finished.ready_count, 1);
  assert_int_equal(finished.released_count, 1);
  assert_int_equal(released[0], 0);
  assert_int_equal(hdt_state(run, 0), HD_RELEASED);
  assert_counts(run, 1, 0, 2);

  assert_int_equal(claim(run), 3);
  hd_run_args(run, 3, args);
  assert_true(args[0].as.number == 10 && args[1].as.number == 20 && args[2].as.number == 7);
  assert_int_equal(hd_run_get_state(run), HD_RUN_ACTIVE);
  finish(run, 3, &finished);
  assert_int_equal(finished.ready_count, 0);
  assert_int_equal(finished.released_count, 2);
  assert_int_equal(released[0] + released[1], 3);
  assert_int_equal(hdt_state(run, 3), HD_DONE);
  assert_true(hd_run_result(run, 3)->as.number == 3);
  assert_counts(run, 0, 0, 1);
  assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
  assert_int_equal(claim(run), HD_NONE);
  hd_run_destroy(run);
  hd_run_destroy(NULL);
  hd_graph_destroy(graph);
}

static void a_task_used_twice_is_waited_for_and_released_once(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b=a,a,a", "b", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  uint32_t released[4];
  hd_finished finished = {.released = released};
  assert_int_equal(claim(run), 0);
  finish(run, 0, &finished);
  assert_int_equal(finished.ready_count, 1);
  assert_int_equal(claim(run), 1);
  assert_int_equal(claim(run), HD_NONE);
  finish(run, 1, &finished);
  assert_int_equal(finished.released_count, 1);
  assert_int_equal(released[0], 0);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_result_that_nobody_wants_is_released_at_once(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b *c", "b", NULL); /* ranks: b, a, c */
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  uint32_t released[1];
  hd_finished finished = {.released = released};
  hd_value result = hdt_block(100);
  uint32_t b = claim(run), a = claim(run);
  finish(run, b, &finished);
  assert_int_equal(finished.released_count, 0);
  size_t before = hd_memory_live_bytes();
  hd_run_finish(run, 0, a, &result, &finished);
  assert_int_equal(finished.released_count, 1);
  assert_int_equal(released[0], a);
  assert_int_equal(hdt_state(run, a), HD_RELEASED);
  assert_true(hd_memory_live_bytes() + 100 <= before);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_claim_gives_the_lowest_ranks_and_no_more_than_asked_for(void **state) {
  (void)state;
  hd_graph *graph = hdt_row(100, false, HDT_EXTERNAL, NULL);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 3});
  uint32_t tasks[100], next = 0;
  assert_int_equal(hd_run_claim(run, 0, 0, tasks), 0);
  assert_int_equal(hd_run_claim(run, 2, 5, tasks), 5);
  for (; next < 5; next++) assert_int_equal(tasks[next], next);
  hd_run_lost(run, 2, 3);
  assert_int_equal(hd_run_claim(run, 1, 2, tasks), 2);
  assert_int_equal(tasks[0], 3);
  assert_int_equal(tasks[1], 5);
  for (next = 6; next < 100;) {
    uint32_t count = hd_run_claim(run, 0, 100, tasks);
    assert_true(count > 0);
    for (uint32_t i = 0; i < count; i++) assert_int_equal(tasks[i], next++);
  }
  assert_int_equal(hd_run_claim(run, 0, 100, tasks), 0);
  assert_int_equal(hd_run_claim(run, 0, 0, tasks), 0);
  hdt_assert_traps(hd_run_claim(run, 3, 1, tasks));
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void the_first_failure_stops_the_run_and_is_kept(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b *c *d=a,b,c", "d", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 3, .trace = true});
  hd_value first = hdt_block(50), second = hdt_block(60);
  hd_status status = HD_OK;
  const hd_value *error = NULL;
  uint32_t tasks[1];
  assert_int_equal(claim(run), 0);
  assert_int_equal(hd_run_claim(run, 2, 1, tasks), 1);
  assert_int_equal(hd_run_failure(run, &status, &error), HD_NONE);
  assert_int_equal(hd_run_failed_worker(run), HD_NONE);
  assert_int_equal(status, HD_OK);
  assert_null(error);
  hd_run_fail(run, 2, 1, HD_WORKER_LOST, &first);
  hd_run_fail(run, 0, 0, HD_TASK_FAILED, &second);
  assert_int_equal(hd_run_failed_worker(run), 2);
  assert_int_equal(claim(run), HD_NONE); /* c was ready */
  assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);
  assert_int_equal(hdt_state(run, 0), HD_ERRED);
  assert_int_equal(hdt_state(run, 1), HD_ERRED);
  assert_int_equal(hd_run_failure(run, &status, &error), 1);
  assert_int_equal(status, HD_WORKER_LOST);
  assert_int_equal(hd_block_bytes(error->as.block), 50);
  assert_counts(run, 4, 0, 0);
  hd_run_cancel(run);
  assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);
  hd_run_destroy(run);
  run = hdt_run(graph, &(hd_run_desc){0}); /* without an error value */
  assert_int_equal(claim(run), 0);
  hd_run_fail(run, 0, 0, HD_TASK_FAILED, NULL);
  assert_int_equal(hd_run_failure(run, &status, &error), 0);
  assert_int_equal(error->tag, HD_EMPTY);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_cancelled_run_gives_no_more_but_takes_answers(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b *c=a,b", "c", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  uint32_t released[4];
  hd_finished finished = {.released = released};
  assert_int_equal(claim(run), 0);
  assert_int_equal(claim(run), 1);
  hd_run_cancel(run);
  hd_run_cancel(run);
  assert_int_equal(hd_run_get_state(run), HD_RUN_CANCELLED);
  finish(run, 0, &finished);
  hd_run_lost(run, 0, 1);
  assert_int_equal(claim(run), HD_NONE);
  assert_counts(run, 2, 0, 1);
  assert_int_equal(hd_run_get_state(run), HD_RUN_CANCELLED);
  hd_run_destroy(run);
  /* cancelled while the last one runs: it is done all the same */
  run = hdt_run(graph, &(hd_run_desc){0});
  for (uint32_t task = 0; task < 3; task++) {
    assert_int_equal(claim(run), task);
    if (task == 2) hd_run_cancel(run);
    finish(run, task, NULL);
  }
  assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_lost_task_runs_again_with_the_same_arguments(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b=a,3", "b", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .trace = true});
  hd_value args[2], result;
  assert_int_equal(claim(run), 0);
  finish(run, 0, NULL);
  for (uint32_t attempt = 0; attempt < 300; attempt++) {
    uint32_t task;
    assert_int_equal(hd_run_claim(run, 1, 1, &task), 1);
    assert_int_equal(task, 1);
    assert_int_equal(hdt_state(run, 1), HD_RUNNING);
    hd_run_args(run, 1, args);
    assert_true(args[0].as.number == 0 && args[1].as.number == 3);
    assert_int_equal(hd_run_records(run)[1].attempts, attempt < 255 ? attempt + 1 : 255);
    assert_int_equal(hd_run_attempt(run, 1), attempt < 16 ? attempt + 1 : 16);
    hd_run_lost(run, 1, 1);
    assert_int_equal(hdt_state(run, 1), HD_READY);
    assert_counts(run, 1, 0, 1);
  }
  assert_int_equal(claim(run), 1);
  result = hd_number(4);
  hd_run_finish(run, 0, 1, &result, NULL);
  assert_int_equal(hdt_state(run, 1), HD_DONE);
  assert_int_equal(hdt_state(run, 0), HD_RELEASED);
  assert_int_equal(hd_run_attempt(run, 0), 1);
  assert_int_equal(hd_run_attempt(run, 1), 16);
  assert_int_equal(hd_run_records(run)[1].worker, 0);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_record_says_when_how_long_where_and_how_often(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b *c", "a b c", NULL);
  hd_run *run =
      hdt_run(graph, &(hd_run_desc){.worker_count = 5, .trace = true, .clock_us = hdt_clock});
  const hd_record *records = hd_run_records(run);
  uint32_t tasks[2];
  hd_value result = hd_number(1);
  assert_int_equal(sizeof *records, 16);
  hdt_now_us = 5000;
  assert_int_equal(hd_run_claim(run, 4, 2, tasks), 2);
  hdt_now_us = 5250.5;
  hd_run_finish(run, 4, 1, &result, NULL);
  hdt_now_us = 6000;
  hd_run_fail(run, 4, 0, HD_TASK_FAILED, NULL);
  for (uint32_t task = 0; task < 2; task++) {
    assert_true(records[task].start_us == 5000);
    assert_true(records[task].elapsed_us == (task ? 250.5f : 1000.0f));
    assert_int_equal(records[task].worker, 4);
    assert_int_equal(records[task].attempts, 1);
  }
  assert_true(records[2].start_us == 0 && records[2].attempts == 0);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void an_executor_that_keeps_results_is_told_what_to_release(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b=a,1", "b", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.executor_keeps = true});
  uint32_t released[3];
  hd_finished finished = {.released = released};
  hd_value result = hdt_block(10); /* given all the same, it is taken */
  assert_int_equal(claim(run), 0);
  hd_run_finish(run, 0, 0, NULL, &finished);
  assert_int_equal(finished.released_count, 0);
  assert_counts(run, 1, 0, 1);
  assert_int_equal(claim(run), 1);
  hd_run_finish(run, 0, 1, &result, &finished);
  assert_int_equal(finished.released_count, 1);
  assert_int_equal(released[0], 0);
  assert_counts(run, 0, 0, 1);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_run_keeps_its_graph_and_the_graph_its_literals(void **state) {
  (void)state;
  hd_graph *graph = hdt_empty_graph(NULL);
  uint32_t id;
  hd_arg arg = hd_arg_value(hdt_block(32));
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_EXTERNAL, &arg, 1, "a"}, &id),
                   HD_OK);
  assert_int_equal(hdt_seal(graph, "a", false), HD_OK);
  hd_run *one = hdt_run(graph, &(hd_run_desc){0}), *two = hdt_run(graph, &(hd_run_desc){0});
  hd_value seen;
  hd_graph_destroy(graph);
  hd_run_destroy(one);
  assert_int_equal(claim(two), 0);
  hd_run_args(two, 0, &seen);
  assert_int_equal(hd_block_bytes(seen.as.block), 32);
  hd_block_retain(seen.as.block); /* handed on */
  hd_run_finish(two, 0, 0, &seen, NULL);
  assert_ptr_equal(hd_run_result(two, 0)->as.block, seen.as.block);
  hd_run_destroy(two);
}

static void a_run_of_no_tasks_is_done(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("", "", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.trace = true});
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
  assert_counts(run, 0, 0, 0);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void workers_of_a_run_are_1_to_256(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a", "a", NULL), *open = hdt_graph("a", NULL);
  hd_run *run = NULL;
  uint32_t task;
  assert_int_equal(hd_run_create(graph, &(hd_run_desc){.worker_count = HD_WORKERS_MAX + 1}, &run),
                   HD_WORKER_COUNT);
  assert_null(run);
  run = hdt_run(graph, &(hd_run_desc){.worker_count = HD_WORKERS_MAX});
  assert_int_equal(hd_run_claim(run, HD_WORKERS_MAX - 1, 1, &task), 1);
  hd_run_lost(run, HD_WORKERS_MAX - 1, task);
  assert_int_equal(hd_run_running(run), 0);
  hd_run_destroy(run);
  hdt_assert_traps(hd_run_create(open, &(hd_run_desc){0}, &run));
  hd_graph_destroy(graph);
  hd_graph_destroy(open);
}

/* ---- beside a model ---------------------------------------------------------------------------- */

enum { TASKS = 150, WORKERS = 3 };

/* What the run should be like, by the plain words of the contract. */
typedef struct model {
  const hd_graph *graph;
  uint32_t count, alive, remaining, running, stopped;
  bool wanted[TASKS];
  hd_task_state states[TASKS];
  uint32_t worker[TASKS], attempts[TASKS];
  double start_us[TASKS];
} model;

static bool depends(const model *self, uint32_t task, uint32_t input) {
  const uint32_t *args = hd_graph_args(self->graph, task);
  for (uint32_t i = 0; i < hd_graph_arg_count(self->graph, task); i++)
    if (args[i] == input) return true;
  return false;
}

static bool has_result(hd_task_state state) { return state == HD_DONE || state == HD_RELEASED; }

/* Ready: every input has its result. */
static bool can_run(const model *self, uint32_t task) {
  for (uint32_t input = 0; input < task; input++)
    if (depends(self, task, input) && !has_result(self->states[input])) return false;
  return true;
}

/* To be released: not wanted, and every reader has its result. */
static bool can_go(const model *self, uint32_t task) {
  if (self->wanted[task]) return false;
  for (uint32_t reader = task + 1; reader < self->count; reader++)
    if (depends(self, reader, task) && !has_result(self->states[reader])) return false;
  return true;
}

static void model_finish(model *self, uint32_t task, uint32_t *ready, uint32_t *released) {
  self->states[task] = HD_DONE;
  self->alive++;
  self->remaining--;
  *ready = *released = 0;
  for (uint32_t other = 0; other < self->count; other++) {
    if (self->states[other] == HD_DONE && can_go(self, other)) {
      self->states[other] = HD_RELEASED;
      self->alive--;
      ++*released;
    } else if (self->states[other] == HD_WAITING && can_run(self, other)) {
      self->states[other] = HD_READY;
      ++*ready;
    }
  }
}

static void assert_as(const hd_run *run, const model *self) {
  assert_counts(run, self->remaining, self->running, self->alive);
  for (uint32_t task = 0; task < self->count; task++) {
    assert_int_equal(hdt_state(run, task), self->states[task]);
    const hd_record *record = &hd_run_records(run)[task];
    assert_int_equal(record->attempts, self->attempts[task]);
    if (!self->attempts[task]) continue;
    assert_int_equal(record->worker, self->worker[task]);
    assert_true(record->start_us == self->start_us[task]);
  }
}

static void claim_some(hd_run *run, model *self, uint32_t worker, uint32_t max) {
  uint32_t tasks[8], next = 0, count = hd_run_claim(run, worker, max, tasks), first = 0;
  assert_true(count <= max);
  while (first < self->count && self->states[first] != HD_READY) first++;
  assert_int_equal(count > 0, !self->stopped && first < self->count);
  for (uint32_t i = 0; i < count; i++) {
    for (next = i ? tasks[i - 1] + 1 : 0; self->states[next] != HD_READY; next++)
      ;
    assert_int_equal(tasks[i], next);
    self->states[next] = HD_RUNNING;
    self->worker[next] = worker;
    self->start_us[next] = hdt_now_us;
    self->attempts[next]++;
    self->running++;
  }
  /* as many as asked for, unless the next ready one lies in another word of the set */
  if (count == max || !count) return;
  for (next++; next < self->count; next++)
    if (self->states[next] == HD_READY) assert_true(next / 64 > tasks[count - 1] / 64);
}

/* Results of even ranks are numbers, of odd ones blocks that hold the number. */
static double number_of(const hd_value *value) {
  return value->tag == HD_BLOCK ? *(double *)hd_block_data(value->as.block) : value->as.number;
}

static hd_value compute(const hd_run *run, uint32_t task) {
  hd_value args[16], result;
  double total = 1;
  hd_run_args(run, task, args);
  for (uint32_t i = 0; i < hd_graph_arg_count(hd_run_graph(run), task); i++)
    total = hdt_step(total, number_of(&args[i]));
  if (task % 2 == 0) return hd_number(total);
  result = hdt_block(sizeof total);
  memcpy(hd_block_data(result.as.block), &total, sizeof total);
  return result;
}

static void answer(hd_run *run, model *self, uint32_t task, bool keeps) {
  uint32_t released[17], ready_count, released_count, how = hdt_below(100),
                                                      worker = self->worker[task];
  bool was_released[TASKS] = {false};
  hd_finished finished = {.released = released};
  self->running--;
  if (how < 20) {
    hd_run_lost(run, worker, task);
    self->states[task] = HD_READY;
  } else if (how == 20) {
    hd_value error = hdt_block(5);
    hd_run_fail(run, worker, task, HD_TASK_FAILED, &error);
    self->states[task] = HD_ERRED;
    self->stopped = true;
  } else {
    hd_value result = keeps ? (hd_value){0} : compute(run, task);
    for (uint32_t i = 0; i < self->count; i++) was_released[i] = self->states[i] == HD_RELEASED;
    hd_run_finish(run, worker, task, keeps ? NULL : &result, &finished);
    model_finish(self, task, &ready_count, &released_count);
    assert_int_equal(finished.ready_count, ready_count);
    assert_int_equal(finished.released_count, released_count);
    for (uint32_t i = 0; i < released_count; i++) {
      assert_int_equal(self->states[released[i]], HD_RELEASED);
      assert_false(was_released[released[i]]);
      was_released[released[i]] = true;
    }
  }
}

static void any_order_of_answers_agrees_with_the_model(void **state) {
  (void)state;
  uint32_t ended[4] = {0};
  for (uint64_t seed = 1; seed <= 120; seed++) {
    hdt_seed(seed);
    hd_graph *graph = hdt_random_graph(1 + hdt_below(hdt_below(4) ? 30 : TASKS), 1 + hdt_below(5),
                                       HDT_EXTERNAL, NULL);
    bool keeps = hdt_below(4) == 0, fragile = hdt_below(3) == 0;
    uint32_t added = hd_graph_task_count(graph), outputs[3];
    for (uint32_t i = 0; i < 3; i++) outputs[i] = hdt_below(added);
    assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = outputs, .output_count = 3, .keep_all = true}), HD_OK);
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = WORKERS, .executor_keeps = keeps, .trace = true, .clock_us = hdt_clock});
    model self = {.graph = graph, .count = added, .remaining = added};
    for (uint32_t i = 0; i < 3; i++) self.wanted[hd_graph_rank(graph, outputs[i])] = true;
    for (uint32_t task = 0; task < added; task++)
      self.states[task] = can_run(&self, task) ? HD_READY : HD_WAITING;
    while (self.running || (self.remaining && !self.stopped)) {
      assert_as(run, &self);
      hdt_now_us += hdt_below(10);
      if (hdt_below(2)) {
        claim_some(run, &self, hdt_below(WORKERS), 1 + hdt_below(8));
      } else if (self.running) {
        uint32_t task = hdt_below(added);
        while (self.states[task] != HD_RUNNING) task = (task + 1) % added;
        answer(run, &self, task, keeps);
      } else if (fragile && hdt_below(30) == 0) {
        hd_run_cancel(run);
        self.stopped = true;
      }
    }
    assert_as(run, &self);
    hd_run_state end = hd_run_get_state(run);
    ended[end]++;
    assert_int_equal(end == HD_RUN_DONE, self.remaining == 0);
    double *expected = hdt_expected(graph);
    for (uint32_t task = 0; !keeps && task < added; task++)
      if (self.states[task] == HD_DONE)
        assert_true(number_of(hd_run_result(run, task)) == expected[task]);
    free(expected);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
  }
  hdt_seed_end();
  assert_true(ended[HD_RUN_DONE] > 10 && ended[HD_RUN_FAILED] > 10 && ended[HD_RUN_CANCELLED] > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(a_diamond_goes_from_waiting_to_released),
      hdt_test(a_task_used_twice_is_waited_for_and_released_once),
      hdt_test(a_result_that_nobody_wants_is_released_at_once),
      hdt_test(a_claim_gives_the_lowest_ranks_and_no_more_than_asked_for),
      hdt_test(the_first_failure_stops_the_run_and_is_kept),
      hdt_test(a_cancelled_run_gives_no_more_but_takes_answers),
      hdt_test(a_lost_task_runs_again_with_the_same_arguments),
      hdt_test(a_record_says_when_how_long_where_and_how_often),
      hdt_test(an_executor_that_keeps_results_is_told_what_to_release),
      hdt_test(a_run_keeps_its_graph_and_the_graph_its_literals),
      hdt_test(a_run_of_no_tasks_is_done),
      hdt_test(workers_of_a_run_are_1_to_256),
      hdt_test(any_order_of_answers_agrees_with_the_model),
  };
  return hdt_run_tests(tests);
}
