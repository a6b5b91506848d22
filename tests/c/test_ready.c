/* The ready set beside an array of booleans, and under threads. */
#include "hdt.h"

#include "run/ready.h"

static hdi_u64 *make(hdi_ready *ready, uint32_t task_count) {
  hdi_u64 *words = calloc(hdi_ready_word_count(task_count), sizeof *words);
  hdi_ready_init(ready, task_count, words);
  return words;
}

static void it_needs_a_bit_a_task_and_a_64th_of_that_above(void **state) {
  (void)state;
  const uint32_t list[][3] = {{0, 1, 1},         {1, 1, 1},
                              {64, 1, 1},        {65, 3, 2},
                              {4096, 65, 2},     {4097, 65 + 2 + 1, 3},
                              {262144, 4161, 3}, {262145, 4097 + 65 + 2 + 1, 4}};
  for (uint32_t i = 0; i < sizeof list / sizeof *list; i++) {
    hdi_ready ready;
    hdi_u64 *words = make(&ready, list[i][0]);
    assert_int_equal(hdi_ready_word_count(list[i][0]), list[i][1]);
    assert_int_equal(ready.level_count, list[i][2]);
    assert_ptr_equal(ready.levels[ready.level_count - 1],
                     words + list[i][1] - 1); /* the top is the last */
    assert_ptr_equal(ready.levels[0], words);
    free(words);
  }
  assert_true(hdi_ready_word_count(HD_BATCH_LITERAL - 1) > HD_BATCH_LITERAL / 64);
  hdi_ready largest; /* six levels are enough for any graph: nothing is written to the words here */
  hdi_ready_init(&largest, HD_BATCH_LITERAL - 1, (hdi_u64 *)(uintptr_t)4096);
  assert_true(largest.level_count <= HDI_READY_LEVELS);
}

/* Adds and takes at random. A take gives the lowest of the lowest word that has any, rising. */
static void random_use_agrees_with_an_array_of_booleans(void **state) {
  (void)state;
  const uint32_t sizes[] = {1, 2, 63, 64, 65, 500, 4096, 4097, 70000, 262145};
  for (uint64_t seed = 1; seed <= 60; seed++) {
    hdt_seed(seed);
    uint32_t size = sizes[hdt_below(10)], near = hdt_below(2) ? size : 1 + hdt_below(size);
    uint32_t held = 0, lowest = 0; /* none is there below it */
    hdi_ready ready;
    hdi_u64 *words = make(&ready, size);
    bool *there = calloc(size, sizeof *there), raised = false;
    for (uint32_t step = 0; step < 1500; step++) {
      assert_int_equal(hdi_ready_any(&ready), held != 0);
      if (hdt_below(2)) {
        uint32_t task = hdt_below(8) ? hdt_below(near) : size - 1;
        if (there[task]) continue;
        hdi_ready_add(&ready, task);
        there[task] = true;
        if (task < lowest) lowest = task;
        held++;
        continue;
      }
      uint32_t tasks[64], max = hdt_below(4) ? 1 : 1 + hdt_below(64);
      uint32_t count = hdi_ready_take(&ready, max, tasks, &raised);
      if (!held) assert_int_equal(count, 0);
      if (!held) continue;
      while (!there[lowest]) lowest++;
      uint32_t at = lowest, end = at / 64 * 64 + 64, expected = 0;
      for (; at < size && at < end && expected < max; at++) {
        if (!there[at]) continue;
        assert_true(expected < count);
        assert_int_equal(tasks[expected++], at);
        there[at] = false;
      }
      assert_int_equal(count, expected);
      held -= count;
    }
    assert_false(raised); /* nobody else was there to be overlooked */
    uint32_t tasks[64], count;
    while ((count = hdi_ready_take(&ready, 64, tasks, &raised))) held -= count;
    assert_int_equal(held, 0);
    assert_false(hdi_ready_any(&ready));
    for (uint32_t i = 0; i < hdi_ready_word_count(size); i++)
      assert_true(hdi_load_seq_u64(&words[i]) == 0);
    free(there);
    free(words);
  }
  hdt_seed_end();
}

static void the_lowest_of_all_comes_first_however_late_it_was_added(void **state) {
  (void)state;
  hdi_ready ready;
  hdi_u64 *words = make(&ready, 300000);
  bool raised = false;
  uint32_t task;
  for (uint32_t i = 300000; i > 0;) {
    i -= 1 + i / 50;
    hdi_ready_add(&ready, i);
    if (i % 3 == 0) continue;
    assert_int_equal(hdi_ready_take(&ready, 1, &task, &raised), 1);
    assert_int_equal(task, i);
  }
  uint32_t before = 0, count = 0;
  for (; hdi_ready_take(&ready, 1, &task, &raised); count++) {
    assert_true(count == 0 || task > before);
    before = task;
  }
  assert_true(count > 50);
  free(words);
}

