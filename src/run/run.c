/* The run as a state machine: claims, finished tasks, what becomes ready, what may be released. No locks. Answers
 * that leave no result are in failure.c. */
#include "run/run.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "store/value.h"

#include <string.h>

static void set_counts(hd_run *run) {
  const hd_graph *graph = run->graph;
  hdi_ready *roots = run->root_words ? &run->roots : &run->ready;
  for (uint32_t task = 0, end; task < run->task_count; task = end) {
    uint32_t inputs = 0;
    end = hdi_graph_group_end(graph, task);
    for (uint32_t part = task; part < end; part++) {
      hdi_store_relaxed_u32(&run->readers[part],
                            graph->dependent_offsets[part + 1] - graph->dependent_offsets[part]);
      hdi_store_relaxed_u32(&run->waiting[part], task);
    }
    for (uint32_t at = graph->arg_offsets[task]; at < graph->arg_offsets[end]; at++)
      inputs += graph->args[at] < task; /* not its own parts, not literals */
    hdi_store_relaxed_u32(&run->waiting[task], inputs);
    if (inputs) continue;
    hdi_store_relaxed_u8(&run->states[task], HD_READY);
    hdi_ready_add(roots, task);
  }
  for (uint32_t i = 0; i < graph->output_count; i++) {
    hdi_u32 *readers = &run->readers[graph->outputs[i]];
    hdi_store_relaxed_u32(readers, hdi_load_relaxed_u32(readers) + 1);
  }
}

uint32_t hdi_run_group_first(const hd_run *run, uint32_t task) {
  return hdi_graph_joined(run->graph, task) ? hdi_load_relaxed_u32(&run->waiting[task]) : task;
}

hd_status hd_run_create(hd_graph *graph, const hd_run_desc *desc, hd_run **out) {
  HD_ASSERT(graph->sealed);
  uint32_t workers = desc->worker_count ? desc->worker_count : 1, count = graph->task_count;
  if (workers > HD_WORKERS_MAX) return HD_WORKER_COUNT;
  hd_run *run = hdi_alloc_zero(1, sizeof *run);
  if (!run) return HD_OUT_OF_MEMORY;
  run->graph = graph;
  hdi_graph_retain(graph);
  run->task_count = count;
  run->worker_count = workers;
  run->alone = workers == 1;
  run->loose = desc->loose && workers > 1;
  run->executor_keeps = desc->executor_keeps;
  run->budget_results = desc->budget_results ? desc->budget_results : UINT32_MAX;
  run->budget_bytes = desc->budget_bytes ? desc->budget_bytes : UINT64_MAX;
  bool budgeted = desc->budget_results || desc->budget_bytes;
  run->counting = budgeted || desc->count_results;
  run->clock_us = desc->clock_us ? desc->clock_us : hdi_clock_us;
  run->keep_going = desc->keep_going;
  run->announce = desc->announce;
  run->ready_words = hdi_alloc_zero(hdi_ready_word_count(count), sizeof *run->ready_words);
  run->waiting = hdi_alloc(count, sizeof *run->waiting);
  run->readers = hdi_alloc(count, sizeof *run->readers);
  run->states = hdi_alloc_zero(count, sizeof *run->states);
  run->tallies = hdi_alloc_zero(workers, sizeof *run->tallies);
  if (!desc->executor_keeps) run->values = hdi_alloc_zero(count, sizeof *run->values);
  if (desc->progress) run->progress = hdi_alloc_zero(count, sizeof *run->progress);
  if (graph->retries) run->tries = hdi_alloc_zero(count, sizeof *run->tries);
  if (desc->trace) {
    run->records = hdi_alloc_zero(count, sizeof *run->records);
    run->sizes = hdi_alloc_zero(count, sizeof *run->sizes);
  }
  if (budgeted) run->root_words = hdi_alloc_zero(hdi_ready_word_count(count), sizeof *run->root_words);
  if ((budgeted && !run->root_words) || !run->ready_words || !run->waiting || !run->readers || !run->states || !run->tallies ||
      (!desc->executor_keeps && !run->values) || (desc->trace && (!run->records || !run->sizes || !hdi_run_make_notes(run))) || (desc->progress && !run->progress) ||
      (graph->retries && !run->tries)) {
    hd_run_destroy(run);
    return HD_OUT_OF_MEMORY;
  }
  hdi_store_relaxed_u32(&run->failed_task, HD_NONE);
  hdi_ready_init(&run->ready, count, run->ready_words);
  if (budgeted) {
    hdi_ready_init(&run->roots, count, run->root_words);
    hdi_store_seq_u32(&run->control, HDI_BUDGETED);
  }
  set_counts(run);
  if (desc->paused) hd_run_pause(run);
  *out = run;
  return HD_OK;
}

