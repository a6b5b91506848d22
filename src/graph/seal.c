/* Sealing: resolve, check, order, cull, and write the graph anew by rank. */
#include "graph/graph.h"

#include "base/check.h"
#include "base/memory.h"
#include "graph/order.h"

#include <string.h>

/* Arguments given by key become tasks. */
static hd_status resolve(hd_graph *graph) {
  for (uint32_t i = 0; i < graph->reference_count; i++) {
    const hdi_key_reference *reference = &graph->references[i];
    const char *key = graph->reference_text + reference->text;
    uint32_t task = hdi_keys_find(&graph->keys, key, strlen(key));
    if (task == HD_NONE)
      return hdi_graph_fail(graph, HD_UNKNOWN_KEY, reference->task, HD_NONE, key);
    graph->args[reference->argument] = task;
  }
  return HD_OK;
}

static hd_status check_references(hd_graph *graph, const hd_seal_desc *desc) {
  for (uint32_t task = 0; task < graph->task_count; task++)
    for (uint32_t at = graph->arg_offsets[task]; at < graph->arg_offsets[task + 1]; at++)
      if (!(graph->args[at] & HD_BATCH_LITERAL) && graph->args[at] >= graph->task_count)
        return hdi_graph_fail(graph, HD_UNKNOWN_TASK, task, HD_NONE, NULL);
  for (uint32_t i = 0; i < desc->output_count; i++)
    if (desc->outputs[i] >= graph->task_count)
      return hdi_graph_fail(graph, HD_UNKNOWN_TASK, HD_NONE, HD_NONE, NULL);
  return HD_OK;
}

/* The arrays of the sealed form. */
typedef struct sealed_form {
  uint32_t task_count, arg_count, edge_count, arg_count_max, output_count;
  uint32_t *id_of, *rank_of, *function_of, *arg_offsets, *args, *dependent_offsets, *dependents, *outputs;
} sealed_form;

static void free_sealed(sealed_form *sealed) {
  hdi_free(sealed->id_of);
  hdi_free(sealed->rank_of);
  hdi_free(sealed->function_of);
  hdi_free(sealed->arg_offsets);
  hdi_free(sealed->args);
  hdi_free(sealed->dependent_offsets);
  hdi_free(sealed->dependents);
  hdi_free(sealed->outputs);
}

static bool alloc_sealed(const hd_graph *graph, const hd_seal_desc *desc, sealed_form *sealed) {
  for (uint32_t rank = 0; rank < sealed->task_count; rank++) {
    uint32_t id = sealed->id_of[rank];
    sealed->arg_count += graph->arg_offsets[id + 1] - graph->arg_offsets[id];
  }
  sealed->rank_of = hdi_alloc(graph->task_count, sizeof(uint32_t));
  sealed->function_of = hdi_alloc(sealed->task_count, sizeof(uint32_t));
  sealed->arg_offsets = hdi_alloc((size_t)sealed->task_count + 1, sizeof(uint32_t));
  sealed->args = hdi_alloc(sealed->arg_count, sizeof(uint32_t));
  sealed->dependent_offsets = hdi_alloc_zero((size_t)sealed->task_count + 1, sizeof(uint32_t));
  sealed->outputs = hdi_alloc(desc->output_count, sizeof(uint32_t));
  return sealed->rank_of && sealed->function_of && sealed->arg_offsets && sealed->args &&
         sealed->dependent_offsets && sealed->outputs;
}

/* Tasks and arguments by rank; counts dependents into dependent_offsets, one place to the right. */
static void renumber(const hd_graph *graph, sealed_form *sealed) {
  memset(sealed->rank_of, 0xff, graph->task_count * sizeof(uint32_t));
  for (uint32_t rank = 0; rank < sealed->task_count; rank++) sealed->rank_of[sealed->id_of[rank]] = rank;
  uint32_t to = 0;
  for (uint32_t rank = 0; rank < sealed->task_count; rank++) {
    uint32_t id = sealed->id_of[rank];
    uint32_t from = graph->arg_offsets[id], end = graph->arg_offsets[id + 1];
    sealed->function_of[rank] = graph->function_of[id];
    sealed->arg_offsets[rank] = to;
    if (end - from > sealed->arg_count_max) sealed->arg_count_max = end - from;
    for (; from < end; from++) {
      uint32_t word = graph->args[from];
      if (!(word & HD_BATCH_LITERAL)) {
        word = sealed->rank_of[word];
        sealed->dependent_offsets[word + 1]++;
        sealed->edge_count++;
      }
      sealed->args[to++] = word;
    }
  }
  sealed->arg_offsets[sealed->task_count] = to;
}

