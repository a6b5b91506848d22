/* Workers of external tasks, driven by hand as Web Workers are: next, finish, fail, defer, sleep, kill,
 * lost. At the end by threads that a killer picks off. */
#include "hdt.h"

#include "run/pool.h"

static hd_pool *pool;

static void open_pool(void) { assert_int_equal(hd_pool_create(&pool), HD_OK); }

static hd_worker *add_worker(uint32_t expected_index) {
  hd_worker *worker;
  assert_int_equal(hd_worker_add(pool, &worker), HD_OK);
  assert_int_equal(hd_worker_index(worker), expected_index);
  assert_true(hd_worker_enter(worker));
  return worker;
}

/* A submitted run for so many workers; it is the graph's only holder. */
static hd_run *submit(hd_graph *graph, uint32_t workers) {
  hd_run *run =
      hdt_run(graph, &(hd_run_desc){.worker_count = workers, .trace = true, .clock_us = hdt_clock});
  hd_graph_destroy(graph);
  assert_int_equal(hd_pool_submit(pool, run), HD_OK);
  return run;
}

static hd_claim take(hd_worker *worker) {
  hd_claim claim = {0};
  assert_int_equal(hd_worker_next(worker, &claim), HD_NEXT_TASK);
  return claim;
}

static void assert_idle(hd_worker *worker) {
  hd_claim claim;
  assert_int_equal(hd_worker_next(worker, &claim), HD_NEXT_IDLE);
}

static void finish(hd_worker *worker, const hd_claim *claim) {
  hd_value result = hd_number(hdt_fold(&claim->call));
  hd_worker_finish(worker, claim->slot, &result);
}

static void lose(hd_worker *worker, uint32_t attempts_max) {
  hd_worker_leave(worker);
  assert_true(hd_worker_kill(worker));
  hd_worker_lost(worker, attempts_max);
}

/* Holds when nothing else happened to the worker's bell. */
#define assert_rings(worker, statement, expected)                         \
  do {                                                                    \
    uint32_t rung = hdt_load(hd_worker_bell(worker));                     \
    statement;                                                            \
    assert_int_equal(hdt_load(hd_worker_bell(worker)) != rung, expected); \
  } while (0)

/* ---- claiming and answering -------------------------------------------------------------------- */

/*  *a -> *b(a, 2) */
static void external_tasks_are_handed_out_with_their_call(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0);
  hd_run *run = submit(hdt_sealed("*a *b=a,2", "b", &pool), 1);
  hd_claim claim = take(worker);
  assert_ptr_equal(claim.run, run);
  assert_int_equal(claim.call.task, 0);
  assert_int_equal(claim.call.worker, 0);
  assert_int_equal(claim.call.arg_count, 0);
  assert_ptr_equal(claim.call.user, &pool);
  assert_int_equal(hdt_state(run, 0), HD_RUNNING);
  hd_value result = hd_number(5);
  hd_worker_finish(worker, claim.slot, &result);
  claim = take(worker);
  assert_int_equal(claim.call.task, 1);
  assert_int_equal(claim.call.arg_count, 2);
  assert_true(claim.call.args[0].as.number == 5 && claim.call.args[1].as.number == 2);
  assert_false(hd_pool_ended(pool, run));
  finish(worker, &claim);
  hdt_assert_traps(hd_worker_finish(worker, claim.slot, &result)); /* a second answer */
  assert_idle(worker);
  assert_true(hd_pool_ended(pool, run));
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  assert_true(hd_run_result(run, 1)->as.number == hdt_step(hdt_step(1, 5), 2));
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static void kernels_run_at_once_until_a_budget_is_used_up(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0);
  hd_graph *graph = hdt_row(5000, true, HDT_SUM, NULL);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  hd_run *run = submit(graph, 1);
  hd_claim claim;
  uint32_t yields = 0, left = 5000;
  while (hd_worker_next(worker, &claim) == HD_NEXT_YIELD) {
    yields++;
    assert_true(hd_run_remaining(run) < left);
    left = hd_run_remaining(run);
  }
  assert_true(yields > 1 && yields < 100);
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

