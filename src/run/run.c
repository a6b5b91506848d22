/* The run as a state machine: claims, answers, what becomes ready, what may be released. No locks. */
#include "run/run.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

static void set_counts(hd_run *run) {
  const hd_graph *graph = run->graph;
  for (uint32_t task = 0; task < run->task_count; task++) {
    hdi_store_relaxed_u32(&run->readers[task],
                          graph->dependent_offsets[task + 1] - graph->dependent_offsets[task]);
    uint32_t inputs = 0;
    for (uint32_t at = graph->arg_offsets[task]; at < graph->arg_offsets[task + 1]; at++)
      inputs += !(graph->args[at] & HD_BATCH_LITERAL);
    hdi_store_relaxed_u32(&run->waiting[task], inputs);
    if (inputs) continue;
    hdi_store_relaxed_u8(&run->states[task], HD_READY);
    hdi_ready_add(&run->ready, task);
  }
  for (uint32_t i = 0; i < graph->output_count; i++) {
    hdi_u32 *readers = &run->readers[graph->outputs[i]];
    hdi_store_relaxed_u32(readers, hdi_load_relaxed_u32(readers) + 1);
  }
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
  run->executor_keeps = desc->executor_keeps;
  run->clock_us = desc->clock_us ? desc->clock_us : hdi_clock_us;
  run->ready_words = hdi_alloc_zero(hdi_ready_word_count(count), sizeof *run->ready_words);
  run->waiting = hdi_alloc(count, sizeof *run->waiting);
  run->readers = hdi_alloc(count, sizeof *run->readers);
  run->states = hdi_alloc_zero(count, sizeof *run->states);
  run->tallies = hdi_alloc_zero(workers, sizeof *run->tallies);
  if (!desc->executor_keeps) run->values = hdi_alloc_zero(count, sizeof *run->values);
  if (desc->trace) run->records = hdi_alloc_zero(count, sizeof *run->records);
  if (!run->ready_words || !run->waiting || !run->readers || !run->states || !run->tallies ||
      (!desc->executor_keeps && !run->values) || (desc->trace && !run->records)) {
    hd_run_destroy(run);
    return HD_OUT_OF_MEMORY;
  }
  hdi_store_relaxed_u32(&run->failed_task, HD_NONE);
  hdi_ready_init(&run->ready, count, run->ready_words);
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
  hdi_free(run->ready_words);
  hdi_free(run->waiting);
  hdi_free(run->readers);
  hdi_free(run->states);
  hdi_free(run->values);
  hdi_free(run->records);
  hdi_free(run->tallies);
  hd_graph_destroy(run->graph);
  hdi_free(run);
}

static inline void count_up(hdi_u32 *count, uint32_t by) { /* one writer: RUN-4 */
  hdi_store_relaxed_u32(count, hdi_load_relaxed_u32(count) + by);
}

static void set_state(hd_run *run, uint32_t task, uint32_t state) {
  uint32_t kept = hdi_load_relaxed_u8(&run->states[task]) & HDI_LOST_MASK;
  hdi_store_relaxed_u8(&run->states[task], (uint8_t)(state | kept));
}

static void wake(hd_run *run, uint32_t count) {
  if (run->wake && count) run->wake(run->waker, run, count);
}

/* Claims with the gate shut or the run stopped. */
static uint32_t claim_gated(hd_run *run, uint32_t *task, bool *raised, hdi_pass *pass) {
  if (hdi_load_seq_u32(&run->control) & HDI_STOPPED || !hdi_ready_any(&run->ready)) return 0;
  *pass = hdi_gate_pass(&run->gate, run->clock_us());
  if (*pass == HDI_PASS_NO) return 0;
  uint32_t count = hdi_ready_take(&run->ready, 1, task, raised);
  if (!count) hdi_gate_return(&run->gate, *pass);
  return count;
}

uint32_t hd_run_claim(hd_run *run, uint32_t worker, uint32_t max, uint32_t *tasks) {
  HD_ASSERT(worker < run->worker_count);
  bool raised = false;
  hdi_pass pass = HDI_PASS_FREE;
  uint32_t count;
  if (!max) return 0;
  if (hdi_load_seq_u32(&run->control) == 0) count = hdi_ready_take(&run->ready, max, tasks, &raised);
  else count = claim_gated(run, tasks, &raised, &pass);
  if (raised) wake(run, HD_WORKERS_MAX); /* sync READY-4 */
  if (!count) return 0;
  count_up(&run->tallies[worker].claimed, count);
  double now = run->records ? run->clock_us() : 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t task = tasks[i];
    if (run->records) {
      hd_record *record = &run->records[task];
      record->start_us = now;
      record->worker = (uint16_t)worker;
      if (record->attempts < UINT8_MAX) record->attempts++;
    }
    set_state(run, task, HD_RUNNING | (pass == HDI_PASS_TOKEN ? HDI_TOKEN : 0)); /* whoever sees it sees the record */
  }
  return count;
}

