/* Sealing: what is checked, what is dropped, and how the sealed graph hangs together. */
#include "hdt.h"

#include "graph/graph.h"

static hd_status seal(hd_graph *graph, const uint32_t *outputs, uint32_t count, bool keep_all) {
  return hd_graph_seal(graph, &(hd_seal_desc){.outputs = outputs, .output_count = count, .keep_all = keep_all});
}

/* Whether a task has another as an argument, in a graph that is not sealed. */
static bool needs(const hd_graph *graph, uint32_t task, uint32_t input) {
  for (uint32_t at = graph->arg_offsets[task]; at < graph->arg_offsets[task + 1]; at++)
    if (graph->args[at] == input) return true;
  return false;
}

/* The error is a path in which each task needs the next and the last needs the first. */
static void assert_cycle(const hd_graph *graph) {
  const hd_error *error = hd_graph_error(graph);
  assert_int_equal(error->status, HD_CYCLE);
  assert_true(error->task_count > 0);
  for (uint32_t i = 0; i < error->task_count; i++)
    assert_true(needs(graph, error->tasks[i], error->tasks[(i + 1) % error->task_count]));
}

/*  a -> b -> c -> d
 *       ^---------'    (d needs c, and b needs d) */
static void a_cycle_is_shown_as_a_path_in_words_and_tasks(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a b=a,d c=1,b d=c e=d", NULL);
  assert_int_equal(hdt_seal(graph, "e", false), HD_CYCLE);
  assert_cycle(graph);
  const hd_error *error = hd_graph_error(graph);
  assert_int_equal(error->task_count, 3);
  assert_int_equal(error->tasks[0], hdt_id(graph, "d"));
  assert_string_equal(error->message, "the graph has a cycle: 'd' -> 'c' -> 'b' -> 'd'");
  assert_int_equal(hdt_seal(graph, "e", false), HD_CYCLE); /* and so it stays */
  hd_graph_destroy(graph);
}

static void a_task_that_needs_itself_is_a_cycle(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a=a", NULL);
  assert_int_equal(hdt_seal(graph, "a", false), HD_CYCLE);
  assert_int_equal(hd_graph_error(graph)->task_count, 1);
  assert_string_equal(hd_graph_error(graph)->message, "the graph has a cycle: 'a' -> 'a'");
  hd_graph_destroy(graph);
}

static void a_cycle_that_no_output_needs_is_found_too(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a b=c c=b,a", NULL);
  assert_int_equal(hdt_seal(graph, "a", false), HD_CYCLE);
  assert_cycle(graph);
  hd_graph_destroy(graph);
}

static void a_cycle_of_1e5_tasks_is_shown_by_its_ends(void **state) {
  (void)state;
  enum { COUNT = 100000 };
  hd_graph *closed = hdt_empty_graph(NULL);
  uint32_t id, first = COUNT - 1;
  for (uint32_t i = 0; i < COUNT; i++) {
    hd_arg arg = hd_arg_task(i ? i - 1 : COUNT - 1);
    assert_int_equal(hd_graph_add_task(closed, &(hd_task_desc){HDT_SUM, &arg, 1, NULL}, &id),
                     HD_OK);
  }
  assert_int_equal(seal(closed, &first, 1, false), HD_CYCLE);
  assert_cycle(closed);
  assert_int_equal(hd_graph_error(closed)->task_count, COUNT);
  assert_string_equal(
      hd_graph_error(closed)->message,
      "the graph has a cycle: task 99999 -> task 99998 -> task 99997 -> (99994 more) -> "
      "task 2 -> task 1 -> task 0 -> task 99999");
  hd_graph_destroy(closed);
}

/* Cycles of 5 to 8 tasks: none is hidden up to 6, and the names are those of the path. */
static void short_cycles_are_shown_whole(void **state) {
  (void)state;
  const char *words[] = {"a=b b=c c=d d=e e=a", "a=b b=c c=d d=e e=f f=a",
                         "a=b b=c c=d d=e e=f f=g g=a", "a=b b=c c=d d=e e=f f=g g=h h=a"};
  const char *shown[] = {"'a' -> 'b' -> 'c' -> 'd' -> 'e' -> 'a'",
                         "'a' -> 'b' -> 'c' -> 'd' -> 'e' -> 'f' -> 'a'",
                         "'a' -> 'b' -> 'c' -> (1 more) -> 'e' -> 'f' -> 'g' -> 'a'",
                         "'a' -> 'b' -> 'c' -> (2 more) -> 'f' -> 'g' -> 'h' -> 'a'"};
  for (uint32_t i = 0; i < 4; i++) {
    hd_graph *graph = hdt_graph(words[i], NULL);
    assert_int_equal(hdt_seal(graph, "a", false), HD_CYCLE);
    assert_string_equal(strchr(hd_graph_error(graph)->message, ':') + 2, shown[i]);
    hd_graph_destroy(graph);
  }
}

