/* A run that records when and where each task ran. `09-trace run.json` writes it as a file for
 * ui.perfetto.dev or chrome://tracing; without a path it prints a table. */
#include <hd/heddle.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CHUNKS = 4 };

static void take_a_while(void) { nanosleep(&(struct timespec){0, 10 * 1000 * 1000}, NULL); }

static hd_status load(const hd_call *call, hd_value *result) {
  take_a_while();
  *result = call->args[0];
  return HD_OK;
}

static hd_status square(const hd_call *call, hd_value *result) {
  take_a_while();
  *result = hd_number(call->args[0].as.number * call->args[0].as.number);
  return HD_OK;
}

static hd_status sum(const hd_call *call, hd_value *result) {
  double total = 0;
  for (uint32_t i = 0; i < call->arg_count; i++) total += call->args[i].as.number;
  *result = hd_number(total);
  return HD_OK;
}

/* A function's `user` is ours to use: here it is the name of its tasks in the trace. */
enum { LOAD, SQUARE, SUM, FUNCTIONS };
static const hd_function functions[FUNCTIONS] = {{load, "load"}, {square, "square"}, {sum, "sum"}};

static const char *name_of(const hd_run *run, uint32_t task) {
  return hd_graph_function(hd_run_graph(run), task)->user;
}

static hd_status build(hd_graph *graph, uint32_t *total) {
  uint32_t id;
  hd_arg squares[CHUNKS];
  hd_status status = HD_OK;
  for (uint32_t i = 0; i < FUNCTIONS && status == HD_OK; i++)
    status = hd_graph_add_function(graph, &functions[i], &id);
  for (uint32_t i = 0; i < CHUNKS && status == HD_OK; i++) {
    hd_arg number = hd_arg_number(i + 1), loaded;
    status = hd_graph_add_task(graph, &(hd_task_desc){LOAD, &number, 1, NULL}, &id);
    loaded = hd_arg_task(id);
    if (status == HD_OK)
      status = hd_graph_add_task(graph, &(hd_task_desc){SQUARE, &loaded, 1, NULL}, &id);
    squares[i] = hd_arg_task(id);
  }
  if (status == HD_OK)
    status = hd_graph_add_task(graph, &(hd_task_desc){SUM, squares, CHUNKS, "total"}, total);
  if (status == HD_OK) status = hd_graph_seal(graph, &(hd_seal_desc){.outputs = total, .output_count = 1});
  return status;
}

/* Where the text of the trace goes, and whose names it has. */
typedef struct target {
  FILE *file;
  hd_run *run;
} target;

static bool write_text(void *user, const char *text, size_t bytes) {
  const target *to = user;
  return fwrite(text, 1, bytes, to->file) == bytes;
}

static const char *name_task(void *user, uint32_t task) {
  const target *to = user;
  return name_of(to->run, task);
}

static hd_status write_file(hd_run *run, const char *path) {
  target to = {fopen(path, "wb"), run};
  if (!to.file) return HD_WRITE_FAILED;
  hd_status status = hd_trace_write_chrome(run, &(hd_trace_desc){write_text, name_task, &to});
  if (fclose(to.file) != 0 && status == HD_OK) status = HD_WRITE_FAILED;
  return status;
}

static void print_table(hd_run *run) {
  const hd_record *records = hd_run_records(run); /* one a task, by rank */
  for (uint32_t i = 0; i < FUNCTIONS; i++) {
    const char *name = functions[i].user;
    uint32_t tasks = 0;
    double us = 0;
    for (uint32_t task = 0; task < hd_graph_task_count(hd_run_graph(run)); task++) {
      if (!records[task].attempts || strcmp(name_of(run, task), name) != 0) continue;
      tasks++;
      us += (double)records[task].elapsed_us;
    }
    printf("%-6s  tasks: %u  in all: %.2f s\n", name, tasks, us / 1e6);
  }
}

int main(int count, char **arguments) {
  hd_graph *graph = NULL;
  hd_pool *pool = NULL;
  hd_run *run = NULL;
  uint32_t total = 0;

  hd_status status = hd_graph_create(&graph);
  if (status == HD_OK) status = build(graph, &total);
  if (status == HD_OK) status = hd_pool_create(&pool);
  if (status == HD_OK) status = hd_pool_start(pool, 2);
  if (status == HD_OK)
    status = hd_run_create(graph, &(hd_run_desc){.worker_count = 2, .trace = true}, &run);
  if (status == HD_OK) status = hd_pool_submit(pool, run);
  if (status == HD_OK) status = hd_pool_wait(pool, run);
  if (status == HD_OK) {
    printf("total = %g\n", hd_run_result(run, hd_graph_rank(graph, total))->as.number);
    if (count > 1) status = write_file(run, arguments[1]);
    else print_table(run);
  }
  if (status != HD_OK) printf("failed: %s\n", hd_strerror(status));
  hd_pool_destroy(pool);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
  return status == HD_OK ? 0 : 1;
}
