/* Passes: fused chains and inlined copies run as groups, with any executor, and give what the graph as it
 * was given gives. */
#include "hdt.h"

#include "run/pool.h"

/* ---- what becomes a group ------------------------------------------------------------------------ */

static hd_graph *sealed(const char *words, const char *outputs, hd_seal_desc desc, const char *cheap_function) {
  hd_graph *graph = hdt_graph(words, NULL);
  uint32_t ids[16], count = 0;
  char *copy = strdup(outputs), *rest = copy, *key;
  while ((key = strtok_r(rest, " ", &rest))) ids[count++] = hdt_id(graph, key);
  free(copy);
  desc.outputs = ids;
  desc.output_count = count;
  if (cheap_function) assert_int_equal(hd_graph_mark_cheap(graph, *cheap_function == '*' ? HDT_EXTERNAL : HDT_SUM), HD_OK);
  assert_int_equal(hd_graph_seal(graph, &desc), HD_OK);
  return graph;
}

/* The groups by their parts' keys, by rank, as in "a+b c". */
static void assert_groups(hd_graph *graph, const char *expected) {
  char text[400] = "";
  for (uint32_t first = 0, count; first < hd_graph_task_count(graph); first += count) {
    assert_int_equal(hd_graph_group(graph, first, &count), first);
    for (uint32_t part = first; part < first + count; part++) {
      uint32_t other_count;
      assert_int_equal(hd_graph_group(graph, part, &other_count), first);
      assert_int_equal(other_count, count);
      if (part) strcat(text, part == first ? " " : "+");
      strcat(text, hd_graph_key(graph, hd_graph_id(graph, part)));
    }
  }
  assert_string_equal(text, expected);
  hd_graph_destroy(graph);
}

static void linear_chains_are_fused(void **state) {
  (void)state;
  const hd_seal_desc fuse = {.fuse = true};
  assert_groups(sealed("a b=a c=b", "c", fuse, NULL), "a+b+c");
  assert_groups(sealed("a b=a c=b", "c", (hd_seal_desc){0}, NULL), "a b c");
  assert_groups(sealed("a b=a,a,3 c=b", "c", fuse, NULL), "a+b+c"); /* it is read twice by the same one */
  assert_groups(sealed("a b=a c=b", "b c", fuse, NULL), "a+b c");   /* b's result is the user's */
  assert_groups(sealed("a b=a c=a d=b,c", "d", fuse, NULL), "a b c d");
  assert_groups(sealed("a b c=a,b d=c e=d", "e", fuse, NULL), "a b c+d+e");
  assert_groups(sealed("*a *b=a c=b d=c", "d", fuse, NULL), "a+b c+d"); /* JavaScript and C apart */
}

/* What no output needs is walked in the order added, so a chain that was added backwards lies scattered. */
static void chains_that_no_output_needs_are_fused_too(void **state) {
  (void)state;
  assert_groups(sealed("c=b x b=a a", "x", (hd_seal_desc){.fuse = true, .keep_all = true}, NULL), "x a+b+c");
  assert_groups(sealed("y x b=a a c=b", "x", (hd_seal_desc){.fuse = true, .keep_all = true}, NULL), "x y a+b+c");
}

/*  cheap is external here:  *a -> b, c */
static void cheap_tasks_are_copied_to_each_reader(void **state) {
  (void)state;
  const hd_seal_desc inlines = {.inlines = true};
  assert_groups(sealed("*a *b=a *c=a d=b,c", "d", inlines, NULL), "a b c d");
  hd_graph *graph = hdt_empty_graph(NULL);
  uint32_t cheap, a, b, c, id;
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){hdt_sum, NULL}, &cheap), HD_OK);
  assert_int_equal(hd_graph_mark_cheap(graph, cheap), HD_OK);
  hd_arg one = hd_arg_number(1);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){cheap, &one, 1, "a"}, &a), HD_OK);
  hd_arg twice[] = {hd_arg_task(a), hd_arg_task(a)};
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, twice, 2, "b"}, &b), HD_OK);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){cheap, twice, 1, "c"}, &c), HD_OK); /* reads a copy: is none */
  hd_arg both[] = {hd_arg_task(b), hd_arg_task(c)};
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, both, 2, "d"}, &id), HD_OK);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &id, .output_count = 1, .inlines = true}), HD_OK);
  assert_int_equal(hd_graph_rank(graph, a), 2); /* the last copy */
  assert_groups(graph, "a+b a+c d");
  assert_groups(sealed("a b=a", "a b", inlines, "a"), "a b"); /* wanted: kept */
  assert_groups(sealed("a b", "b", (hd_seal_desc){.inlines = true, .keep_all = true}, "a"), "b a"); /* nobody reads it */
}

