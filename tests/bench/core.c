/* What the core costs for a C task, through the public headers only, natively and in WebAssembly, on the
 * shapes of peers/tbb_flow.cpp.
 *
 * Timed are `build` (a graph from ready arrays, afresh each time), `seal` (checks, ranks, renumbers: the
 * interface has no door between these) and `run` (makes a run, hands it to a pool, waits for its end).
 * Making the arrays and tearing down are outside all three. Every result is checked. */
#include <getopt.h>
#include <hd/heddle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifdef __wasm__
#define PLATFORM "wasm"
#else
#define PLATFORM "native"
#endif

static void fail(const char *shape, const char *what) {
  fprintf(stderr, "bench-core: %s: %s\n", shape, what);
  exit(1);
}

static void must(const char *shape, hd_status status) {
  if (status != HD_OK) fail(shape, hd_strerror(status));
}

static void *alloc(size_t count, size_t bytes) {
  void *memory = calloc(count ? count : 1, bytes);
  if (!memory) fail("arrays", "no memory for so many tasks");
  return memory;
}

/* ---- shapes ------------------------------------------------------------------------------------ */

/* The inputs of task t are inputs[first[t]] up to, not with, inputs[first[t + 1]]; each is smaller than
 * t. Tasks that nobody reads are the outputs. */
typedef struct shape {
  uint32_t count, input_count;
  uint32_t *first, *inputs, *functions;
  uint32_t *outputs, output_count;
  double *results; /* of a plain computation */
} shape;

static void needs(shape *s, uint32_t input) { s->inputs[s->input_count++] = input; }
static void end_task(shape *s) { s->first[++s->count] = s->input_count; }

static void chain(shape *s, uint32_t n) {
  for (uint32_t t = 0; t < n; t++) {
    if (t > 0) needs(s, t - 1);
    end_task(s);
  }
}

/* Fans out from task 0: the children of task t are 2t+1 and 2t+2. */
static void tree(shape *s, uint32_t n) {
  for (uint32_t t = 0; t < n; t++) {
    if (t > 0) needs(s, (t - 1) / 2);
    end_task(s);
  }
}

/* The tree turned round: leaves first, and the last task is the one result. */
static void reduction(shape *s, uint32_t n) {
  for (uint32_t t = 0; t < n; t++) {
    uint64_t child = 2 * (uint64_t)(n - 1 - t) + 1; /* as the tree numbers it */
    if (child < n) needs(s, n - 1 - (uint32_t)child);
    if (child + 1 < n) needs(s, n - 2 - (uint32_t)child);
    end_task(s);
  }
}

/* The largest square grid of at most n tasks; each needs its left and its upper neighbour. */
static void wavefront(shape *s, uint32_t n) {
  uint32_t side = 1;
  while ((uint64_t)(side + 1) * (side + 1) <= n) side++;
  for (uint32_t t = 0; t < side * side; t++) {
    if (t % side != 0) needs(s, t - 1);
    if (t >= side) needs(s, t - side);
    end_task(s);
  }
}

/* Layers of 1000; each task needs 3 different tasks of the layer before, drawn by the upper 31 bits of
 * Knuth's MMIX generator, seed 1, modulo 1000, again on a repeat. */
static void layers(shape *s, uint32_t n) {
  enum { WIDTH = 1000, DEGREE = 3 };
  uint64_t state = 1;
  for (uint32_t t = 0; t < n; t++) {
    uint32_t begin = s->input_count;
    while (t >= WIDTH && s->input_count < begin + DEGREE) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      uint32_t input = (t / WIDTH - 1) * WIDTH + (uint32_t)(state >> 33) % WIDTH, at = begin;
      while (at < s->input_count && s->inputs[at] != input) at++;
      if (at == s->input_count) needs(s, input);
    }
    end_task(s);
  }
}

/* n independent tasks and one more that needs them all. */
static void wide(shape *s, uint32_t n) {
  for (uint32_t t = 0; t < n; t++) end_task(s);
  for (uint32_t t = 0; t < n; t++) needs(s, t);
  end_task(s);
}

typedef struct named_shape {
  const char *name;
  void (*make)(shape *s, uint32_t n);
} named_shape;

static const named_shape all_shapes[] = {{"chain", chain},         {"tree", tree},
                                         {"reduction", reduction}, {"wavefront", wavefront},
                                         {"layers", layers},       {"wide", wide}};
