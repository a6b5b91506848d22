/* Runs that keep going, over random graphs whose tasks fail now and then: whoever runs them, what is done, erred and
 * cancelled is what the oracle of flaky.h says. */
#include "flaky.h"

static flaky_plan plan;

static hd_run_desc random_desc(uint32_t workers) {
  return (hd_run_desc){.worker_count = workers, .keep_going = true, .trace = hdt_below(2), .loose = hdt_below(2), .announce = hdt_below(2),
                       .progress = hdt_below(2), .count_results = hdt_below(2), .budget_results = hdt_below(3) ? 0 : 1 + hdt_below(5),
                       .budget_bytes = hdt_below(4) ? 0 : 1 + hdt_below(64)};
}

static void the_same_is_done_by_the_serial_run_and_by_threads(void **state) {
  (void)state;
  static const uint32_t workers[] = {0, 1, 2, 4};
  uint32_t failed = 0, done = 0;
  hd_pool *pool;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, 4), HD_OK);
  for (uint64_t seed = 1; seed <= 300; seed++) {
    hdt_seed(seed);
    hd_graph *graph = flaky_random_graph(HDT_SUM, &plan);
    for (uint32_t i = 0; i < 4; i++) {
      hd_run_desc desc = random_desc(workers[i]);
      flaky_again(&plan);
      hd_run *run = hdt_run(graph, &desc);
      if (workers[i] && !hdt_below(4)) hd_run_set_tokens(run, 1 + hdt_below(3));
      if (workers[i]) assert_int_equal(hd_pool_submit(pool, run), HD_OK);
      hd_status status = workers[i] ? hd_pool_wait(pool, run) : hd_run_serial(run);
      assert_int_equal(status, hd_run_get_state(run) == HD_RUN_DONE ? HD_OK : HD_TASK_FAILED);
      flaky_assert_ended(run, &plan, true);
      failed += status != HD_OK;
      done += status == HD_OK;
      hd_run_destroy(run);
    }
    hd_graph_destroy(graph);
  }
  assert_true(failed > 200 && done > 200);
  hd_pool_destroy(pool);
  hdt_seed_end();
}

/* HAND-2: failures and what is skipped do not change that one worker goes by rank. */
static void one_worker_begins_tasks_in_the_order_of_the_serial_run(void **state) {
  (void)state;
  hd_pool *pool;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, 1), HD_OK);
  for (uint64_t seed = 1; seed <= 200; seed++) {
    hdt_seed(seed);
    hd_graph *graph = flaky_random_graph(HDT_SUM, &plan);
    hd_run *run = hdt_run(graph, &(hd_run_desc){.keep_going = true});
    (void)hd_run_serial(run);
    flaky_plan *serial = malloc(sizeof *serial);
    *serial = plan;
    hd_run_destroy(run);
    flaky_again(&plan);
    run = hdt_run(graph, &(hd_run_desc){.keep_going = true});
    assert_int_equal(hd_pool_submit(pool, run), HD_OK);
    (void)hd_pool_wait(pool, run);
    assert_int_equal(plan.log_count, serial->log_count);
    for (uint32_t i = 0; i < plan.log_count; i++) assert_int_equal(plan.log[i], serial->log[i]);
    free(serial);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
  }
  hd_pool_destroy(pool);
  hdt_seed_end();
}

/* ---- by hand ----------------------------------------------------------------------------------- */

enum { HANDS = 4, LOST_MAX = 4000, FOR_EVER = 1000 };

static hd_pool *pool;

typedef struct open_claim {
  hd_claim claim;
  double live[FLAKY_MAX]; /* what the parts of its group came to; by rank */
  double sum;
} open_claim;

typedef struct hand {
  hd_worker *worker;
  uint32_t count; /* claims open; the last one may be undeferred */
  bool current;
  open_claim *claims; /* [HDI_CLAIMS_MAX] */
} hand;

static hd_worker *lost[LOST_MAX];
static uint32_t lost_count, kills, retried_groups, live_values;

static hd_worker *add_worker(uint32_t expected_index) {
  hd_worker *worker;
  assert_int_equal(hd_worker_add(pool, &worker), HD_OK);
  assert_int_equal(hd_worker_index(worker), expected_index);
  assert_true(hd_worker_enter(worker));
  return worker;
}