static void misuse_of_passes_is_an_error(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a", NULL);
  assert_int_equal(hd_graph_mark_cheap(graph, 99), HD_UNKNOWN_FUNCTION);
  assert_int_equal(hd_graph_set_priority(graph, 1, 3), HD_UNKNOWN_TASK);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  assert_int_equal(hd_graph_mark_cheap(graph, 0), HD_SEALED);
  assert_int_equal(hd_graph_set_priority(graph, 0, 3), HD_SEALED);
  hd_graph_destroy(graph);
}

static void higher_priorities_and_what_they_need_come_first(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a b=a c d=c e", NULL);
  assert_int_equal(hd_graph_set_priority(graph, hdt_id(graph, "d"), 5), HD_OK);
  assert_int_equal(hd_graph_set_priority(graph, hdt_id(graph, "a"), -1), HD_OK); /* b, which is 0, needs it */
  assert_int_equal(hd_graph_set_priority(graph, hdt_id(graph, "e"), INT32_MIN), HD_OK);
  uint32_t outputs[] = {hdt_id(graph, "e"), hdt_id(graph, "b"), hdt_id(graph, "d")};
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = outputs, .output_count = 3}), HD_OK);
  assert_groups(graph, "c d a b e");
  graph = hdt_graph("a b=a c=b", NULL); /* a chain is not fused over a step in priority */
  assert_int_equal(hd_graph_set_priority(graph, hdt_id(graph, "b"), 1), HD_OK);
  uint32_t c = hdt_id(graph, "c");
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &c, .output_count = 1, .fuse = true}), HD_OK);
  assert_groups(graph, "a+b c");
}

/* ---- with every executor ------------------------------------------------------------------------- */

enum { CHEAP = 3 };

/* A random graph with many chains, some cheap tasks and priorities; the same for the same seed. */
static hd_graph *random_graph(uint64_t seed, bool external, void *user) {
  hdt_seed(seed);
  hd_graph *graph = hdt_empty_graph(user);
  uint32_t function, count = 2 + hdt_below(150), stride = 1 + hdt_below(4);
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){external ? NULL : hdt_sum, user}, &function), HD_OK);
  assert_int_equal(hd_graph_mark_cheap(graph, CHEAP), HD_OK);
  for (uint32_t task = 0, id; task < count; task++) {
    hd_arg args[4];
    uint32_t fan = task ? hdt_below(4) : 0;
    if (task && hdt_below(3)) fan = 1;
    for (uint32_t i = 0; i < fan; i++) {
      uint32_t near = task <= stride ? task : stride;
      args[i] = hdt_below(8) ? hd_arg_task(hdt_below(3) ? task - 1 - hdt_below(near) : hdt_below(task)) : hd_arg_number(task);
    }
    hd_task_desc desc = {hdt_below(5) ? (external ? HDT_EXTERNAL : HDT_SUM) : CHEAP, args, fan, NULL};
    assert_int_equal(hd_graph_add_task(graph, &desc, &id), HD_OK);
    if (!hdt_below(20)) assert_int_equal(hd_graph_set_priority(graph, id, (int32_t)hdt_below(3)), HD_OK);
  }
  return graph;
}

static hd_status seal_random(hd_graph *graph, uint32_t passes) {
  uint32_t count = hd_graph_task_count(graph), outputs[3] = {count - 1, hdt_below(count), hdt_below(count)};
  hd_seal_desc desc = {.outputs = outputs, .output_count = 1 + hdt_below(3), .fuse = passes & 1, .inlines = passes & 2,
                       .keep_all = passes & 4, .order = passes & 8 ? HD_ORDER_BEST : HD_ORDER_FAST};
  return hd_graph_seal(graph, &desc);
}

