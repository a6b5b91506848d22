/* The inside of a pool and its workers. README.md in this folder has the protocol and its proof. */
#ifndef HDI_RUN_POOL_H
#define HDI_RUN_POOL_H

#include "base/atomic.h"
#include "base/bell.h"
#include "base/cache.h"
#include "base/thread.h"
#include "run/run.h"

#include <hd/pool.h>

enum {
  HDI_CLAIMS_MAX = HD_DEFERRED_MAX + 1,
  HDI_IDLE_WORDS = HD_WORKERS_MAX / 64,
  HDI_SLEEP_MS = 50,  /* a lost wake costs no more than this */
  HDI_BUDGET = 1024,  /* kernels that run before hd_worker_next comes back */
  HDI_SAMPLE = 64,    /* so many kernels are timed together, to see whether they are short: */
  HDI_SHORT_US = 2,   /* each takes less than this */
  HDI_TINY_NS = 1000, /* such kernels may cost more to share than to run: one worker tries alone (SOLO-1) … */
  HDI_SOLO_GRACE = 2, /* … of which the first samples do not count, since others are still about … */
  HDI_SOLO_REST = 1024, /* … and so many go by until the next try, if it was not worth it */
  HDI_SOLO_LOOK_MS = 1, /* how often the others look whether it still is */
  HDI_HAND_MAX = 4,   /* short ones that a worker takes at a time, of a run that follows the ranks */
  HDI_ARGS_KEPT = 64, /* arguments that a worker always has room for */
  HDI_RUNS_KEPT = 16  /* active runs that a pool always has room for */
};

/* hd_worker.mode, the one word that decides between a worker and its killer (KILL-1). */
enum { HDI_OUTSIDE = 0, HDI_INSIDE = 1, HDI_KILLED = 2 };

typedef struct hdi_open_claim {
  hd_run *run; /* NULL: the slot is free */
  uint32_t task;
  bool deferred; /* its body is asynchronous */
  bool holds;    /* it holds the run by itself */
  bool due;      /* the part of a group that `task` is has not begun */
  bool held;     /* … and must ask the gate first */
} hdi_open_claim;

struct hd_worker {
  hd_pool *pool;
  uint32_t index;
  hdi_u32 mode;
  hdi_bell bell;
  bool blamed; /* it was lost by the claim in slot `culprit` */
  uint32_t culprit;
  hd_worker *next_in_pool; /* all that ever were; freed with the pool */

  hdi_cache cache; /* entered while the worker is inside */

  /* The worker's own; after it was killed, its killer's. */
  hd_run *run; /* the one it holds and claims from, or NULL */
  bool announced; /* its idle bit may be set */
  hd_value *args; /* few_args, or more for a wide task */
  uint32_t arg_capacity;
  hd_value few_args[HDI_ARGS_KEPT];
  uint32_t open_count, due_count;
  bool kernels_are_short;
  uint32_t solo_samples; /* since it runs a run solo */
  const hd_run *watched; /* a run that another runs alone, and how far it was when this worker looked last */
  uint32_t watched_done;
  double watched_us;
  hdi_open_claim claims[HDI_CLAIMS_MAX];
};

struct hd_pool {
  hdi_mutex *lock; /* guards what follows up to the blank line, and run->holders, run->ended */
  hd_run **runs;   /* active, oldest first */
  uint32_t run_count, run_capacity;
  hd_worker *all_workers;
  uint32_t worker_count;

  hdi_pointer workers[HD_WORKERS_MAX]; /* by index; NULL: free */
  hdi_u64 idle[HDI_IDLE_WORDS];        /* who sleeps or is about to (IDLE-1) */
  hdi_bell event;
  hdi_u32 stopping;
  hdi_thread **threads;
  uint32_t thread_count, thread_capacity;
};

/* Wakes up to `count` sleeping workers that may work for `run`. */
void hdi_pool_wake(hd_pool *pool, const hd_run *run, uint32_t count);

/* Frees a worker that nobody will touch again. */
void hdi_worker_free(hd_worker *worker);

/* Lets go of a run that was held; the last one to do so notices its end. */
void hdi_pool_let_go(hd_pool *pool, hd_run *run);

#endif
