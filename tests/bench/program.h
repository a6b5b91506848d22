/* What the C programs of the benchmark have in common besides their graphs: command line, clock, median,
 * ways to fail. Included by core.c and peers/openmp_tasks.c, each of which is one file. */
#ifndef HDB_PROGRAM_H
#define HDB_PROGRAM_H

#include "shapes.h"

#include <getopt.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

typedef struct program {
  const char *name, *usage, *workers_option;
} program;

typedef struct options {
  const char *shape;
  long tasks, workers, repeat;
} options;

static _Noreturn void fail_usage(const program *p, const char *what) {
  fprintf(stderr, "%s: %s\n%s", p->name, what, p->usage);
  exit(EXIT_USAGE);
}

static long parse_count(const program *p, long max, const char *what) {
  char *end;
  long value = strtol(optarg, &end, 10);
  if (end == optarg || *end != '\0' || value < 1 || value > max) fail_usage(p, what);
  return value;
}

static options parse_options(const program *p, int argc, char **argv) {
  const struct option known[] = {{"shape", required_argument, NULL, 's'},
                                 {"tasks", required_argument, NULL, 'n'},
                                 {p->workers_option, required_argument, NULL, 'w'},
                                 {"repeat", required_argument, NULL, 'r'},
                                 {"help", no_argument, NULL, 'h'},
                                 {NULL, 0, NULL, 0}};
  options o = {"all", 1000000, 1, 5};
  for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    switch (c) {
      case 's': o.shape = optarg; break;
      case 'n': o.tasks = parse_count(p, 100000000, "--tasks takes 1 to 100000000"); break;
      case 'w': o.workers = parse_count(p, 4, "1, 2 or 4 take part in a run"); break;
      case 'r': o.repeat = parse_count(p, 1000, "--repeat takes 1 to 1000"); break;
      case 'h': fputs(p->usage, stdout); exit(0);
      default: fail_usage(p, "unknown option");
    }
  }
  if (optind < argc) fail_usage(p, "unexpected argument");
  if (o.workers == 3) fail_usage(p, "1, 2 or 4 take part in a run");
  return o;
}

static void keep_freed_memory(void) {
#ifdef __GLIBC__
  /* A WebAssembly heap never shrinks, so its warm builds meet no page faults, and native ones shall meet
   * none either. */
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

/* Calls `measure` with each shape that is wanted. */
static void measure_shapes(const program *p, const options *o,
                           void (*measure)(const named_shape *, const options *)) {
  bool found = false;
  for (int i = 0; i < SHAPE_COUNT; i++) {
    if (strcmp(o->shape, "all") != 0 && strcmp(o->shape, all_shapes[i].name) != 0) continue;
    found = true;
    measure(&all_shapes[i], o);
    fflush(stdout);
  }
  if (!found) fail_usage(p, "unknown shape");
}

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

#endif
