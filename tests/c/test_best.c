/* The best order and the peaks it is chosen by: against counts made the slow way on random graphs,
 * and on small graphs of the kinds that each walk is there for. Which of several equally good orders
 * comes out is nobody's contract; that it is always the same one is. */
#include "hdt.h"

#include "base/memory.h"
#include "graph/best.h"

enum { TASKS = 400, ARGS = 4000, LITERAL = HD_BATCH_LITERAL };

/* ---- graphs ----------------------------------------------------------------------------------- */

static uint32_t arg_offsets[TASKS + 2], args[ARGS], dependent_offsets[TASKS + 1], dependents[ARGS];
static uint8_t wanted[TASKS];
static hdi_order_view view = {0, arg_offsets, args, dependent_offsets, dependents, wanted};
static uint32_t sequence[TASKS];

static void start(void) {
  view.task_count = arg_offsets[1] = 0;
  memset(wanted, 0, sizeof wanted);
}

/* Gives the task that comes next another argument. */
static void take(uint32_t arg) {
  assert_true(arg_offsets[view.task_count + 1] < ARGS);
  args[arg_offsets[view.task_count + 1]++] = arg;
}

/* Adds the task with what it has taken. */
static uint32_t add(void) {
  uint32_t task = view.task_count++;
  assert_true(view.task_count < TASKS);
  arg_offsets[task + 2] = arg_offsets[task + 1];
  return task;
}

static void link_rows(void) {
  uint32_t to = 0;
  for (uint32_t task = 0; task < view.task_count; task++) {
    dependent_offsets[task] = to;
    for (uint32_t reader = 0; reader < view.task_count; reader++)
      for (uint32_t at = arg_offsets[reader]; at < arg_offsets[reader + 1]; at++)
        if (args[at] == task) dependents[to++] = reader;
  }
  dependent_offsets[view.task_count] = to;
}

/* Up to `count` tasks, each with up to `fan` arguments among the `reach` tasks before it. */
static void random_graph(uint32_t count, uint32_t fan, uint32_t reach) {
  start();
  for (uint32_t task = 0; task < count; task++) {
    for (uint32_t i = hdt_below(fan + 1); task && i > 0; i--)
      take(task - 1 - hdt_below(task < reach ? task : reach));
    if (hdt_below(5) == 0) take(LITERAL | hdt_below(9));
    wanted[add()] = hdt_below(8) == 0;
  }
  link_rows();
}

static void any_random_graph(void) {
  random_graph(1 + hdt_below(60), 1 + hdt_below(5), 1 + hdt_below(60));
}

/* ---- the slow way ----------------------------------------------------------------------------- */

static uint8_t made[TASKS], ran[TASKS];

static bool is_alive(uint32_t result) {
  if (!made[result]) return false;
  if (wanted[result] || !ran[result]) return true;
  for (uint32_t at = dependent_offsets[result]; at < dependent_offsets[result + 1]; at++)
    if (!ran[dependents[at]]) return true;
  return false;
}

static uint32_t count_alive(void) {
  uint32_t alive = 0;
  for (uint32_t task = 0; task < view.task_count; task++) alive += is_alive(task);
  return alive;
}

static bool is_ready(uint32_t task) {
  for (uint32_t at = arg_offsets[task]; at < arg_offsets[task + 1]; at++)
    if (!(args[at] & LITERAL) && !ran[args[at]]) return false;
  return !made[task];
}

/* The model of hdi_peak_workers. One worker is a serial run, and also says whether it is legal. */
static uint32_t slow_peak(const uint32_t *order, uint32_t workers) {
  uint32_t claimed[TASKS], claimed_count = 0, finished = 0, most = 0;
  memset(made, 0, sizeof made);
  memset(ran, 0, sizeof ran);
  while (finished < view.task_count) {
    while (claimed_count - finished < workers) {
      uint32_t i = 0;
      while (i < view.task_count && !is_ready(order[i])) i++;
      if (i == view.task_count) break;
      if (workers == 1) assert_int_equal(i, claimed_count);
      claimed[claimed_count++] = order[i];
      made[order[i]] = 1;
      if (count_alive() > most) most = count_alive();
    }
    assert_true(finished < claimed_count);
    ran[claimed[finished++]] = 1;
  }
  return most;
}

