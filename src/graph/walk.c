/* The state that all walks share, and the simple walks. Everything here is linear: rows are gone
 * through once, or by cursors that never turn back. */
#include "graph/walk.h"

#include <string.h>

void hdi_walk_reset(hdi_walk *walk) {
  const hdi_order_view *view = walk->view;
  for (uint32_t task = 0; task < view->task_count; task++) {
    walk->missing[task] = walk->input_offsets[task + 1] - walk->input_offsets[task];
    walk->readers[task] = (view->dependent_offsets[task + 1] - view->dependent_offsets[task]) |
                          (view->wanted[task] ? HDI_WALK_WANTED : 0);
  }
  memcpy(walk->cursor, walk->input_offsets, view->task_count * sizeof *walk->cursor);
  walk->count = walk->alive = walk->peak = walk->ready_count = walk->single_count = 0;
}

void hdi_walk_run(hdi_walk *walk, uint32_t task) {
  const hdi_order_view *view = walk->view;
  walk->missing[task] = HDI_WALK_RAN;
  walk->sequence[walk->count++] = task;
  if (++walk->alive > walk->peak) walk->peak = walk->alive;
  for (uint32_t at = walk->input_offsets[task]; at < walk->input_offsets[task + 1]; at++) {
    uint32_t left = --walk->readers[walk->inputs[at]];
    if (left == 0) walk->alive--;
    if (left == 1) walk->single[walk->single_count++] = walk->inputs[at];
  }
  if (walk->readers[task] == 0) walk->alive--;
  if (walk->readers[task] == 1) walk->single[walk->single_count++] = task;
  walk->ready_count = 0;
  for (uint32_t at = view->dependent_offsets[task]; at < view->dependent_offsets[task + 1]; at++)
    if (!--walk->missing[view->dependents[at]])
      walk->ready[walk->ready_count++] = view->dependents[at];
}

/* Whether running the ready task `task` makes no more than it frees. */
static bool pays(const hdi_walk *walk, uint32_t task) {
  if (!walk->readers[task]) return true;
  for (uint32_t at = walk->input_offsets[task]; at < walk->input_offsets[task + 1]; at++)
    if (walk->readers[walk->inputs[at]] == 1) return true;
  return false;
}

/* The reader that a result with one reader left still waits for. Called once for each result. */
static uint32_t last_reader(const hdi_walk *walk, uint32_t result) {
  uint32_t at = walk->view->dependent_offsets[result];
  while (walk->missing[walk->view->dependents[at]] == HDI_WALK_RAN) at++;
  return walk->view->dependents[at];
}

void hdi_walk_run_eagerly(hdi_walk *walk, uint32_t task) {
  uint32_t *queued = walk->eager, count = 0;
  queued[count++] = task;
  while (count) {
    uint32_t seen = walk->single_count;
    hdi_walk_run(walk, queued[--count]);
    for (uint32_t i = walk->ready_count; i-- > 0;) {
      if (!pays(walk, walk->ready[i])) continue;
      walk->missing[walk->ready[i]] = HDI_WALK_QUEUED;
      queued[count++] = walk->ready[i];
    }
    for (; seen < walk->single_count; seen++) {
      if (!walk->readers[walk->single[seen]]) continue; /* its reader took it twice */
      uint32_t reader = last_reader(walk, walk->single[seen]);
      if (walk->missing[reader]) continue;
      walk->missing[reader] = HDI_WALK_QUEUED;
      queued[count++] = reader;
    }
  }
}

uint32_t hdi_walk_next_input(hdi_walk *walk, uint32_t task) {
  if (!walk->missing[task]) return HD_NONE;
  uint32_t at = walk->cursor[task];
  while (walk->missing[walk->inputs[at]] == HDI_WALK_RAN) at++;
  walk->cursor[task] = at;
  return walk->inputs[at];
}

void hdi_walk_demand(hdi_walk *walk, uint32_t task) {
  uint32_t depth = 0;
  walk->stack[depth++] = task;
  while (depth) {
    task = walk->stack[depth - 1];
    if (walk->missing[task] == HDI_WALK_RAN) {
      depth--;
      continue;
    }
    uint32_t input = hdi_walk_next_input(walk, task);
    if (input != HD_NONE) {
      walk->stack[depth++] = input;
    } else {
      hdi_walk_run_eagerly(walk, task);
      depth--;
    }
  }
}

void hdi_walk_depth_first(hdi_walk *walk, const uint32_t *roots, uint32_t root_count) {
  for (uint32_t i = 0; i < root_count; i++) hdi_walk_demand(walk, roots[i]);
}

/* The last in the row of a result's readers that has yet to run. */
static uint32_t last_in_row(hdi_walk *walk, uint32_t *row_end, uint32_t result) {
  uint32_t end = row_end[result];
  while (walk->missing[walk->view->dependents[end - 1]] == HDI_WALK_RAN) end--;
  row_end[result] = end;
  return walk->view->dependents[end - 1];
}

