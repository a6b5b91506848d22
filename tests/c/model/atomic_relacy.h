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
  bool coarse; /* no preemption in front of it */
};

enum { HDT_SITES_MAX = 256 };
static hdt_site hdt_sites[HDT_SITES_MAX];

/* NULL, or the only files in front of whose operations threads are preempted: fewer places, so that
 * more preemptions can be tried. Threads that block still give way everywhere. */
static const char *hdt_fine;

static bool hdt_is_coarse(const hdt_site *site) { return hdt_fine && !(site && strstr(hdt_fine, site->file)); }

static inline hdt_site *hdt_site_at(unsigned number, const rl::debug_info &place, const char *kind) {
  hdt_site *site = &hdt_sites[number];
  if (!site->file) {
    const char *slash = strrchr(place.file_, '/');
    site->file = slash ? slash + 1 : place.file_;
    site->function = place.func_;
    site->line = place.line_;
    site->kind = kind;
    site->coarse = hdt_is_coarse(site);
  }
  return site;
}

/* One operation, with or without a preemption in front of it. */
struct hdt_turn {
  bool coarse;
  hdt_turn(const hdt_site *site) : coarse(site ? site->coarse : hdt_fine != NULL) {
    if (coarse) rl::ctx().disable_preemption();
  }
  ~hdt_turn() {
    if (coarse) rl::ctx().enable_preemption();
  }
};

static inline rl::memory_order hdt_order_of(const hdt_site *site, rl::memory_order weaker) {
  if (!site || site->order == HDT_RELAXED) return rl::mo_relaxed;
  return site->order == HDT_SEQ ? rl::mo_seq_cst : weaker;
}

template <class T>
static inline T hdt_load(const rl::atomic<T> &word, const hdt_site *site, rl::debug_info_param place) {
  hdt_turn turn(site);
  return word.load(hdt_order_of(site, rl::mo_acquire), place);
}

template <class T>
static inline void hdt_store(rl::atomic<T> &word, T value, const hdt_site *site, rl::debug_info_param place) {
  hdt_turn turn(site);
  word.store(value, hdt_order_of(site, rl::mo_release), place);
}

template <class T>
static inline bool hdt_cas(rl::atomic<T> &word, T from, T to, const hdt_site *site, rl::debug_info_param place) {
  hdt_turn turn(site);
  return word.compare_exchange_strong(from, to, hdt_order_of(site, rl::mo_acq_rel), place);
}

#define HDT_CHANGE_BY(name)                                                                              \
  template <class T>                                                                                     \
  static inline T hdt_##name(rl::atomic<T> &word, T value, const hdt_site *site,                         \
                             rl::debug_info_param place) {                                               \
    hdt_turn turn(site);                                                                                 \
    return word.name(value, hdt_order_of(site, rl::mo_acq_rel), place);                                  \
  }
HDT_CHANGE_BY(fetch_add)
HDT_CHANGE_BY(fetch_sub)
HDT_CHANGE_BY(fetch_or)
HDT_CHANGE_BY(fetch_and)

#define HDT_SITE(kind) hdt_site_at(__COUNTER__, $, kind), $
#define HDT_RELAXED_SITE NULL, $
#define HDT_LOAD(at) hdt_load((at)->word, HDT_SITE("load"))
#define HDT_STORE(at, value) hdt_store((at)->word, value, HDT_SITE("store"))
#define HDT_CAS(at, from, to) hdt_cas((at)->word, from, to, HDT_SITE("cas"))
#define HDT_LOAD_RELAXED(at) hdt_load((at)->word, HDT_RELAXED_SITE)
#define HDT_STORE_RELAXED(at, value) hdt_store((at)->word, value, HDT_RELAXED_SITE)

#define hdi_load_relaxed_u8(at) HDT_LOAD_RELAXED(at)
#define hdi_store_relaxed_u8(at, value) HDT_STORE_RELAXED(at, (uint8_t)(value))
#define hdi_load_relaxed_u32(at) HDT_LOAD_RELAXED(at)
#define hdi_store_relaxed_u32(at, value) HDT_STORE_RELAXED(at, (uint32_t)(value))
#define hdi_load_relaxed_u64(at) HDT_LOAD_RELAXED(at)
#define hdi_store_relaxed_u64(at, value) HDT_STORE_RELAXED(at, (uint64_t)(value))

#define hdi_load_seq_u8(at) HDT_LOAD(at)
#define hdi_store_seq_u8(at, value) HDT_STORE(at, (uint8_t)(value))
#define hdi_load_seq_u32(at) HDT_LOAD(at)
#define hdi_store_seq_u32(at, value) HDT_STORE(at, (uint32_t)(value))
#define hdi_add_seq_u32(at, value) hdt_fetch_add((at)->word, (uint32_t)(value), HDT_SITE("add"))
#define hdi_sub_seq_u32(at, value) hdt_fetch_sub((at)->word, (uint32_t)(value), HDT_SITE("sub"))
#define hdi_or_seq_u32(at, bits) hdt_fetch_or((at)->word, (uint32_t)(bits), HDT_SITE("or"))
#define hdi_and_seq_u32(at, bits) hdt_fetch_and((at)->word, (uint32_t)(bits), HDT_SITE("and"))
#define hdi_cas_seq_u32(at, from, to) HDT_CAS(at, (uint32_t)(from), (uint32_t)(to))

#define hdi_load_seq_u64(at) HDT_LOAD(at)
#define hdi_store_seq_u64(at, value) HDT_STORE(at, (uint64_t)(value))
#define hdi_add_seq_u64(at, value) hdt_fetch_add((at)->word, (uint64_t)(value), HDT_SITE("add"))
#define hdi_or_seq_u64(at, bits) hdt_fetch_or((at)->word, (uint64_t)(bits), HDT_SITE("or"))
#define hdi_and_seq_u64(at, bits) hdt_fetch_and((at)->word, (uint64_t)(bits), HDT_SITE("and"))
#define hdi_cas_seq_u64(at, from, to) HDT_CAS(at, (uint64_t)(from), (uint64_t)(to))

#define hdi_load_seq_pointer(at) HDT_LOAD(at)
#define hdi_store_seq_pointer(at, value) HDT_STORE(at, (void *)(value))
#define hdi_cas_seq_pointer(at, from, to) HDT_CAS(at, (void *)(from), (void *)(to))

#endif
