/* Peaks, counted by going through the motions of a run. */
#include "graph/peak.h"

#include "base/check.h"
#include "base/memory.h"

/* Readers of each result that have yet to run. An output has one that never does. */
static uint32_t *count_readers(const hdi_order_view *view) {
  uint32_t *readers = hdi_alloc(view->task_count, sizeof *readers);
  if (!readers) return NULL;
  for (uint32_t task = 0; task < view->task_count; task++)
    readers[task] = view->dependent_offsets[task + 1] - view->dependent_offsets[task] +
                    (view->wanted[task] != 0);
  return readers;
}

/* How many results can go when `task` has run. */
static uint32_t release(const hdi_order_view *view, uint32_t *readers, uint32_t task) {
  uint32_t freed = readers[task] == 0;
  for (uint32_t at = view->arg_offsets[task]; at < view->arg_offsets[task + 1]; at++)
    if (!(view->args[at] & HD_BATCH_LITERAL)) freed += --readers[view->args[at]] == 0;
  return freed;
}

hd_status hdi_peak_serial(const hdi_order_view *view, const uint32_t *sequence, uint32_t *peak) {
  uint32_t *readers = count_readers(view);
  if (!readers) return HD_OUT_OF_MEMORY;
  uint32_t alive = 0, most = 0;
  for (uint32_t i = 0; i < view->task_count; i++) {
    if (++alive > most) most = alive;
    alive -= release(view, readers, sequence ? sequence[i] : i);
  }
  hdi_free(readers);
  *peak = most;
  return HD_OK;
}

/* The run that several workers make of it. Tasks are known by their places in the sequence. */
typedef struct crew {
  const hdi_order_view *view;
  const uint32_t *sequence;
  uint32_t *readers, *missing, *place_of;
  uint32_t *ready; /* a heap of places, the first on top */
  uint32_t ready_count;
  uint32_t *claimed; /* tasks in the order they were claimed; finished up to `finished` */
  uint32_t claimed_count, finished;
} crew;

static void push_ready(crew *run, uint32_t place) {
  uint32_t at = run->ready_count++;
  for (; at && run->ready[(at - 1) / 2] > place; at = (at - 1) / 2)
    run->ready[at] = run->ready[(at - 1) / 2];
  run->ready[at] = place;
}

static uint32_t pop_ready(crew *run) {
  uint32_t first = run->ready[0], place = run->ready[--run->ready_count], at = 0;
  for (;;) {
    uint32_t child = 2 * at + 1;
    if (child >= run->ready_count) break;
    if (child + 1 < run->ready_count && run->ready[child + 1] < run->ready[child]) child++;
    if (run->ready[child] >= place) break;
    run->ready[at] = run->ready[child];
    at = child;
  }
  run->ready[at] = place;
  return first;
}

static void prepare_crew(crew *run) {
  const hdi_order_view *view = run->view;
  for (uint32_t i = 0; i < view->task_count; i++) {
    uint32_t task = run->sequence ? run->sequence[i] : i;
    run->place_of[task] = i;
    run->missing[task] = 0;
    for (uint32_t at = view->arg_offsets[task]; at < view->arg_offsets[task + 1]; at++)
      run->missing[task] += !(view->args[at] & HD_BATCH_LITERAL);
    if (!run->missing[task]) push_ready(run, i);
  }
}

static uint32_t run_crew(crew *run, uint32_t workers) {
  const hdi_order_view *view = run->view;
  uint32_t alive = 0, most = 0;
  for (;;) {
    while (run->ready_count && run->claimed_count - run->finished < workers) {
      uint32_t place = pop_ready(run);
      run->claimed[run->claimed_count++] = run->sequence ? run->sequence[place] : place;
      if (++alive > most) most = alive;
    }
    if (run->finished == run->claimed_count) return most;
    uint32_t task = run->claimed[run->finished++];
    alive -= release(view, run->readers, task);
    for (uint32_t at = view->dependent_offsets[task]; at < view->dependent_offsets[task + 1]; at++)
      if (!--run->missing[view->dependents[at]])
        push_ready(run, run->place_of[view->dependents[at]]);
  }
}

hd_status hdi_peak_workers(const hdi_order_view *view, const uint32_t *sequence, uint32_t workers,
                           uint32_t *peak) {
  HD_ASSERT(workers);
  hd_status status = HD_OUT_OF_MEMORY;
  crew run = {.view = view, .sequence = sequence};
  run.readers = count_readers(view);
  run.missing = hdi_alloc(view->task_count, sizeof(uint32_t));
  run.place_of = hdi_alloc(view->task_count, sizeof(uint32_t));
  run.ready = hdi_alloc(view->task_count, sizeof(uint32_t));
  run.claimed = hdi_alloc(view->task_count, sizeof(uint32_t));
  if (run.readers && run.missing && run.place_of && run.ready && run.claimed) {
    prepare_crew(&run);
    *peak = run_crew(&run, workers);
    status = HD_OK;
  }
  hdi_free(run.readers);
  hdi_free(run.missing);
  hdi_free(run.place_of);
  hdi_free(run.ready);
  hdi_free(run.claimed);
  return status;
}
