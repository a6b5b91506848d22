/* The gate, by itself and in front of a run, with a clock that only the test moves. */
#include "hdt.h"

#include "run/gate.h"
#include "run/run.h"

/* ---- by itself --------------------------------------------------------------------------------- */

static void an_open_gate_lets_all_pass(void **state) {
  (void)state;
  hdi_gate gate = {.kind = {HDI_GATE_OPEN}};
  for (uint32_t i = 0; i < 5; i++) assert_int_equal(hdi_gate_pass(&gate, 0), HDI_PASS_FREE);
  assert_int_equal(hdi_gate_delay_ms(&gate, 0), 0);
}

static void a_stepped_gate_lets_as_many_pass_as_it_has_permits(void **state) {
  (void)state;
  hdi_gate gate = {.kind = {HDI_GATE_STEP}, .permits = {2}};
  assert_int_equal(hdi_gate_delay_ms(&gate, 0), 0);
  assert_int_not_equal(hdi_gate_pass(&gate, 0), HDI_PASS_NO);
  hdi_pass second = hdi_gate_pass(&gate, 0);
  assert_int_not_equal(second, HDI_PASS_NO);
  assert_int_equal(hdi_gate_pass(&gate, 0), HDI_PASS_NO);
  assert_int_equal(hdi_gate_delay_ms(&gate, 0), UINT32_MAX);
  hdi_gate_return(&gate, second); /* one found nothing to claim */
  assert_int_not_equal(hdi_gate_pass(&gate, 0), HDI_PASS_NO);
  assert_int_equal(hdi_gate_pass(&gate, 0), HDI_PASS_NO);
}

static void a_permit_from_before_the_gate_was_shut_is_worth_nothing(void **state) {
  (void)state;
  hdi_gate gate = {.kind = {HDI_GATE_STEP}};
  hdi_gate_permit(&gate, 3);
  hdi_pass before = hdi_gate_pass(&gate, 0);
  hdi_gate_shut(&gate);
  hdi_gate_return(&gate, before);
  assert_int_equal(hdi_gate_pass(&gate, 0), HDI_PASS_NO);
  hdi_gate_permit(&gate, 1);
  hdi_gate_return(&gate, before);
  hdi_gate_return(&gate, HDI_PASS_FREE); /* from when it was open */
  hdi_pass after = hdi_gate_pass(&gate, 0);
  assert_int_not_equal(after, HDI_PASS_NO);
  assert_int_equal(hdi_gate_pass(&gate, 0), HDI_PASS_NO);
  hdi_gate_return(&gate, after);
  assert_int_equal(hdi_gate_pass(&gate, 0), after);
  hdi_gate_permit(&gate, UINT32_MAX);
  hdi_gate_permit(&gate, UINT32_MAX); /* as many as there can be: the shuttings are not touched */
  assert_int_equal(hdi_gate_pass(&gate, 0), after);
}

static void a_rated_gate_keeps_its_beat_and_never_bursts(void **state) {
  (void)state;
  hdi_gate gate = {.kind = {HDI_GATE_RATE}, .interval_us = {10000}, .next_us = {50000}};
  assert_int_equal(hdi_gate_pass(&gate, 49999), HDI_PASS_NO);
  assert_int_equal(hdi_gate_delay_ms(&gate, 20500), 30); /* 29.5 ms, rounded up */
  assert_int_equal(hdi_gate_delay_ms(&gate, 49999), 1);
  assert_int_equal(hdi_gate_delay_ms(&gate, 50000), 0);
  assert_int_equal(hdi_gate_pass(&gate, 50000), HDI_PASS_FREE);
  assert_int_equal(hdi_gate_pass(&gate, 50000), HDI_PASS_NO);
  assert_int_equal(hdi_gate_pass(&gate, 69999),
                   HDI_PASS_FREE); /* late by less than a beat: next at 70000 */
  assert_int_equal(hdi_gate_pass(&gate, 69999), HDI_PASS_NO);
  assert_int_equal(hdi_gate_pass(&gate, 70000), HDI_PASS_FREE);
  assert_int_equal(hdi_gate_pass(&gate, 500000),
                   HDI_PASS_FREE); /* late by many: one, and a new beat */
  assert_int_equal(hdi_gate_pass(&gate, 509999), HDI_PASS_NO);
  assert_int_equal(hdi_gate_pass(&gate, 510000), HDI_PASS_FREE);
  hdi_gate_return(&gate, HDI_PASS_FREE);
  assert_int_equal(hdi_load_seq_u64(&gate.permits), 0);
}

