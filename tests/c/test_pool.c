/* The threaded scheduler: random graphs on threads equal the serial oracle, and every task runs once,
 * never before its inputs, with each input released once, whatever is cancelled, failed or gated. */
#include "hdt.h"

#include "base/clock.h"
#include "run/pool.h"

static hd_pool *start_pool(uint32_t workers) {
  hd_pool *pool;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, workers), HD_OK);
  assert_int_equal(hd_pool_worker_count(pool), workers);
  return pool;
}

static hd_run *submit(hd_pool *pool, hd_graph *graph, uint32_t workers) {
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = workers, .trace = true});
  assert_int_equal(hd_pool_submit(pool, run), HD_OK);
  return run;
}

/* Every result that is left is right, and nothing is under way. */
static void assert_sound(const hd_run *run, hd_status status) {
  const hd_graph *graph = hd_run_graph(run);
  double *expected = hdt_expected(graph);
  uint32_t done = 0, kept = 0;
  for (uint32_t task = 0; task < hd_graph_task_count(graph); task++) {
    hd_task_state state = hdt_state(run, task);
    assert_true(state >= HD_DONE);
    if (status == HD_OK) assert_true(state == HD_DONE || state == HD_RELEASED);
    assert_int_equal(hd_run_records(run)[task].attempts, state != HD_TASK_CANCELLED);
    if (state == HD_DONE) assert_true(hd_run_result(run, task)->as.number == expected[task]);
    kept += state == HD_DONE;
    done += state == HD_DONE || state == HD_RELEASED;
  }
  assert_int_equal(hd_run_remaining(run), hd_graph_task_count(graph) - done);
  assert_int_equal(hd_run_results_alive(run), kept);
  assert_int_equal(hd_run_running(run), 0);
  assert_int_equal(hdi_load_seq_u32(&run->gate.held), 0);
  free(expected);
}

static void threads_equal_serial_on_random_graphs(void **state) {
  (void)state;
  hd_pool *pool = start_pool(4);
  for (uint64_t seed = 1; seed <= 300; seed++) {
    hdt_seed(seed);
    hdt_journal journal;
    hd_graph *graph = hdt_random_graph(1 + hdt_below(300), 1 + hdt_below(7), HDT_SUM, &journal);
    hdt_seal_random(graph);
    uint32_t count = hd_graph_task_count(graph);
    hdt_journal_init(&journal, count);
    hd_run *serial = hdt_run(graph, &(hd_run_desc){0});
    assert_int_equal(hd_run_serial(serial), HD_OK);
    hdt_journal_fini(&journal);
    hdt_journal_init(&journal, count);
    hd_run *threaded = submit(pool, graph, 4);
    assert_int_equal(hd_pool_wait(pool, threaded), HD_OK);
    hdt_assert_legal(graph, &journal);
    assert_sound(threaded, HD_OK);
    for (uint32_t task = 0; task < count; task++) {
      assert_int_equal(hdt_state(threaded, task), hdt_state(serial, task));
      if (hdt_state(serial, task) == HD_DONE)
        assert_true(hd_run_result(serial, task)->as.number ==
                    hd_run_result(threaded, task)->as.number);
    }
    hd_run_destroy(serial);
    hd_run_destroy(threaded);
    hd_graph_destroy(graph);
    hdt_journal_fini(&journal);
  }
  hd_pool_destroy(pool);
  hdt_seed_end();
}

/* A row of 100,000 without edges, a chain as long, and one task that takes all of the row. */
static void wide_and_deep_graphs_of_1e5_tasks(void **state) {
  (void)state;
  hd_pool *pool = start_pool(2);
  for (uint32_t shape = 0; shape < 3; shape++) {
    enum { COUNT = 100000 };
    hd_graph *graph = hdt_row(COUNT, shape == 1, HDT_SUM, NULL);
    hd_arg *args = malloc(COUNT * sizeof *args);
    uint32_t id = COUNT - 1;
    for (uint32_t task = 0; task < COUNT; task++) args[task] = hd_arg_task(task);
    if (shape == 2)
      assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, args, COUNT, NULL}, &id),
                       HD_OK);
    free(args);
    assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &id, .output_count = 1, .keep_all = true}), HD_OK);
    hd_run *run = submit(pool, graph, 2);
    assert_int_equal(hd_pool_wait(pool, run), HD_OK);
    assert_sound(run, HD_OK);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
  }
  hd_pool_destroy(pool);
}

/*      a        b and c each wait until the other has begun
 *    b   c  */