/* By id: the results of the graph as it was given. */
static double *expected_by_id(uint64_t seed, uint32_t *count) {
  hd_graph *plain = random_graph(seed, false, NULL);
  *count = hd_graph_task_count(plain);
  assert_int_equal(hd_graph_seal(plain, &(hd_seal_desc){.keep_all = true}), HD_OK);
  double *by_rank = hdt_expected(plain), *by_id = malloc(*count * sizeof *by_id);
  for (uint32_t id = 0; id < *count; id++) by_id[id] = by_rank[hd_graph_rank(plain, id)];
  free(by_rank);
  hd_graph_destroy(plain);
  return by_id;
}

/* Wanted results are right, all others are released. */
static void assert_ended_well(const hd_run *run, const double *by_id) {
  const hd_graph *graph = hd_run_graph((hd_run *)(uintptr_t)run);
  uint32_t kept = 0;
  assert_int_equal(hd_run_get_state(run), HD_RUN_DONE);
  for (uint32_t task = 0; task < graph->task_count; task++) {
    bool wanted = false;
    for (uint32_t i = 0; i < graph->output_count; i++) wanted |= graph->outputs[i] == task;
    assert_int_equal(hdt_state(run, task), wanted ? HD_DONE : HD_RELEASED);
    if (wanted && by_id) assert_true(hd_run_result(run, task)->as.number == by_id[hd_graph_id(graph, task)]);
    kept += wanted;
  }
  assert_int_equal(hd_run_results_alive(run), kept);
  assert_int_equal(hd_run_running(run), 0);
  assert_int_equal(hd_run_remaining(run), 0);
}

static void passes_change_no_result_serially_and_on_threads(void **state) {
  (void)state;
  hd_pool *pool;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, 3), HD_OK);
  for (uint64_t seed = 1; seed <= 100; seed++) {
    uint32_t count;
    double *by_id = expected_by_id(seed, &count);
    for (uint32_t passes = 0; passes < 16; passes++) {
      hdt_journal journal;
      hd_graph *graph = random_graph(seed, false, &journal);
      assert_int_equal(seal_random(graph, passes), HD_OK);
      for (uint32_t workers = 0; workers <= 3; workers++) {
        hdt_journal_init(&journal, hd_graph_task_count(graph));
        hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = workers, .loose = seed % 2, .budget_results = seed % 3 ? 0 : 3});
        if (workers) assert_int_equal(hd_pool_submit(pool, run), HD_OK);
        assert_int_equal(workers ? hd_pool_wait(pool, run) : hd_run_serial(run), HD_OK);
        hdt_assert_legal(graph, &journal);
        assert_ended_well(run, by_id);
        if (workers < 2 && seed % 3) /* one after the other, by rank */
          for (uint32_t task = 0; task < hd_graph_task_count(graph); task++) assert_int_equal(journal.start[task], 2 * task + 1);
        hd_run_destroy(run);
        hdt_journal_fini(&journal);
      }
      hd_graph_destroy(graph);
    }
    free(by_id);
  }
  hd_pool_destroy(pool);
  hdt_seed_end();
}

/* ---- an executor that keeps what passes between the parts ----------------------------------------- */

/* A worker that can be lost: what it has between two parts is gone then. */
typedef struct executor {
  uint32_t task;     /* HD_NONE: nothing */
  bool held;         /* task waits for the gate */
  double live[256];  /* by part, of the current group */
  uint32_t executed; /* parts */
} executor;

static double value_of(const executor *self, const hd_value *arg) {
  if (arg->tag == HD_LIVE) return self->live[(uint32_t)arg->as.number];
  hdt_must(arg->tag == HD_NUMBER);
  return arg->as.number;
}

/* Runs the claimed part; its result stays with the executor if another part follows. */
static void run_part(hd_run *run, uint32_t worker, executor *self) {
  hd_value args[8], result;
  const hd_graph *graph = hd_run_graph(run);
  uint32_t count, first = hd_graph_group(graph, self->task, &count), part = self->task - first;
  double total = 1;
  hd_run_args(run, self->task, args);
  for (uint32_t i = 0; i < hd_graph_arg_count(graph, self->task); i++) total = hdt_step(total, value_of(self, &args[i]));
  bool more = part + 1 < count;
  self->live[part] = total;
  result = hd_number(more ? part : total);
  if (more) result.tag = HD_LIVE;
  hd_finished finished = {.go_on = true};
  hd_run_finish(run, worker, self->task, &result, &finished);
  self->task = finished.next;
  self->held = finished.held;
}