static void a_gate_with_tokens_lets_as_many_be_inside(void **state) {
  (void)state;
  hdi_gate gate = {.kind = {HDI_GATE_TOKENS}, .tokens = {2}};
  assert_int_equal(hdi_gate_pass(&gate, 0), HDI_PASS_TOKEN);
  assert_int_equal(hdi_gate_delay_ms(&gate, 0), 0);
  assert_true(hdi_gate_take_token(&gate));
  assert_int_equal(hdi_gate_pass(&gate, 0), HDI_PASS_NO);
  assert_false(hdi_gate_take_token(&gate));
  assert_int_equal(hdi_gate_delay_ms(&gate, 0), UINT32_MAX);
  hdi_gate_return(&gate, HDI_PASS_TOKEN);
  assert_int_equal(hdi_gate_pass(&gate, 0), HDI_PASS_TOKEN);
  hdi_store_seq_u32(&gate.tokens, 1); /* fewer than are inside */
  assert_int_equal(hdi_gate_pass(&gate, 0), HDI_PASS_NO);
  hdi_store_seq_u32(
      &gate.kind, HDI_GATE_STEP); /* a token given up is always had back when none are asked for */
  assert_true(hdi_gate_take_token(&gate));
  assert_int_equal(hdi_load_seq_u32(&gate.held), 3);
}

/* ---- in front of a run ------------------------------------------------------------------------- */

static uint32_t woken;
static void count_wakes(void *waker, hd_run *run, uint32_t count) {
  (void)waker;
  (void)run;
  woken = count;
}
#define assert_woken(expected)         \
  do {                                 \
    assert_int_equal(woken, expected); \
    woken = 0;                         \
  } while (0)

/* A run of `count` tasks that are all ready. */
static hd_run *wide(uint32_t count, bool paused) {
  hd_graph *graph = hdt_row(count, false, HDT_EXTERNAL, NULL);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.paused = paused, .clock_us = hdt_clock});
  hd_graph_destroy(graph);
  run->wake = count_wakes;
  woken = 0;
  return run;
}

static uint32_t claim(hd_run *run) {
  uint32_t tasks[8], count = hd_run_claim(run, 0, 8, tasks);
  assert_true(count <= 1); /* a shut gate is passed one by one */
  return count ? tasks[0] : HD_NONE;
}

static void finish(hd_run *run, uint32_t task) {
  hd_value result = hd_number(1);
  hd_run_finish(run, 0, task, &result, NULL);
}

static void a_paused_run_gives_nothing_until_it_is_resumed(void **state) {
  (void)state;
  hd_run *run = wide(6, true);
  uint32_t tasks[8];
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hdi_run_delay_ms(run), UINT32_MAX);
  assert_int_equal(hd_run_get_state(run), HD_RUN_ACTIVE);
  hd_run_resume(run);
  assert_woken(HD_WORKERS_MAX);
  assert_int_equal(hdi_run_delay_ms(run), 0);
  assert_int_equal(hd_run_claim(run, 0, 2, tasks), 2);
  hd_run_pause(run);
  assert_int_equal(claim(run), HD_NONE);
  finish(run, tasks[0]); /* what runs may end */
  finish(run, tasks[1]);
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hd_run_claim(run, 0, 0, tasks), 0);
  hd_run_resume(run);
  assert_int_equal(hd_run_claim(run, 0, 8, tasks), 4);
  for (uint32_t i = 0; i < 4; i++) finish(run, tasks[i]);
  assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
  hd_run_destroy(run);
}

