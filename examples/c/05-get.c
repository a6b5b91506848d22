/* A graph as plain data: each task has a key and names its arguments by theirs, in any order. What is
 * wanted is chosen by key too, and only what it needs is run. */
#include <hd/heddle.h>
#include <stdio.h>

/* Gives its argument: a key for a plain value. */
static hd_status value(const hd_call *call, hd_value *result) {
  *result = call->args[0];
  return HD_OK;
}

static hd_status inc(const hd_call *call, hd_value *result) {
  *result = hd_number(call->args[0].as.number + 1);
  return HD_OK;
}

static hd_status sum(const hd_call *call, hd_value *result) {
  double total = 0;
  for (uint32_t i = 0; i < call->arg_count; i++) total += call->args[i].as.number;
  *result = hd_number(total);
  return HD_OK;
}

enum { VALUE, INC, SUM, FUNCTIONS };
static const hd_kernel kernels[FUNCTIONS] = {value, inc, sum};

static hd_status build(hd_graph *graph) {
  const hd_arg one = hd_arg_number(1), x = hd_arg_key("x");
  const hd_arg x_y[] = {hd_arg_key("x"), hd_arg_key("y")};
  const hd_arg x_y_z[] = {hd_arg_key("x"), hd_arg_key("y"), hd_arg_key("z")};
  const hd_task_desc tasks[] = {
      {SUM, x_y_z, 3, "all"}, /* its arguments come later: that is fine */
      {SUM, x_y, 2, "z"},
      {INC, &x, 1, "y"},
      {VALUE, &one, 1, "x"},
  };
  hd_status status = HD_OK;
  uint32_t id;
  for (uint32_t i = 0; i < FUNCTIONS && status == HD_OK; i++) /* their ids count from 0 */
    status = hd_graph_add_function(graph, &(hd_function){kernels[i], NULL}, &id);
  for (uint32_t i = 0; i < sizeof tasks / sizeof *tasks && status == HD_OK; i++)
    status = hd_graph_add_task(graph, &tasks[i], &id);
  return status;
}

/* Prints the results of up to 4 keys. A graph is sealed for what is wanted of it, so each call makes one
 * of its own. */
static hd_status get(uint32_t count, const char *const *keys) {
  hd_graph *graph = NULL;
  hd_run *run = NULL;
  uint32_t ids[4] = {0}, task_count = 0;

  hd_status status = hd_graph_create(&graph);
  if (status == HD_OK) status = build(graph);
  for (uint32_t i = 0; i < count && status == HD_OK; i++)
    status = hd_graph_find(graph, keys[i], &ids[i]);
  if (status == HD_OK) {
    task_count = hd_graph_task_count(graph);
    status = hd_graph_seal(graph, &(hd_seal_desc){.outputs = ids, .output_count = count});
  }
  if (status == HD_OK) status = hd_run_create(graph, &(hd_run_desc){0}, &run);
  if (status == HD_OK) status = hd_run_serial(run);
  if (status == HD_OK) {
    for (uint32_t i = 0; i < count; i++)
      printf("%s = %g, ", keys[i], hd_run_result(run, hd_graph_rank(graph, ids[i]))->as.number);
    printf("by %u of %u tasks\n", hd_graph_task_count(graph), task_count);
  } else {
    printf("%s: %s\n", hd_strerror(status), keys[0]);
  }
  hd_run_destroy(run);
  hd_graph_destroy(graph);
  return status;
}

int main(void) {
  hd_status status = get(1, (const char *const[]){"y"});
  if (status == HD_OK) status = get(3, (const char *const[]){"x", "y", "z"});
  if (status == HD_OK) status = get(1, (const char *const[]){"all"});
  if (status == HD_OK && get(1, (const char *const[]){"w"}) != HD_UNKNOWN_KEY) return 1;
  return status == HD_OK ? 0 : 1;
}
