/* Task functions as text, by number: the main thread adds them, workers read and compile them. Chunks
 * never move, so a number that has reached a worker (through the pool) can be read without a lock. */
#include "export.h"

#include <hd/status.h>
#include <stdlib.h>

enum { CHUNK_COUNT = 4096, CHUNK_TEXTS = 256 };

typedef struct hdw_text {
  char *start;
  size_t bytes;
} hdw_text;

static hdw_text *chunks[CHUNK_COUNT];
static uint32_t text_count;

/* Takes `start`, which hdw_alloc gave. Its number, or HD_NONE when there is no room.
 * Threads: main. */
uint32_t HDW_EXPORT(hdw_function_add)(char *start, size_t bytes) {
  uint32_t chunk = text_count / CHUNK_TEXTS;
  if (chunk >= CHUNK_COUNT) return HD_NONE;
  if (!chunks[chunk] && !(chunks[chunk] = calloc(CHUNK_TEXTS, sizeof(hdw_text)))) return HD_NONE;
  chunks[chunk][text_count % CHUNK_TEXTS] = (hdw_text){start, bytes};
  return text_count++;
}

char *HDW_EXPORT(hdw_function_text)(uint32_t number) { return chunks[number / CHUNK_TEXTS][number % CHUNK_TEXTS].start; }
size_t HDW_EXPORT(hdw_function_bytes)(uint32_t number) { return chunks[number / CHUNK_TEXTS][number % CHUNK_TEXTS].bytes; }
