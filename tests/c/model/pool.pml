/* The pool's protocol (src/run/pool.c, worker.c) as a state machine, for spin: who holds a run, claims,
 * sleeps, is woken, ends a run, cancels it, is killed. Every state is visited.
 *
 * A step is one operation of the source that others may see, with what the worker does to its own. What
 * is done under the pool's lock is one step too, since nothing in it but one look at the ready set may be
 * seen by others. The ready set is a set here (that ready.c is one, is model_ready.cpp's to show), memory
 * is sequentially consistent, bells have no timeout: a wake that is lost is a state from which nobody
 * moves, which spin reports.
 *
 * Asserted, beside that: each task is begun once, and once more for each time its worker was lost, never
 * before its inputs; a run ends once, with no holders, and nobody touches it afterwards.
 *
 * What is modelled is chosen by macros (spin.sh has the list):
 *   FORK       0 -> 1, 2, 3, whose bodies end only when all three run side by side
 *   DIAMOND    0 -> 1, 2 -> 3
 *   PAIRS      0 -> 2, 1 -> 3, where 2 and 3 end only side by side
 *   TWINS      0 -> 1, 2, which end only side by side; 3 tasks
 *   TWO_RUNS   0 -> 1 and 2 -> 3 are runs of their own
 *   OUTSIDE    bodies run outside the core (JavaScript), where their worker may be killed
 *   DEFER      task 0 is answered later
 *   CANCEL     the user cancels run 0      FAIL      the body of task 1 fails
 *   KILL       worker 0 is killed          REPLACE   and another takes its number
 *   LAST       a lost task has no attempts left
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
#define OBJECTS (WORKERS + 1) /* hd_workers: one more, for who takes a number */
#define index_of(worker) ((worker) == WORKERS -> 0 : (worker))
#define NONE 15

#if defined FORK
#define COMPANY 3
#define company(task) (task != 0)
#elif defined PAIRS
#define COMPANY 2
#define company(task) (task >= 2)
#elif defined TWINS
#define COMPANY 2
#define company(task) (task != 0)
#endif

mtype = { OUT, IN, KILLED };                 /* hd_worker.mode */
mtype = { NOTHING, FINISH, DEFERS, LATER };  /* what a worker brings back into the core */

/* A run. */
bool is_ready[TASKS];
byte inputs[TASKS]; /* not done */
byte left[RUNS];    /* tasks not done: the tallies */
bool stopped[RUNS]; /* hd_run.control: failed or cancelled */
byte holders[RUNS];
bool listed[RUNS], ended[RUNS];

/* The pool, by number. */
byte workers[WORKERS] = NONE;
bool idle[WORKERS];

/* A worker. */
mtype mode[OBJECTS] = OUT;
bool announced[OBJECTS];
bool rung[OBJECTS]; /* its bell is not what it has seen; of no meaning while it is awake, and false then */
byte held[OBJECTS] = NONE; /* a run */
byte open[OBJECTS] = NONE, later[OBJECTS] = NONE; /* tasks; `later` holds its run by itself */

bool event, stopping;

/* What is asserted about. */
byte begun[TASKS], lost[TASKS], standing;
bool answered[TASKS];

#define ready_in(r) (run_of(0) == r && is_ready[0] || run_of(1) == r && is_ready[1] || \
                     run_of(2) == r && is_ready[2] || run_of(3) == r && is_ready[3])
#define something_in(r) (listed[r] && !stopped[r] && ready_in(r))

/* ---- waking: hdi_pool_wake. Wakes `count`, and leaves it and `who` 0 ---- */

inline wake() {
  do
  :: atomic { count == 0 -> break }
  :: atomic { /* looks for the lowest idle bit */
       count > 0 ->
       do
       :: who < WORKERS && !idle[who] -> who++
       :: else -> break
       od;
       if
       :: who == WORKERS -> count = 0; who = 0; break
       :: else -> skip
       fi
     }
     atomic { /* clears it, unless someone else has, and rings */
       if
       :: idle[who] ->
          idle[who] = false; count--;
          if
          :: workers[who] != NONE -> rung[workers[who]] = true
          :: else -> skip
          fi
       :: else -> skip
       fi;
       who = 0
     }
  od
}

/* ---- holding. Each of these is part of a step ---- */

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
  if
  :: something_in(0) -> held[worker] = 0; holders[0]++
#ifdef TWO_RUNS
  :: !something_in(0) && something_in(1) -> held[worker] = 1; holders[1]++
#endif
  :: else -> skip
  fi
}

inline let_go(r) {
  assert(holders[r] > 0 && !ended[r]);
  holders[r]--;
#if MUTANT == 2 /* the last one out does not look whether that was the end */
  skip
#else
  end_if_over(r)
#endif
}

