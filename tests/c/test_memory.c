/* Memory that runs out: the k-th allocation fails, once or from then on, for every k until none is
 * left to fail. Each call then says OUT_OF_MEMORY and nothing else has changed: repeated with memory
 * again, it succeeds, and at the end live bytes are where they were. */
#include "hdt.h"

#include "run/pool.h"

/* Counts down to the fault. Threads allocate, too. */
static hdi_u32 allocations, fails_at, fails_on, faults;

static void *fallible_alloc(void *user, size_t bytes) {
  uint32_t number = hdi_add_seq_u32(&allocations, 1) + 1, at = hdi_load_seq_u32(&fails_at);
  hdt_must(user == &allocations);
  if (at && (number == at || (number > at && hdi_load_seq_u32(&fails_on)))) {
    hdi_add_seq_u32(&faults, 1);
    return NULL;
  }
  return malloc(bytes);
}

static void fallible_free(void *user, void *memory) {
  (void)user;
  free(memory);
}

/* Holds if the call succeeds, or says OUT_OF_MEMORY because of the fault and succeeds when repeated. */
#define survive(call)                                                    \
  do {                                                                   \
    uint32_t faults_before = hdi_load_seq_u32(&faults);                  \
    hd_status status_of_call = call;                                     \
    bool faulty = hdi_load_seq_u32(&faults) != faults_before;            \
    assert_int_equal(status_of_call, faulty ? HD_OUT_OF_MEMORY : HD_OK); \
    if (!faulty) break;                                                  \
    hdi_store_seq_u32(&fails_at, 0); /* memory again */                  \
    assert_int_equal(call, HD_OK);                                       \
  } while (0)

/* Runs the scenario with every k; it must come to as many faults as it makes allocations. */
static void fail_everywhere(void (*scenario)(void), uint32_t allocations_least) {
  hd_allocator fallible = {fallible_alloc, fallible_free, (void *)&allocations};
  assert_int_equal(hd_memory_live_bytes(), 0);
  hd_memory_set_allocator(&fallible);
  for (uint32_t on = 0; on < 2; on++) {
    uint32_t k = 1;
    for (;; k++) {
      hdt_seed(k + on * UINT64_C(1000000)); /* says which fault it was */
      hdi_store_seq_u32(&allocations, 0);
      hdi_store_seq_u32(&faults, 0);
      hdi_store_seq_u32(&fails_on, on);
      hdi_store_seq_u32(&fails_at, k);
      scenario();
      hdi_store_seq_u32(&fails_at, 0);
      assert_int_equal(hd_memory_live_bytes(), 0);
      if (hdi_load_seq_u32(&faults) == 0) break;
    }
    assert_true(k > allocations_least);
  }
  hd_memory_set_allocator(NULL);
  hdt_seed_end();
}

/* ---- scenarios --------------------------------------------------------------------------------- */

static hd_graph *create(void) {
  hd_graph *graph = NULL;
  survive(hd_graph_create(&graph));
  for (uint32_t i = 0, id; i < 10; i++) {
    survive(hd_graph_add_function(graph, &(hd_function){hdt_sum, NULL}, &id));
    assert_int_equal(id, i);
  }
  return graph;
}

static hd_block *block;

/* A chain by keys, each task with a literal block that is given anew for each try. */
static hd_status add_link(hd_graph *graph, uint32_t number, uint32_t *id) {
  char key[32], before[32];
  snprintf(key, sizeof key, "a rather long key-%u", number);
  snprintf(before, sizeof before, "a rather long key-%u", number - 1);
  hd_value value = {HD_BLOCK, 0, {0}};
  hd_block_retain(value.as.block = block);
  hd_arg args[] = {hd_arg_value(value), hd_arg_key(before), hd_arg_number(1)};
  return hd_graph_add_task(graph, &(hd_task_desc){0, args, number ? 3 : 1, key}, id);
}

