/* Traces as JSON, read back by a strict parser: what is in them, odd keys, writers that fail. */
#include "hdt.h"

/* ---- the text, as it is written ---------------------------------------------------------------- */

typedef struct sheet {
  char *text; /* ended by a 0 byte */
  size_t length, limit;
  uint32_t calls, refused;
} sheet;

static bool keep(void *user, const char *text, size_t bytes) {
  sheet *to = user;
  hdt_must(bytes > 0 && !to->refused); /* not called again after it refused */
  to->calls++;
  if (to->length + bytes > to->limit) {
    to->refused++;
    return false;
  }
  to->text = realloc(to->text, to->length + bytes + 1);
  memcpy(to->text + to->length, text, bytes);
  to->length += bytes;
  to->text[to->length] = 0;
  return true;
}

/* ---- JSON (RFC 8259), as strict as can be ------------------------------------------------------ */

static const char *parse_value(const char *at);

static const char *parse_space(const char *at) { return at + strspn(at, " \t\r\n"); }

static const char *parse_string(const char *at) {
  assert_int_equal(*at++, '"');
  while (*at != '"') {
    assert_true((unsigned char)*at >= 0x20);
    if (*at++ != '\\') continue;
    if (*at == 'u') assert_int_equal(strspn(at + 1, "0123456789abcdefABCDEF") >= 4, true);
    else assert_non_null(memchr("\"\\/bfnrt", *at, 8));
    at += *at == 'u' ? 5 : 1;
  }
  return at + 1;
}

static const char *parse_members(const char *at, char end, bool named) {
  at = parse_space(at + 1);
  while (*at != end) {
    if (named) {
      at = parse_space(parse_string(at));
      assert_int_equal(*at++, ':');
    }
    at = parse_space(parse_value(at));
    if (*at == end) break;
    assert_int_equal(*at, ',');
    at = parse_space(at + 1);
    assert_int_not_equal(*at, end);
  }
  return at + 1;
}

static const char *parse_value(const char *at) {
  at = parse_space(at);
  if (*at == '{') return parse_members(at, '}', true);
  if (*at == '[') return parse_members(at, ']', false);
  if (*at == '"') return parse_string(at);
  size_t whole = strspn(at, "0123456789");
  assert_true(whole == 1 || (whole && *at != '0'));
  at += whole;
  if (*at != '.') return at;
  assert_true(strspn(at + 1, "0123456789") > 0);
  return at + 1 + strspn(at + 1, "0123456789");
}

static void assert_json(const sheet *page) {
  assert_int_equal(strlen(page->text), page->length); /* not one NUL */
  const char *end = parse_space(parse_value(page->text));
  assert_ptr_equal(end, page->text + page->length);
}

/* The one event a line that holds `words`, or NULL; to be freed. */
static char *event_with(const sheet *page, const char *words) {
  const char *at = strstr(page->text, words);
  if (!at) return NULL;
  assert_null(strstr(at + 1, words));
  while (at[-1] != '\n') at--;
  return strndup(at, strcspn(at, "\n"));
}

static void assert_event(const sheet *page, const char *words, const char *expected) {
  char *event = event_with(page, words);
  assert_non_null(event);
  size_t length = strlen(event);
  if (event[length - 1] == ',') event[length - 1] = 0;
  assert_string_equal(event, expected);
  free(event);
}

static uint32_t count_of(const sheet *page, const char *words) {
  uint32_t count = 0;
  for (const char *at = page->text; (at = strstr(at, words)); at++) count++;
  return count;
}

static sheet written(const hd_run *run, const char *(*name)(void *, uint32_t)) {
  sheet page = {NULL, 0, SIZE_MAX, 0, 0};
  hd_trace_desc desc = {keep, name, &page};
  assert_int_equal(hd_trace_write_chrome(run, &desc), HD_OK);
  assert_json(&page);
  return page;
}

/* ---- tests ------------------------------------------------------------------------------------- */

/* Claims the lowest task, lets `us` pass, and gives it. */
static uint32_t claim(hd_run *run, uint32_t worker, double us) {
  uint32_t task = HD_NONE;
  assert_int_equal(hd_run_claim(run, worker, 1, &task), 1);
  hdt_now_us += us;
  return task;
}

static void finish(hd_run *run, uint32_t worker, uint32_t task) {
  hd_value result = hd_number(task);
  hd_run_finish(run, worker, task, &result, NULL);
}

