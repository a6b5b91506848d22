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
  HDI_GATED = 4u,   /* ask the gate. Set without need it costs time, nothing else */
  HDI_BUDGETED = 8u /* ask the budget. Set when the run is made, and stays */
};

/* A byte a task in hd_run.states: a hd_task_state, how often its worker was lost, and whether it
 * holds a token of the gate. Written by whoever may: the one that makes the task ready, then the one
 * that has claimed it. */
enum { HDI_LOST_ONE = 1u << HD_STATE_BITS, HDI_LOST_MASK = 0x78u, HDI_TOKEN = 0x80u };

/* Counts of one worker, written by it alone (RUN-4), on a cache line of their own. */
typedef struct hdi_tally {
  hdi_u32 claimed, done, unwell; /* unwell: answers that left no result, and parts that must run again */
  hdi_u32 released;
  uint32_t padding[12];
} hdi_tally;

/* Tasks that a worker has taken out of the ready set and not begun, all of one of its words: bit i is task
 * from + i. Only their worker sees it. */
typedef struct hdi_hand {
  uint64_t tasks;
  uint32_t from;
  uint32_t max; /* how many it may hold */
  bool whole;   /* the ready set has none of this word: all are here, and go here */
} hdi_hand;

struct hd_run {
  hd_graph *graph;
  uint32_t task_count;
  uint32_t worker_count;
  bool alone; /* one worker: nobody else counts down */
  bool loose;
  bool executor_keeps;
  bool counting; /* alive and alive_bytes are kept */
  bool keep_going;
  bool announce;
  double (*clock_us)(void);

  hdi_u32 control;
  hdi_gate gate;
  hdi_ready ready;
  hdi_u64 *ready_words;
  hdi_u32 *waiting; /* per task: inputs not done, of its whole group; per later part of a group: its first part */
  hdi_u32 *readers; /* per task: dependents not done, and 1 if it is wanted */
  hdi_u8 *states;
  hd_value *values; /* per task; NULL if the executor keeps them */
  hd_record *records;
  uint32_t *sizes; /* of results, with `records` */
  struct hdi_notes *notes; /* notes.c's, with `records` */
  hdi_tally *tallies; /* [worker_count] */
  uint16_t *tries;    /* per task: how often it failed and was tried again; NULL: no function has retries. Written by
                         whoever answers a claim, read by the next who claims */
  hdi_u32 *progress;  /* per task: the bits of a float; NULL: nobody asks */

  /* BUDGET, and what `counting` counts. Tasks without inputs wait in `roots` and not in `ready`. */
  hdi_ready roots;
  hdi_u64 *root_words;
  uint32_t budget_results;
  uint64_t budget_bytes;
  hdi_u32 open;        /* tasks of a budgeted run that are claimed, or about to be */
  hdi_u32 alive;       /* results in memory */
  hdi_u64 alive_bytes; /* and what their blocks take */
  hdi_u32 alive_peak;

  hdi_u32 failed_task; /* HD_NONE, or the first one that failed */
  hd_failure failure;   /* it, and … */
  hd_value failed_error; /* … its error */
  hdi_pointer failures; /* of a run that keeps going: failure.c's, the last one first */

  hdi_u32 solo; /* 1 + the worker that runs tiny kernels all by itself, or 0 (SOLO-1) */
  hdi_u32 solo_worth_ns; /* that pays if a kernel takes less than this: what it took all of them together */
  hdi_u32 solo_rest; /* samples until anybody tries that again */

  /* Set by the pool: someone must wake so many workers; the run was cancelled; … */
  void (*wake)(void *waker, hd_run *run, uint32_t count);
  void (*cancelled)(void *waker, hd_run *run);
  void (*tell)(void *waker); /* those who wait: the run failed, or a wanted result is there */
  void *waker;
  /* The pool's, under its lock. */
  uint32_t holders;
  bool ended;
};

static inline void hdi_count_up(hdi_u32 *count, uint32_t by) { /* one writer: RUN-4 */
  hdi_store_relaxed_u32(count, hdi_load_relaxed_u32(count) + by);
}