static void build_one_by_one(void) {
  enum { COUNT = 40 };
  hd_graph *graph = create();
  uint32_t id, output = COUNT - 1;
  survive(hd_block_create(16, &block));
  for (uint32_t i = 0; i < COUNT; i++) {
    survive(add_link(graph, i, &id));
    assert_int_equal(id, i);
    assert_int_equal(hd_graph_task_count(graph), i + 1);
    assert_int_equal(hd_graph_error(graph)->task_count, 0);
  }
  survive(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &output, .output_count = 1}));
  for (uint32_t i = 1; i < COUNT; i++) assert_int_equal(hd_graph_args(graph, i)[1], i - 1);
  hd_graph_destroy(graph);
  hd_block_release(block);
}

static hd_status add_all(hd_graph *graph, uint32_t *first) {
  enum { COUNT = 20 };
  static uint32_t functions[COUNT], offsets[COUNT + 1], args[2 * COUNT], key_offsets[COUNT + 1];
  static char keys[8 * COUNT];
  hd_value literals[COUNT];
  for (uint32_t i = 0; i < COUNT; i++) {
    functions[i] = i % 10;
    args[2 * i] = HD_BATCH_LITERAL | i;
    args[2 * i + 1] = (i + 1) % COUNT;
    offsets[i + 1] = i + 1 < COUNT ? 2 * i + 2 : 2 * i + 1; /* the last one needs none: no cycle */
    snprintf(keys + 7 * i, 8, "%07u", *first + i);
    key_offsets[i + 1] = 7 * i + 7;
    literals[i] = (hd_value){HD_BLOCK, 0, {0}};
    hd_block_retain(literals[i].as.block = block);
  }
  hd_batch batch = {COUNT, COUNT, functions, offsets, args, literals, key_offsets, keys};
  return hd_graph_add_batch(graph, &batch, first);
}

static void build_by_batches(void) {
  hd_graph *graph = create();
  survive(hd_block_create(16, &block));
  for (uint32_t i = 0, first; i < 4; i++) {
    first = 20 * i;
    survive(add_all(graph, &first));
    assert_int_equal(first, 20 * i);
    assert_int_equal(hd_graph_task_count(graph), 20 * i + 20);
  }
  survive(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}));
  uint32_t id;
  assert_int_equal(hd_graph_find(graph, "0000079", &id), HD_OK);
  assert_int_equal(id, 79);
  hd_graph_destroy(graph);
  hd_block_release(block);
}

/* What cannot be sealed says so also when there is no memory to say where. */
static void find_faults(void) {
  hd_graph *graph = create();
  uint32_t id, counted;
  hd_arg arg = hd_arg_task(1), missing = hd_arg_key("missing");
  survive(hd_graph_add_task(graph, &(hd_task_desc){0, &arg, 1, "a"}, &id));
  arg.task = 0;
  survive(hd_graph_add_task(graph, &(hd_task_desc){0, &arg, 1, "b"}, &id));
  for (uint32_t round = 0; round < 2; round++) {
    hd_status status = hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true});
    assert_true(status == HD_CYCLE || (status == HD_OUT_OF_MEMORY && hdi_load_seq_u32(&faults)));
    assert_int_equal(hd_graph_error(graph)->status, status);
    counted = hd_graph_error(graph)->task_count;
    assert_int_equal(counted, status == HD_CYCLE ? 2 : 0);
    if (round == 0)
      hdi_store_seq_u32(&fails_at, hdi_load_seq_u32(&faults) ? 0 : hdi_load_seq_u32(&fails_at));
  }
  survive(hd_graph_add_task(graph, &(hd_task_desc){0, &missing, 1, "c"}, &id));
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_UNKNOWN_KEY);
  assert_int_equal(hd_graph_error(graph)->status, HD_UNKNOWN_KEY);
  assert_true(hd_graph_error(graph)->task_count == 1 || hdi_load_seq_u32(&faults));
  assert_int_equal(hd_graph_error(graph)->tasks != NULL, hd_graph_error(graph)->task_count);
  hd_status taken = hd_graph_add_task(graph, &(hd_task_desc){0, NULL, 0, "a"}, &id);
  assert_true(taken == HD_DUPLICATE_KEY ||
              (taken == HD_OUT_OF_MEMORY && hdi_load_seq_u32(&faults)));
  assert_int_equal(hd_graph_task_count(graph), 3);
  hd_graph_destroy(graph);
}

