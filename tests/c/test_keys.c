/* The keys of a graph's tasks. */
#include "hdt.h"

#include "graph/keys.h"

static uint32_t holder;
static hdi_key_added add(hdi_keys *keys, uint32_t task, const char *key) {
  holder = HD_NONE;
  return hdi_keys_add(keys, task, key, strlen(key), &holder);
}

static uint32_t find(const hdi_keys *keys, const char *key) {
  return hdi_keys_find(keys, key, strlen(key));
}

static void an_empty_table_finds_nothing(void **state) {
  (void)state;
  hdi_keys keys;
  hdi_keys_init(&keys);
  assert_int_equal(find(&keys, "a"), HD_NONE);
  assert_null(hdi_keys_of(&keys, 0));
  hdi_keys_truncate(&keys, 0);
  hdi_keys_fini(&keys);
}

static void a_key_names_its_task_and_no_other(void **state) {
  (void)state;
  hdi_keys keys;
  hdi_keys_init(&keys);
  assert_int_equal(add(&keys, 2, "sum"), HDI_KEY_ADDED);
  assert_int_equal(add(&keys, 5, "sum-1"), HDI_KEY_ADDED);
  assert_int_equal(add(&keys, 6, "su"), HDI_KEY_ADDED);
  assert_int_equal(find(&keys, "sum"), 2);
  assert_int_equal(find(&keys, "sum-1"), 5);
  assert_int_equal(find(&keys, "su"), 6);
  assert_int_equal(find(&keys, "sum-"), HD_NONE);
  assert_int_equal(find(&keys, "s"), HD_NONE);
  assert_int_equal(hdi_keys_find(&keys, "sum-1 and more", 5), 5);
  assert_string_equal(hdi_keys_of(&keys, 2), "sum");
  assert_string_equal(hdi_keys_of(&keys, 5), "sum-1");
  for (uint32_t task = 0; task < 9; task++)
    if (task != 2 && task != 5 && task != 6) assert_null(hdi_keys_of(&keys, task));
  hdi_keys_fini(&keys);
}

static void a_key_may_hold_nul_and_is_told_from_its_beginning(void **state) {
  (void)state;
  hdi_keys keys;
  hdi_keys_init(&keys);
  assert_int_equal(hdi_keys_add(&keys, 0, "a\0b", 3, &holder), HDI_KEY_ADDED);
  assert_int_equal(hdi_keys_add(&keys, 1, "a\0c", 3, &holder), HDI_KEY_ADDED);
  assert_int_equal(add(&keys, 2, "a"), HDI_KEY_ADDED);
  assert_int_equal(hdi_keys_add(&keys, 3, "a\0b", 3, &holder), HDI_KEY_TAKEN);
  assert_int_equal(holder, 0);
  for (uint32_t task = 3; task < 100; task++) { /* the table grows */
    char key[] = {'k', 0, (char)task};
    assert_int_equal(hdi_keys_add(&keys, task, key, sizeof key, &holder), HDI_KEY_ADDED);
  }
  assert_int_equal(hdi_keys_find(&keys, "a\0c", 3), 1);
  assert_int_equal(find(&keys, "a"), 2);
  hdi_keys_truncate(&keys, 1);
  assert_int_equal(hdi_keys_find(&keys, "a\0b", 3), 0);
  assert_int_equal(hdi_keys_find(&keys, "a\0c", 3), HD_NONE);
  assert_int_equal(hdi_keys_add(&keys, 1, "a\0c", 3, &holder), HDI_KEY_ADDED);
  hdi_keys_fini(&keys);
}

static void a_taken_key_tells_who_has_it_and_changes_nothing(void **state) {
  (void)state;
  hdi_keys keys;
  hdi_keys_init(&keys);
  add(&keys, 0, "a");
  add(&keys, 1, "b");
  assert_int_equal(add(&keys, 2, "a"), HDI_KEY_TAKEN);
  assert_int_equal(holder, 0);
  assert_null(hdi_keys_of(&keys, 2));
  assert_int_equal(find(&keys, "a"), 0);
  assert_int_equal(add(&keys, 2, "c"), HDI_KEY_ADDED);
  assert_int_equal(find(&keys, "c"), 2);
  hdi_keys_fini(&keys);
}