void hd_run_destroy(hd_run *run) {
  if (!run) return;
  if (run->values)
    for (uint32_t task = 0; task < run->task_count; task++) hd_value_release(&run->values[task]);
  hd_value_release(&run->failed_error);
  hdi_run_drop_failures(run);
  hdi_free(run->ready_words);
  hdi_free(run->root_words);
  hdi_free(run->waiting);
  hdi_free(run->readers);
  hdi_free(run->states);
  hdi_free(run->values);
  hdi_free(run->records);
  hdi_free(run->sizes);
  hdi_run_drop_notes(run);
  hdi_free(run->progress);
  hdi_free(run->tries);
  hdi_free(run->tallies);
  hd_graph_destroy(run->graph);
  hdi_free(run);
}

/* ---- claiming ----------------------------------------------------------------------------------- */

/* Whether one more root may begin while so many tasks are open, that one included. */
static bool within_budget(const hd_run *run, uint32_t open) {
  return (uint64_t)hdi_load_seq_u32(&run->alive) + open <= run->budget_results &&
         hdi_load_seq_u64(&run->alive_bytes) < run->budget_bytes;
}

/* The lowest task that the budget allows: any that has inputs, a root when there is room or when nothing
 * else goes on (BUDGET-1). */
static uint32_t take_within_budget(hd_run *run, uint32_t *task, bool *raised) {
  uint32_t open = hdi_add_seq_u32(&run->open, 1) + 1; /* sync BUDGET-1 */
  uint32_t count = 0;
  bool room = within_budget(run, open);
  if (room && hdi_ready_lowest(&run->roots) < hdi_ready_lowest(&run->ready))
    count = hdi_ready_take(&run->roots, 1, task, raised);
  if (!count) count = hdi_ready_take(&run->ready, 1, task, raised);
  if (!count && (room || open == 1)) count = hdi_ready_take(&run->roots, 1, task, raised);
  if (!count) hdi_sub_seq_u32(&run->open, 1);
  return count;
}

static bool any_ready(const hd_run *run) {
  return hdi_ready_any(&run->ready) || (run->root_words && hdi_ready_any(&run->roots));
}

/* Claims by the gate or the budget, or of a run that was stopped. */
static uint32_t claim_gated(hd_run *run, uint32_t *task, bool *raised, hdi_pass *pass) {
  uint32_t control = hdi_load_seq_u32(&run->control);
  if (control & HDI_STOPPED || !any_ready(run)) return 0;
  if (control & HDI_GATED) *pass = hdi_gate_pass(&run->gate, run->clock_us());
  if (*pass == HDI_PASS_NO) return 0;
  uint32_t count = control & HDI_BUDGETED ? take_within_budget(run, task, raised)
                                          : hdi_ready_take(&run->ready, 1, task, raised);
  if (!count && control & HDI_GATED) hdi_gate_return(&run->gate, *pass);
  return count;
}

/* A task begins: its record, then its state; whoever sees the one sees the other. */
static void begin(hd_run *run, uint32_t worker, uint32_t task, double now_us, hdi_pass pass) {
  if (run->records) {
    hd_record *record = &run->records[task];
    record->start_us = now_us;
    record->worker = (uint16_t)worker;
    if (record->attempts < UINT8_MAX) record->attempts++;
  }
  hdi_run_set_state(run, task, HD_RUNNING | (pass == HDI_PASS_TOKEN ? HDI_TOKEN : 0));
}

