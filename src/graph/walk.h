/* Walks: ways to run through a graph on paper, for the search of the best order (best.h). A walk
 * decides what runs next; the state below follows, counts the results alive, and keeps the sequence. */
#ifndef HDI_GRAPH_WALK_H
#define HDI_GRAPH_WALK_H

#include "graph/peak.h"

#include <stdbool.h>

/* In `missing`: */
#define HDI_WALK_RAN UINT32_MAX          /* it has run */
#define HDI_WALK_QUEUED (UINT32_MAX - 1) /* it is about to */

/* Added to `readers` of an output, so that it comes neither to 1 nor to 0. */
#define HDI_WALK_WANTED 0x80000000u

typedef struct hdi_walk {
  const hdi_order_view *view;
  const uint32_t
      *input_offsets; /* rows of args without literals, the most demanding first (best.c) */
  const uint32_t *inputs;

  uint32_t *missing;  /* inputs that have yet to run, or one of the above */
  uint32_t *readers;  /* readers that have yet to run, HDI_WALK_WANTED added */
  uint32_t *cursor;   /* in the row of inputs: all before have run */
  uint32_t *sequence; /* what has run */
  uint32_t count;
  uint32_t alive, peak;

  uint32_t *ready; /* what the last task made ready */
  uint32_t ready_count;
  uint32_t *single; /* results that came to have one reader left, in that order */
  uint32_t single_count;

  uint32_t *late;     /* hdi_walk_late's sequence */
  uint32_t late_peak; /* and its peak */

  uint32_t *stack, *eager, *scratch; /* [task_count] each */
} hdi_walk;

/* Back to where nothing has run. */
void hdi_walk_reset(hdi_walk *walk);

/* Runs a ready task. */
void hdi_walk_run(hdi_walk *walk, uint32_t task);

/* Runs a ready task, then every task that has become ready and is the last reader of something: it
 * frees at least as much as it makes, so that waiting cannot pay. */
void hdi_walk_run_eagerly(hdi_walk *walk, uint32_t task);

/* Runs what `task` lacks, inputs first, then the task; all eagerly. */
void hdi_walk_demand(hdi_walk *walk, uint32_t task);

/* The first input of `task` that has yet to run; HD_NONE if there is none. */
uint32_t hdi_walk_next_input(hdi_walk *walk, uint32_t task);

/* The walks. Each needs the state reset. best.c says what each is good for. */
/* `roots`: in this order; together they need every task. Not in stack or eager. */
void hdi_walk_depth_first(hdi_walk *walk, const uint32_t *roots, uint32_t root_count);
void hdi_walk_drain(hdi_walk *walk);
/* `order`: a sequence of all tasks that says which tasks without inputs come first, or last if
 * backward; may be the one that the walk before has left in walk->sequence. */
void hdi_walk_newest(hdi_walk *walk, const uint32_t *order, bool backward);
/* In a file of its own, where `at_once` is explained. Fails: OUT_OF_MEMORY. */
hd_status hdi_walk_nearest(hdi_walk *walk, bool at_once);

/* Goes back through the sequence of a walk that is done and lets tasks run as late as they can: a task
 * is put before its first reader as soon as that holds no more alive than it saves. This is running
 * eagerly, turned round; walks that run things too early gain a lot by it. (Schedules that go back and
 * forth: Li and Willis, An iterative scheduling technique, 1992.) Gives up, and says false, when the
 * peak comes to `limit`. What is kept in sequence stays, the rest of the state does not. */
bool hdi_walk_late(hdi_walk *walk, uint32_t limit);

#endif
