/* Tasks that fail, under threads.c's own worker loop, with bells that never time out: src/run as it is.
 *
 * Checked in every execution:
 *   - a task that fails is run again as often as it has retries, and everything after it once;
 *   - a run that keeps going runs what it can and no more, notes each failure once, and ends once;
 *   - nobody sleeps beside what a failure made possible: bodies that `need company` end only side by side;
 *   - RUN-5: whoever is told that a wanted result is there, and sees that it is, can read it. */
#include "model/core_relacy.h"

static hd_function function;
static uint32_t company[TASKS_MAX]; /* the body of task t waits for so many to stand beside it; 0: for none */
static uint32_t standing;
static hdi_u32 *door; /* where they wait */
static uint32_t fails[TASKS_MAX]; /* how often a task fails before it succeeds */
static bool user_is_quick; /* nobody waits for the end: who tells of it ends the pool as well */
alignas(16) static char door_space[sizeof(hdi_u32)];

static void rung(hdi_bell *bell) {
  if (bell != &here->pool.event) return;
  RL_ASSERT(++event_rings <= run_count + failed_runs + announced);
  if (user_is_quick && event_rings == run_count + failed_runs + announced) stop_pool();
}

/* They all leave when so many have come. */
static void meet(uint32_t wanted) {
  if (++standing == wanted) {
    standing = 0;
    door->word.wake(rl::ctx(), 16, $);
  } else door->word.wait(rl::ctx(), false, false, $);
}

static hd_status body(const hd_call *call, hd_value *result) {
  run_body(0, call->task);
  *result = hd_number(1);
  if (fails[call->task]) {
    fails[call->task]--;
    return HD_TASK_FAILED;
  }
  if (company[call->task]) meet(company[call->task]);
  return HD_OK;
}

static hd_run *begin(uint32_t workers, const shape inputs, uint32_t count) {
  make_world(workers);
  door = new (door_space) hdi_u32;
  function.kernel = body;
  memset(company, 0, sizeof company);
  memset(fails, 0, sizeof fails);
  standing = 0;
  user_is_quick = true;
  return make_run(0, inputs, count, workers, &function);
}

static void end(void) {
  door->~hdi_u32();
  free_world();
}

static void worker(int thread) { work(&here->workers[thread]); }

/* The states of all tasks, as in "RED": released, erred, done, cancelled; and how often each body ran. */
static void check(const char *states, const char *times) {
  hd_run *run = &runs[0]->run;
  uint32_t erred = 0;
  RL_ASSERT(run->ended && run->holders == 0 && hd_run_running(run) == 0 && hd_run_remaining(run) == 0);
  for (uint32_t task = 0; task < run->task_count; task++) {
    uint32_t state = hdi_load_relaxed_u8(&run->states[task]) & HD_STATE_MASK;
    erred += state == HD_ERRED;
    RL_ASSERT(states[task] == (state == HD_RELEASED ? 'R' : state == HD_ERRED ? 'E' : state == HD_DONE ? 'D' : state == HD_TASK_CANCELLED ? 'C' : '?'));
    RL_ASSERT(ran[0][task] == (uint32_t)(times[task] - '0'));
  }
  RL_ASSERT(hd_run_get_state(run) == (erred ? HD_RUN_FAILED : HD_RUN_DONE));
  hd_failure failures[TASKS_MAX];
  RL_ASSERT(hd_run_failures(run, TASKS_MAX, failures) == erred);
  for (uint32_t i = 0; i < erred; i++) RL_ASSERT(states[failures[i].task] == 'E' && failures[i].status == HD_TASK_FAILED);
}

/* ---- tried again ----------------------------------------------------------------------------------- */

/*   0 -> 1, 2 -> 3    */
static const shape diamond = {{NONE}, {0, NONE}, {0, NONE}, {1, 2, NONE}};
static void begin_retry(void) {
  hd_run *run = begin(2, diamond, 4);
  set_retries(0, 1);
  fails[0] = fails[1] = fails[3] = 1;
  company[1] = company[2] = 2; /* also with the second attempt at 1 */
  hd_pool_submit(&here->pool, run);
}
static void end_retry(void) {
  check("RRRD", "2212");
  end();
}

/* With several in a hand.
 *   0 -> 1, 2, 3; 2, 3 -> 4    */
static const shape handful = {{NONE}, {0, NONE}, {0, NONE}, {0, NONE}, {2, 3, NONE}};
static void begin_short(void) {
  hd_run *run = begin(2, handful, 5);
  set_retries(0, 1);
  fails[1] = fails[2] = 1;
  for (hd_worker &one : here->workers) one.kernels_are_short = true;
  hd_pool_submit(&here->pool, run);
}
static void end_short(void) {
  check("RDRRD", "12211");
  end();
}

/* ---- keeps going ----------------------------------------------------------------------------------- */

/* 0 fails twice: 1 and 2 are skipped, by two workers maybe, and 4; 3 is run.   0 -> 1, 2; 1, 2, 3 -> 4    */
static const shape skips = {{NONE}, {0, NONE}, {0, NONE}, {NONE}, {1, 2, 3, NONE}};
static void begin_skips(void) {
  hd_run *run = begin(2, skips, 5);
  set_retries(0, 1);
  run->keep_going = true;
  fails[0] = 2;
  hd_pool_submit(&here->pool, run);
}
static void end_skips(void) {
  check("ECCRC", "20010");
  end();
}