static void keys_of_all_lengths_and_bytes_are_kept(void **state) {
  (void)state;
  hdi_keys keys;
  hdi_keys_init(&keys);
  enum { LONGEST = 300 };
  char key[LONGEST + 1];
  for (uint32_t length = 1; length < LONGEST; length++) {
    for (uint32_t i = 0; i < length; i++) key[i] = (char)(1 + (i + length) % 255);
    assert_int_equal(hdi_keys_add(&keys, length, key, length, &holder), HDI_KEY_ADDED);
  }
  for (uint32_t length = 1; length < LONGEST; length++) {
    for (uint32_t i = 0; i < length; i++) key[i] = (char)(1 + (i + length) % 255);
    key[length] = 0;
    assert_int_equal(find(&keys, key), length);
    assert_string_equal(hdi_keys_of(&keys, length), key);
    key[length - 1] ^= 0x40; /* the last byte counts */
    if (key[length - 1]) assert_int_not_equal(find(&keys, key), length);
  }
  assert_int_equal(hdi_keys_add(&keys, LONGEST, key, UINT32_MAX, &holder), HDI_KEY_TOO_LONG);
  hdi_keys_fini(&keys);
}

static void many_keys_stay_easy_to_find(void **state) {
  (void)state;
  hdi_keys keys;
  hdi_keys_init(&keys);
  char key[32];
  enum { COUNT = 20000 };
  for (uint32_t task = 0; task < COUNT; task++) {
    snprintf(key, sizeof key, "chunk-%u", task);
    assert_int_equal(add(&keys, task, key), HDI_KEY_ADDED);
  }
  for (uint32_t task = 0; task < COUNT; task++) {
    snprintf(key, sizeof key, "chunk-%u", task);
    assert_int_equal(find(&keys, key), task);
  }
  assert_int_equal(find(&keys, "chunk-20000"), HD_NONE);
  assert_int_equal(keys.key_count, COUNT);
  assert_true(keys.slot_count >= 2 * COUNT); /* at most half full: probes stay short */
  hdi_keys_fini(&keys);
}

/* Adds, truncates and looks up at random, beside a plain array of who has which key. */
static void adding_and_truncating_at_random_agrees_with_an_array(void **state) {
  (void)state;
  enum { NAMES = 40, TASKS = 200 };
  for (uint64_t seed = 1; seed <= 100; seed++) {
    hdt_seed(seed);
    hdi_keys keys;
    hdi_keys_init(&keys);
    keys.seed = hdt_below(UINT32_MAX); /* collisions, too, depend on the seed */
    uint32_t holders[NAMES], next = 0;
    memset(holders, 0xff, sizeof holders);
    char key[16];
    for (uint32_t step = 0; step < 150; step++) {
      uint32_t name = hdt_below(NAMES);
      snprintf(key, sizeof key, "%u", name * name);
      if (next >= TASKS || hdt_below(12) == 0) {
        next = hdt_below(next + 1);
        hdi_keys_truncate(&keys, next);
        for (uint32_t i = 0; i < NAMES; i++)
          if (holders[i] != HD_NONE && holders[i] >= next) holders[i] = HD_NONE;
      } else if (holders[name] == HD_NONE) {
        next += hdt_below(3);
        assert_int_equal(add(&keys, next, key), HDI_KEY_ADDED);
        holders[name] = next++;
      } else {
        assert_int_equal(add(&keys, next, key), HDI_KEY_TAKEN);
        assert_int_equal(holder, holders[name]);
      }
      for (uint32_t i = 0; i < NAMES; i++) {
        snprintf(key, sizeof key, "%u", i * i);
        assert_int_equal(find(&keys, key), holders[i]);
        if (holders[i] != HD_NONE) assert_string_equal(hdi_keys_of(&keys, holders[i]), key);
      }
      assert_null(hdi_keys_of(&keys, next));
    }
    hdi_keys_fini(&keys);
  }
  hdt_seed_end();
}

static void truncating_gives_the_text_back(void **state) {
  (void)state;
  hdi_keys keys;
  hdi_keys_init(&keys);
  add(&keys, 0, "stays");
  uint32_t before = keys.text_length;
  for (uint32_t round = 0; round < 1000; round++) {
    assert_int_equal(add(&keys, 3, "comes and goes"), HDI_KEY_ADDED);
    assert_int_equal(add(&keys, 4, "this, too"), HDI_KEY_ADDED);
    hdi_keys_truncate(&keys, 2);
  }
  assert_int_equal(keys.text_length, before);
  assert_int_equal(keys.key_count, 1);
  assert_int_equal(keys.slot_count, 16);
  hdi_keys_fini(&keys);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(an_empty_table_finds_nothing),
      hdt_test(a_key_names_its_task_and_no_other),
      hdt_test(a_key_may_hold_nul_and_is_told_from_its_beginning),
      hdt_test(a_taken_key_tells_who_has_it_and_changes_nothing),
      hdt_test(keys_of_all_lengths_and_bytes_are_kept),
      hdt_test(many_keys_stay_easy_to_find),
      hdt_test(adding_and_truncating_at_random_agrees_with_an_array),
      hdt_test(truncating_gives_the_text_back),
  };
  return hdt_run_tests(tests);
}
