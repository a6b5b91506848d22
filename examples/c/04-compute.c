/* Work instead of sleep: 4 parts, each adding up 0 to 39,999,999 in a plain loop. On 2 free processors
 * 2 workers take half the time: no interpreter's lock stands between them. */
#include <hd/heddle.h>
#include <stdio.h>
#include <time.h>

enum { PARTS = 4, NUMBERS = 40 * 1000 * 1000 };

/* In doubles, whose additions a compiler may not reorder: a loop over integers would be folded into one
 * multiplication. The sum is below 2^53 and so exact. */
static hd_status part(const hd_call *call, hd_value *result) {
  (void)call;
  double total = 0;
  for (int number = 0; number < NUMBERS; number++) total += number;
  *result = hd_number(total);
  return HD_OK;
}

static hd_status sum(const hd_call *call, hd_value *result) {
  double total = 0;
  for (uint32_t i = 0; i < call->arg_count; i++) total += call->args[i].as.number;
  *result = hd_number(total);
  return HD_OK;
}

static hd_status build(hd_graph *graph, uint32_t *total) {
  uint32_t part_fn, sum_fn;
  hd_arg parts[PARTS];
  hd_status status = hd_graph_add_function(graph, &(hd_function){part, NULL}, &part_fn);
  if (status == HD_OK) status = hd_graph_add_function(graph, &(hd_function){sum, NULL}, &sum_fn);
  for (uint32_t i = 0; i < PARTS && status == HD_OK; i++) {
    uint32_t id;
    status = hd_graph_add_task(graph, &(hd_task_desc){part_fn, NULL, 0, NULL}, &id);
    parts[i] = hd_arg_task(id);
  }
  if (status == HD_OK)
    status = hd_graph_add_task(graph, &(hd_task_desc){sum_fn, parts, PARTS, NULL}, total);
  if (status == HD_OK) status = hd_graph_seal(graph, &(hd_seal_desc){.outputs = total, .output_count = 1});
  return status;
}

static double now(void) {
  struct timespec time;
  timespec_get(&time, TIME_UTC);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The pool has 2 threads; a run for 1 worker uses the first of them. */
static hd_status compute(hd_pool *pool, hd_graph *graph, uint32_t task, uint32_t workers) {
  hd_run *run = NULL;
  hd_status status = hd_run_create(graph, &(hd_run_desc){.worker_count = workers}, &run);
  double start = now();
  if (status == HD_OK) status = hd_pool_submit(pool, run);
  if (status == HD_OK) status = hd_pool_wait(pool, run);
  if (status == HD_OK)
    printf("total = %.0f after %.2f s, workers: %u\n",
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
  if (status == HD_OK) status = hd_pool_start(pool, 2);
  for (uint32_t workers = 1; workers <= 2 && status == HD_OK; workers++)
    status = compute(pool, graph, total, workers);
  if (status != HD_OK) printf("failed: %s\n", hd_strerror(status));
  hd_pool_destroy(pool);
  hd_graph_destroy(graph);
  return status == HD_OK ? 0 : 1;
}
