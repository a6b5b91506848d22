/* The ready set, one operation cut in two or three by others: before any of its atomic steps a whole
 * add or take of "another thread" happens. All such histories of small sets with many levels, in one
 * thread, so that none depends on luck. The source is built in here with its steps hooked. */
#include "hdt.h"

#include <stdbool.h>

static uint32_t steps, cuts[2];
static void (*others[2])(void);

static void step(void) {
  uint32_t now = steps == UINT32_MAX ? steps : ++steps; /* UINT32_MAX: not now */
  for (uint32_t i = 0; i < 2; i++) {
    if (now != cuts[i] || !others[i]) continue;
    steps = UINT32_MAX;
    others[i]();
    steps = now;
  }
}

static uint64_t stepped_load(const hdi_u64 *at) {
  step();
  return hdi_load_seq_u64(at);
}
static uint64_t stepped_or(hdi_u64 *at, uint64_t bits) {
  step();
  return hdi_or_seq_u64(at, bits);
}
static uint64_t stepped_and(hdi_u64 *at, uint64_t bits) {
  step();
  return hdi_and_seq_u64(at, bits);
}

#define HDI_READY_BITS 2u
#define hdi_load_seq_u64 stepped_load
#define hdi_or_seq_u64 stepped_or
#define hdi_and_seq_u64 stepped_and
#define hdi_ready_word_count stepped_word_count
#define hdi_ready_init stepped_init
#define hdi_ready_add stepped_add
#define hdi_ready_take stepped_take
#define hdi_ready_take_bits stepped_take_bits
#define hdi_ready_lowest stepped_lowest
#define hdi_ready_any stepped_any
#include "run/ready.c"

enum { TASKS = 16, TAKE = TASKS }; /* an operation: a task to add, or TAKE */

static hdi_ready ready;
static uint32_t ops[3];        /* the one that is cut, and what cuts it */
static bool there[TASKS];      /* added for good, not given by a take that is over */
static bool overlooked[TASKS]; /* there while a take of another found nothing */
static uint32_t given, given_count;

/* Takes one as thread `self`. True if it was told to wake someone. */
static bool take(void) {
  bool raised = false;
  uint32_t task, count = stepped_take(&ready, 1, &task, &raised);
  hdt_must(count <= 1);
  if (!count)
    for (uint32_t i = 0; i < TASKS; i++) overlooked[i] = overlooked[i] || there[i];
  if (!count) return raised;
  given_count++;
  hdt_must(task < TASKS && !(given & 1u << task));
  given |= 1u << task;
  there[task] = overlooked[task] = false;
  return raised;
}

static void perform(uint32_t op) {
  if (op == TAKE) {
    (void)take();
    return;
  }
  stepped_add(&ready, op);
  there[op] = true;
}
static void second(void) { perform(ops[1]); }
static void third(void) { perform(ops[2]); }

/* One history: the first operation on the set `initial`, cut before its steps cuts[0] and cuts[1].
 * False if it has not so many steps. */
static bool history(uint32_t initial) {
  hdi_u64 words[32];
  uint32_t expected = initial;
  memset(words, 0, sizeof words);
  hdt_must(stepped_word_count(TASKS) <= 32);
  stepped_init(&ready, TASKS, words);
  memset(there, 0, sizeof there);
  memset(overlooked, 0, sizeof overlooked);
  given = given_count = 0;
  steps = UINT32_MAX;
  for (uint32_t task = 0; task < TASKS; task++)
    if (initial & 1u << task) perform(task);
  for (uint32_t i = 0; i < 3; i++)
    if (ops[i] != TAKE) expected |= 1u << ops[i];
  steps = 0;
  bool raised = false;
  if (ops[0] == TAKE) raised = take();
  else perform(ops[0]);
  bool long_enough = steps >= cuts[1];
  steps = UINT32_MAX;
  if (!long_enough) return false;
  /* Whoever found nothing may sleep now. What it missed is with someone awake: a take that hid it for a
   * moment says so (an add is followed by a wake anyway). */
  for (uint32_t task = 0; task < TASKS; task++)
    if (ops[0] == TAKE && overlooked[task]) hdt_must(raised);
  /* Nothing is lost and nothing is there twice. */
  while (given != expected) {
    uint32_t before = given_count;
    (void)take();
    hdt_must(given_count == before + 1);
  }
  (void)take();
  hdt_must(given == expected && !stepped_any(&ready));
  for (uint32_t i = 0; i < stepped_word_count(TASKS); i++) hdt_must(words[i].plain == 0);
  return true;
}

static void an_operation_cut_anywhere_by_two_others_loses_nothing(void **state) {
  (void)state;
  const uint32_t sets[] = {0, 1, 3, 1u << 4 | 1u << 5, 1u << 5 | 1u << 12, 1u << 15, 1u | 1u << 15};
  const uint32_t adds[] = {TAKE, 2, 6, 7, 13};
  uint32_t histories = 0;
  others[0] = second;
  others[1] = third;
  for (uint32_t set = 0; set < sizeof sets / sizeof *sets; set++)
    for (uint32_t kinds = 0; kinds < 125; kinds++) {
      ops[0] = adds[kinds % 5];
      ops[1] = adds[kinds / 5 % 5];
      ops[2] = adds[kinds / 25];
      if ((ops[0] != TAKE && (ops[0] == ops[1] || ops[0] == ops[2])) ||
          (ops[1] != TAKE && ops[1] == ops[2]))
        continue;
      bool more = true;
      for (cuts[0] = 1; more; cuts[0]++) {
        cuts[1] = cuts[0];
        while ((more = history(sets[set]))) {
          histories++;
          cuts[1]++;
        }
        more = cuts[1] > cuts[0]; /* it has at least cuts[0] steps */
      }
    }
  assert_true(histories > 10000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(an_operation_cut_anywhere_by_two_others_loses_nothing),
  };
  return hdt_run_tests(tests);
}