uint32_t hd_run_claim(hd_run *run, uint32_t worker, uint32_t max, uint32_t *tasks) {
  HD_ASSERT(worker < run->worker_count);
  bool raised = false;
  hdi_pass pass = HDI_PASS_FREE;
  uint32_t count;
  if (!max) return 0;
  if (hdi_load_seq_u32(&run->control) == 0) count = hdi_ready_take(&run->ready, max, tasks, &raised);
  else count = claim_gated(run, tasks, &raised, &pass);
  if (raised) hdi_run_wake(run, HD_WORKERS_MAX); /* sync READY-4 */
  if (!count) return 0;
  hdi_count_up(&run->tallies[worker].claimed, count);
  double now = run->records ? run->clock_us() : 0;
  for (uint32_t i = 0; i < count; i++) begin(run, worker, tasks[i], now, pass);
  return count;
}

bool hdi_run_draw(hd_run *run, hdi_hand *hand) {
  bool raised = false;
  if (hdi_load_seq_u32(&run->control) != 0) return false;
  hand->tasks = hdi_ready_take_bits(&run->ready, hand->max, &hand->from, &raised);
  if (raised) hdi_run_wake(run, HD_WORKERS_MAX); /* sync READY-4 */
  hand->whole = run->alone && hand->max >= HDI_READY_BITS;
  return hand->tasks != 0;
}

uint32_t hdi_run_play(hd_run *run, uint32_t worker, hdi_hand *hand) {
  uint32_t task = hand->from + (uint32_t)__builtin_ctzll(hand->tasks);
  hand->tasks &= hand->tasks - 1;
  hdi_count_up(&run->tallies[worker].claimed, 1);
  if (run->records || run->progress) begin(run, worker, task, run->records ? run->clock_us() : 0, HDI_PASS_FREE);
  return task;
}

uint32_t hdi_run_put_back(hd_run *run, hdi_hand *hand, uint32_t keep) {
  uint32_t count = 0;
  uint64_t kept = 0;
  for (; keep && hand->tasks; keep--) {
    kept |= hand->tasks & (~hand->tasks + 1);
    hand->tasks &= hand->tasks - 1;
  }
  for (; hand->tasks; hand->tasks &= hand->tasks - 1, count++)
    hdi_ready_add(&run->ready, hand->from + (uint32_t)__builtin_ctzll(hand->tasks));
  hand->tasks = kept;
  hand->whole = false;
  return count;
}

void hd_run_args(const hd_run *run, uint32_t task, hd_value *args) {
  const uint32_t *offsets = run->graph->arg_offsets + task;
  hdi_run_args(run, run->graph->args + offsets[0], offsets[1] - offsets[0], args);
}

/* Gives a token back; false if the task held none. */
static bool return_token(hd_run *run, uint32_t task) {
  uint8_t state = hdi_load_relaxed_u8(&run->states[task]);
  if (!(state & HDI_TOKEN)) return false;
  hdi_store_relaxed_u8(&run->states[task], (uint8_t)(state & ~HDI_TOKEN));
  hdi_sub_seq_u32(&run->gate.held, 1);
  return true;
}

bool hdi_run_close_claim(hd_run *run, uint32_t task) {
  if (run->records) {
    hd_record *record = &run->records[task];
    record->elapsed_us = (float)(run->clock_us() - record->start_us);
  }
  return return_token(run, task);
}

/* ---- finishing ---------------------------------------------------------------------------------- */

/* One less of what the caller is one of. True: the caller was the last (RUN-1, RUN-2). */
static inline bool count_down(hdi_u32 *count, bool alone) {
  uint32_t left = hdi_load_seq_u32(count);
  if (left == 1) return true; /* all others have counted down: nobody will look again */
  if (!alone) return hdi_sub_seq_u32(count, 1) == 1;
  hdi_store_relaxed_u32(count, left - 1);
  return false;
}

uint64_t hdi_block_bytes(const hd_value *value) {
  return value->tag == HD_BLOCK ? hd_block_bytes(value->as.block) : 0;
}

