/* Graphs for JavaScript: an empty one, functions by number, one flat batch, seal, errors. */
#include "export.h"

#include <hd/heddle.h>
#include <stdlib.h>

_Static_assert(sizeof(hd_value) == 16, "JavaScript writes literals as 16 bytes");
_Static_assert(sizeof(hd_batch) == 32, "JavaScript writes a batch as 8 words");
_Static_assert(sizeof(hd_error) == 16, "JavaScript reads an error as 4 words");

/* Memory for what JavaScript hands over; 0 when there is none. */
void *HDW_EXPORT(hdw_alloc)(size_t bytes) { return malloc(bytes ? bytes : 1); }
void HDW_EXPORT(hdw_free)(void *memory) { free(memory); }

/* The memory's size now, in pages of 64 kB. */
uint32_t HDW_EXPORT(hdw_memory_pages)(void) { return (uint32_t)__builtin_wasm_memory_size(0); }

size_t HDW_EXPORT(hdw_live_bytes)(void) { return hd_memory_live_bytes(); }
const char *HDW_EXPORT(hdw_version)(void) { return hd_version(); }
const char *HDW_EXPORT(hdw_status_name)(hd_status status) { return hd_status_name(status); }
const char *HDW_EXPORT(hdw_strerror)(hd_status status) { return hd_strerror(status); }

hd_graph *HDW_EXPORT(hdw_graph_create)(void) {
  hd_graph *graph;
  return hd_graph_create(&graph) == HD_OK ? graph : NULL;
}

void HDW_EXPORT(hdw_graph_destroy)(hd_graph *graph) { hd_graph_destroy(graph); }

/* A function that JavaScript knows by `number`; in the graph functions count from 0 as added. */
hd_status HDW_EXPORT(hdw_graph_add_function)(hd_graph *graph, uint32_t number) {
  uint32_t id;
  hd_function function = {NULL, (void *)(uintptr_t)number};
  return hd_graph_add_function(graph, &function, &id);
}

hd_status HDW_EXPORT(hdw_graph_add_batch)(hd_graph *graph, const hd_batch *batch) {
  uint32_t first;
  return hd_graph_add_batch(graph, batch, &first);
}

hd_status HDW_EXPORT(hdw_graph_mark_cheap)(hd_graph *graph, uint32_t function) {
  return hd_graph_mark_cheap(graph, function);
}

hd_status HDW_EXPORT(hdw_graph_set_retries)(hd_graph *graph, uint32_t function, uint32_t retries) {
  return hd_graph_set_retries(graph, function, (uint16_t)retries);
}

hd_status HDW_EXPORT(hdw_graph_set_priority)(hd_graph *graph, uint32_t task, int32_t priority) {
  return hd_graph_set_priority(graph, task, priority);
}

/* What hdw_graph_seal is to do besides culling. */
enum { HDW_KEEP_ALL = 1, HDW_FUSE = 2, HDW_INLINE = 4, HDW_BEST_ORDER = 8 };

hd_status HDW_EXPORT(hdw_graph_seal)(hd_graph *graph, const uint32_t *outputs, uint32_t count, uint32_t passes,
                                     uint32_t budget_results) {
  hd_seal_desc desc = {.outputs = outputs, .output_count = count, .keep_all = passes & HDW_KEEP_ALL,
                       .fuse = passes & HDW_FUSE, .inlines = passes & HDW_INLINE,
                       .order = passes & HDW_BEST_ORDER ? HD_ORDER_BEST : HD_ORDER_FAST,
                       .budget_results = budget_results};
  return hd_graph_seal(graph, &desc);
}

/* For each id the id of the first part of its group (its own if it stands alone), HD_NONE if it was culled. A task
 * that was copied into several groups is the first of none, and is given that of one of them. */
void HDW_EXPORT(hdw_graph_groups)(const hd_graph *graph, uint32_t *first_of, uint32_t id_count) {
  enum { ONCE = 0 };
  const uint32_t several = HD_NONE - 1, tasks = hd_graph_task_count(graph);
  for (uint32_t id = 0; id < id_count; id++) first_of[id] = HD_NONE;
  for (uint32_t task = 0; task < tasks; task++) {
    uint32_t id = hd_graph_id(graph, task);
    first_of[id] = first_of[id] == HD_NONE ? ONCE : several;
  }
  for (uint32_t first = 0, count; first < tasks; first += count) {
    (void)hd_graph_group(graph, first, &count);
    uint32_t head = first, end = first + count;
    while (first_of[hd_graph_id(graph, head)] == several) head++; /* the last part is no copy */
    for (uint32_t part = head; part < end; part++)
      if (first_of[hd_graph_id(graph, part)] != several) first_of[hd_graph_id(graph, part)] = hd_graph_id(graph, head);
  }
  for (uint32_t first = 0, count; first < tasks; first += count) {
    (void)hd_graph_group(graph, first, &count);
    for (uint32_t part = first; part < first + count; part++)
      if (first_of[hd_graph_id(graph, part)] == several)
        first_of[hd_graph_id(graph, part)] = first_of[hd_graph_id(graph, first + count - 1)];
  }
}

uint32_t HDW_EXPORT(hdw_graph_edge_count)(const hd_graph *graph) { return hd_graph_edge_count(graph); }

/* By which order it was ranked (hd_order), and how long that took, in microseconds. */
uint32_t HDW_EXPORT(hdw_graph_ranked_by)(const hd_graph *graph) {
  double us;
  return hd_graph_ranked_by(graph, &us);
}
double HDW_EXPORT(hdw_graph_order_us)(const hd_graph *graph) {
  double us;
  (void)hd_graph_ranked_by(graph, &us);
  return us;
}

/* The most results in memory at once, simulated; HD_NONE: no memory to do that. */
uint32_t HDW_EXPORT(hdw_graph_peak)(const hd_graph *graph, uint32_t workers) {
  uint32_t peak;
  return hd_graph_peak(graph, workers, &peak) == HD_OK ? peak : HD_NONE;
}

const hd_error *HDW_EXPORT(hdw_graph_error)(const hd_graph *graph) { return hd_graph_error(graph); }
uint32_t HDW_EXPORT(hdw_graph_task_count)(const hd_graph *graph) { return hd_graph_task_count(graph); }

/* Blocks for literals; 0 when there is no memory. */
hd_block *HDW_EXPORT(hdw_block_create)(size_t bytes) {
  hd_block *block;
  return hd_block_create(bytes, &block) == HD_OK ? block : NULL;
}

void HDW_EXPORT(hdw_block_release)(hd_block *block) { hd_block_release(block); }
void *HDW_EXPORT(hdw_block_data)(hd_block *block) { return hd_block_data(block); }
size_t HDW_EXPORT(hdw_block_bytes)(const hd_block *block) { return hd_block_bytes(block); }