/*  a -> b -> c   d is claimed and open, e never; b is lost once, and c fails  */
static void each_claimed_task_is_an_event_and_each_worker_a_row(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a b=a c=b d e=d,c", "e", NULL);
  hdt_now_us = 1000;
  hd_run *run =
      hdt_run(graph, &(hd_run_desc){.worker_count = 8, .trace = true, .clock_us = hdt_clock});
  uint32_t a = hdt_rank(graph, "a"), b = hdt_rank(graph, "b"), c = hdt_rank(graph, "c");
  uint32_t open, task;
  hd_value error = hd_number(-1);
  /* e's arguments are walked in their order: d has the lowest rank */
  open = claim(run, 1, 0.5);
  assert_int_equal(open, hdt_rank(graph, "d"));
  assert_int_equal(task = claim(run, 3, 2), a);
  finish(run, 3, task);
  assert_int_equal(task = claim(run, 3, 0.25), b);
  hd_run_lost(run, 3, task);
  assert_int_equal(task = claim(run, 7, 1e6), b);
  finish(run, 7, task);
  assert_int_equal(task = claim(run, 7, 0.0625), c);
  hd_run_fail(run, 7, task, HD_TASK_FAILED, &error);
  assert_int_equal(hd_run_get_state(run), HD_RUN_FAILED);

  sheet page = written(run, NULL);
  assert_int_equal(count_of(&page, "\"ph\":\"X\""), 3);
  assert_int_equal(count_of(&page, "\"thread_name\""), 3);
  assert_non_null(strstr(page.text, "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":8,"
                                    "\"args\":{\"name\":\"worker 7\"}}"));
  assert_event(&page, "\"name\":\"d\"",
               "{\"name\":\"d\",\"ph\":\"B\",\"pid\":1,\"tid\":2,\"ts\":1000.000,"
               "\"args\":{\"key\":\"d\",\"rank\":0,\"attempts\":1,\"state\":\"running\"}}");
  assert_event(&page, "\"name\":\"a\"",
               "{\"name\":\"a\",\"ph\":\"X\",\"pid\":1,\"tid\":4,\"ts\":1000.500,\"dur\":2.000,"
               "\"args\":{\"key\":\"a\",\"rank\":1,\"attempts\":1,\"state\":\"released\"}}");
  assert_event(
      &page, "\"name\":\"b\"",
      "{\"name\":\"b\",\"ph\":\"X\",\"pid\":1,\"tid\":8,\"ts\":1002.750,\"dur\":999999.880,"
      "\"args\":{\"key\":\"b\",\"rank\":2,\"attempts\":2,\"state\":\"done\"}}");
  assert_event(&page, "\"name\":\"c\"",
               "{\"name\":\"c\",\"ph\":\"X\",\"pid\":1,\"tid\":8,\"ts\":1001002.750,\"dur\":0.062,"
               "\"args\":{\"key\":\"c\",\"rank\":3,\"attempts\":1,\"state\":\"erred\"}}");
  assert_null(event_with(&page, "\"key\":\"e\""));
  free(page.text);
  finish(run, 1, open);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static void a_run_that_never_began_has_no_events(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a b=a", "b", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.trace = true});
  hd_run_cancel(run);
  assert_int_equal(hd_run_serial(run), HD_CANCELLED);
  sheet page = written(run, NULL);
  assert_int_equal(count_of(&page, "\"ph\""), 1); /* the name of the process */
  free(page.text);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/*  a, b -> c -> d -> e: the last three are one group  */
static void a_part_says_which_of_its_group_it_is(void **state) {
  (void)state;
  hd_graph *graph = hdt_graph("a b c=a,b d=c e=d", NULL);
  uint32_t e = hdt_id(graph, "e");
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &e, .output_count = 1, .fuse = true}), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.trace = true});
  assert_int_equal(hd_run_serial(run), HD_OK);
  sheet page = written(run, NULL);
  assert_int_equal(count_of(&page, "\"group\""), 3);
  assert_int_equal(count_of(&page, "\"key\":\"d\",\"rank\":3,\"attempts\":1,\"state\":\"released\",\"group\":2,\"part\":2,\"parts\":3}}"), 1);
  free(page.text);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static const char *by_parity(void *user, uint32_t task) {
  (void)user;
  return task % 2 ? "odd \"one\"" : NULL;
}

