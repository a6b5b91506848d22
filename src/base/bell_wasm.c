/* A bell in WebAssembly with threads: the value is the whole of it. Hosted workers sleep on it in
 * JavaScript (Atomics.waitAsync), threads of C by the wait instruction. */
#include "base/bell.h"

#include <stddef.h>

bool hdi_bell_init(hdi_bell *bell) {
  hdi_store_seq_u32(&bell->value, 0);
  bell->waiting = NULL;
  return true;
}

void hdi_bell_fini(hdi_bell *bell) { (void)bell; }

void hdi_bell_ring(hdi_bell *bell) {
  hdi_add_seq_u32(&bell->value, 1);
  __builtin_wasm_memory_atomic_notify((int *)(void *)&bell->value, UINT32_MAX);
}

void hdi_bell_wait(hdi_bell *bell, uint32_t seen, uint32_t timeout_ms) {
  __builtin_wasm_memory_atomic_wait32((int *)(void *)&bell->value, (int)seen,
                                      (long long)timeout_ms * 1000000);
}
