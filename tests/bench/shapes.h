/* The graphs of the benchmark, the same ones as in peers/tbb_flow.cpp: the list of inputs that a program
 * builds its graph from, and the results of a plain computation with the kernel "1 + the sum of my
 * inputs". Included by core.c and peers/openmp_tasks.c, each of which is one file. */
#ifndef HDB_SHAPES_H
#define HDB_SHAPES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_WRONG = 1, EXIT_USAGE = 2, EXIT_NO_MEMORY = 3 };

static void *alloc(size_t count, size_t bytes) {
  void *memory = calloc(count ? count : 1, bytes);
  if (memory) return memory;
  fprintf(stderr, "no memory for so many tasks (the arrays that the graph is built from)\n");
  exit(EXIT_NO_MEMORY);
}

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

#endif
