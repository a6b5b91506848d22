/* Sleeping, waking and the end of a run: src/run as it is, driven by threads.c's own worker loop, with
 * bells that never time out. A wake that is lost is a deadlock.
 *
 * Checked in every execution:
 *   - every task runs once, after its inputs, and sees their results, which are released once;
 *   - every run ends once, told by one ring of the event, when nobody holds it; once the user has seen
 *     that, it is destroyed, and nobody touches it again;
 *   - IDLE-1: nobody sleeps for ever while a task is ready and unclaimed;
 *   - and no longer than for moments: bodies that `need company` end only when so many run side by
 *     side, so a worker that sleeps beside a ready task is a deadlock too. */
#include "model/core_relacy.h"

static hd_function function;
static uint32_t company[TASKS_MAX]; /* the body of task t waits for so many to stand beside it; 0: for none */
static uint32_t standing;
static hdi_u32 *door; /* where they wait */
static uint32_t bodies, bodies_max;
static uint32_t failing; /* the task whose body fails, or HD_NONE */
static bool user_is_quick; /* nobody waits for the end: who tells of it ends the pool as well */
alignas(16) static char door_space[sizeof(hdi_u32)];

static void rung(hdi_bell *bell) {
  if (bell != &here->pool.event) return;
  RL_ASSERT(++event_rings <= run_count + failed_runs);
  if (user_is_quick && event_rings == run_count) stop_pool();
}

static hd_status body(const hd_call *call, hd_value *) {
  run_body(0, call->task);
  RL_ASSERT(++bodies <= bodies_max);
  uint32_t wanted = company[call->task];
  if (wanted) {
    if (++standing == wanted) {
      standing = 0;
      door->word.wake(rl::ctx(), 16, $);
    } else door->word.wait(rl::ctx(), false, false, $);
  }
  bodies--;
  return call->task == failing ? HD_TASK_FAILED : HD_OK;
}

static hd_status other_body(const hd_call *call, hd_value *) {
  run_body(1, call->task);
  return HD_OK;
}
static hd_function other_function = {other_body, NULL};

static hd_run *begin(uint32_t workers, const shape inputs, uint32_t count) {
  make_world(workers);
  door = new (door_space) hdi_u32;
  function.kernel = body;
  memset(company, 0, sizeof company);
  standing = bodies = 0;
  bodies_max = workers;
  failing = HD_NONE;
  user_is_quick = true;
  return make_run(0, inputs, count, workers, &function);
}

static void end(void) {
  door->~hdi_u32();
  free_world();
}

static void check_done(uint32_t number, uint32_t count) {
  hd_run *run = &runs[number]->run;
  RL_ASSERT(run->ended && run->holders == 0);
  RL_ASSERT(hd_run_get_state(run) == HD_RUN_DONE && hd_run_running(run) == 0);
  for (uint32_t task = 0; task < count; task++) {
    uint32_t state = hdi_load_relaxed_u8(&run->states[task]) & HD_STATE_MASK;
    bool wanted = run->graph->dependent_offsets[task] == run->graph->dependent_offsets[task + 1];
    RL_ASSERT(ran[number][task] == 1);
    RL_ASSERT(state == (wanted ? HD_DONE : HD_RELEASED));
    RL_ASSERT((int)runs[number]->results[task]($) == (wanted ? 1 : 2));
  }
}

/* ---- only workers: the run was submitted before they start, and its end ends the pool -------------- */

static void worker(int thread) { work(&here->workers[thread]); }

static void end_done(void) {
  check_done(0, runs[0]->run.task_count);
  end();
}

/*   0 -> 1, 2, 3    */
static const shape fork3 = {{NONE}, {0, NONE}, {0, NONE}, {0, NONE}};
static void begin_fork(void) {
  hd_run *run = begin(3, fork3, 4);
  company[1] = company[2] = company[3] = 3;
  hd_pool_submit(&here->pool, run);
}

/*   0 -> 1, 2 -> 3 -> 4, 5    */
static const shape waves = {{NONE}, {0, NONE}, {0, NONE}, {1, 2, NONE}, {3, NONE}, {3, NONE}};
static void begin_waves(void) {
  hd_run *run = begin(2, waves, 6);
  company[1] = company[2] = company[4] = company[5] = 2;
  hd_pool_submit(&here->pool, run);
}

/*   0 -> 2, 1 -> 3: two workers each make one task ready. Needs no wake at all, but may not lose one   */
static const shape producers = {{NONE}, {NONE}, {0, NONE}, {1, NONE}, {2, 3, NONE}};
static void begin_producers(void) {
  hd_run *run = begin(2, producers, 5);
  company[2] = company[3] = 2;
  hd_pool_submit(&here->pool, run);
}

/*   0 -> 2, 3 while 1 is taken, the last of its word: its taker clears the marks above 3 for a moment, and
 *   those who look then find nothing. All three can run side by side.   */
static const shape hidden = {{NONE}, {NONE}, {0, NONE}, {0, NONE}, {1, 2, 3, NONE}};
static void begin_hidden(void) {
  hd_run *run = begin(3, hidden, 5);
  company[1] = company[2] = company[3] = 3;
  hd_pool_submit(&here->pool, run);
}