/* 2000 tasks, and some that take them all, or half. */
static void an_idle_worker_keeps_no_room_for_a_wide_task(void **state) {
  (void)state;
  enum { COUNT = 2000 };
  open_pool();
  hd_worker *worker = add_worker(0);
  hd_graph *graph = hdt_row(COUNT, false, HDT_SUM, NULL);
  hd_arg args[COUNT];
  uint32_t id;
  for (uint32_t i = 0; i < COUNT; i++) args[i] = hd_arg_task(i);
  for (uint32_t width = COUNT / 4; width <= COUNT; width *= 2) {
    if (width > COUNT / 4) args[0] = hd_arg_task(id); /* one after the other */
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, args, width, NULL}, &id),
                     HD_OK);
  }
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &id, .output_count = 1}), HD_OK);
  hd_run *run = submit(graph, 1);
  size_t before = hd_memory_live_bytes();
  hd_claim claim;
  while (hd_worker_next(worker, &claim) != HD_NEXT_IDLE) {}
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  assert_true(hd_memory_live_bytes() <= before); /* not only asleep: by the end of the run */
  hd_run_destroy(run);
  run = submit(hdt_sealed("a b=a,2", "b", NULL), 1); /* and finds room again */
  assert_idle(worker);
  assert_true(hd_run_result(run, 1)->as.number == hdt_step(hdt_step(1, 1), 2));
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static void a_failed_task_ends_its_run_when_the_others_are_answered(void **state) {
  (void)state;
  open_pool();
  hd_worker *one = add_worker(0), *two = add_worker(1);
  hd_run *run = submit(hdt_sealed("*a *b *c", "a b c", NULL), 2);
  hd_claim first = take(one), second = take(two);
  hd_value error = hdt_block(40);
  hd_status status;
  const hd_value *kept;
  hd_worker_fail(one, first.slot, HD_TASK_FAILED, &error);
  assert_idle(one);
  assert_false(hd_pool_ended(pool, run)); /* b runs */
  finish(two, &second);
  assert_idle(two);
  assert_true(hd_pool_ended(pool, run));
  assert_int_equal(hd_pool_wait(pool, run), HD_TASK_FAILED);
  assert_int_equal(hd_run_failure(run, &status, &kept), 0);
  assert_int_equal(hd_block_bytes(kept->as.block), 40);
  assert_int_equal(hdt_state(run, 1), HD_DONE);
  assert_int_equal(hdt_state(run, 2), HD_TASK_CANCELLED);
  hd_run_destroy(run);
  run = submit(hdt_sealed("a !b=a", "b", NULL), 1); /* a kernel that fails */
  assert_idle(one);
  assert_int_equal(hd_pool_wait(pool, run), HD_TASK_FAILED);
  assert_int_equal(hd_run_failure(run, &status, &kept), 1);
  assert_true(kept->as.number == -1);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static void earlier_runs_come_first_and_shut_ones_are_passed_over(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0);
  hd_run *runs[3];
  for (uint32_t i = 0; i < 3; i++) runs[i] = submit(hdt_sealed("*a *b=a", "b", NULL), 1);
  hd_run_pause(runs[0]);
  hd_claim claim = take(worker);
  assert_ptr_equal(claim.run, runs[1]);
  finish(worker, &claim);
  claim = take(worker);
  assert_ptr_equal(claim.run, runs[1]); /* it goes on with what it holds */
  hd_run_resume(runs[0]);
  finish(worker, &claim);
  for (uint32_t i = 0; i < 4; i++) {
    claim = take(worker);
    assert_ptr_equal(claim.run, runs[i / 2 ? 2 : 0]);
    finish(worker, &claim);
  }
  assert_idle(worker);
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(hd_pool_wait(pool, runs[i]), HD_OK);
    hd_run_destroy(runs[i]);
  }
  hd_pool_destroy(pool);
}

