/* A bell: a word to sleep on, and the wake that goes with changing it. One sleeper a bell, or many;
 * ringing wakes them all. Twins: bell_pthread.c (sleeps in C), bell_wasm.c (the word is also what
 * JavaScript's Atomics.waitAsync watches), bell_none.c. */
#ifndef HDI_BASE_BELL_H
#define HDI_BASE_BELL_H

#include "base/atomic.h"

typedef struct hdi_bell {
  hdi_u32 value;
  void *waiting; /* the twin's */
} hdi_bell;

/* False if there is no memory. */
bool hdi_bell_init(hdi_bell *bell);
void hdi_bell_fini(hdi_bell *bell);

/* Changes the value and wakes whoever sleeps on it. */
void hdi_bell_ring(hdi_bell *bell);

/* Sleeps until the value is not `seen`, at most `timeout_ms`. It may return early. */
void hdi_bell_wait(hdi_bell *bell, uint32_t seen, uint32_t timeout_ms);

#endif
