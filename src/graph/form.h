/* The sealed form of a graph, made of the tasks it was built from and a sequence to run them in. */
#ifndef HDI_GRAPH_FORM_H
#define HDI_GRAPH_FORM_H

#include "graph/graph.h"

/* Arrays by rank, as in hd_graph; id_of has its ids from the caller. */
typedef struct hdi_form {
  uint32_t task_count;
  uint32_t *id_of; /* [task_count] an id may stand several times: a copy for each reader */
  uint32_t arg_count, edge_count, arg_count_max;
  uint32_t *rank_of; /* [ids] HD_NONE: culled. The last one, where there are copies */
  uint32_t *function_of, *arg_offsets, *args, *dependent_offsets, *dependents;
} hdi_form;

/* Fills the arrays of a form whose id_of says in which order the tasks of an unsealed graph shall stand,
 * each after its inputs; a copy stands right before its reader. Fails: OUT_OF_MEMORY; the form is then as
 * before. */
hd_status hdi_form_make(const hd_graph *graph, hdi_form *form);

/* Fills dependent_offsets, which must be 0, and dependents from the rows of arguments. */
void hdi_form_link(hdi_form *form);

/* Frees all but id_of. */
void hdi_form_fini(hdi_form *form);

#endif
