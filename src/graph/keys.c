/* A hash table of task numbers over one text arena. The seed differs from graph to graph, so that
 * keys from outside cannot be chosen to collide; nothing that a user sees depends on it. */
#include "graph/keys.h"

#include "base/clock.h"
#include "base/memory.h"

#include <hd/status.h>
#include <string.h>

void hdi_keys_init(hdi_keys *keys) {
  memset(keys, 0, sizeof *keys);
  keys->seed = (uint64_t)(uintptr_t)keys * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)hdi_clock_us();
}

void hdi_keys_fini(hdi_keys *keys) {
  hdi_free(keys->text);
  hdi_free(keys->at);
  hdi_free(keys->slots);
}

static uint64_t mix(uint64_t hash) {
  hash ^= hash >> 32;
  hash *= UINT64_C(0xd6e8feb86659fd93);
  hash ^= hash >> 32;
  return hash;
}

static uint32_t hash_of(const hdi_keys *keys, const char *key, size_t length) {
  uint64_t hash = keys->seed ^ length;
  while (length) {
    uint64_t word = 0;
    size_t step = length < 8 ? length : 8;
    memcpy(&word, key, step);
    hash = mix(hash ^ word) + keys->seed;
    key += step;
    length -= step;
  }
  return (uint32_t)mix(hash);
}

/* A key's length stands before its text, which may hold any bytes. */
static uint32_t length_at(const hdi_keys *keys, uint32_t at) {
  uint32_t length;
  memcpy(&length, keys->text + at - sizeof length, sizeof length);
  return length;
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t slot_of(const hdi_keys *keys, const char *key, size_t length) {
  uint32_t mask = keys->slot_count - 1;
  uint32_t slot = hash_of(keys, key, length) & mask;
  while (keys->slots[slot] != HD_NONE) {
    uint32_t at = keys->at[keys->slots[slot]];
    if (length_at(keys, at) == length && memcmp(keys->text + at, key, length) == 0) break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

static void fill_slots(hdi_keys *keys) {
  memset(keys->slots, 0xff, keys->slot_count * sizeof *keys->slots);
  keys->key_count = 0;
  for (uint32_t task = 0; task < keys->at_count; task++) {
    const char *key = hdi_keys_of(keys, task);
    if (!key) continue;
    keys->slots[slot_of(keys, key, length_at(keys, keys->at[task]))] = task;
    keys->key_count++;
  }
}

static bool reserve_slots(hdi_keys *keys) {
  if (keys->key_count + 1 <= keys->slot_count / 2) return true;
  uint32_t count = keys->slot_count ? keys->slot_count * 2 : 16;
  uint32_t *slots = hdi_alloc(count, sizeof *slots);
  if (!slots) return false;
  hdi_free(keys->slots);
  keys->slots = slots;
  keys->slot_count = count;
  fill_slots(keys);
  return true;
}

hdi_key_added hdi_keys_add(hdi_keys *keys, uint32_t task, const char *key, size_t length,
                           uint32_t *holder) {
  uint32_t bytes = (uint32_t)length;
  if (length >= UINT32_MAX / 2 - keys->text_length) return HDI_KEY_TOO_LONG;
  if (!reserve_slots(keys) ||
      !hdi_reserve((void **)&keys->at, &keys->at_capacity, task + 1, sizeof *keys->at) ||
      !hdi_reserve((void **)&keys->text, &keys->text_capacity,
                   keys->text_length + (uint32_t)sizeof bytes + bytes + 1, 1))
    return HDI_KEY_NO_MEMORY;
  uint32_t slot = slot_of(keys, key, length);
  if (keys->slots[slot] != HD_NONE) {
    *holder = keys->slots[slot];
    return HDI_KEY_TAKEN;
  }
  while (keys->at_count < task) keys->at[keys->at_count++] = HD_NONE;
  memcpy(keys->text + keys->text_length, &bytes, sizeof bytes);
  keys->text_length += (uint32_t)sizeof bytes;
  keys->at[keys->at_count++] = keys->text_length;
  memcpy(keys->text + keys->text_length, key, length);
  keys->text[keys->text_length + bytes] = 0;
  keys->text_length += bytes + 1;
  keys->slots[slot] = task;
  keys->key_count++;
  return HDI_KEY_ADDED;
}

void hdi_keys_truncate(hdi_keys *keys, uint32_t task) {
  if (task >= keys->at_count) return;
  for (uint32_t gone = task; gone < keys->at_count; gone++) {
    if (keys->at[gone] == HD_NONE) continue;
    keys->text_length = keys->at[gone] - (uint32_t)sizeof(uint32_t);
    break;
  }
  keys->at_count = task;
  fill_slots(keys);
}

uint32_t hdi_keys_find(const hdi_keys *keys, const char *key, size_t length) {
  return keys->slot_count ? keys->slots[slot_of(keys, key, length)] : HD_NONE;
}

const char *hdi_keys_of(const hdi_keys *keys, uint32_t task) {
  if (task >= keys->at_count || keys->at[task] == HD_NONE) return NULL;
  return keys->text + keys->at[task];
}

size_t hdi_keys_length(const hdi_keys *keys, uint32_t task) { return length_at(keys, keys->at[task]); }
