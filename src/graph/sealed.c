/* What a sealed graph says of itself. */
#include "base/check.h"
#include "base/memory.h"
#include "graph/form.h"
#include "graph/graph.h"
#include "graph/peak.h"

uint32_t hd_graph_task_count(const hd_graph *graph) { return graph->task_count; }
uint32_t hd_graph_edge_count(const hd_graph *graph) { return graph->edge_count; }

uint32_t hd_graph_rank(const hd_graph *graph, uint32_t id) {
  HD_ASSERT(graph->sealed && id < graph->added_count);
  return graph->rank_of[id];
}

uint32_t hd_graph_id(const hd_graph *graph, uint32_t rank) {
  HD_ASSERT(graph->sealed && rank < graph->task_count);
  return graph->id_of[rank];
}

uint32_t hd_graph_group(const hd_graph *graph, uint32_t rank, uint32_t *count) {
  HD_ASSERT(graph->sealed && rank < graph->task_count);
  while (hdi_graph_joined(graph, rank)) rank--;
  *count = hdi_graph_group_end(graph, rank) - rank;
  return rank;
}

hd_order hd_graph_ranked_by(const hd_graph *graph, double *us) {
  *us = graph->order_us;
  return graph->order;
}

hd_status hd_graph_peak(const hd_graph *graph, uint32_t workers, uint32_t *peak) {
  HD_ASSERT(graph->sealed);
  if (workers < 1) return HD_WORKER_COUNT;
  hd_status status = HD_OUT_OF_MEMORY;
  uint8_t *wanted = hdi_alloc_zero(graph->task_count, 1);
  /* The graph's own rows say who waits, which is the same only without copies. */
  hdi_form form = {.task_count = graph->task_count, .edge_count = graph->edge_count, .arg_offsets = graph->arg_offsets, .args = graph->args};
  form.dependent_offsets = hdi_alloc_zero((size_t)graph->task_count + 1, sizeof(uint32_t));
  form.dependents = hdi_alloc(graph->edge_count, sizeof(uint32_t));
  if (wanted && form.dependent_offsets && form.dependents) {
    for (uint32_t i = 0; i < graph->output_count; i++) wanted[graph->outputs[i]] = 1;
    hdi_form_link(&form);
    hdi_order_view view = {graph->task_count, graph->arg_offsets, graph->args, form.dependent_offsets, form.dependents, wanted};
    status = workers == 1 ? hdi_peak_serial(&view, NULL, peak) : hdi_peak_workers(&view, NULL, workers, peak);
  }
  hdi_free(wanted);
  hdi_free(form.dependent_offsets);
  hdi_free(form.dependents);
  return status;
}

const char *hd_graph_key(const hd_graph *graph, uint32_t id) { return hdi_keys_of(&graph->keys, id); }

const hd_function *hd_graph_function(const hd_graph *graph, uint32_t rank) {
  return hdi_graph_function(graph, rank);
}

const hd_function *hd_graph_functions(const hd_graph *graph) { return graph->functions; }

uint32_t hd_graph_arg_count(const hd_graph *graph, uint32_t rank) {
  return graph->arg_offsets[rank + 1] - graph->arg_offsets[rank];
}

const uint32_t *hd_graph_args(const hd_graph *graph, uint32_t rank) {
  return graph->args + graph->arg_offsets[rank];
}

const hd_value *hd_graph_literal(const hd_graph *graph, uint32_t literal) {
  return &graph->literals[literal];
}

uint32_t hd_graph_arg_count_max(const hd_graph *graph) { return graph->arg_count_max; }
