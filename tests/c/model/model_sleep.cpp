#include "model/core_relacy.h"

/* ---- bodies that need company --------------------------------------------------------------------- */

static int company[TASKS_MAX]; /* the body of task t ends when so many bodies stand beside it; 0: at once */
static int waiting_bodies;
static bool user_stops; /* the user hears the end of the run at once, and ends the pool */
static int ends;

static void hdt_user_hears(hdi_bell *bell) {
  if (bell != &here->pool.event) return;
  ends++;
  RL_ASSERT(ends == 1 && here->runs[0].run.ended);
  if (!user_stops) return;
  hdi_store_seq_u32(&here->pool.stopping, 1);
  for (uint32_t i = 0; i < here->pool.worker_count; i++) hdi_bell_ring(&here->workers[i].bell);
}

static hdi_u32 *door;
static hd_status body(const hd_call *call, hd_value *result) {
  (void)result;
  modelled_run *one = (modelled_run *)call->user;
  run_body(call, one);
  int wanted = company[call->task];
  if (!wanted) return HD_OK;
  if (++waiting_bodies == wanted) {
    waiting_bodies = 0;
    door->word.wake(rl::ctx(), 16, $);
  } else
    door->word.wait(rl::ctx(), false, false, $);
  return HD_OK;
}

alignas(16) static char door_space[sizeof(hdi_u32)];
static hd_function function;

static hd_run *begin(uint32_t workers, const shape inputs, uint32_t count) {
  make_world(workers);
  door = new (door_space) hdi_u32;
  waiting_bodies = ends = 0;
  function.kernel = body;
  function.user = &here->runs[0];
  memset(company, 0, sizeof company);
  return make_run(0, inputs, count, workers, &function);
}

static void end(void) {
  hd_run *run = &here->runs[0].run;
  RL_ASSERT(ends == 1 && run->ended && run->holders == 0 && here->pool.run_count == 0);
  for (uint32_t task = 0; task < run->task_count; task++) RL_ASSERT(here->runs[0].ran[task] == 1);
  RL_ASSERT(hd_run_get_state(run) == HD_RUN_DONE && hd_run_running(run) == 0);
  door->~hdi_u32();
  free_world();
}

static const shape fork3 = {{NONE}, {0, NONE}, {0, NONE}, {0, NONE}};

static void begin_fork(void) {
  hd_run *run = begin(3, fork3, 4);
  company[1] = company[2] = company[3] = 3;
  user_stops = true;
  hd_pool_submit(&here->pool, run);
}
static const shape hidden = {{NONE}, {NONE}, {0, NONE}, {0, NONE}, {1, 2, 3, NONE}};
static void begin_hidden(void) {
  hd_run *run = begin(3, hidden, 5);
  company[1] = company[2] = company[3] = 3;
  user_stops = true;
  hd_pool_submit(&here->pool, run);
}
static void all_work(int thread) { work(&here->workers[thread]); }

static const hdt_scenario scenarios[] = {
    {"three tasks that become ready at once run side by side on three workers", 3, 1, 1000, begin_fork, all_work, end},
    {"hidden", 3, 1, 1000, begin_hidden, all_work, end, "ready.c pool.c worker.c"},{"hidden", 3, 1, 1000, begin_hidden, all_work, end, "ready.c"},
};

int main(int argc, char **argv) {
  return hdt_main(scenarios, sizeof scenarios / sizeof *scenarios, argc, argv);
}