static void a_cycle_of_long_keys_fits_into_its_message(void **state) {
  (void)state;
  enum { COUNT = 1010, LENGTH = 80 };
  char keys[COUNT][LENGTH + 1];
  hd_graph *graph = hdt_empty_graph(NULL);
  uint32_t id, output = 0;
  for (uint32_t i = 0; i < COUNT; i++) {
    memset(keys[i], 'k', LENGTH);
    snprintf(keys[i] + LENGTH - 5, 6, "-%04u", i);
  }
  for (uint32_t i = 0; i < COUNT; i++) {
    hd_arg arg = hd_arg_key(keys[(i + 1) % COUNT]);
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, &arg, 1, keys[i]}, &id),
                     HD_OK);
  }
  assert_int_equal(seal(graph, &output, 1, false), HD_CYCLE);
  const char *message = hd_graph_error(graph)->message;
  assert_non_null(strstr(message, "(1004 more)"));
  assert_string_equal(message + strlen(message) - 4, "…'");
  hd_graph_destroy(graph);
}

static void random_graphs_with_cycles_give_a_true_path(void **state) {
  (void)state;
  uint32_t cyclic = 0;
  for (uint64_t seed = 1; seed <= 300; seed++) {
    hdt_seed(seed);
    hd_graph *graph = hdt_empty_graph(NULL);
    uint32_t count = 1 + hdt_below(30), output = hdt_below(count), id;
    for (uint32_t i = 0; i < count; i++) {
      hd_arg args[2] = {hd_arg_task(hdt_below(count)), hd_arg_task(hdt_below(count))};
      assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, args, hdt_below(3), NULL},
                                         &id),
                       HD_OK);
    }
    /* Kahn's algorithm, the slow way: strike tasks whose inputs are struck, until nothing changes. */
    bool struck[30] = {false}, more = true;
    uint32_t left = count;
    while (more) {
      more = false;
      for (uint32_t task = 0; task < count; task++) {
        bool free = !struck[task];
        for (uint32_t input = 0; input < count; input++)
          if (needs(graph, task, input) && !struck[input]) free = false;
        if (!free) continue;
        struck[task] = more = true;
        left--;
      }
    }
    assert_int_equal(seal(graph, &output, 1, hdt_below(2)), left ? HD_CYCLE : HD_OK);
    if (left) assert_cycle(graph);
    cyclic += left != 0;
    hd_graph_destroy(graph);
  }
  hdt_seed_end();
  assert_true(cyclic > 50 && cyclic < 290);
}

static void an_unknown_key_is_named_with_the_task_that_needs_it(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a b=a c=b,zz", NULL);
  uint32_t id, outputs[] = {2};
  assert_int_equal(seal(graph, outputs, 1, false), HD_UNKNOWN_KEY);
  const hd_error *error = hd_graph_error(graph);
  assert_int_equal(error->status, HD_UNKNOWN_KEY);
  assert_string_equal(error->message, "a key is not in the graph: 'c' needs 'zz'");
  assert_int_equal(error->task_count, 1);
  assert_int_equal(error->tasks[0], 2);
  assert_int_equal(hd_graph_task_count(graph), 3);
  /* amended, the same graph can be sealed */
  hd_arg arg = hd_arg_number(4);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, &arg, 1, "zz"}, &id), HD_OK);
  assert_int_equal(seal(graph, outputs, 1, false), HD_OK);
  assert_int_equal(hd_graph_args(graph, hdt_rank(graph, "c"))[1], hdt_rank(graph, "zz"));
  hd_graph_destroy(graph);
}