static void groups_of_external_tasks_survive_lost_workers_and_the_gate(void **state) {
  (void)state;
  enum { WORKERS = 3 };
  uint32_t lost_between = 0, waited = 0;
  for (uint64_t seed = 1; seed <= 300; seed++) {
    uint32_t count;
    double *by_id = expected_by_id(seed, &count);
    hd_graph *graph = random_graph(seed, true, NULL);
    assert_int_equal(seal_random(graph, 3 | hdt_below(16)), HD_OK);
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = WORKERS, .trace = true, .budget_results = hdt_below(2) * 2, .clock_us = hdt_clock});
    executor workers[WORKERS];
    for (uint32_t worker = 0; worker < WORKERS; worker++) workers[worker].task = HD_NONE;
    for (uint32_t idle = 0; idle < 1000 && hd_run_remaining(run); idle++) {
      uint32_t worker = hdt_below(WORKERS), dice = hdt_below(40);
      executor *self = &workers[worker];
      if (dice == 0) hd_run_pause(run);
      else if (dice == 1) hd_run_set_tokens(run, 1 + hdt_below(2));
      else if (dice < 8) hd_run_resume(run);
      else if (dice < 10) hd_run_step(run, 1);
      if (self->task == HD_NONE) {
        self->held = false;
        if (!hd_run_claim(run, worker, 1, &self->task)) self->task = HD_NONE;
      } else if (self->held) {
        if (hd_run_pass(run, worker, self->task)) self->held = false;
        else waited++;
      } else if (hdt_below(12) == 0) {
        uint32_t parts;
        lost_between += hd_graph_group(graph, self->task, &parts) != self->task;
        hd_run_lost(run, worker, self->task);
        self->task = HD_NONE;
      } else {
        run_part(run, worker, self);
        idle = 0;
      }
    }
    assert_ended_well(run, by_id);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
    free(by_id);
  }
  assert_true(lost_between > 50 && waited > 50); /* it was about these */
  hdt_seed_end();
}

/* An executor that knows nothing of groups claims their parts one by one. */
static void parts_can_be_claimed_one_by_one(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 100; seed++) {
    hd_graph *graph = random_graph(seed, seed % 2, NULL);
    assert_int_equal(seal_random(graph, 3 | hdt_below(16)), HD_OK);
    hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2});
    uint32_t claimed[2], count = 0;
    while (hd_run_remaining(run)) {
      while (count < 2 && hd_run_claim(run, count, 1, &claimed[count])) count++;
      assert_true(count > 0);
      hd_value one = hd_number(1);
      hd_run_finish(run, 0, claimed[0], &one, NULL);
      claimed[0] = claimed[--count];
    }
    assert_ended_well(run, NULL);
    hd_run_destroy(run);
    hd_graph_destroy(graph);
  }
  hdt_seed_end();
}

