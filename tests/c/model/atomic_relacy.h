/* The types and operations of base/atomic.h on relacy's checked atomics: what HDI_MODEL names.
 *
 * Relaxed operations are really relaxed, `_seq` ones sequentially consistent. Each place in the source
 * that has a `_seq` operation is a *site*; a run of the checker may weaken one of them, to find out
 * whether the algorithm needs what it asks for (checker.h, --weaken). */
#ifndef HDT_ATOMIC_RELACY_H
#define HDT_ATOMIC_RELACY_H

#include <relacy/relacy.hpp>
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 to begin with, as the memory of hdi_alloc_zero is. */
struct hdi_u8 { rl::atomic<uint8_t> word; hdi_u8() : word(0) {} };
struct hdi_u32 { rl::atomic<uint32_t> word; hdi_u32() : word(0) {} };
struct hdi_u64 { rl::atomic<uint64_t> word; hdi_u64() : word(0) {} };
struct hdi_pointer { rl::atomic<void *> word; hdi_pointer() : word((void *)0) {} };

enum hdt_order { HDT_SEQ = 0, HDT_ACQ_REL, HDT_RELAXED };

struct hdt_site {
  const char *file; /* NULL: not come to yet */
  const char *function;
  const char *kind;
  unsigned line;
  hdt_order order;
};

enum { HDT_SITES_MAX = 256 };
static hdt_site hdt_sites[HDT_SITES_MAX];

static inline hdt_order hdt_order_at(unsigned number, const rl::debug_info &place, const char *kind) {
  hdt_site *site = &hdt_sites[number];
  if (!site->file) {
    const char *slash = strrchr(place.file_, '/');
    site->file = slash ? slash + 1 : place.file_;
    site->function = place.func_;
    site->line = place.line_;
    site->kind = kind;
  }
  return site->order;
}

static const rl::memory_order hdt_load_orders[] = {rl::mo_seq_cst, rl::mo_acquire, rl::mo_relaxed};
static const rl::memory_order hdt_store_orders[] = {rl::mo_seq_cst, rl::mo_release, rl::mo_relaxed};
static const rl::memory_order hdt_change_orders[] = {rl::mo_seq_cst, rl::mo_acq_rel, rl::mo_relaxed};

template <class T>
static inline bool hdt_cas(rl::atomic<T> *word, T from, T to, rl::memory_order order, rl::debug_info_param place) {
  return word->compare_exchange_strong(from, to, order, place);
}

#define HDT_ORDER(orders, kind) orders[hdt_order_at(__COUNTER__, $, kind)]
#define HDT_LOAD(at) (at)->word.load(HDT_ORDER(hdt_load_orders, "load"), $)
#define HDT_STORE(at, value) (at)->word.store(value, HDT_ORDER(hdt_store_orders, "store"), $)
#define HDT_CHANGE(at, how, value) (at)->word.fetch_##how(value, HDT_ORDER(hdt_change_orders, #how), $)
#define HDT_CAS(at, from, to) hdt_cas(&(at)->word, from, to, HDT_ORDER(hdt_change_orders, "cas"), $)
#define HDT_LOAD_RELAXED(at) (at)->word.load(rl::mo_relaxed, $)
#define HDT_STORE_RELAXED(at, value) (at)->word.store(value, rl::mo_relaxed, $)

#define hdi_load_relaxed_u8(at) HDT_LOAD_RELAXED(at)
#define hdi_store_relaxed_u8(at, value) HDT_STORE_RELAXED(at, value)
#define hdi_load_relaxed_u32(at) HDT_LOAD_RELAXED(at)
#define hdi_store_relaxed_u32(at, value) HDT_STORE_RELAXED(at, value)
#define hdi_load_relaxed_u64(at) HDT_LOAD_RELAXED(at)
#define hdi_store_relaxed_u64(at, value) HDT_STORE_RELAXED(at, value)
#define hdi_store_relaxed_pointer(at, value) HDT_STORE_RELAXED(at, (void *)(value))

#define hdi_load_seq_u32(at) HDT_LOAD(at)
#define hdi_store_seq_u32(at, value) HDT_STORE(at, (uint32_t)(value))
#define hdi_add_seq_u32(at, value) HDT_CHANGE(at, add, value)
#define hdi_sub_seq_u32(at, value) HDT_CHANGE(at, sub, value)
#define hdi_or_seq_u32(at, bits) HDT_CHANGE(at, or, bits)
#define hdi_and_seq_u32(at, bits) HDT_CHANGE(at, and, bits)
#define hdi_cas_seq_u32(at, from, to) HDT_CAS(at, (uint32_t)(from), (uint32_t)(to))

#define hdi_load_seq_u64(at) HDT_LOAD(at)
#define hdi_store_seq_u64(at, value) HDT_STORE(at, (uint64_t)(value))
#define hdi_add_seq_u64(at, value) HDT_CHANGE(at, add, value)
#define hdi_or_seq_u64(at, bits) HDT_CHANGE(at, or, bits)
#define hdi_and_seq_u64(at, bits) HDT_CHANGE(at, and, bits)
#define hdi_cas_seq_u64(at, from, to) HDT_CAS(at, (uint64_t)(from), (uint64_t)(to))

#define hdi_load_seq_pointer(at) HDT_LOAD(at)
#define hdi_store_seq_pointer(at, value) HDT_STORE(at, (void *)(value))

#endif
