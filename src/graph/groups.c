/* Who belongs to whom is decided by local rules, so nothing is stored but the sequence and one bit a task. */
#include "graph/groups.h"

#include "base/memory.h"

#include <string.h>

static bool is_external(const hd_graph *graph, uint32_t function) { return !graph->functions[function].kernel; }

/* ---- inline ------------------------------------------------------------------------------------- */

/* Whether every reader of a task can run a copy of it. One that reads a copy itself is not copied: copies of
 * copies could become very many. */
static void mark_cheap(const hd_graph *graph, const uint8_t *wanted, const uint32_t *sequence, uint32_t count,
                       uint8_t *copied) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t id = sequence[i];
    uint32_t function = graph->function_of[id];
    copied[id] = function < graph->cheap_capacity && graph->cheap[function] && !wanted[id];
    for (uint32_t at = graph->arg_offsets[id]; at < graph->arg_offsets[id + 1]; at++) {
      uint32_t input = graph->args[at];
      if (input & HD_BATCH_LITERAL || !copied[input]) continue;
      copied[id] = 0;
      if (is_external(graph, graph->function_of[id]) != is_external(graph, graph->function_of[input])) copied[input] = 0;
    }
  }
}

static uint32_t arg_count(const hd_graph *graph, uint32_t id) { return graph->arg_offsets[id + 1] - graph->arg_offsets[id]; }

/* How many copies a reader needs; writes their ids to `to` unless it is NULL, and adds the arguments of all of them and
 * its own to *args. An input that is read twice is copied once. */
static uint32_t copies_for(const hd_graph *graph, const uint8_t *copied, uint32_t id, uint32_t *last_reader, uint32_t *to, uint64_t *args) {
  uint32_t count = 0;
  *args += arg_count(graph, id);
  for (uint32_t at = graph->arg_offsets[id]; at < graph->arg_offsets[id + 1]; at++) {
    uint32_t input = graph->args[at];
    if (input & HD_BATCH_LITERAL || !copied[input] || last_reader[input] == id) continue;
    last_reader[input] = id;
    *args += arg_count(graph, input);
    if (to) to[count] = input;
    count++;
  }
  return count;
}

static hd_status copy_in(const hd_graph *graph, const uint8_t *copied, uint32_t *last_reader, uint32_t **sequence,
                         uint32_t *count) {
  uint64_t total = 0, args = 0;
  memset(last_reader, 0xff, graph->task_count * sizeof *last_reader);
  for (uint32_t i = 0; i < *count; i++)
    if (!copied[(*sequence)[i]]) total += 1 + copies_for(graph, copied, (*sequence)[i], last_reader, NULL, &args);
  if (total >= HD_BATCH_LITERAL || args >= HD_NONE) return HD_TOO_LARGE;
  uint32_t *longer = hdi_alloc((size_t)total, sizeof *longer), to = 0;
  if (!longer) return HD_OUT_OF_MEMORY;
  memset(last_reader, 0xff, graph->task_count * sizeof *last_reader);
  for (uint32_t i = 0; i < *count; i++) {
    uint32_t id = (*sequence)[i];
    if (copied[id]) continue;
    to += copies_for(graph, copied, id, last_reader, longer + to, &args);
    longer[to++] = id;
  }
  hdi_free(*sequence);
  *sequence = longer;
  *count = to;
  return HD_OK;
}

/* A cheap task that nobody reads (it was added, is not wanted and not culled) stays as it is. */
static void keep_unread(const hd_graph *graph, const uint32_t *sequence, uint32_t count, uint8_t *copied, uint8_t *read) {
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t at = graph->arg_offsets[sequence[i]]; at < graph->arg_offsets[sequence[i] + 1]; at++)
      if (!(graph->args[at] & HD_BATCH_LITERAL)) read[graph->args[at]] = 1;
  for (uint32_t i = 0; i < count; i++) copied[sequence[i]] &= read[sequence[i]];
}

hd_status hdi_inline_cheap(const hd_graph *graph, const uint8_t *wanted, uint32_t **sequence, uint32_t *count,
                           uint8_t **copied) {
  *copied = NULL;
  if (!graph->cheap_capacity) return HD_OK;
  hd_status status = HD_OUT_OF_MEMORY;
  uint8_t *marks = hdi_alloc_zero(graph->task_count, 1), *read = hdi_alloc_zero(graph->task_count, 1);
  uint32_t *last_reader = hdi_alloc(graph->task_count, sizeof *last_reader);
  if (marks && read && last_reader) {
    mark_cheap(graph, wanted, *sequence, *count, marks);
    keep_unread(graph, *sequence, *count, marks, read);
    status = copy_in(graph, marks, last_reader, sequence, count);
  }
  hdi_free(read);
  hdi_free(last_reader);
  if (status == HD_OK) *copied = marks;
  else hdi_free(marks);
  return status;
}