static open_claim *claim_of_slot(hand *self, uint32_t slot) {
  for (uint32_t i = 0; i < self->count; i++)
    if (self->claims[i].claim.slot == slot) return &self->claims[i];
  return NULL;
}

static void forget_claim(hand *self, uint32_t which) {
  self->count--;
  memmove(&self->claims[which], &self->claims[which + 1], (self->count - which) * sizeof *self->claims);
}

/* Begins a body. Values between the parts of a group stay with the hand, in the claim of its slot. */
static void hand_begin(hand *self, const hd_claim *claim) {
  open_claim *open = &self->claims[self->count];
  double live[FLAKY_MAX] = {0};
  double total = 1;
  if (claim->later) {
    open_claim *before = claim_of_slot(self, claim->slot);
    hdt_must(before);
    memcpy(live, before->live, sizeof live);
    forget_claim(self, (uint32_t)(before - self->claims));
    open = &self->claims[self->count];
  } else { /* what was there was skipped */
    open_claim *before = claim_of_slot(self, claim->slot);
    if (before) forget_claim(self, (uint32_t)(before - self->claims));
    open = &self->claims[self->count];
  }
  for (uint32_t i = 0; i < claim->call.arg_count; i++) {
    const hd_value *arg = &claim->call.args[i];
    total = hdt_step(total, arg->tag == HD_LIVE ? live[(uint32_t)arg->as.number] : flaky_number(arg));
    live_values += arg->tag == HD_LIVE;
  }
  open->claim = *claim;
  open->sum = total;
  memcpy(open->live, live, sizeof live);
  flaky_begin(&plan, claim->call.task);
  self->count++;
  self->current = true;
}

static bool is_answered(const hand *self, uint32_t which) { /* it waits for the next part of its group */
  const hdi_open_claim *open = &self->worker->claims[self->claims[which].claim.slot];
  return !open->run || open->due;
}

static void hand_answer(hand *self, uint32_t which) {
  open_claim *open = &self->claims[which];
  uint32_t task = open->claim.call.task;
  hd_value value;
  if (which == self->count - 1) self->current = false;
  if (is_answered(self, which)) return;
  hd_worker_set_progress(self->worker, open->claim.slot, 0.5f);
  if (!flaky_outcome(&plan, task, open->sum, &value)) {
    retried_groups += open->claim.later && plan.failed[task] <= plan.retries;
    hd_worker_fail(self->worker, open->claim.slot, HD_TASK_FAILED, &value);
  } else if (open->claim.more && hdt_below(3)) {
    hd_value live = {HD_LIVE, 0, {.number = task}};
    open->live[task] = open->sum;
    hd_value_release(&value);
    hd_worker_finish(self->worker, open->claim.slot, &live);
  } else {
    hd_worker_finish(self->worker, open->claim.slot, &value);
  }
  if (!self->worker->claims[open->claim.slot].run) forget_claim(self, which);
}

static void hand_move(hand *self) {
  uint32_t seen, last = self->count - 1;
  for (uint32_t i = 0; i < self->count; i++)
    if (!self->worker->claims[self->claims[i].claim.slot].run) { /* the part that was due was skipped */
      forget_claim(self, i);
      self->current = false;
      return;
    }
  if (self->current && hdt_below(2) && !is_answered(self, last)) {
    self->current = false;
    hd_worker_defer(self->worker, self->claims[last].claim.slot);
  } else if (self->current || (self->count && hdt_below(2))) {
    hand_answer(self, hdt_below(self->count));
  } else {
    hd_claim claim;
    hd_next next = hd_worker_next(self->worker, &claim);
    if (next == HD_NEXT_IDLE && hdt_below(2)) (void)hd_worker_sleep(self->worker, &seen);
    if (next == HD_NEXT_TASK) hand_begin(self, &claim);
  }
}

