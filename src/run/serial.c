/* The serial run: the walk by rank. It is what every other executor is compared with. */
#include "run/run.h"

#include "base/check.h"
#include "base/memory.h"

hd_status hd_run_serial(hd_run *run) {
  HD_ASSERT(!run->executor_keeps);
  hd_value *args = hdi_alloc(run->graph->arg_count_max, sizeof *args);
  if (!args) return HD_OUT_OF_MEMORY;
  uint32_t task;
  while (hd_run_claim(run, 0, 1, &task)) {
    const hd_function *function = hd_graph_function(run->graph, task);
    hd_value result = {HD_UNDEFINED, 0, {0}};
    hd_status status = HD_NO_KERNEL;
    hd_run_args(run, task, args);
    if (hdi_run_must_skip(run, args, hd_graph_arg_count(run->graph, task))) {
      hd_run_skip(run, 0, task);
      continue;
    }
    if (function->kernel) {
      hd_call call = {.task = task, .arg_count = hd_graph_arg_count(run->graph, task), .args = args, .user = function->user, .run = run};
      status = function->kernel(&call, &result);
    }
    if (status == HD_OK) hd_run_finish(run, 0, task, &result, NULL);
    else hd_run_fail(run, 0, task, status, &result);
  }
  hdi_free(args);
  hdi_run_close(run);
  const hd_value *error;
  hd_status failure = HD_CANCELLED;
  switch (hd_run_get_state(run)) {
    case HD_RUN_DONE: return HD_OK;
    case HD_RUN_FAILED: hd_run_failure(run, &failure, &error); return failure;
    default: return HD_CANCELLED; /* or paused: nothing can be claimed */
  }
}
