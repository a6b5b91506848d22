/* A pool of workers that run sealed graphs. Every worker pulls work for itself.
 *
 * Natively hd_pool_start makes the threads. Where something else makes them (WebAssembly's Web
 * Workers), each thread drives its hd_worker with the calls at the end of this file; the native
 * threads use the same calls. src/run/README.md has the protocol and its proof. */
#ifndef HD_POOL_H
#define HD_POOL_H

#include <hd/run.h>
#include <hd/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct hd_pool hd_pool;
typedef struct hd_worker hd_worker;

/* Deferred (asynchronous) tasks that one worker may have open at a time. */
#define HD_DEFERRED_MAX 64u

/* An empty pool. Threads: builder. Blocks: no. Owns: gives (free with hd_pool_destroy).
 * Fails: OUT_OF_MEMORY. */
HD_API hd_status hd_pool_create(hd_pool **out);

/* Starts native threads until the pool has `worker_count`. Threads: builder. Blocks: briefly.
 * Fails: WORKER_COUNT, OUT_OF_MEMORY, NO_THREADS, THREAD_START. */
HD_API hd_status hd_pool_start(hd_pool *pool, uint32_t worker_count);

/* Ends native threads and frees the pool; its runs must have ended. Threads that something else made
 * must be gone. NULL is fine. Threads: builder. Blocks: yes. Fails: never. */
HD_API void hd_pool_destroy(hd_pool *pool);

/* Hands a run to the pool. Several may be active; earlier ones come first. The run must not be
 * touched by another executor from now on. A run that was made for n workers uses the first n.
 * Threads: any. Blocks: briefly. Fails: OUT_OF_MEMORY. */
HD_API hd_status hd_pool_submit(hd_pool *pool, hd_run *run);

/* Stops a run; it ends when the bodies that are running have been answered. Threads: any.
 * Blocks: briefly. Fails: never. */
HD_API void hd_pool_cancel(hd_pool *pool, hd_run *run);

/* Whether a submitted run has ended: no worker will touch it again and it may be destroyed.
 * Threads: any. Blocks: briefly. */
HD_API bool hd_pool_ended(hd_pool *pool, hd_run *run);

/* Waits until a submitted run has ended and says how. Threads: any but a worker. Blocks: yes.
 * Fails: TASK_FAILED and the other statuses of a failure, CANCELLED, NO_THREADS. */
HD_API hd_status hd_pool_wait(hd_pool *pool, hd_run *run);

/* Workers of the pool, lost ones not counted. Threads: any. */
HD_API uint32_t hd_pool_worker_count(const hd_pool *pool);

/* The word that changes, with a wake, whenever a run ends or is stopped by a failure, and for each wanted result of
 * runs that announce. Threads: any. Owns: borrows. */
HD_API uint32_t *hd_pool_event(hd_pool *pool);

/* ---- for whoever makes the threads ------------------------------------------------------------ */

/* Adds a worker, with the lowest free number. It starts outside the core. Threads: builder.
 * Blocks: briefly. Owns: borrows until the pool is destroyed. Fails: OUT_OF_MEMORY, WORKER_COUNT. */
HD_API hd_status hd_worker_add(hd_pool *pool, hd_worker **out);

HD_API uint32_t hd_worker_index(const hd_worker *worker);

/* Moves a worker into the core, which it must be before the calls below. False: it was killed, and
 * its thread must not touch the core or the heap again. Threads: owner worker. Blocks: no. */
HD_API bool hd_worker_enter(hd_worker *worker);

/* Moves a worker out of the core: from now on it may be killed. Threads: owner worker. Blocks: no. */
HD_API void hd_worker_leave(hd_worker *worker);

typedef enum hd_next {
  HD_NEXT_IDLE = 0, /* nothing to do for now: see hd_worker_sleep */
  HD_NEXT_TASK,     /* a task of an external function was claimed */
  HD_NEXT_YIELD     /* a good number of kernels has run; come again */
} hd_next;

/* A claimed task of an external function. */
typedef struct hd_claim {
  hd_run *run;
  uint32_t slot; /* which of the worker's claims it is */
  hd_call call;  /* its args are borrowed until the worker claims again */
  bool later;    /* it is a later part of a fused group: what HD_LIVE stands for among its args, this worker has */
  bool more;     /* another part follows, which this worker will run: its result may be HD_LIVE */
} hd_claim;

/* Claims and runs tasks: kernels here and now, until there is an external one, nothing to do, or a
 * budget is used up. Threads: owner worker, inside. Blocks: briefly. Fails: never. */
HD_API hd_next hd_worker_next(hd_worker *worker, hd_claim *claim);

/* Answers a claim by its slot: done. Threads: owner worker, inside. Blocks: briefly.
 * Owns: takes the result's block. */
HD_API void hd_worker_finish(hd_worker *worker, uint32_t slot, hd_value *result);

/* Answers a claim by its slot: failed. Threads: owner worker, inside. Blocks: briefly.
 * Owns: takes the error's block. */
HD_API void hd_worker_fail(hd_worker *worker, uint32_t slot, hd_status status, hd_value *error);

/* Keeps a claim open (its body is asynchronous) while the worker goes on with other tasks.
 * Threads: owner worker, inside. Blocks: briefly. */
HD_API void hd_worker_defer(hd_worker *worker, uint32_t slot);

/* Whether the run of an open claim was stopped, so that its body may end early. A worker is woken when that
 * happens. Threads: owner worker, inside. Blocks: no. */
HD_API bool hd_worker_stopped(const hd_worker *worker, uint32_t slot);

/* hd_run_set_progress for the task of an open claim. Threads: owner worker, inside. Blocks: no. */
HD_API void hd_worker_set_progress(hd_worker *worker, uint32_t slot, float fraction);

/* Announces that the worker is about to sleep. 0: there is work, do not. Otherwise sleep until the
 * bell's value is no longer `*seen`, at most so many milliseconds, then call hd_worker_next.
 * Threads: owner worker, inside. Blocks: briefly. */
HD_API uint32_t hd_worker_sleep(hd_worker *worker, uint32_t *seen);

/* The word to sleep on: it changes, with a wake, when there is work. Threads: any. Owns: borrows. */
HD_API uint32_t *hd_worker_bell(hd_worker *worker);

/* Marks a worker as killed if it is outside the core. False: it is inside for a moment, try again.
 * Its thread may be ended after this, and hd_worker_lost must follow. Threads: any. Blocks: no. */
HD_API bool hd_worker_kill(hd_worker *worker);

/* Takes a killed worker out of the pool. Its open claims run again elsewhere, or, once they have been
 * claimed `attempts_max` times, fail with WORKER_LOST; above 16 they never fail. Its number is free again.
 * Threads: any. Blocks: briefly. Fails: never. */
HD_API void hd_worker_lost(hd_worker *worker, uint32_t attempts_max);

/* Says which open claim, by its slot, a killed worker was lost by, if that is known: then the others run again without
 * its being counted as an attempt. Before hd_worker_lost. Threads: any. Blocks: no. */
HD_API void hd_worker_blame(hd_worker *worker, uint32_t slot);

/* Frees what a lost worker leaves behind, which is kept until then for those who may just be about to wake it: to be
 * called seconds later. Without it the pool frees it. Threads: any, once. Blocks: briefly. Fails: never. */
HD_API void hd_worker_forget(hd_worker *worker);

#endif
