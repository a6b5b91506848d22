/* Writing a graph anew, by rank. */
#include "graph/form.h"

#include "base/memory.h"

#include <string.h>

void hdi_form_fini(hdi_form *form) {
  hdi_free(form->rank_of);
  hdi_free(form->function_of);
  hdi_free(form->arg_offsets);
  hdi_free(form->args);
  hdi_free(form->dependent_offsets);
  hdi_free(form->dependents);
  *form = (hdi_form){.task_count = form->task_count, .id_of = form->id_of};
}

static bool alloc(const hd_graph *graph, hdi_form *form) {
  form->arg_count = 0;
  for (uint32_t rank = 0; rank < form->task_count; rank++) {
    uint32_t id = form->id_of[rank];
    form->arg_count += graph->arg_offsets[id + 1] - graph->arg_offsets[id];
  }
  form->rank_of = hdi_alloc(graph->task_count, sizeof(uint32_t));
  form->function_of = hdi_alloc(form->task_count, sizeof(uint32_t));
  form->arg_offsets = hdi_alloc((size_t)form->task_count + 1, sizeof(uint32_t));
  form->args = hdi_alloc(form->arg_count, sizeof(uint32_t));
  form->dependent_offsets = hdi_alloc_zero((size_t)form->task_count + 1, sizeof(uint32_t));
  return form->rank_of && form->function_of && form->arg_offsets && form->args && form->dependent_offsets;
}

/* Tasks and arguments by rank. */
static void renumber(const hd_graph *graph, hdi_form *form) {
  memset(form->rank_of, 0xff, graph->task_count * sizeof(uint32_t));
  uint32_t to = 0;
  for (uint32_t rank = 0; rank < form->task_count; rank++) {
    uint32_t id = form->id_of[rank];
    uint32_t from = graph->arg_offsets[id], end = graph->arg_offsets[id + 1];
    form->rank_of[id] = rank;
    form->function_of[rank] = graph->function_of[id];
    form->arg_offsets[rank] = to;
    if (end - from > form->arg_count_max) form->arg_count_max = end - from;
    for (; from < end; from++) {
      uint32_t word = graph->args[from];
      if (!(word & HD_BATCH_LITERAL)) {
        word = form->rank_of[word];
        form->edge_count++;
      }
      form->args[to++] = word;
    }
  }
  form->arg_offsets[form->task_count] = to;
}

/* Counts, one place to the right; turns the counts into offsets; fills the rows. Filling moves each offset to
 * the end of its row, which is the start of the next: shifting by one place undoes that. */
void hdi_form_link(hdi_form *form) {
  uint32_t *offsets = form->dependent_offsets;
  for (uint32_t at = 0; at < form->arg_offsets[form->task_count]; at++)
    if (!(form->args[at] & HD_BATCH_LITERAL)) offsets[form->args[at] + 1]++;
  for (uint32_t rank = 0; rank < form->task_count; rank++) offsets[rank + 1] += offsets[rank];
  for (uint32_t rank = 0; rank < form->task_count; rank++)
    for (uint32_t at = form->arg_offsets[rank]; at < form->arg_offsets[rank + 1]; at++)
      if (!(form->args[at] & HD_BATCH_LITERAL)) form->dependents[offsets[form->args[at]]++] = rank;
  memmove(offsets + 1, offsets, form->task_count * sizeof *offsets);
  offsets[0] = 0;
}

hd_status hdi_form_make(const hd_graph *graph, hdi_form *form) {
  if (!alloc(graph, form)) {
    hdi_form_fini(form);
    return HD_OUT_OF_MEMORY;
  }
  renumber(graph, form);
  form->dependents = hdi_alloc(form->edge_count, sizeof(uint32_t));
  if (!form->dependents) {
    hdi_form_fini(form);
    return HD_OUT_OF_MEMORY;
  }
  hdi_form_link(form);
  return HD_OK;
}