/* ---- a step of hd_run_finish: an input of `task` is done ---- */

inline count_down(task_) {
  atomic {
    inputs[task_]--;
    if
    :: inputs[task_] == 0 -> assert(!is_ready[task_]); is_ready[task_] = true; count++
    :: else -> skip
    fi
  }
}

#ifdef KILL
#define leave_core(worker) mode[worker] = OUT
#else
#define leave_core(worker) skip
#endif

/* ---- a worker: work() of threads.c; with OUTSIDE, as wasm/shim/pool.c drives it ---- */

proctype worker(byte me) {
  byte count, who, task = NONE;
  mtype bring = NOTHING;

enter:
  atomic { /* hd_worker_enter */
#ifdef KILL
    if
    :: mode[me] == KILLED -> goto gone
    :: else -> skip
    fi;
#if MUTANT != 5 /* it asks, and then enters */
    mode[me] = IN;
#endif
#endif
    rung[me] = false
  }
#if MUTANT == 5
  mode[me] = IN;
#endif
  atomic {
    if
    :: bring == FINISH -> task = open[me]; open[me] = NONE; goto finishing
    :: bring == DEFERS -> later[me] = open[me]; open[me] = NONE; holders[run_of(later[me])]++; bring = NOTHING; goto next
    :: bring == LATER -> task = later[me]; later[me] = NONE; goto finishing
    :: bring == NOTHING && announced[me] -> announced[me] = false; idle[index_of(me)] = false; rung[me] = false; goto next
    :: bring == NOTHING && !announced[me] -> goto next
    fi
  }

finishing: /* hd_run_finish */
  atomic {
    assert(task != NONE && !answered[task] && !ended[run_of(task)] && holders[run_of(task)] > 0);
    answered[task] = true;
#if MUTANT == 3 /* wakes before it adds */
    if
    :: task == 0 -> count = 2
    :: else -> skip
    fi
#endif
  }
#if MUTANT == 3
  wake();
#endif
  if
#if defined FORK
  :: task == 0 -> count_down(1); count_down(2); count_down(3)
#elif defined TWINS
  :: task == 0 -> count_down(1); count_down(2)
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
  atomic { /* and share: it takes one itself, unless it may owe another wake */
    left[run_of(task)]--;
#if MUTANT == 3
    count = 0
#elif MUTANT == 4 /* and takes two */
    count = (count > 2 -> count - 2 : 0)
#else
    count = (announced[me] || count == 0 -> count : count - 1)
#endif
  }
  wake();
  atomic {
    if
    :: bring == LATER -> let_go(run_of(task))
    :: else -> skip
    fi;
    task = NONE; bring = NOTHING;
    if
    :: announced[me] -> announced[me] = false; idle[index_of(me)] = false; rung[me] = false
    :: else -> skip
    fi
  }

next: /* hd_worker_next, in want of a run */
  atomic {
    if
    :: held[me] == NONE -> take_hold(me)
    :: else -> skip
    fi;
    if
    :: held[me] == NONE -> goto sleep
    :: else -> skip
    fi
  }
  atomic { /* hd_run_claim, of the lowest */
    assert(!ended[held[me]] && holders[held[me]] > 0);
    task = 0;
    do
    :: task < TASKS && !(is_ready[task] && run_of(task) == held[me] && !stopped[held[me]]) -> task++
    :: else -> break
    od;
    if
    :: task < TASKS ->
       is_ready[task] = false; open[me] = task;
       assert(inputs[task] == 0 && !answered[task] && begun[task] == lost[task]);
       begun[task]++;
       goto body
    :: else -> task = NONE
    fi
  }
  atomic { who = held[me]; held[me] = NONE; let_go(who); who = 0; goto next }

body:
#ifdef OUTSIDE
  atomic {
    leave_core(me);
    bring = FINISH;
#ifdef DEFER
    if
    :: task == 0 && later[me] == NONE && !lost[0] -> bring = DEFERS
    :: else -> skip
    fi
#endif
  }
#endif
#ifdef COMPANY
  if
  :: company(task) -> standing++; (standing >= COMPANY || mode[me] == KILLED)
  :: else -> skip
  fi;
#endif
#ifdef OUTSIDE
  atomic { task = NONE; goto enter }
#else
  atomic {
    open[me] = NONE;
#ifdef FAIL
    if
    :: task == 1 -> stopped[run_of(1)] = true; answered[1] = true; task = NONE; goto next
    :: else -> skip
    fi;
#endif
    goto finishing
  }
#endif

sleep: /* hd_worker_sleep */
#if MUTANT == 6 /* looks, and then announces */
  rung[me] = false;
  atomic {
    take_hold(me);
    if
    :: held[me] != NONE -> goto found
    :: else -> skip
    fi
  }
  atomic { announced[me] = true; idle[index_of(me)] = true }
#else
#if MUTANT != 7
  rung[me] = false;
#endif
  atomic { announced[me] = true; idle[index_of(me)] = true }
  atomic {
    take_hold(me);
    if
    :: held[me] != NONE -> goto found
    :: else -> skip
    fi
  }
#if MUTANT == 7 /* reads the bell when it has looked */
  rung[me] = false;
#endif
#endif
  atomic { /* hd_worker_leave */
    leave_core(me);
    if
    :: later[me] != NONE -> bring = LATER; goto enter /* the event loop has something better */
    :: else -> skip
    fi
  }
  if
  :: stopping -> goto gone
  :: else -> skip
  fi;
  (rung[me] || mode[me] == KILLED);
  goto enter;
found:
  atomic { announced[me] = false; idle[index_of(me)] = false; rung[me] = false; leave_core(me); goto enter }
gone:
  skip
}

