/* A run: one computation of a sealed graph, as a state machine that any executor can drive.
 *
 *   waiting -> ready -> running -> done -> released
 *                          |  `-> erred            (hd_run_fail: the run stops, or keeps going without it)
 *                          `----> ready            (hd_run_lost, or hd_run_fail with retries left: another attempt)
 *   waiting, ready -> cancelled                    (the run stopped before their turn, or hd_run_skip)
 *
 * An executor is a set of workers, numbered from 0. Each repeats: claim, run the body, answer with
 * finish, fail or lost. Different workers may do so at the same time; nothing here ever blocks. A
 * claimed task is answered exactly once, by whoever the executor likes, also after the run stopped.
 * hd_run_serial and <hd/pool.h> are executors; others, in any language, use the same calls. */
#ifndef HD_RUN_H
#define HD_RUN_H

#include <hd/graph.h>
#include <hd/status.h>
#include <hd/value.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most workers of a run or a pool. */
#define HD_WORKERS_MAX 256u

typedef enum hd_task_state {
  HD_WAITING = 0,
  HD_READY,
  HD_RUNNING,
  HD_DONE,
  HD_ERRED,
  HD_TASK_CANCELLED,
  HD_RELEASED
} hd_task_state;

#define HD_STATE_BITS 3
#define HD_STATE_MASK 7u

typedef enum hd_run_state {
  HD_RUN_ACTIVE = 0, /* tasks are left, and may be claimed */
  HD_RUN_DONE,       /* every task is done */
  HD_RUN_FAILED,     /* a task failed; nothing more can be claimed. In runs that keep going: all that could be
                        done is */
  HD_RUN_CANCELLED   /* hd_run_cancel; nothing more can be claimed */
} hd_run_state;

/* The lossless record of a task: 16 bytes. */
typedef struct hd_record {
  double start_us;  /* when it was claimed last, by the run's clock; 0: never */
  float elapsed_us; /* until it was answered */
  uint16_t worker;  /* who claimed it last */
  uint8_t attempts; /* how often it was claimed */
  uint8_t reserved;
} hd_record;

typedef struct hd_run_desc {
  uint32_t worker_count;   /* 1 to HD_WORKERS_MAX; 0 means 1 */
  bool executor_keeps;     /* results live with the executor: the run only says what to release; not
                              for hd_run_serial and pools */
  bool trace;              /* keep a record of every task */
  bool paused;             /* start with the gate shut */
  double (*clock_us)(void); /* for the records and the rate; NULL: a monotonic clock */
  bool loose;              /* workers of a pool take short kernels in handfuls of up to 64 neighbours: the ranks are
                              followed only roughly, for 5 to 30 % less time with kernels under 1 µs */
  bool keep_going;         /* a task that fails does not stop the run: what needs it is cancelled, all else runs */
  bool announce;           /* the pool's event rings for every wanted result, too: see hd_run_ready */
  bool progress;           /* keep what tasks say of how far they are: hd_run_progress */
  bool count_results;      /* keep hd_run_results_peak and hd_run_result_bytes; a budget does so too */
  uint32_t budget_results; /* start no task without inputs while so many results are in memory or being
                              made; 0: no limit */
  uint64_t budget_bytes;   /* the same for the bytes of their blocks, each counted in full; 0: no limit */
} hd_run_desc;

/* A run of a sealed graph. Threads: builder. Blocks: no. Owns: gives (free with hd_run_destroy); the
 * graph is kept until then. Fails: OUT_OF_MEMORY, WORKER_COUNT. */
HD_API hd_status hd_run_create(hd_graph *graph, const hd_run_desc *desc, hd_run **out);

/* Frees a run and every result it still holds; no worker may be inside it, every claim answered.
 * NULL is fine. Threads: builder, after the executor. Blocks: briefly. Fails: never. */
HD_API void hd_run_destroy(hd_run *run);

/* Takes up to `max` ready tasks, the lowest ranks first, and returns how many. 0 means: nothing to do
 * for now, because all is claimed, the gate is shut or the run has ended (see hd_run_state).
 * `worker` < worker_count is the caller's number. Threads: any, one at a time for each worker.
 * Blocks: no. Fails: never. */
HD_API uint32_t hd_run_claim(hd_run *run, uint32_t worker, uint32_t max, uint32_t *tasks);

/* Copies the arguments of a claimed task to `args` [hd_graph_arg_count]. They are borrowed and stay
 * valid until the task is answered. Only for runs that keep results. Threads: any. Blocks: no. */
HD_API void hd_run_args(const hd_run *run, uint32_t task, hd_value *args);