static hdi_u32 begun;
static hd_status meet(const hd_call *call, hd_value *result) {
  hdi_add_seq_u32(&begun, 1);
  hdt_until(hdi_load_seq_u32(&begun) >= 2);
  *result = hd_number(call->worker);
  return HD_OK;
}

static void what_becomes_ready_together_runs_at_the_same_time(void **state) {
  (void)state;
  hd_pool *pool = start_pool(3);
  uint32_t function, id;
  hd_graph *graph = hdt_graph("a", NULL);
  hd_arg arg = hd_arg_key("a");
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){meet, NULL}, &function), HD_OK);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){function, &arg, 1, "b"}, &id), HD_OK);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){function, &arg, 1, "c"}, &id), HD_OK);
  assert_int_equal(hdt_seal(graph, "b c", false), HD_OK);
  for (uint32_t round = 0; round < 50; round++) {
    hdi_store_seq_u32(&begun, 0);
    hd_run *run = submit(pool, graph, 3);
    assert_int_equal(hd_pool_wait(pool, run), HD_OK);
    assert_true(hd_run_result(run, 1)->as.number != hd_run_result(run, 2)->as.number);
    hd_run_destroy(run);
  }
  hd_graph_destroy(graph);
  hd_pool_destroy(pool);
}

static void runs_submitted_together_all_end(void **state) {
  (void)state;
  enum { RUNS = 6 };
  hd_pool *pool = start_pool(3);
  for (uint64_t seed = 1; seed <= 60; seed++) {
    hdt_seed(seed);
    hd_run *runs[RUNS];
    uint32_t order[RUNS];
    for (uint32_t i = 0; i < RUNS; i++) {
      hd_graph *graph = hdt_random_graph(1 + hdt_below(150), 1 + hdt_below(5), HDT_SUM, NULL);
      hdt_seal_random(graph);
      runs[i] = submit(pool, graph, 1 + hdt_below(5)); /* some for more workers than there are */
      hd_graph_destroy(graph);
      order[i] = i;
    }
    for (uint32_t i = RUNS; i; i--) { /* awaited in any order */
      uint32_t which = hdt_below(i), run = order[which];
      order[which] = order[i - 1];
      assert_int_equal(hd_pool_wait(pool, runs[run]), HD_OK);
      assert_sound(runs[run], HD_OK);
      hd_run_destroy(runs[run]);
    }
  }
  hd_pool_destroy(pool);
  hdt_seed_end();
}

static void a_run_cancelled_at_any_moment_ends_soundly(void **state) {
  (void)state;
  hd_pool *pool = start_pool(3);
  uint32_t done = 0, cancelled = 0;
  hd_graph *graph = NULL;
  for (uint64_t seed = 1; seed <= 1000; seed++) {
    hdt_seed(seed);
    if (seed % 50 == 1) {
      hd_graph_destroy(graph);
      graph = hdt_random_graph(1 + hdt_below(400), 3, HDT_SUM, NULL);
      hdt_seal_random(graph);
    }
    hd_run *run = submit(pool, graph, 3);
    uint32_t until = hdt_below(hd_graph_task_count(graph) + 1);
    hdt_until(hd_run_remaining(run) <= until);
    hd_pool_cancel(pool, run);
    hd_status status = hd_pool_wait(pool, run);
    assert_true(status == HD_OK || status == HD_CANCELLED);
    assert_sound(run, status);
    done += status == HD_OK;
    cancelled += status == HD_CANCELLED;
    hd_run_destroy(run);
  }
  hd_graph_destroy(graph);
  hd_pool_destroy(pool);
  hdt_seed_end();
  assert_true(done > 0 && cancelled > 0);
}

static void a_task_that_fails_anywhere_stops_its_run_and_is_named(void **state) {
  (void)state;
  hd_pool *pool = start_pool(3);
  uint32_t failed = 0;
  for (uint64_t seed = 1; seed <= 300; seed++) {
    hdt_seed(seed);
    hd_graph *graph = hdt_random_graph(1 + hdt_below(100), 3, HDT_SUM, NULL);
    uint32_t bad = hdt_below(4), id;
    for (uint32_t i = 0; i < bad; i++) {
      hd_arg arg = hd_arg_task(hdt_below(hd_graph_task_count(graph)));
      assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_FAIL, &arg, 1, NULL}, &id),
                       HD_OK);
    }
    hdt_seal_random(graph);
    hd_run *run = submit(pool, graph, 3);
    hd_status status;
    const hd_value *error;
    hdt_until(hd_run_get_state(run) != HD_RUN_ACTIVE);
    uint32_t task = hd_run_failure(run, &status, &error); /* at once: others may still run */
    assert_int_equal(task != HD_NONE, bad != 0);
    if (bad) assert_true(status == HD_TASK_FAILED && error->as.number == -1);
    if (bad) assert_true(hd_run_failed_worker(run) < 3);
    assert_int_equal(hd_pool_wait(pool, run), bad ? HD_TASK_FAILED : HD_OK);
    assert_sound(run, bad ? HD_TASK_FAILED : HD_OK);
    if (bad) {
      assert_ptr_equal(hd_graph_function(graph, task)->kernel, hdt_fail);
      assert_int_equal(hdt_state(run, task), HD_ERRED);
    }
    failed += bad != 0;
    hd_run_destroy(run);
    hd_graph_destroy(graph);
  }
  hd_pool_destroy(pool);
  hdt_seed_end();
  assert_true(failed > 100 && failed < 300);
}

