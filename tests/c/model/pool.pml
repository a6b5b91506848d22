/* The pool's protocol (src/run/pool.c, worker.c) as a state machine, for spin: who holds a run, claims,
 * sleeps, is woken, ends a run, cancels it, is killed. Every state is visited.
 *
 * A step is one atomic operation of the source. What is done under the pool's lock is one step, since
 * nothing in it but one look at the ready set may be seen by others. The ready set is a set here (that
 * ready.c is one, is model_ready.cpp's to show), memory is sequentially consistent, bells have no
 * timeout: a wake that is lost is a state from which nobody moves, which spin reports.
 *
 * Asserted, beside that: each task is begun once, and once more for each time its worker was lost, never
 * before its inputs; a run ends once, and nobody touches it afterwards.
 *
 * What to model is chosen by macros (check.sh has the list):
 *   FORK       0 -> 1, 2, 3, whose bodies end only when all three run side by side
 *   DIAMOND    0 -> 1, 2 -> 3
 *   PAIRS      0 -> 2, 1 -> 3, where 2 and 3 end only side by side
 *   TWO_RUNS   0 -> 1 and 2 -> 3 are runs of their own
 *   OUTSIDE    bodies run outside the core (JavaScript), where their worker may be killed
 *   DEFER      task 0 is answered later
 *   CANCEL     the user cancels run 0     FAIL      the body of task 1 fails
 *   KILL       worker 0 is killed         REPLACE   and another takes its number
 *   LAST       it was the task's last attempt
 * and MUTANT = a number: a fault put in on purpose. */
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef MUTANT
#define MUTANT 0
#endif
#ifdef TWO_RUNS
#define RUNS 2
#define run_of(task) ((task) / 2)
#else
#define RUNS 1
#define run_of(task) 0
#endif
#define TASKS 4
#define NONE 15

mtype = { OUT, IN, KILLED };       /* hd_worker.mode */
mtype = { NOTHING, FINISH, LATER }; /* what a worker brings back into the core */

/* A run. */
bool is_ready[TASKS];
byte inputs[TASKS];  /* not done */
byte left[RUNS];     /* tasks not done: the tallies */
bool stopped[RUNS];  /* hd_run.control: failed or cancelled */
byte holders[RUNS];
bool listed[RUNS], ended[RUNS];

/* A worker. */
mtype mode[WORKERS] = OUT;
bool present[WORKERS], idle[WORKERS], announced[WORKERS], rung[WORKERS];
byte held[WORKERS] = NONE; /* a run */
byte open[WORKERS] = NONE, later[WORKERS] = NONE; /* tasks; `later` holds its run by itself */

bool event, stopping;

/* What is asserted about. */
byte begun[TASKS], lost[TASKS], standing;
bool answered[TASKS];

#define ready_in(r) (run_of(0) == r && is_ready[0] || run_of(1) == r && is_ready[1] || \
                     run_of(2) == r && is_ready[2] || run_of(3) == r && is_ready[3])
#define something_in(r) (listed[r] && !stopped[r] && ready_in(r))

/* ---- waking: hdi_pool_wake. Uses count, who, got of its caller ---- */

inline wake(how_many) {
  count = how_many;
  do
  :: count == 0 -> break
  :: else ->
     d_step {
       who = 0;
       do
       :: who < WORKERS && !idle[who] -> who++
       :: else -> break
       od
     }
     if
     :: who == WORKERS -> break
     :: else ->
        d_step { got = idle[who]; idle[who] = false }
        if
        :: got && present[who] -> rung[who] = true; count--
        :: got && !present[who] -> count--
        :: else -> skip
        fi
     fi
  od;
  count = 0; who = 0; got = false
}

/* ---- holding: take_hold, hdi_pool_let_go, end_if_over. All under the lock ---- */

inline end_if_over(r) {
  if
#if MUTANT == 1 /* the end without looking at holders */
  :: listed[r] && (left[r] == 0 || stopped[r]) ->
#else
  :: listed[r] && holders[r] == 0 && (left[r] == 0 || stopped[r]) ->
#endif
     assert(!ended[r]);
     ended[r] = true; listed[r] = false; event = true
  :: else -> skip
  fi
}

inline take_hold(worker) {
  atomic {
    if
    :: something_in(0) -> held[worker] = 0
#ifdef TWO_RUNS
    :: !something_in(0) && something_in(1) -> held[worker] = 1
#endif
    :: else -> held[worker] = NONE
    fi;
    if
    :: held[worker] != NONE -> holders[held[worker]]++
    :: else -> skip
    fi
  }
}

inline let_go(r) {
  atomic {
    assert(holders[r] > 0 && !ended[r]);
    holders[r]--;
#if MUTANT == 2 /* the last one out does not look whether that was the end */
    skip
#else
    end_if_over(r)
#endif
  }
}

