/* What the core costs for a C task, through the public headers only, natively and in WebAssembly, on the
 * shapes of shapes.h.
 *
 * Time: `build` (a graph from ready arrays, afresh each time), `seal` (checks, ranks, renumbers: the
 * interface has no door between these), `run` (makes a run, which is `create`, hands it to a pool, waits
 * for its end), and the two that let go of it all. Memory: what the core holds after each of the first
 * steps, and the most it held during them. Making the arrays is in none. Every result is checked. */
#include "program.h"

#include <hd/heddle.h>
#include <stdatomic.h>

#ifdef __wasm__
#define PLATFORM "wasm"
#else
#define PLATFORM "native"
#endif

static _Noreturn void fail(const char *name, const char *what) {
  fprintf(stderr, "bench-core: %s: %s\n", name, what);
  exit(EXIT_WRONG);
}

static void must(const char *name, hd_status status) {
  if (status == HD_OK) return;
  if (status != HD_OUT_OF_MEMORY) fail(name, hd_strerror(status));
  fprintf(stderr, "bench-core: %s: no memory for so many tasks (the core held %zu MB)\n", name,
          hd_memory_live_bytes() >> 20);
  exit(EXIT_NO_MEMORY);
}

/* ---- kernels ----------------------------------------------------------------------------------- */

static hd_status add_one(const hd_call *call, hd_value *result) {
  double total = 1;
  for (uint32_t i = 0; i < call->arg_count; i++) total += call->args[i].as.number;
  *result = hd_number(total);
  return HD_OK;
}

/* Counts how often each task ran, by rank. */
static hd_status add_one_counted(const hd_call *call, hd_value *result) {
  uint32_t *executions = call->user;
  executions[call->task]++;
  return add_one(call, result);
}

/* ---- measuring --------------------------------------------------------------------------------- */

typedef struct subject {
  const char *name;
  shape shape;
  hd_pool *pool;
  uint32_t workers;
} subject;

static hd_graph *build(const subject *s, const hd_function *function) {
  hd_graph *graph;
  uint32_t id;
  hd_batch batch = {.task_count = s->shape.count,
                    .functions = s->shape.functions,
                    .arg_offsets = s->shape.first,
                    .args = s->shape.inputs};
  must(s->name, hd_graph_create(&graph));
  must(s->name, hd_graph_add_function(graph, function, &id));
  must(s->name, hd_graph_add_batch(graph, &batch, &id));
  return graph;
}

static void seal(const subject *s, hd_graph *graph) {
  hd_seal_desc desc = {.outputs = s->shape.outputs, .output_count = s->shape.output_count, .fuse = true};
  must(s->name, hd_graph_seal(graph, &desc));
}

static hd_run *create_run(const subject *s, hd_graph *graph) {
  hd_run *run;
  must(s->name, hd_run_create(graph, &(hd_run_desc){.worker_count = s->workers}, &run));
  return run;
}

static void run(const subject *s, hd_run *run) {
  must(s->name, hd_pool_submit(s->pool, run));
  must(s->name, hd_pool_wait(s->pool, run));
}

/* All results that are wanted, bit by bit: the order of a sum is that of the arguments. */
static void check(const subject *s, const hd_run *run) {
  for (uint32_t i = 0; i < s->shape.output_count; i++) {
    uint32_t id = s->shape.outputs[i];
    const hd_value *result = hd_run_result(run, hd_graph_rank(hd_run_graph(run), id));
    if (result->tag != HD_NUMBER ||
        memcmp(&result->as.number, &s->shape.results[id], sizeof(double)) != 0)
      fail(s->name, "a result is wrong");
  }
}

/* ---- memory ------------------------------------------------------------------------------------ */

/* Bytes: what is held after a step, and the most that was held during it. */
typedef struct step_bytes {
  size_t after, most;
} step_bytes;

typedef struct memory {
  step_bytes build, seal, run;
} memory_use;

static _Atomic size_t most_bytes;

/* An allocator that watches. The core hands its bytes over with a header of 16 in front, and counts them
 * without it when it has them. */
static void *watched_alloc(void *user, size_t bytes) {
  (void)user;
  size_t live = hd_memory_live_bytes() + bytes - 16, most = most_bytes;
  while (live > most && !atomic_compare_exchange_weak(&most_bytes, &most, live)) {}
  return malloc(bytes);
}

static void watched_free(void *user, void *memory) {
  (void)user;
  free(memory);
}

static void start_step(void) { most_bytes = hd_memory_live_bytes(); }

static step_bytes end_step(size_t before) {
  return (step_bytes){hd_memory_live_bytes() - before, most_bytes - before};
}