void hd_run_args(const hd_run *run, uint32_t task, hd_value *args) {
  const hd_graph *graph = run->graph;
  for (uint32_t at = graph->arg_offsets[task]; at < graph->arg_offsets[task + 1]; at++) {
    uint32_t word = graph->args[at];
    *args++ = word & HD_BATCH_LITERAL ? graph->literals[word & ~HD_BATCH_LITERAL] : run->values[word];
  }
}

/* Gives a token back; false if the task held none. */
static bool return_token(hd_run *run, uint32_t task) {
  uint8_t state = hdi_load_relaxed_u8(&run->states[task]);
  if (!(state & HDI_TOKEN)) return false;
  hdi_store_relaxed_u8(&run->states[task], (uint8_t)(state & ~HDI_TOKEN));
  hdi_sub_seq_u32(&run->gate.held, 1);
  return true;
}

/* What every answer does first: the record, and the token. True if a token came free. */
static bool close_claim(hd_run *run, uint32_t task) {
  if (run->records) {
    hd_record *record = &run->records[task];
    record->elapsed_us = (float)(run->clock_us() - record->start_us);
  }
  return return_token(run, task);
}

static void release(hd_run *run, uint32_t worker, uint32_t task, hd_finished *finished) {
  if (run->values) hd_value_release(&run->values[task]);
  set_state(run, task, HD_RELEASED);
  count_up(&run->tallies[worker].released, 1);
  if (finished->released) finished->released[finished->released_count] = task;
  finished->released_count++;
}

void hd_run_finish(hd_run *run, uint32_t worker, uint32_t task, hd_value *result,
                   hd_finished *finished) {
  const hd_graph *graph = run->graph;
  hd_finished ignored = {0};
  if (!finished) finished = &ignored;
  finished->ready_count = finished->released_count = 0;
  bool token = close_claim(run, task);
  if (run->values && result) run->values[task] = *result;
  else if (result) hd_value_release(result);
  set_state(run, task, HD_DONE);
  count_up(&run->tallies[worker].made, 1);

  for (uint32_t at = graph->arg_offsets[task]; at < graph->arg_offsets[task + 1]; at++) {
    uint32_t input = graph->args[at];
    if (input & HD_BATCH_LITERAL) continue;
    if (hdi_sub_seq_u32(&run->readers[input], 1) == 1) /* sync RUN-2 */
      release(run, worker, input, finished);
  }
  uint32_t first = graph->dependent_offsets[task], end = graph->dependent_offsets[task + 1];
  if (first == end && hdi_load_relaxed_u32(&run->readers[task]) == 0) release(run, worker, task, finished);
  for (uint32_t at = first; at < end; at++) {
    uint32_t dependent = graph->dependents[at];
    if (hdi_sub_seq_u32(&run->waiting[dependent], 1) != 1) continue; /* sync RUN-1 */
    set_state(run, dependent, HD_READY);
    hdi_ready_add(&run->ready, dependent);
    finished->ready_count++;
  }
  count_up(&run->tallies[worker].done, 1);
  count_up(&run->tallies[worker].answered, 1);
  if (token) wake(run, 1);
}

void hd_run_fail(hd_run *run, uint32_t worker, uint32_t task, hd_status status, hd_value *error) {
  (void)close_claim(run, task);
  set_state(run, task, HD_ERRED);
  if (hdi_cas_seq_u32(&run->failed_task, HD_NONE, task)) {
    run->failed_worker = worker;
    run->failed_status = status;
    if (error) run->failed_error = *error;
    hdi_or_seq_u32(&run->control, HDI_FAILED); /* sync RUN-3 */
  } else if (error) {
    hd_value_release(error);
  }
  count_up(&run->tallies[worker].answered, 1);
}

void hd_run_lost(hd_run *run, uint32_t worker, uint32_t task) {
  (void)close_claim(run, task);
  uint32_t lost = hdi_load_relaxed_u8(&run->states[task]) & HDI_LOST_MASK;
  if (lost < HDI_LOST_MASK) lost += HDI_LOST_ONE;
  hdi_store_relaxed_u8(&run->states[task], (uint8_t)(HD_READY | lost));
  count_up(&run->tallies[worker].answered, 1);
  hdi_ready_add(&run->ready, task);
  wake(run, 1);
}

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
  if (hd_run_remaining(run) == 0) return HD_RUN_DONE;
  if (control & HDI_FAILED) return HD_RUN_FAILED;
  return control & HDI_CANCELLED ? HD_RUN_CANCELLED : HD_RUN_ACTIVE;
}

