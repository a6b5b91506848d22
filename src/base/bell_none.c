/* A bell where nobody else is there to ring it. */
#include "base/bell.h"

#include <stddef.h>

bool hdi_bell_init(hdi_bell *bell) {
  hdi_store_seq_u32(&bell->value, 0);
  bell->waiting = NULL;
  return true;
}

void hdi_bell_fini(hdi_bell *bell) { (void)bell; }
void hdi_bell_ring(hdi_bell *bell) { hdi_add_seq_u32(&bell->value, 1); }

void hdi_bell_wait(hdi_bell *bell, uint32_t seen, uint32_t timeout_ms) {
  (void)bell;
  (void)seen;
  (void)timeout_ms;
}
