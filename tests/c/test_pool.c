/* The threaded scheduler: random graphs on threads equal the serial oracle, and every task runs once,
 * never before its inputs, with each input released once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/atomic.h"
#include <hd/heddle.h>
#include <stdlib.h>

static uint64_t random_state;
static uint32_t random_below(uint32_t bound) {
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((random_state >> 33) % bound);
}

static hdi_u32 ran[100001];

/* Sums its arguments and counts its runs. */
static hd_status sum(const hd_call *call, hd_value *result) {
  double total = 1;
  hdi_add_seq_u32(&ran[call->task], 1);
  for (uint32_t i = 0; i < call->arg_count; i++) {
    if (call->args[i].tag != HD_NUMBER) return HD_TASK_FAILED; /* ran before its input */
    total = total * 0.5 + call->args[i].as.number;
  }
  *result = hd_number(total);
  return HD_OK;
}

static hd_graph *random_graph(uint32_t tasks, uint32_t fan) {
  hd_graph *graph;
  uint32_t function, id;
  assert_int_equal(hd_graph_create(&graph), HD_OK);
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){sum, NULL}, &function), HD_OK);
  for (uint32_t task = 0; task < tasks; task++) {
    hd_arg args[8];
    uint32_t count = task ? random_below(fan + 1) : 0;
    for (uint32_t i = 0; i < count; i++)
      args[i] = random_below(8) ? hd_arg_task(random_below(task)) : hd_arg_number(task);
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){function, args, count, NULL}, &id), HD_OK);
  }
  id = tasks - 1;
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){&id, 1, true}), HD_OK);
  return graph;
}

static void threads_equal_serial_on_random_graphs(void **state) {
  (void)state;
  size_t before = hd_memory_live_bytes();
  hd_pool *pool;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, 4), HD_OK);
  for (uint32_t round = 0; round < 300; round++) {
    random_state = round;
    hd_graph *graph = random_graph(1 + random_below(300), 1 + random_below(7));
    uint32_t count = hd_graph_task_count(graph);
    hd_run *serial, *threaded;
    for (uint32_t task = 0; task < count; task++) hdi_store_seq_u32(&ran[task], 0);
    assert_int_equal(hd_run_create(graph, &(hd_run_desc){.trace = true}, &serial), HD_OK);
    assert_int_equal(hd_run_create(graph, &(hd_run_desc){.worker_count = 4, .trace = true}, &threaded), HD_OK);
    assert_int_equal(hd_run_serial(serial), HD_OK);
    assert_int_equal(hd_pool_submit(pool, threaded), HD_OK);
    assert_int_equal(hd_pool_wait(pool, threaded), HD_OK);
    uint32_t last = hd_graph_rank(graph, count - 1);
    assert_true(hd_run_result(serial, last)->as.number == hd_run_result(threaded, last)->as.number);
    assert_int_equal(hd_run_results_alive(serial), 1);
    assert_int_equal(hd_run_results_alive(threaded), 1);
    assert_int_equal(hd_run_running(threaded), 0);
    for (uint32_t task = 0; task < count; task++) {
      assert_int_equal(hdi_load_seq_u32(&ran[task]), 2);
      assert_int_equal(hd_run_task_states(threaded)[task] & HD_STATE_MASK, task == last ? HD_DONE : HD_RELEASED);
    }
    hd_run_destroy(serial);
    hd_run_destroy(threaded);
    hd_graph_destroy(graph);
  }
  hd_pool_destroy(pool);
  assert_int_equal(hd_memory_live_bytes(), before);
}

static void wide_and_deep_graphs_of_1e5_tasks(void **state) {
  (void)state;
  hd_pool *pool;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, 2), HD_OK);
  for (uint32_t shape = 0; shape < 2; shape++) {
    uint32_t function, id, count = 100000;
    hd_graph *graph;
    hd_run *run;
    assert_int_equal(hd_graph_create(&graph), HD_OK);
    assert_int_equal(hd_graph_add_function(graph, &(hd_function){sum, NULL}, &function), HD_OK);
    hd_arg *args = malloc(count * sizeof *args);
    for (uint32_t task = 0; task < count; task++) {
      args[task] = hd_arg_task(task);
      hd_task_desc desc = {function, shape && task ? &args[task - 1] : NULL, shape && task ? 1 : 0, NULL};
      assert_int_equal(hd_graph_add_task(graph, &desc, &id), HD_OK);
    }
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){function, args, shape ? 1 : count, NULL}, &id), HD_OK);
    free(args);
    assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){&id, 1, true}), HD_OK);
    assert_int_equal(hd_run_create(graph, &(hd_run_desc){.worker_count = 2}, &run), HD_OK);
    assert_int_equal(hd_pool_submit(pool, run), HD_OK);
    assert_int_equal(hd_pool_wait(pool, run), HD_OK);
    assert_int_equal(hd_run_remaining(run), 0);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
  }
  hd_pool_destroy(pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_equal_serial_on_random_graphs),
      cmocka_unit_test(wide_and_deep_graphs_of_1e5_tasks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