static void an_unknown_task_or_output_is_refused(void **state) {
  (void)state;
  const uint32_t unknown[] = {2, HD_BATCH_LITERAL - 1, HD_BATCH_LITERAL, HD_BATCH_LITERAL + 1,
                              UINT32_MAX};
  for (uint32_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    hd_graph *graph = hdt_graph("a=5,6", NULL);
    uint32_t id, outputs[] = {0, unknown[i]}, next[] = {1};
    assert_int_equal(seal(graph, next, 1, false), HD_UNKNOWN_TASK);
    assert_int_equal(seal(graph, outputs, 2, false), HD_UNKNOWN_TASK);
    assert_int_equal(hd_graph_error(graph)->task_count, 0);
    hd_arg arg = hd_arg_task(unknown[i]); /* not mistaken for a literal */
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, &arg, 1, "b"}, &id), HD_OK);
    assert_int_equal(seal(graph, outputs, 1, false), HD_UNKNOWN_TASK);
    assert_int_equal(hd_graph_error(graph)->tasks[0], 1);
    assert_string_equal(hd_graph_error(graph)->message,
                        "a reference points at no task of the graph: 'b'");
    hd_graph_destroy(graph);
  }
}

static void an_empty_graph_and_one_without_outputs_can_be_sealed(void **state) {
  (void)state;
  for (uint32_t keep_all = 0; keep_all < 2; keep_all++) {
    hd_graph *graph = hdt_empty_graph(NULL);
    assert_int_equal(seal(graph, NULL, 0, keep_all), HD_OK);
    assert_int_equal(hd_graph_task_count(graph), 0);
    assert_int_equal(hd_graph_edge_count(graph), 0);
    assert_int_equal(hd_graph_arg_count_max(graph), 0);
    hd_graph_destroy(graph);
    graph = hdt_graph("a b=a", NULL);
    assert_int_equal(seal(graph, NULL, 0, keep_all), HD_OK);
    assert_int_equal(hd_graph_task_count(graph), keep_all ? 2 : 0);
    assert_int_equal(hd_graph_edge_count(graph), keep_all ? 1 : 0);
    hd_graph_destroy(graph);
  }
}

/*  a -> b -> d      only d is wanted: c and e go, with their arguments
 *   `-> c -> e */
static void what_no_output_needs_is_culled(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a b=a c=a,1,2,3 d=b e=c,d", NULL);
  assert_int_equal(hdt_seal(graph, "d", false), HD_OK);
  assert_int_equal(hd_graph_task_count(graph), 3);
  assert_int_equal(hd_graph_edge_count(graph), 2);
  assert_int_equal(hd_graph_arg_count_max(graph), 1);
  assert_int_equal(hdt_rank(graph, "a"), 0);
  assert_int_equal(hdt_rank(graph, "b"), 1);
  assert_int_equal(hdt_rank(graph, "d"), 2);
  assert_int_equal(hdt_rank(graph, "c"), HD_NONE);
  assert_int_equal(hdt_rank(graph, "e"), HD_NONE);
  assert_int_equal(hd_graph_id(graph, 2), 3);
  hd_graph_destroy(graph);
}

