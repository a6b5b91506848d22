/* What can be wrong with a graph, found before anything runs; a task that fails; and that the library
 * goes on working after each. */
#include <hd/heddle.h>
#include <stdio.h>
#include <string.h>

static hd_status inc(const hd_call *call, hd_value *result) {
  *result = hd_number(call->args[0].as.number + 1);
  return HD_OK;
}

/* A task fails by what it returns; its result then says why, in any form that the caller knows. */
static hd_status inverse(const hd_call *call, hd_value *result) {
  static const char why[] = "0 has no inverse";
  if (call->args[0].as.number != 0) {
    *result = hd_number(1 / call->args[0].as.number);
    return HD_OK;
  }
  hd_block *block;
  hd_status status = hd_block_create(sizeof why, &block);
  if (status != HD_OK) return status;
  memcpy(hd_block_data(block), why, sizeof why);
  *result = (hd_value){HD_BLOCK, 0, {.block = block}};
  return HD_TASK_FAILED;
}

/* A task with a key and one argument. */
static hd_status add(hd_graph *graph, uint32_t function, const char *key, hd_arg arg) {
  uint32_t id;
  return hd_graph_add_task(graph, &(hd_task_desc){function, &arg, 1, key}, &id);
}

static hd_status seal(hd_graph *graph, const char *wanted) {
  uint32_t id;
  hd_status status = hd_graph_find(graph, wanted, &id);
  return status == HD_OK ? hd_graph_seal(graph, &(hd_seal_desc){.outputs = &id, .output_count = 1}) : status;
}

/* The last error in words, and the tasks it is about, for programs that want to show them. */
static void say(const hd_graph *graph) {
  const hd_error *error = hd_graph_error(graph);
  printf("%s: %s (", hd_status_name(error->status), error->message);
  for (uint32_t i = 0; i < error->task_count; i++)
    printf(i ? ", task %u" : "task %u", error->tasks[i]);
  printf(")\n");
}

static hd_status new_graph(hd_graph **graph, uint32_t *inc_fn, uint32_t *inverse_fn) {
  hd_status status = hd_graph_create(graph);
  if (status == HD_OK) status = hd_graph_add_function(*graph, &(hd_function){inc, NULL}, inc_fn);
  if (status == HD_OK)
    status = hd_graph_add_function(*graph, &(hd_function){inverse, NULL}, inverse_fn);
  return status;
}

static hd_status cycle(void) {
  hd_graph *graph = NULL;
  uint32_t inc_fn, inverse_fn;
  hd_status status = new_graph(&graph, &inc_fn, &inverse_fn);
  if (status == HD_OK) status = add(graph, inc_fn, "a", hd_arg_key("c"));
  if (status == HD_OK) status = add(graph, inc_fn, "b", hd_arg_key("a"));
  if (status == HD_OK) status = add(graph, inc_fn, "c", hd_arg_key("b"));
  if (status == HD_OK) status = seal(graph, "c");
  if (status == HD_CYCLE)
    say(graph); /* of the tasks each needs the next, the last needs the first */
  hd_graph_destroy(graph);
  return status == HD_CYCLE ? HD_OK : status;
}

/* A call that fails leaves the graph as it was: what is missing can be added. */
static hd_status amend(hd_graph **graph) {
  uint32_t inc_fn, inverse_fn;
  hd_status status = new_graph(graph, &inc_fn, &inverse_fn);
  if (status == HD_OK) status = add(*graph, inc_fn, "x", hd_arg_number(1));
  if (status == HD_OK) status = add(*graph, inc_fn, "x", hd_arg_number(2));
  if (status == HD_DUPLICATE_KEY) {
    say(*graph); /* the second is the one that was not added: its number is given to the next */
    status = add(*graph, inc_fn, "z", hd_arg_key("y"));
  }
  if (status == HD_OK) status = seal(*graph, "z");
  if (status == HD_UNKNOWN_KEY) {
    say(*graph);
    status = add(*graph, inc_fn, "y", hd_arg_key("x"));
  }
  if (status == HD_OK) status = seal(*graph, "z");
  return status;
}

static hd_status divide(hd_graph **graph) {
  uint32_t inc_fn, inverse_fn;
  hd_status status = new_graph(graph, &inc_fn, &inverse_fn);
  if (status == HD_OK) status = add(*graph, inc_fn, "zero", hd_arg_number(-1));
  if (status == HD_OK) status = add(*graph, inverse_fn, "infinity", hd_arg_key("zero"));
  if (status == HD_OK) status = add(*graph, inc_fn, "more", hd_arg_key("infinity"));
  if (status == HD_OK) status = seal(*graph, "more");
  return status;
}

/* Runs a graph for one key and prints the result, or which task failed and why. */
static hd_status compute(hd_pool *pool, hd_graph *graph, const char *key) {
  hd_run *run = NULL;
  uint32_t id, failed;
  const hd_value *error;
  hd_status why, status = hd_graph_find(graph, key, &id);
  if (status == HD_OK) status = hd_run_create(graph, &(hd_run_desc){.worker_count = 2}, &run);
  if (status == HD_OK) status = hd_pool_submit(pool, run);
  if (status == HD_OK) status = hd_pool_wait(pool, run);
  if (status == HD_OK) {
    printf("%s = %g\n", key, hd_run_result(run, hd_graph_rank(graph, id))->as.number);
  } else if (run && (failed = hd_run_failure(run, &why, &error)) != HD_NONE) {
    printf("%s: '%s': %s; tasks not done: %u\n", hd_status_name(why),
           hd_graph_key(graph, hd_graph_id(graph, failed)),
           error->tag == HD_BLOCK ? (const char *)hd_block_data(error->as.block) : hd_strerror(why),
           hd_run_remaining(run));
  }
  hd_run_destroy(run); /* the error was borrowed from it */
  return status;
}

int main(void) {
  hd_graph *amended = NULL, *divided = NULL;
  hd_pool *pool = NULL;

  hd_status status = cycle();
  if (status == HD_OK) status = amend(&amended);
  if (status == HD_OK) status = divide(&divided);
  if (status == HD_OK) status = hd_pool_create(&pool);
  if (status == HD_OK) status = hd_pool_start(pool, 2);
  if (status == HD_OK) status = compute(pool, divided, "more");
  if (status == HD_TASK_FAILED)
    status = compute(pool, amended, "z"); /* the pool is as good as new */
  if (status != HD_OK) printf("failed: %s\n", hd_strerror(status));
  hd_pool_destroy(pool);
  hd_graph_destroy(amended);
  hd_graph_destroy(divided);
  return status == HD_OK ? 0 : 1;
}