/* What hd_run_finish did. */
typedef struct hd_finished {
  uint32_t ready_count;    /* so many workers have something to do now: tasks that became ready by it */
  uint32_t released_count; /* results whose last reader it was … */
  uint32_t *released;      /* … and which: room for hd_run_released_max ranks, or NULL */
  bool go_on;              /* set by the caller: it will go straight on with the task's next part */
  bool held;               /* … but must ask hd_run_pass before it begins */
  uint32_t next;           /* the next part, claimed by this for the same worker; HD_NONE: none */
} hd_finished;

/* Answers a claimed task: it is done. Its result becomes readable for its dependents, and the inputs
 * that nobody needs any more are released. `result` may be NULL if the executor keeps results;
 * `finished` may be NULL. Threads: any, one at a time for each worker. Blocks: no.
 * Owns: takes the result's block. Fails: never. */
HD_API void hd_run_finish(hd_run *run, uint32_t worker, uint32_t task, hd_value *result,
                          hd_finished *finished);

/* Asks for a next part that was `held`: true once it is claimed for the worker and may begin. False: the
 * gate is shut; ask again, or give it up if the run was stopped meanwhile (see hd_run_get_state).
 * Threads: any, one at a time for each worker. Blocks: no. */
HD_API bool hd_run_pass(hd_run *run, uint32_t worker, uint32_t task);

/* The most results that one hd_run_finish can release. Threads: any. */
HD_API uint32_t hd_run_released_max(const hd_run *run);

/* Answers a claimed task: it failed; `status` says how. If its function has retries left it becomes ready again
 * (hd_graph_set_retries). Otherwise the first failure stops the run and its error is kept; in a run that keeps
 * going each is kept, and HD_ABSENT takes the place of the result.
 * Threads: any, one at a time for each worker. Blocks: no. Owns: takes the error's block. Fails: never. */
HD_API void hd_run_fail(hd_run *run, uint32_t worker, uint32_t task, hd_status status,
                        hd_value *error);

/* Answers a claimed task of a run that keeps going: it cannot run, because one of its arguments is HD_ABSENT. It is
 * cancelled, and so is what needs it. Threads: any, one at a time for each worker. Blocks: no. Fails: never. */
HD_API void hd_run_skip(hd_run *run, uint32_t worker, uint32_t task);

/* Answers a claimed task: its worker is gone and it must run again. A part of a fused group whose
 * functions are external runs again from the group's first part on, since the values between its parts
 * were the worker's. Threads: any. Blocks: no. Fails: never. */
HD_API void hd_run_lost(hd_run *run, uint32_t worker, uint32_t task);

/* Stops the run: nothing more is claimed. Running bodies go on until they are answered. A run that
 * was handed to a pool ends there. Threads: any. Blocks: briefly. Fails: never. */
HD_API void hd_run_cancel(hd_run *run);

/* Where the run stands. Threads: any. Blocks: no. HD_RUN_DONE is seen at the latest by the worker
 * whose answer was the last one. */
HD_API hd_run_state hd_run_get_state(const hd_run *run);

/* Tasks not yet done. Threads: any. Blocks: no. Exact once every claim is answered. */
HD_API uint32_t hd_run_remaining(const hd_run *run);

/* Tasks claimed and not yet answered. Threads: any. Blocks: no. Exact when no worker is inside. */
HD_API uint32_t hd_run_running(const hd_run *run);

/* The first task that failed (HD_NONE: none) with its status and error, once the state is
 * HD_RUN_FAILED. Threads: any. Owns: borrows until the run is destroyed. */
HD_API uint32_t hd_run_failure(const hd_run *run, hd_status *status, const hd_value **error);

typedef struct hd_failure {
  uint32_t task;
  uint32_t worker;  /* who ran it */
  uint32_t attempt; /* at which attempt */
  hd_status status;
  const hd_value *error; /* borrowed until the run is destroyed */
} hd_failure;

/* The failures of a run that has ended, up to `max` of them, the last ones first; returns how many there are in
 * all: at most one if the run does not keep going. Threads: any. Blocks: no. */
HD_API uint32_t hd_run_failures(const hd_run *run, uint32_t max, hd_failure *failures);

/* Which worker ran the task that failed (HD_NONE: none failed). Threads: any. */
HD_API uint32_t hd_run_failed_worker(const hd_run *run);

/* Which attempt at a task this is, or was: 1, and one more for each time that its worker was lost (at most 15 times)
 * or it failed and was tried again. Threads: any. Exact when the task is not being claimed. */
HD_API uint32_t hd_run_attempt(const hd_run *run, uint32_t task);

/* Whether the result of a wanted task is there, and may be read while the run goes on; for runs that announce.
 * Threads: any. Blocks: no. */
HD_API bool hd_run_ready(const hd_run *run, uint32_t task);

/* A running task says how far it is, from 0 to 1; for runs with progress, in others it is ignored.
 * Threads: whoever runs it. Blocks: no. */
HD_API void hd_run_set_progress(hd_run *run, uint32_t task, float fraction);

