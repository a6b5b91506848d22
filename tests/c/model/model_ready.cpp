/* The ready set under the C11 memory model: src/run/ready.c itself, with words of 2 bits, so that 8
 * tasks have 3 levels (task t is in word t/2 of level 0, t/4 of level 1, 0 of level 2).
 *
 * Checked in every execution:
 *   READY-1  each task that was added is taken exactly once, and its taker sees all that was written
 *            before it was added (a relacy variable a task: a data race if not);
 *   READY-2, READY-3  when nothing is under way, every word that is not 0 is marked in all levels
 *            above, so that a drain finds all that is left, lowest first;
 *   READY-4  a task that is hidden from someone who looks after it was added is made visible again
 *            by someone who says so (raised), never silently. */
#include "model/checker.h"

#include "run/ready.c"

enum { TASKS = 8, WORDS = 7 };

static hdi_ready ready;
static uint32_t rounds[TASKS]; /* how often it was added */
static uint32_t taken[TASKS];
static unsigned moment;             /* counts what began or ended, in the order of this execution */
static unsigned added_at[TASKS];    /* when its add was over */
static unsigned raised_at;          /* when a take that raised was over, last */
static unsigned looked_at[4];       /* when a take that found nothing began, by thread */

struct world {
  hdi_u64 words[WORDS];
  rl::var<int> inputs[TASKS]; /* what is written before a task is added and read after it is taken */
};
static world *here;
alignas(16) static char space[sizeof(world)];

static void begin(void) {
  here = new (space) world;
  for (uint32_t i = 0; i < TASKS; i++) here->inputs[i]($) = 0;
  hdi_ready_init(&ready, TASKS, here->words);
  RL_ASSERT(ready.level_count == 3 && hdi_ready_word_count(TASKS) == WORDS);
  memset(rounds, 0, sizeof rounds);
  memset(taken, 0, sizeof taken);
  memset(added_at, 0, sizeof added_at);
  memset(looked_at, 0, sizeof looked_at);
  moment = raised_at = 0;
}

static void add(uint32_t task) {
  rounds[task]++;
  here->inputs[task]($) = (int)rounds[task];
  hdi_ready_add(&ready, task);
  added_at[task] = ++moment;
}

/* Takes up to `max`; true if it got any. */
static uint32_t take(int thread, uint32_t max, uint32_t *tasks) {
  bool raised = false;
  unsigned began = ++moment;
  uint32_t count = hdi_ready_take(&ready, max, tasks, &raised);
  moment++;
  if (raised) raised_at = moment;
  if (!count) looked_at[thread] = began;
  RL_ASSERT(count <= max);
  for (uint32_t i = 0; i < count; i++) {
    RL_ASSERT(tasks[i] < TASKS && (!i || tasks[i] > tasks[i - 1]));
    RL_ASSERT((int)here->inputs[tasks[i]]($) == (int)rounds[tasks[i]]);
    here->inputs[tasks[i]]($) = 0;
    RL_ASSERT(++taken[tasks[i]] == rounds[tasks[i]]);
  }
  return count;
}

static void take_all(int thread, uint32_t max) {
  uint32_t tasks[TASKS];
  while (take(thread, max, tasks)) {}
}

static uint64_t word(uint32_t level, uint32_t number) { return ready.levels[level][number].word.load(rl::mo_relaxed, $); }

/* `takers`: threads (a bit each) that took until they found nothing. */
static void end(unsigned takers) {
  for (uint32_t task = 0; task < TASKS; task++) {
    bool is_left = word(0, task / 2) >> task % 2 & 1;
    RL_ASSERT(is_left == (taken[task] < rounds[task]));
    if (!is_left) continue;
    RL_ASSERT(word(1, task / 4) >> task / 2 % 2 & 1);
    RL_ASSERT(word(2, 0) >> task / 4 & 1);
    bool missed = takers != 0; /* by everyone, though each looked after the add */
    for (int i = 0; i < 4; i++)
      if (takers >> i & 1 && looked_at[i] < added_at[task]) missed = false;
    RL_ASSERT(!missed || raised_at > added_at[task]);
  }
  uint32_t tasks[TASKS], last = 0, count;
  while ((count = take(0, 1, tasks))) {
    RL_ASSERT(tasks[0] >= last);
    last = tasks[0];
  }
  for (uint32_t task = 0; task < TASKS; task++) RL_ASSERT(taken[task] == rounds[task]);
  here->~world();
}

static void end_0(void) { end(1); }
static void end_1(void) { end(2); }
static void end_2(void) { end(4); }
static void end_01(void) { end(3); }
static void end_12(void) { end(6); }
static void end_012(void) { end(7); }

static void begin_with_0(void) { begin(), add(0); }
static void begin_with_01(void) { begin(), add(0), add(1); }
static void begin_with_0145(void) { begin(), add(0), add(1), add(4), add(5); }

static void one_word(int thread) {
  if (thread == 0) add(1), add(0);
  else take_all(thread, 1);
}
static void last_of_word(int thread) {
  if (thread == 0) take_all(thread, 1);
  else add(1);
}
static void two_takers(int thread) {
  take_all(thread, 1);
}
static void clear_against_add(int thread) {
  if (thread == 0) take_all(thread, 1);
  else add(2), add(7);
}
static void half_done_add(int thread) {
  if (thread == 0) add(0);
  else if (thread == 1) add(2);
  else take_all(thread, 1);
}
static void half_done_add_of_one_word(int thread) {
  if (thread == 0) add(4);
  else if (thread == 1) add(5);
  else take_all(thread, 2);
}
static void two_at_a_time(int thread) {
  if (thread == 0) add(2), add(7);
  else take_all(thread, 2);
}
static void two_lower_one_adds(int thread) {
  if (thread == 0) add(1);
  else take_all(thread, 1);
}
static void added_again(int thread) { /* as a task is whose worker was lost */
  uint32_t tasks[TASKS];
  if (thread == 0) {
    if (take(thread, 1, tasks)) add(tasks[0]);
    take_all(thread, 1);
  } else take_all(thread, 1);
}
static void all_do_both(int thread) {
  uint32_t own[] = {2, 3, 6};
  add(own[thread]);
  take_all(thread, 1);
}

/* A bound of 100: all executions there are. */
static const hdt_scenario scenarios[] = {
    {"tasks are taken while others are added to their word", 2, 100, 20000, begin, one_word, end_1},
    {"the last task of a word is taken while one is added to it", 2, 100, 20000, begin_with_0, last_of_word, end_0},
    {"two takers share two tasks", 2, 6, 20000, begin_with_01, two_takers, end_01},
    {"marks of upper levels are cleared while tasks are added below them", 2, 6, 20000, begin_with_0,
     clear_against_add, end_0},
    {"a task is added while the add of its neighbour is half done", 3, 5, 20000, begin, half_done_add, end_2},
    {"two tasks of one word are added at once", 3, 5, 20000, begin, half_done_add_of_one_word, end_2},
    {"two takers of two at a time, and one who adds", 3, 3, 20000, begin_with_0145, two_at_a_time, end_12},
    {"two takers clear marks while one adds", 3, 4, 20000, begin_with_0, two_lower_one_adds, end_12},
    {"a task is added again by who took it", 2, 5, 20000, begin_with_01, added_again, end_01},
    {"three threads that each add and take", 3, 3, 20000, begin, all_do_both, end_012},
};

int main(int argc, char **argv) {
  return hdt_main(scenarios, sizeof scenarios / sizeof *scenarios, argc, argv);
}