static void hand_lose(hand *self) {
  uint32_t index = hd_worker_index(self->worker);
  hd_worker_leave(self->worker);
  assert_true(hd_worker_kill(self->worker));
  hd_worker_lost(self->worker, FOR_EVER);
  hdt_must(lost_count < LOST_MAX);
  lost[lost_count++] = self->worker;
  self->worker = add_worker(index);
  self->count = 0;
  self->current = false;
  kills++;
}

static void turn_the_gate(hd_run *run) {
  switch (hdt_below(6)) {
    case 0: hd_run_pause(run); break;
    case 1: hd_run_step(run, hdt_below(4)); break;
    case 2: hd_run_set_tokens(run, hdt_below(3)); break;
    default: hd_run_resume(run); break;
  }
}

static void the_same_is_done_by_hand_with_workers_lost_on_the_way(void **state) {
  (void)state;
  uint32_t failed = 0;
  hand hands[HANDS] = {{0}};
  for (uint32_t i = 0; i < HANDS; i++) hands[i].claims = malloc(HDI_CLAIMS_MAX * sizeof(open_claim));
  lost_count = kills = retried_groups = live_values = 0;
  for (uint64_t seed = 1; seed <= 300; seed++) {
    hdt_seed(seed);
    hd_graph *graph = flaky_random_graph(hdt_below(2) ? HDT_EXTERNAL : HDT_MIXED, &plan);
    bool loses = hdt_below(3), gates = hdt_below(2);
    hd_run_desc desc = random_desc(1 + hdt_below(HANDS));
    uint32_t kills_before = kills;
    assert_int_equal(hd_pool_create(&pool), HD_OK);
    hd_run *run = hdt_run(graph, &desc);
    hd_graph_destroy(graph);
    for (uint32_t i = 0; i < HANDS; i++) {
      hands[i].worker = add_worker(i);
      hands[i].count = 0;
      hands[i].current = false;
    }
    assert_int_equal(hd_pool_submit(pool, run), HD_OK);
    for (uint32_t step = 0; !hd_pool_ended(pool, run); step++) {
      hdt_must(step < 1000000);
      hand_move(&hands[hdt_below(HANDS)]);
      if (loses && step < 3000 && !hdt_below(40)) hand_lose(&hands[hdt_below(HANDS)]);
      if (gates && !hdt_below(20)) turn_the_gate(run);
      if (step % 1000 == 999) hd_run_resume(run);
      if (lost_count && !hdt_below(60)) hd_worker_forget(lost[--lost_count]); /* some early, some with the pool */
    }
    flaky_assert_ended(run, &plan, kills == kills_before);
    failed += hd_run_get_state(run) == HD_RUN_FAILED;
    hd_run_destroy(run);
    flaky_close(pool);
    lost_count = 0;
  }
  for (uint32_t i = 0; i < HANDS; i++) free(hands[i].claims);
  assert_true(failed > 50 && kills > 200 && retried_groups > 50 && live_values > 200);
  hdt_seed_end();
}

/* Nothing of a worker that is lost and forgotten stays, however often that happens to a pool. */
static void a_forgotten_worker_leaves_nothing_behind(void **state) {
  (void)state;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  hd_worker *keeper = add_worker(0);
  size_t before = hd_memory_live_bytes();
  for (uint32_t i = 0; i < 1000; i++) {
    hd_worker *worker = add_worker(1);
    hd_worker_leave(worker);
    assert_true(hd_worker_kill(worker));
    hd_worker_lost(worker, 1);
    hd_worker_forget(worker);
    assert_true(hd_memory_live_bytes() == before);
  }
  hdt_assert_traps(hd_worker_forget(keeper)); /* it is not lost */
  hd_worker *worker = add_worker(1);
  hd_worker_leave(worker);
  assert_true(hd_worker_kill(worker));
  hdt_assert_traps(hd_worker_forget(worker)); /* nor is it taken out yet */
  hd_worker_lost(worker, 1);
  flaky_close(pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(the_same_is_done_by_the_serial_run_and_by_threads),
      hdt_test(one_worker_begins_tasks_in_the_order_of_the_serial_run),
      hdt_test(the_same_is_done_by_hand_with_workers_lost_on_the_way),
      hdt_test(a_forgotten_worker_leaves_nothing_behind),
  };
  return hdt_run_tests(tests);
}