static void steps_add_up_and_a_pause_takes_them_back(void **state) {
  (void)state;
  hd_run *run = wide(9, false);
  hd_run_step(run, 2); /* shuts the open gate, too */
  assert_woken(2);
  assert_int_equal(claim(run), 0);
  hd_run_step(run, 1);
  assert_woken(1);
  assert_int_equal(claim(run), 1);
  assert_int_equal(claim(run), 2);
  assert_int_equal(claim(run), HD_NONE);
  hd_run_step(run, 5);
  hd_run_pause(run);
  assert_int_equal(claim(run), HD_NONE);
  hd_run_step(run, 0);
  assert_int_equal(claim(run), HD_NONE);
  hd_run_step(run, 1);
  assert_int_equal(claim(run), 3);
  assert_int_equal(claim(run), HD_NONE);
  hd_run_set_tokens(run, 9);
  hd_run_step(run, 1); /* from another kind: only this one */
  assert_int_equal(claim(run), 4);
  assert_int_equal(claim(run), HD_NONE);
  for (uint32_t task = 0; task < 5; task++) finish(run, task);
  hd_run_destroy(run);
}

static void a_step_is_not_used_up_while_nothing_is_ready(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b=a", "b", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.paused = true});
  hd_run_step(run, 2);
  assert_int_equal(claim(run), 0);
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hdi_run_delay_ms(run), UINT32_MAX);
  finish(run, 0);
  assert_int_equal(claim(run), 1);
  finish(run, 1);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_rate_lets_tasks_through_by_the_clock(void **state) {
  (void)state;
  hd_run *run = wide(8, false);
  hdt_now_us = 1000000.5;
  hd_run_set_rate(run, 100); /* every 10 ms */
  assert_woken(HD_WORKERS_MAX);
  assert_int_equal(claim(run), 0);
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hdi_run_delay_ms(run), 11);
  hdt_now_us += 9999;
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hdi_run_delay_ms(run), 1);
  hdt_now_us += 1;
  assert_int_equal(hdi_run_delay_ms(run), 0);
  assert_int_equal(claim(run), 1);
  hdt_now_us += 25000; /* two were missed, one is had */
  assert_int_equal(claim(run), 2);
  assert_int_equal(claim(run), HD_NONE);
  hd_run_set_rate(run, 1e-30); /* in many years, but for the turn that was coming */
  assert_int_equal(claim(run), HD_NONE);
  hdt_now_us += 10000;
  assert_int_equal(claim(run), 3);
  hdt_now_us += 1e12;
  assert_int_equal(claim(run), HD_NONE);
  hd_run_set_rate(run, 1e9); /* faster than the clock counts: no wait */
  assert_int_equal(claim(run), 4);
  assert_int_equal(claim(run), 5);
  for (uint32_t task = 0; task < 6; task++) finish(run, task);
  hdt_assert_traps(hd_run_set_rate(run, 0));
  hd_run_destroy(run);
}

static void a_token_is_held_until_the_task_is_answered(void **state) {
  (void)state;
  hd_run *run = wide(8, false);
  hd_value error = hd_number(1);
  hd_run_set_tokens(run, 1);
  assert_woken(1);
  assert_int_equal(claim(run), 0);
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hdi_run_delay_ms(run), UINT32_MAX);
  assert_int_equal(hdt_state(run, 0), HD_RUNNING);
  finish(run, 0);
  assert_woken(1); /* someone may have it now */
  assert_int_equal(hdi_run_delay_ms(run), 0);
  assert_int_equal(claim(run), 1);
  hd_run_lost(run, 0, 1);
  assert_woken(1);
  assert_int_equal(claim(run), 1);
  hd_run_set_tokens(run, 2);
  assert_int_equal(claim(run), 2);
  assert_int_equal(claim(run), HD_NONE);
  hd_run_set_tokens(run, 0);
  finish(run, 1);
  assert_int_equal(claim(run), HD_NONE);
  hd_run_fail(run, 0, 2, HD_TASK_FAILED, &error);
  assert_int_equal(hdi_load_seq_u32(&run->gate.held), 0);
  hd_run_destroy(run);
}

