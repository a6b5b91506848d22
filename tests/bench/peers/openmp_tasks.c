/* Peer: OpenMP tasks with dependences, which every C compiler brings along, on the shapes of Heddle's
 * benchmark.
 *
 *   gcc -O3 -DNDEBUG -fopenmp openmp_tasks.c -o /tmp/openmp_tasks && /tmp/openmp_tasks --help
 *
 * OpenMP has no graph to build and keep: one thread creates task after task, with its inputs named, while
 * the team runs those that are ready. So all is `run`, each time anew, and `build_ns` is 0. With more than
 * 64 ready tasks a thread, gcc's runtime lets the creating thread run its next one itself; tasks that wait
 * for others are not counted, so a chain or a tree piles up in memory before it runs.
 *
 * The kernel is the one of core.c, 1 + the sum of the inputs, and every result is checked. */
#include "../program.h"

#include <omp.h>
#include <sys/resource.h>
#include <unistd.h>

/* A task with so many inputs that nobody writes them out waits for all that were created before. */
static void create_task(const shape *s, double *results, uint32_t t) {
  const uint32_t *in = s->inputs + s->first[t], count = s->first[t + 1] - s->first[t];
  switch (count) {
    case 0:
#pragma omp task depend(out : results[t]) firstprivate(t, results)
      results[t] = 1;
      break;
    case 1: {
      uint32_t a = in[0];
#pragma omp task depend(in : results[a]) depend(out : results[t]) firstprivate(t, a, results)
      results[t] = 1 + results[a];
      break;
    }
    case 2: {
      uint32_t a = in[0], b = in[1];
#pragma omp task depend(in                                             \
                        : results[a], results[b]) depend(out           \
                                                         : results[t]) \
    firstprivate(t, a, b, results)
      results[t] = 1 + results[a] + results[b];
      break;
    }
    case 3: {
      uint32_t a = in[0], b = in[1], c = in[2];
#pragma omp task depend(in                                                         \
                        : results[a], results[b], results[c]) depend(out           \
                                                                     : results[t]) \
    firstprivate(t, a, b, c, results)
      results[t] = 1 + results[a] + results[b] + results[c];
      break;
    }
    default: {
#pragma omp taskwait
      double total = 1;
      for (uint32_t i = 0; i < count; i++) total += results[in[i]];
      results[t] = total;
    }
  }
}

static void run(const shape *s, double *results, int threads) {
#pragma omp parallel num_threads(threads)
#pragma omp single
  for (uint32_t t = 0; t < s->count; t++) create_task(s, results, t);
}

static double resident_bytes(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
  if (file) fclose(file);
  return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double most_resident_bytes(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss * 1024;
}

static void measure(const named_shape *named, const options *o) {
  shape s = make_shape(named, (uint32_t)o->tasks);
  double *results = alloc(s.count, sizeof *results), n = s.count,
         *run_ns = alloc((size_t)o->repeat + 1, sizeof *run_ns);
  memset(results, 1, s.count * sizeof *results); /* so that it is resident before it is counted */
  double before = resident_bytes(), most = 0;
  for (long i = 0; i <= o->repeat; i++) { /* the first is the warm-up */
    memset(results, 0, s.count * sizeof *results);
    double start = now_ns();
    run(&s, results, (int)o->workers);
    run_ns[i] = now_ns() - start;
    if (i == 0) most = most_resident_bytes();
    if (memcmp(results, s.results, s.count * sizeof *results) != 0) {
      fprintf(stderr, "openmp_tasks: %s: a result is wrong\n", named->name);
      exit(EXIT_WRONG);
    }
  }
  printf("{\"peer\":\"openmp-tasks\",\"shape\":\"%s\",\"tasks\":%u,\"threads\":%ld,\"build_ns\":0,"
         "\"run_ns\":%.1f,\"bytes_per_task\":%.1f}\n",
         named->name, s.count, o->workers, median(run_ns + 1, o->repeat) / n,
         most > before ? (most - before) / n : 0);
  free(run_ns);
  free(results);
  free_shape(&s);
}

static const program openmp_tasks = {
    "openmp_tasks",
    "usage: openmp_tasks [--shape NAME] [--tasks N] [--threads T] [--repeat R]\n"
    "Times OpenMP tasks; prints one JSON object a shape, times in ns a task, medians of warm "
    "runs.\n"
    "  --shape NAME   chain, tree, reduction, wavefront, layers, wide or all (all)\n"
    "  --tasks N      tasks (1000000); wavefront rounds down to a square, wide adds its final one\n"
    "  --threads T    1, 2 or 4 (1)\n"
    "  --repeat R     runs measured, after one warm-up (5)\n"
    "bytes_per_task is what memory grew by in the first run: give one shape for a figure that "
    "means "
    "something.\n"
    "Exit status: 0 when every result was right, 1 when not, 2 for a wrong command line, 3 when "
    "there "
    "is not\nenough memory.\n",
    "threads"};

int main(int argc, char **argv) {
  options o = parse_options(&openmp_tasks, argc, argv);
  keep_freed_memory();
  measure_shapes(&openmp_tasks, &o, measure);
  return 0;
}
