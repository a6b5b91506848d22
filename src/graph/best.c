/* The best order: several walks, each counted as it goes; the least peak wins, ties go to the earlier.
 *
 * What each is here for (and none could go without loss on some graph):
 * - as they stand: the depth-first order that sealing made, by the arguments as the user wrote them:
 *   graphs whose author knew.
 * - depth first, the most demanding input first (Sethi and Ullman, The generation of optimal code for
 *   arithmetic expressions, 1970), and what pays at once (walk.h): trees, for which no order is better
 *   and where the search ends; cumulative sums, butterflies, groupbys, maps that share a reduction.
 * - newest ready first, as Dask's schedulers run, what starts in the order of the walk before: slices,
 *   histograms; and what starts from last to first: small pyramids, stencils after stencils.
 * - drain: finish what has begun. It goes for the reader of a result that has but one left, the last
 *   to get there first, and if there is none, for a reader of the oldest result alive: x @ x.T (a row
 *   and a column in turn), stencils, rechunks, several reductions over the same partitions.
 * - newest ready first again, in that order: large pyramids.
 * - nearest (nearest.c): several trees over the same leaves, which grow side by side; shuffles.
 * - nearest, what is ready at once: stencils after stencils whose arguments stand in no good order.
 * - newest ready first in the order of the best so far: products of two matrices.
 * Each is counted as it is and run late (hdi_walk_late), which is what makes many of them good.
 *
 * The search ends as soon as a peak is one that no order can undercut. */
#include "graph/best.h"

#include "base/memory.h"
#include "graph/walk.h"

#include <string.h>

typedef struct search {
  hdi_walk walk;
  uint32_t *input_offsets, *inputs;
  uint32_t *need; /* [task_count] results alive at once to make this one, if nothing were shared */
  uint32_t *numbers; /* 0, 1, 2 .. */
  uint32_t *words;
  bool forest;    /* no result has two readers */
  uint32_t least; /* no order has a smaller peak */
  uint32_t *sequence;
  uint32_t peak;
} search;

/* Stable, the largest need first. Bottom-up merging; rows in order, which is most, cost one look. */
static void sort_row(uint32_t *row, uint32_t count, const uint32_t *need, uint32_t *space) {
  uint32_t at = 1;
  while (at < count && need[row[at - 1]] >= need[row[at]]) at++;
  if (at >= count) return;
  for (uint32_t width = 1; width < count; width = width < count - width ? 2 * width : count) {
    for (uint32_t from = 0; count - from > width; from += 2 * width) {
      uint32_t end = count - from - width > width ? from + 2 * width : count;
      uint32_t left = 0, right = from + width, to = from;
      memcpy(space, row + from, width * sizeof *row);
      while (left < width && right < end)
        row[to++] = need[space[left]] >= need[row[right]] ? space[left++] : row[right++];
      while (left < width) row[to++] = space[left++];
      if (end == count) break;
    }
  }
}

/* Results alive at once to make a task from inputs made one after the other in this order. */
static uint32_t need_of(const uint32_t *row, uint32_t count, const uint32_t *need) {
  uint32_t most = 1, held = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (i && row[i] == row[i - 1]) continue;
    if (need[row[i]] + held > most) most = need[row[i]] + held;
    held++;
  }
  return held + 1 > most ? held + 1 : most;
}

/* The rows of inputs, sorted, and what there is to know beforehand. */
static void prepare(search *all) {
  const hdi_order_view *view = all->walk.view;
  uint32_t to = 0, outputs = 0, widest = 0;
  all->forest = true;
  for (uint32_t task = 0; task < view->task_count; task++) {
    uint32_t *row = all->inputs + to, count = 0;
    for (uint32_t at = view->arg_offsets[task]; at < view->arg_offsets[task + 1]; at++)
      if (!(view->args[at] & HD_BATCH_LITERAL)) row[count++] = view->args[at];
    sort_row(row, count, all->need, all->walk.scratch);
    all->need[task] = need_of(row, count, all->need);
    all->input_offsets[task] = to;
    to += count;
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < count; i++) distinct += i == 0 || row[i] != row[i - 1];
    if (distinct > widest) widest = distinct;
    outputs += view->wanted[task] != 0;
    if (view->dependent_offsets[task + 1] - view->dependent_offsets[task] > 1) all->forest = false;
  }
  all->input_offsets[view->task_count] = to;
  all->least = outputs > widest + 1 ? outputs : widest + 1;
}

/* Where the depth-first walk starts: at the outputs, in the order they stand, which is often a good one,
 * then at what nobody reads. In a forest the order is known: what leaves nothing behind first, then the
 * most demanding output. */