static void a_running_task_can_give_its_token_and_take_it_back(void **state) {
  (void)state;
  hd_run *run = wide(4, false);
  hd_run_set_tokens(run, 1);
  assert_int_equal(claim(run), 0);
  woken = 0;
  assert_true(hd_run_token_give(run, 0));
  assert_woken(1);
  assert_false(hd_run_token_give(run, 0)); /* has none any more */
  assert_woken(0);
  assert_int_equal(hdt_state(run, 0), HD_RUNNING);
  assert_int_equal(claim(run), 1);
  assert_false(hd_run_token_take(run, 0));
  finish(run, 1);
  assert_true(hd_run_token_take(run, 0));
  assert_int_equal(hdt_state(run, 0), HD_RUNNING);
  assert_int_equal(claim(run), HD_NONE);
  finish(run, 0);
  assert_int_equal(claim(run), 2);
  assert_true(hd_run_token_give(run, 2));
  finish(run, 2); /* without a token there is none to give back */
  assert_int_equal(hdi_load_seq_u32(&run->gate.held), 0);
  hd_run_destroy(run);
}

/* Tasks that passed under one kind are answered under another. */
static void kinds_may_be_switched_while_tasks_run(void **state) {
  (void)state;
  hd_run *run = wide(9, false);
  uint32_t task;
  assert_int_equal(hd_run_claim(run, 0, 1, &task), 1); /* 0: by the open gate */
  hd_run_set_tokens(run, 1);
  assert_int_equal(claim(run), 1); /* 0 holds no token */
  hd_run_step(run, 1);
  assert_int_equal(claim(run), 2);
  assert_int_equal(claim(run), HD_NONE);
  hd_run_set_tokens(run, 1);
  finish(run, 2);
  finish(run, 0);
  assert_int_equal(claim(run), HD_NONE); /* 1 still holds the token */
  assert_false(hd_run_token_give(run, 0));
  hd_run_resume(run);
  assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
  assert_int_equal(task, 3);
  finish(run, 1);
  hd_run_set_tokens(run, 1);
  assert_int_equal(claim(run), 4);
  hd_run_pause(run);
  finish(run, 4);
  finish(run, 3);
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hdi_load_seq_u32(&run->gate.held), 0);
  hd_run_destroy(run);
}

static void a_stopped_run_gives_nothing_whatever_the_gate(void **state) {
  (void)state;
  hd_run *run = wide(9, true);
  hd_run_cancel(run);
  hd_run_step(run, 3);
  assert_int_equal(claim(run), HD_NONE);
  hd_run_resume(run);
  assert_int_equal(claim(run), HD_NONE);
  assert_int_equal(hdi_run_delay_ms(run), UINT32_MAX);
  assert_int_equal(hd_run_get_state(run), HD_RUN_CANCELLED);
  hd_run_destroy(run);
}

static void another_rate_is_no_turn_more(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("*a *b *c", "a b c", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 1, .clock_us = hdt_clock});
  hd_run_set_rate(run, 1);
  assert_int_not_equal(claim(run), HD_NONE);
  for (uint32_t again = 0; again < 5; again++) {
    hdt_now_us += 10;
    hd_run_set_rate(run, 1);
    assert_int_equal(claim(run), HD_NONE);
  }
  hd_run_set_rate(run, 1000); /* a faster one: a millisecond from now, not what is left of the second */
  assert_int_equal(claim(run), HD_NONE);
  hdt_now_us += 1000;
  assert_int_not_equal(claim(run), HD_NONE);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/* ---- threads ----------------------------------------------------------------------------------- */

static hdi_gate shared;
static hdi_pass passed[2];

static void one_may_pass(void) {
  hdi_gate_kind kind = (hdi_gate_kind)hdi_load_seq_u32(&shared.kind);
  shared = (hdi_gate){
      .kind = {kind}, .permits = {1}, .tokens = {1}, .interval_us = {10}, .next_us = {5}};
}
static void pass_first(void) { passed[0] = hdi_gate_pass(&shared, 5); }
static void pass_second(void) { passed[1] = hdi_gate_pass(&shared, 5); }
static void one_did_pass(void) {
  hdt_must((passed[0] == HDI_PASS_NO) != (passed[1] == HDI_PASS_NO));
  hdt_must(hdi_load_seq_u64(&shared.permits) == (hdi_load_seq_u32(&shared.kind) != HDI_GATE_STEP));
  hdt_must(hdi_load_seq_u32(&shared.held) == (hdi_load_seq_u32(&shared.kind) == HDI_GATE_TOKENS));
}

