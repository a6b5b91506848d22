/* A loop made parallel: inc of 1 to 8 and their sum, on 1, 2 and 4 threads. Each inc sleeps for 20 ms,
 * where the lesson's sleeps for a second. */
#include <hd/heddle.h>
#include <stdio.h>
#include <time.h>

enum { COUNT = 8 };

static hd_status inc(const hd_call *call, hd_value *result) {
  nanosleep(&(struct timespec){0, 20 * 1000 * 1000}, NULL);
  *result = hd_number(call->args[0].as.number + 1);
  return HD_OK;
}

static hd_status sum(const hd_call *call, hd_value *result) {
  double total = 0;
  for (uint32_t i = 0; i < call->arg_count; i++) total += call->args[i].as.number;
  *result = hd_number(total);
  return HD_OK;
}

static hd_status build(hd_graph *graph, uint32_t *total) {
  uint32_t inc_fn, sum_fn;
  hd_arg results[COUNT];
  hd_status status = hd_graph_add_function(graph, &(hd_function){inc, NULL}, &inc_fn);
  if (status == HD_OK) status = hd_graph_add_function(graph, &(hd_function){sum, NULL}, &sum_fn);
  for (uint32_t i = 0; i < COUNT && status == HD_OK; i++) {
    uint32_t id;
    hd_arg number = hd_arg_number(i + 1);
    status = hd_graph_add_task(graph, &(hd_task_desc){inc_fn, &number, 1, NULL}, &id);
    results[i] = hd_arg_task(id); /* not a number yet: the task that will give it */
  }
  if (status == HD_OK)
    status = hd_graph_add_task(graph, &(hd_task_desc){sum_fn, results, COUNT, NULL}, total);
  if (status == HD_OK) status = hd_graph_seal(graph, &(hd_seal_desc){.outputs = total, .output_count = 1});
  return status;
}

static double now(void) {
  struct timespec time;
  timespec_get(&time, TIME_UTC);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* One computation with so many workers: the pool may have more, and only grows. */
static hd_status compute(hd_pool *pool, hd_graph *graph, uint32_t task, uint32_t workers) {
  hd_run *run = NULL;
  hd_status status = hd_pool_start(pool, workers);
  if (status == HD_OK) status = hd_run_create(graph, &(hd_run_desc){.worker_count = workers}, &run);
  double start = now();
  if (status == HD_OK) status = hd_pool_submit(pool, run);
  if (status == HD_OK) status = hd_pool_wait(pool, run);
  if (status == HD_OK)
    printf("total = %g after %.2f s, workers: %u\n",
           hd_run_result(run, hd_graph_rank(graph, task))->as.number, now() - start, workers);
  hd_run_destroy(run);
  return status;
}

int main(void) {
  hd_graph *graph = NULL;
  hd_pool *pool = NULL;
  uint32_t total = 0;

  hd_status status = hd_graph_create(&graph);
  if (status == HD_OK) status = build(graph, &total);
  if (status == HD_OK) status = hd_pool_create(&pool);
  for (uint32_t workers = 1; workers <= 4 && status == HD_OK; workers *= 2)
    status = compute(pool, graph, total, workers);
  if (status != HD_OK) printf("failed: %s\n", hd_strerror(status));
  hd_pool_destroy(pool);
  hd_graph_destroy(graph);
  return status == HD_OK ? 0 : 1;
}
