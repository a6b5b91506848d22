/* The base: statuses, text, the clock, bells, memory that is counted. */
#include "hdt.h"

#include "base/bell.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

static void every_status_has_a_name_and_a_sentence_of_its_own(void **state) {
  (void)state;
  for (int one = 0; one <= HD_WRITE_FAILED; one++) {
    assert_true(strlen(hd_strerror((hd_status)one)) > 5);
    for (int other = 0; other < one; other++) {
      assert_string_not_equal(hd_strerror((hd_status)one), hd_strerror((hd_status)other));
      assert_string_not_equal(hd_status_name((hd_status)one), hd_status_name((hd_status)other));
    }
  }
  assert_string_equal(hd_status_name(HD_CYCLE), "CYCLE");
  assert_string_equal(hd_strerror(HD_CYCLE), "the graph has a cycle");
  assert_string_equal(hd_status_name((hd_status)9999), "UNKNOWN");
  assert_string_equal(hd_strerror((hd_status)9999), "unknown status");
}

static void the_version_is_three_numbers(void **state) {
  (void)state;
  unsigned major, minor, patch;
  assert_int_equal(sscanf(hd_version(), "%u.%u.%u", &major, &minor, &patch), 3);
}

static void text_is_cut_to_its_buffer(void **state) {
  (void)state;
  char buffer[9] = "________";
  hdi_text text;
  hdi_text_init(&text, buffer, 8);
  assert_string_equal(buffer, "");
  hdi_text_add(&text, "abc");
  hdi_text_add_number(&text, 0);
  assert_string_equal(buffer, "abc0");
  hdi_text_add_number(&text, UINT32_MAX);
  assert_string_equal(buffer, "abc0429");
  hdi_text_add(&text, "more");
  assert_string_equal(buffer, "abc0429");
  char large[32];
  hdi_text_init(&text, large, sizeof large);
  hdi_text_add_number(&text, UINT32_MAX);
  hdi_text_add_number(&text, 10);
  assert_string_equal(large, "429496729510");
}

static void the_clock_counts_microseconds(void **state) {
  (void)state;
  struct timespec now;
  double before = hdi_clock_us();
  clock_gettime(CLOCK_MONOTONIC, &now);
  double after = hdi_clock_us(), middle = (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
  assert_true(before <= middle + 1 && middle <= after + 1);
}

static void memory_is_counted_to_the_byte(void **state) {
  (void)state;
  size_t before = hd_memory_live_bytes();
  void *one = hdi_alloc(3, 7), *two = hdi_alloc(0, 4), *three = hdi_alloc(4, 0);
  assert_non_null(two);
  assert_non_null(three);
  assert_int_equal(hd_memory_live_bytes(), before + 21);
  unsigned char *four = hdi_alloc_zero(100, 10);
  for (uint32_t i = 0; i < 1000; i++) assert_int_equal(four[i], 0);
  assert_int_equal(hd_memory_live_bytes(), before + 1021);
  hdi_free(one);
  hdi_free(two);
  hdi_free(three);
  hdi_free(four);
  hdi_free(NULL);
  assert_int_equal(hd_memory_live_bytes(), before);
}

static void a_size_that_overflows_gives_no_memory(void **state) {
  (void)state;
  assert_null(hdi_alloc(SIZE_MAX / 8 + 2, 8)); /* the product is 8 */
  assert_null(hdi_alloc(SIZE_MAX, 1));
  assert_null(hdi_alloc(SIZE_MAX - 8, 1)); /* with the header it is 7 */
  assert_null(hdi_alloc_zero(SIZE_MAX, SIZE_MAX));
}

static void reserving_keeps_the_items_and_grows_in_large_steps(void **state) {
  (void)state;
  uint32_t *items = NULL, capacity = 0, moves = 0;
  for (uint32_t i = 0; i < 10000; i++) {
    uint32_t *old = items;
    assert_true(hdi_reserve((void **)&items, &capacity, i + 1, sizeof *items));
    assert_true(capacity >= i + 1);
    moves += items != old;
    items[i] = i;
  }
  for (uint32_t i = 0; i < 10000; i++) assert_int_equal(items[i], i);
  assert_true(moves < 20);
  uint32_t *old = items;
  assert_false(hdi_reserve((void **)&items, &capacity, UINT32_MAX, SIZE_MAX / 16));
  assert_ptr_equal(items, old);
  assert_true(hdi_reserve((void **)&items, &capacity, capacity, sizeof *items));
  assert_ptr_equal(items, old);
  hdi_free(items);
}

typedef struct sleeper {
  hdi_bell *bell;
  hdi_u32 about_to_sleep, awake;
} sleeper;

static void sleep_until_it_rings(void *argument) {
  sleeper *self = argument;
  uint32_t seen = hdi_load_seq_u32(&self->bell->value);
  hdi_add_seq_u32(&self->about_to_sleep, 1);
  hdi_bell_wait(self->bell, seen, 1000 * HDT_HANG_SECONDS);
  hdi_add_seq_u32(&self->awake, 1);
}

static void a_bell_wakes_all_who_sleep_on_it(void **state) {
  (void)state;
  hdi_bell bell;
  assert_true(hdi_bell_init(&bell));
  for (uint32_t round = 0; round < 50; round++) {
    sleeper self = {&bell, {0}, {0}};
    hdi_thread *threads[2];
    for (uint32_t i = 0; i < 2; i++)
      assert_int_equal(hdi_thread_start(sleep_until_it_rings, &self, &threads[i]), HD_OK);
    hdt_until(hdi_load_seq_u32(&self.about_to_sleep) == 2);
    hdi_bell_ring(&bell);
    hdt_until(hdi_load_seq_u32(&self.awake) == 2);
    for (uint32_t i = 0; i < 2; i++) hdi_thread_join(threads[i]);
  }
  hdi_bell_fini(&bell);
}

static void a_bell_that_rang_already_lets_nobody_sleep(void **state) {
  (void)state;
  hdi_bell bell;
  assert_true(hdi_bell_init(&bell));
  uint32_t seen = hdi_load_seq_u32(&bell.value);
  hdi_bell_ring(&bell);
  assert_int_not_equal(hdi_load_seq_u32(&bell.value), seen);
  hdi_bell_wait(&bell, seen, 1000 * 1000); /* the watchdog is sooner */
  hdi_bell_fini(&bell);
}

static void a_wait_for_a_bell_ends_after_its_time(void **state) {
  (void)state;
  hdi_bell bell;
  assert_true(hdi_bell_init(&bell));
  for (uint32_t ms = 0; ms <= 10; ms += 5) {
    double start = hdi_clock_us();
    hdi_bell_wait(&bell, hdi_load_seq_u32(&bell.value), ms);
    assert_true(hdi_clock_us() - start >= 1000.0 * ms - 1);
  }
  hdi_bell_fini(&bell);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(every_status_has_a_name_and_a_sentence_of_its_own),
      hdt_test(the_version_is_three_numbers),
      hdt_test(text_is_cut_to_its_buffer),
      hdt_test(the_clock_counts_microseconds),
      hdt_test(memory_is_counted_to_the_byte),
      hdt_test(a_size_that_overflows_gives_no_memory),
      hdt_test(reserving_keeps_the_items_and_grows_in_large_steps),
      hdt_test(a_bell_wakes_all_who_sleep_on_it),
      hdt_test(a_bell_that_rang_already_lets_nobody_sleep),
      hdt_test(a_wait_for_a_bell_ends_after_its_time),
  };
  return hdt_run_tests(tests);
}
