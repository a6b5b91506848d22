/* The one seam for memory: everything the core allocates goes through it and is counted. */
#ifndef HD_MEMORY_H
#define HD_MEMORY_H

#include <hd/status.h>
#include <stddef.h>
#include <stdint.h>

/* An allocator: both functions may be called from any thread that uses the core. */
typedef struct hd_allocator {
  void *(*alloc)(void *user, size_t bytes); /* NULL when there is no memory */
  void (*free)(void *user, void *memory);
  void *user;
} hd_allocator;

/* Replaces the allocator; NULL restores malloc and free. Call it before anything else of the core,
 * or when hd_memory_live_bytes is 0.
 * Threads: builder, while nothing else runs. Blocks: no. Owns: copies the struct. Fails: never. */
HD_API void hd_memory_set_allocator(const hd_allocator *allocator);

/* Bytes that the core holds at this moment. Threads: any. Blocks: no. Fails: never. */
HD_API size_t hd_memory_live_bytes(void);

#endif
