/* Tasks that fail: tried again while their function has retries, then either the end of the run or, where that keeps
 * going, of what needs them. States, counts, what is kept of the failure, and that nothing stays behind. */
#include "flaky.h"

static flaky_plan plan;
static hd_pool *threads; /* four */

static void open_threads(void) {
  assert_int_equal(hd_pool_create(&threads), HD_OK);
  assert_int_equal(hd_pool_start(threads, 4), HD_OK);
}

/* Runs it serially (0 workers) or on threads. */
static hd_status perform(hd_run *run, uint32_t workers) {
  if (!workers) return hd_run_serial(run);
  assert_int_equal(hd_pool_submit(threads, run), HD_OK);
  return hd_pool_wait(threads, run);
}

static uint32_t claim(hd_run *run) {
  uint32_t task;
  return hd_run_claim(run, 0, 1, &task) ? task : HD_NONE;
}

static hd_finished finish(hd_run *run, uint32_t task) {
  hd_value result = hdt_block(100);
  hd_finished finished = {.go_on = true};
  hd_run_finish(run, 0, task, &result, &finished);
  return finished;
}

static void fail_task(hd_run *run, uint32_t task) {
  hd_value error = flaky_error(task);
  hd_run_fail(run, 0, task, HD_TASK_FAILED, &error);
}

static hd_graph *graph_with_retries(const char *words, const char *outputs, bool fuse, uint16_t retries) {
  plan.retries = retries;
  hd_graph *graph = flaky_graph(words, outputs, (hd_seal_desc){.fuse = fuse, .keep_all = true}, &plan);
  plan.retries = 0;
  return graph;
}

static void end(hd_run *run) {
  hd_graph *graph = hd_run_graph(run);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/* ---- tried again ------------------------------------------------------------------------------- */

static void retries_are_set_while_the_graph_is_built(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a", NULL);
  assert_int_equal(hd_graph_set_retries(graph, 99, 1), HD_UNKNOWN_FUNCTION);
  assert_int_equal(hd_graph_set_retries(graph, HDT_FAIL, UINT16_MAX), HD_OK);
  assert_int_equal(hdt_seal(graph, "a", true), HD_OK);
  assert_int_equal(hd_graph_set_retries(graph, HDT_SUM, 1), HD_SEALED);
  hd_graph_destroy(graph);
}

static void a_task_that_succeeds_at_a_later_attempt_is_done(void **state) {
  (void)state;
  open_threads();
  for (uint32_t fails = 0; fails <= 3; fails++)
    for (uint32_t workers = 0; workers <= 2; workers++)
      for (uint32_t keep_going = 0; keep_going < 2; keep_going++) {
        hd_graph *graph = graph_with_retries("a b=a,1 c=b", "c", false, 3);
        uint32_t a = hdt_rank(graph, "a"), b = hdt_rank(graph, "b");
        plan.fails[b] = fails;
        hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = workers, .trace = true, .keep_going = keep_going, .count_results = true});
        assert_int_equal(perform(run, workers), HD_OK);
        assert_int_equal(plan.begun[a], 1);
        assert_int_equal(plan.begun[b], fails + 1);
        assert_int_equal(hd_run_attempt(run, b), fails + 1);
        assert_int_equal(hd_run_records(run)[b].attempts, fails + 1);
        assert_int_equal(hd_run_failures(run, 0, NULL), 0);
        assert_int_equal(hd_run_failed_worker(run), HD_NONE);
        assert_int_equal(hd_run_results_peak(run), 2);
        assert_int_equal(hd_run_results_alive(run), 1);
        assert_int_equal(hd_run_running(run), 0);
        end(run);
      }
  hd_pool_destroy(threads);
}

