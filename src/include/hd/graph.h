/* Graphs: build one task by task or by one flat batch, seal it, and run it any number of times.
 *
 * While it is built, a task is named by its id (0, 1, 2 … in the order added). Sealing checks the
 * graph, drops what no output needs, and gives every task that is left a rank: from then on, and in
 * all of <hd/run.h>, a task is named by its rank, and running by increasing rank is a legal serial
 * order. A sealed graph never changes and may be shared by any number of runs and threads. */
#ifndef HD_GRAPH_H
#define HD_GRAPH_H

#include <hd/status.h>
#include <hd/value.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hd_graph hd_graph;
typedef struct hd_run hd_run; /* <hd/run.h> */

/* One execution of a task, as its kernel sees it. */
typedef struct hd_call {
  uint32_t task;        /* its rank */
  uint32_t worker;      /* who runs it */
  uint32_t arg_count;
  const hd_value *args; /* [arg_count], borrowed until the kernel returns */
  void *user;           /* of the hd_function */
  const hd_run *run;    /* whose task it is: a long kernel may look whether it was stopped (hd_run_get_state) */
} hd_call;

/* The body of a task in C. It fills `result` (HD_UNDEFINED beforehand) and may give a block it holds
 * a count of; to hand on a block of its arguments it must retain it. Anything but HD_OK fails the
 * task. Threads: any worker. Blocks: as it likes; no lock is held around it. */
typedef hd_status (*hd_kernel)(const hd_call *call, hd_value *result);

/* What tasks call. Without a kernel the function is external: the executor knows what `user` means. */
typedef struct hd_function {
  hd_kernel kernel;
  void *user;
} hd_function;

typedef enum hd_arg_kind { HD_ARG_VALUE = 0, HD_ARG_TASK, HD_ARG_KEY } hd_arg_kind;

/* One argument of a task: a value, the result of a task by its id, or by its key. References may
 * point forwards; sealing resolves and checks them. */
typedef struct hd_arg {
  hd_arg_kind kind;
  uint32_t task;
  const char *key;
  hd_value value;
} hd_arg;

static inline hd_arg hd_arg_task(uint32_t task) {
  hd_arg arg = {HD_ARG_TASK, task, NULL, {0, 0, {0}}};
  return arg;
}
static inline hd_arg hd_arg_key(const char *key) {
  hd_arg arg = {HD_ARG_KEY, 0, key, {0, 0, {0}}};
  return arg;
}
static inline hd_arg hd_arg_value(hd_value value) {
  hd_arg arg = {HD_ARG_VALUE, 0, NULL, {0, 0, {0}}};
  arg.value = value;
  return arg;
}
static inline hd_arg hd_arg_number(double number) { return hd_arg_value(hd_number(number)); }

typedef struct hd_task_desc {
  uint32_t function;
  const hd_arg *args; /* [arg_count] */
  uint32_t arg_count;
  const char *key; /* NULL: none. Must be the only one of its name */
} hd_task_desc;

/* In a batch an argument is one word: a task (its index within the batch) or, with this bit, the
 * index of a literal. */
#define HD_BATCH_LITERAL UINT32_C(0x80000000)

typedef struct hd_batch {
  uint32_t task_count;
  uint32_t literal_count;
  const uint32_t *functions;   /* [task_count] */
  const uint32_t *arg_offsets; /* [task_count + 1], from 0, never falling */
  const uint32_t *args;        /* [arg_offsets[task_count]] */
  hd_value *literals;          /* [literal_count]; the graph takes their blocks */
  const uint32_t *key_offsets; /* [task_count + 1] into keys, or NULL; an empty key is none */
  const char *keys;            /* UTF-8, not terminated; may hold NUL, unlike keys elsewhere */
} hd_batch;

/* How tasks are ranked. Any rank is a legal serial order; a better one has fewer results in memory. */
typedef enum hd_order {
  HD_ORDER_FAST = 0, /* one depth-first walk from the outputs, arguments from left to right */
  HD_ORDER_BEST      /* of several orders the one that holds the fewest results at once, by simulation */
} hd_order;

