/* The serial run. It is the oracle for other executors; here it is itself compared with sums that the
 * test works out. */
#include "hdt.h"

static void results_are_what_the_graph_says_by_rank(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    hdt_seed(seed);
    hdt_journal journal;
    hd_graph *graph = hdt_random_graph(1 + hdt_below(200), 1 + hdt_below(8), HDT_SUM, &journal);
    hdt_seal_random(graph);
    uint32_t count = hd_graph_task_count(graph), kept = 0;
    hdt_journal_init(&journal, count);
    hd_run *run = hdt_run(graph, &(hd_run_desc){0});
    double *expected = hdt_expected(graph);
    assert_int_equal(hd_run_serial(run), HD_OK);
    hdt_assert_legal(graph, &journal);
    for (uint32_t task = 0; task < count; task++) {
      assert_int_equal(journal.start[task], 2 * task + 1); /* by increasing rank */
      if (hdt_state(run, task) == HD_RELEASED) continue;
      assert_int_equal(hdt_state(run, task), HD_DONE);
      assert_true(hd_run_result(run, task)->as.number == expected[task]);
      kept++;
    }
    assert_true(kept >= 1);
    assert_int_equal(hd_run_results_alive(run), kept);
    assert_int_equal(hd_run_running(run), 0);
    assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
    assert_int_equal(hd_run_serial(run), HD_OK); /* nothing is left: the same answer */
    assert_int_equal(journal.ticks, 2 * count);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
    hdt_journal_fini(&journal);
    free(expected);
  }
  hdt_seed_end();
}

static void a_chain_of_1e5_tasks_keeps_only_its_last_result(void **state) {
  (void)state;
  enum { COUNT = 100000 };
  hd_graph *graph = hdt_row(COUNT, true, HDT_SUM, NULL);
  uint32_t last = COUNT - 1;
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &last, .output_count = 1}), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  assert_int_equal(hd_run_serial(run), HD_OK);
  assert_true(hd_run_result(run, last)->as.number == 1 + 0.5 * last); /* x -> 1/2 + x */
  assert_int_equal(hd_run_results_alive(run), 1);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/* Every kernel below has one job; `calls` says how often it came to it. */
static uint32_t calls;

static hd_status look_at_call(const hd_call *call, hd_value *result) {
  assert_int_equal(result->tag, HD_UNDEFINED);
  assert_int_equal(call->worker, 0);
  assert_int_equal(call->task, calls++);
  assert_int_equal(call->arg_count, 2 * call->task);
  for (uint32_t i = 0; i < call->arg_count; i++) assert_true(call->args[i].as.number == 10 + i);
  assert_string_equal(call->user, "mine");
  return HD_OK; /* gives undefined */
}

static void a_kernel_sees_its_call(void **state) {
  (void)state;
  hd_graph *graph;
  uint32_t function, id;
  calls = 0;
  assert_int_equal(hd_graph_create(&graph), HD_OK);
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){look_at_call, "mine"}, &function),
                   HD_OK);
  for (uint32_t task = 0; task < 5; task++) {
    hd_arg args[8];
    for (uint32_t i = 0; i < 8; i++) args[i] = hd_arg_number(10 + i);
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){function, args, 2 * task, NULL}, &id),
                     HD_OK);
  }
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = (uint32_t[]){0, 1, 2, 3, 4}, .output_count = 5}),
                   HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  assert_int_equal(hd_run_serial(run), HD_OK);
  assert_int_equal(calls, 5);
  assert_int_equal(hd_run_result(run, 3)->tag, HD_UNDEFINED);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/*  a -> !b -> c     d e     walk by rank from c: a, b; then nothing more */
static void a_failing_task_ends_the_run_and_names_itself(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a !b=a c=b d e", "c d", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  hd_status status;
  const hd_value *error;
  assert_int_equal(hd_run_serial(run), HD_TASK_FAILED);
  assert_int_equal(hd_run_failure(run, &status, &error), hdt_rank(graph, "b"));
  assert_int_equal(status, HD_TASK_FAILED);
  assert_true(error->as.number == -1);
  assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);
  assert_int_equal(hdt_state(run, hdt_rank(graph, "a")), HD_DONE);
  assert_int_equal(hdt_state(run, hdt_rank(graph, "b")), HD_ERRED);
  for (const char *key = "c\0d\0e\0"; *key; key += 2)
    assert_int_equal(hdt_state(run, hdt_rank(graph, key)), HD_TASK_CANCELLED);
  assert_int_equal(hd_run_serial(run), HD_TASK_FAILED);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_task_without_a_kernel_fails_with_no_kernel(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a *b=a", "b", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  hd_status status;
  const hd_value *error;
  assert_int_equal(hd_run_serial(run), HD_NO_KERNEL);
  assert_int_equal(hd_run_failure(run, &status, &error), 1);
  assert_int_equal(status, HD_NO_KERNEL);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static hd_run *to_cancel;
static hd_status cancel_in_second(const hd_call *call, hd_value *result) {
  if (call->task == 1) hd_run_cancel(to_cancel);
  *result = hdt_block(100);
  return HD_OK;
}

static void a_run_cancelled_by_a_kernel_ends_after_it(void **state) {
  (void)state;
  hd_graph *graph;
  uint32_t function, id, before = 0;
  assert_int_equal(hd_graph_create(&graph), HD_OK);
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){cancel_in_second, NULL}, &function),
                   HD_OK);
  for (uint32_t task = 0; task < 5; task++) {
    hd_arg arg = hd_arg_task(before);
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){function, &arg, task ? 1 : 0, NULL},
                                       &id),
                     HD_OK);
    before = id;
  }
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &id, .output_count = 1}), HD_OK);
  to_cancel = hdt_run(graph, &(hd_run_desc){0});
  assert_int_equal(hd_run_serial(to_cancel), HD_CANCELLED);
  assert_int_equal(hd_run_get_state(to_cancel), HD_RUN_CANCELLED);
  const hd_task_state expected[] = {HD_RELEASED, HD_DONE, HD_TASK_CANCELLED, HD_TASK_CANCELLED,
                                    HD_TASK_CANCELLED};
  for (uint32_t task = 0; task < 5; task++)
    assert_int_equal(hdt_state(to_cancel, task), expected[task]);
  hd_run_destroy(to_cancel);
  hd_graph_destroy(graph);
}