/* 10 tasks, the last with more arguments than a worker always has room for. */
static hd_graph *tangle(void) {
  enum { WIDE = HDI_ARGS_KEPT + 40 };
  hd_graph *graph = create();
  uint32_t id;
  for (uint32_t i = 0; i < 10; i++) {
    hd_arg args[WIDE];
    for (uint32_t j = 0; j < WIDE; j++) args[j] = i ? hd_arg_task(i - 1 - j % i) : hd_arg_number(j);
    survive(hd_graph_add_task(graph, &(hd_task_desc){0, args, i == 9 ? WIDE : 6, NULL}, &id));
  }
  survive(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &id, .output_count = 1}));
  return graph;
}

static void run_serially(void) {
  hd_graph *graph = tangle();
  hd_run *run = NULL;
  survive(hd_run_create(graph, &(hd_run_desc){.worker_count = 2, .trace = true}, &run));
  survive(hd_run_serial(run));
  assert_int_equal(hd_run_results_alive(run), 1);
  hd_run_destroy(run);
  survive(hd_run_create(graph, &(hd_run_desc){.executor_keeps = true}, &run));
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/* Kernels that allocate fail their task, and with it the run, by their own word. */
static hd_status allocate(const hd_call *call, hd_value *result) {
  hd_block *made;
  if (hd_block_create(64, &made) != HD_OK) return HD_OUT_OF_MEMORY;
  *result = (hd_value){HD_BLOCK, call->task, {0}};
  result->as.block = made;
  return HD_OK;
}

static void kernels_that_allocate(void) {
  hd_graph *graph = create();
  hd_run *run = NULL;
  uint32_t function, id = 0;
  survive(hd_graph_add_function(graph, &(hd_function){allocate, NULL}, &function));
  for (uint32_t i = 0; i < 6; i++) {
    hd_arg arg = hd_arg_task(id);
    survive(hd_graph_add_task(graph, &(hd_task_desc){function, &arg, i ? 1 : 0, NULL}, &id));
  }
  survive(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &id, .output_count = 1}));
  for (uint32_t tries = 0; tries < 2; tries++) {
    survive(hd_run_create(graph, &(hd_run_desc){0}, &run));
    hd_status status = hd_run_serial(run);
    assert_true(status == HD_OK || (status == HD_OUT_OF_MEMORY && hdi_load_seq_u32(&faults)));
    hd_run_destroy(run);
    if (status == HD_OK) break;
    assert_int_equal(tries, 0);
    hdi_store_seq_u32(&fails_at, 0);
  }
  hd_graph_destroy(graph);
}

/* Half of the tasks fail, with a block that says why; one of them only once, and may be tried again. A failure that
 * cannot be noted stops the run. */
static uint32_t failed_once;
static hd_status allocate_and_fail(const hd_call *call, hd_value *result) {
  hd_status status = allocate(call, result);
  if (status != HD_OK || call->task % 2 == 0) return status;
  return call->task == 1 && failed_once++ ? HD_OK : HD_TASK_FAILED;
}

static void failures_are_noted(void) {
  hd_graph *graph = create();
  hd_run *run = NULL;
  uint32_t function, id, noted;
  survive(hd_graph_add_function(graph, &(hd_function){allocate_and_fail, NULL}, &function));
  survive(hd_graph_set_retries(graph, function, 1));
  for (uint32_t i = 0; i < 8; i++) survive(hd_graph_add_task(graph, &(hd_task_desc){function, NULL, 0, NULL}, &id));
  survive(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true, .outputs = (uint32_t[]){0, 1, 2, 3, 4, 5, 6, 7}, .output_count = 8}));
  survive(hd_run_create(graph, &(hd_run_desc){.keep_going = true, .progress = true}, &run));
  uint32_t faults_before = hdi_load_seq_u32(&faults);
  failed_once = 0;
  hd_status status = hd_run_serial(run);
  bool faulty = hdi_load_seq_u32(&faults) != faults_before;
  noted = hd_run_failures(run, 0, NULL);
  assert_true(status == HD_TASK_FAILED || (status == HD_OUT_OF_MEMORY && faulty));
  if (!faulty) assert_int_equal(noted, 3);
  if (hd_run_remaining(run) == 0) assert_true(noted >= 3);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/* On threads a fault may come to a worker that gathers arguments: then that run fails, the next does not. */
