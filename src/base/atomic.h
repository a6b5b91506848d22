/* Atomics: the only door to them, with the order in the name.
 *
 * Two orders are enough here. `_seq` operations are sequentially consistent; they carry all
 * synchronisation, so no fence is ever needed (race detectors do not model fences, and WebAssembly's
 * atomics are sequentially consistent anyway). `_relaxed` ones only keep a word from being torn: for
 * counters with one writer and for states that are shown to people.
 *
 * In WebAssembly a relaxed atomic would cost as much as a sequential one. Aligned plain accesses are
 * not torn there and mean just what is wanted, so the relaxed ones are volatile accesses.
 *
 * HDI_MODEL (tests/c/model) replaces the types and operations by those of a model checker. */
#ifndef HDI_BASE_ATOMIC_H
#define HDI_BASE_ATOMIC_H

#ifdef HDI_MODEL
#include HDI_MODEL
#else

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
typedef union hdi_u8  { _Atomic(uint8_t)  word; uint8_t  plain; } hdi_u8;
typedef union hdi_u32 { _Atomic(uint32_t) word; uint32_t plain; } hdi_u32;
typedef union hdi_u64 { _Atomic(uint64_t) word; uint64_t plain; } hdi_u64;
/* clang-format on */

#ifdef __wasm__
#define HDI_PLAIN(at) ((volatile __typeof__((at)->plain) *)(uintptr_t)&(at)->plain)
#define HDI_LOAD_RELAXED(at) (*HDI_PLAIN(at))
#define HDI_STORE_RELAXED(at, value) (*HDI_PLAIN(at) = (value))
#else
#define HDI_LOAD_RELAXED(at) atomic_load_explicit(&(at)->word, memory_order_relaxed)
#define HDI_STORE_RELAXED(at, value) atomic_store_explicit(&(at)->word, (value), memory_order_relaxed)
#endif

static inline uint8_t hdi_load_relaxed_u8(const hdi_u8 *at) { return HDI_LOAD_RELAXED(at); }
static inline void hdi_store_relaxed_u8(hdi_u8 *at, uint8_t value) { HDI_STORE_RELAXED(at, value); }
static inline uint8_t hdi_load_seq_u8(const hdi_u8 *at) { return atomic_load(&at->word); }
static inline void hdi_store_seq_u8(hdi_u8 *at, uint8_t value) { atomic_store(&at->word, value); }
static inline uint32_t hdi_load_relaxed_u32(const hdi_u32 *at) { return HDI_LOAD_RELAXED(at); }
static inline void hdi_store_relaxed_u32(hdi_u32 *at, uint32_t value) { HDI_STORE_RELAXED(at, value); }

static inline uint32_t hdi_load_seq_u32(const hdi_u32 *at) { return atomic_load(&at->word); }
static inline void hdi_store_seq_u32(hdi_u32 *at, uint32_t value) { atomic_store(&at->word, value); }
/* These return the value before. */
static inline uint32_t hdi_add_seq_u32(hdi_u32 *at, uint32_t value) {
  return atomic_fetch_add(&at->word, value);
}
static inline uint32_t hdi_sub_seq_u32(hdi_u32 *at, uint32_t value) {
  return atomic_fetch_sub(&at->word, value);
}
static inline uint32_t hdi_or_seq_u32(hdi_u32 *at, uint32_t bits) {
  return atomic_fetch_or(&at->word, bits);
}
static inline uint32_t hdi_and_seq_u32(hdi_u32 *at, uint32_t bits) {
  return atomic_fetch_and(&at->word, bits);
}
/* True if *at was `from` and is now `to`. */
static inline bool hdi_cas_seq_u32(hdi_u32 *at, uint32_t from, uint32_t to) {
  return atomic_compare_exchange_strong(&at->word, &from, to);
}

static inline uint64_t hdi_load_relaxed_u64(const hdi_u64 *at) { return HDI_LOAD_RELAXED(at); }
static inline void hdi_store_relaxed_u64(hdi_u64 *at, uint64_t value) { HDI_STORE_RELAXED(at, value); }
static inline uint64_t hdi_load_seq_u64(const hdi_u64 *at) { return atomic_load(&at->word); }
static inline void hdi_store_seq_u64(hdi_u64 *at, uint64_t value) { atomic_store(&at->word, value); }
static inline uint64_t hdi_or_seq_u64(hdi_u64 *at, uint64_t bits) {
  return atomic_fetch_or(&at->word, bits);
}
static inline uint64_t hdi_and_seq_u64(hdi_u64 *at, uint64_t bits) {
  return atomic_fetch_and(&at->word, bits);
}
static inline bool hdi_cas_seq_u64(hdi_u64 *at, uint64_t from, uint64_t to) {
  return atomic_compare_exchange_strong(&at->word, &from, to);
}
static inline uint64_t hdi_add_seq_u64(hdi_u64 *at, uint64_t value) {
  return atomic_fetch_add(&at->word, value);
}

typedef union hdi_pointer {
  _Atomic(void *) word;
  void *plain;
} hdi_pointer;

static inline void *hdi_load_seq_pointer(const hdi_pointer *at) { return atomic_load(&at->word); }
static inline void hdi_store_seq_pointer(hdi_pointer *at, void *value) {
  atomic_store(&at->word, value);
}
static inline bool hdi_cas_seq_pointer(hdi_pointer *at, void *from, void *to) {
  return atomic_compare_exchange_strong(&at->word, &from, to);
}

#endif
#endif