typedef struct hd_seal_desc {
  const uint32_t *outputs; /* ids whose results are wanted; repeats are fine */
  uint32_t output_count;
  bool keep_all; /* do not cull: run every task, also those that no output needs */
  bool fuse;     /* linear chains are groups: one worker runs all parts in one go, and what passes between
                    them need not leave it */
  bool inlines;  /* tasks of cheap functions are run again for each reader, as parts of its group, instead of
                    being kept */
  hd_order order;
  uint32_t budget_results; /* take the best order if the fast one would hold more results than this; 0: no */
} hd_seal_desc;

/* What went wrong last, in a form that programs can use. */
typedef struct hd_error {
  hd_status status;
  const char *message;   /* names keys where tasks have them */
  const uint32_t *tasks; /* ids. CYCLE: the path, each needs the next, the last needs the first.
                            DUPLICATE_KEY: both. Otherwise the task at fault, if there is one */
  uint32_t task_count;
} hd_error;

/* An empty graph. Threads: builder. Blocks: no. Owns: gives (free with hd_graph_destroy).
 * Fails: OUT_OF_MEMORY. */
HD_API hd_status hd_graph_create(hd_graph **out);

/* Lets go of a graph; runs that use it keep it until they end. NULL is fine.
 * Threads: any, once. Blocks: no. Fails: never. */
HD_API void hd_graph_destroy(hd_graph *graph);

/* Adds a function; ids count from 0. Threads: builder. Blocks: no. Owns: copies.
 * Fails: OUT_OF_MEMORY, SEALED. */
HD_API hd_status hd_graph_add_function(hd_graph *graph, const hd_function *function, uint32_t *id);

/* Adds a task. Threads: builder. Blocks: no. Owns: copies key and arguments, takes the blocks of
 * literal values (also when it fails). Fails: OUT_OF_MEMORY, SEALED, UNKNOWN_FUNCTION, DUPLICATE_KEY,
 * TOO_LARGE; the graph is as before. */
HD_API hd_status hd_graph_add_task(hd_graph *graph, const hd_task_desc *task, uint32_t *id);

/* Adds many tasks; `first` is the id of the batch's task 0. All offsets, functions and literal
 * indices are checked, so the arrays may come from outside. Threads: builder. Blocks: no.
 * Owns: copies the arrays, takes the blocks of the literals (also when it fails).
 * Fails: OUT_OF_MEMORY, SEALED, UNKNOWN_FUNCTION, UNKNOWN_TASK, DUPLICATE_KEY, TOO_LARGE; the graph is
 * as before. */
HD_API hd_status hd_graph_add_batch(hd_graph *graph, const hd_batch *batch, uint32_t *first);

/* Says that it costs less to run a function again than to keep its results: see hd_seal_desc.inlines.
 * Threads: builder. Blocks: no. Fails: OUT_OF_MEMORY, SEALED, UNKNOWN_FUNCTION. */
HD_API hd_status hd_graph_mark_cheap(hd_graph *graph, uint32_t function);

/* Says that a task of this function that fails is tried again up to so many times (0 if nothing is said).
 * Threads: builder. Blocks: no. Fails: OUT_OF_MEMORY, SEALED, UNKNOWN_FUNCTION. */
HD_API hd_status hd_graph_set_retries(hd_graph *graph, uint32_t function, uint16_t retries);

/* Gives a task a priority (0 if it is given none): it and all that it needs are ranked before tasks of lower
 * priority, whatever that costs in memory. Threads: builder. Blocks: no.
 * Fails: OUT_OF_MEMORY, SEALED, UNKNOWN_TASK. */
HD_API hd_status hd_graph_set_priority(hd_graph *graph, uint32_t task, int32_t priority);

/* The id of the task with this key. Threads: builder; any when sealed. Blocks: no.
 * Fails: UNKNOWN_KEY. */
