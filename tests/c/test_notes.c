/* Notes: what happens beside the records of a run with trace. Kept in order until they are taken, never more than there is
 * room for, and the run's own ones of attempts that came to nothing. */
#include "flaky.h"

static flaky_plan plan;

static uint32_t claim(hd_run *run) {
  uint32_t task;
  return hd_run_claim(run, 0, 1, &task) ? task : HD_NONE;
}

static void finish(hd_run *run, uint32_t task, size_t bytes) {
  hd_value result = hdt_block(bytes);
  hd_finished finished = {.go_on = true};
  hd_run_finish(run, 0, task, &result, &finished);
}

static void fail_task(hd_run *run, uint32_t task) {
  hd_value error = flaky_error(task);
  hd_run_fail(run, 0, task, HD_TASK_FAILED, &error);
}

static hd_run *run_of(const char *words, const char *outputs, bool fuse, uint16_t retries, bool trace) {
  plan.retries = retries;
  hd_graph *graph = flaky_graph(words, outputs, (hd_seal_desc){.fuse = fuse, .keep_all = true}, &plan);
  plan.retries = 0;
  return hdt_run(graph, &(hd_run_desc){.trace = trace});
}

static void end(hd_run *run) {
  hd_graph *graph = hd_run_graph(run);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void notes_are_taken_in_the_order_in_which_they_were_made(void **state) {
  (void)state;
  hd_run *run = run_of("*a", "a", false, 0, true);
  hd_note taken[4];
  uint32_t lost;
  assert_int_equal(hd_run_take_notes(run, 4, taken, &lost), 0);
  for (uint32_t at = 0; at < 3; at++) hd_run_note(run, &(hd_note){at, 1, 0, HD_NOTE_SLEEP, 7});
  assert_int_equal(hd_run_take_notes(run, 2, taken, &lost), 2);
  assert_true(taken[0].start_us == 0 && taken[1].start_us == 1 && taken[1].worker == 7 && taken[1].kind == HD_NOTE_SLEEP);
  assert_int_equal(hd_run_take_notes(run, 4, taken, NULL), 1);
  assert_true(taken[0].start_us == 2);
  assert_int_equal(lost, 0);
  end(run);
}

static void beyond_the_room_only_the_number_is_kept(void **state) {
  (void)state;
  static hd_note taken[HD_NOTES_MAX];
  hd_run *run = run_of("*a", "a", false, 0, true);
  uint32_t lost;
  for (uint32_t at = 0; at < HD_NOTES_MAX + 5; at++) hd_run_note(run, &(hd_note){at, 1, 0, HD_NOTE_ASLEEP, 0});
  assert_int_equal(hd_run_take_notes(run, HD_NOTES_MAX, taken, &lost), HD_NOTES_MAX);
  assert_int_equal(lost, 5);
  assert_true(taken[HD_NOTES_MAX - 1].start_us == HD_NOTES_MAX - 1);
  assert_int_equal(hd_run_take_notes(run, HD_NOTES_MAX, taken, &lost), 0);
  assert_int_equal(lost, 0); /* told once */
  end(run);
}

static void a_run_without_trace_has_none(void **state) {
  (void)state;
  hd_run *run = run_of("*a", "a", false, 1, false);
  hd_note taken;
  hd_run_note(run, &(hd_note){0});
  fail_task(run, claim(run));
  assert_int_equal(hd_run_take_notes(run, 1, &taken, NULL), 0);
  assert_null(hd_run_result_sizes(run));
  end(run);
}

static void attempts_that_came_to_nothing_are_noted_with_their_times(void **state) {
  (void)state;
  hd_run *run = run_of("*a", "a", false, 1, true);
  hd_note taken[4];
  double began[2];
  uint32_t task = claim(run);
  began[0] = hd_run_records(run)[task].start_us;
  fail_task(run, task);
  assert_int_equal(claim(run), task);
  began[1] = hd_run_records(run)[task].start_us;
  hd_run_lost(run, 0, task);
  assert_int_equal(claim(run), task);
  finish(run, task, 100);
  assert_int_equal(hd_run_take_notes(run, 4, taken, NULL), 2);
  for (uint32_t at = 0; at < 2; at++) {
    assert_int_equal(taken[at].kind, at ? HD_NOTE_LOST : HD_NOTE_FAILED);
    assert_int_equal(taken[at].task, task);
    assert_true(taken[at].start_us == began[at] && taken[at].elapsed_us >= 0);
  }
  assert_int_equal(hd_run_records(run)[task].attempts, 3);
  end(run);
}

/* a -> b -> c in one go: when c fails, all three ran for nothing. */
static void the_parts_of_a_group_that_begins_again_are_noted_too(void **state) {
  (void)state;
  hd_run *run = run_of("*a *b=a *c=b", "c", true, 1, true);
  hd_note taken[8];
  for (uint32_t again = 0; again < 2; again++) {
    assert_int_equal(claim(run), 0);
    finish(run, 0, 10);
    finish(run, 1, 10);
    if (!again) fail_task(run, 2);
  }
  finish(run, 2, 10);
  assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
  assert_int_equal(hd_run_take_notes(run, 8, taken, NULL), 3);
  uint32_t seen = 0;
  for (uint32_t at = 0; at < 3; at++) {
    seen |= 1u << taken[at].task;
    assert_int_equal(taken[at].kind, taken[at].task == 2 ? HD_NOTE_FAILED : HD_NOTE_AGAIN); /* only c failed */
  }
  assert_int_equal(seen, 7);
  end(run);
}

static void sizes_of_results_stay_when_they_are_released(void **state) {
  (void)state;
  hd_run *run = run_of("*a *b=a", "b", false, 0, true);
  uint32_t a = claim(run);
  finish(run, a, 1000);
  uint32_t b = claim(run);
  hd_value number = hd_number(1);
  hd_run_finish(run, 0, b, &number, NULL);
  assert_int_equal(hdt_state(run, a), HD_RELEASED);
  assert_int_equal(hd_run_result_sizes(run)[a], 1000);
  assert_int_equal(hd_run_result_sizes(run)[b], 0);
  end(run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(notes_are_taken_in_the_order_in_which_they_were_made),
      hdt_test(beyond_the_room_only_the_number_is_kept),
      hdt_test(a_run_without_trace_has_none),
      hdt_test(attempts_that_came_to_nothing_are_noted_with_their_times),
      hdt_test(the_parts_of_a_group_that_begins_again_are_noted_too),
      hdt_test(sizes_of_results_stay_when_they_are_released),
  };
  return hdt_run_tests(tests);
}
