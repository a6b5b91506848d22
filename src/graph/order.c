/* Depth first: a post-order walk with a stack of its own. */
#include "graph/order.h"

#include "base/memory.h"

#include <string.h>

enum { UNSEEN = 0, OPEN, NUMBERED };

typedef struct traversal {
  const hdi_order_graph *graph;
  uint8_t *seen;    /* [task_count] */
  uint32_t *stack;  /* the path from an output to where the walk is */
  uint32_t *cursor; /* for each task on the path, its next argument */
  uint32_t depth;
  uint32_t numbered;
} traversal;

static void push(traversal *walk, uint32_t task) {
  walk->seen[task] = OPEN;
  walk->stack[walk->depth] = task;
  walk->cursor[walk->depth++] = walk->graph->offsets[task];
}

/* The path from `task` down to the top of the stack, which needs `task` again. */
static hd_status report_cycle(const traversal *walk, uint32_t task, hdi_order *order) {
  uint32_t from = walk->depth;
  while (walk->stack[from - 1] != task) from--;
  order->cycle_count = walk->depth - (from - 1);
  order->cycle = hdi_alloc(order->cycle_count, sizeof *order->cycle);
  if (!order->cycle) return HD_OUT_OF_MEMORY;
  memcpy(order->cycle, walk->stack + from - 1, order->cycle_count * sizeof *order->cycle);
  return HD_CYCLE;
}

static hd_status visit(traversal *walk, uint32_t root, hdi_order *order) {
  if (walk->seen[root] != UNSEEN) return HD_OK;
  push(walk, root);
  while (walk->depth) {
    uint32_t task = walk->stack[walk->depth - 1];
    uint32_t at = walk->cursor[walk->depth - 1], end = walk->graph->offsets[task + 1];
    for (; at < end; at++) {
      uint32_t input = walk->graph->args[at];
      if (input & HD_BATCH_LITERAL || walk->seen[input] == NUMBERED) continue;
      if (walk->seen[input] == OPEN) return report_cycle(walk, input, order);
      break;
    }
    if (at < end) {
      walk->cursor[walk->depth - 1] = at + 1;
      push(walk, walk->graph->args[at]);
    } else {
      walk->seen[task] = NUMBERED;
      order->id_of[walk->numbered++] = task;
      walk->depth--;
    }
  }
  return HD_OK;
}

hd_status hdi_order_depth_first(const hdi_order_graph *graph, hdi_order *order) {
  traversal walk = {.graph = graph};
  hd_status status = HD_OUT_OF_MEMORY;
  walk.seen = hdi_alloc_zero(graph->task_count, sizeof *walk.seen);
  walk.stack = hdi_alloc(graph->task_count, sizeof *walk.stack);
  walk.cursor = hdi_alloc(graph->task_count, sizeof *walk.cursor);
  if (!walk.seen || !walk.stack || !walk.cursor) goto done;
  status = HD_OK;
  for (uint32_t i = 0; status == HD_OK && i < graph->output_count; i++)
    status = visit(&walk, graph->outputs[i], order);
  order->kept = walk.numbered;
  for (uint32_t task = 0; status == HD_OK && task < graph->task_count; task++)
    status = visit(&walk, task, order);
done:
  hdi_free(walk.seen);
  hdi_free(walk.stack);
  hdi_free(walk.cursor);
  return status;
}