static void run_on_threads(void) {
  hd_graph *graph = tangle();
  hd_pool *pool = NULL;
  survive(hd_pool_create(&pool));
  survive(hd_pool_start(pool, 2));
  assert_int_equal(hd_pool_worker_count(pool), 2);
  for (uint32_t tries = 0; tries < 2; tries++) {
    hd_run *run = NULL;
    survive(hd_run_create(graph, &(hd_run_desc){.worker_count = 2}, &run));
    hd_status status = hd_pool_submit(pool, run); /* from here on the fault may come to a worker */
    assert_true(status == HD_OK || (status == HD_OUT_OF_MEMORY && hdi_load_seq_u32(&faults)));
    if (status != HD_OK) {
      hdi_store_seq_u32(&fails_at, 0);
      assert_int_equal(hd_pool_submit(pool, run), HD_OK);
    }
    status = hd_pool_wait(pool, run);
    assert_true(status == HD_OK || (status == HD_OUT_OF_MEMORY && hdi_load_seq_u32(&faults)));
    hd_run_destroy(run);
    if (status == HD_OK) break;
    assert_int_equal(tries, 0);
    hdi_store_seq_u32(&fails_at, 0);
  }
  hd_pool_destroy(pool);
  hd_graph_destroy(graph);
}

/* As a host of workers sees it: by hand, so that every fault comes to a known call. */
static void drive_workers(void) {
  enum { RUNS = HDI_RUNS_KEPT + 2 }; /* more than a pool always has room for */
  hd_pool *pool = NULL;
  hd_worker *workers[3];
  hd_run *runs[RUNS] = {NULL};
  hd_graph *graph = tangle();
  hd_claim claim;
  survive(hd_pool_create(&pool));
  for (uint32_t i = 0; i < 3; i++) {
    survive(hd_worker_add(pool, &workers[i]));
    assert_int_equal(hd_worker_index(workers[i]), i);
    assert_true(hd_worker_enter(workers[i]));
  }
  for (uint32_t i = 0; i < RUNS; i++) {
    survive(hd_run_create(graph, &(hd_run_desc){.worker_count = 3}, &runs[i]));
    survive(hd_pool_submit(pool, runs[i]));
  }
  for (uint32_t i = 0; i < RUNS; i++) {
    uint32_t faults_before = hdi_load_seq_u32(&faults);
    while (hd_worker_next(workers[i % 3], &claim) != HD_NEXT_IDLE && !hd_pool_ended(pool, runs[i]))
      ;
    bool faulty = hdi_load_seq_u32(&faults) != faults_before;
    for (uint32_t run = 0; run < RUNS && faulty; run++) {
      hd_status status;
      const hd_value *error;
      if (hd_run_failure(runs[run], &status, &error) == HD_NONE) continue;
      assert_int_equal(status, HD_OUT_OF_MEMORY);
      assert_int_equal(hd_pool_wait(pool, runs[run]), HD_OUT_OF_MEMORY);
      faulty = false;
    }
    assert_false(faulty);
    hdi_store_seq_u32(&fails_at, hdi_load_seq_u32(&faults) ? 0 : hdi_load_seq_u32(&fails_at));
  }
  for (uint32_t i = 0; i < RUNS; i++) {
    assert_true(hd_pool_ended(pool, runs[i]));
    hd_run_destroy(runs[i]);
  }
  hd_pool_destroy(pool);
  hd_graph_destroy(graph);
}

static void blocks_and_slices(void) {
  hd_block *whole = NULL, *slice = NULL, *part = NULL;
  survive(hd_block_create(100, &whole));
  survive(hd_block_slice(whole, 10, 50, &slice));
  hd_block_release(whole);
  survive(hd_block_slice(slice, 10, 10, &part));
  hd_block_release(slice);
  hd_block_release(part);
}

