/* Building: functions, literals and tasks are appended to plain arrays. Every call reserves all the
 * room it needs before it changes anything, so that a failure leaves the graph as it was. */
#include "graph/graph.h"

#include "base/check.h"
#include "base/memory.h"

#include <string.h>

hd_status hd_graph_create(hd_graph **out) {
  hd_graph *graph = hdi_alloc_zero(1, sizeof *graph);
  if (!graph) return HD_OUT_OF_MEMORY;
  hdi_keys_init(&graph->keys);
  hdi_store_seq_u32(&graph->holders, 1);
  graph->error.message = "";
  if (!hdi_reserve((void **)&graph->arg_offsets, &graph->arg_offsets_capacity, 1,
                   sizeof *graph->arg_offsets)) {
    hd_graph_destroy(graph);
    return HD_OUT_OF_MEMORY;
  }
  graph->arg_offsets[0] = 0;
  *out = graph;
  return HD_OK;
}

void hdi_graph_retain(hd_graph *graph) { hdi_add_seq_u32(&graph->holders, 1); }

void hd_graph_destroy(hd_graph *graph) {
  if (!graph || hdi_sub_seq_u32(&graph->holders, 1) != 1) return;
  for (uint32_t i = 0; i < graph->literal_count; i++) hd_value_release(&graph->literals[i]);
  hdi_keys_fini(&graph->keys);
  hdi_free(graph->functions);
  hdi_free(graph->cheap);
  hdi_free(graph->retries);
  hdi_free(graph->priorities);
  hdi_free(graph->joined);
  hdi_free(graph->literals);
  hdi_free(graph->function_of);
  hdi_free(graph->arg_offsets);
  hdi_free(graph->args);
  hdi_free(graph->references);
  hdi_free(graph->reference_text);
  hdi_free(graph->rank_of);
  hdi_free(graph->id_of);
  hdi_free(graph->dependent_offsets);
  hdi_free(graph->dependents);
  hdi_free(graph->outputs);
  hdi_free(graph->error_tasks);
  hdi_free(graph);
}

static hd_status fail(hd_graph *graph, hd_status status, uint32_t task) {
  return hdi_graph_fail(graph, status, task, HD_NONE, NULL);
}

static hd_status fail_duplicate(hd_graph *graph, uint32_t holder, uint32_t task, const char *key) {
  return hdi_graph_fail(graph, HD_DUPLICATE_KEY, holder, task, key);
}

hd_status hd_graph_add_function(hd_graph *graph, const hd_function *function, uint32_t *id) {
  if (graph->sealed) return fail(graph, HD_SEALED, HD_NONE);
  if (!hdi_reserve((void **)&graph->functions, &graph->function_capacity,
                   graph->function_count + 1, sizeof *graph->functions))
    return fail(graph, HD_OUT_OF_MEMORY, HD_NONE);
  graph->functions[graph->function_count] = *function;
  *id = graph->function_count++;
  return HD_OK;
}

/* Room for `need` items, those that were not there before 0. */
static bool grow_zero(void **items, uint32_t *capacity, uint32_t need, size_t item_bytes) {
  uint32_t before = *capacity;
  if (!hdi_reserve(items, capacity, need, item_bytes)) return false;
  memset((char *)*items + before * item_bytes, 0, (*capacity - before) * item_bytes);
  return true;
}

/* Room for so many more tasks, arguments and literals. */
static hd_status reserve(hd_graph *graph, uint32_t tasks, uint32_t args, uint32_t literals) {
  if (tasks >= HD_BATCH_LITERAL - graph->task_count || args >= HD_NONE - graph->arg_count ||
      literals >= HD_BATCH_LITERAL - graph->literal_count)
    return fail(graph, HD_TOO_LARGE, HD_NONE);
  if (!hdi_reserve((void **)&graph->function_of, &graph->function_of_capacity,
                   graph->task_count + tasks, sizeof *graph->function_of) ||
      !hdi_reserve((void **)&graph->arg_offsets, &graph->arg_offsets_capacity,
                   graph->task_count + tasks + 1, sizeof *graph->arg_offsets) ||
      !hdi_reserve((void **)&graph->args, &graph->arg_capacity, graph->arg_count + args,
                   sizeof *graph->args) ||
      !hdi_reserve((void **)&graph->literals, &graph->literal_capacity,
                   graph->literal_count + literals, sizeof *graph->literals))
    return fail(graph, HD_OUT_OF_MEMORY, HD_NONE);
  return HD_OK;
}