/* Turns the counts into offsets and fills the rows. Filling moves each offset to the end of its row,
 * which is the start of the next: shifting by one place undoes that. */
static void link_dependents(sealed_form *sealed) {
  uint32_t *offsets = sealed->dependent_offsets;
  for (uint32_t rank = 0; rank < sealed->task_count; rank++) offsets[rank + 1] += offsets[rank];
  for (uint32_t rank = 0; rank < sealed->task_count; rank++)
    for (uint32_t at = sealed->arg_offsets[rank]; at < sealed->arg_offsets[rank + 1]; at++)
      if (!(sealed->args[at] & HD_BATCH_LITERAL)) sealed->dependents[offsets[sealed->args[at]]++] = rank;
  memmove(offsets + 1, offsets, sealed->task_count * sizeof *offsets);
  offsets[0] = 0;
}

/* The wanted ranks, each once. */
static void list_outputs(const hd_seal_desc *desc, sealed_form *sealed, uint8_t *wanted) {
  for (uint32_t i = 0; i < desc->output_count; i++) {
    uint32_t rank = sealed->rank_of[desc->outputs[i]];
    if (wanted[rank]) continue;
    wanted[rank] = 1;
    sealed->outputs[sealed->output_count++] = rank;
  }
}

static void adopt(hd_graph *graph, const sealed_form *sealed) {
  hdi_free(graph->function_of);
  hdi_free(graph->arg_offsets);
  hdi_free(graph->args);
  hdi_free(graph->references);
  hdi_free(graph->reference_text);
  graph->references = NULL;
  graph->reference_text = NULL;
  graph->reference_count = 0;
  graph->added_count = graph->task_count;
  graph->task_count = sealed->task_count;
  graph->function_of = sealed->function_of;
  graph->arg_offsets = sealed->arg_offsets;
  graph->args = sealed->args;
  graph->arg_count = sealed->arg_count;
  graph->rank_of = sealed->rank_of;
  graph->id_of = sealed->id_of;
  graph->dependent_offsets = sealed->dependent_offsets;
  graph->dependents = sealed->dependents;
  graph->edge_count = sealed->edge_count;
  graph->arg_count_max = sealed->arg_count_max;
  graph->outputs = sealed->outputs;
  graph->output_count = sealed->output_count;
  graph->sealed = true;
}

hd_status hd_graph_seal(hd_graph *graph, const hd_seal_desc *desc) {
  if (graph->sealed) return hdi_graph_fail(graph, HD_SEALED, HD_NONE, HD_NONE, NULL);
  hd_status status = resolve(graph);
  if (status == HD_OK) status = check_references(graph, desc);
  if (status != HD_OK) return status;

  sealed_form sealed = {0};
  uint8_t *wanted = NULL;
  sealed.id_of = hdi_alloc(graph->task_count, sizeof(uint32_t));
  if (!sealed.id_of) goto no_memory;
  hdi_order_graph input = {graph->arg_offsets, graph->args, graph->task_count, desc->outputs,
                           desc->output_count};
  hdi_order order = {.id_of = sealed.id_of};
  status = hdi_order_depth_first(&input, &order);
  if (status == HD_CYCLE) {
    free_sealed(&sealed);
    return hdi_graph_fail_cycle(graph, order.cycle, order.cycle_count);
  }
  if (status != HD_OK) goto no_memory;
  sealed.task_count = desc->keep_all ? graph->task_count : order.kept;
  wanted = hdi_alloc_zero(sealed.task_count, 1);
  if (!wanted || !alloc_sealed(graph, desc, &sealed)) goto no_memory;
  renumber(graph, &sealed);
  sealed.dependents = hdi_alloc(sealed.edge_count, sizeof(uint32_t));
  if (!sealed.dependents) goto no_memory;
  link_dependents(&sealed);
  list_outputs(desc, &sealed, wanted);
  hdi_free(wanted);
  adopt(graph, &sealed);
  return HD_OK;

no_memory:
  hdi_free(wanted);
  free_sealed(&sealed);
  return hdi_graph_fail(graph, HD_OUT_OF_MEMORY, HD_NONE, HD_NONE, NULL);
}

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

const char *hd_graph_key(const hd_graph *graph, uint32_t id) { return hdi_keys_of(&graph->keys, id); }

const hd_function *hd_graph_function(const hd_graph *graph, uint32_t rank) {
  return &graph->functions[graph->function_of[rank]];
}

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