/*   0 -> 2, 3 and 1 -> 4, 5: two workers wake one each at the same time, and must not both take the same one for
 *   theirs   */
static const shape two_pairs = {{NONE}, {NONE}, {0, NONE}, {0, NONE}, {1, NONE}, {1, NONE}};
static void begin_two_pairs(void) {
  hd_run *run = begin(4, two_pairs, 6);
  company[0] = company[1] = 2;
  company[2] = company[3] = company[4] = company[5] = 4;
  hd_pool_submit(&here->pool, run);
}

/* ---- two workers, and a user who submits, waits and destroys ---------------------------------------- */

static hd_status outcome;
static const shape pair = {{NONE}, {NONE}, {0, NONE}};

static void user_waits(void) {
  outcome = hd_pool_wait(&here->pool, &runs[0]->run);
  RL_ASSERT(outcome != HD_OK || hd_run_remaining(&runs[0]->run) == 0);
}
static void user_leaves(void) {
  destroy_run(0);
  stop_pool();
}

static void begin_user(void) {
  begin(2, pair, 3);
  user_is_quick = false;
}
static void user_submits(int thread) {
  if (thread < 2) return worker(thread);
  RL_ASSERT(hd_pool_submit(&here->pool, &runs[0]->run) == HD_OK);
  user_waits();
  RL_ASSERT(outcome == HD_OK);
  check_done(0, 3);
  user_leaves();
}

static void user_cancels(int thread) {
  if (thread < 2) return worker(thread);
  hd_run *run = &runs[0]->run;
  hd_pool_submit(&here->pool, run);
  hd_pool_cancel(&here->pool, run);
  user_waits();
  RL_ASSERT(run->ended && run->holders == 0 && hd_run_running(run) == 0);
  RL_ASSERT(outcome == HD_OK || outcome == HD_CANCELLED);
  for (uint32_t task = 0; task < 3; task++) {
    uint32_t state = hdi_load_relaxed_u8(&run->states[task]) & HD_STATE_MASK;
    RL_ASSERT(ran[0][task] ? state == HD_DONE || state == HD_RELEASED : state == HD_TASK_CANCELLED);
  }
  user_leaves();
}

static void begin_failing(void) {
  begin_user();
  failing = 0;
  failed_runs = 1;
}
static void user_meets_a_failure(int thread) {
  if (thread < 2) return worker(thread);
  const hd_value *error;
  hd_run *run = &runs[0]->run;
  hd_pool_submit(&here->pool, run);
  user_waits();
  RL_ASSERT(outcome == HD_TASK_FAILED && ran[0][0] == 1 && ran[0][2] == 0);
  RL_ASSERT(hd_run_failure(run, &outcome, &error) == 0 && run->holders == 0);
  user_leaves();
}

static void user_pauses_and_resumes(int thread) {
  if (thread < 2) return worker(thread);
  hd_run *run = &runs[0]->run;
  hd_run_pause(run);
  hd_pool_submit(&here->pool, run);
  hd_run_step(run, 1);
  hd_run_resume(run);
  user_waits();
  RL_ASSERT(outcome == HD_OK);
  user_leaves();
}

static void user_pauses_late(int thread) {
  if (thread < 2) return worker(thread);
  hd_run *run = &runs[0]->run;
  hd_run_pause(run);
  hd_run_resume(run);
  user_waits();
  RL_ASSERT(outcome == HD_OK);
  user_leaves();
}

static void user_steps(int thread) {
  if (thread < 2) return worker(thread);
  hd_run *run = &runs[0]->run;
  hd_run_pause(run);
  hd_pool_submit(&here->pool, run);
  hd_run_step(run, 2);
  hd_run_step(run, 1);
  user_waits();
  RL_ASSERT(outcome == HD_OK);
  user_leaves();
}

static void begin_one_token(void) {
  hd_run *run = begin(2, producers, 5);
  bodies_max = 1;
  hd_run_set_tokens(run, 1);
  hd_pool_submit(&here->pool, run);
}

static const shape single = {{NONE}, {NONE}};
static void begin_two_runs(void) {
  begin(2, single, 2);
  make_run(1, single, 1, 2, &other_function);
  user_is_quick = true;
  hd_pool_submit(&here->pool, &runs[0]->run);
}
static void second_is_submitted(int thread) {
  if (thread < 2) return worker(thread);
  hd_pool_submit(&here->pool, &runs[1]->run);
}
static void end_two_runs(void) {
  check_done(0, 2);
  check_done(1, 1);
  end();
}

/* ---- hands, groups, budgets: every task runs once, and the run ends ---------------------------------- */

/* Workers that hold several short tasks at a time while others sleep beside them.
 *   0 -> 1, 2, 3; 2, 3 -> 4    */
static const shape handful = {{NONE}, {0, NONE}, {0, NONE}, {0, NONE}, {2, 3, NONE}};
static void begin_short(void) {
  hd_run *run = begin(2, handful, 5);
  for (hd_worker &worker : here->workers) worker.kernels_are_short = true;
  hd_pool_submit(&here->pool, run);
}
static void begin_loose(void) {
  hd_run *run = begin(2, handful, 5);
  run->loose = true;
  for (hd_worker &worker : here->workers) worker.kernels_are_short = true;
  hd_pool_submit(&here->pool, run);
}

