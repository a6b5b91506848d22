/* The first program: add(inc(1), inc(2)), serially and on two threads. */
#include <hd/heddle.h>
#include <stdio.h>

static hd_status inc(const hd_call *call, hd_value *result) {
  *result = hd_number(call->args[0].as.number + 1);
  return HD_OK;
}

static hd_status add(const hd_call *call, hd_value *result) {
  *result = hd_number(call->args[0].as.number + call->args[1].as.number);
  return HD_OK;
}

static hd_status build(hd_graph *graph, uint32_t *z) {
  uint32_t inc_fn, add_fn, x, y;
  hd_status status = hd_graph_add_function(graph, &(hd_function){inc, NULL}, &inc_fn);
  if (status == HD_OK) status = hd_graph_add_function(graph, &(hd_function){add, NULL}, &add_fn);
  hd_arg one = hd_arg_number(1), two = hd_arg_number(2);
  if (status == HD_OK) status = hd_graph_add_task(graph, &(hd_task_desc){inc_fn, &one, 1, "x"}, &x);
  if (status == HD_OK) status = hd_graph_add_task(graph, &(hd_task_desc){inc_fn, &two, 1, "y"}, &y);
  hd_arg both[] = {hd_arg_key("x"), hd_arg_key("y")}; /* or hd_arg_task(x), hd_arg_task(y) */
  if (status == HD_OK) status = hd_graph_add_task(graph, &(hd_task_desc){add_fn, both, 2, "z"}, z);
  if (status == HD_OK) status = hd_graph_seal(graph, &(hd_seal_desc){.outputs = z, .output_count = 1});
  return status;
}

int main(void) {
  hd_graph *graph = NULL;
  hd_pool *pool = NULL;
  hd_run *serial = NULL, *threaded = NULL;
  uint32_t z = 0;

  hd_status status = hd_graph_create(&graph);
  if (status == HD_OK) status = build(graph, &z);
  if (status == HD_OK) status = hd_run_create(graph, &(hd_run_desc){0}, &serial);
  if (status == HD_OK) status = hd_run_serial(serial);
  if (status == HD_OK) status = hd_pool_create(&pool);
  if (status == HD_OK) status = hd_pool_start(pool, 2);
  if (status == HD_OK) status = hd_run_create(graph, &(hd_run_desc){.worker_count = 2}, &threaded);
  if (status == HD_OK) status = hd_pool_submit(pool, threaded);
  if (status == HD_OK) status = hd_pool_wait(pool, threaded);
  if (status == HD_OK) {
    uint32_t rank = hd_graph_rank(graph, z);
    printf("serial: %g\n", hd_run_result(serial, rank)->as.number);
    printf("threads: %g\n", hd_run_result(threaded, rank)->as.number);
  } else {
    printf("failed: %s\n", hd_strerror(status));
  }
  hd_run_destroy(serial);
  hd_pool_destroy(pool);
  hd_run_destroy(threaded);
  hd_graph_destroy(graph);
  return status == HD_OK ? 0 : 1;
}