/* ---- groups of a form --------------------------------------------------------------------------- */

static bool is_copy(const hdi_grouping *by, uint32_t rank) {
  return by->copied && by->copied[by->form->id_of[rank]];
}

/* The one task that reads another, or HD_NONE if there are none or several. */
static uint32_t only_reader(const hdi_form *form, uint32_t rank) {
  uint32_t at = form->dependent_offsets[rank], end = form->dependent_offsets[rank + 1];
  if (at == end) return HD_NONE;
  uint32_t reader = form->dependents[at];
  while (++at < end)
    if (form->dependents[at] != reader) return HD_NONE;
  return reader;
}

/* The one task that a task reads, or HD_NONE. */
static uint32_t only_input(const hdi_form *form, uint32_t rank) {
  uint32_t input = HD_NONE;
  for (uint32_t at = form->arg_offsets[rank]; at < form->arg_offsets[rank + 1]; at++) {
    uint32_t word = form->args[at];
    if (word & HD_BATCH_LITERAL || word == input) continue;
    if (input != HD_NONE) return HD_NONE;
    input = word;
  }
  return input;
}

/* Each task's only input, and what follows it in a linear chain; each HD_NONE if there is none. Found once for all, so
 * that no row is read again for each of its tasks. */
typedef struct chains {
  uint32_t *input, *next;
} chains;

static void free_chains(chains *found) {
  hdi_free(found->input);
  hdi_free(found->next);
}

/* The task that follows in a linear chain: it reads nothing else, and nobody else reads this one. */
static uint32_t chain_next(const hdi_grouping *by, const chains *found, uint32_t rank) {
  const hdi_form *form = by->form;
  if (!by->fuse || by->wanted[rank] || is_copy(by, rank)) return HD_NONE;
  uint32_t next = only_reader(form, rank);
  if (next == HD_NONE || is_copy(by, next) || found->input[next] != rank) return HD_NONE;
  if (by->level && by->level[rank] != by->level[next]) return HD_NONE;
  bool same_kind = is_external(by->graph, form->function_of[rank]) == is_external(by->graph, form->function_of[next]);
  return same_kind ? next : HD_NONE;
}

static bool find_chains(const hdi_grouping *by, chains *found) {
  uint32_t count = by->form->task_count;
  found->input = hdi_alloc(count, sizeof *found->input);
  found->next = hdi_alloc(count, sizeof *found->next);
  if (!found->input || !found->next) {
    free_chains(found);
    return false;
  }
  for (uint32_t rank = 0; rank < count; rank++) found->input[rank] = only_input(by->form, rank);
  for (uint32_t rank = 0; rank < count; rank++) found->next[rank] = chain_next(by, found, rank);
  return true;
}

static bool is_chain_part(const chains *found, uint32_t rank) {
  return found->input[rank] != HD_NONE && found->next[found->input[rank]] == rank;
}

hd_status hdi_groups_gather(const hdi_grouping *by, uint32_t *sequence) {
  uint32_t count = by->form->task_count, to = 0;
  uint32_t *gathered = hdi_alloc(count, sizeof *gathered);
  chains found;
  if (!gathered || !find_chains(by, &found)) {
    hdi_free(gathered);
    return HD_OUT_OF_MEMORY;
  }
  for (uint32_t i = 0; i < count; i++) {
    uint32_t rank = sequence[i], copies = 0;
    if (is_copy(by, rank) || is_chain_part(&found, rank)) continue; /* comes with its reader, or its head */
    while (copies < rank && is_copy(by, rank - copies - 1)) copies++; /* a form has them right in front */
    for (; copies; copies--) gathered[to++] = rank - copies;
    for (; rank != HD_NONE; rank = found.next[rank]) gathered[to++] = rank;
  }
  memcpy(sequence, gathered, count * sizeof *sequence);
  free_chains(&found);
  hdi_free(gathered);
  return HD_OK;
}

hd_status hdi_groups_join(const hdi_grouping *by, uint64_t **joined) {
  uint32_t count = by->form->task_count;
  bool any = false;
  *joined = NULL;
  if (!by->fuse && !by->copied) return HD_OK;
  uint64_t *bits = hdi_alloc_zero((size_t)count / 64 + 1, sizeof *bits);
  chains found;
  if (!bits || !find_chains(by, &found)) {
    hdi_free(bits);
    return HD_OUT_OF_MEMORY;
  }
  for (uint32_t rank = 1; rank < count; rank++) {
    if (!is_copy(by, rank - 1) && found.next[rank - 1] != rank) continue;
    bits[rank / 64] |= UINT64_C(1) << rank % 64;
    any = true;
  }
  free_chains(&found);
  if (any) *joined = bits;
  else hdi_free(bits);
  return HD_OK;
}
