/* Chrome's trace event format ("Trace Event Format", Google, 2016): complete events and names of
 * threads. The text goes out through a small buffer; nothing is allocated, however large the run.
 *
 * Times are cut to whole nanoseconds, never rounded up: on its row a task must not reach into the
 * next one, since viewers drop complete events that overlap without one holding the other. */
#include <hd/trace.h>

#include "base/check.h"
#include "graph/graph.h"

#include <string.h>

enum { BUFFER_BYTES = 4096, WORKER_WORDS = HD_WORKERS_MAX / 32 };

typedef struct writer {
  const hd_trace_desc *desc;
  uint32_t first, parts; /* the group at which it is */
  bool failed;
  size_t length;
  char buffer[BUFFER_BYTES];
} writer;

static void flush(writer *to) {
  if (to->length && !to->failed)
    to->failed = !to->desc->write(to->desc->user, to->buffer, to->length);
  to->length = 0;
}

static void put_bytes(writer *to, const char *text, size_t bytes) {
  while (bytes && !to->failed) {
    size_t room = BUFFER_BYTES - to->length, step = bytes < room ? bytes : room;
    memcpy(to->buffer + to->length, text, step);
    to->length += step;
    text += step;
    bytes -= step;
    if (to->length == BUFFER_BYTES) flush(to);
  }
}

static void put(writer *to, const char *text) { put_bytes(to, text, strlen(text)); }

/* A number with at least so many digits. */
static void put_digits(writer *to, uint64_t number, size_t least) {
  char digits[20];
  size_t at = sizeof digits;
  while (number || sizeof digits - at < least) {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  }
  put_bytes(to, digits + at, sizeof digits - at);
}

static void put_number(writer *to, uint64_t number) { put_digits(to, number, 1); }

static void put_us(writer *to, double us) {
  if (!(us > 0)) us = 0;    /* a clock of the user's may say anything, also NaN */
  if (us > 1e16) us = 1e16; /* 300 years */
  uint64_t ns = (uint64_t)(us * 1000);
  put_number(to, ns / 1000);
  put(to, ".");
  put_digits(to, ns % 1000, 3);
}

/* How many of the bytes at `text` are one character of UTF-8; 0 if they begin none, and then `*bad` is
 * how many to replace by one U+FFFD: what could have begun one (Unicode 15, 3.9, table 3-7). */
static size_t character(const unsigned char *text, size_t bytes, size_t *bad) {
  unsigned char first = text[0], low = 0x80, high = 0xbf;
  size_t length;
  *bad = 1;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first == 0xe0) low = 0xa0;  /* longer than need be */
  if (first == 0xed) high = 0x9f; /* surrogates */
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f; /* beyond U+10FFFF */
  for (size_t i = 1; i < length; i++, low = 0x80, high = 0xbf) {
    if (i == bytes || text[i] < low || text[i] > high) return 0;
    *bad = i + 1;
  }
  return length;
}

static void put_string(writer *to, const char *text, size_t bytes) {
  static const char hex[] = "0123456789abcdef";
  put(to, "\"");
  while (bytes && !to->failed) {
    unsigned char first = (unsigned char)*text;
    size_t bad, length = character((const unsigned char *)text, bytes, &bad);
    if (!length) {
      put(to, "\\ufffd");
      length = bad;
    } else if (first < 0x20) {
      char escape[] = {'\\', 'u', '0', '0', hex[first >> 4], hex[first & 15]};
      put_bytes(to, escape, sizeof escape);
    } else {
      if (first == '"' || first == '\\') put(to, "\\");
      put_bytes(to, text, length);
    }
    text += length;
    bytes -= length;
  }
  put(to, "\"");
}

static void put_key(writer *to, const hd_graph *graph, uint32_t id) {
  put_string(to, hd_graph_key(graph, id), hdi_keys_length(&graph->keys, id));
}

static void put_name(writer *to, const hd_graph *graph, uint32_t task) {
  const char *name = to->desc->name ? to->desc->name(to->desc->user, task) : NULL;
  uint32_t id = hd_graph_id(graph, task);
  if (name) {
    put_string(to, name, strlen(name));
  } else if (hd_graph_key(graph, id)) {
    put_key(to, graph, id);
  } else {
    put(to, "\"task ");
    put_number(to, id);
    put(to, "\"");
  }
}

