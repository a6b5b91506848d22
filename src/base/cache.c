#include "base/cache.h"

#include "base/memory.h"

#include <string.h>

typedef struct hdi_piece { /* a free one */
  struct hdi_piece *next;
} hdi_piece;

static _Thread_local hdi_cache *current;

void hdi_cache_enter(hdi_cache *cache) { current = cache; }

static size_t class_bytes(uint32_t class) { return (size_t)HDI_CACHE_SMALLEST_BYTES << class; }

/* The class of pieces that hold so many bytes; HDI_CACHE_CLASSES: too large. */
static uint32_t class_of(size_t bytes) {
  if (bytes <= HDI_CACHE_SMALLEST_BYTES) return 0;
  if (bytes > class_bytes(HDI_CACHE_CLASSES - 1)) return HDI_CACHE_CLASSES;
  return 32u - (uint32_t)__builtin_clz((uint32_t)(bytes - 1) / HDI_CACHE_SMALLEST_BYTES);
}

void *hdi_cache_alloc(size_t bytes) {
  uint32_t class = class_of(bytes);
  if (class == HDI_CACHE_CLASSES) return hdi_alloc(1, bytes);
  hdi_piece *piece = current ? current->free[class] : NULL;
  if (piece) {
    current->free[class] = piece->next;
    current->kept[class]--;
  } else if (!(piece = hdi_alloc_uncounted(class_bytes(class)))) { /* also without a cache: it may end in one */
    return NULL;
  }
  hdi_set_bytes(piece, bytes);
  if (current) current->live_bytes += (int64_t)bytes;
  else hdi_count_live((int64_t)bytes);
  return piece;
}

void hdi_cache_free(void *memory) {
  size_t bytes = hdi_bytes_of(memory);
  uint32_t class = class_of(bytes);
  if (!current || class == HDI_CACHE_CLASSES) {
    hdi_free(memory);
    return;
  }
  current->live_bytes -= (int64_t)bytes;
  if ((current->kept[class] + 1) * class_bytes(class) > HDI_CACHE_KEPT_BYTES) {
    hdi_free_uncounted(memory);
    return;
  }
  hdi_piece *piece = memory;
  piece->next = current->free[class];
  current->free[class] = piece;
  current->kept[class]++;
}

void hdi_cache_settle(hdi_cache *cache) {
  if (!cache->live_bytes) return;
  hdi_count_live(cache->live_bytes);
  cache->live_bytes = 0;
}

void hdi_cache_empty(hdi_cache *cache) {
  hdi_cache_settle(cache);
  for (uint32_t class = 0; class < HDI_CACHE_CLASSES; class++) {
    for (hdi_piece *piece = cache->free[class], *next; piece; piece = next) {
      next = piece->next;
      hdi_free_uncounted(piece);
    }
    cache->free[class] = NULL;
    cache->kept[class] = 0;
  }
}
