/* Workers that are killed at any moment: src/run as it is, driven as the Web Workers drive it
 * (wasm/shim/pool.c): bodies run outside the core, some of them answered later (deferred).
 *
 * Checked in every execution:
 *   - KILL-1: once hd_worker_kill has said yes, that worker never acts inside the core again, and its
 *     killer may read and write what was its own (a relacy variable a worker: a data race if not);
 *   - what it had claimed is claimed again exactly once more, and every task is answered once;
 *   - or, with no attempts left, the run fails with WORKER_LOST; it ends once in any case, is destroyed
 *     at once, and nobody touches it again;
 *   - a wake that the killed one had got goes on to another;
 *   - answers that leave no result, of deferred claims: they owe wakes, and let go of the run, as others do. */
#include "model/core_relacy.h"

enum { ALL = WORKERS_MAX + 1 };

static hd_function function; /* external: no kernel */
static bool killed[ALL];
static uint32_t begun[TASKS_MAX], answered[TASKS_MAX], lost[TASKS_MAX];
static void (*body)(hd_worker *worker, uint32_t task); /* what a task does outside the core, or NULL */
static bool (*is_deferred)(uint32_t task);             /* or NULL: none is */
static uint32_t fails[TASKS_MAX];                      /* how often a task fails before it succeeds */
static bool user_is_quick;

struct marks {
  rl::var<int> own[ALL]; /* touched by a worker while it is inside, by its killer afterwards */
};
static marks *at;
alignas(16) static char marks_space[sizeof(marks)];

static void rung(hdi_bell *bell) {
  if (bell != &here->pool.event) return;
  RL_ASSERT(++event_rings <= run_count + failed_runs);
  if (user_is_quick) stop_pool();
}

static uint32_t number_of(hd_worker *worker) { return (uint32_t)(worker - here->workers); }

static void act_inside(hd_worker *worker) {
  uint32_t number = number_of(worker);
  RL_ASSERT(!killed[number]);
  at->own[number]($) = (int)at->own[number]($) + 1;
}

static void answer(hd_worker *worker, uint32_t slot, uint32_t task) {
  hd_value result = {HD_UNDEFINED, 0, {0}};
  RL_ASSERT(worker->claims[slot].run && worker->claims[slot].task == task);
  if (fails[task]) {
    fails[task]--;
    hd_worker_fail(worker, slot, HD_TASK_FAILED, NULL);
    return;
  }
  RL_ASSERT(++answered[task] == 1);
  runs[0]->results[task]($) = 1;
  hd_worker_finish(worker, slot, &result);
}

/* hdw_worker_answer: an open claim of before is answered. False: killed. */
static bool answer_later(hd_worker *worker, uint32_t slot, uint32_t task) {
  if (!hd_worker_enter(worker)) return false;
  act_inside(worker);
  answer(worker, slot, task);
  act_inside(worker);
  hd_worker_leave(worker);
  return true;
}

/* hdw_worker_step and the JavaScript around it. A deferred body is answered when the worker would sleep. */
static void drive(hd_worker *worker) {
  enum { NOTHING, FINISH, DEFER } outcome = NOTHING;
  struct { uint32_t slot, task; } later[TASKS_MAX];
  uint32_t later_count = 0, slot = 0, task = 0, seen, sleep_ms;
  hd_claim claim;
  hd_next next;
  while (hd_worker_enter(worker)) {
    act_inside(worker);
    if (outcome == FINISH) answer(worker, slot, task);
    if (outcome == DEFER) hd_worker_defer(worker, slot);
    outcome = NOTHING;
    do {
      next = hd_worker_next(worker, &claim);
      sleep_ms = next == HD_NEXT_IDLE ? hd_worker_sleep(worker, &seen) : 0;
    } while (next == HD_NEXT_IDLE && sleep_ms == 0);
    if (next == HD_NEXT_TASK) {
      slot = claim.slot;
      task = claim.call.task;
      begun[task]++;
      modelled_run *one = runs[0];
      for (uint32_t i = one->arg_offsets[task]; i < one->arg_offsets[task + 1]; i++)
        RL_ASSERT((int)one->results[one->args[i]]($) == 1);
    }
    act_inside(worker);
    hd_worker_leave(worker);
    if (next == HD_NEXT_TASK) {
      if (body) body(worker, task);
      outcome = is_deferred && is_deferred(task) ? DEFER : FINISH;
      if (outcome == DEFER) later[later_count].slot = slot, later[later_count++].task = task;
    } else if (later_count) {
      later_count--;
      if (!answer_later(worker, later[later_count].slot, later[later_count].task)) return;
    } else {
      if (hdi_load_seq_u32(&here->pool.stopping)) return;
      hdi_bell_wait(&worker->bell, seen, sleep_ms);
    }
  }
}