/* Thread ids are the workers' numbers and one more: Perfetto gives thread 0 to the idle process. */
static void put_thread(writer *to, uint32_t worker) {
  put(to, "\"pid\":1,\"tid\":");
  put_number(to, worker + 1);
}

static void put_worker(writer *to, uint32_t worker) {
  put(to, ",\n{\"name\":\"thread_name\",\"ph\":\"M\",");
  put_thread(to, worker);
  put(to, ",\"args\":{\"name\":\"worker ");
  put_number(to, worker);
  put(to, "\"}},\n{\"name\":\"thread_sort_index\",\"ph\":\"M\",");
  put_thread(to, worker);
  put(to, ",\"args\":{\"sort_index\":");
  put_number(to, worker);
  put(to, "}}");
}

/* Which part of its fused group a task is: the group is called by the rank of its first part. */
static void put_part(writer *to, const hd_graph *graph, uint32_t task) {
  if (!hdi_graph_joined(graph, task) && !hdi_graph_joined(graph, task + 1)) return;
  put(to, ",\"group\":");
  put_number(to, to->first);
  put(to, ",\"part\":");
  put_number(to, task - to->first + 1);
  put(to, ",\"parts\":");
  put_number(to, to->parts);
}

static void put_task(writer *to, const hd_graph *graph, uint32_t task, const hd_record *record,
                     hd_task_state state) {
  static const char *const states[] = {"waiting", "ready",     "running", "done",
                                       "erred",   "cancelled", "released"};
  uint32_t id = hd_graph_id(graph, task);
  put(to, ",\n{\"name\":");
  put_name(to, graph, task);
  put(to, state == HD_RUNNING ? ",\"ph\":\"B\"," : ",\"ph\":\"X\",");
  put_thread(to, record->worker);
  put(to, ",\"ts\":");
  put_us(to, record->start_us);
  if (state != HD_RUNNING) {
    double us = (double)record->elapsed_us;
    if (us > 0x1p13) us *= 1 - 0x1p-23; /* it may have been rounded up by more than a nanosecond */
    put(to, ",\"dur\":");
    put_us(to, us);
  }
  put(to, ",\"args\":{");
  if (hd_graph_key(graph, id)) {
    put(to, "\"key\":");
    put_key(to, graph, id);
    put(to, ",");
  }
  put(to, "\"rank\":");
  put_number(to, task);
  put(to, ",\"attempts\":");
  put_number(to, record->attempts);
  put(to, ",\"state\":\"");
  put(to, states[state]);
  put(to, "\"");
  put_part(to, graph, task);
  put(to, "}}");
}

hd_status hd_trace_write_chrome(const hd_run *run, const hd_trace_desc *desc) {
  const hd_graph *graph = hd_run_graph(run);
  const hd_record *records = hd_run_records(run);
  const uint8_t *states = hd_run_task_states(run);
  uint32_t count = hd_graph_task_count(graph), seen[WORKER_WORDS] = {0};
  HD_ASSERT(records && desc->write);
  writer to;
  to.desc = desc;
  to.failed = false;
  to.length = 0;
  put(&to, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
           "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":\"heddle\"}}");
  for (uint32_t task = 0; task < count; task++)
    if (records[task].attempts)
      seen[records[task].worker / 32] |= UINT32_C(1) << records[task].worker % 32;
  for (uint32_t worker = 0; worker < HD_WORKERS_MAX; worker++)
    if (seen[worker / 32] >> worker % 32 & 1) put_worker(&to, worker);
  for (uint32_t task = 0; task < count && !to.failed; task++) {
    if (!hdi_graph_joined(graph, task)) {
      to.first = task;
      to.parts = hdi_graph_group_end(graph, task) - task;
    }
    if (records[task].attempts)
      put_task(&to, graph, task, &records[task], (hd_task_state)(states[task] & HD_STATE_MASK));
  }
  put(&to, "\n]}\n");
  flush(&to);
  return to.failed ? HD_WRITE_FAILED : HD_OK;
}
