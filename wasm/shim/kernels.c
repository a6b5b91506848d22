/* Graphs of C tasks, for measuring and testing what the core itself costs in WebAssembly. */
#include "export.h"

#include <hd/heddle.h>
#include <stdlib.h>

static hd_status add_one(const hd_call *call, hd_value *result) {
  double total = 1;
  for (uint32_t i = 0; i < call->arg_count; i++) total += call->args[i].as.number;
  *result = hd_number(total);
  return HD_OK;
}

/* Adds the kernel "1 + the sum of my arguments" as the graph's next function. */
hd_status HDW_EXPORT(hdw_graph_add_kernel)(hd_graph *graph) {
  uint32_t id;
  hd_function function = {add_one, NULL};
  return hd_graph_add_function(graph, &function, &id);
}

/* Runs a sealed graph of kernels serially, in the caller. */
hd_status HDW_EXPORT(hdw_run_serial)(hd_graph *graph) {
  hd_run *run;
  hd_run_desc desc = {0};
  hd_status status = hd_run_create(graph, &desc, &run);
  if (status != HD_OK) return status;
  status = hd_run_serial(run);
  hd_run_destroy(run);
  return status;
}