/* Names the task about to be added. */
static hd_status add_key(hd_graph *graph, uint32_t task, const char *key, size_t length) {
  uint32_t holder = HD_NONE;
  switch (hdi_keys_add(&graph->keys, task, key, length, &holder)) {
    case HDI_KEY_ADDED: return HD_OK;
    case HDI_KEY_TAKEN: return fail_duplicate(graph, holder, task, hdi_keys_of(&graph->keys, holder));
    case HDI_KEY_TOO_LONG: return fail(graph, HD_TOO_LARGE, HD_NONE);
    case HDI_KEY_NO_MEMORY: break;
  }
  return fail(graph, HD_OUT_OF_MEMORY, HD_NONE);
}

/* Notes an argument that is given by key. */
static bool add_reference(hd_graph *graph, uint32_t task, uint32_t argument, const char *key) {
  size_t bytes = strlen(key) + 1;
  if (bytes > UINT32_MAX / 2 - graph->reference_text_length ||
      !hdi_reserve((void **)&graph->references, &graph->reference_capacity,
                   graph->reference_count + 1, sizeof *graph->references) ||
      !hdi_reserve((void **)&graph->reference_text, &graph->reference_text_capacity,
                   graph->reference_text_length + (uint32_t)bytes, 1))
    return false;
  hdi_key_reference *reference = &graph->references[graph->reference_count++];
  reference->argument = argument;
  reference->task = task;
  reference->text = graph->reference_text_length;
  memcpy(graph->reference_text + graph->reference_text_length, key, bytes);
  graph->reference_text_length += (uint32_t)bytes;
  return true;
}

static void release_values(const hd_arg *args, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    hd_value value = args[i].value;
    if (args[i].kind == HD_ARG_VALUE) hd_value_release(&value);
  }
}

hd_status hd_graph_add_task(hd_graph *graph, const hd_task_desc *task, uint32_t *id) {
  hd_status status = HD_OK;
  uint32_t literals = 0;
  for (uint32_t i = 0; i < task->arg_count; i++) literals += task->args[i].kind == HD_ARG_VALUE;
  if (graph->sealed) status = fail(graph, HD_SEALED, HD_NONE);
  else if (task->function >= graph->function_count) status = fail(graph, HD_UNKNOWN_FUNCTION, HD_NONE);
  else status = reserve(graph, 1, task->arg_count, literals);
  uint32_t new_id = graph->task_count;
  uint32_t references = graph->reference_count, text = graph->reference_text_length;
  for (uint32_t i = 0; status == HD_OK && i < task->arg_count; i++) {
    const hd_arg *arg = &task->args[i];
    if (arg->kind == HD_ARG_KEY && !add_reference(graph, new_id, graph->arg_count + i, arg->key))
      status = fail(graph, HD_OUT_OF_MEMORY, HD_NONE);
  }
  if (status == HD_OK && task->key) status = add_key(graph, new_id, task->key, strlen(task->key));
  if (status != HD_OK) {
    graph->reference_count = references;
    graph->reference_text_length = text;
    release_values(task->args, task->arg_count);
    return status;
  }
  for (uint32_t i = 0; i < task->arg_count; i++) {
    const hd_arg *arg = &task->args[i];
    uint32_t word = arg->kind == HD_ARG_TASK ? arg->task : 0;
    if (arg->kind == HD_ARG_TASK && word >= HD_BATCH_LITERAL) word = HD_BATCH_LITERAL - 1; /* unknown */
    if (arg->kind == HD_ARG_VALUE) {
      word = HD_BATCH_LITERAL | graph->literal_count;
      graph->literals[graph->literal_count++] = arg->value;
    }
    graph->args[graph->arg_count++] = word;
  }
  graph->function_of[new_id] = task->function;
  graph->arg_offsets[++graph->task_count] = graph->arg_count;
  *id = new_id;
  return HD_OK;
}

/* Whether every number in a batch is in range. `task` says where it is not. */
static hd_status check_batch(const hd_graph *graph, const hd_batch *batch, uint32_t *task) {
  if (batch->task_count >= HD_BATCH_LITERAL) return HD_TOO_LARGE;
  if (batch->arg_offsets[0] != 0) return HD_UNKNOWN_TASK;
  for (uint32_t i = 0; i < batch->task_count; i++) {
    *task = i;
    if (batch->functions[i] >= graph->function_count) return HD_UNKNOWN_FUNCTION;
    if (batch->arg_offsets[i + 1] < batch->arg_offsets[i]) return HD_UNKNOWN_TASK;
    if (batch->arg_offsets[i + 1] > batch->arg_offsets[batch->task_count]) return HD_UNKNOWN_TASK; /* falls later */
    if (batch->key_offsets && batch->key_offsets[i + 1] < batch->key_offsets[i]) return HD_UNKNOWN_KEY;
    for (uint32_t a = batch->arg_offsets[i]; a < batch->arg_offsets[i + 1]; a++) {
      uint32_t word = batch->args[a];
      bool literal = (word & HD_BATCH_LITERAL) != 0;
      if (literal ? (word & ~HD_BATCH_LITERAL) >= batch->literal_count : word >= batch->task_count)
        return HD_UNKNOWN_TASK;
    }
  }
  *task = HD_NONE;
  return HD_OK;
}