/* Blocks: made by a, shared by b and c (b hands it on, c cuts a slice), counted in d. */
static hd_status make_block(const hd_call *call, hd_value *result) {
  (void)call;
  *result = hdt_block(64);
  memset(hd_block_data(result->as.block), 3, 64);
  return HD_OK;
}
static hd_status hand_on(const hd_call *call, hd_value *result) {
  *result = call->args[0];
  hd_block_retain(result->as.block);
  return HD_OK;
}
static hd_status cut(const hd_call *call, hd_value *result) {
  *result = (hd_value){HD_BLOCK, 0, {0}};
  return hd_block_slice(call->args[0].as.block, 10, 20, &result->as.block);
}
static hd_status count_bytes(const hd_call *call, hd_value *result) {
  double total = 0;
  for (uint32_t i = 0; i < call->arg_count; i++) {
    hd_block *block = call->args[i].as.block;
    for (size_t at = 0; at < hd_block_bytes(block); at++)
      total += ((unsigned char *)hd_block_data(block))[at];
  }
  *result = hd_number(total);
  return HD_OK;
}

static void blocks_may_be_handed_on_and_cut(void **state) {
  (void)state;
  const hd_kernel kernels[] = {make_block, hand_on, cut, count_bytes};
  hd_graph *graph;
  uint32_t id = 0;
  assert_int_equal(hd_graph_create(&graph), HD_OK);
  for (uint32_t i = 0; i < 4; i++)
    assert_int_equal(hd_graph_add_function(graph, &(hd_function){kernels[i], NULL}, &id), HD_OK);
  hd_arg to_a[] = {hd_arg_task(0)}, to_d[] = {hd_arg_task(1), hd_arg_task(2)};
  const hd_task_desc tasks[] = {{0, NULL, 0, "a"},
                                {1, to_a, 1, "b"},
                                {2, to_a, 1, "c"},
                                {3, to_d, 2, "d"}};
  for (uint32_t i = 0; i < 4; i++)
    assert_int_equal(hd_graph_add_task(graph, &tasks[i], &id), HD_OK);
  assert_int_equal(hdt_seal(graph, "d", false), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  size_t before = hd_memory_live_bytes();
  assert_int_equal(hd_run_serial(run), HD_OK);
  assert_true(hd_run_result(run, hdt_rank(graph, "d"))->as.number == (64 + 20) * 3);
  assert_int_equal(hd_memory_live_bytes(), before); /* all blocks went with their last reader */
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_serial_run_goes_on_from_where_another_executor_left(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a b c=a,b d=c,b", "d", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2});
  double *expected = hdt_expected(graph);
  uint32_t task;
  hd_value result = hd_number(1);
  assert_int_equal(hd_run_claim(run, 1, 1, &task), 1);
  hd_run_finish(run, 1, task, &result, NULL);
  assert_int_equal(hd_run_serial(run), HD_OK);
  assert_true(hd_run_result(run, hdt_rank(graph, "d"))->as.number ==
              expected[hdt_rank(graph, "d")]);
  free(expected);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_graph_can_be_run_any_number_of_times(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a b=a", "b", NULL);
  for (uint32_t i = 0; i < 10; i++) {
    hd_run *run = hdt_run(graph, &(hd_run_desc){.trace = true});
    assert_int_equal(hd_run_serial(run), HD_OK);
    assert_true(hd_run_result(run, 1)->as.number == 1.5);
    assert_int_equal(hd_run_records(run)[1].attempts, 1);
    assert_true(hd_run_records(run)[0].start_us > 0);
    assert_true(hd_run_records(run)[1].start_us >= hd_run_records(run)[0].start_us);
    hd_run_destroy(run);
  }
  hd_graph_destroy(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(results_are_what_the_graph_says_by_rank),
      hdt_test(a_chain_of_1e5_tasks_keeps_only_its_last_result),
      hdt_test(a_kernel_sees_its_call),
      hdt_test(a_failing_task_ends_the_run_and_names_itself),
      hdt_test(a_task_without_a_kernel_fails_with_no_kernel),
      hdt_test(a_run_cancelled_by_a_kernel_ends_after_it),
      hdt_test(blocks_may_be_handed_on_and_cut),
      hdt_test(a_serial_run_goes_on_from_where_another_executor_left),
      hdt_test(a_graph_can_be_run_any_number_of_times),
  };
  return hdt_run_tests(tests);
}
