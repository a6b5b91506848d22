/* Building graphs: one task by one, and by batches that may come from outside. */
#include "hdt.h"

#include "graph/graph.h"

/* ---- "the graph is as before" ------------------------------------------------------------------ */

static uint64_t mix(uint64_t hash, uint64_t word) {
  hash ^= word;
  return hdt_next(&hash);
}

/* All that a user can learn of a graph that is not sealed, or that sealing it would use. */
static uint64_t contents(const hd_graph *graph) {
  uint64_t hash = mix(graph->task_count, graph->function_count);
  hash = mix(mix(mix(hash, graph->arg_count), graph->literal_count), graph->sealed);
  for (uint32_t i = 0; i < graph->task_count; i++)
    hash = mix(mix(hash, graph->function_of[i]), graph->arg_offsets[i + 1]);
  for (uint32_t i = 0; i < graph->arg_count; i++) hash = mix(hash, graph->args[i]);
  for (uint32_t i = 0; i < graph->literal_count; i++) hash = mix(hash, graph->literals[i].as.bits);
  for (uint32_t i = 0; i < graph->task_count + 8; i++) {
    const char *key = hd_graph_key(graph, i);
    uint32_t found = HD_NONE;
    if (key) assert_int_equal(hd_graph_find(graph, key, &found), HD_OK);
    if (key) assert_int_equal(found, i);
    for (; key && *key; key++) hash = mix(hash, (unsigned char)*key);
    hash = mix(hash, key != NULL);
  }
  hash = mix(mix(hash, graph->keys.key_count), graph->reference_count);
  for (uint32_t i = 0; i < graph->reference_count; i++)
    hash = mix(mix(hash, graph->references[i].argument), graph->references[i].text);
  return mix(hash, graph->reference_text_length);
}

#define assert_fails(graph, call, expected)                    \
  do {                                                         \
    uint64_t before = contents(graph);                         \
    assert_int_equal(call, expected);                          \
    assert_int_equal(hd_graph_error(graph)->status, expected); \
    assert_true(contents(graph) == before);                    \
  } while (0)

static void assert_error_tasks(const hd_graph *graph, uint32_t count, uint32_t first,
                               uint32_t second) {
  const hd_error *error = hd_graph_error(graph);
  assert_int_equal(error->task_count, count);
  if (count > 0) assert_int_equal(error->tasks[0], first);
  if (count > 1) assert_int_equal(error->tasks[1], second);
}

/* ---- one by one -------------------------------------------------------------------------------- */

static void tasks_and_functions_are_numbered_in_the_order_added(void **state) {
  (void)state;
  hd_graph *graph = hdt_empty_graph(NULL);
  assert_int_equal(hd_graph_task_count(graph), 0);
  assert_int_equal(hd_graph_error(graph)->status, HD_OK);
  assert_string_equal(hd_graph_error(graph)->message, "");
  for (uint32_t i = 0; i < 100; i++) {
    uint32_t id = HD_NONE, function = HD_NONE;
    hd_function named = {hdt_sum, (void *)(uintptr_t)i};
    assert_int_equal(hd_graph_add_function(graph, &named, &function), HD_OK);
    assert_int_equal(function, i + 3);
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){i + 3, NULL, 0, NULL}, &id), HD_OK);
    assert_int_equal(id, i);
    assert_int_equal(hd_graph_task_count(graph), i + 1);
  }
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  for (uint32_t i = 0; i < 100; i++)
    assert_int_equal((uintptr_t)hd_graph_function(graph, hd_graph_rank(graph, i))->user, i);
  hd_graph_destroy(graph);
  hd_graph_destroy(NULL);
}

