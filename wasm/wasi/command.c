/* add(inc(1), inc(2)) as a WASI command: exit status 0 and "5" on standard output. Shows that the core
 * runs under any WASI host, without a line of JavaScript. */
#include <hd/heddle.h>
#include <unistd.h>

static hd_status inc(const hd_call *call, hd_value *result) {
  *result = hd_number(call->args[0].as.number + 1);
  return HD_OK;
}

static hd_status add(const hd_call *call, hd_value *result) {
  *result = hd_number(call->args[0].as.number + call->args[1].as.number);
  return HD_OK;
}

int main(void) {
  hd_graph *graph;
  hd_run *run;
  hd_run_desc desc = {0};
  uint32_t inc_id, add_id, x, y, z;
  hd_function functions[] = {{inc, NULL}, {add, NULL}};
  if (hd_graph_create(&graph) != HD_OK || hd_graph_add_function(graph, &functions[0], &inc_id) != HD_OK ||
      hd_graph_add_function(graph, &functions[1], &add_id) != HD_OK)
    return 1;
  hd_arg numbers[] = {hd_arg_number(1), hd_arg_number(2)};
  if (hd_graph_add_task(graph, &(hd_task_desc){inc_id, &numbers[0], 1, NULL}, &x) != HD_OK ||
      hd_graph_add_task(graph, &(hd_task_desc){inc_id, &numbers[1], 1, NULL}, &y) != HD_OK)
    return 1;
  hd_arg both[] = {hd_arg_task(x), hd_arg_task(y)};
  if (hd_graph_add_task(graph, &(hd_task_desc){add_id, both, 2, NULL}, &z) != HD_OK ||
      hd_graph_seal(graph, &(hd_seal_desc){.outputs = &z, .output_count = 1}) != HD_OK ||
      hd_run_create(graph, &desc, &run) != HD_OK || hd_run_serial(run) != HD_OK)
    return 1;
  char line[] = "?\n";
  line[0] = (char)('0' + (int)hd_run_result(run, hd_graph_rank(graph, z))->as.number);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
  return write(1, line, 2) == 2 ? 0 : 1;
}