/* Someone who adds has marked the level above its word, and has not come to the next one yet. */
static void whoever_adds_makes_sure_of_every_level(void **state) {
  (void)state;
  hdi_ready ready;
  hdi_u64 *words = make(&ready, 5000);
  uint32_t task;
  bool raised = false;
  hdi_or_seq_u64(&ready.levels[0][0], 1u << 5);
  hdi_or_seq_u64(&ready.levels[1][0], 1);
  hdi_ready_add(&ready, 6);
  assert_true(hdi_ready_any(&ready));
  assert_int_equal(hdi_ready_take(&ready, 1, &task, &raised), 1);
  assert_int_equal(task, 5);
  assert_int_equal(hdi_ready_take(&ready, 1, &task, &raised), 1);
  assert_int_equal(task, 6);
  free(words);
}

/* ---- threads ----------------------------------------------------------------------------------- */

/* A tree in the numbers: whoever takes task t adds 2t + 1 and 2t + 2, so that the set is near empty
 * again and again, which is where words are lowered and raised. */
typedef struct tree {
  hdi_ready ready;
  uint32_t size, max;
  hdi_u32 taken, *times;
} tree;

static void take_and_add(void *argument) {
  tree *self = argument;
  uint32_t tasks[64];
  bool raised = false;
  while (hdi_load_seq_u32(&self->taken) < self->size) {
    uint32_t count = hdi_ready_take(&self->ready, self->max, tasks, &raised);
    if (!count) sched_yield();
    for (uint32_t i = 0; i < count; i++) {
      hdt_must(i == 0 || tasks[i] > tasks[i - 1]);
      hdi_add_seq_u32(&self->times[tasks[i]], 1);
      for (uint32_t child = 2 * tasks[i] + 1; child <= 2 * tasks[i] + 2; child++)
        if (child < self->size) hdi_ready_add(&self->ready, child);
    }
    if (count) hdi_add_seq_u32(&self->taken, count);
  }
}

static void each_added_task_is_taken_exactly_once_by_threads(void **state) {
  (void)state;
  const uint32_t sizes[] = {60, 5000, 20000};
  for (uint32_t round = 0; round < 30; round++) {
    hdt_seed(round + 1);
    tree shared = {.size = sizes[round % 3], .max = round % 2 ? 1 : 4};
    hdi_thread *threads[3];
    hdi_u64 *words = make(&shared.ready, shared.size);
    shared.times = calloc(shared.size, sizeof *shared.times);
    hdi_ready_add(&shared.ready, 0);
    for (uint32_t i = 0; i < 3; i++)
      assert_int_equal(hdi_thread_start(take_and_add, &shared, &threads[i]), HD_OK);
    for (uint32_t i = 0; i < 3; i++) hdi_thread_join(threads[i]);
    for (uint32_t task = 0; task < shared.size; task++)
      assert_int_equal(hdi_load_seq_u32(&shared.times[task]), 1);
    assert_int_equal(hdi_load_seq_u32(&shared.taken), shared.size);
    free(shared.times);
    free(words);
  }
  hdt_seed_end();
}

/* One thread empties a word while another adds to it, over three levels. */
static hdi_ready fought_over;
static uint32_t taken_by_first;
static void one_is_there(void) { hdi_ready_add(&fought_over, 4100); }
static void take_it(void) {
  bool raised = false;
  if (!hdi_ready_take(&fought_over, 1, &taken_by_first, &raised)) taken_by_first = HD_NONE;
}
static void add_beside(void) { hdi_ready_add(&fought_over, 4101); }
static void the_other_is_found(void) {
  uint32_t task;
  bool raised = false;
  hdt_must(taken_by_first == 4100 || taken_by_first == 4101);
  hdt_must(hdi_ready_any(&fought_over));
  hdt_must(hdi_ready_take(&fought_over, 1, &task, &raised) == 1);
  hdt_must(task == (taken_by_first ^ 1));
  hdt_must(!hdi_ready_any(&fought_over));
}

static void what_is_added_while_a_word_empties_is_found(void **state) {
  (void)state;
  hdi_u64 *words = make(&fought_over, 5000);
  hdt_duel duel = {one_is_there, take_it, add_beside, the_other_is_found, {0}, {0}};
  hdt_fight(&duel);
  free(words);
}

/* Two threads reach for one task. */
static uint32_t taken_by_second;
static void take_it_too(void) {
  bool raised = false;
  if (!hdi_ready_take(&fought_over, 1, &taken_by_second, &raised)) taken_by_second = HD_NONE;
}
static void one_got_it(void) {
  hdt_must((taken_by_first == 4100) != (taken_by_second == 4100));
  hdt_must(!hdi_ready_any(&fought_over));
}

static void of_two_who_reach_for_a_task_one_gets_it(void **state) {
  (void)state;
  hdi_u64 *words = make(&fought_over, 5000);
  hdt_duel duel = {one_is_there, take_it, take_it_too, one_got_it, {0}, {0}};
  hdt_fight(&duel);
  free(words);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(it_needs_a_bit_a_task_and_a_64th_of_that_above),
      hdt_test(random_use_agrees_with_an_array_of_booleans),
      hdt_test(the_lowest_of_all_comes_first_however_late_it_was_added),
      hdt_test(each_added_task_is_taken_exactly_once_by_threads),
      hdt_test(whoever_adds_makes_sure_of_every_level),
      hdt_test(what_is_added_while_a_word_empties_is_found),
      hdt_test(of_two_who_reach_for_a_task_one_gets_it),
  };
  return hdt_run_tests(tests);
}