static void a_task_without_retries_left_fails_at_its_last_attempt(void **state) {
  (void)state;
  open_threads();
  for (uint32_t workers = 0; workers <= 2; workers++) {
    hd_graph *graph = graph_with_retries("a b=a c=b d", "c d", false, 2);
    uint32_t b = hdt_rank(graph, "b"), task;
    plan.fails[b] = ALWAYS;
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = workers});
    assert_int_equal(perform(run, workers), HD_TASK_FAILED);
    assert_int_equal(plan.begun[b], 3);
    hd_failure failures[2];
    assert_int_equal(hd_run_failures(run, 2, failures), 1);
    assert_int_equal(failures->task, b);
    assert_int_equal(failures->attempt, 3);
    assert_int_equal(failures->status, HD_TASK_FAILED);
    assert_true(failures->worker < (workers ? workers : 1));
    memcpy(&task, hd_block_data(failures->error->as.block), sizeof task);
    assert_int_equal(task, b);
    assert_int_equal(hdt_state(run, b), HD_ERRED);
    assert_int_equal(hdt_state(run, hdt_rank(graph, "a")), HD_DONE); /* b has never read it */
    assert_int_equal(hdt_state(run, hdt_rank(graph, "c")), HD_TASK_CANCELLED);
    end(run);
  }
  hd_pool_destroy(threads);
}

/*  a -> b -> c is one group */
static void a_kernel_in_a_group_is_tried_again_where_it_failed(void **state) {
  (void)state;
  open_threads();
  for (uint32_t workers = 0; workers <= 2; workers++) {
    hd_graph *graph = graph_with_retries("a b=a c=b", "c", true, 5);
    for (uint32_t part = 0; part < 3; part++) plan.fails[part] = part + 1;
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = workers, .count_results = true});
    assert_int_equal(perform(run, workers), HD_OK);
    for (uint32_t part = 0; part < 3; part++) {
      assert_int_equal(plan.begun[part], part + 2);
      assert_int_equal(hd_run_attempt(run, part), part + 2);
    }
    assert_int_equal(hd_run_results_peak(run), 2);
    assert_int_equal(hd_run_results_alive(run), 1);
    end(run);
  }
  hd_pool_destroy(threads);
}

/*  x -> (a -> b -> c), one group of external functions */
static void an_external_group_starts_again_at_its_first_part(void **state) {
  (void)state;
  hd_graph *graph = graph_with_retries("*x *z=x *a=x *b=a *c=b", "c z", true, 2);
  uint32_t x = hdt_rank(graph, "x"), a = hdt_rank(graph, "a"), b = hdt_rank(graph, "b"), c = hdt_rank(graph, "c"), z = hdt_rank(graph, "z");
  hd_run *run = hdt_run(graph, &(hd_run_desc){.count_results = true, .progress = true});
  assert_int_equal(claim(run), x);
  (void)finish(run, x);
  for (uint32_t task = claim(run); task != a; task = claim(run)) (void)finish(run, task);
  for (uint32_t fails = 0; fails <= 2; fails++) {
    uint32_t alive = hd_run_results_alive(run), done = hd_run_remaining(run);
    uint64_t bytes = hd_run_result_bytes(run);
    if (fails) assert_int_equal(claim(run), a);
    assert_int_equal(hd_run_attempt(run, a), 1); /* it has never failed */
    assert_int_equal(finish(run, a).next, b);
    assert_int_equal(finish(run, b).next, c);
    assert_int_equal(hd_run_attempt(run, c), fails + 1);
    hd_run_set_progress(run, c, 0.5f);
    if (fails == 2) break;
    fail_task(run, c);
    assert_int_equal(hdt_state(run, a), HD_READY);
    assert_int_equal(hdt_state(run, b), HD_WAITING);
    assert_int_equal(hdt_state(run, c), HD_WAITING);
    assert_true(hd_run_progress(run, c) == 0);
    assert_int_equal(hd_run_results_alive(run), alive);
    assert_int_equal(hd_run_remaining(run), done);
    assert_true(hd_run_result_bytes(run) == bytes);
    assert_int_equal(hd_run_running(run), 0);
  }
  assert_int_equal(hdt_state(run, x) == HD_RELEASED, false); /* kept for another attempt */
  fail_task(run, c);
  assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);
  hd_failure failure;
  assert_int_equal(hd_run_failures(run, 1, &failure), 1);
  assert_int_equal(failure.task, c);
  assert_int_equal(failure.attempt, 3);
  assert_true(hdt_state(run, z) == HD_DONE || hdt_state(run, z) == HD_READY);
  end(run);
}