uint32_t hd_run_remaining(const hd_run *run) {
  return run->task_count - total(run, offsetof(hdi_tally, done));
}

uint32_t hd_run_running(const hd_run *run) {
  uint32_t answered = total(run, offsetof(hdi_tally, answered));
  return total(run, offsetof(hdi_tally, claimed)) - answered;
}

uint32_t hd_run_results_alive(const hd_run *run) {
  uint32_t released = total(run, offsetof(hdi_tally, released));
  return total(run, offsetof(hdi_tally, made)) - released;
}

uint32_t hd_run_failure(const hd_run *run, hd_status *status, const hd_value **error) {
  if (!(hdi_load_seq_u32(&run->control) & HDI_FAILED)) return HD_NONE; /* sync RUN-3 */
  *status = run->failed_status;
  *error = &run->failed_error;
  return hdi_load_seq_u32(&run->failed_task);
}

const hd_value *hd_run_result(const hd_run *run, uint32_t task) { return &run->values[task]; }
const uint8_t *hd_run_task_states(const hd_run *run) { return (const uint8_t *)(const void *)run->states; }
const hd_record *hd_run_records(const hd_run *run) { return run->records; }
hd_graph *hd_run_graph(const hd_run *run) { return run->graph; }

uint32_t hd_run_failed_worker(const hd_run *run) {
  return hdi_load_seq_u32(&run->control) & HDI_FAILED ? run->failed_worker : HD_NONE; /* sync RUN-3 */
}

uint32_t hd_run_attempt(const hd_run *run, uint32_t task) {
  return (hdi_load_relaxed_u8(&run->states[task]) & HDI_LOST_MASK) / HDI_LOST_ONE + 1u;
}

void hdi_run_close(hd_run *run) {
  if (hd_run_get_state(run) == HD_RUN_DONE) return;
  for (uint32_t task = 0; task < run->task_count; task++) {
    uint32_t state = hdi_load_relaxed_u8(&run->states[task]) & HD_STATE_MASK;
    if (state == HD_WAITING || state == HD_READY) set_state(run, task, HD_TASK_CANCELLED);
  }
}

uint32_t hdi_run_delay_ms(const hd_run *run) {
  uint32_t control = hdi_load_seq_u32(&run->control);
  if (control & HDI_STOPPED || !hdi_ready_any(&run->ready)) return UINT32_MAX;
  return control & HDI_GATED ? hdi_gate_delay_ms(&run->gate, run->clock_us()) : 0;
}

/* The gate's settings. The kind is set before GATED, so that whoever sees the bit finds the kind. */
static void shut_gate(hd_run *run, hdi_gate_kind kind) {
  hdi_store_seq_u32(&run->gate.kind, kind);
  hdi_or_seq_u32(&run->control, HDI_GATED);
}

void hd_run_pause(hd_run *run) {
  hdi_store_seq_u32(&run->gate.permits, 0);
  shut_gate(run, HDI_GATE_STEP);
}

void hd_run_resume(hd_run *run) {
  hdi_store_seq_u32(&run->gate.kind, HDI_GATE_OPEN);
  hdi_and_seq_u32(&run->control, ~(uint32_t)HDI_GATED);
  wake(run, HD_WORKERS_MAX);
}

void hd_run_step(hd_run *run, uint32_t count) {
  if (hdi_load_seq_u32(&run->gate.kind) != HDI_GATE_STEP) hd_run_pause(run);
  hdi_add_seq_u32(&run->gate.permits, count);
  wake(run, count);
}

void hd_run_set_rate(hd_run *run, double per_second) {
  HD_ASSERT(per_second > 0);
  double interval = 1e6 / per_second;
  uint64_t at_most = UINT64_C(1) << 40; /* 12 days */
  hdi_store_seq_u64(&run->gate.interval_us, interval < (double)at_most ? (uint64_t)interval : at_most);
  hdi_store_seq_u64(&run->gate.next_us, (uint64_t)run->clock_us());
  shut_gate(run, HDI_GATE_RATE);
  wake(run, HD_WORKERS_MAX);
}

void hd_run_set_tokens(hd_run *run, uint32_t count) {
  hdi_store_seq_u32(&run->gate.tokens, count);
  shut_gate(run, HDI_GATE_TOKENS);
  wake(run, count);
}

bool hd_run_token_give(hd_run *run, uint32_t task) {
  if (!return_token(run, task)) return false;
  wake(run, 1);
  return true;
}

bool hd_run_token_take(hd_run *run, uint32_t task) {
  if (!hdi_gate_take_token(&run->gate)) return false;
  uint8_t state = hdi_load_relaxed_u8(&run->states[task]);
  hdi_store_relaxed_u8(&run->states[task], (uint8_t)(state | HDI_TOKEN));
  return true;
}