/* ---- hd_worker_kill, hd_worker_lost, and hd_worker_add ---- */

#ifdef KILL
proctype killer() {
  byte count, who, task;
#if MUTANT == 8 /* does not ask whether it is inside */
  mode[0] = KILLED;
#else
  atomic { mode[0] == OUT -> mode[0] = KILLED }
#endif
again:
  atomic { /* hd_run_lost of an open claim */
    if
    :: open[0] != NONE -> task = open[0]; open[0] = NONE
    :: open[0] == NONE && later[0] != NONE -> task = later[0]
    :: else -> goto closed
    fi;
    assert(!answered[task] && !ended[run_of(task)]);
    lost[task]++;
#ifdef LAST
    stopped[run_of(task)] = true; answered[task] = true
#else
    assert(!is_ready[task]);
    is_ready[task] = true;
#if MUTANT != 9 /* wakes nobody, neither now nor below */
    count = 1
#endif
#endif
  }
  wake();
  atomic {
    if
    :: task == later[0] -> later[0] = NONE; let_go(run_of(task))
    :: else -> skip
    fi;
    goto again
  }
closed:
  atomic { task = held[0]; held[0] = NONE; announced[0] = false; workers[0] = NONE }
  atomic { idle[0] = false; count = (listed[0] -> 1 : 0) }
#if MUTANT == 9 || MUTANT == 10 /* keeps a wake that it had got */
  count = 0;
#endif
  wake();
#ifdef TWO_RUNS
  count = (listed[1] -> 1 : 0);
  wake();
#endif
#if MUTANT != 11 /* does not let go of the run that it held */
  atomic {
    if
    :: task != NONE -> let_go(task)
    :: else -> skip
    fi;
    task = 0
  }
#endif
#ifdef REPLACE
  atomic { workers[0] = WORKERS; run worker(WORKERS) }
#endif
}
#endif

/* ---- the user: hd_pool_submit, hd_pool_cancel, hd_pool_wait, hd_pool_destroy ---- */

inline submit(r) {
#if MUTANT == 12 /* wakes before the run is on the list */
  count = WORKERS;
  wake();
  atomic { listed[r] = true; end_if_over(r) }
#else
  atomic { listed[r] = true; end_if_over(r); count = WORKERS }
  wake()
#endif
}

inline wait_for(r) {
  do
  :: event = false; /* what is seen */
     if
     :: ended[r] -> break
     :: else -> event
     fi
  od
}

init {
  byte count, who;
  atomic {
#if defined FORK
    inputs[1] = 1; inputs[2] = 1; inputs[3] = 1; left[0] = 4; is_ready[0] = true;
#elif defined TWINS
    inputs[1] = 1; inputs[2] = 1; inputs[3] = 1; answered[3] = true; left[0] = 3; is_ready[0] = true;
#elif defined DIAMOND
    inputs[1] = 1; inputs[2] = 1; inputs[3] = 2; left[0] = 4; is_ready[0] = true;
#elif defined PAIRS
    inputs[2] = 1; inputs[3] = 1; left[0] = 4; is_ready[0] = true; is_ready[1] = true;
#else
    inputs[1] = 1; inputs[3] = 1; left[0] = 2; left[1] = 2; is_ready[0] = true; is_ready[2] = true;
#endif
    do
    :: who < WORKERS -> workers[who] = who; run worker(who); who++
    :: else -> break
    od;
    who = 0;
#ifdef KILL
    run killer()
#endif
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
#if MUTANT != 13 /* leaves the end to the workers, though none may be inside */
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
  assert(answered[0] && answered[1] && answered[2] && answered[3]);
#endif
  stopping = true;
  do
  :: atomic { who < WORKERS && workers[who] != NONE -> rung[workers[who]] = true; who++ }
  :: atomic { who < WORKERS && workers[who] == NONE -> who++ }
  :: who == WORKERS -> break
  od
}
