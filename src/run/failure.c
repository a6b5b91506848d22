/* Answers that leave no result: a task failed, is skipped, or must run again. And what is known of failures. */
#include "base/check.h"
#include "base/memory.h"
#include "run/run.h"
#include "store/value.h"

/* A failure of a run that keeps going. */
typedef struct hdi_failure {
  struct hdi_failure *next;
  hd_failure what;
  hd_value error;
} hdi_failure;

/* ---- again ---------------------------------------------------------------------------------------- */

/* The parts before `task` of its group must run again: as if they never had. */
static uint32_t start_again(hd_run *run, uint32_t worker, uint32_t task, hd_note_kind why) {
  uint32_t first = hdi_run_group_first(run, task);
  hdi_tally *tally = &run->tallies[worker];
  for (uint32_t part = first; part < task; part++) {
    bool released = (hdi_load_relaxed_u8(&run->states[part]) & HD_STATE_MASK) == HD_RELEASED;
    if (released) {
      hdi_count_up(&tally->released, (uint32_t)-1);
    } else if (run->counting) {
      hdi_sub_seq_u32(&run->alive, 1);
      if (run->values) hdi_add_seq_u64(&run->alive_bytes, (uint64_t)0 - hdi_block_bytes(&run->values[part]));
    }
    if (!released && run->values) hdi_value_release(&run->values[part]);
    hdi_store_relaxed_u32(&run->readers[part], run->graph->dependent_offsets[part + 1] - run->graph->dependent_offsets[part]);
    hdi_count_up(&tally->done, (uint32_t)-1);
    hdi_count_up(&tally->unwell, 1);
    hdi_run_note_try(run, part, why == HD_NOTE_FAILED ? HD_NOTE_AGAIN : why);
    hdi_run_set_state(run, part, HD_WAITING);
  }
  if (task != first) hdi_run_set_state(run, task, HD_WAITING);
  return first;
}

/* A claimed task becomes ready again, and its whole group if that is external; `lost`: HDI_LOST_ONE or 0. */
static void put_back(hd_run *run, uint32_t worker, uint32_t task, hd_note_kind why, uint32_t lost) {
  (void)hdi_run_close_claim(run, task);
  hdi_run_note_try(run, task, why);
  hd_run_set_progress(run, task, 0);
  if (run->graph->joined && hdi_run_is_external(run, task)) task = start_again(run, worker, task, why);
  lost += hdi_load_relaxed_u8(&run->states[task]) & HDI_LOST_MASK;
  if (lost > HDI_LOST_MASK) lost = HDI_LOST_MASK;
  hdi_store_relaxed_u8(&run->states[task], (uint8_t)(HD_READY | lost));
  if (run->root_words) hdi_sub_seq_u32(&run->open, 1);
  hdi_count_up(&run->tallies[worker].unwell, 1);
  hdi_ready_add(&run->ready, task);
  hdi_run_wake(run, 1);
}

void hd_run_lost(hd_run *run, uint32_t worker, uint32_t task) { put_back(run, worker, task, HD_NOTE_LOST, HDI_LOST_ONE); }

void hdi_run_spare(hd_run *run, uint32_t worker, uint32_t task) { put_back(run, worker, task, HD_NOTE_LOST, 0); }

/* Whether a task that failed is to be tried again; counts that. */
static bool try_again(hd_run *run, uint32_t task) {
  if (!run->tries) return false;
  uint32_t function = run->graph->function_of[task];
  if (function >= run->graph->retry_capacity || run->tries[task] >= run->graph->retries[function]) return false;
  run->tries[task]++;
  return true;
}

uint32_t hd_run_attempt(const hd_run *run, uint32_t task) {
  uint32_t first = run->graph->joined && hdi_run_is_external(run, task) ? hdi_run_group_first(run, task) : task;
  uint32_t lost = (hdi_load_relaxed_u8(&run->states[first]) & HDI_LOST_MASK) / HDI_LOST_ONE;
  return 1 + lost + (run->tries ? run->tries[task] : 0);
}

/* ---- never ---------------------------------------------------------------------------------------- */

/* Answers a task, and all later parts of its group: their results are HD_ABSENT, which says by its kind why. What
 * needs them is claimed in its turn, and skipped. */