static void arguments_are_kept_in_order_with_copies_of_keys(void **state) {
  (void)state;
  hd_graph *graph = hdt_empty_graph(NULL);
  char key[] = "a", reference[] = "b"; /* b comes later */
  uint32_t a, b;
  hd_arg args[] = {hd_arg_number(7), hd_arg_key(reference), hd_arg_task(1), hd_arg_number(8)};
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, args, 4, key}, &a), HD_OK);
  key[0] = reference[0] = 'x';
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, NULL, 0, "b"}, &b), HD_OK);
  assert_int_equal(hdt_seal(graph, "a", false), HD_OK);
  uint32_t rank = hdt_rank(graph, "a");
  const uint32_t *words = hd_graph_args(graph, rank);
  assert_int_equal(hd_graph_arg_count(graph, rank), 4);
  assert_int_equal(hd_graph_arg_count_max(graph), 4);
  assert_int_equal(hd_graph_edge_count(graph), 2);
  assert_true(hd_graph_literal(graph, words[0] & ~HD_BATCH_LITERAL)->as.number == 7);
  assert_int_equal(words[1], hdt_rank(graph, "b"));
  assert_int_equal(words[2], hdt_rank(graph, "b"));
  assert_true(hd_graph_literal(graph, words[3] & ~HD_BATCH_LITERAL)->as.number == 8);
  assert_true(words[0] & words[3] & HD_BATCH_LITERAL);
  hd_graph_destroy(graph);
}

static void a_key_finds_its_task_before_and_after_sealing(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a b=a c=b", NULL);
  for (uint32_t round = 0; round < 2; round++) {
    uint32_t id = 77;
    assert_int_equal(hdt_id(graph, "c"), 2);
    assert_string_equal(hd_graph_key(graph, 1), "b");
    assert_null(hd_graph_key(graph, 3));
    assert_int_equal(hd_graph_find(graph, "d", &id), HD_UNKNOWN_KEY);
    assert_int_equal(id, 77);
    if (round == 0)
      assert_int_equal(hdt_seal(graph, "b", false), HD_OK); /* c is culled, its key stays */
  }
  assert_int_equal(hdt_rank(graph, "c"), HD_NONE);
  hd_graph_destroy(graph);
}

static void a_second_task_of_one_key_is_refused_and_both_are_named(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a b=a", NULL);
  uint32_t id = 77;
  hd_arg args[] = {hd_arg_key("z"), hd_arg_number(1)};
  hd_task_desc again = {HDT_SUM, args, 2, "b"};
  assert_fails(graph, hd_graph_add_task(graph, &again, &id), HD_DUPLICATE_KEY);
  assert_int_equal(id, 77);
  assert_error_tasks(graph, 2, 1, 2);
  assert_string_equal(hd_graph_error(graph)->message, "two tasks have the same key: 'b'");
  assert_int_equal(hdt_seal(graph, "b", true), HD_OK); /* the reference to z is gone */
  hd_graph_destroy(graph);
}

static void a_task_of_an_unknown_function_is_refused(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a", NULL);
  uint32_t id = 77;
  assert_fails(graph, hd_graph_add_task(graph, &(hd_task_desc){3, NULL, 0, "b"}, &id),
               HD_UNKNOWN_FUNCTION);
  assert_int_equal(id, 77);
  assert_int_equal(hd_graph_find(graph, "b", &id), HD_UNKNOWN_KEY);
  hd_graph_destroy(graph);
}

static void blocks_of_literals_are_taken_also_when_adding_fails(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a", NULL);
  uint32_t id;
  hd_arg arg = hd_arg_value(hdt_block(100));
  hd_block_retain(arg.value.as.block);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, &arg, 1, "b"}, &id), HD_OK);
  assert_ptr_equal(hd_graph_literal(graph, 0)->as.block, arg.value.as.block);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, &arg, 1, "b"}, &id),
                   HD_DUPLICATE_KEY);
  arg = hd_arg_value(hdt_block(10));
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){9, &arg, 1, NULL}, &id),
                   HD_UNKNOWN_FUNCTION);
  hd_value literals[2] = {hdt_block(20), hdt_block(30)};
  uint32_t function = 9, offsets[2] = {0, 0};
  hd_batch batch = {1, 2, &function, offsets, NULL, literals, NULL, NULL};
  assert_int_equal(hd_graph_add_batch(graph, &batch, &id), HD_UNKNOWN_FUNCTION);
  function = HDT_SUM;
  literals[0] = hdt_block(20);
  literals[1] = hdt_block(30);
  assert_int_equal(hd_graph_add_batch(graph, &batch, &id), HD_OK);
  assert_int_equal(hd_block_bytes(hd_graph_literal(graph, 2)->as.block), 30);
  assert_int_equal(hdt_seal(graph, "a", true), HD_OK);
  arg = hd_arg_value(hdt_block(10));
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, &arg, 1, NULL}, &id),
                   HD_SEALED);
  literals[0] = hdt_block(20);
  literals[1] = hdt_block(30);
  assert_int_equal(hd_graph_add_batch(graph, &batch, &id), HD_SEALED);
  hd_graph_destroy(graph); /* hdt_test counts the bytes */
}