static void count_made(hd_run *run, const hd_value *result) {
  if (result) hdi_add_seq_u64(&run->alive_bytes, hdi_block_bytes(result));
  uint32_t alive = hdi_add_seq_u32(&run->alive, 1) + 1;
  for (;;) {
    uint32_t peak = hdi_load_seq_u32(&run->alive_peak);
    if (alive <= peak || hdi_cas_seq_u32(&run->alive_peak, peak, alive)) return;
  }
}

static bool is_absent(const hd_run *run, uint32_t task) { return run->values && run->values[task].tag == HD_ABSENT; }

static void release(hd_run *run, uint32_t worker, uint32_t task, hd_finished *finished) {
  if (run->counting) {
    if (run->values) hdi_add_seq_u64(&run->alive_bytes, (uint64_t)0 - hdi_block_bytes(&run->values[task]));
    hdi_sub_seq_u32(&run->alive, 1);
  }
  bool absent = run->keep_going && is_absent(run, task); /* its state says more */
  if (run->values) hdi_value_release(&run->values[task]);
  if (!absent) hdi_run_set_state(run, task, HD_RELEASED);
  hdi_count_up(&run->tallies[worker].released, 1);
  if (finished->released) finished->released[finished->released_count] = task;
  finished->released_count++;
}

/* Releases the inputs of a task that it was the last to read, those from `from` on but before `before`. */
static void release_inputs(hd_run *run, uint32_t worker, uint32_t task, uint32_t from, uint32_t before,
                           hd_finished *finished) {
  const hd_graph *graph = run->graph;
  for (uint32_t at = graph->arg_offsets[task]; at < graph->arg_offsets[task + 1]; at++) {
    uint32_t input = graph->args[at];
    if (input < from || input >= before) continue; /* also literals */
    if (count_down(&run->readers[input], run->alone)) release(run, worker, input, finished); /* sync RUN-2 */
  }
}

/* Whether a task that became ready may go into the hand, so that the lowest of all is still in the hand or
 * in front of the ready set. */
static bool fits(const hd_run *run, uint32_t task, const hdi_hand *hand) {
  bool near = task - task % HDI_READY_BITS == hand->from;
  if (hand->whole && near) return true; /* the set has none of this word */
  if (!hand->tasks) return run->loose || task < hdi_ready_lowest(&run->ready);
  if (!near || (uint32_t)__builtin_popcountll(hand->tasks) >= hand->max) return false;
  return run->loose || UINT64_C(1) << task % HDI_READY_BITS < hand->tasks || task < hdi_ready_lowest(&run->ready);
}

/* A task became ready: it goes into the hand or into the ready set. */
static void place(hd_run *run, uint32_t task, hdi_hand *hand, hd_finished *finished) {
  if (!hand || run->records) hdi_run_set_state(run, task, HD_READY);
  if (hand && fits(run, task, hand)) {
    uint32_t from = task - task % HDI_READY_BITS;
    if (from != hand->from) {
      hand->from = from;
      hand->whole = false;
    }
    hand->tasks |= UINT64_C(1) << task % HDI_READY_BITS;
  } else {
    hdi_ready_add(&run->ready, task);
    finished->ready_count++;
  }
}

/* The dependents of a finished task, or of a finished group, wait for one less. Their row rises. */
static void count_down_dependents(hd_run *run, uint32_t task, hdi_hand *hand, hd_finished *finished) {
  const hd_graph *graph = run->graph;
  if (hand && hdi_load_seq_u32(&run->control) != 0) hand = NULL;
  for (uint32_t at = graph->dependent_offsets[task], end = graph->dependent_offsets[task + 1]; at < end; at++) {
    uint32_t dependent = graph->dependents[at];
    if (count_down(&run->waiting[dependent], run->alone)) place(run, dependent, hand, finished); /* sync RUN-1 */
  }
}

static void begin_part(hd_run *run, uint32_t worker, uint32_t part, hdi_pass pass) {
  hdi_count_up(&run->tallies[worker].claimed, 1);
  begin(run, worker, part, run->records ? run->clock_us() : 0, pass);
}

