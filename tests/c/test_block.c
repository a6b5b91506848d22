/* Counted blocks and slices. hdt_test sees that every one is freed, ASan that none is freed early. */
#include "hdt.h"

static void a_block_has_room_for_its_bytes_and_is_aligned(void **state) {
  (void)state;
  for (size_t bytes = 0; bytes < 100; bytes++) {
    hd_value value = hdt_block(bytes);
    hd_block *block = value.as.block;
    assert_int_equal(hd_block_bytes(block), bytes);
    assert_int_equal((uintptr_t)hd_block_data(block) % 16, 0);
    memset(hd_block_data(block), 0xee, bytes);
    hd_block_release(block);
  }
  hd_block_release(NULL);
}

static void the_last_release_frees(void **state) {
  (void)state;
  size_t before = hd_memory_live_bytes();
  hd_block *block = hdt_block(1000).as.block;
  size_t with_block = hd_memory_live_bytes();
  assert_true(with_block >= before + 1000);
  hd_block_retain(block);
  hd_block_retain(block);
  hd_block_release(block);
  hd_block_release(block);
  assert_int_equal(hd_memory_live_bytes(), with_block);
  memset(hd_block_data(block), 1, 1000);
  hd_block_release(block);
  assert_int_equal(hd_memory_live_bytes(), before);
}

/* block  |----------------|
 * slice      |--------|       from 8
 * part          |--|          from 4 of the slice, the last to go */
static void a_slice_shares_bytes_and_keeps_them(void **state) {
  (void)state;
  hd_block *block = hdt_block(64).as.block, *slice, *part, *none;
  unsigned char *bytes = hd_block_data(block);
  for (uint32_t i = 0; i < 64; i++) bytes[i] = (unsigned char)i;
  assert_int_equal(hd_block_slice(block, 8, 32, &slice), HD_OK);
  assert_int_equal(hd_block_slice(slice, 4, 10, &part), HD_OK);
  assert_int_equal(hd_block_slice(block, 64, 0, &none), HD_OK);
  assert_int_equal(hd_block_bytes(slice), 32);
  assert_int_equal(hd_block_bytes(part), 10);
  assert_int_equal(hd_block_bytes(none), 0);
  assert_ptr_equal(hd_block_data(slice), bytes + 8);
  assert_ptr_equal(hd_block_data(part), bytes + 12);
  hd_block_release(none);
  hd_block_release(block);
  hd_block_release(slice);
  assert_int_equal(((unsigned char *)hd_block_data(part))[9], 21);
  assert_true(hd_memory_live_bytes() >= hdt_live_before + 64);
  hd_block_release(part);
  assert_int_equal(hd_memory_live_bytes(), hdt_live_before);
}

/* Each cut from the one before, which then goes: only the whole and the last are left. */
static void slices_of_slices_do_not_pile_up(void **state) {
  (void)state;
  hd_block *slice = hdt_block(64).as.block, *next;
  size_t with_one = 0;
  for (uint32_t i = 0; i < 1000; i++) {
    assert_int_equal(hd_block_slice(slice, 0, 64, &next), HD_OK);
    hd_block_release(slice);
    slice = next;
    if (i == 0) with_one = hd_memory_live_bytes();
    assert_int_equal(hd_memory_live_bytes(), with_one);
  }
  hd_block_release(slice);
}

static void a_slice_of_bytes_that_are_not_there_traps(void **state) {
  (void)state;
  hd_block *block = hdt_block(64).as.block, *slice;
  hdt_assert_traps((void)hd_block_slice(block, 0, 65, &slice));
  hdt_assert_traps((void)hd_block_slice(block, 65, 0, &slice));
  hdt_assert_traps((void)hd_block_slice(block, 32, SIZE_MAX - 16, &slice));
  hd_block_release(block);
}

static void a_block_of_more_than_all_memory_is_out_of_memory(void **state) {
  (void)state;
  hd_block *block = NULL;
  assert_int_equal(hd_block_create(SIZE_MAX, &block), HD_OUT_OF_MEMORY);
  assert_int_equal(hd_block_create(SIZE_MAX - 40, &block), HD_OUT_OF_MEMORY);
  assert_int_equal(hd_block_create(SIZE_MAX / 2, &block), HD_OUT_OF_MEMORY);
  assert_null(block);
}

static void releasing_a_value_empties_it(void **state) {
  (void)state;
  hd_value value = hdt_block(10);
  hd_value_release(&value);
  assert_int_equal(value.tag, HD_EMPTY);
  assert_int_equal(value.as.bits, 0);
  hd_value_release(&value);
  value = hd_number(4);
  hd_value_release(&value);
  assert_int_equal(value.tag, HD_EMPTY);
  assert_int_equal(sizeof(hd_value), 16);
  assert_int_equal(offsetof(hd_value, kind), 4);
  assert_int_equal(offsetof(hd_value, as), 8);
}

enum { SHARERS = 4, ROUNDS = 2000 };

static void share(void *argument) {
  hd_block *block = argument, *slice;
  for (uint32_t round = 0; round < ROUNDS; round++) {
    hd_block_retain(block);
    hdt_must(hd_block_slice(block, round % 16, 4, &slice) == HD_OK);
    hdt_must(*(unsigned char *)hd_block_data(slice) == round % 16);
    hd_block_release(block);
    hd_block_release(slice);
  }
  /* read after all that might order it otherwise: only the count says that nobody frees it before */
  hdt_must(((unsigned char *)hd_block_data(block))[17] == 17);
  hd_block_release(block);
}

/* Each thread has a count; whoever comes last frees. */
static void a_block_may_be_shared_by_threads(void **state) {
  (void)state;
  hdi_thread *threads[SHARERS];
  hd_block *block = hdt_block(32).as.block;
  for (uint32_t i = 0; i < 32; i++) ((unsigned char *)hd_block_data(block))[i] = (unsigned char)i;
  for (uint32_t i = 1; i < SHARERS; i++) hd_block_retain(block);
  for (uint32_t i = 0; i < SHARERS; i++)
    assert_int_equal(hdi_thread_start(share, block, &threads[i]), HD_OK);
  for (uint32_t i = 0; i < SHARERS; i++) hdi_thread_join(threads[i]);
  assert_int_equal(hd_memory_live_bytes(), hdt_live_before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hdt_test(a_block_has_room_for_its_bytes_and_is_aligned),
      hdt_test(the_last_release_frees),
      hdt_test(a_slice_shares_bytes_and_keeps_them),
      hdt_test(slices_of_slices_do_not_pile_up),
      hdt_test(a_slice_of_bytes_that_are_not_there_traps),
      hdt_test(a_block_of_more_than_all_memory_is_out_of_memory),
      hdt_test(releasing_a_value_empties_it),
      hdt_test(a_block_may_be_shared_by_threads),
  };
  return hdt_run_tests(tests);
}
