/* What sealing can do to a graph, and a budget of memory. Three parts of a file are read, cleaned in two steps
 * and added up, each with a factor that is quickly worked out:
 *
 *   factor ----+---------------+---------------+
 *   read-0 -> clean-0 -> weigh-0  read-1 -> …       total of weigh-0, weigh-1, weigh-2; nobody wants `unused` */
#include <hd/heddle.h>
#include <stdio.h>

enum { PARTS = 3 };
static const char *const keys[] = {"read-0",  "clean-0", "weigh-0", "read-1",  "clean-1",
                                   "weigh-1", "read-2",  "clean-2", "weigh-2"};

static hd_status give_seven(const hd_call *call, hd_value *result) {
  (void)call;
  *result = hd_number(7);
  return HD_OK;
}

static hd_status add_one(const hd_call *call, hd_value *result) {
  *result = hd_number(call->args[0].as.number + 1);
  return HD_OK;
}

static hd_status multiply(const hd_call *call, hd_value *result) {
  *result = hd_number(call->args[0].as.number * call->args[1].as.number);
  return HD_OK;
}

static hd_status sum(const hd_call *call, hd_value *result) {
  double total = 0;
  for (uint32_t i = 0; i < call->arg_count; i++) total += call->args[i].as.number;
  *result = hd_number(total);
  return HD_OK;
}

enum { SEVEN, ADD_ONE, MULTIPLY, SUM, FUNCTIONS };
static const hd_function functions[FUNCTIONS] = {{give_seven, NULL}, {add_one, NULL}, {multiply, NULL}, {sum, NULL}};

static hd_status build(hd_graph *graph, uint32_t *total) {
  uint32_t id = 0;
  hd_status status = HD_OK;
  for (uint32_t i = 0; i < FUNCTIONS && status == HD_OK; i++) status = hd_graph_add_function(graph, &functions[i], &id);
  if (status == HD_OK) status = hd_graph_add_task(graph, &(hd_task_desc){SEVEN, NULL, 0, "factor"}, &id);
  if (status == HD_OK) status = hd_graph_add_task(graph, &(hd_task_desc){SEVEN, NULL, 0, "unused"}, &id);
  hd_arg weighed[PARTS];
  for (uint32_t part = 0; part < PARTS && status == HD_OK; part++) {
    const char *const *key = keys + 3 * part;
    hd_arg number = hd_arg_number(part), read = hd_arg_key(key[0]), both[] = {hd_arg_key(key[1]), hd_arg_key("factor")};
    status = hd_graph_add_task(graph, &(hd_task_desc){ADD_ONE, &number, 1, key[0]}, &id);
    if (status == HD_OK) status = hd_graph_add_task(graph, &(hd_task_desc){ADD_ONE, &read, 1, key[1]}, &id);
    if (status == HD_OK) status = hd_graph_add_task(graph, &(hd_task_desc){MULTIPLY, both, 2, key[2]}, &id);
    weighed[part] = hd_arg_key(key[2]);
  }
  if (status == HD_OK) status = hd_graph_add_task(graph, &(hd_task_desc){SUM, weighed, PARTS, "total"}, total);
  return status;
}

/* The groups in the order of the ranks: what stands in brackets is run in one go. */
static void show(const hd_graph *graph) {
  uint32_t peak = 0;
  for (uint32_t first = 0, count; first < hd_graph_task_count(graph); first += count) {
    (void)hd_graph_group(graph, first, &count);
    for (uint32_t part = first; part < first + count; part++)
      printf("%s%s%s", part > first ? " " : count > 1 ? " [" : " ", hd_graph_key(graph, hd_graph_id(graph, part)),
             count > 1 && part == first + count - 1 ? "]" : "");
  }
  if (hd_graph_peak(graph, 1, &peak) == HD_OK) printf("\n  results in memory at once: %u", peak);
}

static hd_status try_passes(const char *what, hd_seal_desc desc, uint32_t budget) {
  hd_graph *graph = NULL;
  hd_run *run = NULL;
  uint32_t total = 0;
  hd_status status = hd_graph_create(&graph);
  if (status == HD_OK) status = build(graph, &total);
  if (status == HD_OK) status = hd_graph_mark_cheap(graph, SEVEN); /* to run it again costs less than to keep it */
  desc.outputs = &total;
  desc.output_count = 1;
  if (status == HD_OK) status = hd_graph_seal(graph, &desc);
  if (status == HD_OK) status = hd_run_create(graph, &(hd_run_desc){.budget_results = budget}, &run);
  if (status == HD_OK) status = hd_run_serial(run);
  if (status == HD_OK) {
    printf("%s:", what);
    show(graph);
    printf(", total %g\n", hd_run_result(run, hd_graph_rank(graph, total))->as.number);
  } else {
    printf("%s: %s\n", what, hd_strerror(status));
  }
  hd_run_destroy(run);
  hd_graph_destroy(graph);
  return status;
}

int main(void) {
  hd_status status = try_passes("as it is", (hd_seal_desc){.keep_all = true}, 0);
  if (status == HD_OK) status = try_passes("cull", (hd_seal_desc){0}, 0);
  if (status == HD_OK) status = try_passes("fuse", (hd_seal_desc){.fuse = true}, 0);
  if (status == HD_OK) status = try_passes("inline and fuse", (hd_seal_desc){.fuse = true, .inlines = true}, 0);
  if (status == HD_OK) status = try_passes("best order, on a budget", (hd_seal_desc){.order = HD_ORDER_BEST}, 4);
  return status == HD_OK ? 0 : 1;
}