/* A part is done and another follows: the same worker has claimed it, or it is put into the ready set. */
static void go_on(hd_run *run, uint32_t worker, uint32_t next, hd_finished *finished) {
  uint32_t control = hdi_load_seq_u32(&run->control);
  if (run->keep_going && is_absent(run, next - 1)) { /* nobody runs it: see failure.c */
    finished->next = next;
    begin_part(run, worker, next, HDI_PASS_FREE);
    return;
  }
  if (finished->go_on && control & HDI_STOPPED) return;
  if (finished->go_on && control & HDI_GATED) {
    if (hdi_run_is_external(run, next)) {
      finished->next = next;
      finished->held = !hd_run_pass(run, worker, next);
      return;
    }
  } else if (finished->go_on) {
    finished->next = next;
    begin_part(run, worker, next, HDI_PASS_FREE);
    return;
  }
  hdi_run_set_state(run, next, HD_READY);
  hdi_ready_add(&run->ready, next);
  finished->ready_count++;
}

bool hd_run_pass(hd_run *run, uint32_t worker, uint32_t task) {
  hdi_pass pass = HDI_PASS_FREE;
  uint32_t control = hdi_load_seq_u32(&run->control);
  if (control & HDI_STOPPED) return false;
  if (control & HDI_GATED) pass = hdi_gate_pass(&run->gate, run->clock_us());
  if (pass == HDI_PASS_NO) return false;
  begin_part(run, worker, task, pass);
  return true;
}

void hdi_run_begin_held(hd_run *run, uint32_t worker, uint32_t task) { begin_part(run, worker, task, HDI_PASS_FREE); }

/* What a finished part lets go of. A worker that goes on with an external group may yet be lost, and the
 * group then starts again: its inputs from outside are kept until its end. */
static void let_go_of_inputs(hd_run *run, uint32_t worker, uint32_t task, bool last, hd_finished *finished) {
  const hd_graph *graph = run->graph;
  if (!graph->joined || !hdi_run_is_external(run, task)) {
    release_inputs(run, worker, task, 0, run->task_count, finished);
    return;
  }
  uint32_t first = hdi_run_group_first(run, task);
  release_inputs(run, worker, task, first, run->task_count, finished);
  for (uint32_t part = first; last && part <= task; part++) release_inputs(run, worker, part, 0, first, finished);
}

/* The state of a result that somebody may wait for: one that is wanted has more readers than dependents. */
static void announce(hd_run *run, uint32_t task, uint32_t state) {
  const uint32_t *offsets = run->graph->dependent_offsets + task;
  state |= hdi_load_relaxed_u8(&run->states[task]) & HDI_LOST_MASK;
  hdi_store_seq_u8(&run->states[task], (uint8_t)state); /* sync RUN-5 */
  if (hdi_load_relaxed_u32(&run->readers[task]) > offsets[1] - offsets[0]) hdi_run_tell(run);
}

bool hd_run_ready(const hd_run *run, uint32_t task) {
  return (hdi_load_seq_u8(&run->states[task]) & HD_STATE_MASK) == HD_DONE; /* sync RUN-5 */
}

void hdi_run_finish(hd_run *run, uint32_t worker, uint32_t task, hd_value *result, hd_finished *finished,
                    hdi_hand *hand) {
  const hd_graph *graph = run->graph;
  finished->ready_count = finished->released_count = 0;
  finished->held = false;
  finished->next = HD_NONE;
  bool token = hdi_run_close_claim(run, task), last = !hdi_graph_joined(graph, task + 1);
  if (run->counting) count_made(run, run->values ? result : NULL);
  if (run->sizes && result) {
    uint64_t bytes = hdi_block_bytes(result);
    run->sizes[task] = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
  }
  if (run->values && result) run->values[task] = *result;
  else if (result) hd_value_release(result);
  uint32_t state = run->keep_going && is_absent(run, task) ? result->kind : HD_DONE;
  if (run->announce) announce(run, task, state);
  else hdi_run_set_state(run, task, state);

  let_go_of_inputs(run, worker, task, last, finished);
  if (graph->dependent_offsets[task] == graph->dependent_offsets[task + 1] &&
      hdi_load_relaxed_u32(&run->readers[task]) == 0)
    release(run, worker, task, finished);
  if (last) count_down_dependents(run, task, hand, finished);
  hdi_count_up(&run->tallies[worker].done, 1);
  if (!last) go_on(run, worker, task + 1, finished);
  if (run->root_words) {
    if (finished->next == HD_NONE) hdi_sub_seq_u32(&run->open, 1); /* sync BUDGET-1 */
    finished->ready_count += finished->released_count; /* there may be room for so many roots */
  }
  if (token) hdi_run_wake(run, 1);
}

