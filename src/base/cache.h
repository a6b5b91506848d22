/* Free pieces of memory that a worker keeps for itself, so that blocks of results need neither malloc, which has
 * one lock in WebAssembly, nor the one count of live bytes. A piece may be freed by another worker than the one
 * that got it: it is then in that one's cache. Only the thread that has entered a cache uses it. */
#ifndef HDI_BASE_CACHE_H
#define HDI_BASE_CACHE_H

#include <stddef.h>
#include <stdint.h>

enum {
  HDI_CACHE_CLASSES = 7,             /* pieces of 64, 128 … 4096 bytes */
  HDI_CACHE_SMALLEST_BYTES = 64,
  HDI_CACHE_KEPT_BYTES = 32 * 1024u /* of each class, at most */
};

typedef struct hdi_cache {
  struct hdi_piece *free[HDI_CACHE_CLASSES];
  uint32_t kept[HDI_CACHE_CLASSES];
  int64_t live_bytes; /* got less given back, not yet in the count of all */
} hdi_cache;

/* From now on this thread uses `cache`; NULL: none. */
void hdi_cache_enter(hdi_cache *cache);

/* Like hdi_alloc and hdi_free, by way of this thread's cache if it has one and the piece is small. */
void *hdi_cache_alloc(size_t bytes);
void hdi_cache_free(void *memory);

/* Brings the count of live bytes up to date. By whoever has entered it, or alone knows of it. */
void hdi_cache_settle(hdi_cache *cache);

/* Settles and gives all pieces back to the system. Likewise. */
void hdi_cache_empty(hdi_cache *cache);

#endif
