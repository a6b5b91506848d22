/* Counted blocks. A block of its own has its bytes right behind it; a slice points into its parent
 * and holds one count of it. Sync BLOCK-1: whoever takes the count to 0 has, through that very
 * operation, seen everything that other holders did before they let go. */
#include <hd/value.h>

#include "base/atomic.h"
#include "base/cache.h"
#include "base/check.h"

struct hd_block {
  hdi_u32 count;
  uint32_t reserved;
  size_t bytes;
  unsigned char *data;
  hd_block *parent;
};

enum { BLOCK_HEADER_BYTES = (sizeof(hd_block) + 15) / 16 * 16 };

hd_status hd_block_create(size_t bytes, hd_block **out) {
  if (bytes > SIZE_MAX - BLOCK_HEADER_BYTES) return HD_OUT_OF_MEMORY;
  hd_block *block = hdi_cache_alloc(BLOCK_HEADER_BYTES + bytes);
  if (!block) return HD_OUT_OF_MEMORY;
  hdi_store_relaxed_u32(&block->count, 1);
  block->bytes = bytes;
  block->data = (unsigned char *)block + BLOCK_HEADER_BYTES;
  block->parent = NULL;
  *out = block;
  return HD_OK;
}

hd_status hd_block_slice(hd_block *parent, size_t offset, size_t bytes, hd_block **out) {
  HD_ASSERT(offset <= parent->bytes && bytes <= parent->bytes - offset);
  hd_block *block = hdi_cache_alloc(sizeof *block);
  if (!block) return HD_OUT_OF_MEMORY;
  hdi_store_relaxed_u32(&block->count, 1);
  block->bytes = bytes;
  block->data = parent->data + offset;
  block->parent = parent->parent ? parent->parent : parent; /* slices never chain */
  hd_block_retain(block->parent);
  *out = block;
  return HD_OK;
}

void hd_block_retain(hd_block *block) { hdi_add_seq_u32(&block->count, 1); }

void hd_block_release(hd_block *block) {
  if (!block || hdi_sub_seq_u32(&block->count, 1) != 1) return; /* sync BLOCK-1 */
  if (block->parent) hd_block_release(block->parent);
  hdi_cache_free(block);
}

void *hd_block_data(hd_block *block) { return block->data; }
size_t hd_block_bytes(const hd_block *block) { return block->bytes; }

void hd_value_release(hd_value *value) {
  if (value->tag == HD_BLOCK) hd_block_release(value->as.block);
  value->tag = HD_EMPTY;
  value->as.bits = 0;
}
