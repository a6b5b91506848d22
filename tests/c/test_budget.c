/* A budget holds tasks without inputs back, and nothing else; it never stops a run. */
#include "hdt.h"

static bool is_root(const hd_graph *graph, uint32_t task) {
  for (uint32_t i = 0; i < hd_graph_arg_count(graph, task); i++)
    if (!(hd_graph_args(graph, task)[i] & HD_BATCH_LITERAL)) return false;
  return true;
}

/* Claims for `workers` until nobody can, answers one of them at random, and so on. At each claim: a root begins
 * only if there is room, or if nothing else goes on and nothing else could. Gives the most results alive. */
static uint32_t run_checked(hd_run *run, uint32_t workers, uint32_t budget) {
  const hd_graph *graph = hd_run_graph(run);
  uint32_t claimed[8], open = 0, alive = 0, peak = 0, ready_others = 0;
  uint32_t *waiting = calloc(hd_graph_task_count(graph) + 1, sizeof *waiting);
  while (hd_run_remaining(run)) {
    while (open < workers && hd_run_claim(run, open, 1, &claimed[open])) {
      bool root = is_root(graph, claimed[open++]);
      if (root) assert_true(alive + open <= budget || (open == 1 && ready_others == 0));
      else ready_others--;
    }
    assert_true(open > 0); /* or it would never end */
    uint32_t at = hdt_below(open), task = claimed[at];
    hd_value result = hd_number(1);
    hd_finished finished = {0};
    hd_run_finish(run, at, task, &result, &finished);
    if (++alive > peak) peak = alive;
    alive -= finished.released_count;
    assert_int_equal(hd_run_results_alive(run), alive);
    for (uint32_t other = 0; other < hd_graph_task_count(graph); other++)
      for (uint32_t i = 0; i < hd_graph_arg_count(graph, other); i++)
        if (hd_graph_args(graph, other)[i] == task) {
          uint32_t inputs = 0;
          for (uint32_t k = 0; k < hd_graph_arg_count(graph, other); k++) inputs += hd_graph_args(graph, other)[k] < HD_BATCH_LITERAL;
          ready_others += ++waiting[other] == inputs;
        }
    claimed[at] = claimed[--open]; /* whoever was last answers under this number from now on */
  }
  assert_int_equal(hd_run_results_peak(run), peak);
  free(waiting);
  return peak;
}

static void roots_wait_for_room_or_for_nothing_else_to_go_on(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    hdt_seed(seed);
    hd_graph *graph = hdt_random_graph(1 + hdt_below(60), 1 + hdt_below(3), HDT_SUM, NULL);
    hdt_seal_random(graph);
    uint32_t budget = 1 + hdt_below(12), workers = 1 + hdt_below(4);
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = workers, .budget_results = budget});
    (void)run_checked(run, workers, budget);
    assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
  }
  hdt_seed_end();
}

/*  Eight roots, summed in pairs, and the pairs in one: eight workers would take all roots at once.
 *    a b c d e f g h
 *     w   x   y   z
 *           s          */
static void a_budget_lowers_the_peak_of_several_workers(void **state) {
  (void)state;
  uint32_t peaks[2];
  for (uint32_t i = 0; i < 2; i++) {
    hdt_seed(1);
    hd_graph *graph = hdt_sealed("a b c d e f g h w=a,b x=c,d y=e,f z=g,h s=w,x,y,z", "s", NULL);
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 8, .budget_results = i ? 4 : 100});
    peaks[i] = run_checked(run, 8, i ? 4 : 100);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
  }
  assert_true(peaks[1] <= 6); /* w, x, y, then h, the last one, because nothing else can go on, and z */
  assert_true(peaks[0] > peaks[1]);
  hdt_seed_end();
}

