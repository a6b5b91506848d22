/* The best order: the least results alive at once that we can find in linear time. */
#ifndef HDI_GRAPH_BEST_H
#define HDI_GRAPH_BEST_H

#include "graph/peak.h"

/* Tries a few ways to walk the graph and gives the sequence with the least serial peak; the order in
 * which the tasks stand is the first of them, so it is never worse. Deterministic; some 100 bytes a
 * task for the time of the call; no recursion. sequence: [task_count]. Fails: OUT_OF_MEMORY. */
hd_status hdi_order_best(const hdi_order_view *view, uint32_t *sequence, uint32_t *peak);

#endif
