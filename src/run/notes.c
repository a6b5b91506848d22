/* Notes of a run with trace: rare events beside the records, kept until somebody takes them. Under a lock, as they are
 * rare; who must not be kept waiting does not note. */
#include "base/memory.h"
#include "base/thread.h"
#include "run/run.h"

#include <string.h>

struct hdi_notes {
  hdi_mutex *lock; /* guards what follows */
  uint32_t count, lost;
  hd_note notes[HD_NOTES_MAX];
};

bool hdi_run_make_notes(hd_run *run) {
  run->notes = hdi_alloc_zero(1, sizeof *run->notes);
  if (!run->notes) return false;
  run->notes->lock = hdi_mutex_create();
  return run->notes->lock != NULL;
}

void hdi_run_drop_notes(hd_run *run) {
  if (!run->notes) return;
  hdi_mutex_destroy(run->notes->lock);
  hdi_free(run->notes);
}

void hd_run_note(hd_run *run, const hd_note *note) {
  struct hdi_notes *kept = run->notes;
  if (!kept) return;
  hdi_mutex_lock(kept->lock);
  if (kept->count < HD_NOTES_MAX) kept->notes[kept->count++] = *note;
  else kept->lost++;
  hdi_mutex_unlock(kept->lock);
}

void hdi_run_note_try(hd_run *run, uint32_t task, hd_note_kind kind) {
  if (!run->records) return;
  const hd_record *record = &run->records[task];
  hd_run_note(run, &(hd_note){.start_us = record->start_us, .elapsed_us = record->elapsed_us, .task = task,
                              .kind = (uint16_t)kind, .worker = record->worker});
}

uint32_t hd_run_take_notes(hd_run *run, uint32_t max, hd_note *notes, uint32_t *lost) {
  struct hdi_notes *kept = run->notes;
  if (lost) *lost = 0;
  if (!kept) return 0;
  hdi_mutex_lock(kept->lock);
  uint32_t count = kept->count < max ? kept->count : max;
  memcpy(notes, kept->notes, count * sizeof *notes);
  memmove(kept->notes, kept->notes + count, (kept->count - count) * sizeof *notes);
  kept->count -= count;
  if (lost) {
    *lost = kept->lost;
    kept->lost = 0;
  }
  hdi_mutex_unlock(kept->lock);
  return count;
}