static void of_two_who_reach_for_the_last_pass_one_gets_it(void **state) {
  (void)state;
  const hdi_gate_kind kinds[] = {HDI_GATE_TOKENS, HDI_GATE_STEP, HDI_GATE_RATE};
  for (uint32_t i = 0; i < 3; i++) {
    hdt_duel duel = {one_may_pass, pass_first, pass_second, one_did_pass, {0}, {0}};
    hdi_store_seq_u32(&shared.kind, kinds[i]);
    hdt_fight(&duel);
  }
}

static void both_may_pass(void) {
  one_may_pass();
  hdi_store_seq_u64(&shared.permits, 2);
  hdi_store_seq_u32(&shared.tokens, 2);
}
static void both_did_pass(void) {
  hdt_must(passed[0] != HDI_PASS_NO && passed[1] != HDI_PASS_NO);
  hdi_gate_return(&shared, passed[0]);
  hdi_gate_return(&shared, passed[1]);
  hdt_must(hdi_load_seq_u64(&shared.permits) == 2 && hdi_load_seq_u32(&shared.held) == 0);
}

static void of_two_passes_none_is_lost(void **state) {
  (void)state;
  for (uint32_t kind = HDI_GATE_STEP; kind <= HDI_GATE_TOKENS;
       kind += HDI_GATE_TOKENS - HDI_GATE_STEP) {
    hdt_duel duel = {both_may_pass, pass_first, pass_second, both_did_pass, {0}, {0}};
    hdi_store_seq_u32(&shared.kind, kind);
    hdt_fight(&duel);
  }
}

/* The run's clock is asked between the look at the ready set and the gate: there another worker takes
 * the only task. */
static hd_run *contested;
static uint32_t snatched;
static double snatch(void) {
  hd_run *run = contested;
  contested = NULL; /* the other's claim asks the clock, too */
  if (run) (void)hd_run_claim(run, 1, 1, &snatched);
  return hdt_now_us;
}

static void who_passes_and_finds_nothing_gives_the_pass_back(void **state) {
  (void)state;
  for (uint32_t tokens = 0; tokens < 2; tokens++) {
    hd_graph *graph = hdt_sealed("*a *b=a", "b", NULL);
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .clock_us = snatch});
    if (tokens) hd_run_set_tokens(run, 2);
    else hd_run_step(run, 2);
    contested = run;
    snatched = HD_NONE;
    assert_int_equal(claim(run), HD_NONE);
    assert_int_equal(snatched, 0);
    assert_int_equal((uint32_t)hdi_load_seq_u64(&run->gate.permits), !tokens);
    assert_int_equal(hdi_load_seq_u32(&run->gate.held), tokens);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(an_open_gate_lets_all_pass),
      hdt_test(a_stepped_gate_lets_as_many_pass_as_it_has_permits),
      hdt_test(a_permit_from_before_the_gate_was_shut_is_worth_nothing),
      hdt_test(another_rate_is_no_turn_more),
      hdt_test(a_rated_gate_keeps_its_beat_and_never_bursts),
      hdt_test(a_gate_with_tokens_lets_as_many_be_inside),
      hdt_test(a_paused_run_gives_nothing_until_it_is_resumed),
      hdt_test(steps_add_up_and_a_pause_takes_them_back),
      hdt_test(a_step_is_not_used_up_while_nothing_is_ready),
      hdt_test(a_rate_lets_tasks_through_by_the_clock),
      hdt_test(a_token_is_held_until_the_task_is_answered),
      hdt_test(a_running_task_can_give_its_token_and_take_it_back),
      hdt_test(kinds_may_be_switched_while_tasks_run),
      hdt_test(a_stopped_run_gives_nothing_whatever_the_gate),
      hdt_test(of_two_who_reach_for_the_last_pass_one_gets_it),
      hdt_test(of_two_passes_none_is_lost),
      hdt_test(who_passes_and_finds_nothing_gives_the_pass_back),
  };
  return hdt_run_tests(tests);
}