void hd_run_finish(hd_run *run, uint32_t worker, uint32_t task, hd_value *result, hd_finished *finished) {
  hd_finished ignored = {0};
  hdi_run_finish(run, worker, task, result, finished ? finished : &ignored, NULL);
}

uint32_t hd_run_released_max(const hd_run *run) { return run->graph->released_max; }

void hdi_run_cancel(hd_run *run) { hdi_or_seq_u32(&run->control, HDI_CANCELLED); /* sync RUN-3 */ }

void hd_run_cancel(hd_run *run) {
  if (run->cancelled) run->cancelled(run->waker, run);
  else hdi_run_cancel(run);
}

static uint32_t total(const hd_run *run, size_t member) {
  uint32_t sum = 0;
  for (uint32_t worker = 0; worker < run->worker_count; worker++)
    sum += hdi_load_relaxed_u32((const hdi_u32 *)(const void *)((const char *)&run->tallies[worker] + member));
  return sum;
}

hd_run_state hd_run_get_state(const hd_run *run) {
  uint32_t control = hdi_load_seq_u32(&run->control);
  if (hd_run_remaining(run) == 0) return hdi_load_seq_pointer(&run->failures) ? HD_RUN_FAILED : HD_RUN_DONE;
  if (control & HDI_FAILED) return HD_RUN_FAILED;
  return control & HDI_CANCELLED ? HD_RUN_CANCELLED : HD_RUN_ACTIVE;
}

uint32_t hdi_run_done(const hd_run *run) { return total(run, offsetof(hdi_tally, done)); }
uint32_t hd_run_remaining(const hd_run *run) { return run->task_count - hdi_run_done(run); }

uint32_t hd_run_running(const hd_run *run) {
  uint32_t answered = hdi_run_done(run) + total(run, offsetof(hdi_tally, unwell));
  return total(run, offsetof(hdi_tally, claimed)) - answered;
}

uint32_t hd_run_results_alive(const hd_run *run) {
  uint32_t released = total(run, offsetof(hdi_tally, released));
  return hdi_run_done(run) - released;
}

uint32_t hd_run_results_peak(const hd_run *run) { return hdi_load_seq_u32(&run->alive_peak); }
uint64_t hd_run_result_bytes(const hd_run *run) { return hdi_load_seq_u64(&run->alive_bytes); }

const hd_value *hd_run_result(const hd_run *run, uint32_t task) {
  HD_ASSERT(run->values && task < run->task_count);
  return &run->values[task];
}

void hd_run_set_progress(hd_run *run, uint32_t task, float fraction) {
  uint32_t bits;
  memcpy(&bits, &fraction, sizeof bits);
  if (run->progress) hdi_store_relaxed_u32(&run->progress[task], bits);
}

float hd_run_progress(const hd_run *run, uint32_t task) {
  uint32_t bits = run->progress ? hdi_load_relaxed_u32(&run->progress[task]) : 0;
  float fraction;
  memcpy(&fraction, &bits, sizeof fraction);
  return fraction;
}

const uint8_t *hd_run_task_states(const hd_run *run) { return (const uint8_t *)(const void *)run->states; }
const hd_record *hd_run_records(const hd_run *run) { return run->records; }
const uint32_t *hd_run_result_sizes(const hd_run *run) { return run->sizes; }
hd_graph *hd_run_graph(const hd_run *run) { return run->graph; }

