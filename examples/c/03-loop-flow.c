/* A loop with a decision in it: of 1 to 10 the even numbers are doubled, the odd ones incremented. The
 * decision is made while the graph is built, so it needs no task. */
#include <hd/heddle.h>
#include <stdio.h>
#include <time.h>

enum { COUNT = 10 };

static void take_a_while(void) { nanosleep(&(struct timespec){0, 20 * 1000 * 1000}, NULL); }

static hd_status inc(const hd_call *call, hd_value *result) {
  take_a_while();
  *result = hd_number(call->args[0].as.number + 1);
  return HD_OK;
}

static hd_status twice(const hd_call *call, hd_value *result) {
  take_a_while();
  *result = hd_number(call->args[0].as.number * 2);
  return HD_OK;
}

static hd_status sum(const hd_call *call, hd_value *result) {
  double total = 0;
  for (uint32_t i = 0; i < call->arg_count; i++) total += call->args[i].as.number;
  *result = hd_number(total);
  return HD_OK;
}

static hd_status build(hd_graph *graph, uint32_t *total) {
  uint32_t inc_fn, twice_fn, sum_fn;
  hd_arg results[COUNT];
  hd_status status = hd_graph_add_function(graph, &(hd_function){inc, NULL}, &inc_fn);
  if (status == HD_OK)
    status = hd_graph_add_function(graph, &(hd_function){twice, NULL}, &twice_fn);
  if (status == HD_OK) status = hd_graph_add_function(graph, &(hd_function){sum, NULL}, &sum_fn);
  for (uint32_t x = 1; x <= COUNT && status == HD_OK; x++) {
    uint32_t id, function = x % 2 == 0 ? twice_fn : inc_fn;
    hd_arg number = hd_arg_number(x);
    status = hd_graph_add_task(graph, &(hd_task_desc){function, &number, 1, NULL}, &id);
    results[x - 1] = hd_arg_task(id);
  }
  if (status == HD_OK)
    status = hd_graph_add_task(graph, &(hd_task_desc){sum_fn, results, COUNT, NULL}, total);
  if (status == HD_OK) status = hd_graph_seal(graph, &(hd_seal_desc){.outputs = total, .output_count = 1});
  return status;
}

int main(void) {
  hd_graph *graph = NULL;
  hd_pool *pool = NULL;
  hd_run *run = NULL;
  uint32_t total = 0;

  hd_status status = hd_graph_create(&graph);
  if (status == HD_OK) status = build(graph, &total);
  if (status == HD_OK) status = hd_pool_create(&pool);
  if (status == HD_OK) status = hd_pool_start(pool, 2);
  if (status == HD_OK) status = hd_run_create(graph, &(hd_run_desc){.worker_count = 2}, &run);
  if (status == HD_OK) status = hd_pool_submit(pool, run);
  if (status == HD_OK) status = hd_pool_wait(pool, run);
  if (status == HD_OK)
    printf("total = %g, on 2 threads\n",
           hd_run_result(run, hd_graph_rank(graph, total))->as.number);
  else printf("failed: %s\n", hd_strerror(status));
  hd_pool_destroy(pool);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
  return status == HD_OK ? 0 : 1;
}