static void kill(hd_worker *victim, uint32_t attempts_max) {
  while (!hd_worker_kill(victim)) rl::yield(1, $);
  killed[number_of(victim)] = true;
  hdi_bell_ring(&victim->bell); /* its thread may run on for a moment, also if it slept */
  at->own[number_of(victim)]($) = 0;
  for (uint32_t slot = 0; slot < HDI_CLAIMS_MAX; slot++)
    if (victim->claims[slot].run) {
      lost[victim->claims[slot].task]++;
      failed_runs = attempts_max == 1;
    }
  hd_worker_lost(victim, attempts_max);
  at->own[number_of(victim)]($) = 0;
}

static void begin(uint32_t workers, const shape inputs, uint32_t count) {
  make_world(workers);
  at = new (marks_space) marks;
  for (uint32_t i = 0; i < ALL; i++) at->own[i]($) = 0;
  memset(killed, 0, sizeof killed);
  memset(begun, 0, sizeof begun);
  memset(answered, 0, sizeof answered);
  memset(lost, 0, sizeof lost);
  memset(fails, 0, sizeof fails);
  body = NULL;
  is_deferred = NULL;
  user_is_quick = false;
  hd_pool_submit(&here->pool, make_run(0, inputs, count, workers, &function));
}

static void check_answers(void) {
  hd_run *run = &runs[0]->run;
  for (uint32_t task = 0; task < run->task_count; task++)
    RL_ASSERT(answered[task] == 1 && begun[task] == 1 + lost[task] && lost[task] <= 1 &&
              hd_run_attempt(run, task) == lost[task] + 1u);
  RL_ASSERT(hd_run_running(run) == 0);
}

static void wait_for_answers(void) {
  RL_ASSERT(hd_pool_wait(&here->pool, &runs[0]->run) == HD_OK && runs[0]->run.holders == 0);
  check_answers();
  destroy_run(0);
  stop_pool();
}

static void end(void) {
  at->~marks();
  free_world();
}
static void end_quick(void) {
  check_answers();
  end();
}

/* ---- scenarios ------------------------------------------------------------------------------------- */

/* 0, 1; 0 -> 2 */
static const shape pair = {{NONE}, {NONE}, {0, NONE}};
static const shape chain = {{NONE}, {0, NONE}};

static void begin_pair(void) { begin(2, pair, 3); }
static void killed_at_any_moment(int thread) {
  if (thread < 2) return drive(&here->workers[thread]);
  kill(&here->workers[0], 3);
  wait_for_answers();
}

static void begin_replaced(void) {
  begin(1, pair, 3);
  user_is_quick = true;
}
static void replaced(int thread) {
  if (thread == 0) return drive(&here->workers[0]);
  hd_worker *next;
  kill(&here->workers[0], 3);
  RL_ASSERT(hd_worker_add(&here->pool, &next) == HD_OK && hd_worker_index(next) == 0);
  drive(next);
}

static void no_attempts_left(int thread) {
  if (thread < 2) return drive(&here->workers[thread]);
  kill(&here->workers[0], 1);
  hd_run *run = &runs[0]->run;
  hd_status status = hd_pool_wait(&here->pool, run);
  uint32_t failures = 0, open = 0;
  for (uint32_t task = 0; task < 3; task++) {
    failures += lost[task];
    open += begun[task] - answered[task];
  }
  RL_ASSERT(run->holders == 0 && run->ended && open == failures);
  RL_ASSERT(status == (failures ? HD_WORKER_LOST : HD_OK) && hd_run_running(run) == 0);
  destroy_run(0);
  stop_pool();
}

