/* Orders: which rank each task gets. */
#ifndef HDI_GRAPH_ORDER_H
#define HDI_GRAPH_ORDER_H

#include <hd/graph.h>

/* What an order works on: a task's arguments are args[offsets[t] .. offsets[t + 1]). */
typedef struct hdi_order_graph {
  const uint32_t *offsets;
  const uint32_t *args;
  uint32_t task_count;
  const uint32_t *outputs; /* ids */
  uint32_t output_count;
} hdi_order_graph;

typedef struct hdi_order {
  uint32_t *id_of; /* [task_count], given by the caller: the tasks in the order they shall run */
  uint32_t kept;   /* the first so many are needed by the outputs */
  uint32_t *cycle; /* CYCLE: the path, to be freed by hdi_free */
  uint32_t cycle_count;
} hdi_order;

/* The depth-first order: walks back from each output in turn, arguments from left to right, and
 * numbers a task when all its inputs have numbers; then the tasks that no output needs. It finds
 * cycles on its way. Time and memory are linear; no recursion. Fails: OUT_OF_MEMORY, CYCLE. */
hd_status hdi_order_depth_first(const hdi_order_graph *graph, hdi_order *order);

#endif