static void a_task_without_a_kernel_fails_on_native_threads(void **state) {
  (void)state;
  hd_pool *pool = start_pool(2);
  hd_graph *graph = hdt_sealed("a *b=a", "b", NULL);
  hd_run *run = submit(pool, graph, 2);
  assert_int_equal(hd_pool_wait(pool, run), HD_NO_KERNEL);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
  hd_pool_destroy(pool);
}

typedef struct toggler {
  hd_run *run;
  hdi_u32 stop, turns;
  uint64_t state;
} toggler;

/* What a view does while a run goes on. */
static void look_at(const hd_run *run) {
  uint32_t count = hd_graph_task_count(hd_run_graph(run)), ended = 0;
  for (uint32_t task = 0; task < count; task++) {
    hd_task_state state = hdt_state(run, task);
    hdt_must(state == HD_WAITING || state == HD_READY || state == HD_RUNNING || state == HD_DONE ||
             state == HD_RELEASED);
    ended += state >= HD_DONE;
  }
  hdt_must(ended <= count && hd_run_remaining(run) <= count);
  (void)hd_run_running(run); /* exact only when no worker is inside */
  (void)hd_run_results_alive(run);
}

static void toggle(void *argument) {
  toggler *self = argument;
  while (!hdi_load_seq_u32(&self->stop)) {
    look_at(self->run);
    switch (hdt_next(&self->state) % 5) {
      case 0: hd_run_pause(self->run); break;
      case 1: hd_run_step(self->run, 3); break;
      case 2: hd_run_set_tokens(self->run, 1 + (uint32_t)hdt_next(&self->state) % 2); break;
      case 3: hd_run_set_rate(self->run, 1e6); break;
      default: hd_run_resume(self->run); break;
    }
    hdi_add_seq_u32(&self->turns, 1);
    sched_yield();
  }
  hd_run_resume(self->run);
}

static void a_gate_that_turns_and_a_view_that_looks_change_no_result(void **state) {
  (void)state;
  hd_pool *pool = start_pool(3);
  for (uint64_t seed = 1; seed <= 15; seed++) {
    hdt_seed(seed);
    hdt_journal journal;
    hd_graph *graph = hdt_random_graph(50 + hdt_below(250), 3, HDT_SUM, &journal);
    hdt_seal_random(graph);
    hdt_journal_init(&journal, hd_graph_task_count(graph));
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 3, .trace = true, .paused = true});
    toggler self = {.run = run, .state = seed};
    hdi_thread *thread;
    assert_int_equal(hd_pool_submit(pool, run), HD_OK);
    assert_int_equal(hdi_thread_start(toggle, &self, &thread), HD_OK);
    hdt_until(hdi_load_seq_u32(&self.turns) >= 30);
    hdi_store_seq_u32(&self.stop, 1);
    hdi_thread_join(thread);
    assert_int_equal(hd_pool_wait(pool, run), HD_OK);
    hdt_assert_legal(graph, &journal);
    assert_sound(run, HD_OK);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
    hdt_journal_fini(&journal);
  }
  hd_pool_destroy(pool);
  hdt_seed_end();
}

/* With one token no two bodies run at a time; a task that gives its own up lets one more in. */
static hdi_u32 inside, inside_most;
static hd_status alone(const hd_call *call, hd_value *result) {
  uint32_t now = hdi_add_seq_u32(&inside, 1) + 1;
  if (now > hdi_load_seq_u32(&inside_most)) hdi_store_seq_u32(&inside_most, now);
  sched_yield();
  hdi_sub_seq_u32(&inside, 1);
  *result = hd_number(call->task);
  return HD_OK;
}

