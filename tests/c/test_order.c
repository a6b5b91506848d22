/* The depth-first order. What it numbers in which order is its contract, so these tests do name ranks. */
#include "hdt.h"

#include "base/memory.h"
#include "graph/order.h"

enum { TASKS = 40, ARGS = 200, LITERAL = HD_BATCH_LITERAL };

static uint32_t id_of[TASKS];
static hdi_order order;

static hd_status run(const uint32_t *offsets, const uint32_t *args, uint32_t count,
                     const uint32_t *outputs, uint32_t output_count) {
  hdi_order_graph graph = {offsets, args, count, outputs, output_count};
  memset(id_of, 0xff, sizeof id_of);
  order = (hdi_order){.id_of = id_of};
  return hdi_order_depth_first(&graph, &order);
}

static void assert_order(uint32_t count, const uint32_t *ids) {
  for (uint32_t i = 0; i < count; i++) assert_int_equal(id_of[i], ids[i]);
}

/*   0   1
 *    `. | `.
 *      2    3      4 takes 3 before 2, and a literal
 *       `. /
 *         4        5 stands alone */
static void arguments_are_walked_from_left_to_right_inputs_first(void **state) {
  (void)state;
  const uint32_t offsets[] = {0, 0, 0, 2, 4, 7, 7};
  const uint32_t args[] = {0, 1, 1, LITERAL, LITERAL | 5, 3, 2};
  const uint32_t outputs[] = {4};
  assert_int_equal(run(offsets, args, 6, outputs, 1), HD_OK);
  assert_int_equal(order.kept, 5);
  assert_order(6, (uint32_t[]){1, 3, 0, 2, 4, 5});
}

static void outputs_are_walked_in_the_order_given(void **state) {
  (void)state;
  const uint32_t offsets[] = {0, 0, 1, 1, 2}, args[] = {0, 2}; /* 0 -> 1, 2 -> 3 */
  assert_int_equal(run(offsets, args, 4, (uint32_t[]){3, 1}, 2), HD_OK);
  assert_int_equal(order.kept, 4);
  assert_order(4, (uint32_t[]){2, 3, 0, 1});
  assert_int_equal(run(offsets, args, 4, (uint32_t[]){1, 0, 1}, 3), HD_OK);
  assert_int_equal(order.kept, 2);
  assert_order(4, (uint32_t[]){0, 1, 2, 3});
  assert_int_equal(run(offsets, args, 4, NULL, 0), HD_OK);
  assert_int_equal(order.kept, 0);
  assert_order(4, (uint32_t[]){0, 1, 2, 3});
  assert_int_equal(run(offsets, args, 0, NULL, 0), HD_OK);
}

/* By the definition, with recursion. */
static uint32_t expected[TASKS], expected_count;
static uint8_t seen[TASKS];
static void visit(const uint32_t *offsets, const uint32_t *args, uint32_t task) {
  if (seen[task]) return;
  seen[task] = 1;
  for (uint32_t at = offsets[task]; at < offsets[task + 1]; at++)
    if (!(args[at] & LITERAL)) visit(offsets, args, args[at]);
  expected[expected_count++] = task;
}

static void random_graphs_are_ordered_as_the_definition_says(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 1000; seed++) {
    hdt_seed(seed);
    uint32_t offsets[TASKS + 1] = {0}, args[ARGS], name[TASKS], outputs[4], used = 0;
    uint32_t count = 1 + hdt_below(TASKS), output_count = hdt_below(5);
    for (uint32_t i = 0; i < count; i++)
      name[i] = i; /* a random legal order, so that ids are none */
    for (uint32_t i = count; i > 1; i--) {
      uint32_t other = hdt_below(i), kept = name[other];
      name[other] = name[i - 1];
      name[i - 1] = kept;
    }
    for (uint32_t task = 0; task < count; task++) {
      uint32_t fan = hdt_below(6);
      for (uint32_t i = 0; i < fan; i++) {
        uint32_t input = hdt_below(count);
        args[used++] = name[input] < name[task] ? input : LITERAL | input;
      }
      offsets[task + 1] = used;
    }
    for (uint32_t i = 0; i < output_count; i++) outputs[i] = hdt_below(count);
    expected_count = 0;
    memset(seen, 0, sizeof seen);
    for (uint32_t i = 0; i < output_count; i++) visit(offsets, args, outputs[i]);
    uint32_t kept = expected_count;
    for (uint32_t task = 0; task < count; task++) visit(offsets, args, task);
    assert_int_equal(run(offsets, args, count, outputs, output_count), HD_OK);
    assert_int_equal(order.kept, kept);
    assert_null(order.cycle);
    assert_order(count, expected);
  }
  hdt_seed_end();
}

/* 0 -> 1 -> 2 -> 3, and 1 needs 2: the walk from 3 meets 2, 1 and 2 again. 0 and 3 are not on it. */
static void a_cycle_is_the_path_from_a_task_to_itself_and_no_more(void **state) {
  (void)state;
  const uint32_t offsets[] = {0, 0, 2, 3, 4}, args[] = {0, 2, 1, 2};
  assert_int_equal(run(offsets, args, 4, (uint32_t[]){3}, 1), HD_CYCLE);
  assert_int_equal(order.cycle_count, 2);
  assert_int_equal(order.cycle[0], 2);
  assert_int_equal(order.cycle[1], 1);
  hdi_free(order.cycle);
  /* from 0 alone nothing leads there, yet it is found */
  assert_int_equal(run(offsets, args, 4, (uint32_t[]){0}, 1), HD_CYCLE);
  assert_int_equal(order.cycle_count, 2);
  hdi_free(order.cycle);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(arguments_are_walked_from_left_to_right_inputs_first),
      hdt_test(outputs_are_walked_in_the_order_given),
      hdt_test(random_graphs_are_ordered_as_the_definition_says),
      hdt_test(a_cycle_is_the_path_from_a_task_to_itself_and_no_more),
  };
  return hdt_run_tests(tests);
}