static void losses_and_failures_count_as_attempts_alike(void **state) {
  (void)state;
  hd_graph *graph = graph_with_retries("*a", "a", false, 2);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.trace = true});
  for (uint32_t attempt = 1; attempt <= 6; attempt++) {
    assert_int_equal(claim(run), 0);
    assert_int_equal(hd_run_attempt(run, 0), attempt);
    if (attempt % 2) hd_run_lost(run, 0, 0);
    else fail_task(run, 0);
  }
  hd_failure failure;
  assert_int_equal(hd_run_failures(run, 1, &failure), 1);
  assert_int_equal(failure.attempt, 6); /* the third failure */
  assert_int_equal(hd_run_records(run)[0].attempts, 6);
  assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);
  end(run);
}

/* A worker that is lost for the last time is a failure, and so tried again if the function has retries. */
static void a_task_that_loses_its_last_worker_still_has_its_retries(void **state) {
  (void)state;
  hd_graph *graph = graph_with_retries("*a", "a", false, 1);
  hd_pool *pool;
  hd_worker *worker;
  hd_claim claimed;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  assert_int_equal(hd_pool_submit(pool, run), HD_OK);
  for (uint32_t attempt = 1; attempt <= 3; attempt++) {
    assert_int_equal(hd_worker_add(pool, &worker), HD_OK);
    assert_true(hd_worker_enter(worker));
    assert_int_equal(hd_worker_next(worker, &claimed), HD_NEXT_TASK);
    assert_int_equal(hd_run_attempt(run, 0), attempt);
    hd_worker_leave(worker);
    assert_true(hd_worker_kill(worker));
    hd_worker_lost(worker, 2);
    assert_int_equal(hd_pool_ended(pool, run), attempt == 3);
  }
  assert_int_equal(hd_pool_wait(pool, run), HD_WORKER_LOST);
  hd_failure failure;
  assert_int_equal(hd_run_failures(run, 1, &failure), 1);
  assert_int_equal(failure.attempt, 3);
  assert_int_equal(failure.error->tag, HD_EMPTY);
  end(run);
  flaky_close(pool);
}

static void a_root_that_is_tried_again_gives_its_room_back(void **state) {
  (void)state;
  hd_graph *graph = graph_with_retries("*a *b *c=a,b", "c", false, 3);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .budget_results = 1});
  uint32_t task = HD_NONE, other;
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(task = claim(run), hdt_rank(graph, "a"));
    assert_int_equal(hd_run_claim(run, 1, 1, &other), 0);
    fail_task(run, task);
    assert_int_equal(hdi_load_seq_u32(&run->open), 0);
  }
  while ((task = claim(run)) != HD_NONE) {
    (void)finish(run, task);
    if (hd_run_remaining(run) == 1) assert_int_equal(hd_run_results_alive(run), 2);
  }
  assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
  end(run);
}

static void another_attempt_asks_the_gate_again(void **state) {
  (void)state;
  hd_graph *graph = graph_with_retries("*a *b", "a b", false, 3);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .paused = true});
  uint32_t task, other;
  assert_int_equal(claim(run), HD_NONE);
  hd_run_step(run, 1);
  task = claim(run);
  fail_task(run, task);
  assert_int_equal(claim(run), HD_NONE); /* that was the step */
  hd_run_step(run, 1);
  assert_int_equal(claim(run), task);
  fail_task(run, task);
  hd_run_set_tokens(run, 1);
  for (uint32_t i = 0; i < 2; i++) {
    assert_int_equal(claim(run), task);
    assert_int_equal(hd_run_claim(run, 1, 1, &other), 0); /* there is one token … */
    if (i == 0) fail_task(run, task);
    assert_int_equal(hdi_load_seq_u32(&run->gate.held), i); /* … and a failure gives it back */
  }
  (void)finish(run, task);
  task = claim(run);
  (void)finish(run, task);
  assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
  end(run);
}

