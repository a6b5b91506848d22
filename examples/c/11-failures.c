/* A source that is busy now and then, tried again; and a run that keeps going without what could not be had.
 *
 *   north -+- warmer      south is busy for good, nobody is at home in the west:
 *   east --+- east-south  what needs them is cancelled, all else is done
 *   south -+
 *   west ---- west-f   */
#include <hd/heddle.h>
#include <stdio.h>

enum { NORTH, EAST, SOUTH, WEST, WARMER, EAST_SOUTH, WEST_F, TASKS };
static const char *const keys[TASKS] = {"north", "east", "south", "west", "warmer", "east-south", "west-f"};

enum { GONE = 410, BUSY = 503 };

/* The temperature at a place that is busy so many times. Its error is a number, in any form that the caller knows. */
static hd_status fetch(const hd_call *call, hd_value *result) {
  double celsius = call->args[0].as.number, busy = call->args[1].as.number;
  if (hd_run_attempt(call->run, call->task) <= busy) {
    *result = hd_number(BUSY);
    return HD_TASK_FAILED;
  }
  *result = hd_number(celsius);
  return HD_OK;
}

/* A place where nobody is at home: it makes no sense to try again. */
static hd_status fetch_gone(const hd_call *call, hd_value *result) {
  (void)call;
  *result = hd_number(GONE);
  return HD_TASK_FAILED;
}

static hd_status larger(const hd_call *call, hd_value *result) {
  double left = call->args[0].as.number, right = call->args[1].as.number;
  *result = hd_number(left > right ? left : right);
  return HD_OK;
}

static hd_status to_fahrenheit(const hd_call *call, hd_value *result) {
  *result = hd_number(call->args[0].as.number * 9 / 5 + 32);
  return HD_OK;
}

enum { FETCH, FETCH_GONE, LARGER, TO_FAHRENHEIT, FUNCTIONS };
static const hd_function functions[FUNCTIONS] = {{fetch, NULL}, {fetch_gone, NULL}, {larger, NULL}, {to_fahrenheit, NULL}};

static hd_status build(hd_graph *graph, uint32_t ids[TASKS]) {
  uint32_t id;
  hd_status status = HD_OK;
  const hd_arg north[] = {hd_arg_number(4), hd_arg_number(0)}, east[] = {hd_arg_number(9), hd_arg_number(2)};
  const hd_arg south[] = {hd_arg_number(15), hd_arg_number(1000)}, west = hd_arg_key("west");
  const hd_arg warmer[] = {hd_arg_key("north"), hd_arg_key("east")}, east_south[] = {hd_arg_key("east"), hd_arg_key("south")};
  const hd_task_desc tasks[TASKS] = {
      {FETCH, north, 2, keys[NORTH]},    {FETCH, east, 2, keys[EAST]},      {FETCH, south, 2, keys[SOUTH]},
      {FETCH_GONE, NULL, 0, keys[WEST]}, {LARGER, warmer, 2, keys[WARMER]}, {LARGER, east_south, 2, keys[EAST_SOUTH]},
      {TO_FAHRENHEIT, &west, 1, keys[WEST_F]},
  };
  for (uint32_t i = 0; i < FUNCTIONS && status == HD_OK; i++) status = hd_graph_add_function(graph, &functions[i], &id);
  if (status == HD_OK) status = hd_graph_set_retries(graph, FETCH, 2); /* three attempts */
  for (uint32_t i = 0; i < TASKS && status == HD_OK; i++) status = hd_graph_add_task(graph, &tasks[i], &ids[i]);
  if (status == HD_OK) status = hd_graph_seal(graph, &(hd_seal_desc){.outputs = ids + WARMER, .output_count = 3});
  return status;
}

/* What came of each wanted task. */
static void show(const hd_run *run, const hd_graph *graph, const uint32_t ids[TASKS]) {
  for (uint32_t i = WARMER; i < TASKS; i++) {
    const hd_value *result = hd_run_result(run, hd_graph_rank(graph, ids[i]));
    if (result->tag == HD_ABSENT) printf("%s: no result\n", keys[i]);
    else printf("%s: %g\n", keys[i], result->as.number);
  }
}

static void list_failures(const hd_run *run, const hd_graph *graph) {
  hd_failure failures[TASKS];
  uint32_t count = hd_run_failures(run, TASKS, failures); /* there may be more than there is room for */
  for (uint32_t i = 0; i < count && i < TASKS; i++)
    printf("'%s' failed at attempt %u: %g\n", hd_graph_key(graph, hd_graph_id(graph, failures[i].task)), failures[i].attempt,
           failures[i].error->as.number);
}

int main(void) {
  hd_graph *graph = NULL;
  hd_run *run = NULL;
  uint32_t ids[TASKS];

  hd_status status = hd_graph_create(&graph);
  if (status == HD_OK) status = build(graph, ids);
  if (status == HD_OK) status = hd_run_create(graph, &(hd_run_desc){.keep_going = true}, &run);
  if (status == HD_OK) status = hd_run_serial(run); /* or by a pool */
  if (status == HD_TASK_FAILED) {
    show(run, graph, ids);
    list_failures(run, graph);
  } else {
    printf("it did not fail: %s\n", hd_strerror(status));
  }
  hd_run_destroy(run);
  hd_graph_destroy(graph);
  return status == HD_TASK_FAILED ? 0 : 1;
}
