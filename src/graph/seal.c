/* Sealing: resolve, check, cull, inline, order, fuse, and write the graph anew by rank. */
#include "graph/graph.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/clock.h"
#include "graph/best.h"
#include "graph/form.h"
#include "graph/groups.h"
#include "graph/order.h"
#include "graph/peak.h"

#include <stdlib.h>
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

/* What sealing works with; all of it is given up at the end, but for what the graph adopts. */
typedef struct sealing {
  hd_graph *graph;
  const hd_seal_desc *desc;
  hdi_form form;
  uint8_t *wanted_ids, *wanted; /* the latter by rank */
  uint8_t *copied;
  int32_t *level; /* by rank, or NULL */
  uint32_t *outputs, output_count;
  uint64_t *joined;
  hd_order order;
  double order_us;
} sealing;

static void fini(sealing *seal) {
  hdi_form_fini(&seal->form);
  hdi_free(seal->form.id_of);
  hdi_free(seal->wanted_ids);
  hdi_free(seal->wanted);
  hdi_free(seal->copied);
  hdi_free(seal->level);
  hdi_free(seal->outputs);
  hdi_free(seal->joined);
}

static hdi_order_view view_of(const sealing *seal) {
  const hdi_form *form = &seal->form;
  return (hdi_order_view){form->task_count, form->arg_offsets, form->args, form->dependent_offsets, form->dependents, seal->wanted};
}

/* The depth-first order, which also finds cycles and what no output needs. */
static hd_status walk(sealing *seal) {
  hd_graph *graph = seal->graph;
  hdi_form *form = &seal->form;
  form->id_of = hdi_alloc(graph->task_count, sizeof(uint32_t));
  seal->wanted_ids = hdi_alloc_zero(graph->task_count, 1);
  if (!form->id_of || !seal->wanted_ids) return HD_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < seal->desc->output_count; i++) seal->wanted_ids[seal->desc->outputs[i]] = 1;
  hdi_order_graph input = {graph->arg_offsets, graph->args, graph->task_count, seal->desc->outputs, seal->desc->output_count};
  hdi_order order = {.id_of = form->id_of};
  hd_status status = hdi_order_depth_first(&input, &order);
  if (status == HD_CYCLE) return hdi_graph_fail_cycle(graph, order.cycle, order.cycle_count);
  form->task_count = seal->desc->keep_all ? graph->task_count : order.kept;
  return status;
}

/* The wanted ranks, each once, and as marks. */
static hd_status list_outputs(sealing *seal) {
  hdi_free(seal->wanted);
  hdi_free(seal->outputs);
  seal->wanted = hdi_alloc_zero(seal->form.task_count, 1);
  seal->outputs = hdi_alloc(seal->desc->output_count, sizeof(uint32_t));
  seal->output_count = 0;
  if (!seal->wanted || !seal->outputs) return HD_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < seal->desc->output_count; i++) {
    uint32_t rank = seal->form.rank_of[seal->desc->outputs[i]];
    if (seal->wanted[rank]) continue;
    seal->wanted[rank] = 1;
    seal->outputs[seal->output_count++] = rank;
  }
  return HD_OK;
}

/* A task's level is the highest priority of all that need it, and its own. */
static hd_status find_levels(sealing *seal) {
  const hdi_form *form = &seal->form;
  hdi_free(seal->level);
  seal->level = NULL;
  if (!seal->graph->priority_capacity) return HD_OK;
  seal->level = hdi_alloc(form->task_count, sizeof *seal->level);
  if (!seal->level) return HD_OUT_OF_MEMORY;
  for (uint32_t rank = form->task_count; rank-- > 0;) {
    uint32_t id = form->id_of[rank];
    int32_t level = id < seal->graph->priority_capacity ? seal->graph->priorities[id] : 0;
    for (uint32_t at = form->dependent_offsets[rank]; at < form->dependent_offsets[rank + 1]; at++)
      if (seal->level[form->dependents[at]] > level) level = seal->level[form->dependents[at]];
    seal->level[rank] = level;
  }
  return HD_OK;
}