static void a_task_that_fails_after_cancel_is_cancelled_with_its_retries(void **state) {
  (void)state;
  for (uint32_t external = 0; external < 2; external++) {
    hd_graph *graph = graph_with_retries("*a *b=a", "b", external, 3);
    hd_pool *pool;
    hd_worker *worker;
    hd_claim claimed;
    assert_int_equal(hd_pool_create(&pool), HD_OK);
    assert_int_equal(hd_worker_add(pool, &worker), HD_OK);
    assert_true(hd_worker_enter(worker));
    hd_run *run = hdt_run(graph, &(hd_run_desc){0});
    assert_int_equal(hd_pool_submit(pool, run), HD_OK);
    assert_int_equal(hd_worker_next(worker, &claimed), HD_NEXT_TASK);
    hd_pool_cancel(pool, run);
    hd_value error = flaky_error(0);
    hd_worker_fail(worker, claimed.slot, HD_TASK_FAILED, &error);
    assert_int_equal(hd_worker_next(worker, &claimed), HD_NEXT_IDLE);
    assert_int_equal(hd_pool_wait(pool, run), HD_CANCELLED);
    assert_int_equal(hd_run_failures(run, 0, NULL), 0);
    assert_int_equal(hdt_state(run, 0), HD_TASK_CANCELLED);
    assert_int_equal(hdt_state(run, 1), HD_TASK_CANCELLED);
    end(run);
    flaky_close(pool);
  }
}

/* ---- runs that keep going ---------------------------------------------------------------------- */

typedef struct situation {
  const char *words, *outputs, *failing;
  const char *states; /* of each task, in the order of the words: Done, Erred, Cancelled, Released */
} situation;

static const situation situations[] = {
    {"a b=a c=a d=b,c", "d", "", "RRRD"},                           /* nothing fails */
    {"a b=a c=a d=b,c", "d", "b", "RERC"},                          /* a diamond: one side */
    {"a b=a c=a d=b,c", "d c", "b", "REDC"},                        /* … the other is wanted */
    {"a b=a c=a d=b,c", "d", "a", "ECCC"},                          /* … its top … */
    {"a b=a c=a d=b,c", "d", "d", "RRRE"},                          /* … its end, which is wanted */
    {"a b=a c=a d=b,c", "d", "b c", "REEC"},                        /* … both sides */
    {"a b=a c=b d=c", "d", "a", "ECCC"},                            /* a chain: first */
    {"a b=a c=b d=c", "d b", "c", "RDEC"},                          /* … middle; what was done before stays */
    {"a b=a c=b d=c", "d", "d", "RRRE"},                            /* … last */
    {"a b c d e f g=a,b,c,d,e,f h=a", "g h", "c f", "RRERRECD"},    /* wide */
    {"a b=a c", "b", "c", "RDE"},                                   /* nobody reads what failed */
    {"a b=a c=a", "b", "a", "ECC"},                                 /* … or what is cancelled */
    {"a b=a,a,a c=a,b", "a c", "b", "DEC"},                         /* arguments that are given twice */
    {"!a x b=a,x c=a,2 d=b", "d c", "x", "RECDC"},                  /* copies: b's is made, for nothing */
    {"!a x b=a,x c=a,2 d=b", "d c", "b", "RREDC"},
    {"a", "a", "a", "E"},
};