/* All passes at once: copies, priorities, the best order, fused chains, a budget. */
static void seal_with_all_passes(void) {
  hd_graph *graph = create();
  uint32_t ids[40], count = 0;
  survive(hd_graph_mark_cheap(graph, 9));
  for (uint32_t i = 0; i < 40; i++) {
    hd_arg args[] = {hd_arg_task(i ? ids[(i - 1) / 2] : 0), hd_arg_task(i ? ids[i - 1] : 0)};
    survive(hd_graph_add_task(graph, &(hd_task_desc){i % 7 == 3 ? 9 : 0, args, i ? 1 + (i % 5 == 0) : 0, NULL}, &ids[count]));
    count++;
  }
  survive(hd_graph_set_priority(graph, ids[20], 3));
  hd_seal_desc desc = {.outputs = &ids[39], .output_count = 1, .fuse = true, .inlines = true, .keep_all = true, .order = HD_ORDER_BEST};
  survive(hd_graph_seal(graph, &desc));
  hd_run *run;
  uint32_t peak;
  survive(hd_graph_peak(graph, 1, &peak));
  survive(hd_graph_peak(graph, 3, &peak));
  survive(hd_run_create(graph, &(hd_run_desc){.budget_results = 2, .budget_bytes = 1000}, &run));
  survive(hd_run_serial(run));
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void building_one_by_one_survives_every_fault(void **state) {
  (void)state;
  fail_everywhere(build_one_by_one, 20);
}
static void building_by_batches_survives_every_fault(void **state) {
  (void)state;
  fail_everywhere(build_by_batches, 20);
}
static void finding_faults_survives_every_fault(void **state) {
  (void)state;
  fail_everywhere(find_faults, 15);
}
static void all_passes_survive_every_fault(void **state) {
  (void)state;
  fail_everywhere(seal_with_all_passes, 40);
}
static void a_serial_run_survives_every_fault(void **state) {
  (void)state;
  fail_everywhere(run_serially, 20);
}
static void kernels_that_run_out_of_memory_fail_their_task(void **state) {
  (void)state;
  fail_everywhere(kernels_that_allocate, 20);
}
static void a_run_that_keeps_going_survives_every_fault(void **state) {
  (void)state;
  fail_everywhere(failures_are_noted, 20);
}
static void a_pool_of_threads_survives_every_fault(void **state) {
  (void)state;
  fail_everywhere(run_on_threads, 20);
}
static void workers_by_hand_survive_every_fault(void **state) {
  (void)state;
  fail_everywhere(drive_workers, 20);
}
static void blocks_and_slices_survive_every_fault(void **state) {
  (void)state;
  fail_everywhere(blocks_and_slices, 3);
}

static void the_allocator_of_the_user_gets_it_all_back(void **state) {
  (void)state;
  hd_memory_set_allocator(&(hd_allocator){fallible_alloc, fallible_free, (void *)&allocations});
  hdi_store_seq_u32(&allocations, 0);
  hdi_store_seq_u32(&fails_at, 0);
  blocks_and_slices();
  assert_int_equal(hdi_load_seq_u32(&allocations), 3);
  hd_memory_set_allocator(NULL);
  blocks_and_slices();
  assert_int_equal(hdi_load_seq_u32(&allocations), 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(the_allocator_of_the_user_gets_it_all_back),
      hdt_test(blocks_and_slices_survive_every_fault),
      hdt_test(building_one_by_one_survives_every_fault),
      hdt_test(building_by_batches_survives_every_fault),
      hdt_test(finding_faults_survives_every_fault),
      hdt_test(all_passes_survive_every_fault),
      hdt_test(a_serial_run_survives_every_fault),
      hdt_test(kernels_that_run_out_of_memory_fail_their_task),
      hdt_test(a_run_that_keeps_going_survives_every_fault),
      hdt_test(a_pool_of_threads_survives_every_fault),
      hdt_test(workers_by_hand_survive_every_fault),
  };
  return hdt_run_tests(tests);
}
