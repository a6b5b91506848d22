/* What can be seen of a run while it goes on: wanted results as they come, how far a task is, that it was stopped. */
#include "flaky.h"

static flaky_plan plan;
static hd_pool *pool;

static hd_worker *add_worker(void) {
  hd_worker *worker;
  assert_int_equal(hd_worker_add(pool, &worker), HD_OK);
  assert_true(hd_worker_enter(worker));
  return worker;
}

static hd_run *submit(hd_graph *graph, hd_run_desc desc) {
  hd_run *run = hdt_run(graph, &desc);
  hd_graph_destroy(graph);
  assert_int_equal(hd_pool_submit(pool, run), HD_OK);
  return run;
}

static hd_claim take(hd_worker *worker) {
  hd_claim claim = {0};
  assert_int_equal(hd_worker_next(worker, &claim), HD_NEXT_TASK);
  return claim;
}

static void finish(hd_worker *worker, const hd_claim *claim) {
  hd_value result = hd_number(1);
  hd_worker_finish(worker, claim->slot, &result);
}

/* How often a word has changed meanwhile. */
#define assert_changes(word, statement, times)                 \
  do {                                                         \
    uint32_t before = hdt_load(word);                          \
    statement;                                                 \
    assert_int_equal(hdt_load(word) - before, (uint32_t)(times)); \
  } while (0)

/* ---- results as they come ---------------------------------------------------------------------- */

/*  a -> b, c; b -> d. b and d are wanted. */
static void the_event_rings_for_each_wanted_result_and_for_the_end(void **state) {
  (void)state;
  for (uint32_t announce = 0; announce < 2; announce++) {
    assert_int_equal(hd_pool_create(&pool), HD_OK);
    hd_worker *worker = add_worker();
    uint32_t *event = hd_pool_event(pool);
    hd_run *run = submit(hdt_sealed("*a *b=a *c=a *d=b", "b d", NULL), (hd_run_desc){.announce = announce});
    hd_graph *graph = hd_run_graph(run);
    uint32_t b = hdt_rank(graph, "b"), d = hdt_rank(graph, "d");
    for (uint32_t i = 0; i < 4; i++) {
      hd_claim claim = take(worker);
      uint32_t task = claim.call.task;
      bool wanted = task == b || task == d;
      assert_false(hd_run_ready(run, task));
      assert_changes(event, finish(worker, &claim), announce && wanted);
      if (announce && wanted) assert_true(hd_run_ready(run, task) && hd_run_result(run, task)->as.number == 1);
    }
    assert_false(hd_pool_ended(pool, run));
    hd_claim none;
    assert_changes(event, assert_int_equal(hd_worker_next(worker, &none), HD_NEXT_IDLE), 1);
    assert_true(hd_pool_ended(pool, run));
    hd_run_destroy(run);
    flaky_close(pool);
  }
}

/* What is wanted and will never be is told as well; what is tried again is not. */
static void the_event_rings_for_wanted_results_that_are_absent(void **state) {
  (void)state;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  hd_worker *worker = add_worker();
  uint32_t *event = hd_pool_event(pool);
  plan.retries = 1;
  hd_run *run = submit(flaky_graph("*a *b=a", "a b", (hd_seal_desc){0}, &plan), (hd_run_desc){.announce = true, .keep_going = true});
  hd_claim claim = take(worker);
  assert_changes(event, hd_worker_fail(worker, claim.slot, HD_TASK_FAILED, NULL), 0);
  claim = take(worker);
  assert_changes(event, hd_worker_fail(worker, claim.slot, HD_TASK_FAILED, NULL), 1);
  assert_false(hd_run_ready(run, 0));
  assert_int_equal(hdt_state(run, 0), HD_ERRED);
  assert_changes(event, assert_int_equal(hd_worker_next(worker, &claim), HD_NEXT_IDLE), 2); /* b is skipped; the end */
  assert_false(hd_run_ready(run, 1));
  assert_int_equal(hd_pool_wait(pool, run), HD_TASK_FAILED);
  hd_run_destroy(run);
  flaky_close(pool);
}

static void the_event_rings_once_for_a_first_failure(void **state) {
  (void)state;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  hd_worker *one = add_worker(), *two = add_worker(), *three = add_worker();
  uint32_t *event = hd_pool_event(pool);
  hd_run *run = submit(hdt_sealed("*a *b *c", "a b c", NULL), (hd_run_desc){.worker_count = 3});
  hd_claim first = take(one), second = take(two), third = take(three);
  assert_changes(event, hd_worker_fail(one, first.slot, HD_TASK_FAILED, NULL), 1);
  assert_changes(event, hd_worker_fail(two, second.slot, HD_TASK_FAILED, NULL), 0);
  hd_claim none;
  assert_int_equal(hd_worker_next(one, &none), HD_NEXT_IDLE);
  assert_int_equal(hd_worker_next(two, &none), HD_NEXT_IDLE);
  assert_changes(event, finish(three, &third), 0);
  assert_false(hd_pool_ended(pool, run));
  assert_changes(event, assert_int_equal(hd_worker_next(three, &none), HD_NEXT_IDLE), 1);
  assert_true(hd_pool_ended(pool, run));
  hd_run_destroy(run);
  flaky_close(pool);
}