static void a_sealed_graph_takes_nothing_more(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a", "a", NULL);
  uint32_t id = 77, offset = 0;
  hd_batch batch = {.arg_offsets = &offset};
  assert_int_equal(hd_graph_add_function(graph, &(hd_function){hdt_sum, NULL}, &id), HD_SEALED);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){0, NULL, 0, "b"}, &id), HD_SEALED);
  assert_int_equal(hd_graph_add_batch(graph, &batch, &id), HD_SEALED);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_SEALED);
  assert_int_equal(hd_graph_error(graph)->status, HD_SEALED);
  assert_int_equal(id, 77);
  assert_int_equal(hd_graph_task_count(graph), 1);
  hd_graph_destroy(graph);
}

static void long_keys_are_cut_in_messages_between_characters(void **state) {
  (void)state;
  hd_graph *graph = hdt_empty_graph(NULL);
  uint32_t id;
  char key[200];
  /* 59 bytes, then characters of 2 bytes: byte 60 would split one */
  memset(key, 'k', 59);
  for (uint32_t i = 59; i < 199; i += 2) memcpy(key + i, "é", 2);
  key[199] = 0;
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, NULL, 0, key}, &id), HD_OK);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, NULL, 0, key}, &id),
                   HD_DUPLICATE_KEY);
  char expected[200] = "two tasks have the same key: '";
  snprintf(expected + strlen(expected), 100, "%.59s…'", key);
  assert_string_equal(hd_graph_error(graph)->message, expected);
  key[60] = 0; /* as long as may be */
  key[59] = 'k';
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, NULL, 0, key}, &id), HD_OK);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, NULL, 0, key}, &id),
                   HD_DUPLICATE_KEY);
  strcpy(expected, "two tasks have the same key: '");
  strcat(strcat(expected, key), "'");
  assert_string_equal(hd_graph_error(graph)->message, expected);
  hd_graph_destroy(graph);
}

/* ---- batches ----------------------------------------------------------------------------------- */

/* x(5, 6)  y(x)  z(x, y, 6), the second of them without a key. Arrays of exactly the size that is
 * used, on the heap, so that a sanitizer sees every read beyond. */
typedef struct sample {
  hd_batch batch;
  uint32_t *functions, *offsets, *args, *key_offsets;
  char *keys;
} sample;

static void *copy_of(const void *bytes, size_t count) {
  return memcpy(malloc(count), bytes, count);
}

static sample sample_make(void) {
  sample made;
  hd_value literals[] = {hdt_block(50), hd_number(6)};
  made.functions = copy_of((uint32_t[]){HDT_SUM, HDT_EXTERNAL, HDT_SUM}, 12);
  made.offsets = copy_of((uint32_t[]){0, 2, 3, 6}, 16);
  made.args =
      copy_of((uint32_t[]){HD_BATCH_LITERAL, HD_BATCH_LITERAL + 1, 0, 0, 1, HD_BATCH_LITERAL + 1},
              24);
  made.key_offsets = copy_of((uint32_t[]){0, 1, 1, 2}, 16);
  made.keys = copy_of("xz", 2);
  made.batch = (hd_batch){3,
                          2,
                          made.functions,
                          made.offsets,
                          made.args,
                          copy_of(literals, sizeof literals),
                          made.key_offsets,
                          made.keys};
  return made;
}

static void sample_free(sample *made) {
  free(made->functions);
  free(made->offsets);
  free(made->args);
  free(made->batch.literals);
  free(made->key_offsets);
  free(made->keys);
}