static void with_one_token_bodies_run_one_at_a_time(void **state) {
  (void)state;
  hd_pool *pool = start_pool(3);
  hd_graph *graph = hdt_empty_graph(NULL);
  uint32_t function, id;
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){alone, NULL}, &function), HD_OK);
  for (uint32_t i = 0; i < 300; i++)
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){function, NULL, 0, NULL}, &id),
                     HD_OK);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  for (uint32_t round = 0; round < 5; round++) {
    hdi_store_seq_u32(&inside_most, 0);
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 3});
    hd_run_set_tokens(run, 1);
    assert_int_equal(hd_pool_submit(pool, run), HD_OK);
    assert_int_equal(hd_pool_wait(pool, run), HD_OK);
    assert_int_equal(hdi_load_seq_u32(&inside_most), 1);
    assert_int_equal(hdi_load_seq_u32(&run->gate.held), 0);
    hd_run_destroy(run);
  }
  hd_graph_destroy(graph);
  hd_pool_destroy(pool);
}

typedef struct client {
  hd_pool *pool;
  hd_graph *graph;
  hd_run *shared;
} client;

static void submit_and_wait(void *argument) {
  client *self = argument;
  for (uint32_t round = 0; round < 30; round++) {
    hd_run *run;
    hdt_must(hd_run_create(self->graph, &(hd_run_desc){.worker_count = 2}, &run) == HD_OK);
    hdt_must(hd_pool_submit(self->pool, run) == HD_OK);
    hdt_must(hd_pool_wait(self->pool, run) == HD_OK);
    hdt_must(hd_run_remaining(run) == 0);
    hd_run_destroy(run);
  }
  hdt_must(hd_pool_wait(self->pool, self->shared) == HD_CANCELLED);
}

/* Each thread submits runs of one graph and waits for them, then all wait for one more. */
static void threads_may_share_a_pool_a_graph_and_a_run(void **state) {
  (void)state;
  hdt_seed(1);
  hd_pool *pool = start_pool(2);
  hd_graph *graph = hdt_random_graph(60, 3, HDT_SUM, NULL);
  hdt_seal_random(graph);
  hd_run *paused = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .paused = true});
  assert_int_equal(hd_pool_submit(pool, paused), HD_OK);
  client shared = {pool, graph, paused};
  hdi_thread *threads[3];
  for (uint32_t i = 0; i < 3; i++)
    assert_int_equal(hdi_thread_start(submit_and_wait, &shared, &threads[i]), HD_OK);
  hdt_until(hd_run_remaining(paused) == 60);
  hd_pool_cancel(pool, paused); /* at some moment */
  for (uint32_t i = 0; i < 3; i++) hdi_thread_join(threads[i]);
  hd_run_destroy(paused);
  hd_graph_destroy(graph);
  hd_pool_destroy(pool);
  hdt_seed_end();
}

static void pools_come_and_go(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a b c=a,b d=c", "d", NULL);
  for (uint32_t round = 0; round < 200; round++) {
    hd_pool *pool = start_pool(1 + round % 3);
    assert_int_equal(hd_pool_start(pool, 1), HD_OK); /* it has that many */
    if (round % 4 == 0) assert_int_equal(hd_pool_start(pool, 4), HD_OK);
    if (round % 4 == 0) assert_int_equal(hd_pool_worker_count(pool), 4);
    if (round % 2) {
      hd_run *run = submit(pool, graph, 4);
      assert_int_equal(hd_pool_wait(pool, run), HD_OK);
      assert_true(hd_run_result(run, 3)->as.number == 2.25);
      hd_run_destroy(run);
    }
    hd_pool_destroy(pool);
  }
  hd_graph_destroy(graph);
  hd_pool_destroy(NULL);
}

/* Without the wake each would sleep out its 50 ms. Most of nine tries, as others may use the machine. */
static void closing_a_pool_wakes_those_who_sleep(void **state) {
  (void)state;
  uint32_t slow = 0;
  for (uint32_t round = 0; round < 9; round++) {
    hd_pool *pool = start_pool(4);
    hdt_until(hdi_load_seq_u64(&pool->idle[0]) == 15);
    for (uint32_t i = 0; i < 4; i++)
      hdt_until(hdi_load_seq_u32(&((hd_worker *)hdi_load_seq_pointer(&pool->workers[i]))->mode) ==
                HDI_OUTSIDE);
    double start = hdi_clock_us();
    hd_pool_destroy(pool);
    slow += hdi_clock_us() - start > 1000.0 * HDI_SLEEP_MS / 2;
  }
  assert_true(slow < 5);
}

static void a_pool_has_1_to_256_workers(void **state) {
  (void)state;
  hd_pool *pool;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, 0), HD_WORKER_COUNT);
  assert_int_equal(hd_pool_start(pool, HD_WORKERS_MAX + 1), HD_WORKER_COUNT);
  assert_int_equal(hd_pool_worker_count(pool), 0);
  hd_pool_destroy(pool);
}