/* A thread that sleeps on the event and reads each wanted result as soon as it is ready. */
typedef struct consumer {
  hd_run *run;
  uint32_t expected, read, rounds;
  hdi_u32 going;
  double total;
} consumer;

static void consume(void *argument) {
  consumer *self = argument;
  const hd_graph *graph = self->run->graph;
  bool *seen = calloc(graph->output_count, sizeof *seen);
  while (self->read < self->expected) {
    uint32_t now = hdt_load(hd_pool_event(pool)), before = self->read;
    for (uint32_t i = 0; i < graph->output_count; i++) {
      if (seen[i] || !hd_run_ready(self->run, graph->outputs[i])) continue;
      const hd_value *result = hd_run_result(self->run, graph->outputs[i]);
      seen[i] = true;
      self->total += flaky_number(result);
      self->read++;
      hdi_store_seq_u32(&self->going, 1);
    }
    if (self->read == before) hdi_bell_wait(&pool->event, now, 1000);
    self->rounds++;
  }
  free(seen);
}

static void another_thread_reads_results_while_the_run_goes_on(void **state) {
  (void)state;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, 2), HD_OK);
  for (uint64_t seed = 1; seed <= 150; seed++) {
    hdt_seed(seed);
    hd_graph *graph = flaky_random_graph(HDT_SUM, &plan);
    flaky_oracle *oracle = flaky_expected(graph, &plan);
    consumer self = {.run = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .announce = true, .keep_going = true})};
    double total = 0;
    for (uint32_t i = 0; i < graph->output_count; i++)
      if (oracle->states[graph->outputs[i]] == HD_DONE) self.expected++;
    hdi_thread *thread;
    assert_int_equal(hdi_thread_start(consume, &self, &thread), HD_OK);
    assert_int_equal(hd_pool_submit(pool, self.run), HD_OK);
    hdi_thread_join(thread); /* it does not wait for the end */
    (void)hd_pool_wait(pool, self.run);
    for (uint32_t i = 0; i < graph->output_count; i++)
      if (oracle->states[graph->outputs[i]] == HD_DONE) total += flaky_number(hd_run_result(self.run, graph->outputs[i]));
    assert_int_equal(self.read, self.expected);
    assert_true(self.total - total < 1e-9 && total - self.total < 1e-9);
    flaky_assert_ended(self.run, &plan, true);
    hd_run_destroy(self.run);
    hd_graph_destroy(graph);
    free(oracle);
  }
  hd_pool_destroy(pool);
  hdt_seed_end();
}

/* The last task goes on until the result of the first was read. */
static consumer *reader;
static hd_status wait_for_reader(const hd_call *call, hd_value *result) {
  *result = hd_number(2);
  if (call->arg_count) hdt_until(hdi_load_seq_u32(&reader->going));
  return HD_OK;
}

static void a_result_is_read_before_the_run_ends(void **state) {
  (void)state;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, 1), HD_OK);
  hd_graph *graph = hdt_graph("a b=a", NULL);
  for (uint32_t function = 0; function < 3; function++) graph->functions[function].kernel = wait_for_reader;
  assert_int_equal(hdt_seal(graph, "a b", true), HD_OK);
  consumer self = {.run = hdt_run(graph, &(hd_run_desc){.announce = true}), .expected = 2};
  reader = &self;
  hdi_thread *thread;
  assert_int_equal(hdi_thread_start(consume, &self, &thread), HD_OK);
  assert_int_equal(hd_pool_submit(pool, self.run), HD_OK);
  assert_int_equal(hd_pool_wait(pool, self.run), HD_OK);
  hdi_thread_join(thread);
  assert_true(self.total == 4);
  hd_run_destroy(self.run);
  hd_graph_destroy(graph);
  hd_pool_destroy(pool);
}

/* ---- stopped ----------------------------------------------------------------------------------- */

