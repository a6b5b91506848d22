/* Traces: what a run recorded, as text that Perfetto (ui.perfetto.dev) and chrome://tracing draw with
 * a row for each worker. */
#ifndef HD_TRACE_H
#define HD_TRACE_H

#include <hd/run.h>
#include <hd/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hd_trace_desc {
  /* Takes the next bytes of the text, not terminated. False: it cannot, do not call again. */
  bool (*write)(void *user, const char *text, size_t bytes);
  /* What to call a task (by its rank), in UTF-8: tasks of one name have one colour. NULL, or if it
   * gives NULL: the task's key, or else "task" and its id. Read before the next call. */
  const char *(*name)(void *user, uint32_t task);
  void *user; /* of both */
} hd_trace_desc;

/* Writes the records of a run that was made with `trace` as a JSON object of Chrome's trace event
 * format: for each task that was claimed an event with its name, worker, start and duration in
 * microseconds of the run's clock, and as args its key, rank, attempts (at most 255) and state, and of a
 * fused or inlined task its group (the rank of the first part), which part it is and of how many; tasks
 * that were never claimed have none. A task claimed and not yet answered has a start only. In names
 * and keys what is not UTF-8 becomes U+FFFD.
 * Threads: any, while no worker is inside the run. Blocks: as `write` does. Owns: borrows.
 * Fails: WRITE_FAILED (`write` gave false; what was written before is no whole file). */
HD_API hd_status hd_trace_write_chrome(const hd_run *run, const hd_trace_desc *desc);

#endif