static void a_paused_run_that_is_cancelled_ends(void **state) {
  (void)state;
  hd_pool *pool = start_pool(2);
  hd_graph *graph = hdt_random_graph(50, 3, HDT_SUM, NULL);
  hdt_seal_random(graph);
  for (uint32_t round = 0; round < 100; round++) {
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .paused = true});
    assert_int_equal(hd_pool_submit(pool, run), HD_OK);
    if (round % 2) hd_run_step(run, 1);
    hd_run_cancel(run);
    hd_status status = hd_pool_wait(pool, run); /* it may have had one task */
    assert_true(status == HD_CANCELLED || (status == HD_OK && hd_graph_task_count(graph) == 1));
    hd_run_cancel(run); /* of a run that has ended: nothing */
    hd_run_destroy(run);
  }
  hd_graph_destroy(graph);
  hd_pool_destroy(pool);
}

static void an_executor_that_keeps_results_is_neither_a_pool_nor_serial(void **state) {
  (void)state;
  hd_pool *pool = start_pool(1);
  hd_graph *graph = hdt_random_graph(3, 1, HDT_SUM, NULL);
  hdt_seal_random(graph);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.executor_keeps = true});
  hdt_assert_traps((void)hd_pool_submit(pool, run));
  hdt_assert_traps((void)hd_run_serial(run));
  hd_run_destroy(run);
  hd_graph_destroy(graph);
  hd_pool_destroy(pool);
}

/* ---- tiny kernels and long ones ------------------------------------------------------------------ */

static uint32_t side_by_side, most_side_by_side;

static hd_status tiny_then_long(const hd_call *call, hd_value *result) {
  if (call->task >= 20000) {
    uint32_t now = __atomic_add_fetch(&side_by_side, 1, __ATOMIC_SEQ_CST), most = __atomic_load_n(&most_side_by_side, __ATOMIC_SEQ_CST);
    while (now > most && !__atomic_compare_exchange_n(&most_side_by_side, &most, now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {}
    nanosleep(&(struct timespec){0, 5000000}, NULL);
    __atomic_sub_fetch(&side_by_side, 1, __ATOMIC_SEQ_CST);
  }
  *result = hd_number(1);
  return HD_OK;
}

/* 20,000 tiny tasks, which one worker does best alone, then 100 of 5 ms: they are shared. */
static void long_kernels_after_many_tiny_ones_are_shared(void **state) {
  (void)state;
  enum { COUNT = 20100 };
  hd_graph *graph;
  uint32_t function, id;
  assert_int_equal(hd_graph_create(&graph), HD_OK);
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){tiny_then_long, NULL}, &function), HD_OK);
  for (uint32_t i = 0; i < COUNT; i++)
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){function, NULL, 0, NULL}, &id), HD_OK);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  hd_pool *pool = start_pool(3);
  for (uint32_t loose = 0; loose < 2; loose++) {
    side_by_side = most_side_by_side = 0;
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 3, .loose = loose});
    assert_int_equal(hd_pool_submit(pool, run), HD_OK);
    assert_int_equal(hd_pool_wait(pool, run), HD_OK);
    assert_true(most_side_by_side >= 2);
    hd_run_destroy(run);
  }
  hd_pool_destroy(pool);
  hd_graph_destroy(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(long_kernels_after_many_tiny_ones_are_shared),
      hdt_test(threads_equal_serial_on_random_graphs),
      hdt_test(wide_and_deep_graphs_of_1e5_tasks),
      hdt_test(what_becomes_ready_together_runs_at_the_same_time),
      hdt_test(runs_submitted_together_all_end),
      hdt_test(a_run_cancelled_at_any_moment_ends_soundly),
      hdt_test(a_task_that_fails_anywhere_stops_its_run_and_is_named),
      hdt_test(a_task_without_a_kernel_fails_on_native_threads),
      hdt_test(a_gate_that_turns_and_a_view_that_looks_change_no_result),
      hdt_test(with_one_token_bodies_run_one_at_a_time),
      hdt_test(threads_may_share_a_pool_a_graph_and_a_run),
      hdt_test(pools_come_and_go),
      hdt_test(closing_a_pool_wakes_those_who_sleep),
      hdt_test(a_paused_run_that_is_cancelled_ends),
      hdt_test(an_executor_that_keeps_results_is_neither_a_pool_nor_serial),
      hdt_test(a_pool_has_1_to_256_workers),
  };
  return hdt_run_tests(tests);
}