static void an_open_claim_sees_that_its_run_was_stopped(void **state) {
  (void)state;
  for (uint32_t cancels = 0; cancels < 2; cancels++) {
    assert_int_equal(hd_pool_create(&pool), HD_OK);
    hd_worker *one = add_worker(), *two = add_worker();
    hd_run *run = submit(hdt_sealed("*a *b *c", "a b c", NULL), (hd_run_desc){.worker_count = 2});
    hd_run *other = submit(hdt_sealed("*a", "a", NULL), (hd_run_desc){.worker_count = 2});
    hd_claim first = take(one), second = take(two), none;
    hd_worker_defer(one, first.slot);
    hd_claim third = take(one), last;
    hd_worker_defer(one, third.slot);
    last = take(one);
    assert_ptr_equal(last.run, other);
    hd_worker_defer(one, last.slot);
    assert_false(hd_worker_stopped(one, first.slot) || hd_worker_stopped(two, second.slot));
    if (cancels) hd_pool_cancel(pool, run);
    else hd_worker_fail(two, second.slot, HD_TASK_FAILED, NULL);
    assert_true(hd_worker_stopped(one, first.slot) && hd_worker_stopped(one, third.slot));
    assert_false(hd_worker_stopped(one, last.slot)); /* of another run */
    assert_int_equal(hd_worker_stopped(two, second.slot), cancels);
    if (cancels) finish(two, &second);
    assert_int_equal(hd_worker_next(two, &none), HD_NEXT_IDLE);
    finish(one, &first);
    assert_false(hd_worker_stopped(one, first.slot)); /* no claim any more */
    finish(one, &third);
    assert_true(hd_pool_ended(pool, run));
    finish(one, &last);
    assert_int_equal(hd_worker_next(one, &none), HD_NEXT_IDLE);
    assert_int_equal(hd_pool_wait(pool, other), HD_OK);
    hd_run_destroy(run);
    hd_run_destroy(other);
    flaky_close(pool);
  }
}

/* A run that keeps going is not stopped by a failure, and wakes nobody for it. */
static void who_sleeps_with_a_deferred_claim_is_woken_when_its_run_stops(void **state) {
  (void)state;
  for (uint32_t way = 0; way < 3; way++) { /* cancel, a failure, a failure of a run that keeps going */
    assert_int_equal(hd_pool_create(&pool), HD_OK);
    hd_worker *one = add_worker(), *two = add_worker();
    hd_run *run = submit(hdt_sealed("*a *b", "a b", NULL), (hd_run_desc){.worker_count = 2, .keep_going = way == 2});
    hd_claim first = take(one), second = take(two), none;
    uint32_t seen;
    hd_worker_defer(one, first.slot);
    assert_int_equal(hd_worker_next(one, &none), HD_NEXT_IDLE);
    assert_true(hd_worker_sleep(one, &seen) > 0);
    if (way == 0) hd_pool_cancel(pool, run);
    else hd_worker_fail(two, second.slot, HD_TASK_FAILED, NULL);
    assert_int_equal(hdt_load(hd_worker_bell(one)) != seen, way < 2);
    assert_int_equal(hd_worker_stopped(one, first.slot), way < 2);
    if (way == 0) finish(two, &second);
    assert_int_equal(hd_worker_next(two, &none), HD_NEXT_IDLE);
    assert_false(hd_pool_ended(pool, run));
    finish(one, &first);
    assert_true(hd_pool_ended(pool, run));
    assert_int_equal(hd_pool_wait(pool, run), way ? HD_TASK_FAILED : HD_OK); /* both were answered all the same */
    hd_run_destroy(run);
    flaky_close(pool);
  }
}

/* ---- progress ---------------------------------------------------------------------------------- */

static void a_task_says_how_far_it_is_and_begins_anew_when_tried_again(void **state) {
  (void)state;
  for (uint32_t kept = 0; kept < 2; kept++) {
    assert_int_equal(hd_pool_create(&pool), HD_OK);
    hd_worker *worker = add_worker();
    plan.retries = 1;
    hd_run *run = submit(flaky_graph("*a", "a", (hd_seal_desc){0}, &plan), (hd_run_desc){.progress = kept});
    assert_true(hd_run_progress(run, 0) == 0);
    hd_claim claim = take(worker);
    hd_worker_set_progress(worker, claim.slot, 0.25f);
    assert_true(hd_run_progress(run, 0) == (kept ? 0.25f : 0));
    uint32_t slot = claim.slot;
    hd_worker_fail(worker, slot, HD_TASK_FAILED, NULL);
    assert_true(hd_run_progress(run, 0) == 0);
    hd_worker_set_progress(worker, slot, 0.75f); /* too late: it has no claim */
    assert_true(hd_run_progress(run, 0) == 0);
    claim = take(worker);
    hd_run_set_progress(run, 0, 1);
    finish(worker, &claim);
    assert_true(hd_run_progress(run, 0) == (kept ? 1 : 0));
    assert_int_equal(hd_worker_next(worker, &claim), HD_NEXT_IDLE);
    hd_run_destroy(run);
    flaky_close(pool);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(the_event_rings_for_each_wanted_result_and_for_the_end),
      hdt_test(the_event_rings_for_wanted_results_that_are_absent),
      hdt_test(the_event_rings_once_for_a_first_failure),
      hdt_test(another_thread_reads_results_while_the_run_goes_on),
      hdt_test(a_result_is_read_before_the_run_ends),
      hdt_test(an_open_claim_sees_that_its_run_was_stopped),
      hdt_test(who_sleeps_with_a_deferred_claim_is_woken_when_its_run_stops),
      hdt_test(a_task_says_how_far_it_is_and_begins_anew_when_tried_again),
  };
  return hdt_run_tests(tests);
}