/* All ways of execution and sealing, each with what a run may also do. */
static void what_needs_a_failed_task_is_cancelled_and_the_rest_is_done(void **state) {
  (void)state;
  open_threads();
  for (uint32_t i = 0; i < sizeof situations / sizeof *situations; i++) {
    const situation *at = &situations[i];
    for (uint32_t way = 0; way < 3 * 4 * 6; way++) {
      uint32_t workers = way % 3, passes = way / 3 % 4, kind = way / 12;
      hdt_seed(1 + i * 1000 + way);
      hd_graph *graph = flaky_graph(at->words, at->outputs, (hd_seal_desc){.keep_all = true, .fuse = passes & 1, .inlines = passes & 2}, &plan);
      char *copy = strdup(at->failing), *rest = copy, *key;
      while ((key = strtok_r(rest, " ", &rest))) plan.fails[hdt_rank(graph, key)] = ALWAYS;
      free(copy);
      hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = workers, .keep_going = true, .loose = kind == 1, .trace = kind == 2,
                                                  .budget_results = kind == 3, .announce = kind == 4, .count_results = kind != 5});
      if (kind == 5 && workers) hd_run_set_tokens(run, 1);
      assert_int_equal(perform(run, workers), *at->failing ? HD_TASK_FAILED : HD_OK);
      flaky_assert_ended(run, &plan, true);
      for (uint32_t id = 0; at->states[id]; id++) {
        hd_task_state expected = HD_RELEASED;
        if (at->states[id] == 'D') expected = HD_DONE;
        if (at->states[id] == 'E') expected = HD_ERRED;
        if (at->states[id] == 'C') expected = HD_TASK_CANCELLED;
        assert_int_equal(hdt_state(run, hd_graph_rank(graph, id)), expected);
      }
      end(run);
    }
  }
  hdt_seed_end();
  hd_pool_destroy(threads);
}

static void each_failure_is_told_with_its_task_worker_attempt_status_and_error(void **state) {
  (void)state;
  hd_graph *graph = graph_with_retries("*a *b *c *d=a,b,c", "d", false, 1);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 3, .keep_going = true});
  uint32_t tasks[3];
  for (uint32_t worker = 0; worker < 3; worker++) assert_int_equal(hd_run_claim(run, worker, 1, &tasks[worker]), 1);
  fail_task(run, tasks[0]);
  assert_int_equal(claim(run), tasks[0]);
  assert_int_equal(hd_run_failures(run, 0, NULL), 0);
  fail_task(run, tasks[0]);
  hd_run_lost(run, 2, tasks[2]);
  assert_int_equal(hd_run_claim(run, 2, 1, &tasks[2]), 1);
  for (uint32_t i = 0; i < 2; i++) {
    hd_run_fail(run, 2, tasks[2], HD_TIMED_OUT, NULL);
    if (!i) assert_int_equal(hd_run_claim(run, 2, 1, &tasks[2]), 1);
  }
  hd_failure failures[3];
  const hd_value *error;
  hd_status status;
  assert_int_equal(hd_run_failures(run, 3, failures), 2); /* the last one first */
  assert_int_equal(failures[0].task, tasks[2]);
  assert_int_equal(failures[0].worker, 2);
  assert_int_equal(failures[0].attempt, 3);
  assert_int_equal(failures[0].status, HD_TIMED_OUT);
  assert_int_equal(failures[0].error->tag, HD_EMPTY);
  assert_int_equal(failures[1].task, tasks[0]);
  assert_int_equal(failures[1].worker, 0);
  assert_int_equal(failures[1].attempt, 2);
  assert_int_equal(failures[1].error->kind, 7);
  memset(failures, 0xff, sizeof failures);
  assert_int_equal(hd_run_failures(run, 1, failures), 2); /* there is room for one */
  assert_int_equal(failures[0].task, tasks[2]);
  assert_int_equal(failures[1].task, HD_NONE);
  assert_int_equal(hd_run_failure(run, &status, &error), tasks[0]); /* the first one */
  assert_int_equal(status, HD_TASK_FAILED);
  assert_int_equal(error->kind, 7);
  assert_int_equal(hd_run_failed_worker(run), 0);
  assert_int_equal(hd_run_get_state(run), HD_RUN_ACTIVE); /* b goes on */
  (void)finish(run, tasks[1]);
  uint32_t d = claim(run);
  hd_run_skip(run, 0, d);
  assert_int_equal(hdt_state(run, d), HD_TASK_CANCELLED);
  assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);
  end(run);
}