static void a_run_for_n_workers_uses_the_first_n(void **state) {
  (void)state;
  open_pool();
  hd_worker *workers[3];
  hd_claim claim;
  uint32_t seen;
  for (uint32_t i = 0; i < 3; i++) workers[i] = add_worker(i);
  for (uint32_t i = 0; i < 3; i++) assert_true(hd_worker_sleep(workers[i], &seen) > 0);
  hd_run *run = NULL;
  hd_graph *graph = hdt_sealed("*a *b *c", "a b c", NULL);
  assert_rings(workers[2], run = submit(graph, 2), false);
  assert_idle(workers[2]);
  assert_true(hd_worker_sleep(workers[2], &seen) > 0);
  for (uint32_t i = 0; i < 3; i++) {
    claim = take(workers[i % 2]);
    finish(workers[i % 2], &claim);
  }
  assert_idle(workers[0]);
  assert_idle(workers[1]);
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static void a_run_of_no_tasks_ends_at_once_without_workers(void **state) {
  (void)state;
  open_pool();
  uint32_t before = hdt_load(hd_pool_event(pool));
  hd_run *run = submit(hdt_sealed("", "", NULL), 1);
  assert_int_not_equal(hdt_load(hd_pool_event(pool)), before);
  assert_true(hd_pool_ended(pool, run));
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static void waiting_without_workers_fails_instead_of_hanging(void **state) {
  (void)state;
  open_pool();
  hd_run *run = submit(hdt_sealed("*a", "a", NULL), 1);
  assert_int_equal(hd_pool_wait(pool, run), HD_NO_THREADS);
  hd_pool_cancel(pool, run);
  assert_int_equal(hd_pool_wait(pool, run), HD_CANCELLED);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

/* ---- cancelling -------------------------------------------------------------------------------- */

static void a_cancelled_run_ends_when_the_running_bodies_are_answered(void **state) {
  (void)state;
  open_pool();
  hd_worker *one = add_worker(0), *two = add_worker(1);
  hd_run *run = submit(hdt_sealed("*a *b *c *d=a", "d", NULL), 2);
  hd_claim first = take(one), second = take(two);
  hd_worker_defer(two, second.slot);
  uint32_t event = hdt_load(hd_pool_event(pool));
  hd_pool_cancel(pool, run);
  assert_idle(two);
  finish(one, &first);
  assert_idle(one);
  assert_false(hd_pool_ended(pool, run)); /* b is open */
  assert_int_equal(hdt_load(hd_pool_event(pool)), event);
  finish(two, &second);
  assert_true(hd_pool_ended(pool, run));
  assert_int_not_equal(hdt_load(hd_pool_event(pool)), event);
  assert_int_equal(hd_pool_wait(pool, run), HD_CANCELLED);
  for (uint32_t task = 0; task < 4; task++) {
    hd_task_state at_end = hdt_state(run, task);
    assert_true(at_end == HD_DONE || at_end == HD_RELEASED || at_end == HD_TASK_CANCELLED);
  }
  hd_pool_cancel(pool, run); /* too late for anything */
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static void a_cancelled_run_that_nobody_holds_ends_at_once(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0);
  hd_run *first = submit(hdt_sealed("*a", "a", NULL), 1),
         *second = submit(hdt_sealed("*b", "b", NULL), 1);
  uint32_t event = hdt_load(hd_pool_event(pool));
  hd_pool_cancel(pool, first);
  assert_int_not_equal(hdt_load(hd_pool_event(pool)), event);
  assert_true(hd_pool_ended(pool, first));
  assert_int_equal(hdt_state(first, 0), HD_TASK_CANCELLED);
  hd_run_destroy(first);
  hd_claim claim = take(worker); /* the other one is not touched by it */
  assert_ptr_equal(claim.run, second);
  finish(worker, &claim);
  assert_idle(worker);
  assert_int_equal(hd_pool_wait(pool, second), HD_OK);
  event = hdt_load(hd_pool_event(pool));
  hd_pool_cancel(pool, second);
  assert_int_equal(hdt_load(hd_pool_event(pool)), event);
  assert_int_equal(hd_pool_wait(pool, second), HD_OK);
  hd_run_destroy(second);
  hd_pool_destroy(pool);
}

/* ---- deferring --------------------------------------------------------------------------------- */

static void sixty_four_claims_may_be_deferred_and_one_more_answered_at_once(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0);
  enum { COUNT = 200 };
  hd_graph *graph = hdt_row(COUNT, false, HDT_EXTERNAL, NULL);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  hd_run *run = submit(graph, 1);
  hd_claim claims[HD_DEFERRED_MAX], claim;
  uint32_t seen;
  bool slots[HD_DEFERRED_MAX + 1] = {false};
  for (uint32_t i = 0; i < HD_DEFERRED_MAX; i++) {
    claims[i] = take(worker);
    assert_true(claims[i].slot <= HD_DEFERRED_MAX);
    assert_false(slots[claims[i].slot]);
    slots[claims[i].slot] = true;
    hd_worker_defer(worker, claims[i].slot);
    hdt_assert_traps(hd_worker_defer(worker, claims[i].slot));
  }
  for (uint32_t i = 0; i < 10; i++) { /* it goes on with other tasks */
    claim = take(worker);
    assert_int_equal(claim.call.task, HD_DEFERRED_MAX + i);
    finish(worker, &claim);
  }
  claim = take(worker);
  hd_worker_defer(worker, claim.slot);
  assert_idle(worker); /* until one is answered */
  assert_true(hd_worker_sleep(worker, &seen) > 0);
  assert_idle(worker);
  assert_int_equal(hd_run_running(run), HD_DEFERRED_MAX + 1);
  finish(worker, &claims[40]);
  claims[40] = take(worker);
  hd_worker_defer(worker, claims[40].slot);
  assert_idle(worker);
  for (uint32_t i = HD_DEFERRED_MAX; i--;) finish(worker, &claims[i]); /* last first */
  finish(worker, &claim);
  for (uint32_t i = hd_run_remaining(run); i; i--) {
    claim = take(worker);
    finish(worker, &claim);
  }
  assert_idle(worker);
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

/*  *a -> *b     *c: a is open while c comes and goes, and while another run ends */
static void a_deferred_claim_holds_its_run_by_itself(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0);
  hd_run *run = submit(hdt_sealed("*a *b=a *c", "b c", NULL), 1),
         *other = submit(hdt_sealed("*z", "z", NULL), 1);
  hd_claim a = take(worker), claim;
  hd_worker_defer(worker, a.slot);
  claim = take(worker);
  assert_ptr_equal(claim.run, run); /* c */
  finish(worker, &claim);
  claim = take(worker);
  assert_ptr_equal(claim.run, other);
  finish(worker, &claim);
  assert_idle(worker);
  assert_int_equal(hd_pool_wait(pool, other), HD_OK);
  assert_false(hd_pool_ended(pool, run));
  finish(worker, &a);
  claim = take(worker);
  assert_true(claim.call.args[0].as.number == 1);
  hd_value error = hd_number(9);
  hd_worker_defer(worker, claim.slot);
  assert_idle(worker);
  hd_worker_fail(worker, claim.slot, HD_TASK_FAILED, &error); /* the last answer ends it */
  assert_true(hd_pool_ended(pool, run));
  assert_int_equal(hd_pool_wait(pool, run), HD_TASK_FAILED);
  hd_run_destroy(run);
  hd_run_destroy(other);
  hd_pool_destroy(pool);
}

/* ---- sleeping and waking ----------------------------------------------------------------------- */

static void a_sleeper_is_woken_by_a_submitted_run_and_nobody_else_is(void **state) {
  (void)state;
  open_pool();
  hd_worker *one = add_worker(0), *two = add_worker(1);
  uint32_t seen;
  hd_run *run = NULL;
  assert_int_equal(hd_worker_sleep(one, &seen), HDI_SLEEP_MS);
  assert_int_equal(seen, hdt_load(hd_worker_bell(one)));
  hd_graph *graph = hdt_sealed("*a", "a", NULL);
  assert_rings(two, run = submit(graph, 2), false);
  assert_int_not_equal(hdt_load(hd_worker_bell(one)), seen);
  hd_claim claim = take(one);
  finish(one, &claim);
  assert_idle(one);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static void a_worker_that_would_sleep_beside_work_is_told_not_to(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0);
  hd_run *run = submit(hdt_sealed("*a *b", "a b", NULL), 1);
  uint32_t seen;
  assert_int_equal(hd_worker_sleep(worker, &seen), 0);
  assert_rings(worker, hd_run_resume(run), false); /* it is not among the sleepers */
  hd_claim claim = take(worker);
  finish(worker, &claim);
  hd_run_pause(run);
  assert_idle(worker);
  assert_int_equal(hd_worker_sleep(worker, &seen), HDI_SLEEP_MS);
  hd_run_resume(run);
  claim = take(worker);
  assert_rings(worker, hd_run_resume(run), false); /* awake again */
  finish(worker, &claim);
  assert_idle(worker);
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static void a_sleeper_is_woken_when_the_gate_opens_and_looks_again_when_it_will(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0);
  hd_run *run = submit(hdt_sealed("*a *b *c", "a b c", NULL), 1);
  uint32_t seen;
  hd_run_pause(run);
  assert_idle(worker);
  assert_true(hd_worker_sleep(worker, &seen) > 0);
  assert_rings(worker, hd_run_step(run, 1), true);
  hd_claim claim = take(worker);
  finish(worker, &claim);
  assert_idle(worker);
  assert_true(hd_worker_sleep(worker, &seen) > 0);
  assert_rings(worker, hd_run_set_rate(run, 100), true); /* every 10 ms */
  claim = take(worker);
  finish(worker, &claim);
  assert_idle(worker);
  hdt_now_us += 4000;
  assert_int_equal(hd_worker_sleep(worker, &seen), 7); /* 6 and a bit */
  hdt_now_us += 7000;
  claim = take(worker); /* after its time, not by a ring: it is no sleeper any more */
  assert_rings(worker, hd_run_resume(run), false);
  finish(worker, &claim);
  assert_idle(worker);
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static uint64_t announced;
static double look_at_sleepers(void) {
  announced = hdi_load_seq_u64(&pool->idle[0]);
  return hdt_now_us;
}

/* The run's clock is asked in the middle of the last look. */
static void a_worker_is_announced_before_it_looks_for_work_a_last_time(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0);
  hd_graph *graph = hdt_sealed("*a", "a", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.clock_us = look_at_sleepers});
  uint32_t seen;
  hd_graph_destroy(graph);
  assert_int_equal(hd_pool_submit(pool, run), HD_OK);
  hd_run_set_rate(run, 1);
  announced = 0;
  assert_int_equal(hd_worker_sleep(worker, &seen), 0);
  assert_int_equal(announced, 1);
  hd_claim claim = take(worker);
  finish(worker, &claim);
  assert_idle(worker);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

/*        .- *b
 *   *a --+- *c      whoever finishes a takes one of them and wakes two others for the rest
 *        `- *d  */
static void an_answer_wakes_as_many_as_it_gives_work_beyond_its_own(void **state) {
  (void)state;
  open_pool();
  hd_worker *workers[5];
  uint32_t seen, before[5], rung = 0;
  for (uint32_t i = 0; i < 5; i++) workers[i] = add_worker(i);
  hd_run *run = submit(hdt_sealed("*a *b=a *c=a *d=a", "b c d", NULL), 5);
  hd_claim claim = take(workers[0]);
  for (uint32_t i = 1; i < 5; i++) {
    assert_idle(workers[i]);
    assert_true(hd_worker_sleep(workers[i], &seen) > 0);
    before[i] = seen;
  }
  finish(workers[0], &claim);
  for (uint32_t i = 1; i < 5; i++) rung += hdt_load(hd_worker_bell(workers[i])) != before[i];
  assert_int_equal(rung, 2);
  hd_claim claims[5];
  for (uint32_t i = 0; i < 5; i++)
    if (!i || hdt_load(hd_worker_bell(workers[i])) != before[i]) claims[i] = take(workers[i]);
  for (uint32_t i = 0; i < 5; i++) {
    if (i && hdt_load(hd_worker_bell(workers[i])) == before[i]) continue;
    finish(workers[i], &claims[i]);
    assert_idle(workers[i]);
  }
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

/* *a -> *b: the one that answers a deferred claim before it has come back from its sleep may have been
 * woken for something else, and so leaves b to another. */
static void an_answer_of_one_who_sleeps_leaves_nothing_to_itself(void **state) {
  (void)state;
  open_pool();
  hd_worker *one = add_worker(0), *two = add_worker(1);
  hd_run *run = submit(hdt_sealed("*a *b=a", "b", NULL), 2);
  uint32_t seen;
  hd_claim claim = take(two);
  hd_worker_defer(two, claim.slot);
  assert_idle(two);
  assert_true(hd_worker_sleep(two, &seen) > 0);
  assert_true(hd_worker_sleep(one, &seen) > 0);
  assert_rings(one, finish(two, &claim), true);
  claim = take(one);
  finish(one, &claim);
  assert_idle(one);
  assert_idle(two);
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

/* ---- losing workers ---------------------------------------------------------------------------- */

static void a_worker_inside_cannot_be_killed_and_a_killed_one_cannot_enter(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0), *other;
  assert_false(hd_worker_kill(worker));
  hdt_assert_traps(hd_worker_lost(worker, 1));
  hd_worker_leave(worker);
  assert_true(hd_worker_enter(worker));
  hd_worker_leave(worker);
  assert_true(hd_worker_kill(worker));
  assert_true(hd_worker_kill(worker));
  assert_false(hd_worker_enter(worker));
  hd_worker_lost(worker, 1);
  assert_int_equal(hd_pool_worker_count(pool), 0);
  other = add_worker(0);                 /* the number is free again */
  assert_false(hd_worker_enter(worker)); /* however late */
  assert_int_equal(hd_pool_worker_count(pool), 1);
  assert_ptr_not_equal(other, worker);
  hd_pool_destroy(pool);
}

static void open_claims_of_a_lost_worker_run_again_elsewhere(void **state) {
  (void)state;
  open_pool();
  hd_worker *one = add_worker(0), *two = add_worker(1);
  hd_run *run = submit(hdt_sealed("*a *b *c=a,b", "c", NULL), 2);
  uint32_t seen;
  hd_claim a = take(one), b;
  hd_worker_defer(one, a.slot);
  b = take(one);
  assert_int_equal(b.call.task, 1);
  assert_idle(two);
  assert_true(hd_worker_sleep(two, &seen) > 0);
  assert_rings(two, lose(one, 2), true);
  assert_int_equal(hdt_state(run, 0), HD_READY);
  assert_int_equal(hdt_state(run, 1), HD_READY);
  one = add_worker(0);
  for (uint32_t i = 0; i < 3; i++) {
    hd_worker *worker = i % 2 ? one : two;
    hd_claim claim = take(worker);
    assert_int_equal(claim.call.task, i);
    finish(worker, &claim);
  }
  assert_idle(one);
  assert_idle(two);
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  assert_true(hd_run_result(run, 2)->as.number == hdt_step(hdt_step(1, 1), 1));
  assert_int_equal(hd_run_records(run)[0].attempts, 2);
  assert_int_equal(hd_run_records(run)[2].attempts, 1);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static void a_task_that_loses_every_worker_fails_with_worker_lost(void **state) {
  (void)state;
  for (uint32_t attempts_max = 1; attempts_max <= 16; attempts_max++) {
    open_pool();
    hd_run *run = submit(hdt_sealed("*a *b", "a b", NULL), 2);
    hd_worker *other = add_worker(0);
    hd_claim b = {0};
    hd_status status;
    const hd_value *error;
    for (uint32_t attempt = 1; attempt <= attempts_max; attempt++) {
      hd_worker *worker = add_worker(1);
      hd_claim a = take(worker);
      assert_int_equal(a.call.task, 0);
      if (attempt == 1) b = take(other);
      if (attempt % 2) hd_worker_defer(worker, a.slot);
      assert_int_equal(hd_run_get_state(run), HD_RUN_ACTIVE);
      lose(worker, attempts_max);
    }
    assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);
    assert_false(hd_pool_ended(pool, run)); /* b runs */
    finish(other, &b);
    assert_idle(other);
    assert_int_equal(hd_pool_wait(pool, run), HD_WORKER_LOST);
    assert_int_equal(hd_run_failure(run, &status, &error), 0);
    assert_int_equal(hd_run_records(run)[0].attempts, attempts_max);
    hd_run_destroy(run);
    hd_pool_destroy(pool);
  }
}

static void room_for_a_wide_task_goes_with_the_pool_of_a_lost_worker(void **state) {
  (void)state;
  open_pool();
  hd_worker *worker = add_worker(0);
  hd_graph *graph = hdt_empty_graph(NULL);
  hd_arg args[2 * HDI_ARGS_KEPT];
  uint32_t id;
  for (uint32_t i = 0; i < 2 * HDI_ARGS_KEPT; i++) args[i] = hd_arg_number(i);
  hd_task_desc wide = {HDT_EXTERNAL, args, 2 * HDI_ARGS_KEPT, "a"};
  assert_int_equal(hd_graph_add_task(graph, &wide, &id), HD_OK);
  assert_int_equal(hdt_seal(graph, "a", false), HD_OK);
  hd_run *run = submit(graph, 1);
  hd_claim claim = take(worker);
  assert_true(claim.call.args[2 * HDI_ARGS_KEPT - 1].as.number == 2 * HDI_ARGS_KEPT - 1);
  lose(worker, 1);
  assert_int_equal(hd_pool_wait(pool, run), HD_WORKER_LOST);
  hd_run_destroy(run);
  hd_pool_destroy(pool); /* hdt_test counts the bytes */
}

static void a_worker_lost_as_the_last_holder_ends_a_cancelled_run(void **state) {
  (void)state;
  for (uint32_t deferred = 0; deferred < 2; deferred++) {
    open_pool();
    hd_worker *worker = add_worker(0);
    hd_run *run = submit(hdt_sealed("*a *b", "a b", NULL), 1);
    hd_claim claim = take(worker);
    if (deferred) hd_worker_defer(worker, claim.slot);
    hd_pool_cancel(pool, run);
    if (deferred) assert_idle(worker);
    assert_false(hd_pool_ended(pool, run));
    lose(worker, 5);
    assert_true(hd_pool_ended(pool, run));
    assert_int_equal(hd_pool_wait(pool, run), HD_CANCELLED);
    assert_int_equal(hdt_state(run, 0), HD_TASK_CANCELLED);
    assert_int_equal(hd_run_running(run), 0);
    hd_run_destroy(run);
    hd_pool_destroy(pool);
  }
}

/* One that was told of work (sleep gave 0, or its bell rang) and was lost before it came to it. */
static void the_wake_of_a_lost_worker_goes_to_another(void **state) {
  (void)state;
  open_pool();
  hd_worker *one = add_worker(0), *two = add_worker(1);
  uint32_t seen;
  hd_run *run = submit(hdt_sealed("*a *b=a", "b", NULL), 2);
  hd_claim claim = take(two);
  assert_true(hd_worker_sleep(one, &seen) > 0);
  finish(two, &claim);
  assert_int_equal(hd_worker_sleep(one, &seen), 0); /* holds the run now */
  hd_worker_leave(two);
  assert_true(hd_worker_enter(two));
  claim = take(two);
  hd_worker_defer(two, claim.slot);
  assert_idle(two);
  finish(two, &claim);
  assert_false(hd_pool_ended(pool, run));
  assert_true(hd_worker_sleep(two, &seen) > 0);
  lose(one, 1);
  assert_true(hd_pool_ended(pool, run)); /* let go of by the loss */
  hd_run_destroy(run);
  assert_idle(two);
  one = add_worker(0);
  assert_true(hd_worker_sleep(one, &seen) > 0);
  assert_true(hd_worker_sleep(two, &seen) > 0);
  run = hdt_run(hdt_sealed("*a", "a", NULL), &(hd_run_desc){.worker_count = 2, .paused = true});
  hd_graph_destroy(hd_run_graph(run));
  assert_int_equal(hd_pool_submit(pool, run), HD_OK); /* which wakes both, for nothing */
  assert_true(hd_worker_sleep(one, &seen) > 0);
  assert_true(hd_worker_sleep(two, &seen) > 0);
  assert_rings(two, hd_run_step(run, 1), false); /* one is asked … */
  assert_rings(two, lose(one, 1), true);
  claim = take(two);
  finish(two, &claim);
  assert_idle(two);
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  hd_run_destroy(run);
  run = hdt_run(hdt_sealed("*a", "a", NULL), &(hd_run_desc){.worker_count = 2, .paused = true});
  hd_graph_destroy(hd_run_graph(run));
  assert_int_equal(hd_pool_submit(pool, run), HD_OK);
  one = add_worker(0);
  assert_true(hd_worker_sleep(one, &seen) > 0);
  assert_true(hd_worker_sleep(two, &seen) > 0);
  assert_rings(two, lose(one, 1), true); /* lost in its sleep: it is no sleeper any more */
  hd_pool_cancel(pool, run);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

static void workers_get_the_lowest_free_number_up_to_256(void **state) {
  (void)state;
  open_pool();
  hd_worker *workers[HD_WORKERS_MAX], *more = NULL;
  uint32_t seen;
  for (uint32_t i = 0; i < HD_WORKERS_MAX; i++) workers[i] = add_worker(i);
  size_t before = hd_memory_live_bytes();
  assert_int_equal(hd_worker_add(pool, &more), HD_WORKER_COUNT);
  assert_null(more);
  assert_int_equal(hd_memory_live_bytes(), before);
  assert_int_equal(hd_pool_worker_count(pool), HD_WORKERS_MAX);
  for (uint32_t i = 0; i < HD_WORKERS_MAX; i++) assert_true(hd_worker_sleep(workers[i], &seen) > 0);
  lose(workers[200], 1);
  lose(workers[7], 1);
  assert_int_equal(hd_pool_worker_count(pool), HD_WORKERS_MAX - 2);
  workers[7] = add_worker(7);
  workers[200] = add_worker(200);
  assert_int_equal(hd_worker_add(pool, &more), HD_WORKER_COUNT);
  assert_true(hd_worker_sleep(workers[7], &seen) > 0);
  assert_true(hd_worker_sleep(workers[200], &seen) > 0);
  /* a run for 130 of them wakes just these, in whichever word of the sleepers they stand */
  hd_graph *graph = hdt_row(300, false, HDT_EXTERNAL, NULL);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  uint32_t bells[HD_WORKERS_MAX];
  for (uint32_t i = 0; i < HD_WORKERS_MAX; i++) bells[i] = hdt_load(hd_worker_bell(workers[i]));
  hd_run *run = submit(graph, 130);
  for (uint32_t i = 0; i < HD_WORKERS_MAX; i++)
    assert_int_equal(hdt_load(hd_worker_bell(workers[i])) != bells[i], i < 130);
  hd_pool_cancel(pool, run);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
}

/* ---- anything, by hand ------------------------------------------------------------------------- */

enum { HANDS = 4, RUNS = 5, TASKS = 120, ATTEMPTS = 2 };

typedef struct hand {
  hd_worker *worker;
  uint32_t count; /* claims open; the last one may be undeferred */
  bool current;
  hd_claim claims[HDI_CLAIMS_MAX];
  double results[HDI_CLAIMS_MAX];
} hand;

static void hand_answer(hand *self, uint32_t which) {
  if (which == self->count - 1) self->current = false;
  hd_value value = hd_number(self->results[which]);
  hd_worker_finish(self->worker, self->claims[which].slot, &value);
  self->count--;
  memmove(&self->claims[which], &self->claims[which + 1],
          (self->count - which) * sizeof *self->claims);
  memmove(&self->results[which], &self->results[which + 1],
          (self->count - which) * sizeof *self->results);
}

static void hand_move(hand *self) {
  uint32_t seen;
  if (self->current && hdt_below(2)) {
    self->current = false;
    hd_worker_defer(self->worker, self->claims[self->count - 1].slot);
  } else if (self->current || (self->count && hdt_below(2))) {
    hand_answer(self, hdt_below(self->count));
  } else {
    hd_claim claim;
    hd_next next = hd_worker_next(self->worker, &claim);
    if (next == HD_NEXT_IDLE && hdt_below(2)) (void)hd_worker_sleep(self->worker, &seen);
    if (next != HD_NEXT_TASK) return;
    self->claims[self->count] = claim;
    self->results[self->count++] = hdt_fold(&claim.call);
    self->current = true;
  }
}

static void hand_lose(hand *self) {
  uint32_t index = hd_worker_index(self->worker);
  lose(self->worker, ATTEMPTS);
  self->worker = add_worker(index);
  self->count = 0;
  self->current = false;
}

static void turn_the_gate(hd_run *run) {
  switch (hdt_below(6)) {
    case 0: hd_run_pause(run); break;
    case 1: hd_run_step(run, hdt_below(4)); break;
    case 2: hd_run_set_tokens(run, hdt_below(3)); break;
    case 3: hd_run_set_rate(run, 1000 + hdt_below(100000)); break;
    default: hd_run_resume(run); break;
  }
}

/* Workers come and go, claims are deferred and answered in any order, gates turn, runs are cancelled. */
static void any_history_ends_with_the_right_results_or_a_typed_error(void **state) {
  (void)state;
  uint32_t ok = 0, cancelled = 0, lost = 0;
  for (uint64_t seed = 1; seed <= 120; seed++) {
    hdt_seed(seed);
    open_pool();
    hand hands[HANDS] = {{0}};
    hd_run *runs[RUNS];
    bool stopped[RUNS] = {false}, kills = hdt_below(2), cancels = hdt_below(2),
         gates = hdt_below(2);
    uint32_t submitted = 0, ended = 0;
    for (uint32_t i = 0; i < HANDS; i++) hands[i].worker = add_worker(i);
    for (uint32_t step = 0; ended < RUNS; step++) {
      hdt_must(step < 1000000);
      hdt_now_us += 20;
      if (submitted < RUNS && hdt_below(40) == 0) {
        hd_graph *graph = hdt_random_graph(1 + hdt_below(TASKS), 3, HDT_MIXED, NULL);
        hdt_seal_random(graph);
        runs[submitted++] = submit(graph, 1 + hdt_below(HANDS));
      }
      hand_move(&hands[hdt_below(HANDS)]);
      if (kills && hdt_below(60) == 0) hand_lose(&hands[hdt_below(HANDS)]);
      if (!submitted) continue;
      uint32_t which = hdt_below(submitted);
      if (gates && hdt_below(20) == 0) turn_the_gate(runs[which]);
      if (step % 5000 == 4999) hd_run_resume(runs[which]);
      if (cancels && hdt_below(100) == 0 && !hd_pool_ended(pool, runs[which])) {
        hd_pool_cancel(pool, runs[which]);
        stopped[which] = true;
      }
      for (ended = 0; ended < submitted && hd_pool_ended(pool, runs[ended]);) ended++;
    }
    for (uint32_t i = 0; i < RUNS; i++) {
      const hd_graph *graph = hd_run_graph(runs[i]);
      hd_status status = hd_pool_wait(pool, runs[i]);
      double *expected = hdt_expected(graph);
      for (uint32_t task = 0; task < hd_graph_task_count(graph); task++) {
        hd_task_state at_end = hdt_state(runs[i], task);
        assert_true(at_end >= HD_DONE);
        if (status == HD_OK) assert_true(at_end == HD_DONE || at_end == HD_RELEASED);
        if (at_end == HD_DONE)
          assert_true(hd_run_result(runs[i], task)->as.number == expected[task]);
        if (status == HD_OK && !kills) assert_int_equal(hd_run_records(runs[i])[task].attempts, 1);
      }
      if (status == HD_CANCELLED) assert_true(stopped[i]);
      if (status == HD_WORKER_LOST) assert_true(kills);
      assert_int_equal(hd_run_running(runs[i]), 0);
      assert_int_equal(hdi_load_seq_u32(&runs[i]->gate.held), 0);
      ok += status == HD_OK;
      cancelled += status == HD_CANCELLED;
      lost += status == HD_WORKER_LOST;
      free(expected);
      hd_run_destroy(runs[i]);
    }
    hd_pool_destroy(pool);
  }
  hdt_seed_end();
  assert_int_equal(ok + cancelled + lost, 120 * RUNS);
  assert_true(ok > 200 && cancelled > 50 && lost > 5);
}

/* ---- threads that are killed ------------------------------------------------------------------- */

enum { THREADS = 3, KILLS_MAX = 40, ROUNDS = 8, KILLED_TASKS = 1500 };
static hdi_u32 closing, killing, stuck[KILLED_TASKS];

/* A body outside the core. Every hundredth task, at its first attempt, never comes back by itself. */
static double body(const hd_worker *worker, const hd_call *call) {
  if (call->task % 100 == 5 && hdi_add_seq_u32(&stuck[call->task], 1) == 0)
    hdt_until(hdi_load_seq_u32(&worker->mode) == HDI_KILLED || !hdi_load_seq_u32(&killing));
  return hdt_fold(call);
}

/* What a Web Worker does. Every third task is asynchronous, up to three at a time: they are answered
 * when there is nothing else to do. */
static void host(void *argument) {
  hd_worker *worker = argument;
  hd_claim claim;
  uint32_t open = 0, slots[3];
  hd_value results[3];
  while (hd_worker_enter(worker) && !hdi_load_seq_u32(&closing)) {
    hd_next next = hd_worker_next(worker, &claim);
    if (next == HD_NEXT_TASK) {
      hd_worker_leave(worker);
      hd_value result = hd_number(body(worker, &claim.call));
      if (!hd_worker_enter(worker)) return;
      if (claim.call.task % 3 == 0 && open < 3) {
        hd_worker_defer(worker, slots[open] = claim.slot);
        results[open++] = result;
      } else {
        hd_worker_finish(worker, claim.slot, &result);
      }
    } else if (next == HD_NEXT_IDLE && open) {
      open--;
      hd_worker_finish(worker, slots[open], &results[open]);
      next = HD_NEXT_YIELD;
    }
    uint32_t seen = 0, wait_ms = next == HD_NEXT_IDLE ? hd_worker_sleep(worker, &seen) : 0;
    hd_worker_leave(worker);
    if (wait_ms) hdi_bell_wait(&worker->bell, seen, wait_ms);
  }
}

typedef struct waiter {
  hd_run *run;
  hd_status status;
  hdi_u32 back;
} waiter;

static void wait_for_run(void *argument) {
  waiter *self = argument;
  self->status = hd_pool_wait(pool, self->run);
  hdi_store_seq_u32(&self->back, 1);
}

static void threads_killed_at_any_moment_do_not_change_results(void **state) {
  (void)state;
  uint32_t kills = 0;
  for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
    hdt_seed(seed);
    open_pool();
    hd_worker *workers[THREADS];
    hdi_thread *threads[THREADS + KILLS_MAX], *waiting;
    uint32_t started = 0;
    hdi_store_seq_u32(&closing, 0);
    hdi_store_seq_u32(&killing, 1);
    for (uint32_t i = 0; i < KILLED_TASKS; i++) hdi_store_seq_u32(&stuck[i], 0);
    for (; started < THREADS; started++) {
      assert_int_equal(hd_worker_add(pool, &workers[started]), HD_OK);
      assert_int_equal(hdi_thread_start(host, workers[started], &threads[started]), HD_OK);
    }
    hd_graph *graph = hdt_random_graph(KILLED_TASKS, 3, HDT_MIXED, NULL);
    hdt_seal_random(graph);
    hd_run *run = submit(graph, THREADS);
    waiter self = {.run = run};
    assert_int_equal(hdi_thread_start(wait_for_run, &self, &waiting), HD_OK);
    while (!hdi_load_seq_u32(&self.back)) {
      uint32_t which = hdt_below(THREADS), index = hd_worker_index(workers[which]);
      if (started == THREADS + KILLS_MAX) hdi_store_seq_u32(&killing, 0);
      if (started == THREADS + KILLS_MAX || !hd_worker_kill(workers[which])) {
        sched_yield();
        continue;
      }
      hd_worker_lost(workers[which], 1000);
      assert_int_equal(hd_worker_add(pool, &workers[which]), HD_OK);
      assert_int_equal(hd_worker_index(workers[which]), index);
      assert_int_equal(hdi_thread_start(host, workers[which], &threads[started++]), HD_OK);
      kills++;
    }
    hdi_thread_join(waiting);
    hdi_store_seq_u32(&closing, 1);
    for (uint32_t i = 0; i < THREADS; i++) hdi_bell_ring(&workers[i]->bell);
    for (uint32_t i = 0; i < started; i++) hdi_thread_join(threads[i]);
    assert_int_equal(self.status, HD_OK);
    double *expected = hdt_expected(graph);
    for (uint32_t task = 0; task < hd_graph_task_count(graph); task++)
      if (hdt_state(run, task) == HD_DONE)
        assert_true(hd_run_result(run, task)->as.number == expected[task]);
    free(expected);
    assert_int_equal(hd_run_remaining(run), 0);
    assert_int_equal(hd_run_running(run), 0);
    hd_run_destroy(run);
    hd_pool_destroy(pool);
  }
  hdt_seed_end();
  assert_true(kills >= 3 * ROUNDS); /* at least one for each body that got stuck */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(external_tasks_are_handed_out_with_their_call),
      hdt_test(kernels_run_at_once_until_a_budget_is_used_up),
      hdt_test(an_idle_worker_keeps_no_room_for_a_wide_task),
      hdt_test(a_failed_task_ends_its_run_when_the_others_are_answered),
      hdt_test(earlier_runs_come_first_and_shut_ones_are_passed_over),
      hdt_test(a_run_for_n_workers_uses_the_first_n),
      hdt_test(a_run_of_no_tasks_ends_at_once_without_workers),
      hdt_test(waiting_without_workers_fails_instead_of_hanging),
      hdt_test(a_cancelled_run_ends_when_the_running_bodies_are_answered),
      hdt_test(a_cancelled_run_that_nobody_holds_ends_at_once),
      hdt_test(sixty_four_claims_may_be_deferred_and_one_more_answered_at_once),
      hdt_test(a_deferred_claim_holds_its_run_by_itself),
      hdt_test(a_sleeper_is_woken_by_a_submitted_run_and_nobody_else_is),
      hdt_test(a_worker_that_would_sleep_beside_work_is_told_not_to),
      hdt_test(a_sleeper_is_woken_when_the_gate_opens_and_looks_again_when_it_will),
      hdt_test(a_worker_is_announced_before_it_looks_for_work_a_last_time),
      hdt_test(an_answer_wakes_as_many_as_it_gives_work_beyond_its_own),
      hdt_test(an_answer_of_one_who_sleeps_leaves_nothing_to_itself),
      hdt_test(a_worker_inside_cannot_be_killed_and_a_killed_one_cannot_enter),
      hdt_test(open_claims_of_a_lost_worker_run_again_elsewhere),
      hdt_test(a_task_that_loses_every_worker_fails_with_worker_lost),
      hdt_test(room_for_a_wide_task_goes_with_the_pool_of_a_lost_worker),
      hdt_test(a_worker_lost_as_the_last_holder_ends_a_cancelled_run),
      hdt_test(the_wake_of_a_lost_worker_goes_to_another),
      hdt_test(workers_get_the_lowest_free_number_up_to_256),
      hdt_test(any_history_ends_with_the_right_results_or_a_typed_error),
      hdt_test(threads_killed_at_any_moment_do_not_change_results),
  };
  return hdt_run_tests(tests);
}