/*  a -> b -> c: a's worker is lost after b; the inputs of the group must still be there. */
static void inputs_of_an_external_group_are_kept_until_its_end(void **state) {
  (void)state;
  hd_graph *graph = sealed("*x *y *a=x,y *b=a *c=b *z=x", "c z", (hd_seal_desc){.fuse = true}, NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 1});
  uint32_t task, released[8];
  hd_finished finished = {.go_on = true, .released = released};
  for (uint32_t i = 0; i < 2; i++) {
    hd_value value = hdt_block(100);
    assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
    hd_run_finish(run, 0, task, &value, &finished);
  }
  assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
  assert_int_equal(task, hdt_rank(graph, "a"));
  for (uint32_t part = 0; part < 2; part++) {
    hd_value live = {HD_LIVE, 0, {0}};
    hd_run_finish(run, 0, task, &live, &finished);
    assert_int_equal(finished.released_count, part);
    task = finished.next;
  }
  assert_int_equal(hdt_state(run, hdt_rank(graph, "y")), HD_DONE);
  hd_run_lost(run, 0, task);
  assert_int_equal(hd_run_attempt(run, task), 2);
  assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
  assert_int_equal(task, hdt_rank(graph, "a"));
  for (uint32_t part = 0; part < 3; part++) {
    hd_value value = {part < 2 ? HD_LIVE : HD_NULL, 0, {0}};
    hd_run_finish(run, 0, task, &value, &finished);
    if (part < 2) task = finished.next;
  }
  assert_int_equal(finished.next, HD_NONE);
  assert_int_equal(finished.released_count, 2); /* b, and y; z still needs x */
  assert_true(finished.released_count <= hd_run_released_max(run));
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_stopped_run_ends_between_the_parts(void **state) {
  (void)state;
  hd_graph *graph = sealed("*a *b=a *c=b", "c", (hd_seal_desc){.fuse = true}, NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  uint32_t task;
  hd_value live = {HD_LIVE, 0, {0}};
  hd_finished finished = {.go_on = true};
  assert_int_equal(hd_run_claim(run, 0, 1, &task), 1);
  hd_run_cancel(run);
  hd_run_finish(run, 0, task, &live, &finished);
  assert_int_equal(finished.next, HD_NONE);
  assert_int_equal(hd_run_get_state(run), HD_RUN_CANCELLED);
  assert_int_equal(hd_run_running(run), 0);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/* A sum over many tasks with a cheap task each, and many numbers: no row is read again for each of its inputs, or
 * this would take minutes. */
static void wide_readers_take_linear_time(void **state) {
  (void)state;
  enum { COUNT = 400000 };
  hd_graph *graph = hdt_empty_graph(NULL);
  uint32_t cheap, id, *tasks = malloc(COUNT * sizeof *tasks);
  hd_arg *args = malloc(2 * COUNT * sizeof *args), one = hd_arg_number(1);
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){hdt_sum, NULL}, &cheap), HD_OK);
  assert_int_equal(hd_graph_mark_cheap(graph, cheap), HD_OK);
  for (uint32_t i = 0; i < COUNT; i++) {
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, &one, 1, NULL}, &id), HD_OK);
    hd_arg arg = hd_arg_task(id);
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){i % 2 ? cheap : HDT_SUM, &arg, 1, NULL}, &tasks[i]), HD_OK);
    args[i] = one;
    args[COUNT + i] = hd_arg_task(tasks[i]);
  }
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, args, 2 * COUNT, NULL}, &id), HD_OK);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &id, .output_count = 1, .fuse = true, .inlines = true}), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  assert_int_equal(hd_run_serial(run), HD_OK);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
  free(tasks);
  free(args);
}

/* A chain of a million tasks, fused: it is not long in anybody's way. */
static void a_chain_of_a_million_is_one_group(void **state) {
  (void)state;
  enum { COUNT = 1000000 };
  uint32_t last = COUNT - 1, parts;
  hd_graph *graph = hdt_row(COUNT, true, HDT_SUM, NULL);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &last, .output_count = 1, .fuse = true}), HD_OK);
  assert_int_equal(hd_graph_group(graph, last, &parts), 0);
  assert_int_equal(parts, COUNT);
  hd_pool *pool;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, 2), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2});
  assert_int_equal(hd_pool_submit(pool, run), HD_OK);
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  assert_true(hd_run_result(run, last)->as.number > 1.99);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
  hd_graph_destroy(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(linear_chains_are_fused),
      hdt_test(chains_that_no_output_needs_are_fused_too),
      hdt_test(cheap_tasks_are_copied_to_each_reader),
      hdt_test(misuse_of_passes_is_an_error),
      hdt_test(higher_priorities_and_what_they_need_come_first),
      hdt_test(passes_change_no_result_serially_and_on_threads),
      hdt_test(groups_of_external_tasks_survive_lost_workers_and_the_gate),
      hdt_test(parts_can_be_claimed_one_by_one),
      hdt_test(inputs_of_an_external_group_are_kept_until_its_end),
      hdt_test(a_stopped_run_ends_between_the_parts),
      hdt_test(wide_readers_take_linear_time),
      hdt_test(a_chain_of_a_million_is_one_group),
  };
  return hdt_run_tests(tests);
}