/* Two fail at the same time, and are both noted.   0, 1 -> 2; 1 -> 3    */
static const shape both_fail = {{NONE}, {NONE}, {0, 1, NONE}, {1, NONE}};
static void begin_both_fail(void) {
  hd_run *run = begin(2, both_fail, 4);
  run->keep_going = true;
  fails[0] = fails[1] = 1;
  hd_pool_submit(&here->pool, run);
}
static void end_both_fail(void) {
  check("EECC", "1100");
  end();
}

/* One part of a chain fails. The last needs the one before, and nobody runs it.
 *   0 -> 1 -> 2 -> 3; 0 -> 4    */
static const shape chained = {{NONE}, {0, NONE}, {1, NONE}, {2, NONE}, {0, NONE}};
static uint64_t chain_bits[1] = {UINT64_C(1) << 2 | UINT64_C(1) << 3};
static void begin_chain(void) {
  hd_run *run = begin(2, chained, 5);
  run->graph->joined = chain_bits;
  for (uint32_t part = 2; part <= 3; part++) hdi_store_relaxed_u32(&run->waiting[part], 1);
  run->keep_going = true;
  fails[2] = 1;
  hd_pool_submit(&here->pool, run);
}
static void end_chain(void) {
  check("RRECD", "11101");
  end();
}

/* 3 fails, and with that lets go of what 0, 1, 2 gave: there is room for 4 and 5, side by side. */
static const shape roomy = {{NONE}, {NONE}, {NONE}, {0, 1, 2, NONE}, {NONE}, {NONE}};
static hdi_u64 *root_words;
alignas(64) static char root_space[WORDS_MAX * sizeof(hdi_u64)];
static void begin_room(void) {
  hd_run *run = begin(2, roomy, 6);
  root_words = (hdi_u64 *)root_space;
  for (uint32_t i = 0; i < WORDS_MAX; i++) new (&root_words[i]) hdi_u64;
  run->root_words = root_words;
  run->counting = run->keep_going = true;
  run->budget_results = 3;
  run->budget_bytes = UINT64_MAX;
  fails[3] = 1;
  company[4] = company[5] = 2;
  hdi_ready_init(&run->roots, 6, root_words);
  hdi_store_seq_u32(&run->control, HDI_BUDGETED);
  uint32_t task;
  bool raised = false;
  while (hdi_ready_take(&run->ready, 1, &task, &raised)) hdi_ready_add(&run->roots, task);
  hd_pool_submit(&here->pool, run);
}
static void end_room(void) {
  for (uint32_t i = 0; i < WORDS_MAX; i++) root_words[i].~hdi_u64();
  check("RRREDD", "111111");
  end();
}

/* ---- told as it comes ------------------------------------------------------------------------------ */

/*   0 -> 1, 2: the user waits for 1, and 2 for the user    */
static const shape fork2 = {{NONE}, {0, NONE}, {0, NONE}};
static void begin_announce(void) {
  hd_run *run = begin(2, fork2, 3);
  run->announce = true;
  announced = 2;
  company[2] = 2;
  user_is_quick = false;
  hd_pool_submit(&here->pool, run);
}
static void user_is_told(void) {
  for (;;) {
    uint32_t seen = hdi_load_seq_u32(&here->pool.event.value);
    if (hd_run_ready(&runs[0]->run, 1)) return;
    hdi_bell_wait(&here->pool.event, seen, 1000);
  }
}
static void user_reads(void) {
  hd_run *run = &runs[0]->run;
  RL_ASSERT(hd_run_result(run, 1)->tag == HD_NUMBER && (int)runs[0]->results[1]($) == 1);
  meet(2);
  RL_ASSERT(hd_pool_wait(&here->pool, run) == HD_OK && hd_run_ready(run, 2));
  check("RDD", "111");
  destroy_run(0);
  stop_pool();
}
static void user_waits(int thread) {
  if (thread < 2) return worker(thread);
  user_is_told();
  user_reads();
}
static void user_polls(int thread) {
  if (thread < 2) return worker(thread);
  while (!hd_run_ready(&runs[0]->run, 1)) rl::yield(1, $);
  user_reads();
}

static const char retried[] = "lock ready.c failure.c pool.c worker.c";
static const char budgets[] = "lock run.c failure.c pool.c worker.c";

static const hdt_scenario scenarios[] = {
    {"a task that fails is tried again, and beside another", 2, 2, 20000, begin_retry, worker, end_retry, retried},
    {"those in a hand as well", 2, 2, 20000, begin_short, worker, end_short, retried},
    {"what needs a failed task is skipped once, and the run ends once", 2, 2, 20000, begin_skips, worker, end_skips, retried},
    {"two that fail at the same time are both noted", 2, 2, 20000, begin_both_fail, worker, end_both_fail, budgets},
    {"a part of a chain fails", 2, 2, 20000, begin_chain, worker, end_chain, budgets},
    {"a failure makes room in a budget", 2, 2, 20000, begin_room, worker, end_room, budgets},
    {"who is told that a result is there can read it", 3, 2, 20000, begin_announce, user_waits, end, budgets},
    {"so can who looks by himself", 3, 1, 20000, begin_announce, user_polls, end, budgets},
};

int main(int argc, char **argv) {
  return hdt_main(scenarios, sizeof scenarios / sizeof *scenarios, argc, argv);
}