static void names_are_the_callers_then_keys_then_ids(void **state) {
  (void)state;
  hd_graph *graph = hdt_row(4, true, HDT_SUM, NULL);
  uint32_t last = 3, keyed;
  hd_arg arg = hd_arg_task(last);
  assert_int_equal(hd_graph_add_task(graph, &(hd_task_desc){HDT_SUM, &arg, 1, "end"}, &keyed),
                   HD_OK);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.outputs = &keyed, .output_count = 1}), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.trace = true});
  assert_int_equal(hd_run_serial(run), HD_OK);
  sheet page = written(run, by_parity);
  assert_int_equal(count_of(&page, "\"name\":\"odd \\\"one\\\"\""), 2);
  assert_int_equal(count_of(&page, "\"name\":\"task 2\""), 1);
  assert_int_equal(count_of(&page, "\"name\":\"end\""), 1);
  assert_int_equal(count_of(&page, "\"key\""), 1);
  free(page.text);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/* Keys of a batch may hold any bytes. What each becomes in JSON; U+FFFD as browsers replace. */
static void keys_of_any_bytes_become_valid_strings(void **state) {
  (void)state;
#define ODD(key, json) \
  { key, sizeof key - 1, "\"key\":\"" json "\"," }
  static const struct {
    const char *key;
    size_t bytes;
    const char *json;
  } odd[] = {
      ODD("a\0b", "a\\u0000b"),
      ODD("a\0c", "a\\u0000c"),
      ODD("\0", "\\u0000"),
      ODD("\"\\/\n\x1f\x7f", "\\\"\\\\/\\u000a\\u001f\x7f"),
      ODD("\xc3\xa9 \xe2\x82\xac \xf0\x9f\xa7\xb5", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\xa7\xb5"),
      ODD("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"),
      ODD("1\x80", "1\\ufffd"),
      ODD("2\xc0\xaf", "2\\ufffd\\ufffd"), /* longer than need be */
      ODD("3\xe0\x80\xaf", "3\\ufffd\\ufffd\\ufffd"),
      ODD("4\xed\xa0\x80", "4\\ufffd\\ufffd\\ufffd"), /* a surrogate */
      ODD("5\xf4\x90\x80\x80", "5\\ufffd\\ufffd\\ufffd\\ufffd"),
      ODD("6\xf5z\xff", "6\\ufffdz\\ufffd"),
      ODD("7\xe2\x82z", "7\\ufffdz"), /* cut short: one for what could have begun a character */
      ODD("8\xf0\x9f\xa7", "8\\ufffd"),
      ODD("9\xe2", "9\\ufffd"),
  };
#undef ODD
  enum { COUNT = sizeof odd / sizeof *odd };
  uint32_t functions[COUNT] = {0}, arg_offsets[COUNT + 1] = {0}, key_offsets[COUNT + 1] = {0},
           first;
  char keys[256];
  for (uint32_t i = 0; i < COUNT; i++) {
    memcpy(keys + key_offsets[i], odd[i].key, odd[i].bytes);
    key_offsets[i + 1] = key_offsets[i] + (uint32_t)odd[i].bytes;
  }
  hd_batch batch = {.task_count = COUNT,
                    .functions = functions,
                    .arg_offsets = arg_offsets,
                    .key_offsets = key_offsets,
                    .keys = keys};
  hd_graph *graph = hdt_empty_graph(NULL);
  assert_int_equal(hd_graph_add_batch(graph, &batch, &first), HD_OK);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.trace = true});
  assert_int_equal(hd_run_serial(run), HD_OK);
  sheet page = written(run, NULL);
  for (uint32_t i = 0; i < COUNT; i++) assert_int_equal(count_of(&page, odd[i].json), 1);
  free(page.text);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

static double odd_clock(void) {
  static const double times[] = {-5, 1e30, 0.0 / 0.0, 7};
  static uint32_t at;
  return times[at++ % 4];
}