enum { SHAPE_COUNT = sizeof all_shapes / sizeof *all_shapes, INPUTS_MAX = 3 };

static shape make_shape(const named_shape *named, uint32_t n) {
  shape s = {0};
  s.first = alloc((size_t)n + 2, sizeof *s.first);
  s.inputs = alloc((size_t)n * INPUTS_MAX, sizeof *s.inputs);
  named->make(&s, n);
  s.functions = alloc(s.count, sizeof *s.functions); /* all call function 0 */
  s.outputs = alloc(s.count, sizeof *s.outputs);
  s.results = alloc(s.count, sizeof *s.results);
  unsigned char *read = alloc(s.count, 1);
  for (uint32_t t = 0; t < s.count; t++) {
    s.results[t] = 1;
    for (uint32_t at = s.first[t]; at < s.first[t + 1]; at++) {
      s.results[t] += s.results[s.inputs[at]];
      read[s.inputs[at]] = 1;
    }
  }
  for (uint32_t t = 0; t < s.count; t++)
    if (!read[t]) s.outputs[s.output_count++] = t;
  free(read);
  return s;
}

static void free_shape(shape *s) {
  free(s->first);
  free(s->inputs);
  free(s->functions);
  free(s->outputs);
  free(s->results);
}

/* ---- kernels ----------------------------------------------------------------------------------- */

static hd_status add_one(const hd_call *call, hd_value *result) {
  double total = 1;
  for (uint32_t i = 0; i < call->arg_count; i++) total += call->args[i].as.number;
  *result = hd_number(total);
  return HD_OK;
}

/* What the watched run, which is not timed, finds out. */
typedef struct watch {
  uint32_t *executions;              /* by rank */
  size_t live_bytes[HD_WORKERS_MAX]; /* the most that each worker saw */
} watch;

static hd_status add_one_watched(const hd_call *call, hd_value *result) {
  watch *seen = call->user;
  size_t live = hd_memory_live_bytes();
  if (live > seen->live_bytes[call->worker]) seen->live_bytes[call->worker] = live;
  seen->executions[call->task]++;
  return add_one(call, result);
}

/* ---- measuring --------------------------------------------------------------------------------- */

typedef struct options {
  const char *shape;
  long tasks, workers, repeat;
} options;

typedef struct subject {
  const char *name;
  shape shape;
  hd_pool *pool;
  uint32_t workers;
} subject;

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, long count) {
  qsort(values, (size_t)count, sizeof *values, compare);
  return (values[count / 2] + values[(count - 1) / 2]) / 2;
}

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