static void a_run_that_stops_tells_of_one_failure(void **state) {
  (void)state;
  hd_graph *graph = graph_with_retries("*a *b *c", "a b c", false, 0);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2});
  uint32_t task, other;
  assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
  assert_int_equal(hd_run_claim(run, 1, 1, &other), 1);
  assert_int_equal(hd_run_failed_worker(run), HD_NONE);
  hd_value error = flaky_error(other), late = flaky_error(task);
  hd_run_fail(run, 1, other, HD_TASK_FAILED, &error);
  hd_run_fail(run, 0, task, HD_TIMED_OUT, &late); /* whose error is released at once */
  hd_failure failures[2];
  assert_int_equal(hd_run_failures(run, 2, failures), 1);
  assert_int_equal(failures->task, other);
  assert_int_equal(failures->worker, 1);
  assert_int_equal(hd_run_failed_worker(run), 1);
  assert_int_equal(hdt_state(run, task), HD_ERRED);
  hdt_assert_traps(hd_run_skip(run, 0, 2)); /* it does not keep going */
  end(run);
}

/* Results that the executor keeps cannot be absent here. */
static void a_run_whose_executor_keeps_results_stops_at_a_failure(void **state) {
  (void)state;
  hd_graph *graph = graph_with_retries("*a *b", "a b", false, 0);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.executor_keeps = true, .keep_going = true});
  fail_task(run, claim(run));
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);
  end(run);
}

static void cancelling_after_a_failure_is_a_cancel(void **state) {
  (void)state;
  hd_graph *graph = graph_with_retries("*a *b", "a b", false, 0);
  hd_pool *pool;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  hd_worker *worker;
  hd_claim claimed;
  assert_int_equal(hd_worker_add(pool, &worker), HD_OK);
  assert_true(hd_worker_enter(worker));
  hd_run *run = hdt_run(graph, &(hd_run_desc){.keep_going = true});
  assert_int_equal(hd_pool_submit(pool, run), HD_OK);
  assert_int_equal(hd_worker_next(worker, &claimed), HD_NEXT_TASK);
  hd_worker_fail(worker, claimed.slot, HD_TASK_FAILED, NULL);
  hd_run_cancel(run);
  assert_int_equal(hd_worker_next(worker, &claimed), HD_NEXT_IDLE);
  assert_true(hd_pool_ended(pool, run));
  assert_int_equal(hd_run_get_state(run), HD_RUN_CANCELLED);
  assert_int_equal(hd_pool_wait(pool, run), HD_CANCELLED);
  assert_int_equal(hd_run_failures(run, 0, NULL), 1);
  assert_int_equal(hdt_state(run, 0), HD_ERRED);
  assert_int_equal(hdt_state(run, 1), HD_TASK_CANCELLED);
  end(run);
  flaky_close(pool);
}

/* ---- groups of external functions --------------------------------------------------------------- */

