/* Workers' caches: pieces come back, may be freed by another worker, are counted, and are given back. */
#include "hdt.h"

#include "base/cache.h"
#include "base/memory.h"

static uint32_t system_pieces, refused;

static void *count_alloc(void *user, size_t bytes) {
  (void)user;
  if (refused) return NULL;
  system_pieces++;
  return malloc(bytes);
}

static void count_free(void *user, void *memory) {
  (void)user;
  system_pieces--;
  free(memory);
}

static void begin(void) {
  system_pieces = refused = 0;
  hd_memory_set_allocator(&(hd_allocator){count_alloc, count_free, NULL});
}

static void end(void) {
  assert_int_equal(system_pieces, 0);
  hd_memory_set_allocator(NULL);
}

static void a_freed_piece_is_used_again(void **state) {
  (void)state;
  begin();
  hdi_cache cache = {0};
  hdi_cache_enter(&cache);
  for (size_t bytes = 0; bytes <= 4096; bytes += bytes < 200 ? 1 : 61) {
    unsigned char *one = hdi_cache_alloc(bytes);
    memset(one, 7, bytes);
    hdi_cache_free(one);
    uint32_t before = system_pieces;
    unsigned char *other = hdi_cache_alloc(bytes);
    assert_ptr_equal(one, other);
    assert_int_equal(system_pieces, before);
    hdi_cache_free(other);
  }
  assert_int_equal(system_pieces, HDI_CACHE_CLASSES);
  hdi_cache_enter(NULL);
  hdi_cache_empty(&cache);
  end();
}

static void live_bytes_are_what_was_asked_for_once_settled(void **state) {
  (void)state;
  begin();
  hdi_cache cache = {0};
  hdi_cache_enter(&cache);
  size_t before = hd_memory_live_bytes();
  void *small = hdi_cache_alloc(100), *large = hdi_cache_alloc(100000);
  assert_int_equal(hd_memory_live_bytes(), before + 100000);
  hdi_cache_settle(&cache);
  assert_int_equal(hd_memory_live_bytes(), before + 100100);
  hdi_cache_free(large);
  hdi_cache_enter(NULL);
  hdi_cache_free(small); /* by a thread without a cache */
  assert_int_equal(hd_memory_live_bytes(), before);
  hdi_cache_empty(&cache);
  end();
}

/* Whoever has no cache still takes whole pieces: another may put them into its own. */
static void a_piece_got_without_a_cache_is_a_whole_one(void **state) {
  (void)state;
  begin();
  hdi_cache cache = {0};
  for (size_t bytes = 1; bytes <= 4096; bytes = bytes * 2 + 1) {
    void *piece = hdi_cache_alloc(bytes);
    hdi_cache_enter(&cache);
    hdi_cache_free(piece);
    size_t all = HDI_CACHE_SMALLEST_BYTES;
    while (all < bytes) all *= 2;
    unsigned char *other = hdi_cache_alloc(all);
    assert_ptr_equal(other, piece);
    memset(other, 7, all);
    hdi_cache_free(other);
    hdi_cache_enter(NULL);
  }
  hdi_cache_empty(&cache);
  end();
}

/* One worker makes what another releases: both stay small. */
static void a_piece_may_be_freed_by_another_worker(void **state) {
  (void)state;
  enum { COUNT = 10000, BYTES = 500 };
  begin();
  hdi_cache maker = {0}, reader = {0};
  for (uint32_t i = 0; i < COUNT; i++) {
    hdi_cache_enter(&maker);
    void *piece = hdi_cache_alloc(BYTES);
    hdi_cache_enter(&reader);
    hdi_cache_free(piece);
  }
  assert_true(system_pieces <= HDI_CACHE_KEPT_BYTES / BYTES);
  hdi_cache_enter(NULL);
  size_t live = hd_memory_live_bytes();
  hdi_cache_settle(&maker);
  assert_int_equal(hd_memory_live_bytes(), live + COUNT * BYTES);
  hdi_cache_empty(&reader);
  assert_int_equal(hd_memory_live_bytes(), live);
  hdi_cache_empty(&maker);
  end();
}

static void no_memory_is_said_and_changes_nothing(void **state) {
  (void)state;
  begin();
  hdi_cache cache = {0};
  hdi_cache_enter(&cache);
  refused = 1;
  assert_null(hdi_cache_alloc(100));
  assert_null(hdi_cache_alloc(100000));
  assert_null(hdi_cache_alloc(SIZE_MAX - 3));
  refused = 0;
  hdi_cache_free(hdi_cache_alloc(100));
  hdi_cache_enter(NULL);
  hdi_cache_empty(&cache);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(a_freed_piece_is_used_again),
      hdt_test(live_bytes_are_what_was_asked_for_once_settled),
      hdt_test(a_piece_may_be_freed_by_another_worker),
      hdt_test(a_piece_got_without_a_cache_is_a_whole_one),
      hdt_test(no_memory_is_said_and_changes_nothing),
  };
  return hdt_run_tests(tests);
}