/* What a task said last, 0 at first. Threads: any. Blocks: no. */
HD_API float hd_run_progress(const hd_run *run, uint32_t task);

/* The result of a wanted task of a run that is done, or of any task that is not yet released.
 * Threads: any, when the run has ended. Owns: borrows until the run is destroyed. */
HD_API const hd_value *hd_run_result(const hd_run *run, uint32_t task);

/* The state of each task, a byte each, as it changes: a hd_task_state in the low HD_STATE_BITS bits. Of kernels
 * that a pool runs, READY and RUNNING are only shown by runs with trace.
 * Threads: any. Owns: borrows. */
HD_API const uint8_t *hd_run_task_states(const hd_run *run);

/* The record of each task, or NULL without trace. Threads: any. Owns: borrows. */
HD_API const hd_record *hd_run_records(const hd_run *run);

/* The bytes of the block that each task gave as its result last (0: none, or nothing yet; 4294967295: so many or more), or NULL
 * without trace. Threads: any. Owns: borrows. */
HD_API const uint32_t *hd_run_result_sizes(const hd_run *run);

/* What happened beside the tasks' records, in runs with trace: rare things. */
typedef enum hd_note_kind {
  HD_NOTE_DECODE = 0, /* the arguments of a task were made from bytes, at its beginning */
  HD_NOTE_ENCODE,     /* its result was made into bytes, at its end */
  HD_NOTE_SLEEP,      /* a task slept */
  HD_NOTE_FAILED,     /* an attempt at a task failed, and another follows (noted by the run itself) */
  HD_NOTE_LOST,       /* the worker of an attempt was lost, and another follows (likewise) */
  HD_NOTE_ASLEEP,     /* a worker had nothing to do, and slept */
  HD_NOTE_AGAIN = 7   /* a task was done, but a later one of its fused chain failed, and the chain starts again (likewise) */
} hd_note_kind;

typedef struct hd_note {
  double start_us; /* by the clock of the records */
  float elapsed_us;
  uint32_t task;   /* HD_NONE: no task's */
  uint16_t kind;   /* a hd_note_kind */
  uint16_t worker;
} hd_note;

/* Most notes that wait to be taken; of those beyond only the number is kept. */
#define HD_NOTES_MAX 4096u

/* Adds a note; without trace it is passed over. Threads: any. Blocks: briefly. */
HD_API void hd_run_note(hd_run *run, const hd_note *note);

/* Takes up to `max` of the notes, the oldest first; `lost` (may be NULL) tells how many more there were than could be
 * kept since it was asked last. Threads: any. Blocks: briefly. */
HD_API uint32_t hd_run_take_notes(hd_run *run, uint32_t max, hd_note *notes, uint32_t *lost);

/* Results in memory at this moment. Threads: any. Exact when no worker is inside. */
HD_API uint32_t hd_run_results_alive(const hd_run *run);

/* The most results that were in memory at once, for runs with count_results or a budget; else 0.
 * Threads: any. Exact when no worker is inside. */
HD_API uint32_t hd_run_results_peak(const hd_run *run);

/* What the blocks of the results in memory take, likewise: bytes. A block that is the result of several
 * tasks is counted for each. Threads: any. Exact when no worker is inside. */
HD_API uint64_t hd_run_result_bytes(const hd_run *run);

/* The graph of a run. Threads: any. Owns: borrows. */
HD_API hd_graph *hd_run_graph(const hd_run *run);

/* The gate decides whether a ready task may be claimed now. Threads: any. Blocks: no. Fails: never. */
HD_API void hd_run_pause(hd_run *run);
/* Opens the gate again, whatever it was. */
HD_API void hd_run_resume(hd_run *run);
/* Shuts the gate but lets `count` more tasks through. */
HD_API void hd_run_step(hd_run *run, uint32_t count);
/* Lets tasks through one by one, `per_second` of them a second (> 0). */
HD_API void hd_run_set_rate(hd_run *run, double per_second);
/* Lets at most `count` tasks run at a time: 1 is an interpreter lock. */
HD_API void hd_run_set_tokens(hd_run *run, uint32_t count);
/* A running task gives its token up (before it sleeps); false: it had none. */
HD_API bool hd_run_token_give(hd_run *run, uint32_t task);
/* It asks for the token back; false: none is free yet, ask again. */
HD_API bool hd_run_token_take(hd_run *run, uint32_t task);

/* Runs all that is left, in the caller, by increasing rank: the oracle that other executors are
 * compared with. Every function needs a kernel. Threads: builder. Blocks: yes.
 * Fails: TASK_FAILED, CANCELLED, NO_KERNEL, OUT_OF_MEMORY (details by hd_run_failure). */
HD_API hd_status hd_run_serial(hd_run *run);

#endif