/* The parts of a group from `failing` on have no result; those before were run by one worker. */
static void a_group_of_external_functions_ends_with_the_part_that_failed(void **state) {
  (void)state;
  for (uint32_t failing = 0; failing < 3; failing++)
    for (uint32_t deferred = 0; deferred < 2; deferred++) {
      hd_graph *graph = graph_with_retries("*x *a=x *b=a *c=b *d=c,x", "d x", true, 0);
      uint32_t first = hdt_rank(graph, "a"), x = hdt_rank(graph, "x"), d = hdt_rank(graph, "d"), parts;
      assert_int_equal(hd_graph_group(graph, first, &parts), first);
      assert_true(parts == 3); /* d takes two */
      hd_pool *pool;
      hd_worker *worker;
      hd_claim claimed;
      assert_int_equal(hd_pool_create(&pool), HD_OK);
      assert_int_equal(hd_worker_add(pool, &worker), HD_OK);
      assert_true(hd_worker_enter(worker));
      hd_run *run = hdt_run(graph, &(hd_run_desc){.keep_going = true, .count_results = true});
      assert_int_equal(hd_pool_submit(pool, run), HD_OK);
      while (hd_worker_next(worker, &claimed) == HD_NEXT_TASK) {
        uint32_t task = claimed.call.task;
        hd_value value = hdt_block(50);
        if (deferred) {
          hd_worker_defer(worker, claimed.slot);
          hd_claim none;
          assert_int_equal(hd_worker_next(worker, &none), HD_NEXT_IDLE);
        }
        if (task == first + failing) hd_worker_fail(worker, claimed.slot, HD_TASK_FAILED, &value);
        else hd_worker_finish(worker, claimed.slot, &value);
      }
      assert_int_equal(hd_pool_wait(pool, run), HD_TASK_FAILED);
      for (uint32_t part = 0; part < 3; part++)
        assert_int_equal(hdt_state(run, first + part), part < failing ? HD_RELEASED : part == failing ? HD_ERRED : HD_TASK_CANCELLED);
      assert_int_equal(hdt_state(run, x), HD_DONE);
      assert_int_equal(hdt_state(run, d), HD_TASK_CANCELLED);
      assert_int_equal(hd_run_result(run, d)->tag, HD_ABSENT);
      assert_int_equal(hd_run_results_alive(run), 2);
      assert_true(hd_run_result_bytes(run) == 50);
      end(run);
      flaky_close(pool);
    }
}

/* a is cheap, and so the first part of b's group, which waits for x: with x absent, a is run and b is not. The claim is
 * deferred, or held by the gate, so that it holds the run by itself: it has to let go of it. */
static void a_part_that_is_skipped_lets_go_of_its_run(void **state) {
  (void)state;
  for (uint32_t gated = 0; gated < 2; gated++) {
    hd_graph *graph = hdt_graph("*x", NULL);
    uint32_t cheap, a, b;
    assert_int_equal(hd_graph_add_function(graph, &(hd_function){NULL, NULL}, &cheap), HD_OK);
    assert_int_equal(hd_graph_mark_cheap(graph, cheap), HD_OK);
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){cheap, NULL, 0, "a"}, &a), HD_OK);
    hd_arg args[] = {hd_arg_key("a"), hd_arg_key("x")};
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_EXTERNAL, args, 2, "b"}, &b), HD_OK);
    assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &b, .output_count = 1, .inlines = true}), HD_OK);
    hd_pool *pool;
    hd_worker *worker;
    hd_claim claimed;
    assert_int_equal(hd_pool_create(&pool), HD_OK);
    assert_int_equal(hd_worker_add(pool, &worker), HD_OK);
    assert_true(hd_worker_enter(worker));
    hd_run *run = hdt_run(graph, &(hd_run_desc){.keep_going = true, .budget_results = 1});
    assert_int_equal(hd_pool_submit(pool, run), HD_OK);
    assert_int_equal(hd_worker_next(worker, &claimed), HD_NEXT_TASK);
    assert_int_equal(claimed.call.task, hdt_rank(graph, "x"));
    hd_worker_fail(worker, claimed.slot, HD_TASK_FAILED, NULL);
    assert_int_equal(hd_worker_next(worker, &claimed), HD_NEXT_TASK);
    assert_int_equal(claimed.call.task, hd_graph_rank(graph, a));
    assert_true(claimed.more);
    hd_worker_defer(worker, claimed.slot);
    hd_claim other;
    assert_int_equal(hd_worker_next(worker, &other), HD_NEXT_IDLE);
    if (gated) hd_run_pause(run);
    hd_value live = {HD_LIVE, 0, {0}};
    hd_worker_finish(worker, claimed.slot, &live);
    if (gated) {
      assert_int_equal(hd_worker_next(worker, &other), HD_NEXT_IDLE);
      assert_false(hd_pool_ended(pool, run));
      hd_run_set_tokens(run, 1);
    }
    assert_int_equal(hd_worker_next(worker, &other), HD_NEXT_IDLE);
    assert_true(hd_pool_ended(pool, run));
    assert_int_equal(hd_pool_wait(pool, run), HD_TASK_FAILED);
    assert_int_equal(hdt_state(run, hd_graph_rank(graph, a)), HD_RELEASED);
    assert_int_equal(hdt_state(run, hd_graph_rank(graph, b)), HD_TASK_CANCELLED);
    assert_int_equal(hdi_load_seq_u32(&run->gate.held), 0);
    assert_int_equal(hdi_load_seq_u32(&run->open), 0);
    end(run);
    flaky_close(pool);
  }
}