static void a_batch_is_added_behind_what_is_there(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a=1,2 b=a,3", NULL);
  uint32_t first = 77;
  sample made = sample_make();
  assert_int_equal(hd_graph_add_batch(graph, &made.batch, &first), HD_OK);
  sample_free(&made);
  assert_int_equal(first, 2);
  assert_int_equal(hd_graph_task_count(graph), 5);
  assert_int_equal(hdt_id(graph, "x"), 2);
  assert_null(hd_graph_key(graph, 3));
  assert_int_equal(hdt_id(graph, "z"), 4);
  assert_int_equal(hdt_seal(graph, "b z", true), HD_OK);
  uint32_t x = hdt_rank(graph, "x"), y = hd_graph_rank(graph, 3), z = hdt_rank(graph, "z");
  const uint32_t *args = hd_graph_args(graph, x);
  assert_int_equal(hd_graph_arg_count(graph, x), 2);
  assert_int_equal(hd_block_bytes(hd_graph_literal(graph, args[0] & ~HD_BATCH_LITERAL)->as.block),
                   50);
  assert_true(hd_graph_literal(graph, args[1] & ~HD_BATCH_LITERAL)->as.number == 6);
  assert_int_equal(hd_graph_arg_count(graph, y), 1);
  assert_int_equal(hd_graph_args(graph, y)[0], x);
  assert_null(hd_graph_function(graph, y)->kernel);
  args = hd_graph_args(graph, z);
  assert_int_equal(hd_graph_arg_count(graph, z), 3);
  assert_int_equal(args[0], x);
  assert_int_equal(args[1], y);
  assert_true(hd_graph_literal(graph, args[2] & ~HD_BATCH_LITERAL)->as.number == 6);
  hd_graph_destroy(graph);
}

static void an_empty_batch_changes_nothing(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a", NULL);
  uint32_t first = 77, offset = 0;
  uint64_t before = contents(graph);
  hd_batch batch = {.arg_offsets = &offset};
  assert_int_equal(hd_graph_add_batch(graph, &batch, &first), HD_OK);
  assert_int_equal(first, 1);
  assert_true(contents(graph) == before);
  hd_graph_destroy(graph);
}

static void a_batch_equals_tasks_added_one_by_one(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    hdt_seed(seed);
    hd_graph *single = hdt_empty_graph(NULL), *batched = hdt_empty_graph(NULL);
    uint32_t batches = 1 + hdt_below(4);
    while (batches--) {
      enum { TASKS = 20 };
      uint32_t functions[TASKS], offsets[TASKS + 1] = {0}, args[TASKS * 4],
                                                 keys_at[TASKS + 1] = {0}, id = 0;
      hd_value literals[TASKS * 4];
      char keys[TASKS * 12];
      uint32_t count = hdt_below(TASKS + 1), used = 0, literal_count = 0,
               first = hd_graph_task_count(single);
      for (uint32_t task = 0; task < count; task++) {
        hd_arg list[4];
        char key[12] = "";
        uint32_t arg_count = hdt_below(5);
        for (uint32_t i = 0; i < arg_count; i++) {
          bool literal = hdt_below(3) == 0 || task == 0;
          uint32_t input = task ? hdt_below(task) : 0;
          list[i] = literal ? hd_arg_number(literal_count) : hd_arg_task(first + input);
          args[used++] = literal ? HD_BATCH_LITERAL | literal_count : input;
          if (literal) literals[literal_count++] = list[i].value;
        }
        functions[task] = hdt_below(3);
        offsets[task + 1] = used;
        if (hdt_below(2)) snprintf(key, sizeof key, "key-%u", first + task);
        memcpy(keys + keys_at[task], key, strlen(key));
        keys_at[task + 1] = keys_at[task] + (uint32_t)strlen(key);
        hd_task_desc desc = {functions[task], list, arg_count, *key ? key : NULL};
        assert_int_equal(hd_graph_add_task(single, &desc, &id), HD_OK);
      }
      hd_batch batch = {count, literal_count, functions, offsets, args, literals, keys_at, keys};
      assert_int_equal(hd_graph_add_batch(batched, &batch, &id), HD_OK);
      assert_int_equal(id, first);
    }
    assert_true(contents(single) == contents(batched));
    hd_graph_destroy(single);
    hd_graph_destroy(batched);
  }
  hdt_seed_end();
}

