/* The errors of a graph, in words that name keys. */
#include "graph/graph.h"

#include "base/memory.h"
#include "base/text.h"

#include <string.h>

enum { NAME_MAX_BYTES = 60, PATH_MAX_NAMES = 6 };

static void add_key(hdi_text *text, const char *key) {
  char cut[NAME_MAX_BYTES + 1];
  size_t length = strlen(key);
  if (length > NAME_MAX_BYTES) {
    length = NAME_MAX_BYTES;
    while (length && ((unsigned char)key[length] & 0xc0) == 0x80) length--; /* whole characters */
  }
  memcpy(cut, key, length);
  cut[length] = 0;
  hdi_text_add(text, "'");
  hdi_text_add(text, cut);
  hdi_text_add(text, key[length] ? "…'" : "'");
}

static void add_task(hdi_text *text, const hd_graph *graph, uint32_t id) {
  const char *key = hdi_keys_of(&graph->keys, id);
  if (key) {
    add_key(text, key);
  } else {
    hdi_text_add(text, "task ");
    hdi_text_add_number(text, id);
  }
}

static void set_tasks(hd_graph *graph, uint32_t *tasks, uint32_t count) {
  hdi_free(graph->error_tasks);
  graph->error_tasks = tasks;
  graph->error.tasks = tasks;
  graph->error.task_count = tasks ? count : 0;
}

hd_status hdi_graph_fail(hd_graph *graph, hd_status status, uint32_t task, uint32_t other,
                         const char *key) {
  hdi_text text;
  hdi_text_init(&text, graph->message, sizeof graph->message);
  uint32_t count = (task != HD_NONE ? 1u : 0u) + (other != HD_NONE ? 1u : 0u);
  uint32_t *tasks = count ? hdi_alloc(count, sizeof *tasks) : NULL;
  if (tasks) {
    tasks[0] = task != HD_NONE ? task : other;
    tasks[count - 1] = other != HD_NONE ? other : task;
  }
  set_tasks(graph, tasks, count);
  hdi_text_add(&text, hd_strerror(status));
  if (status == HD_UNKNOWN_KEY && key && task != HD_NONE) {
    hdi_text_add(&text, ": ");
    add_task(&text, graph, task);
    hdi_text_add(&text, " needs ");
    add_key(&text, key);
  } else if (key) {
    hdi_text_add(&text, ": ");
    add_key(&text, key);
  } else if (task != HD_NONE) {
    hdi_text_add(&text, ": ");
    add_task(&text, graph, task);
  }
  graph->error.status = status;
  graph->error.message = graph->message;
  return status;
}

hd_status hdi_graph_fail_cycle(hd_graph *graph, uint32_t *path, uint32_t count) {
  hdi_text text;
  hdi_text_init(&text, graph->message, sizeof graph->message);
  set_tasks(graph, path, count);
  hdi_text_add(&text, hd_strerror(HD_CYCLE));
  hdi_text_add(&text, ": ");
  for (uint32_t i = 0; i < count; i++) {
    if (count > PATH_MAX_NAMES && i == PATH_MAX_NAMES / 2) {
      uint32_t hidden = count - PATH_MAX_NAMES;
      hdi_text_add(&text, "(");
      hdi_text_add_number(&text, hidden);
      hdi_text_add(&text, " more) -> ");
      i += hidden;
    }
    add_task(&text, graph, path[i]);
    hdi_text_add(&text, " -> ");
  }
  add_task(&text, graph, path[0]);
  graph->error.status = HD_CYCLE;
  graph->error.message = graph->message;
  return HD_CYCLE;
}

const hd_error *hd_graph_error(const hd_graph *graph) { return &graph->error; }