static void an_output_given_twice_counts_once(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a b=a", NULL);
  uint32_t outputs[] = {1, 0, 1, 1, 0};
  assert_int_equal(seal(graph, outputs, 5, false), HD_OK);
  assert_int_equal(graph->output_count, 2);
  assert_int_equal(graph->outputs[0], 1);
  assert_int_equal(graph->outputs[1], 0);
  hd_run *run = hdt_run(graph, &(hd_run_desc){0});
  assert_int_equal(hd_run_serial(run), HD_OK);
  assert_int_equal(hd_run_results_alive(run), 2);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void asking_for_the_rank_of_no_task_traps(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a b=a", "b", NULL), *open = hdt_graph("a", NULL);
  hdt_assert_traps((void)hd_graph_rank(graph, 2));
  hdt_assert_traps((void)hd_graph_id(graph, 2));
  hdt_assert_traps((void)hd_graph_rank(open, 0));
  hdt_assert_traps((void)hd_graph_id(open, 0));
  hd_graph_destroy(graph);
  hd_graph_destroy(open);
}

/* The sealed graph says the same as the one that was built, in other numbers. */
static void a_sealed_graph_is_the_built_one_by_rank(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 300; seed++) {
    hdt_seed(seed);
    hd_graph *graph = hdt_random_graph(1 + hdt_below(60), 1 + hdt_below(6), HDT_SUM, NULL);
    uint32_t added = hd_graph_task_count(graph), outputs[3], output_count = hdt_below(4);
    bool keep_all = hdt_below(2), needed[60] = {false};
    uint32_t *args = malloc((graph->arg_count + 1) * sizeof *args), offsets[61];
    memcpy(offsets, graph->arg_offsets, (added + 1) * sizeof *offsets);
    if (graph->arg_count) memcpy(args, graph->args, graph->arg_count * sizeof *args);
    for (uint32_t i = 0; i < output_count; i++) needed[outputs[i] = hdt_below(added)] = true;
    for (uint32_t id = added; id--;)
      for (uint32_t at = offsets[id]; needed[id] && at < offsets[id + 1]; at++)
        if (!(args[at] & HD_BATCH_LITERAL)) needed[args[at]] = true;
    assert_int_equal(seal(graph, outputs, output_count, keep_all), HD_OK);

    uint32_t count = hd_graph_task_count(graph), edges = 0, most = 0, kept = 0;
    for (uint32_t id = 0; id < added; id++) {
      uint32_t rank = hd_graph_rank(graph, id);
      assert_int_equal(rank != HD_NONE, keep_all || needed[id]);
      if (rank == HD_NONE) continue;
      kept++;
      assert_true(rank < count);
      assert_int_equal(hd_graph_id(graph, rank), id);
      assert_int_equal(hd_graph_arg_count(graph, rank), offsets[id + 1] - offsets[id]);
      for (uint32_t i = 0; i < offsets[id + 1] - offsets[id]; i++) {
        uint32_t word = hd_graph_args(graph, rank)[i], built = args[offsets[id] + i];
        if (built & HD_BATCH_LITERAL) {
          assert_int_equal(word, built);
          continue;
        }
        assert_int_equal(word, hd_graph_rank(graph, built));
        assert_true(word < rank); /* a legal serial order */
        edges++;
        uint32_t found = 0, there = 0; /* and the input knows of it, as often */
        for (uint32_t at = graph->dependent_offsets[word]; at < graph->dependent_offsets[word + 1];
             at++)
          found += graph->dependents[at] == rank;
        for (uint32_t j = 0; j < hd_graph_arg_count(graph, rank); j++)
          there += hd_graph_args(graph, rank)[j] == word;
        assert_int_equal(found, there);
      }
      if (offsets[id + 1] - offsets[id] > most) most = offsets[id + 1] - offsets[id];
    }
    assert_int_equal(kept, count);
    assert_int_equal(hd_graph_edge_count(graph), edges);
    assert_int_equal(graph->dependent_offsets[count], edges);
    assert_int_equal(hd_graph_arg_count_max(graph), most);
    free(args);
    hd_graph_destroy(graph);
  }
  hdt_seed_end();
}

static void a_chain_of_1e6_tasks_is_sealed_without_recursion(void **state) {
  (void)state;
  enum { COUNT = 1000000 };
  hd_graph *graph = hdt_row(COUNT, true, HDT_SUM, NULL);
  uint32_t last = COUNT - 1;
  assert_int_equal(seal(graph, &last, 1, false), HD_OK);
  assert_int_equal(hd_graph_task_count(graph), COUNT);
  assert_int_equal(hd_graph_edge_count(graph), COUNT - 1);
  assert_int_equal(hd_graph_rank(graph, 0), 0);
  assert_int_equal(hd_graph_rank(graph, last), last);
  hd_graph_destroy(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(a_cycle_is_shown_as_a_path_in_words_and_tasks),
      hdt_test(a_task_that_needs_itself_is_a_cycle),
      hdt_test(a_cycle_that_no_output_needs_is_found_too),
      hdt_test(a_cycle_of_1e5_tasks_is_shown_by_its_ends),
      hdt_test(short_cycles_are_shown_whole),
      hdt_test(a_cycle_of_long_keys_fits_into_its_message),
      hdt_test(random_graphs_with_cycles_give_a_true_path),
      hdt_test(an_unknown_key_is_named_with_the_task_that_needs_it),
      hdt_test(an_unknown_task_or_output_is_refused),
      hdt_test(an_empty_graph_and_one_without_outputs_can_be_sealed),
      hdt_test(what_no_output_needs_is_culled),
      hdt_test(an_output_given_twice_counts_once),
      hdt_test(asking_for_the_rank_of_no_task_traps),
      hdt_test(a_sealed_graph_is_the_built_one_by_rank),
      hdt_test(a_chain_of_1e6_tasks_is_sealed_without_recursion),
  };
  return hdt_run_tests(tests);
}