static void a_key_taken_within_or_before_a_batch_refuses_all_of_it(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a x", NULL);
  uint32_t first = 77;
  sample made = sample_make(); /* x is taken by task 1 */
  assert_fails(graph, hd_graph_add_batch(graph, &made.batch, &first), HD_DUPLICATE_KEY);
  assert_error_tasks(graph, 2, 1, 2);
  assert_string_equal(hd_graph_error(graph)->message, "two tasks have the same key: 'x'");
  made.keys[0] = 'z'; /* twice in the batch */
  assert_fails(graph, hd_graph_add_batch(graph, &made.batch, &first), HD_DUPLICATE_KEY);
  assert_error_tasks(graph, 2, 2, 4);
  assert_string_equal(hd_graph_error(graph)->message, "two tasks have the same key: 'z'");
  assert_int_equal(hd_graph_find(graph, "z", &first), HD_UNKNOWN_KEY);
  made.keys[0] = 'y'; /* amended */
  assert_int_equal(first, 77);
  assert_int_equal(hd_graph_add_batch(graph, &made.batch, &first), HD_OK);
  assert_int_equal(hdt_id(graph, "y"), 2);
  assert_int_equal(hdt_id(graph, "z"), 4);
  sample_free(&made);
  hd_graph_destroy(graph);
}

/* Every single word that is out of range, one at a time. */
static void a_batch_with_a_number_out_of_range_is_refused(void **state) {
  (void)state;
  enum { FUNCTION, OFFSET, ARG, KEY_OFFSET };
  const struct hostile {
    uint32_t what, index, value, task;
    hd_status status;
  } list[] = {
      {FUNCTION, 0, 3, 3, HD_UNKNOWN_FUNCTION},
      {FUNCTION, 2, UINT32_MAX, 5, HD_UNKNOWN_FUNCTION},
      {OFFSET, 0, 1, HD_NONE, HD_UNKNOWN_TASK},          /* does not start at 0 */
      {OFFSET, 0, UINT32_MAX, HD_NONE, HD_UNKNOWN_TASK}, //
      {OFFSET, 1, 4, 4, HD_UNKNOWN_TASK},                /* then falls, to 3 … */
      {OFFSET, 2, 1, 4, HD_UNKNOWN_TASK},                /* … to 1 */
      {OFFSET, 1, 100000, 3, HD_UNKNOWN_TASK},           /* far beyond the arguments, then falls */
      {OFFSET, 2, UINT32_MAX, 4, HD_UNKNOWN_TASK},       //
      {OFFSET, 3, 2, 4, HD_UNKNOWN_TASK},                /* fewer arguments than task 1 starts at */
      {ARG, 0, HD_BATCH_LITERAL + 2, 3, HD_UNKNOWN_TASK},
      {ARG, 1, UINT32_MAX, 3, HD_UNKNOWN_TASK},
      {ARG, 3, 3, 5, HD_UNKNOWN_TASK}, /* a task of another batch */
      {ARG, 5, HD_BATCH_LITERAL - 1, 5, HD_UNKNOWN_TASK},
      {KEY_OFFSET, 1, 2, 4, HD_UNKNOWN_KEY}, /* falls */
      {KEY_OFFSET, 1, UINT32_MAX, 4, HD_UNKNOWN_KEY},
      {KEY_OFFSET, 0, 2, 3, HD_UNKNOWN_KEY},
      {KEY_OFFSET, 3, 0, 5, HD_UNKNOWN_KEY},
  };
  for (uint32_t i = 0; i < sizeof list / sizeof *list; i++) {
    hd_graph *graph = hdt_graph("a b=a c=1,2,3", NULL);
    uint32_t first = 77;
    sample made = sample_make();
    uint32_t *arrays[] = {made.functions, made.offsets, made.args, made.key_offsets};
    arrays[list[i].what][list[i].index] = list[i].value;
    assert_fails(graph, hd_graph_add_batch(graph, &made.batch, &first), list[i].status);
    assert_error_tasks(graph, list[i].task != HD_NONE, list[i].task, HD_NONE);
    assert_int_equal(first, 77);
    sample_free(&made);
    made = sample_make();
    assert_int_equal(hd_graph_add_batch(graph, &made.batch, &first), HD_OK);
    assert_int_equal(first, 3);
    sample_free(&made);
    hd_graph_destroy(graph);
  }
}

