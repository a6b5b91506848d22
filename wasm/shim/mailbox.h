/* A worker's mailbox: what its JavaScript and the core tell each other, without a call for each word.
 * worker/mailbox.js reads and writes it by these offsets. */
#ifndef HDW_MAILBOX_H
#define HDW_MAILBOX_H

#include <hd/pool.h>
#include <stddef.h>

/* What JavaScript says of the claim in `slot`. */
enum { HDW_NOTHING = 0, HDW_FINISH = 1, HDW_FAIL = 2, HDW_DEFER = 3 };

/* A claim that is a later part of a fused group, and one that another part follows: what passes between them
 * stays with the worker (HD_LIVE). */
enum { HDW_LATER = 1, HDW_MORE = 2 };

/* A worker that runs no body comes back to its loop at least every 50 ms; after so long it will not, since its code
 * goes on in microtasks, or after an `await`. */
#define HDW_SILENT_MS 250.0

/* hdw_worker_step gives a hd_next, or this: the worker was killed and must not come again. */
#define HDW_KILLED 3u
#define HDW_GONE ((hd_block *)(uintptr_t)UINT32_MAX)

typedef struct hdw_worker {
  hd_value result;      /* 0: JavaScript's, with outcome FINISH or FAIL */
  uint32_t outcome;     /* 16 */
  uint32_t status;      /* 20: with FAIL */
  uint32_t slot;        /* 24: of the claim */
  uint32_t task;        /* 28: its id */
  uint32_t function;    /* 32: its number */
  uint32_t arg_count;   /* 36 */
  const hd_value *args; /* 40 */
  hd_run *run;          /* 44 */
  uint32_t pages;       /* 48: the heap's size: views that are shorter must be made anew */
  uint32_t sleep_ms;    /* 52: idle: sleep at most so long … */
  uint32_t seen;        /* 56: … while the word at `bell` is this */
  uint32_t *bell;       /* 60 */
  uint32_t index;       /* 64 */
  uint32_t thread;      /* 68: what Emscripten calls it */
  hd_worker *core;      /* 72 */
  uint32_t printing;    /* 76: JavaScript's: output of tasks has not reached the main thread yet */
  uint32_t started;     /* 80: JavaScript's: the thread has come to life */
  uint32_t group;       /* 84: of the claim: HDW_LATER and HDW_MORE */
  uint32_t attempt;     /* 88: at its task, from 1 */
  uint32_t busy;        /* 92: JavaScript's: the body of the claim runs, and has not given its thread back … */
  double deadline_ms;   /* 96: JavaScript's: … which it may do until then, by a clock that all threads share; 0: no limit */
  uint32_t grace_ms;    /* 104: the creator's: so long a body of a stopped run may take to come to its end */
  uint32_t printed;     /* 108: JavaScript's: so many lines have been sent to the creator's thread */
  hd_block *pending;    /* 112: made for a result that has not been answered yet */
  struct hdw_made *made; /* 116: made for bodies that have not been answered yet */
  double beat_ms;       /* 120: JavaScript's: when it last came back to its loop, by the clock of `deadline_ms` */
  double late_ms;       /* 128: JavaScript's: when the claim in `late_slot`, whose answer comes later, has used up … */
  uint32_t late_slot;   /* 136: … its time; 0: no such claim has a limit */
  uint32_t traced;      /* 140: whether the run of the claim keeps records */
  bool more[HD_DEFERRED_MAX + 1]; /* 144: by slot: another part of the claim's group follows */
} hdw_worker;

/* A block that the body of a claim has asked for, to write its result in. */
typedef struct hdw_made {
  struct hdw_made *next;
  hd_block *block;
  uint32_t slot;
} hdw_made;

_Static_assert(offsetof(hdw_worker, outcome) == 16 && offsetof(hdw_worker, args) == 40 &&
                   offsetof(hdw_worker, bell) == 60 && offsetof(hdw_worker, printing) == 76 &&
                   offsetof(hdw_worker, started) == 80 && offsetof(hdw_worker, group) == 84 &&
                   offsetof(hdw_worker, attempt) == 88 && offsetof(hdw_worker, deadline_ms) == 96 &&
                   offsetof(hdw_worker, printed) == 108 && offsetof(hdw_worker, beat_ms) == 120 &&
                   offsetof(hdw_worker, late_slot) == 136 && offsetof(hdw_worker, traced) == 140,
               "JavaScript knows these offsets");

#endif
