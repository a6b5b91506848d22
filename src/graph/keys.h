/* The keys of a graph's tasks: each names one task. */
#ifndef HDI_GRAPH_KEYS_H
#define HDI_GRAPH_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hdi_keys {
  char *text; /* all keys, each ended by a 0 byte */
  uint32_t text_length, text_capacity;
  uint32_t *at; /* per task where its key starts in text; HD_NONE: none */
  uint32_t at_count, at_capacity;
  uint32_t *slots; /* open addressing, power of two: a task, or HD_NONE */
  uint32_t slot_count, key_count;
  uint64_t seed;
} hdi_keys;

typedef enum hdi_key_added { HDI_KEY_ADDED, HDI_KEY_TAKEN, HDI_KEY_NO_MEMORY, HDI_KEY_TOO_LONG } hdi_key_added;

void hdi_keys_init(hdi_keys *keys);
void hdi_keys_fini(hdi_keys *keys);

/* Names a task, which must be higher than every one named before. TAKEN: *holder has the key. */
hdi_key_added hdi_keys_add(hdi_keys *keys, uint32_t task, const char *key, size_t length,
                           uint32_t *holder);

/* Forgets the keys of all tasks from `task` on. */
void hdi_keys_truncate(hdi_keys *keys, uint32_t task);

/* The task with this key, or HD_NONE. */
uint32_t hdi_keys_find(const hdi_keys *keys, const char *key, size_t length);

/* The key of a task, or NULL. */
const char *hdi_keys_of(const hdi_keys *keys, uint32_t task);

/* How many bytes the key of a task has, which must have one; there may be NULs among them. */
size_t hdi_keys_length(const hdi_keys *keys, uint32_t task);

#endif