void hdi_run_close(hd_run *run) {
  if (hd_run_get_state(run) == HD_RUN_DONE) return;
  for (uint32_t task = 0; task < run->task_count; task++) {
    uint32_t state = hdi_load_relaxed_u8(&run->states[task]) & HD_STATE_MASK;
    if (state == HD_WAITING || state == HD_READY) hdi_run_set_state(run, task, HD_TASK_CANCELLED);
  }
}

uint32_t hdi_run_gate_delay_ms(const hd_run *run) {
  uint32_t control = hdi_load_seq_u32(&run->control);
  return control & HDI_GATED && !(control & HDI_STOPPED) ? hdi_gate_delay_ms(&run->gate, run->clock_us()) : 0;
}

uint32_t hdi_run_delay_ms(const hd_run *run) {
  uint32_t control = hdi_load_seq_u32(&run->control);
  if (control & HDI_STOPPED || !any_ready(run)) return UINT32_MAX;
  if (control & HDI_BUDGETED && !hdi_ready_any(&run->ready)) {
    uint32_t open = hdi_load_seq_u32(&run->open);
    if (open && !within_budget(run, open + 1)) return UINT32_MAX; /* whoever finishes wakes */
  }
  return control & HDI_GATED ? hdi_gate_delay_ms(&run->gate, run->clock_us()) : 0;
}

/* The gate's settings. The kind is set before GATED, so that whoever sees the bit finds the kind. */
static void shut_gate(hd_run *run, hdi_gate_kind kind) {
  hdi_store_seq_u32(&run->gate.kind, kind);
  hdi_or_seq_u32(&run->control, HDI_GATED);
}

void hd_run_pause(hd_run *run) {
  hdi_gate_shut(&run->gate);
  shut_gate(run, HDI_GATE_STEP);
}

void hd_run_resume(hd_run *run) {
  hdi_store_seq_u32(&run->gate.kind, HDI_GATE_OPEN);
  hdi_and_seq_u32(&run->control, ~(uint32_t)HDI_GATED);
  hdi_run_wake(run, HD_WORKERS_MAX);
}

void hd_run_step(hd_run *run, uint32_t count) {
  if (hdi_load_seq_u32(&run->gate.kind) != HDI_GATE_STEP) hd_run_pause(run);
  hdi_gate_permit(&run->gate, count);
  hdi_run_wake(run, count);
}

void hd_run_set_rate(hd_run *run, double per_second) {
  HD_ASSERT(per_second > 0);
  double interval = 1e6 / per_second;
  uint64_t at_most = UINT64_C(1) << 40; /* 12 days */
  uint64_t every = interval < (double)at_most ? (uint64_t)interval : at_most, next = (uint64_t)run->clock_us();
  if (hdi_load_seq_u32(&run->gate.kind) == HDI_GATE_RATE) { /* another rate is no turn more */
    uint64_t due = hdi_load_seq_u64(&run->gate.next_us);
    next = due < next + every ? due : next + every;
  }
  hdi_store_seq_u64(&run->gate.interval_us, every);
  hdi_store_seq_u64(&run->gate.next_us, next);
  shut_gate(run, HDI_GATE_RATE);
  hdi_run_wake(run, HD_WORKERS_MAX);
}

void hd_run_set_tokens(hd_run *run, uint32_t count) {
  hdi_store_seq_u32(&run->gate.tokens, count);
  shut_gate(run, HDI_GATE_TOKENS);
  hdi_run_wake(run, count);
}

bool hd_run_token_give(hd_run *run, uint32_t task) {
  if (!return_token(run, task)) return false;
  hdi_run_wake(run, 1);
  return true;
}

bool hd_run_token_take(hd_run *run, uint32_t task) {
  if (!hdi_gate_take_token(&run->gate)) return false;
  uint8_t state = hdi_load_relaxed_u8(&run->states[task]);
  hdi_store_relaxed_u8(&run->states[task], (uint8_t)(state | HDI_TOKEN));
  return true;
}