static hd_status add_batch(hd_graph *graph, const hd_batch *batch) {
  uint32_t task = HD_NONE, first = graph->task_count;
  if (graph->sealed) return fail(graph, HD_SEALED, HD_NONE);
  hd_status status = check_batch(graph, batch, &task);
  if (status != HD_OK) return fail(graph, status, task == HD_NONE ? HD_NONE : first + task);
  uint32_t arg_count = batch->task_count ? batch->arg_offsets[batch->task_count] : 0;
  status = reserve(graph, batch->task_count, arg_count, batch->literal_count);
  if (status != HD_OK) return status;
  for (uint32_t i = 0; batch->key_offsets && i < batch->task_count; i++) {
    uint32_t from = batch->key_offsets[i], length = batch->key_offsets[i + 1] - from;
    if (!length) continue;
    status = add_key(graph, first + i, batch->keys + from, length);
    if (status == HD_OK) continue;
    hdi_keys_truncate(&graph->keys, first);
    return status;
  }
  for (uint32_t i = 0; i < arg_count; i++) {
    uint32_t word = batch->args[i];
    graph->args[graph->arg_count + i] = word + (word & HD_BATCH_LITERAL ? graph->literal_count : first);
  }
  for (uint32_t i = 0; i < batch->task_count; i++) {
    graph->function_of[first + i] = batch->functions[i];
    graph->arg_offsets[first + i + 1] = graph->arg_count + batch->arg_offsets[i + 1];
  }
  if (batch->literal_count)
    memcpy(graph->literals + graph->literal_count, batch->literals,
           batch->literal_count * sizeof *batch->literals);
  graph->task_count += batch->task_count;
  graph->arg_count += arg_count;
  graph->literal_count += batch->literal_count;
  return HD_OK;
}

hd_status hd_graph_add_batch(hd_graph *graph, const hd_batch *batch, uint32_t *first) {
  uint32_t first_id = graph->task_count;
  hd_status status = add_batch(graph, batch);
  if (status == HD_OK) {
    *first = first_id;
  } else {
    for (uint32_t i = 0; i < batch->literal_count; i++) hd_value_release(&batch->literals[i]);
  }
  return status;
}

hd_status hd_graph_mark_cheap(hd_graph *graph, uint32_t function) {
  if (graph->sealed) return fail(graph, HD_SEALED, HD_NONE);
  if (function >= graph->function_count) return fail(graph, HD_UNKNOWN_FUNCTION, HD_NONE);
  if (!grow_zero((void **)&graph->cheap, &graph->cheap_capacity, graph->function_count, 1))
    return fail(graph, HD_OUT_OF_MEMORY, HD_NONE);
  graph->cheap[function] = 1;
  return HD_OK;
}

hd_status hd_graph_set_retries(hd_graph *graph, uint32_t function, uint16_t retries) {
  if (graph->sealed) return fail(graph, HD_SEALED, HD_NONE);
  if (function >= graph->function_count) return fail(graph, HD_UNKNOWN_FUNCTION, HD_NONE);
  if (!grow_zero((void **)&graph->retries, &graph->retry_capacity, graph->function_count, sizeof(uint16_t)))
    return fail(graph, HD_OUT_OF_MEMORY, HD_NONE);
  graph->retries[function] = retries;
  return HD_OK;
}

hd_status hd_graph_set_priority(hd_graph *graph, uint32_t task, int32_t priority) {
  if (graph->sealed) return fail(graph, HD_SEALED, HD_NONE);
  if (task >= graph->task_count) return fail(graph, HD_UNKNOWN_TASK, HD_NONE);
  if (!grow_zero((void **)&graph->priorities, &graph->priority_capacity, graph->task_count, sizeof(int32_t)))
    return fail(graph, HD_OUT_OF_MEMORY, task);
  graph->priorities[task] = priority;
  return HD_OK;
}

hd_status hd_graph_find(const hd_graph *graph, const char *key, uint32_t *id) {
  uint32_t found = hdi_keys_find(&graph->keys, key, strlen(key));
  if (found == HD_NONE) return HD_UNKNOWN_KEY;
  *id = found;
  return HD_OK;
}