static uint32_t list_roots(const search *all, uint32_t *roots) {
  const hdi_order_view *view = all->walk.view;
  uint32_t count = 0, first_output = 0;
  for (uint32_t turn = 0; turn < 2; turn++) {
    bool outputs = all->forest ? turn == 1 : turn == 0;
    if (outputs) first_output = count;
    for (uint32_t task = 0; task < view->task_count; task++) {
      bool read = view->dependent_offsets[task] < view->dependent_offsets[task + 1];
      if (outputs == (view->wanted[task] != 0) && !(read && (all->forest || !outputs)))
        roots[count++] = task;
    }
  }
  if (all->forest)
    sort_row(roots + first_output, count - first_output, all->need, all->walk.scratch);
  return count;
}

static bool alloc_search(search *all) {
  enum { ARRAYS = 12 };
  size_t count = all->walk.view->task_count;
  all->words = hdi_alloc(count, ARRAYS * sizeof(uint32_t));
  all->input_offsets = hdi_alloc(count + 1, sizeof(uint32_t));
  all->inputs = hdi_alloc(all->walk.view->arg_offsets[count], sizeof(uint32_t));
  if (!all->words || !all->input_offsets || !all->inputs) return false;
  hdi_walk *walk = &all->walk;
  uint32_t **arrays[ARRAYS] = {&walk->missing, &walk->readers, &walk->cursor, &walk->sequence,
                               &walk->ready,   &walk->single,  &walk->stack,  &walk->eager,
                               &walk->scratch, &walk->late,    &all->need,    &all->numbers};
  for (size_t i = 0; i < ARRAYS; i++) *arrays[i] = all->words + i * count;
  walk->input_offsets = all->input_offsets;
  walk->inputs = all->inputs;
  return true;
}

static void free_search(search *all) {
  hdi_free(all->words);
  hdi_free(all->input_offsets);
  hdi_free(all->inputs);
}

/* Keeps the sequence of a walk if it is better, then the same run late. True: nothing is better. */
static bool keep(search *all) {
  hdi_walk *walk = &all->walk;
  const size_t bytes = walk->view->task_count * sizeof *all->sequence;
  if (walk->peak < all->peak) {
    all->peak = walk->peak;
    memcpy(all->sequence, walk->sequence, bytes);
  }
  if (all->peak > all->least && hdi_walk_late(walk, all->peak)) {
    all->peak = walk->late_peak;
    memcpy(all->sequence, walk->late, bytes);
  }
  return all->peak <= all->least;
}

enum { DEPTH_FIRST, NEWEST, NEWEST_BACKWARD, DRAIN, NEAREST, NEAREST_AT_ONCE, NEWEST_OF_BEST };
static const uint8_t plan[] = {DEPTH_FIRST, NEWEST,  NEWEST_BACKWARD, DRAIN,
                               NEWEST,      NEAREST, NEAREST_AT_ONCE, NEWEST_OF_BEST};

static hd_status go(search *all, uint8_t step) {
  hdi_walk *walk = &all->walk;
  hdi_walk_reset(walk);
  switch (step) {
    case DEPTH_FIRST: hdi_walk_depth_first(walk, walk->late, list_roots(all, walk->late)); break;
    case NEWEST: hdi_walk_newest(walk, walk->sequence, false); break;
    case NEWEST_BACKWARD: hdi_walk_newest(walk, all->numbers, true); break;
    case DRAIN: hdi_walk_drain(walk); break;
    case NEAREST: return hdi_walk_nearest(walk, false);
    case NEAREST_AT_ONCE: return hdi_walk_nearest(walk, true);
    case NEWEST_OF_BEST: hdi_walk_newest(walk, all->sequence, false); break;
  }
  return HD_OK;
}

static hd_status try_walks(search *all) {
  for (size_t i = 0; i < sizeof plan; i++) {
    hd_status status = go(all, plan[i]);
    if (status != HD_OK) return status;
    if (keep(all) || all->forest) break;
  }
  return HD_OK;
}

hd_status hdi_order_best(const hdi_order_view *view, uint32_t *sequence, uint32_t *peak) {
  search all = {.walk = {.view = view}, .sequence = sequence};
  hd_status status = hdi_peak_serial(view, NULL, &all.peak);
  if (status != HD_OK) return status;
  if (!alloc_search(&all)) status = HD_OUT_OF_MEMORY;
  if (status == HD_OK) {
    for (uint32_t task = 0; task < view->task_count; task++)
      sequence[task] = all.numbers[task] = task;
    prepare(&all);
    if (all.peak > all.least) status = try_walks(&all);
  }
  free_search(&all);
  if (status == HD_OK) *peak = all.peak;
  return status;
}