static bool first_is_deferred(uint32_t task) { return task == 0; }
static void begin_deferred(void) {
  begin(2, pair, 3);
  is_deferred = first_is_deferred;
}
static void begin_deferred_replaced(void) {
  begin_replaced();
  is_deferred = first_is_deferred;
}

/* 0 -> 1, 2. The body of 1 kills worker 0 and then waits for the body of 2: if worker 0 had got the wake
 * for it, that must go on to the third. */
static const shape fork2 = {{NONE}, {0, NONE}, {0, NONE}};
static bool met;
static hdi_u32 *door;
alignas(16) static char door_space[sizeof(hdi_u32)];
static void kills_a_sleeper(hd_worker *worker, uint32_t task) {
  if (task == 1 && number_of(worker) != 0 && !killed[0]) {
    kill(&here->workers[0], 3);
    if (!met) door->word.wait(rl::ctx(), false, false, $);
  } else if (task == 2) {
    met = true;
    door->word.wake(rl::ctx(), 16, $);
  }
}
static void begin_sleeper(void) {
  begin(3, fork2, 3);
  door = new (door_space) hdi_u32;
  met = false;
  body = kills_a_sleeper;
  user_is_quick = true;
}
static void all_drive(int thread) { drive(&here->workers[thread]); }
static void end_sleeper(void) {
  door->~hdi_u32();
  end_quick();
}

/* 0 -> 2 and 1 -> 3, 4, of which 0 is answered later. Who answers it may have been woken for 3 at the same
 * moment: it cannot run both 2 and 3, and all of 2, 3, 4 can run side by side. */
static const shape two_wakes = {{NONE}, {NONE}, {0, NONE}, {1, NONE}, {1, NONE}};
static uint32_t standing;
static bool nothing_to_show; /* who should answer later runs a body before that */
static void three_side_by_side(hd_worker *worker, uint32_t task) {
  if (task < 2) return;
  if (worker->open_count > 1) nothing_to_show = true;
  if (nothing_to_show || ++standing == 3) door->word.wake(rl::ctx(), 16, $);
  else door->word.wait(rl::ctx(), false, false, $);
}
static void begin_two_wakes(void) {
  begin(3, two_wakes, 5);
  door = new (door_space) hdi_u32;
  standing = 0;
  nothing_to_show = false;
  body = three_side_by_side;
  is_deferred = first_is_deferred;
  user_is_quick = true;
}

/* The same, but that 0 fails when it is answered later, and is tried again: 0, 2, 3 can run side by side. */
static const shape put_back_beside = {{NONE}, {NONE}, {1, NONE}, {1, NONE}};
static void three_side_by_side_again(hd_worker *worker, uint32_t task) {
  if (task == 1 || (task == 0 && begun[0] == 1)) return;
  if (worker->open_count > 1) nothing_to_show = true;
  if (nothing_to_show || ++standing == 3) door->word.wake(rl::ctx(), 16, $);
  else door->word.wait(rl::ctx(), false, false, $);
}
static bool first_is_deferred_at_first(uint32_t task) { return task == 0 && begun[0] == 1; }
static void begin_put_back(void) {
  begin(3, put_back_beside, 4);
  set_retries(0, 1);
  door = new (door_space) hdi_u32;
  standing = 0;
  nothing_to_show = false;
  fails[0] = 1;
  body = three_side_by_side_again;
  is_deferred = first_is_deferred_at_first;
  user_is_quick = true;
}
static void end_put_back(void) {
  hd_run *run = &runs[0]->run;
  for (uint32_t task = 0; task < 4; task++)
    RL_ASSERT(answered[task] == 1 && begun[task] == 1u + (task == 0) && hd_run_attempt(run, task) == 1u + (task == 0));
  RL_ASSERT(run->ended && hd_run_get_state(run) == HD_RUN_DONE && hd_run_running(run) == 0);
  door->~hdi_u32();
  end();
}

