/* The ready set: which tasks may be claimed, lowest rank first. Lock-free, without allocation after
 * it was made. README.md in this folder has the invariants (READY-1 … 4) and why they hold. */
#ifndef HDI_RUN_READY_H
#define HDI_RUN_READY_H

#include "base/atomic.h"

/* Bits used of each word: 64, fewer in the model checker, which needs tiny sets of many levels. */
#ifndef HDI_READY_BITS
#define HDI_READY_BITS 64u
#endif
#define HDI_READY_LEVELS 6u

/* Level 0 has a bit for each task. A bit of level n + 1 says that a word of level n is not 0. The top
 * level is one word. */
typedef struct hdi_ready {
  uint32_t level_count;
  hdi_u64 *levels[HDI_READY_LEVELS];
} hdi_ready;

/* Words that a set of so many tasks needs. */
uint32_t hdi_ready_word_count(uint32_t task_count);

/* Lays an empty set out over `words`, which must be 0 and stay as long as the set. */
void hdi_ready_init(hdi_ready *ready, uint32_t task_count, hdi_u64 *words);

/* Adds a task that is not in the set. */
void hdi_ready_add(hdi_ready *ready, uint32_t task);

/* Takes up to `max` tasks, the lowest ones of the lowest word that has any, rising. 0 means that the
 * set looked empty. *raised is set when it had to make tasks of others visible again: all who sleep
 * may have missed them, and nobody knows how many they are, so wake all. It is rare. */
uint32_t hdi_ready_take(hdi_ready *ready, uint32_t max, uint32_t *tasks, bool *raised);

/* The same as bits: bit i is task *from + i. */
uint64_t hdi_ready_take_bits(hdi_ready *ready, uint32_t max, uint32_t *from, bool *raised);

/* The lowest task that there looks to be, or a lower number while others change the set; UINT32_MAX: none.
 * Writes nothing. */
uint32_t hdi_ready_lowest(const hdi_ready *ready);

/* Whether there looks to be a task. */
static inline bool hdi_ready_any(const hdi_ready *ready) {
  return hdi_load_seq_u64(&ready->levels[ready->level_count - 1][0]) != 0; /* sync READY-4 */
}

#endif