/* One computation that is not timed. Checks that each task ran once, and that all is given back. */
static memory_use watch_memory(subject *s) {
  uint32_t *executions = alloc(s->shape.count, sizeof *executions);
  hd_function function = {add_one_counted, executions};
  hd_memory_set_allocator(&(hd_allocator){watched_alloc, watched_free, NULL});
  must(s->name, hd_pool_create(&s->pool));
  must(s->name, hd_pool_start(s->pool, s->workers));
  size_t before = hd_memory_live_bytes();
  memory_use seen;

  start_step();
  hd_graph *graph = build(s, &function);
  seen.build = end_step(before);
  start_step();
  seal(s, graph);
  seen.seal = end_step(before);
  start_step();
  hd_run *done = create_run(s, graph);
  run(s, done);
  seen.run = end_step(before);
  check(s, done);
  hd_run_destroy(done);
  hd_graph_destroy(graph);

  if (hd_memory_live_bytes() != before) fail(s->name, "memory was not given back");
  hd_pool_destroy(s->pool);
  hd_memory_set_allocator(NULL);
  for (uint32_t t = 0; t < s->shape.count; t++)
    if (executions[t] != 1) fail(s->name, "a task did not run exactly once");
  free(executions);
  return seen;
}

/* ---- time -------------------------------------------------------------------------------------- */

typedef enum step { BUILD, SEAL, RANK, CREATE, RUN, FREE_RUN, FREE_GRAPH, STEP_COUNT } step;

static void measure(const named_shape *named, const options *o) {
  subject s = {.name = named->name,
               .shape = make_shape(named, (uint32_t)o->tasks),
               .workers = (uint32_t)o->workers};
  memory_use bytes = watch_memory(&s);
  double *ns[STEP_COUNT];
  for (int i = 0; i < STEP_COUNT; i++) ns[i] = alloc((size_t)o->repeat + 1, sizeof(double));
  hd_function function = {add_one, NULL};
  must(s.name, hd_pool_create(&s.pool));
  must(s.name, hd_pool_start(s.pool, s.workers));

  hd_graph *graph = NULL;
  for (long i = 0; i <= o->repeat; i++) { /* the first is the warm-up */
    double start = now_ns();
    hd_graph_destroy(graph);
    double freed = now_ns();
    graph = build(&s, &function);
    double built = now_ns();
    seal(&s, graph);
    double sealed = now_ns();
    ns[FREE_GRAPH][i] = freed - start;
    ns[BUILD][i] = built - freed;
    ns[SEAL][i] = sealed - built;
    double rank_us;
    (void)hd_graph_ranked_by(graph, &rank_us);
    ns[RANK][i] = rank_us * 1000;
  }
  for (long i = 0; i <= o->repeat; i++) {
    double start = now_ns();
    hd_run *made = create_run(&s, graph);
    double created = now_ns();
    run(&s, made);
    double ended = now_ns();
    check(&s, made);
    double checked = now_ns();
    hd_run_destroy(made);
    ns[FREE_RUN][i] = now_ns() - checked;
    ns[CREATE][i] = created - start;
    ns[RUN][i] = ended - start;
  }
  hd_graph_destroy(graph);
  hd_pool_destroy(s.pool);

  double n = s.shape.count, per_task[STEP_COUNT];
  for (int i = 0; i < STEP_COUNT; i++) {
    per_task[i] = median(ns[i] + 1, o->repeat) / n;
    free(ns[i]);
  }
  printf("{\"ours\":\"heddle\",\"platform\":\"" PLATFORM
         "\",\"shape\":\"%s\",\"tasks\":%u,\"edges\":%u,\"workers\":%u,"
         "\"build_ns\":%.1f,\"seal_ns\":%.1f,\"rank_ns\":%.1f,\"run_ns\":%.1f,\"create_ns\":%.1f,"
         "\"free_run_ns\":%.1f,\"free_graph_ns\":%.1f,",
         s.name, s.shape.count, s.shape.input_count, s.workers, per_task[BUILD], per_task[SEAL],
         per_task[RANK], per_task[RUN], per_task[CREATE], per_task[FREE_RUN], per_task[FREE_GRAPH]);
  printf("\"bytes_per_task\":%.1f,\"built_bytes\":%.1f,\"build_most_bytes\":%.1f,"
         "\"sealed_bytes\":%.1f,\"seal_most_bytes\":%.1f,\"run_bytes\":%.1f}\n",
         (double)bytes.run.most / n, (double)bytes.build.after / n, (double)bytes.build.most / n,
         (double)bytes.seal.after / n, (double)bytes.seal.most / n,
         (double)(bytes.run.most - bytes.seal.after) / n);
  free_shape(&s.shape);
}

/* ---- command line ------------------------------------------------------------------------------ */

static const program bench_core = {
    "bench-core",
    "usage: bench-core [--shape NAME] [--tasks N] [--workers W] [--repeat R]\n"
    "Times Heddle's core and counts its memory; prints one JSON object a shape: ns a task, medians "
    "of "
    "warm\nruns, and bytes a task.\n"
    "  --shape NAME   chain, tree, reduction, wavefront, layers, wide or all (all)\n"
    "  --tasks N      tasks (1000000); wavefront rounds down to a square, wide adds its final one\n"
    "  --workers W    1, 2 or 4 (1)\n"
    "  --repeat R     builds and runs measured, after one warm-up of each (5)\n"
    "Exit status: 0 when every result was right, 1 when not, 2 for a wrong command line, 3 when "
    "there "
    "is not\nenough memory.\n",
    "workers"};

int main(int argc, char **argv) {
  options o = parse_options(&bench_core, argc, argv);
  keep_freed_memory();
  measure_shapes(&bench_core, &o, measure);
  return 0;
}