static uint32_t by_number(void) {
  for (uint32_t task = 0; task < view.task_count; task++) sequence[task] = task;
  return slow_peak(sequence, 1);
}

static uint32_t best(void) {
  uint32_t peak = 0;
  memset(sequence, 0xff, sizeof sequence);
  assert_int_equal(hdi_order_best(&view, sequence, &peak), HD_OK);
  return peak;
}

/* ---- tests ------------------------------------------------------------------------------------ */

static void peaks_are_what_a_slow_count_says(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 500; seed++) {
    hdt_seed(seed);
    any_random_graph();
    uint32_t peak = 0, expected = by_number();
    assert_int_equal(hdi_peak_serial(&view, NULL, &peak), HD_OK);
    assert_int_equal(peak, expected);
    best();
    const uint32_t *orders[] = {NULL, sequence};
    for (uint32_t i = 0; i < 2; i++)
      for (uint32_t workers = 1; workers <= 4; workers++) {
        uint32_t numbers[TASKS];
        for (uint32_t task = 0; task < view.task_count; task++) numbers[task] = task;
        assert_int_equal(hdi_peak_workers(&view, orders[i], workers, &peak), HD_OK);
        assert_int_equal(peak, slow_peak(orders[i] ? sequence : numbers, workers));
      }
  }
  hdt_seed_end();
}

static void the_best_order_is_legal_and_never_worse_than_the_one_given(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 2000; seed++) {
    hdt_seed(seed);
    any_random_graph();
    uint32_t given = by_number(), peak = best(), again[TASKS];
    assert_true(peak <= given);
    uint32_t times[TASKS] = {0};
    for (uint32_t i = 0; i < view.task_count; i++) {
      assert_true(sequence[i] < view.task_count);
      assert_int_equal(times[sequence[i]]++, 0);
    }
    assert_int_equal(slow_peak(sequence, 1), peak); /* which also fails if it is not legal */
    memcpy(again, sequence, sizeof again);
    assert_int_equal(best(), peak);
    assert_memory_equal(again, sequence, view.task_count * sizeof *again);
  }
  hdt_seed_end();
}

static void larger_graphs_are_ordered_legally_too(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 60; seed++) {
    hdt_seed(seed);
    random_graph(300 + hdt_below(90), 1 + hdt_below(7), 1 + hdt_below(300));
    uint32_t given = by_number(), peak = best();
    assert_true(peak <= given);
    assert_int_equal(slow_peak(sequence, 1), peak);
  }
  hdt_seed_end();
}

/* The least peak of all orders: for each set of tasks that can have run, the least on the way there. */
static uint32_t least_peak(void) {
  static uint32_t least[1 << 12];
  uint32_t sets = 1u << view.task_count;
  memset(least, 0xff, sets * sizeof *least);
  least[0] = 0;
  for (uint32_t set = 0; set < sets; set++) {
    if (least[set] == UINT32_MAX) continue;
    for (uint32_t task = 0; task < view.task_count; task++) {
      for (uint32_t i = 0; i < view.task_count; i++) made[i] = ran[i] = set >> i & 1;
      if (!is_ready(task)) continue;
      made[task] = 1;
      uint32_t peak = count_alive(), to = set | 1u << task;
      if (peak < least[set]) peak = least[set];
      if (peak < least[to]) least[to] = peak;
    }
  }
  return least[sets - 1];
}

static void nothing_is_better_for_trees(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    hdt_seed(seed);
    uint32_t count = 2 + hdt_below(10), reader[TASKS], roots = 0;
    for (uint32_t task = 0; task < count; task++) {
      reader[task] = task + 1 + hdt_below(count - 1 - task < 3 ? count - task : 3);
      if (hdt_below(6) == 0) reader[task] = count; /* an output */
    }
    start();
    for (uint32_t task = 0; task < count; task++) {
      for (uint32_t input = 0; input < task; input++)
        if (reader[input] == task) take(input);
      add();
      wanted[task] = reader[task] >= count;
      roots += wanted[task];
    }
    link_rows();
    assert_true(roots > 0);
    assert_int_equal(best(), least_peak());
  }
  hdt_seed_end();
}

