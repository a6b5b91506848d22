/* Peaks: how many results are alive at once when a graph runs in some sequence. Counts, runs nothing. */
#ifndef HDI_GRAPH_PEAK_H
#define HDI_GRAPH_PEAK_H

#include <hd/graph.h>

/* A graph whose tasks already stand in a legal order: every argument that is a task is smaller than
 * the task that takes it. Rows as in a sealed graph. */
typedef struct hdi_order_view {
  uint32_t task_count;
  const uint32_t *arg_offsets; /* [task_count + 1] */
  const uint32_t *args; /* tasks, or HD_BATCH_LITERAL | literal; the same task may stand twice */
  const uint32_t *dependent_offsets; /* [task_count + 1] */
  const uint32_t *dependents;        /* a task that uses another twice stands twice */
  const uint8_t *wanted;             /* [task_count] outputs: their results stay alive */
} hdi_order_view;

/* The number of results alive at once, at most, when one worker runs the tasks in this legal
 * sequence (NULL: by number). A result is alive from when it is made, together with the inputs of its
 * task, until its last reader has run; one that nobody reads or wants, while it is made. Linear.
 * Fails: OUT_OF_MEMORY. */
hd_status hdi_peak_serial(const hdi_order_view *view, const uint32_t *sequence, uint32_t *peak);

/* The same for several workers, as a model without clocks: whoever is free claims the ready task that
 * stands first in the sequence, and tasks finish in the order they were claimed. A result counts from
 * when its task is claimed. n log n. Fails: OUT_OF_MEMORY. */
hd_status hdi_peak_workers(const hdi_order_view *view, const uint32_t *sequence, uint32_t workers,
                           uint32_t *peak);

#endif