static void more_than_can_be_numbered_is_too_large(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a", NULL);
  uint32_t first = 77, word = 0;
  hd_batch batch = {.task_count = HD_BATCH_LITERAL, .functions = &word, .arg_offsets = &word};
  assert_fails(graph, hd_graph_add_batch(graph, &batch, &first), HD_TOO_LARGE);
  batch.task_count = UINT32_MAX;
  assert_fails(graph, hd_graph_add_batch(graph, &batch, &first), HD_TOO_LARGE);
  uint32_t offsets[2] = {0, 0}, key_offsets[2] = {0, UINT32_MAX};
  batch = (hd_batch){.task_count = 1,
                     .functions = &word,
                     .arg_offsets = offsets,
                     .key_offsets = key_offsets,
                     .keys = ""};
  assert_fails(graph, hd_graph_add_batch(graph, &batch, &first), HD_TOO_LARGE);
  /* as if there were so many already */
  hd_arg args[2] = {hd_arg_number(1), hd_arg_task(0)};
  uint32_t *counts[] = {&graph->task_count, &graph->arg_count, &graph->literal_count};
  const uint32_t full[] = {HD_BATCH_LITERAL - 1, HD_NONE - 2, HD_BATCH_LITERAL - 1};
  for (uint32_t i = 0; i < 3; i++) {
    uint32_t before = *counts[i];
    *counts[i] = full[i];
    assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, args, 2, NULL}, &first),
                     HD_TOO_LARGE);
    *counts[i] = before;
  }
  assert_int_equal(first, 77);
  hd_graph_destroy(graph);
}

/* Any words at all in the arrays, of the sizes that the batch says: refused or taken, never a crash. */
static void batches_of_random_words_are_refused_or_taken_whole(void **state) {
  (void)state;
  uint32_t taken = 0;
  for (uint64_t seed = 1; seed <= 3000; seed++) {
    hdt_seed(seed);
    hd_graph *graph = hdt_graph("a b=a", NULL);
    sample made = sample_make();
    uint32_t *arrays[] = {made.functions, made.offsets, made.args, made.key_offsets};
    uint32_t sizes[] = {3, 3, 6, 3},
             changes = hdt_below(3); /* the last offsets say the arrays' sizes */
    while (changes--) {
      uint32_t which = hdt_below(4), wild = (uint32_t)hdt_next(&hdt_random_state);
      arrays[which][hdt_below(sizes[which])] =
          hdt_below(2) ? hdt_below(5) | (wild & HD_BATCH_LITERAL) : wild;
    }
    uint64_t before = contents(graph);
    uint32_t first = 77;
    hd_status status = hd_graph_add_batch(graph, &made.batch, &first);
    if (status == HD_OK) {
      taken++;
      assert_int_equal(hd_graph_task_count(graph), 5);
      (void)hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true});
    } else {
      assert_true(contents(graph) == before);
      assert_int_equal(first, 77);
    }
    sample_free(&made);
    hd_graph_destroy(graph);
  }
  hdt_seed_end();
  assert_true(taken > 300 && taken < 2700);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(tasks_and_functions_are_numbered_in_the_order_added),
      hdt_test(arguments_are_kept_in_order_with_copies_of_keys),
      hdt_test(a_key_finds_its_task_before_and_after_sealing),
      hdt_test(a_second_task_of_one_key_is_refused_and_both_are_named),
      hdt_test(a_task_of_an_unknown_function_is_refused),
      hdt_test(blocks_of_literals_are_taken_also_when_adding_fails),
      hdt_test(a_sealed_graph_takes_nothing_more),
      hdt_test(long_keys_are_cut_in_messages_between_characters),
      hdt_test(a_batch_is_added_behind_what_is_there),
      hdt_test(an_empty_batch_changes_nothing),
      hdt_test(a_batch_equals_tasks_added_one_by_one),
      hdt_test(a_key_taken_within_or_before_a_batch_refuses_all_of_it),
      hdt_test(a_batch_with_a_number_out_of_range_is_refused),
      hdt_test(more_than_can_be_numbered_is_too_large),
      hdt_test(batches_of_random_words_are_refused_or_taken_whole),
  };
  return hdt_run_tests(tests);
}