static void a_budget_of_bytes_counts_the_blocks_of_results(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b *c *d=a *e=b", "d e c", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .budget_bytes = 1000});
  uint32_t task, other;
  assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
  assert_int_equal(hd_run_claim(run, 1, 1, &other), 1); /* nothing is known of its size yet */
  hd_value value = hdt_block(1000);
  hd_run_finish(run, 0, task, &value, NULL);
  assert_true(hd_run_result_bytes(run) == 1000);
  value = hdt_block(10);
  hd_run_finish(run, 1, other, &value, NULL);
  while (hd_run_remaining(run) > 1) { /* c is last: nothing else can be claimed */
    assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
    assert_int_not_equal(task, hdt_rank(graph, "c"));
    hd_value small = hd_number(1);
    hd_run_finish(run, 0, task, &small, NULL);
    if (hd_run_result_bytes(run) < 1000) break;
  }
  while (hd_run_claim(run, 0, 1, &task)) {
    hd_value small = hd_number(1);
    hd_run_finish(run, 0, task, &small, NULL);
  }
  assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
  assert_true(hd_run_result_bytes(run) == 0);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_lost_or_failed_root_gives_its_room_back(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a b c=a,b", "c", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .budget_results = 1});
  uint32_t task, other;
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
    assert_int_equal(hd_run_claim(run, 1, 1, &other), 0);
    hd_run_lost(run, 0, task);
  }
  assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
  hd_run_fail(run, 0, task, HD_TASK_FAILED, NULL);
  assert_int_equal(hd_run_claim(run, 1, 1, &other), 0);
  assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/*  a -> b is a group of one worker. Between its parts the gate is shut: it still counts as going on. */
static void a_group_that_the_gate_holds_counts(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("*a *b=a *c *d *e", NULL);
  uint32_t outputs[] = {hdt_id(graph, "b"), hdt_id(graph, "c"), hdt_id(graph, "d"), hdt_id(graph, "e")};
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = outputs, .output_count = 4, .fuse = true}), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .budget_results = 1});
  uint32_t task, other;
  hd_value value = hd_number(1);
  hd_finished finished = {.go_on = true};
  assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
  assert_int_equal(task, hdt_rank(graph, "a"));
  hd_run_pause(run);
  hd_run_finish(run, 0, task, &value, &finished);
  assert_true(finished.held);
  hd_run_step(run, 3);
  assert_int_equal(hd_run_claim(run, 1, 1, &other), 0);
  assert_true(hd_run_pass(run, 0, finished.next));
  hd_run_finish(run, 0, finished.next, &value, &finished);
  hd_run_resume(run);
  while (hd_run_claim(run, 1, 1, &other)) hd_run_finish(run, 1, other, &value, NULL);
  assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/*  a -> b: b's worker is lost again and again, and a's result with it. */
static void what_was_lost_is_not_counted(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("*a *b=a", NULL);
  uint32_t b = hdt_id(graph, "b"), task;
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &b, .output_count = 1, .fuse = true}), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.budget_bytes = 5000});
  hd_finished finished = {.go_on = true};
  for (uint32_t i = 0; i < 3; i++) {
    hd_value value = hdt_block(1000);
    assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
    hd_run_finish(run, 0, task, &value, &finished);
    assert_true(hd_run_result_bytes(run) == 1000);
    hd_run_lost(run, 0, finished.next);
    assert_true(hd_run_result_bytes(run) == 0);
    assert_int_equal(hd_run_results_alive(run), 0);
  }
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void the_serial_run_keeps_to_it_as_well(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 100; seed++) {
    hdt_seed(seed);
    hd_graph *graph = hdt_random_graph(1 + hdt_below(100), 1 + hdt_below(4), HDT_SUM, NULL);
    hdt_seal_random(graph);
    hd_run *run = hdt_run(graph, &(hd_run_desc){.budget_results = 1 + hdt_below(6)});
    assert_int_equal(hd_run_serial(run), HD_OK);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
  }
  hdt_seed_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(roots_wait_for_room_or_for_nothing_else_to_go_on),
      hdt_test(a_budget_lowers_the_peak_of_several_workers),
      hdt_test(a_budget_of_bytes_counts_the_blocks_of_results),
      hdt_test(a_lost_or_failed_root_gives_its_room_back),
      hdt_test(a_group_that_the_gate_holds_counts),
      hdt_test(what_was_lost_is_not_counted),
      hdt_test(the_serial_run_keeps_to_it_as_well),
  };
  return hdt_run_tests(tests);
}
