/* Counted memory. Each piece carries its size in front, so that live bytes are exact and hdi_free
 * needs no size. The live count is one relaxed-order sum: exact whenever nothing is in flight. */
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

void *hdi_alloc(size_t count, size_t item_bytes) {
  if (item_bytes && count > (SIZE_MAX / 2 - HEADER_BYTES) / item_bytes) return NULL;
  size_t bytes = count * item_bytes;
  unsigned char *memory = current.alloc(current.user, bytes + HEADER_BYTES);
  if (!memory) return NULL;
  memcpy(memory, &bytes, sizeof bytes);
  hdi_add_seq_u64(&live_bytes, bytes);
  return memory + HEADER_BYTES;
}

void *hdi_alloc_zero(size_t count, size_t item_bytes) {
  void *memory = hdi_alloc(count, item_bytes);
  if (memory) memset(memory, 0, count * item_bytes);
  return memory;
}

void hdi_free(void *memory) {
  if (!memory) return;
  unsigned char *start = (unsigned char *)memory - HEADER_BYTES;
  size_t bytes;
  memcpy(&bytes, start, sizeof bytes);
  hdi_add_seq_u64(&live_bytes, (uint64_t)0 - bytes);
  current.free(current.user, start);
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
