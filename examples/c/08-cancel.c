/* Two searches without end on two threads, cancelled from a third. A body that runs is never broken
 * off: it looks from time to time whether its run is still wanted. */
#include <hd/heddle.h>
#include <stdio.h>
#include <time.h>

enum { LEFT, RIGHT, REPORT, TASKS };
static const char *const keys[TASKS] = {"left", "right", "report"};

static void wait_ms(long ms) { nanosleep(&(struct timespec){0, ms * 1000 * 1000}, NULL); }

/* What it has found so far is its result: it ends as a task like any other. */
static hd_status look(const hd_call *call, hd_value *result) {
  double found = 0;
  while (hd_run_get_state(call->run) == HD_RUN_ACTIVE) {
    found++;
    wait_ms(1);
  }
  *result = hd_number(found);
  return HD_OK;
}

static hd_status report(const hd_call *call, hd_value *result) {
  *result = hd_number(call->args[0].as.number + call->args[1].as.number);
  return HD_OK;
}

static hd_status build(hd_graph *graph, uint32_t ids[TASKS]) {
  uint32_t look_fn = 0, report_fn = 0;
  hd_status status = hd_graph_add_function(graph, &(hd_function){look, NULL}, &look_fn);
  if (status == HD_OK)
    status = hd_graph_add_function(graph, &(hd_function){report, NULL}, &report_fn);
  const hd_arg both[] = {hd_arg_key(keys[LEFT]), hd_arg_key(keys[RIGHT])};
  const hd_task_desc tasks[TASKS] = {
      {look_fn, NULL, 0, keys[LEFT]},
      {look_fn, NULL, 0, keys[RIGHT]},
      {report_fn, both, 2, keys[REPORT]},
  };
  for (uint32_t i = 0; i < TASKS && status == HD_OK; i++)
    status = hd_graph_add_task(graph, &tasks[i], &ids[i]);
  if (status == HD_OK) status = hd_graph_seal(graph, &(hd_seal_desc){.outputs = &ids[REPORT], .output_count = 1});
  return status;
}

static const char *how(const hd_run *run, uint32_t task) {
  switch (hd_run_task_states(run)[task] & HD_STATE_MASK) {
    case HD_DONE: return "done";
    case HD_TASK_CANCELLED: return "cancelled";
    default: return "something else";
  }
}

int main(void) {
  hd_graph *graph = NULL;
  hd_pool *pool = NULL;
  hd_run *run = NULL;
  uint32_t ids[TASKS];

  hd_status status = hd_graph_create(&graph);
  if (status == HD_OK) status = build(graph, ids);
  if (status == HD_OK) status = hd_pool_create(&pool);
  if (status == HD_OK) status = hd_pool_start(pool, 2);
  if (status == HD_OK) status = hd_run_create(graph, &(hd_run_desc){.worker_count = 2}, &run);
  if (status == HD_OK) status = hd_pool_submit(pool, run);
  if (status == HD_OK) {
    while (hd_run_running(run) < 2) wait_ms(1); /* both have begun */
    hd_run_cancel(run);               /* from any thread; it does not wait */
    status = hd_pool_wait(pool, run); /* until the bodies have seen it and ended */
    printf("%s; tasks left: %u\n", hd_strerror(status), hd_run_remaining(run));
    for (uint32_t i = 0; i < TASKS; i++)
      printf("%s: %s\n", keys[i], how(run, hd_graph_rank(graph, ids[i])));
  } else {
    printf("failed: %s\n", hd_strerror(status));
  }
  hd_pool_destroy(pool);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
  return status == HD_CANCELLED ? 0 : 1;
}