inline withdraw(worker) {
  if
  :: announced[worker] -> d_step { announced[worker] = false; idle[worker] = false }
  :: else -> skip
  fi
}

/* ---- answering: hd_run_finish. Uses made, and what wake uses ---- */

inline add(task) {
  atomic { assert(!is_ready[task] && inputs[task] == 0); is_ready[task] = true; made++ }
}

inline count_down(task) {
  d_step { inputs[task]--; got = inputs[task] == 0 }
  if
  :: got -> add(task)
  :: else -> skip
  fi;
  got = false
}

inline finish(task) {
  atomic {
    assert(!answered[task] && !ended[run_of(task)]);
    answered[task] = true; made = 0
  }
#if MUTANT == 3 /* wakes before it adds */
  if
  :: task == 0 -> wake(2)
  :: else -> skip
  fi;
#endif
  if
#if defined FORK
  :: task == 0 -> count_down(1); count_down(2); count_down(3)
#elif defined DIAMOND
  :: task == 0 -> count_down(1); count_down(2)
  :: task == 1 || task == 2 -> count_down(3)
#elif defined PAIRS
  :: task == 0 -> count_down(2)
  :: task == 1 -> count_down(3)
#else
  :: task == 0 -> count_down(1)
  :: task == 2 -> count_down(3)
#endif
  :: else -> skip
  fi;
  left[run_of(task)]--;
#if MUTANT != 3
  if
#if MUTANT == 4 /* wakes one too few */
  :: made > 2 -> wake(made - 2)
#else
  :: made > 1 -> wake(made - 1)
#endif
  :: else -> skip
  fi;
#endif
  made = 0
}

inline begin_body(task) {
  atomic {
    assert(!ended[run_of(task)] && holders[run_of(task)] > 0);
    assert(inputs[task] == 0 && !answered[task] && begun[task] == lost[task]);
    begun[task]++
  }
}

inline body(task) {
#ifdef FORK
  if
  :: task != 0 -> standing++; (standing == 3)
  :: else -> skip
  fi
#elif defined PAIRS
  if
  :: task >= 2 -> standing++; (standing == 2)
  :: else -> skip
  fi
#else
  skip
#endif
}

/* ---- a worker: work() of threads.c; with OUTSIDE, as wasm/shim/pool.c drives it ---- */

proctype worker(byte me) {
  byte count, who, made, task = NONE;
  bool got;
  mtype bring = NOTHING;

enter:
#if MUTANT == 5 /* enters without asking whether it was killed */
  mode[me] = IN;
#else
  atomic {
    if
    :: mode[me] == OUT -> mode[me] = IN
    :: mode[me] == KILLED -> goto gone
    fi
  }
#endif
  if
  :: bring == FINISH -> atomic { assert(open[me] == task); open[me] = NONE }; finish(task)
#ifdef DEFER
  :: bring == LATER ->
     if
     :: later[me] == NONE -> atomic { /* hd_worker_defer */
          later[me] = open[me]; open[me] = NONE; holders[run_of(later[me])]++
        }
     :: else -> /* hd_worker_finish of what was deferred */
        atomic { task = later[me]; later[me] = NONE }
        finish(task);
        let_go(run_of(task))
     fi
#endif
  :: else -> skip
  fi;
  d_step { bring = NOTHING; task = NONE }

next:
  withdraw(me);
  if
  :: held[me] == NONE -> take_hold(me)
  :: else -> skip
  fi;
  if
  :: held[me] == NONE -> goto sleep
  :: else -> skip
  fi;
  atomic { /* hd_run_claim */
    assert(!ended[held[me]] && holders[held[me]] > 0);
    task = 0;
    do
    :: task < TASKS && !(is_ready[task] && run_of(task) == held[me] && !stopped[held[me]]) -> task++
    :: else -> break
    od;
    if
    :: task < TASKS -> is_ready[task] = false; open[me] = task
    :: else -> task = NONE
    fi
  }
  if
  :: task == NONE ->
     atomic { who = held[me]; held[me] = NONE }
     let_go(who);
     who = 0;
     goto next
  :: else -> skip
  fi;
  begin_body(task);
#ifdef OUTSIDE
  mode[me] = OUT;
  body(task);
  if
#ifdef DEFER
  :: task == 0 && later[me] == NONE && !lost[0] -> bring = LATER
#endif
  :: else -> bring = FINISH
  fi;
  goto enter;
#else
  body(task);
  open[me] = NONE;
#ifdef FAIL
  if
  :: task == 1 -> stopped[run_of(1)] = true; answered[1] = true
  :: else -> finish(task)
  fi;
#else
  finish(task);
#endif
  task = NONE;
  goto next;
#endif

sleep: /* hd_worker_sleep; `rung` is whether the bell is no longer what was seen */
#if MUTANT == 6 /* looks, and then announces */
  take_hold(me);
  rung[me] = false;
  if
  :: held[me] == NONE -> d_step { announced[me] = true; idle[me] = true }
  :: else -> skip
  fi;
#elif MUTANT == 7 /* reads the bell after it has looked */
  d_step { announced[me] = true; idle[me] = true }
  take_hold(me);
  rung[me] = false;
#else
  rung[me] = false;
  d_step { announced[me] = true; idle[me] = true }
  take_hold(me);
#endif
  if
  :: held[me] != NONE -> withdraw(me); mode[me] = OUT; goto enter
  :: else -> mode[me] = OUT
  fi;
#ifdef DEFER
  if
  :: later[me] != NONE -> bring = LATER; goto enter
  :: else -> skip
  fi;
#endif
  if
  :: stopping -> goto gone
  :: else -> skip
  fi;
  (rung[me] || mode[me] == KILLED);
  goto enter;
gone:
  skip
}

