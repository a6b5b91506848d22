/* The inside of a run. README.md in this folder has the protocol and its proof. */
#ifndef HDI_RUN_RUN_H
#define HDI_RUN_RUN_H

#include "base/atomic.h"
#include "graph/graph.h"
#include "run/gate.h"
#include "run/ready.h"

#include <hd/run.h>

/* hd_run.control: 0 while every ready task may be claimed. Bits are only ever added, but for GATED. */
enum {
  HDI_FAILED = 1u,    /* hd_run_fail. May be set a moment before anyone else sees the failure */
  HDI_CANCELLED = 2u, /* hd_run_cancel */
  HDI_STOPPED = HDI_FAILED | HDI_CANCELLED,
  HDI_GATED = 4u /* ask the gate. Set without need it costs time, nothing else */
};

/* A byte a task in hd_run.states: a hd_task_state, how often its worker was lost, and whether it
 * holds a token of the gate. Written by whoever may: the one that makes the task ready, then the one
 * that has claimed it. */
enum { HDI_LOST_ONE = 1u << HD_STATE_BITS, HDI_LOST_MASK = 0x78u, HDI_TOKEN = 0x80u };

/* Counts of one worker, written by it alone (RUN-4), on a cache line of their own. */
typedef struct hdi_tally {
  hdi_u32 claimed, answered, done;
  hdi_u32 made, released; /* results */
  uint32_t padding[11];
} hdi_tally;

struct hd_run {
  hd_graph *graph;
  uint32_t task_count;
  uint32_t worker_count;
  bool executor_keeps;
  double (*clock_us)(void);

  hdi_u32 control;
  hdi_gate gate;
  hdi_ready ready;
  hdi_u64 *ready_words;
  hdi_u32 *waiting; /* per task: inputs not done */
  hdi_u32 *readers; /* per task: dependents not done, and 1 if it is wanted */
  hdi_u8 *states;
  hd_value *values; /* per task; NULL if the executor keeps them */
  hd_record *records;
  hdi_tally *tallies; /* [worker_count] */

  hdi_u32 failed_task; /* HD_NONE, or the first one that failed */
  uint32_t failed_worker;
  hd_status failed_status;
  hd_value failed_error;

  /* Set by the pool: someone must wake so many workers; the run was cancelled. */
  void (*wake)(void *waker, hd_run *run, uint32_t count);
  void (*cancelled)(void *waker, hd_run *run);
  void *waker;
  /* The pool's, under its lock. */
  uint32_t holders;
  bool ended;
};

/* 0: a claim would probably succeed; otherwise look again in so many ms (UINT32_MAX: when woken). */
uint32_t hdi_run_delay_ms(const hd_run *run);

/* hd_run_cancel without telling the pool. */
void hdi_run_cancel(hd_run *run);

/* After the end of a run that stopped: the tasks that never had their turn are cancelled. */
void hdi_run_close(hd_run *run);

#endif
