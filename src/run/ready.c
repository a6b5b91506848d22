#include "run/ready.h"

static uint32_t words_for(uint32_t bits) { return bits / HDI_READY_BITS + (bits % HDI_READY_BITS != 0); }

uint32_t hdi_ready_word_count(uint32_t task_count) {
  uint32_t total = 0, count = task_count;
  do {
    count = words_for(count);
    if (count == 0) count = 1;
    total += count;
  } while (count > 1);
  return total;
}

void hdi_ready_init(hdi_ready *ready, uint32_t task_count, hdi_u64 *words) {
  uint32_t count = task_count;
  ready->level_count = 0;
  do {
    count = words_for(count);
    if (count == 0) count = 1;
    ready->levels[ready->level_count++] = words;
    words += count;
  } while (count > 1);
}

/* How many tasks a word of a level stands for. */
static uint32_t tasks_of(uint32_t level) {
  uint32_t tasks = HDI_READY_BITS;
  while (level-- > 0) tasks *= HDI_READY_BITS;
  return tasks;
}

static inline uint64_t bit_of(uint32_t number) { return UINT64_C(1) << (number % HDI_READY_BITS); }

/* Makes sure that word `word` of level 0 can be found from the top. It looks at every level, also
 * above one that is marked already: whoever marked that one may not have come further yet. */
static void raise_word(hdi_ready *ready, uint32_t word) {
  for (uint32_t level = 1; level < ready->level_count; level++) {
    hdi_u64 *at = &ready->levels[level][word / HDI_READY_BITS];
    if (!(hdi_load_seq_u64(at) & bit_of(word))) hdi_or_seq_u64(at, bit_of(word)); /* sync READY-2 */
    word /= HDI_READY_BITS;
  }
}

/* Word `word` of `level` was seen to be 0: unmarks it above, as far up as words become 0 by that.
 * Looking again after each unmarking finds what was added in between (READY-3). */
static bool lower_word(hdi_ready *ready, uint32_t level, uint32_t word) {
  for (; level + 1 < ready->level_count; level++) {
    hdi_u64 *at = &ready->levels[level + 1][word / HDI_READY_BITS];
    uint64_t before = hdi_and_seq_u64(at, ~bit_of(word)); /* sync READY-3 */
    if (hdi_load_seq_u64(&ready->levels[level][word]) != 0) {
      for (; level + 1 < ready->level_count; level++) {
        hdi_or_seq_u64(&ready->levels[level + 1][word / HDI_READY_BITS], bit_of(word));
        word /= HDI_READY_BITS;
      }
      return true;
    }
    if (before & ~bit_of(word)) return false;
    word /= HDI_READY_BITS;
  }
  return false;
}

void hdi_ready_add(hdi_ready *ready, uint32_t task) {
  uint32_t word = task / HDI_READY_BITS;
  hdi_or_seq_u64(&ready->levels[0][word], bit_of(task)); /* sync READY-1 */
  raise_word(ready, word);
}

uint64_t hdi_ready_take_bits(hdi_ready *ready, uint32_t max, uint32_t *from, bool *raised) {
again:
  for (;;) {
    uint32_t word = 0;
    for (uint32_t level = ready->level_count - 1; level > 0; level--) {
      uint64_t marks = hdi_load_seq_u64(&ready->levels[level][word]);
      if (marks == 0) {
        if (level == ready->level_count - 1) return 0;
        if (lower_word(ready, level, word)) *raised = true;
        goto again;
      }
      word = word * HDI_READY_BITS + (uint32_t)__builtin_ctzll(marks);
    }
    hdi_u64 *at = &ready->levels[0][word];
    uint64_t there = hdi_load_seq_u64(at), wanted = 0;
    if (there == 0) {
      if (ready->level_count == 1) return 0;
      if (lower_word(ready, 0, word)) *raised = true;
      goto again;
    }
    if (max >= HDI_READY_BITS) {
      wanted = there;
    } else {
      for (uint32_t i = 0; i < max && there; i++) {
        wanted |= there & (~there + 1);
        there &= there - 1;
      }
    }
    uint64_t before = hdi_and_seq_u64(at, ~wanted); /* sync READY-1 */
    uint64_t taken = before & wanted;
    if ((before & ~wanted) == 0 && taken && lower_word(ready, 0, word)) *raised = true;
    if (taken) {
      *from = word * HDI_READY_BITS;
      return taken;
    }
  }
}

uint32_t hdi_ready_take(hdi_ready *ready, uint32_t max, uint32_t *tasks, bool *raised) {
  uint32_t from, count = 0;
  for (uint64_t taken = hdi_ready_take_bits(ready, max, &from, raised); taken; taken &= taken - 1)
    tasks[count++] = from + (uint32_t)__builtin_ctzll(taken);
  return count;
}

uint32_t hdi_ready_lowest(const hdi_ready *ready) {
  uint32_t word = 0;
  for (uint32_t level = ready->level_count; level-- > 0;) {
    uint64_t marks = hdi_load_seq_u64(&ready->levels[level][word]);
    if (marks == 0) return level == ready->level_count - 1 ? UINT32_MAX : word * tasks_of(level);
    word = word * HDI_READY_BITS + (uint32_t)__builtin_ctzll(marks);
  }
  return word;
}
