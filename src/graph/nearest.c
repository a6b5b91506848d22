/* The walk that always makes for the nearest goal.
 *
 * A goal is a task that lacks something but of whose inputs one has run or is ready to. How far it is:
 * the number of tasks that have yet to run for it (`rest`), counted as if nothing were shared, so that
 * it is a sum over inputs and can be kept up to date; compared by powers of two, ties to the goal that
 * came there first. On the way to a goal the walk turns aside for every goal that has come nearer than
 * what is still to do. So results with several readers are read by all of them while they are there,
 * and a task that is ready but frees nothing waits until a goal needs it; or, the other way to walk, runs
 * at once (`at_once`), which makes for more goals to choose from. */
#include "base/memory.h"
#include "graph/walk.h"

#include <string.h>

enum { DISTANCES = 64, NOWHERE = 0xff };

typedef struct nearest {
  hdi_walk *walk;
  uint64_t *rest;   /* tasks that have yet to run for this one: the sum of its inputs' */
  uint32_t *weight; /* the same at the start, itself included; UINT32_MAX is as much or more */
  /* Goals by distance: a doubly linked list for each. */
  uint32_t first[DISTANCES], last[DISTANCES];
  uint64_t filled; /* bit d: list d has goals */
  uint32_t *after, *before;
  uint8_t *distance; /* of a goal; NOWHERE: none at the moment */
  /* What the walk is about: a stack, linked so that a task in its middle can be taken to the top. */
  uint32_t *above, *below;
  uint32_t top;
  uint8_t *open;      /* on the stack, now or once */
  uint8_t *announced; /* it was ready before it ran, and its readers know */
  bool at_once;       /* tasks that are ready are goals as well, and the nearest */
  uint32_t seen;      /* so many of the sequence have been looked at */
} nearest;

/* 0 for 0, 1 for 1, 2 for 2 and 3, 3 for 4 to 7 .. */
static uint8_t distance_of(uint64_t rest) {
  uint8_t distance = 0;
  for (uint32_t step = 32; step; step /= 2)
    if (rest >> step) {
      rest >>= step;
      distance = (uint8_t)(distance + step);
    }
  distance = (uint8_t)(distance + (rest != 0));
  return distance < DISTANCES ? distance : DISTANCES - 1;
}

static void unlist(nearest *near, uint32_t goal) {
  uint8_t distance = near->distance[goal];
  if (distance == NOWHERE) return;
  uint32_t before = near->before[goal], after = near->after[goal];
  *(before == HD_NONE ? &near->first[distance] : &near->after[before]) = after;
  *(after == HD_NONE ? &near->last[distance] : &near->before[after]) = before;
  if (near->first[distance] == HD_NONE) near->filled &= ~(UINT64_C(1) << distance);
  near->distance[goal] = NOWHERE;
}

static void list(nearest *near, uint32_t goal, uint8_t distance) {
  uint32_t last = near->last[distance];
  near->before[goal] = last;
  near->after[goal] = HD_NONE;
  *(last == HD_NONE ? &near->first[distance] : &near->after[last]) = goal;
  near->last[distance] = goal;
  near->filled |= UINT64_C(1) << distance;
  near->distance[goal] = distance;
}

/* `task` needs `less` tasks less. */
static void come_nearer(nearest *near, uint32_t task, uint32_t less) {
  uint32_t missing = near->walk->missing[task];
  near->rest[task] -= less;
  if (near->open[task]) return;
  if ((missing == 0 && !near->at_once) || missing == HDI_WALK_RAN) {
    unlist(near, task);
    return;
  }
  uint8_t distance = missing ? distance_of(near->rest[task]) : 0;
  if (distance == near->distance[task]) return;
  unlist(near, task);
  list(near, task, distance);
}

/* A task that is ready is all that its readers have yet to run for it. */
static void announce(nearest *near, uint32_t task) {
  const hdi_order_view *view = near->walk->view;
  near->announced[task] = 1;
  for (uint32_t at = view->dependent_offsets[task]; at < view->dependent_offsets[task + 1]; at++)
    come_nearer(near, view->dependents[at], near->weight[task] - 1);
}