/* A tree of sums of four over the tasks listed. */
static void sum(uint32_t *tasks, uint32_t count) {
  for (uint32_t left; count > 1; count = left) {
    left = 0;
    for (uint32_t i = 0; i < count; i += 4) {
      for (uint32_t k = i; k < i + 4 && k < count; k++) take(tasks[k]);
      tasks[left++] = add();
    }
  }
  wanted[tasks[0]] = 1;
}

static uint32_t task_of(uint32_t one, uint32_t other) {
  if (one != HD_NONE) take(one);
  if (other != HD_NONE) take(other);
  return add();
}

/* Sums of u * u, v * v and u * v: the three trees have to grow side by side (dask/dask #10384). */
static void trees_over_the_same_leaves_grow_side_by_side(void **state) {
  (void)state;
  enum { LEAVES = 40 };
  uint32_t u[LEAVES], v[LEAVES], products[LEAVES];
  start();
  for (uint32_t i = 0; i < LEAVES; i++) u[i] = task_of(HD_NONE, HD_NONE);
  for (uint32_t i = 0; i < LEAVES; i++) v[i] = task_of(HD_NONE, HD_NONE);
  const uint32_t *pairs[3][2] = {{u, u}, {v, v}, {u, v}};
  for (uint32_t k = 0; k < 3; k++) {
    for (uint32_t i = 0; i < LEAVES; i++) products[i] = task_of(pairs[k][0][i], pairs[k][1][i]);
    sum(products, LEAVES);
  }
  link_rows();
  assert_true(by_number() >= LEAVES);
  assert_true(best() <= 28);
}

/* x @ x.T of N by N blocks: rows and columns of the product in turn let go of blocks of x. */
static void a_matrix_product_lets_go_of_its_factors(void **state) {
  (void)state;
  enum { N = 6 };
  uint32_t x[N][N], products[N];
  start();
  for (uint32_t i = 0; i < N; i++)
    for (uint32_t k = 0; k < N; k++) x[i][k] = task_of(HD_NONE, HD_NONE);
  for (uint32_t i = 0; i < N; i++)
    for (uint32_t j = 0; j < N; j++) {
      for (uint32_t k = 0; k < N; k++) products[k] = task_of(x[i][k], x[j][k]);
      sum(products, N);
    }
  link_rows();
  assert_true(by_number() >= N * N + N * (N - 1));
  assert_true(best() <= 55);
}

static void no_tasks_and_one_task(void **state) {
  (void)state;
  start();
  link_rows();
  uint32_t peak = 7;
  assert_int_equal(best(), 0);
  assert_int_equal(hdi_peak_workers(&view, NULL, 2, &peak), HD_OK);
  assert_int_equal(peak, 0);
  start();
  task_of(HD_NONE, HD_NONE);
  link_rows();
  assert_int_equal(best(), 1);
  assert_int_equal(sequence[0], 0);
}

static uint32_t allocations, fails_at;
static void *alloc_or_fail(void *user, size_t bytes) {
  (void)user;
  return ++allocations == fails_at ? NULL : malloc(bytes);
}
static void free_it(void *user, void *memory) {
  (void)user;
  free(memory);
}

typedef hd_status (*function)(const hdi_order_view *, const uint32_t *, uint32_t *);
static hd_status two_workers(const hdi_order_view *graph, const uint32_t *order, uint32_t *peak) {
  return hdi_peak_workers(graph, order, 2, peak);
}
static hd_status order(const hdi_order_view *graph, const uint32_t *unused, uint32_t *peak) {
  (void)unused;
  return hdi_order_best(graph, sequence, peak);
}