static void finish_absent(hd_run *run, uint32_t worker, uint32_t task, hd_task_state state) {
  uint32_t ready = 0;
  while (task != HD_NONE) {
    hd_value absent = {HD_ABSENT, state, {0}};
    hd_finished finished = {0};
    hdi_run_finish(run, worker, task, &absent, &finished, NULL);
    ready += finished.ready_count;
    task = finished.next;
    state = HD_TASK_CANCELLED;
  }
  hdi_run_wake(run, ready);
}

void hd_run_skip(hd_run *run, uint32_t worker, uint32_t task) {
  HD_ASSERT(run->keep_going && run->values);
  finish_absent(run, worker, task, HD_TASK_CANCELLED);
}

/* False: no memory. */
static bool note_failure(hd_run *run, const hd_failure *what, const hd_value *error) {
  hdi_failure *failure = hdi_alloc(1, sizeof *failure);
  if (!failure) return false;
  failure->what = *what;
  failure->error = error ? *error : (hd_value){HD_EMPTY, 0, {0}};
  failure->what.error = &failure->error;
  do failure->next = hdi_load_seq_pointer(&run->failures);
  while (!hdi_cas_seq_pointer(&run->failures, failure->next, failure)); /* sync RUN-3 */
  return true;
}

void hd_run_fail(hd_run *run, uint32_t worker, uint32_t task, hd_status status, hd_value *error) {
  hd_failure what = {.task = task, .worker = worker, .status = status};
  if (try_again(run, task)) {
    if (error) hd_value_release(error);
    put_back(run, worker, task, HD_NOTE_FAILED, 0);
    return;
  }
  what.attempt = hd_run_attempt(run, task);
  if (run->keep_going && run->values && note_failure(run, &what, error)) {
    finish_absent(run, worker, task, HD_ERRED);
    return;
  }
  (void)hdi_run_close_claim(run, task);
  hdi_run_set_state(run, task, HD_ERRED);
  bool first = hdi_cas_seq_u32(&run->failed_task, HD_NONE, task);
  if (first) {
    run->failure = what;
    if (error) run->failed_error = *error;
    hdi_or_seq_u32(&run->control, HDI_FAILED); /* sync RUN-3 */
  } else if (error) {
    hd_value_release(error);
  }
  if (run->root_words) hdi_sub_seq_u32(&run->open, 1);
  hdi_count_up(&run->tallies[worker].unwell, 1);
  if (!first) return;
  hdi_run_wake(run, HD_WORKERS_MAX); /* bodies that wait may end early */
  hdi_run_tell(run);
}

uint32_t hd_run_failures(const hd_run *run, uint32_t max, hd_failure *failures) {
  uint32_t count = 0;
  if (hdi_load_seq_u32(&run->control) & HDI_FAILED) { /* sync RUN-3 */
    if (count < max) {
      failures[count] = run->failure;
      failures[count].error = &run->failed_error;
    }
    count++;
  }
  for (const hdi_failure *failure = hdi_load_seq_pointer(&run->failures); failure; failure = failure->next, count++) /* sync RUN-3 */
    if (count < max) failures[count] = failure->what;
  return count;
}

/* False: there is none. */
static bool first_failure(const hd_run *run, hd_failure *first) {
  const hdi_failure *failure = hdi_load_seq_pointer(&run->failures); /* sync RUN-3 */
  if (!failure) return hd_run_failures(run, 1, first) > 0;
  while (failure->next) failure = failure->next;
  *first = failure->what;
  return true;
}

uint32_t hd_run_failure(const hd_run *run, hd_status *status, const hd_value **error) {
  hd_failure failure;
  if (!first_failure(run, &failure)) return HD_NONE;
  *status = failure.status;
  *error = failure.error;
  return failure.task;
}

uint32_t hd_run_failed_worker(const hd_run *run) {
  hd_failure failure;
  return first_failure(run, &failure) ? failure.worker : HD_NONE;
}

void hdi_run_drop_failures(hd_run *run) {
  for (hdi_failure *failure = hdi_load_seq_pointer(&run->failures), *next; failure; failure = next) {
    next = failure->next;
    hd_value_release(&failure->error);
    hdi_free(failure);
  }
}