static inline void hdi_run_set_state(hd_run *run, uint32_t task, uint32_t state) {
  uint32_t kept = hdi_load_relaxed_u8(&run->states[task]) & HDI_LOST_MASK;
  hdi_store_relaxed_u8(&run->states[task], (uint8_t)(state | kept));
}

/* notes.c */
bool hdi_run_make_notes(hd_run *run);
void hdi_run_drop_notes(hd_run *run);
/* The attempt whose record is complete came to nothing. */
void hdi_run_note_try(hd_run *run, uint32_t task, hd_note_kind kind);

static inline void hdi_run_wake(hd_run *run, uint32_t count) {
  if (run->wake && count) run->wake(run->waker, run, count);
}

static inline void hdi_run_tell(hd_run *run) {
  if (run->tell) run->tell(run->waker);
}

static inline bool hdi_run_is_external(const hd_run *run, uint32_t task) {
  return !hdi_graph_function(run->graph, task)->kernel;
}

/* Whether a claimed task of this run has to be skipped. */
static inline bool hdi_run_must_skip(const hd_run *run, const hd_value *args, uint32_t count) {
  if (run->keep_going)
    for (uint32_t i = 0; i < count; i++)
      if (args[i].tag == HD_ABSENT) return true;
  return false;
}

/* The first part of a task's group: the task itself if it stands alone. */
uint32_t hdi_run_group_first(const hd_run *run, uint32_t task);

/* What every answer does first: the record, and the token. True if a token came free. */
bool hdi_run_close_claim(hd_run *run, uint32_t task);

/* The bytes of a value's block. */
uint64_t hdi_block_bytes(const hd_value *value);

/* hd_run_lost without counting it: it was another task that the worker was lost by. */
void hdi_run_spare(hd_run *run, uint32_t worker, uint32_t task);

/* Frees what is noted of failures. */
void hdi_run_drop_failures(hd_run *run);

/* hd_run_args of a task whose row of arguments is known. */
static inline void hdi_run_args(const hd_run *run, const uint32_t *words, uint32_t count, hd_value *args) {
  for (uint32_t i = 0; i < count; i++)
    args[i] = words[i] & HD_BATCH_LITERAL ? run->graph->literals[words[i] & ~HD_BATCH_LITERAL] : run->values[words[i]];
}

/* 0: a claim would probably succeed; otherwise look again in so many ms (UINT32_MAX: when woken). */
uint32_t hdi_run_delay_ms(const hd_run *run);

/* Tasks that are done, now. Exact when no worker is inside. */
uint32_t hdi_run_done(const hd_run *run);

/* Fills an empty hand with the lowest tasks of the ready set. False: there are none, or the run wants to
 * be asked for each by hd_run_claim (a gate, a budget, stopped). */
bool hdi_run_draw(hd_run *run, hdi_hand *hand);

/* Begins the lowest task of a hand that is not empty. */
uint32_t hdi_run_play(hd_run *run, uint32_t worker, hdi_hand *hand);

/* Puts all but the lowest `keep` tasks of a hand back into the ready set, and says how many. */
uint32_t hdi_run_put_back(hd_run *run, hdi_hand *hand, uint32_t keep);

/* hd_run_finish that may put what became ready into the worker's hand: finished->ready_count does not
 * count those. `hand` may be NULL. */
void hdi_run_finish(hd_run *run, uint32_t worker, uint32_t task, hd_value *result, hd_finished *finished,
                    hdi_hand *hand);

/* When the gate is worth asking again for a part that is held: in so many ms; 0: now. */
uint32_t hdi_run_gate_delay_ms(const hd_run *run);

/* Begins a part that is held although the gate is shut, so that it can be answered: its worker is gone. */
void hdi_run_begin_held(hd_run *run, uint32_t worker, uint32_t task);

/* hd_run_cancel without telling the pool. */
void hdi_run_cancel(hd_run *run);

/* After the end of a run that stopped: the tasks that never had their turn are cancelled. */
void hdi_run_close(hd_run *run);

#endif
