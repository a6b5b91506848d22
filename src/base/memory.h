/* Memory inside the core: counted, replaceable (hd/memory.h), and growing arrays on top of it. */
#ifndef HDI_BASE_MEMORY_H
#define HDI_BASE_MEMORY_H

#include <hd/memory.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `count` items of `item_bytes`, not cleared, or NULL (also when the product overflows). For 0 bytes
 * it still gives an address. */
void *hdi_alloc(size_t count, size_t item_bytes);

/* The same, cleared. */
void *hdi_alloc_zero(size_t count, size_t item_bytes);

/* Frees what hdi_alloc gave. NULL is fine. */
void hdi_free(void *memory);

/* For base/cache.c: without a word to the count of live bytes. The size in front of a piece is the caller's to
 * set, and to count. */
void *hdi_alloc_uncounted(size_t bytes);
void hdi_free_uncounted(void *memory);
size_t hdi_bytes_of(const void *memory);
void hdi_set_bytes(void *memory, size_t bytes);
void hdi_count_live(int64_t bytes);

/* Makes room for `need` items in the array *items of *capacity items. False, and nothing changed, if
 * there is no memory. */
bool hdi_reserve(void **items, uint32_t *capacity, uint32_t need, size_t item_bytes);

#endif
