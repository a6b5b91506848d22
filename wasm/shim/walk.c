/* The serial walk by rank for JavaScript that runs the tasks itself, in the caller's thread, and keeps
 * the results as its own values. */
#include "export.h"

#include <hd/heddle.h>
#include <stdlib.h>

typedef struct hdw_walk {
  uint32_t released_count; /* JavaScript reads these three */
  uint32_t *released;      /* ids */
  uint32_t goes_on;        /* whether another part of the group follows the task that is given */
  hd_run *run;
  uint32_t task; /* the rank of the one that runs, or HD_NONE */
  uint32_t group, group_end; /* ranks: where its group begins, and the one behind it */
} hdw_walk;

/* A budget of 0 results is none. */
hdw_walk *HDW_EXPORT(hdw_walk_create)(hd_graph *graph, uint32_t budget_results) {
  hdw_walk *walk = calloc(1, sizeof *walk);
  if (!walk) return NULL;
  hd_run_desc desc = {.executor_keeps = true, .budget_results = budget_results};
  walk->task = HD_NONE;
  if (hd_run_create(graph, &desc, &walk->run) == HD_OK)
    walk->released = malloc((size_t)hd_run_released_max(walk->run) * sizeof *walk->released);
  if (!walk->released) {
    hd_run_destroy(walk->run);
    free(walk);
    return NULL;
  }
  return walk;
}

void HDW_EXPORT(hdw_walk_destroy)(hdw_walk *walk) {
  hd_run_destroy(walk->run);
  free(walk->released);
  free(walk);
}

/* Answers the running task, if there is one: done. Gives the id of the next, HD_NONE at the end. */
uint32_t HDW_EXPORT(hdw_walk_next)(hdw_walk *walk) {
  hd_graph *graph = hd_run_graph(walk->run);
  hd_finished finished = {.released = walk->released};
  if (walk->task != HD_NONE) hd_run_finish(walk->run, 0, walk->task, NULL, &finished);
  for (uint32_t i = 0; i < finished.released_count; i++)
    walk->released[i] = hd_graph_id(graph, walk->released[i]);
  walk->released_count = finished.released_count;
  if (!hd_run_claim(walk->run, 0, 1, &walk->task)) walk->task = HD_NONE;
  if (walk->task == HD_NONE) return HD_NONE;
  if (walk->task < walk->group || walk->task >= walk->group_end) { /* once for a group: it takes as long as that is */
    uint32_t count;
    walk->group = hd_graph_group(graph, walk->task, &count);
    walk->group_end = walk->group + count;
  }
  walk->goes_on = walk->task + 1 < walk->group_end;
  return hd_graph_id(graph, walk->task);
}