/* The gate shuts while a worker has more in its hand. */
static const shape four = {{NONE}, {NONE}, {NONE}, {NONE}};
static void begin_short_user(void) {
  hd_run *run = begin(2, four, 4);
  hd_pool_submit(&here->pool, run);
  for (hd_worker &worker : here->workers) worker.kernels_are_short = true;
  user_is_quick = false;
}

/* 1, 2, 3 are one group, which waits for 0.
 *   0 -> 1 -> 2 -> 3; 0 -> 4    */
static const shape chained = {{NONE}, {0, NONE}, {1, NONE}, {2, NONE}, {0, NONE}};
static uint64_t chain_bits[1] = {UINT64_C(1) << 2 | UINT64_C(1) << 3};
static hd_run *begin_chain(void) {
  hd_run *run = begin(2, chained, 5);
  run->graph->joined = chain_bits;
  for (uint32_t part = 2; part <= 3; part++) hdi_store_relaxed_u32(&run->waiting[part], 1);
  return run;
}
static void begin_fused(void) { hd_pool_submit(&here->pool, begin_chain()); }

/* The gate shuts and opens while the parts run. */
static void begin_fused_user(void) {
  begin_fused();
  user_is_quick = false;
}

/* Four roots, of which the budget lets one begin at a time but when nothing else can go on.
 *   0, 1 -> 4; 2, 3    */
static const shape roots = {{NONE}, {NONE}, {NONE}, {0, 1, NONE}};
static hdi_u64 *root_words;
alignas(64) static char root_space[WORDS_MAX * sizeof(hdi_u64)];
static void begin_budget(void) {
  hd_run *run = begin(2, roots, 4);
  root_words = (hdi_u64 *)root_space;
  for (uint32_t i = 0; i < WORDS_MAX; i++) new (&root_words[i]) hdi_u64;
  run->root_words = root_words;
  run->counting = true;
  run->budget_results = 1;
  run->budget_bytes = UINT64_MAX;
  hdi_ready_init(&run->roots, 4, root_words);
  hdi_store_seq_u32(&run->control, HDI_BUDGETED);
  uint32_t task;
  bool raised = false;
  while (hdi_ready_take(&run->ready, 1, &task, &raised)) hdi_ready_add(&run->roots, task);
  hd_pool_submit(&here->pool, run);
}
static void end_budget(void) {
  for (uint32_t i = 0; i < WORDS_MAX; i++) root_words[i].~hdi_u64();
  end_done();
}

static const char hands[] = "lock ready.c run.c pool.c worker.c";
static const char sleepers[] = "lock ready.c pool.c worker.c";
static const char gates[] = "lock gate.c run.c pool.c worker.c";

static const hdt_scenario scenarios[] = {
    {"three tasks that become ready at once run side by side", 3, 2, 20000, begin_fork, worker, end_done, sleepers},
    {"two waves of two, with a worker asleep in between", 2, 2, 20000, begin_waves, worker, end_done},
    {"two workers each make a task ready and each take one", 2, 2, 20000, begin_producers, worker, end_done},
    {"tasks hidden by who clears marks are found again, by all who could run them", 3, 2, 60000, begin_hidden,
     worker, end_done, sleepers},
    {"two who wake at the same time wake two", 4, 1, 60000, begin_two_pairs, worker, end_done, sleepers},
    {"a run is submitted while workers go to sleep", 3, 2, 20000, begin_user, user_submits, end, sleepers},
    {"a run is cancelled", 3, 2, 20000, begin_user, user_cancels, end},
    {"a run fails", 3, 2, 20000, begin_failing, user_meets_a_failure, end, sleepers},
    {"a run is paused, stepped and resumed", 3, 2, 20000, begin_user, user_pauses_and_resumes, end, gates},
    {"a run is stepped to its end", 3, 2, 20000, begin_user, user_steps, end, gates},
    {"one token lets one body run at a time", 2, 2, 20000, begin_one_token, worker, end_done},
    {"two runs share the workers", 3, 2, 20000, begin_two_runs, second_is_submitted, end_two_runs, sleepers},
    {"short kernels are taken by the handful", 2, 2, 20000, begin_short, worker, end_done, hands},
    {"and by the word in a loose run", 2, 2, 20000, begin_loose, worker, end_done, hands},
    {"the gate shuts and opens while a worker has a handful", 3, 2, 20000, begin_short_user, user_pauses_late, end, gates},
    {"a fused chain runs beside another task", 2, 2, 20000, begin_fused, worker, end_done, hands},
    {"the gate shuts and opens between the parts of a chain", 3, 2, 20000, begin_fused_user, user_pauses_late, end, gates},
    {"a budget holds roots back and the run ends", 2, 2, 20000, begin_budget, worker, end_budget, hands},
};

int main(int argc, char **argv) {
  return hdt_main(scenarios, sizeof scenarios / sizeof *scenarios, argc, argv);
}
