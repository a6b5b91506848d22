/* Groups: tasks that one worker runs in one go, so that what passes between them need not be stored or
 * encoded. A group's parts have neighbouring ranks. There are two ways into one: a linear chain is fused,
 * and a cheap task is inlined, that is copied in front of each of its readers (Dask's fuse and
 * inline_functions). */
#ifndef HDI_GRAPH_GROUPS_H
#define HDI_GRAPH_GROUPS_H

#include "graph/form.h"

/* Puts a copy of each cheap task in front of each of its readers. `sequence` [*count] has every id once, each
 * after its inputs; if anything is copied a longer one takes its place, and *copied [ids] is 1 for what was, to
 * be freed by the caller, like the sequence; otherwise it is NULL. `wanted` is by id.
 * Fails: OUT_OF_MEMORY, TOO_LARGE. */
hd_status hdi_inline_cheap(const hd_graph *graph, const uint8_t *wanted, uint32_t **sequence, uint32_t *count,
                           uint8_t **copied);

/* By what the groups of a form are found. */
typedef struct hdi_grouping {
  const hd_graph *graph;
  const hdi_form *form;
  const uint8_t *copied; /* by id, or NULL */
  const uint8_t *wanted; /* by rank */
  const int32_t *level;  /* by rank: keeps tasks of different priority apart; or NULL */
  bool fuse;             /* also linear chains */
} hdi_grouping;

/* Moves the parts of each group side by side: a copy to its reader, the rest of a chain to its head. `sequence`
 * [task_count] has the form's ranks in a legal order. Fails: OUT_OF_MEMORY. */
hd_status hdi_groups_gather(const hdi_grouping *grouping, uint32_t *sequence);

/* A bit a task, as in hd_graph.joined, for a form whose groups stand side by side; NULL: there are no groups.
 * Fails: OUT_OF_MEMORY. */
hd_status hdi_groups_join(const hdi_grouping *grouping, uint64_t **joined);

#endif