/* Tells the readers of what has run since the last look. */
static void look(nearest *near) {
  const hdi_order_view *view = near->walk->view;
  while (near->seen < near->walk->count) {
    uint32_t task = near->walk->sequence[near->seen++];
    uint32_t less = near->announced[task] ? 1 : near->weight[task];
    for (uint32_t at = view->dependent_offsets[task]; at < view->dependent_offsets[task + 1];
         at++) {
      uint32_t reader = view->dependents[at];
      come_nearer(near, reader, less);
      if (near->walk->missing[reader] || near->announced[reader] || near->at_once) continue;
      announce(near, reader);
    }
  }
}

static void push(nearest *near, uint32_t task) {
  unlist(near, task);
  near->open[task] = 1;
  near->below[task] = near->top;
  if (near->top != HD_NONE) near->above[near->top] = task;
  near->above[task] = HD_NONE;
  near->top = task;
}

static void take_out(nearest *near, uint32_t task) {
  uint32_t above = near->above[task], below = near->below[task];
  *(above == HD_NONE ? &near->top : &near->below[above]) = below;
  if (below != HD_NONE) near->above[below] = above;
}

/* The goal to turn aside for, or HD_NONE. */
static uint32_t nearer_goal(const nearest *near) {
  if (!near->filled) return HD_NONE;
  uint8_t distance = 0;
  while (!(near->filled >> distance & 1)) distance++;
  bool nearer = near->top == HD_NONE || distance < distance_of(near->rest[near->top]);
  return nearer ? near->first[distance] : HD_NONE;
}

/* One step: turn aside, go down, or run. */
static void step(nearest *near) {
  hdi_walk *walk = near->walk;
  uint32_t task = near->top;
  if (task == HD_NONE || walk->missing[task]) {
    uint32_t goal = nearer_goal(near);
    if (goal != HD_NONE) {
      push(near, goal);
      return;
    }
  }
  uint32_t input = hdi_walk_next_input(walk, task);
  if (input == HD_NONE) {
    take_out(near, task);
    hdi_walk_run_eagerly(walk, task);
    look(near);
    return;
  }
  if (near->open[input]) take_out(near, input);
  push(near, input);
}

static void walk_all(nearest *near) {
  hdi_walk *walk = near->walk;
  uint32_t next = 0;
  while (walk->count < walk->view->task_count) {
    while (near->top != HD_NONE && walk->missing[near->top] == HDI_WALK_RAN)
      take_out(near, near->top);
    if (near->top == HD_NONE && !near->filled) {
      while (walk->missing[next] == HDI_WALK_RAN) next++;
      push(near, next);
    }
    step(near);
  }
}

static void weigh(nearest *near) {
  const hdi_walk *walk = near->walk;
  for (uint32_t task = 0; task < walk->view->task_count; task++) {
    uint64_t rest = 0;
    for (uint32_t at = walk->input_offsets[task]; at < walk->input_offsets[task + 1]; at++)
      rest += near->weight[walk->inputs[at]];
    near->rest[task] = rest;
    near->weight[task] = rest < UINT32_MAX ? (uint32_t)rest + 1 : UINT32_MAX;
  }
}

hd_status hdi_walk_nearest(hdi_walk *walk, bool at_once) {
  uint32_t count = walk->view->task_count;
  nearest near = {.walk = walk, .top = HD_NONE, .at_once = at_once};
  memset(near.first, 0xff, sizeof near.first);
  memset(near.last, 0xff, sizeof near.last);
  near.rest = hdi_alloc(count, sizeof *near.rest);
  uint32_t *words = hdi_alloc(count, 5 * sizeof *words);
  uint8_t *bytes = hdi_alloc(count, 3);
  if (near.rest && words && bytes) {
    uint32_t **arrays[] = {&near.weight, &near.after, &near.before, &near.above, &near.below};
    for (size_t i = 0; i < 5; i++) *arrays[i] = words + i * count;
    near.distance = bytes;
    near.open = bytes + count;
    near.announced = bytes + 2 * (size_t)count;
    memset(near.distance, NOWHERE, count);
    memset(near.open, 0, 2 * (size_t)count);
    weigh(&near);
    walk_all(&near);
  }
  bool fine = near.rest && words && bytes;
  hdi_free(near.rest);
  hdi_free(words);
  hdi_free(bytes);
  return fine ? HD_OK : HD_OUT_OF_MEMORY;
}