void hdi_walk_drain(hdi_walk *walk) {
  uint32_t *row_end = walk->scratch, oldest = 0, next = 0;
  memcpy(row_end, walk->view->dependent_offsets + 1, walk->view->task_count * sizeof *row_end);
  for (;;) {
    while (walk->single_count && !walk->readers[walk->single[walk->single_count - 1]])
      walk->single_count--;
    while (oldest < walk->count && !(walk->readers[walk->sequence[oldest]] & ~HDI_WALK_WANTED))
      oldest++;
    if (walk->single_count) {
      hdi_walk_demand(walk, last_in_row(walk, row_end, walk->single[walk->single_count - 1]));
    } else if (oldest < walk->count) {
      hdi_walk_demand(walk, last_in_row(walk, row_end, walk->sequence[oldest]));
    } else {
      while (next < walk->view->task_count && walk->missing[next] == HDI_WALK_RAN) next++;
      if (next == walk->view->task_count) return;
      hdi_walk_demand(walk, next);
    }
  }
}

void hdi_walk_newest(hdi_walk *walk, const uint32_t *order, bool backward) {
  uint32_t count = walk->view->task_count, depth = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t task = order[backward ? i : count - 1 - i];
    if (!walk->missing[task]) walk->stack[depth++] = task;
  }
  while (depth) {
    hdi_walk_run(walk, walk->stack[--depth]);
    for (uint32_t i = walk->ready_count; i-- > 0;) walk->stack[depth++] = walk->ready[i];
  }
}

/* The same, back from the end. A result is alive when a reader of it has been placed (`left` counts
 * those that have not), or when it is wanted, until its task is placed; `fresh` counts the inputs of a
 * task that placing it would bring alive. */
typedef struct backward {
  hdi_walk *walk;
  uint32_t *left, *fresh;
  uint32_t *is_alive;
  uint32_t *queued;
  uint32_t queued_count;
} backward;

/* Places `task` next if that saves as much as it costs, that is, if it goes for at most one input. */
static void offer(backward *back, uint32_t task) {
  if (back->left[task] || back->fresh[task] > 1) return;
  back->left[task] = HDI_WALK_QUEUED;
  back->queued[back->queued_count++] = task;
}

static void bring_alive(backward *back, uint32_t result) {
  const hdi_order_view *view = back->walk->view;
  if (back->is_alive[result]) return;
  back->is_alive[result] = 1;
  back->walk->alive++;
  for (uint32_t at = view->dependent_offsets[result]; at < view->dependent_offsets[result + 1];
       at++) {
    back->fresh[view->dependents[at]]--;
    offer(back, view->dependents[at]);
  }
}

static void place(backward *back, uint32_t task, uint32_t place_at) {
  hdi_walk *walk = back->walk;
  walk->late[place_at] = task;
  bring_alive(back, task); /* if nobody reads it */
  for (uint32_t at = walk->input_offsets[task]; at < walk->input_offsets[task + 1]; at++) {
    bring_alive(back, walk->inputs[at]);
    back->left[walk->inputs[at]]--;
    offer(back, walk->inputs[at]);
  }
  if (walk->alive > walk->late_peak) walk->late_peak = walk->alive;
  walk->alive--;
}

static void prepare_backward(backward *back) {
  const hdi_walk *walk = back->walk;
  const hdi_order_view *view = walk->view;
  for (uint32_t task = 0; task < view->task_count; task++) {
    back->left[task] = view->dependent_offsets[task + 1] - view->dependent_offsets[task];
    back->is_alive[task] = view->wanted[task] != 0;
    back->fresh[task] = 0;
    for (uint32_t at = walk->input_offsets[task]; at < walk->input_offsets[task + 1]; at++)
      back->fresh[task] += !view->wanted[walk->inputs[at]];
  }
}

bool hdi_walk_late(hdi_walk *walk, uint32_t limit) {
  const uint32_t count = walk->view->task_count;
  backward back = {walk, walk->readers, walk->missing, walk->cursor, walk->eager, 0};
  prepare_backward(&back);
  walk->alive = walk->late_peak = 0;
  for (uint32_t task = 0; task < count; task++) walk->alive += back.is_alive[task];
  uint32_t left = count;
  for (uint32_t i = count; i-- > 0 && walk->late_peak < limit;) {
    if (back.left[walk->sequence[i]]) continue;
    back.left[walk->sequence[i]] = HDI_WALK_QUEUED;
    back.queued[back.queued_count++] = walk->sequence[i];
    while (back.queued_count) place(&back, back.queued[--back.queued_count], --left);
  }
  return walk->late_peak < limit;
}
