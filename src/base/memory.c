/* Counted memory. Each piece carries its size in front, so that live bytes are exact and hdi_free
 * needs no size. The live count is one sum, to which caches (base/cache.h) add what they know when their worker
 * lets go of a run: exact whenever nothing is in flight. */
#include "base/memory.h"

#include "base/atomic.h"
#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 16 }; /* keeps the alignment of malloc */

static void *system_alloc(void *user, size_t bytes) {
  (void)user;
  return malloc(bytes);
}

static void system_free(void *user, void *memory) {
  (void)user;
  free(memory);
}

static const hd_allocator system_allocator = {system_alloc, system_free, NULL};
static hd_allocator current = {system_alloc, system_free, NULL};
static hdi_u64 live_bytes;

void hd_memory_set_allocator(const hd_allocator *allocator) {
  current = allocator ? *allocator : system_allocator;
}

size_t hd_memory_live_bytes(void) { return (size_t)hdi_load_seq_u64(&live_bytes); }

void *hdi_alloc_uncounted(size_t bytes) {
  unsigned char *memory = bytes > SIZE_MAX / 2 - HEADER_BYTES ? NULL : current.alloc(current.user, bytes + HEADER_BYTES);
  return memory ? memory + HEADER_BYTES : NULL;
}

void hdi_free_uncounted(void *memory) { current.free(current.user, (unsigned char *)memory - HEADER_BYTES); }

size_t hdi_bytes_of(const void *memory) {
  size_t bytes;
  memcpy(&bytes, (const unsigned char *)memory - HEADER_BYTES, sizeof bytes);
  return bytes;
}

void hdi_set_bytes(void *memory, size_t bytes) {
  memcpy((unsigned char *)memory - HEADER_BYTES, &bytes, sizeof bytes);
}

void hdi_count_live(int64_t bytes) { hdi_add_seq_u64(&live_bytes, (uint64_t)bytes); }

void *hdi_alloc(size_t count, size_t item_bytes) {
  if (item_bytes && count > SIZE_MAX / 2 / item_bytes) return NULL;
  size_t bytes = count * item_bytes;
  void *memory = hdi_alloc_uncounted(bytes);
  if (!memory) return NULL;
  hdi_set_bytes(memory, bytes);
  hdi_count_live((int64_t)bytes);
  return memory;
}

void *hdi_alloc_zero(size_t count, size_t item_bytes) {
  void *memory = hdi_alloc(count, item_bytes);
  if (memory) memset(memory, 0, count * item_bytes);
  return memory;
}

void hdi_free(void *memory) {
  if (!memory) return;
  hdi_count_live(-(int64_t)hdi_bytes_of(memory));
  hdi_free_uncounted(memory);
}

bool hdi_reserve(void **items, uint32_t *capacity, uint32_t need, size_t item_bytes) {
  if (need <= *capacity) return true;
  uint32_t grown = *capacity < 8 ? 8 : *capacity;
  while (grown < need) grown = grown > UINT32_MAX / 2 ? UINT32_MAX : grown * 2;
  void *larger = hdi_alloc(grown, item_bytes);
  if (!larger) return false;
  if (*capacity) memcpy(larger, *items, (size_t)*capacity * item_bytes);
  hdi_free(*items);
  *items = larger;
  *capacity = grown;
  return true;
}