HD_API hd_status hd_graph_find(const hd_graph *graph, const char *key, uint32_t *id);

/* Checks, culls, inlines, ranks, fuses and freezes the graph, as asked for. Without recursion; linear in tasks
 * and arguments but for priorities (n log n). The passes do what Dask's cull, inline_functions and fuse do.
 * Equal graphs get equal ranks, whatever their keys. Threads: builder. Blocks: no. Owns: copies.
 * Fails: OUT_OF_MEMORY, SEALED, CYCLE, UNKNOWN_KEY, UNKNOWN_TASK (details by hd_graph_error), TOO_LARGE when
 * copies would be too many; the graph is as before and may be amended. */
HD_API hd_status hd_graph_seal(hd_graph *graph, const hd_seal_desc *desc);

/* The last error. Threads: builder. Blocks: no. Owns: borrows until the next call on this graph.
 * Fails: never. */
HD_API const hd_error *hd_graph_error(const hd_graph *graph);

/* Tasks: those added, or once sealed those that are left. Threads: builder; any when sealed. */
HD_API uint32_t hd_graph_task_count(const hd_graph *graph);

/* Edges of a sealed graph, an argument each. Threads: any. */
HD_API uint32_t hd_graph_edge_count(const hd_graph *graph);

/* The rank of a task of a sealed graph by its id, HD_NONE when it was culled; of a task that was inlined, the
 * rank of one of its copies. Threads: any. */
HD_API uint32_t hd_graph_rank(const hd_graph *graph, uint32_t id);

/* The id of a task of a sealed graph by its rank; copies have the id of what they are copies of. Threads: any. */
HD_API uint32_t hd_graph_id(const hd_graph *graph, uint32_t rank);

/* The group that a task of a sealed graph belongs to: its first part's rank, and in *count how many parts it has,
 * of neighbouring ranks. A task that was not fused or inlined is a group of its own. Threads: any. */
HD_API uint32_t hd_graph_group(const hd_graph *graph, uint32_t rank, uint32_t *count);

/* By which order a sealed graph was ranked, and in *us how long that took: microseconds. Threads: any. */
HD_API hd_order hd_graph_ranked_by(const hd_graph *graph, double *us);

/* The most results in memory at once if a sealed graph is run by rank and all tasks take equally long: by one
 * worker, or by several who take turns. A result counts from when its task is begun until its last reader is
 * done, wanted ones to the end. Threads: any. Blocks: no. Fails: OUT_OF_MEMORY, WORKER_COUNT. */
HD_API hd_status hd_graph_peak(const hd_graph *graph, uint32_t workers, uint32_t *peak);

/* The key of a task by its id, or NULL. Threads: builder; any when sealed. Owns: borrows. */
HD_API const char *hd_graph_key(const hd_graph *graph, uint32_t id);

/* The function of a task of a sealed graph by its rank. Threads: any. Owns: borrows. */
HD_API const hd_function *hd_graph_function(const hd_graph *graph, uint32_t rank);

/* All functions of a graph, by id. Threads: builder; any when sealed. Owns: borrows until one is added. */
HD_API const hd_function *hd_graph_functions(const hd_graph *graph);

/* How many arguments a task of a sealed graph has. Threads: any. */
HD_API uint32_t hd_graph_arg_count(const hd_graph *graph, uint32_t rank);

/* The arguments of a task of a sealed graph: ranks, or with HD_BATCH_LITERAL indices of literals.
 * Threads: any. Owns: borrows. */
HD_API const uint32_t *hd_graph_args(const hd_graph *graph, uint32_t rank);

/* A literal of a sealed graph. Threads: any. Owns: borrows. */
HD_API const hd_value *hd_graph_literal(const hd_graph *graph, uint32_t literal);

/* The most arguments that one task of a sealed graph has. Threads: any. */
HD_API uint32_t hd_graph_arg_count_max(const hd_graph *graph);

#endif