static hd_run *run(const subject *s, hd_graph *graph) {
  hd_run *run;
  hd_run_desc desc = {.worker_count = s->workers};
  must(s->name, hd_run_create(graph, &desc, &run));
  must(s->name, hd_pool_submit(s->pool, run));
  must(s->name, hd_pool_wait(s->pool, run));
  return run;
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

/* The most bytes that the core held during a run, graph and all. Checks that each task ran once. */
static size_t watch_run(const subject *s) {
  watch seen = {.executions = alloc(s->shape.count, sizeof *seen.executions)};
  hd_function function = {add_one_watched, &seen};
  size_t before = hd_memory_live_bytes(), most = 0;
  hd_graph *graph = build(s, &function);
  seal(s, graph);
  hd_run *watched = run(s, graph);
  check(s, watched);
  hd_run_destroy(watched);
  hd_graph_destroy(graph);
  for (uint32_t t = 0; t < s->shape.count; t++)
    if (seen.executions[t] != 1) fail(s->name, "a task did not run exactly once");
  for (uint32_t worker = 0; worker < s->workers; worker++)
    if (seen.live_bytes[worker] > most) most = seen.live_bytes[worker];
  free(seen.executions);
  return most - before;
}

static void measure(const named_shape *named, const options *o) {
  subject s = {.name = named->name,
               .shape = make_shape(named, (uint32_t)o->tasks),
               .workers = (uint32_t)o->workers};
  double *build_ns = alloc((size_t)o->repeat, sizeof(double)),
         *seal_ns = alloc((size_t)o->repeat, sizeof(double)),
         *run_ns = alloc((size_t)o->repeat, sizeof(double));
  hd_function function = {add_one, NULL};
  must(s.name, hd_pool_create(&s.pool));
  must(s.name, hd_pool_start(s.pool, s.workers));
  double bytes = (double)watch_run(&s) / s.shape.count;

  hd_graph *graph = NULL;
  for (long i = -1; i < o->repeat; i++) { /* the first is the warm-up */
    hd_graph_destroy(graph);
    double start = now_ns();
    graph = build(&s, &function);
    double built = now_ns();
    seal(&s, graph);
    double sealed = now_ns();
    if (i < 0) continue;
    build_ns[i] = built - start;
    seal_ns[i] = sealed - built;
  }
  for (long i = -1; i < o->repeat; i++) {
    double start = now_ns();
    hd_run *done = run(&s, graph);
    if (i >= 0) run_ns[i] = now_ns() - start;
    check(&s, done);
    hd_run_destroy(done);
  }
  hd_graph_destroy(graph);
  hd_pool_destroy(s.pool);

  double n = s.shape.count;
  printf("{\"ours\":\"heddle\",\"platform\":\"" PLATFORM
         "\",\"shape\":\"%s\",\"tasks\":%u,\"workers\":%u,"
         "\"build_ns\":%.1f,\"seal_ns\":%.1f,\"run_ns\":%.1f,\"bytes_per_task\":%.1f}\n",
         s.name, s.shape.count, s.workers, median(build_ns, o->repeat) / n,
         median(seal_ns, o->repeat) / n, median(run_ns, o->repeat) / n, bytes);
  fflush(stdout);
  free(build_ns);
  free(seal_ns);
  free(run_ns);
  free_shape(&s.shape);
}

/* ---- command line ------------------------------------------------------------------------------ */

static const char usage[] =
    "usage: bench-core [--shape NAME] [--tasks N] [--workers W] [--repeat R]\n"
    "Times Heddle's core; prints one JSON object a shape, times in ns a task, medians of warm "
    "runs.\n"
    "  --shape NAME   chain, tree, reduction, wavefront, layers, wide or all (all)\n"
    "  --tasks N      tasks (1000000); wavefront rounds down to a square, wide adds its final one\n"
    "  --workers W    1, 2 or 4 (1)\n"
    "  --repeat R     builds and runs measured, after one warm-up of each (5)\n"
    "Exit status: 0 when every result was right, 1 when not, 2 for a wrong command line.\n";

static void fail_usage(const char *what) {
  fprintf(stderr, "bench-core: %s\n%s", what, usage);
  exit(2);
}

static long parse_count(const char *text, long max, const char *what) {
  char *end;
  long value = strtol(text, &end, 10);
  if (end == text || *end != '\0' || value < 1 || value > max) fail_usage(what);
  return value;
}

static options parse(int argc, char **argv) {
  static const struct option known[] = {{"shape", required_argument, NULL, 's'},
                                        {"tasks", required_argument, NULL, 'n'},
                                        {"workers", required_argument, NULL, 'w'},
                                        {"repeat", required_argument, NULL, 'r'},
                                        {"help", no_argument, NULL, 'h'},
                                        {NULL, 0, NULL, 0}};
  options o = {"all", 1000000, 1, 5};
  for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    switch (c) {
      case 's': o.shape = optarg; break;
      case 'n': o.tasks = parse_count(optarg, 100000000, "--tasks takes 1 to 100000000"); break;
      case 'w': o.workers = parse_count(optarg, 4, "--workers takes 1, 2 or 4"); break;
      case 'r': o.repeat = parse_count(optarg, 1000, "--repeat takes 1 to 1000"); break;
      case 'h': fputs(usage, stdout); exit(0);
      default: fail_usage("unknown option");
    }
  }
  if (optind < argc) fail_usage("unexpected argument");
  if (o.workers == 3) fail_usage("--workers takes 1, 2 or 4");
  return o;
}

int main(int argc, char **argv) {
  options o = parse(argc, argv);
#ifdef __GLIBC__
  /* As the peer does: a WebAssembly heap never shrinks, so its warm builds meet no page faults, and
   * native ones shall meet none either. */
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
  bool found = false;
  for (int i = 0; i < SHAPE_COUNT; i++) {
    if (strcmp(o.shape, "all") != 0 && strcmp(o.shape, all_shapes[i].name) != 0) continue;
    found = true;
    measure(&all_shapes[i], &o);
  }
  if (!found) fail_usage("unknown shape");
  return 0;
}