/* ---- hd_worker_kill, hd_worker_lost ---- */

#ifdef KILL
inline lose(task, r) {
  atomic { assert(!answered[task]); lost[task]++; made = 0 }
#ifdef LAST
  atomic { stopped[r] = true; answered[task] = true } /* hd_run_fail: WORKER_LOST */
#else
#if MUTANT == 8 /* wakes nobody for what was lost */
  add(task)
#else
  add(task);
  wake(1)
#endif
#endif
}

active proctype killer() {
  byte count, who, made, task;
  bool got;
#if MUTANT == 9 /* does not ask whether it is inside */
  mode[0] = KILLED;
#else
  atomic { mode[0] == OUT -> mode[0] = KILLED }
#endif
  if
  :: open[0] != NONE -> atomic { task = open[0]; open[0] = NONE }; lose(task, run_of(task))
  :: else -> skip
  fi;
  if
  :: later[0] != NONE ->
     atomic { task = later[0]; later[0] = NONE }
     lose(task, run_of(task));
     let_go(run_of(task))
  :: else -> skip
  fi;
  atomic { task = held[0]; held[0] = NONE; present[0] = false; announced[0] = false }
  idle[0] = false;
#if MUTANT != 10 /* keeps a wake that it had got */
  if
  :: listed[0] -> wake(1)
  :: else -> skip
  fi;
#ifdef TWO_RUNS
  if
  :: listed[1] -> wake(1)
  :: else -> skip
  fi;
#endif
#endif
#if MUTANT != 11 /* does not let go of the run that it held */
  if
  :: task != NONE -> let_go(task)
  :: else -> skip
  fi;
#endif
#ifdef REPLACE
  atomic { mode[0] = OUT; present[0] = true; run worker(0) }
#endif
}
#endif

/* ---- the user: hd_pool_submit, hd_pool_cancel, hd_pool_wait, hd_pool_destroy ---- */

inline submit(r) {
#if MUTANT == 12 /* wakes before the run is on the list */
  wake(WORKERS);
  atomic { listed[r] = true; end_if_over(r) }
#else
  atomic { listed[r] = true; end_if_over(r) }
  wake(WORKERS)
#endif
}

inline wait_for(r) {
  do
  :: event = false; /* seen */
     if
     :: ended[r] -> break
     :: else -> event
     fi
  od
}

init {
  byte count, who;
  bool got;
  d_step {
#if defined FORK
    inputs[1] = 1; inputs[2] = 1; inputs[3] = 1; left[0] = 4; is_ready[0] = true;
#elif defined DIAMOND
    inputs[1] = 1; inputs[2] = 1; inputs[3] = 2; left[0] = 4; is_ready[0] = true;
#elif defined PAIRS
    inputs[2] = 1; inputs[3] = 1; left[0] = 4; is_ready[0] = true; is_ready[1] = true;
#else
    inputs[1] = 1; inputs[3] = 1; left[0] = 2; left[1] = 2; is_ready[0] = true; is_ready[2] = true;
#endif
    who = 0;
    do
    :: who < WORKERS -> present[who] = true; who++
    :: else -> break
    od
  }
  atomic {
    who = 0;
    do
    :: who < WORKERS -> run worker(who); who++
    :: else -> break
    od;
    who = 0
  }
  submit(0);
#ifdef TWO_RUNS
  submit(1);
#endif
#ifdef CANCEL
  atomic {
    if
    :: !ended[0] ->
       stopped[0] = true;
#if MUTANT == 13 /* leaves the end to the workers, though none may be inside */
       skip
#else
       end_if_over(0)
#endif
    :: else -> skip
    fi
  }
#endif
  wait_for(0);
#ifdef TWO_RUNS
  wait_for(1);
#endif
  assert(holders[0] == 0);
#if !defined CANCEL && !defined FAIL && !defined LAST
  assert(left[0] == 0 && answered[0] && answered[1] && answered[2] && answered[3]);
#endif
  stopping = true;
  who = 0;
  do
  :: who < WORKERS -> rung[who] = true; who++
  :: else -> break
  od
}
