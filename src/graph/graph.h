/* The inside of a graph. build.c fills the first part, seal.c turns it into the second. */
#ifndef HDI_GRAPH_GRAPH_H
#define HDI_GRAPH_GRAPH_H

#include "base/atomic.h"
#include "graph/keys.h"

#include <hd/graph.h>

/* An argument given by key, to be resolved when the graph is sealed. */
typedef struct hdi_key_reference {
  uint32_t argument; /* its place in args */
  uint32_t task;     /* whose argument it is, by id */
  uint32_t text;     /* where the key starts in reference_text */
} hdi_key_reference;

/* Structure of arrays. While it is built, tasks stand in the order of their ids; once sealed, in the
 * order of their ranks. args and dependents are rows of one array each: task t's row is
 * [offsets[t], offsets[t + 1]). An argument is a task, or HD_BATCH_LITERAL | literal. A task that
 * uses another twice stands twice among its dependents, so that counting down is simple. */
struct hd_graph {
  hdi_u32 holders; /* the user and every run */
  bool sealed;

  hd_function *functions;
  uint32_t function_count, function_capacity;
  hd_value *literals;
  uint32_t literal_count, literal_capacity;

  uint32_t task_count;
  uint32_t *function_of;
  uint32_t function_of_capacity;
  uint32_t *arg_offsets; /* [task_count + 1] */
  uint32_t arg_offsets_capacity;
  uint32_t *args;
  uint32_t arg_count, arg_capacity;
  uint8_t *cheap; /* by function, those beyond the capacity are 0 */
  uint32_t cheap_capacity;
  uint16_t *retries; /* by function, likewise; stays when the graph is sealed */
  uint32_t retry_capacity;
  int32_t *priorities; /* by id, likewise */
  uint32_t priority_capacity;

  hdi_keys keys; /* by id, also when sealed */
  hdi_key_reference *references;
  uint32_t reference_count, reference_capacity;
  char *reference_text;
  uint32_t reference_text_length, reference_text_capacity;

  /* sealed only */
  uint32_t added_count;        /* ids */
  uint32_t *rank_of;           /* [added_count] */
  uint32_t *id_of;             /* [task_count] */
  uint32_t *dependent_offsets; /* [task_count + 1] */
  uint32_t *dependents;        /* [edge_count] */
  uint32_t edge_count;
  uint32_t arg_count_max;
  uint32_t released_max; /* results that one finish can release */
  bool has_external;     /* a function has no kernel */
  uint64_t *joined;      /* a bit a task: it is a part of the same group as the one before; NULL: no groups */
  uint32_t *outputs; /* ranks, each once */
  uint32_t output_count;
  hd_order order;
  double order_us;

  hd_error error;
  uint32_t *error_tasks;
  char message[640]; /* the longest, a cycle of long keys, needs 524 */
};

static inline const hd_function *hdi_graph_function(const hd_graph *graph, uint32_t rank) {
  return &graph->functions[graph->function_of[rank]];
}

/* Whether a task of a sealed graph goes on with the group of the one before it. `task` may be task_count. */
static inline bool hdi_graph_joined(const hd_graph *graph, uint32_t task) {
  return graph->joined && graph->joined[task / 64] >> task % 64 & 1;
}

/* Behind the last part of the group that starts with a task. */
static inline uint32_t hdi_graph_group_end(const hd_graph *graph, uint32_t first) {
  uint32_t end = first + 1;
  while (hdi_graph_joined(graph, end)) end++;
  return end;
}

/* One holder more. */
void hdi_graph_retain(hd_graph *graph);

/* Notes an error about up to two tasks and returns its status. `key` may be NULL. */
hd_status hdi_graph_fail(hd_graph *graph, hd_status status, uint32_t task, uint32_t other,
                         const char *key);

/* Notes a cycle; takes the path. */
hd_status hdi_graph_fail_cycle(hd_graph *graph, uint32_t *path, uint32_t count);

#endif