/* 1 and 2 are one group, whose last part needs 0, which fails: 1 is answered later, and 2 is skipped, by a worker that
 * may have let go of the run by then. */
static const shape skipped_part = {{NONE}, {NONE}, {0, 1, NONE}, {NONE}};
static uint64_t skipped_bits[1] = {UINT64_C(1) << 2};
static bool part_is_deferred(uint32_t task) { return task == 1; }
static void begin_skipped_part(void) {
  begin(2, skipped_part, 3);
  hd_run *run = &runs[0]->run;
  uint32_t task;
  bool raised = false;
  while (hdi_ready_take(&run->ready, 1, &task, &raised)) {}
  run->graph->joined = skipped_bits;
  run->keep_going = true;
  runs[0]->dependents[0] = 1; /* its group waits for 0 at its first part */
  hdi_store_relaxed_u32(&run->waiting[1], 1);
  hdi_store_relaxed_u32(&run->waiting[2], 1);
  hdi_ready_add(&run->ready, 0);
  fails[0] = 1;
  is_deferred = part_is_deferred;
  user_is_quick = true;
}
static void end_skipped_part(void) {
  hd_run *run = &runs[0]->run;
  RL_ASSERT(begun[0] == 1 && answered[1] == 1 && begun[2] == 0);
  RL_ASSERT(run->ended && run->holders == 0 && hd_run_get_state(run) == HD_RUN_FAILED && hd_run_running(run) == 0);
  RL_ASSERT((hdi_load_relaxed_u8(&run->states[2]) & HD_STATE_MASK) == HD_TASK_CANCELLED);
  end();
}

static void cancelled_and_killed(int thread) {
  if (thread < 2) return drive(&here->workers[thread]);
  hd_run *run = &runs[0]->run;
  hd_pool_cancel(&here->pool, run);
  kill(&here->workers[0], 3);
  hd_status status = hd_pool_wait(&here->pool, run);
  RL_ASSERT(status == HD_CANCELLED || status == HD_OK);
  RL_ASSERT(run->ended && run->holders == 0 && hd_run_running(run) == 0);
  destroy_run(0);
  stop_pool();
}

static const char sleepers[] = "lock ready.c pool.c worker.c";
static const char killers[] = "lock pool.c worker.c";

static const hdt_scenario scenarios[] = {
    {"a worker that is killed acts no more, and its claim runs once more", 3, 2, 20000, begin_pair,
     killed_at_any_moment, end, killers},
    {"another takes the number of a killed worker", 2, 2, 20000, begin_replaced, replaced, end_quick},
    {"a killed worker's claim without attempts left fails the run", 3, 2, 20000, begin_pair, no_attempts_left, end,
     killers},
    {"a worker is killed with a deferred claim open", 3, 2, 20000, begin_deferred, killed_at_any_moment, end,
     killers},
    {"another takes the number of one that was killed with a deferred claim open", 2, 2, 20000,
     begin_deferred_replaced, replaced, end_quick},
    {"a wake of the killed worker goes on to another", 3, 2, 20000, begin_sleeper, all_drive, end_sleeper, sleepers},
    {"a worker that is woken while it answers a deferred claim owes two wakes", 3, 1, 40000, begin_two_wakes,
     all_drive, end_sleeper, sleepers},
    {"a worker that is woken while its deferred claim fails owes two wakes", 3, 1, 40000, begin_put_back, all_drive,
     end_put_back, sleepers},
    {"a part that is skipped lets go of the run that its claim held", 2, 2, 20000, begin_skipped_part, all_drive,
     end_skipped_part},
    {"a run is cancelled and a worker killed", 3, 2, 20000, begin_pair, cancelled_and_killed, end, killers},
};

int main(int argc, char **argv) {
  return hdt_main(scenarios, sizeof scenarios / sizeof *scenarios, argc, argv);
}