/* Writes the form by its ids. */
static hd_status make_form(sealing *seal) {
  hd_status status = hdi_form_make(seal->graph, &seal->form);
  if (status == HD_OK) status = list_outputs(seal);
  return status == HD_OK ? find_levels(seal) : status;
}

static int compare_keys(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* Higher levels first, otherwise as before: still legal, since no input has a lower level than its reader. */
static hd_status sort_by_level(const sealing *seal, uint32_t *sequence) {
  uint32_t count = seal->form.task_count;
  uint64_t *keys = hdi_alloc(count, sizeof *keys);
  uint32_t *sorted = hdi_alloc(count, sizeof *sorted);
  if (keys && sorted) {
    for (uint32_t i = 0; i < count; i++)
      keys[i] = (uint64_t)((int64_t)INT32_MAX - seal->level[sequence[i]]) << 32 | i;
    qsort(keys, count, sizeof *keys, compare_keys);
    for (uint32_t i = 0; i < count; i++) sorted[i] = sequence[(uint32_t)keys[i]];
    memcpy(sequence, sorted, count * sizeof *sequence);
  }
  bool done = keys && sorted;
  hdi_free(keys);
  hdi_free(sorted);
  return done ? HD_OK : HD_OUT_OF_MEMORY;
}

static hdi_grouping grouping_of(const sealing *seal) {
  return (hdi_grouping){seal->graph, &seal->form, seal->copied, seal->wanted, seal->level, seal->desc->fuse};
}

/* The best order, if it is asked for or the fast one exceeds the budget. `sequence` has the fast one. */
static hd_status choose_order(sealing *seal, uint32_t *sequence) {
  hdi_order_view view = view_of(seal);
  uint32_t peak = 0, budget = seal->desc->budget_results;
  hd_status status = HD_OK;
  seal->order = seal->desc->order;
  if (seal->order == HD_ORDER_FAST && budget) {
    status = hdi_peak_serial(&view, NULL, &peak);
    if (peak > budget) seal->order = HD_ORDER_BEST;
  }
  if (status == HD_OK && seal->order == HD_ORDER_BEST) status = hdi_order_best(&view, sequence, &peak);
  return status;
}

/* Another sequence than the depth-first one, where something asks for it. */
static hd_status rank_anew(sealing *seal) {
  hdi_form *form = &seal->form;
  const hd_seal_desc *desc = seal->desc;
  bool scattered = desc->fuse && desc->keep_all; /* what no output needs is not walked from the end of a chain */
  if (desc->order == HD_ORDER_FAST && !desc->budget_results && !seal->level && !scattered) return HD_OK;
  uint32_t *sequence = hdi_alloc(form->task_count, sizeof *sequence);
  if (!sequence) return HD_OUT_OF_MEMORY;
  for (uint32_t rank = 0; rank < form->task_count; rank++) sequence[rank] = rank;
  double start_us = hdi_clock_us();
  hd_status status = choose_order(seal, sequence);
  seal->order_us += hdi_clock_us() - start_us;
  if (status == HD_OK && seal->level) status = sort_by_level(seal, sequence);
  hdi_grouping grouping = grouping_of(seal);
  if (status == HD_OK && (desc->fuse || seal->copied)) status = hdi_groups_gather(&grouping, sequence);
  if (status == HD_OK) {
    for (uint32_t rank = 0; rank < form->task_count; rank++) sequence[rank] = form->id_of[sequence[rank]];
    hdi_free(form->id_of);
    form->id_of = sequence;
    sequence = NULL;
    hdi_form_fini(form);
    status = make_form(seal);
  }
  hdi_free(sequence);
  return status;
}

/* Who reads a later part of a group that begins with copies makes its first part wait. (Who reads from within its
 * own group waits for nothing, and nobody looks at that row.) */
static hd_status wait_at_first(sealing *seal) {
  const hdi_form *form = &seal->form;
  if (!seal->copied || !seal->joined) return HD_OK;
  uint32_t *first_of = hdi_alloc(form->task_count, sizeof *first_of);
  if (!first_of) return HD_OUT_OF_MEMORY;
  for (uint32_t rank = 0; rank < form->task_count; rank++)
    first_of[rank] = seal->joined[rank / 64] >> rank % 64 & 1 ? first_of[rank - 1] : rank;
  for (uint32_t at = 0; at < form->edge_count; at++) form->dependents[at] = first_of[form->dependents[at]];
  hdi_free(first_of);
  return HD_OK;
}

static void adopt(sealing *seal) {
  hd_graph *graph = seal->graph;
  hdi_form *form = &seal->form;
  hdi_free(graph->function_of);
  hdi_free(graph->arg_offsets);
  hdi_free(graph->args);
  hdi_free(graph->references);
  hdi_free(graph->reference_text);
  hdi_free(graph->cheap);
  hdi_free(graph->priorities);
  graph->cheap = NULL;
  graph->priorities = NULL;
  graph->references = NULL;
  graph->reference_text = NULL;
  graph->reference_count = 0;
  graph->added_count = graph->task_count;
  graph->task_count = form->task_count;
  graph->function_of = form->function_of;
  graph->arg_offsets = form->arg_offsets;
  graph->args = form->args;
  graph->arg_count = form->arg_count;
  graph->rank_of = form->rank_of;
  graph->id_of = form->id_of;
  graph->dependent_offsets = form->dependent_offsets;
  graph->dependents = form->dependents;
  graph->edge_count = form->edge_count;
  graph->arg_count_max = form->arg_count_max;
  graph->outputs = seal->outputs;
  graph->output_count = seal->output_count;
  graph->joined = seal->joined;
  graph->order = seal->order;
  graph->order_us = seal->order_us;
  graph->sealed = true;
  seal->form = (hdi_form){0};
  seal->outputs = NULL;
  seal->joined = NULL;
}

/* The most inputs that one group, whose last part may release them all, has in all. */
static uint32_t released_max(const hd_graph *graph) {
  uint32_t most = 0;
  for (uint32_t first = 0, end; first < graph->task_count; first = end) {
    end = hdi_graph_group_end(graph, first);
    uint32_t inputs = graph->arg_offsets[end] - graph->arg_offsets[first];
    if (inputs > most) most = inputs;
  }
  return most + 1;
}

/* Ranks and groups the graph in `seal`, which then has all that the graph is to adopt. */
static hd_status prepare(sealing *seal) {
  double start_us = hdi_clock_us();
  hd_status status = walk(seal);
  if (status == HD_OK) seal->order_us = hdi_clock_us() - start_us;
  if (status == HD_OK && seal->desc->inlines)
    status = hdi_inline_cheap(seal->graph, seal->wanted_ids, &seal->form.id_of, &seal->form.task_count, &seal->copied);
  if (status == HD_OK) status = make_form(seal);
  if (status == HD_OK) status = rank_anew(seal);
  hdi_grouping grouping = grouping_of(seal);
  if (status == HD_OK) status = hdi_groups_join(&grouping, &seal->joined);
  return status == HD_OK ? wait_at_first(seal) : status;
}

hd_status hd_graph_seal(hd_graph *graph, const hd_seal_desc *desc) {
  if (graph->sealed) return hdi_graph_fail(graph, HD_SEALED, HD_NONE, HD_NONE, NULL);
  hd_status status = resolve(graph);
  if (status == HD_OK) status = check_references(graph, desc);
  if (status != HD_OK) return status;
  sealing seal = {.graph = graph, .desc = desc};
  status = prepare(&seal);
  if (status == HD_OK) {
    adopt(&seal);
    graph->released_max = released_max(graph);
    for (uint32_t i = 0; i < graph->function_count; i++) graph->has_external |= !graph->functions[i].kernel;
  }
  fini(&seal);
  if (status == HD_OK || status == HD_CYCLE) return status; /* the cycle is noted already */
  return hdi_graph_fail(graph, status, HD_NONE, HD_NONE, NULL);
}