static void a_clock_gone_wild_still_gives_numbers(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a b", "a b", NULL);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.trace = true, .clock_us = odd_clock});
  assert_int_equal(hd_run_serial(run), HD_OK);
  sheet page = written(run, NULL);
  assert_int_equal(count_of(&page, "\"ts\":0.000,\"dur\":10000000000000000.000"), 1);
  assert_int_equal(count_of(&page, "\"ts\":0.000,\"dur\":0.000"), 1);
  free(page.text);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/* Wherever the writer refuses, it is told once, nothing is asked of it again, nothing is held. */
static void a_writer_that_fails_ends_it_with_write_failed(void **state) {
  (void)state;
  hd_graph *graph = hdt_row(500, true, HDT_SUM, NULL);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.trace = true});
  assert_int_equal(hd_run_serial(run), HD_OK);
  size_t before = hd_memory_live_bytes();
  sheet whole = written(run, NULL);
  assert_true(whole.calls > 10);
  uint32_t calls = 0;
  for (size_t limit = 0; limit < whole.length; limit += 1 + whole.length / 100) {
    sheet page = {NULL, 0, limit, 0, 0};
    assert_int_equal(hd_trace_write_chrome(run, &(hd_trace_desc){keep, NULL, &page}),
                     HD_WRITE_FAILED);
    assert_int_equal(page.refused, 1);
    assert_true(page.calls >= calls);
    if (page.length) assert_memory_equal(page.text, whole.text, page.length);
    calls = page.calls;
    free(page.text);
  }
  assert_int_equal(hd_memory_live_bytes(), before);
  free(whole.text);
  hd_run_destroy(run);
  hd_graph_destroy(graph);
}

/* On real threads and a real clock: the tasks of a row follow each other, as viewers want it. */
static void tasks_of_one_worker_do_not_overlap(void **state) {
  (void)state;
  enum { COUNT = 2000 };
  hd_graph *graph = hdt_row(COUNT, false, HDT_SUM, NULL);
  assert_int_equal(hd_graph_seal(graph, &(hd_seal_desc){.keep_all = true}), HD_OK);
  hd_pool *pool;
  assert_int_equal(hd_pool_create(&pool), HD_OK);
  assert_int_equal(hd_pool_start(pool, 2), HD_OK);
  hd_run *run = hdt_run(graph, &(hd_run_desc){.worker_count = 2, .trace = true});
  assert_int_equal(hd_pool_submit(pool, run), HD_OK);
  assert_int_equal(hd_pool_wait(pool, run), HD_OK);
  sheet page = written(run, NULL);
  uint32_t events = 0;
  unsigned long long end[2] = {0, 0}; /* in nanoseconds */
  for (const char *at = page.text; (at = strstr(at, "\"ph\":\"X\"")); at++, events++) {
    unsigned tid;
    unsigned long long us, ns, dur_us, dur_ns; /* tasks of a worker rise by rank, as they began */
    assert_int_equal(
        sscanf(at, "\"ph\":\"X\",\"pid\":1,\"tid\":%u,\"ts\":%llu.%3llu,\"dur\":%llu.%3llu", &tid,
               &us, &ns, &dur_us, &dur_ns),
        5);
    assert_true(tid == 1 || tid == 2);
    assert_true(us * 1000 + ns >= end[tid - 1]);
    end[tid - 1] = us * 1000 + ns + dur_us * 1000 + dur_ns;
  }
  assert_int_equal(events, COUNT);
  free(page.text);
  hd_run_destroy(run);
  hd_pool_destroy(pool);
  hd_graph_destroy(graph);
}

static void misuse_traps(void **state) {
  (void)state;
  hd_graph *graph = hdt_sealed("a", "a", NULL);
  hd_run *untraced = hdt_run(graph, &(hd_run_desc){0}),
         *traced = hdt_run(graph, &(hd_run_desc){.trace = true});
  sheet page = {NULL, 0, SIZE_MAX, 0, 0};
  hdt_assert_traps((void)hd_trace_write_chrome(untraced, &(hd_trace_desc){keep, NULL, &page}));
  hdt_assert_traps((void)hd_trace_write_chrome(traced, &(hd_trace_desc){NULL, NULL, &page}));
  hd_run_destroy(untraced);
  hd_run_destroy(traced);
  hd_graph_destroy(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(each_claimed_task_is_an_event_and_each_worker_a_row),
      hdt_test(a_run_that_never_began_has_no_events),
      hdt_test(a_part_says_which_of_its_group_it_is),
      hdt_test(names_are_the_callers_then_keys_then_ids),
      hdt_test(keys_of_any_bytes_become_valid_strings),
      hdt_test(a_clock_gone_wild_still_gives_numbers),
      hdt_test(a_writer_that_fails_ends_it_with_write_failed),
      hdt_test(tasks_of_one_worker_do_not_overlap),
      hdt_test(misuse_traps),
  };
  return hdt_run_tests(tests);
}