static void memory_that_runs_out_is_said_and_nothing_is_kept(void **state) {
  (void)state;
  hdt_seed(1);
  random_graph(60, 4, 30); /* which takes all walks */
  hdt_seed_end();
  const function functions[] = {hdi_peak_serial, two_workers, order};
  const uint32_t least[] = {1, 5, 7};
  size_t live = hd_memory_live_bytes();
  hd_memory_set_allocator(&(hd_allocator){alloc_or_fail, free_it, NULL});
  for (uint32_t i = 0; i < 3; i++) {
    hd_status status = HD_OUT_OF_MEMORY;
    for (fails_at = 1; status != HD_OK; fails_at++) {
      uint32_t peak = 12345;
      allocations = 0;
      status = functions[i](&view, NULL, &peak);
      assert_true(status == HD_OK || status == HD_OUT_OF_MEMORY);
      if (status != HD_OK) assert_int_equal(peak, 12345);
      assert_int_equal(hd_memory_live_bytes(), live);
      assert_true(fails_at < 100);
    }
    assert_true(fails_at > least[i] + 1);
  }
  fails_at = 0;
  hd_memory_set_allocator(NULL);
}

/* The model of several workers is what the run itself does: they claim the lowest ready task, and finish in the
 * order in which they claimed. */
static uint32_t peak_of_claims(hd_graph *graph, uint32_t workers) {
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = workers});
  uint32_t open[8], count = 0, alive = 0, peak = 0, task;
  while (hd_run_remaining(run)) {
    while (count < workers && hd_run_claim(run, 0, 1, &task)) {
      open[count++] = task;
      if (++alive > peak) peak = alive; /* what is being made counts */
    }
    hd_value one = hd_number(1);
    hd_finished finished = {0};
    hd_run_finish(run, 0, open[0], &one, &finished);
    alive -= finished.released_count;
    memmove(open, open + 1, --count * sizeof *open);
  }
  hd_run_destroy(run);
  return peak;
}

static void the_peak_of_workers_is_that_of_claims_and_answers(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 300; seed++) {
    hdt_seed(seed);
    uint32_t tasks = 1 + hdt_below(120), fan = 1 + hdt_below(4), worst = 0, best = 0, peak;
    for (uint32_t order = 0; order < 2; order++) {
      hdt_seed(seed + 1000);
      hd_graph *graph = hdt_random_graph(tasks, fan, HDT_SUM, NULL);
      uint32_t last = tasks - 1;
      hd_seal_desc desc = {.outputs = &last, .output_count = 1, .keep_all = true, .order = order ? HD_ORDER_BEST : HD_ORDER_FAST};
      assert_int_equal(hd_graph_seal(graph, &desc), HD_OK);
      for (uint32_t workers = 1; workers <= 4; workers++) {
        assert_int_equal(hd_graph_peak(graph, workers, &peak), HD_OK);
        assert_int_equal(peak, peak_of_claims(graph, workers));
        if (workers == 1) *(order ? &best : &worst) = peak;
      }
      assert_int_equal(hd_graph_peak(graph, 0, &peak), HD_WORKER_COUNT);
      hd_graph_destroy(graph);
    }
    assert_true(best <= worst);
    if (worst < 2) continue;
    for (uint32_t budget = worst - 1; budget <= worst; budget++) { /* the best one only when the budget asks for it */
      double us;
      hdt_seed(seed + 1000);
      hd_graph *graph = hdt_random_graph(tasks, fan, HDT_SUM, NULL);
      uint32_t last = tasks - 1;
      hd_seal_desc desc = {.outputs = &last, .output_count = 1, .keep_all = true, .budget_results = budget};
      assert_int_equal(hd_graph_seal(graph, &desc), HD_OK);
      assert_int_equal(hd_graph_ranked_by(graph, &us), budget < worst ? HD_ORDER_BEST : HD_ORDER_FAST);
      hd_graph_destroy(graph);
    }
  }
  hdt_seed_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(the_peak_of_workers_is_that_of_claims_and_answers),
      hdt_test(peaks_are_what_a_slow_count_says),
      hdt_test(the_best_order_is_legal_and_never_worse_than_the_one_given),
      hdt_test(larger_graphs_are_ordered_legally_too),
      hdt_test(nothing_is_better_for_trees),
      hdt_test(trees_over_the_same_leaves_grow_side_by_side),
      hdt_test(a_matrix_product_lets_go_of_its_factors),
      hdt_test(no_tasks_and_one_task),
      hdt_test(memory_that_runs_out_is_said_and_nothing_is_kept),
  };
  return hdt_run_tests(tests);
}
