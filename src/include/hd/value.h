/* Values: what a task takes and gives. Small ones are inline; the rest are counted blocks. */
#ifndef HD_VALUE_H
#define HD_VALUE_H

#include <hd/status.h>
#include <stddef.h>
#include <stdint.h>

typedef enum hd_tag {
  HD_EMPTY = 0,     /* no value (yet) */
  HD_NUMBER = 1,    /* as.number */
  HD_BOOLEAN = 2,   /* as.number is 0 or 1 */
  HD_UNDEFINED = 3, /* JavaScript's undefined; C kernels that give nothing */
  HD_NULL = 4,      /* JavaScript's null */
  HD_ABSENT = 7,    /* in place of the result of a task that failed or was skipped, in runs that keep going */
  HD_LIVE = 6,      /* between the parts of a fused group only: the worker that runs it keeps the value */
  HD_BLOCK = 5      /* as.block; kind says what the bytes are, in words of the user's */
} hd_tag;

/* A counted run of bytes. Several values may share one; the last release frees it. */
typedef struct hd_block hd_block;

/* 16 bytes on every platform, laid out alike in C and in WebAssembly's heap:
 * tag at byte 0, kind at 4, the number or the block's address at 8. */
typedef struct hd_value {
  uint32_t tag;
  uint32_t kind;
  union {
    double number;
    hd_block *block;
    uint64_t bits;
  } as;
} hd_value;

static inline hd_value hd_number(double number) {
  hd_value value = {HD_NUMBER, 0, {0}};
  value.as.number = number;
  return value;
}

/* Allocates a block of `bytes` bytes, not cleared, aligned to 16. The caller holds one count.
 * Threads: any. Blocks: briefly. Owns: gives (free with hd_block_release). Fails: OUT_OF_MEMORY. */
HD_API hd_status hd_block_create(size_t bytes, hd_block **out);

/* A block that is part of another: `bytes` bytes from `offset`. It holds one count of the parent.
 * Threads: any. Blocks: briefly. Owns: gives (free with hd_block_release). Fails: OUT_OF_MEMORY. */
HD_API hd_status hd_block_slice(hd_block *parent, size_t offset, size_t bytes, hd_block **out);

/* One count more. Threads: any. Blocks: no. Fails: never. */
HD_API void hd_block_retain(hd_block *block);

/* One count less; the last one frees. NULL is fine. Threads: any. Blocks: briefly. Fails: never. */
HD_API void hd_block_release(hd_block *block);

/* The bytes; valid while a count is held. Threads: any. Blocks: no. Owns: borrows. Fails: never. */
HD_API void *hd_block_data(hd_block *block);

/* How many bytes. Threads: any. Blocks: no. Fails: never. */
HD_API size_t hd_block_bytes(const hd_block *block);

/* Gives up what a value holds and makes it HD_EMPTY. Threads: owner. Blocks: briefly. Fails: never. */
HD_API void hd_value_release(hd_value *value);

#endif