/* ---- memory ------------------------------------------------------------------------------------ */

static bool no_memory;
static void *alloc_or_not(void *user, size_t bytes) {
  (void)user;
  return no_memory ? NULL : malloc(bytes);
}
static void free_it(void *user, void *memory) {
  (void)user;
  free(memory);
}

static void a_failure_that_cannot_be_noted_stops_the_run(void **state) {
  (void)state;
  hd_memory_set_allocator(&(hd_allocator){alloc_or_not, free_it, NULL});
  hd_graph *graph = graph_with_retries("*a *b *c *d", "a b c d", false, 0);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 3, .keep_going = true});
  uint32_t tasks[3];
  for (uint32_t worker = 0; worker < 3; worker++) assert_int_equal(hd_run_claim(run, worker, 1, &tasks[worker]), 1);
  fail_task(run, tasks[0]);
  hd_value error = flaky_error(tasks[1]), late = flaky_error(tasks[2]);
  no_memory = true;
  hd_run_fail(run, 1, tasks[1], HD_TASK_FAILED, &error);
  hd_run_fail(run, 2, tasks[2], HD_TASK_FAILED, &late);
  no_memory = false;
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);
  assert_int_equal(hd_run_running(run), 0);
  hd_failure failures[3];
  const hd_value *first;
  hd_status status;
  assert_int_equal(hd_run_failures(run, 3, failures), 2); /* what stopped it, and what was noted before */
  assert_int_equal(failures[0].task, tasks[1]);
  assert_int_equal(failures[0].worker, 1);
  assert_int_equal(failures[0].error->kind, 7);
  assert_int_equal(failures[1].task, tasks[0]);
  assert_int_equal(hd_run_failure(run, &status, &first), tasks[0]);
  for (uint32_t worker = 0; worker < 3; worker++) assert_int_equal(hdt_state(run, tasks[worker]), HD_ERRED);
  assert_int_equal(hd_run_serial(run), HD_TASK_FAILED); /* there is nothing left for it to do */
  assert_int_equal(hdt_state(run, hdt_rank(graph, "d")), HD_TASK_CANCELLED);
  end(run);
  hd_memory_set_allocator(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(retries_are_set_while_the_graph_is_built),
      hdt_test(a_task_that_succeeds_at_a_later_attempt_is_done),
      hdt_test(a_task_without_retries_left_fails_at_its_last_attempt),
      hdt_test(a_kernel_in_a_group_is_tried_again_where_it_failed),
      hdt_test(an_external_group_starts_again_at_its_first_part),
      hdt_test(losses_and_failures_count_as_attempts_alike),
      hdt_test(a_task_that_loses_its_last_worker_still_has_its_retries),
      hdt_test(a_root_that_is_tried_again_gives_its_room_back),
      hdt_test(another_attempt_asks_the_gate_again),
      hdt_test(a_task_that_fails_after_cancel_is_cancelled_with_its_retries),
      hdt_test(what_needs_a_failed_task_is_cancelled_and_the_rest_is_done),
      hdt_test(each_failure_is_told_with_its_task_worker_attempt_status_and_error),
      hdt_test(a_run_that_stops_tells_of_one_failure),
      hdt_test(a_run_whose_executor_keeps_results_stops_at_a_failure),
      hdt_test(cancelling_after_a_failure_is_a_cancel),
      hdt_test(a_group_of_external_functions_ends_with_the_part_that_failed),
      hdt_test(a_part_that_is_skipped_lets_go_of_its_run),
      hdt_test(a_failure_that_cannot_be_noted_stops_the_run),
  };
  return hdt_run_tests(tests);
}
