#include "run/gate.h"

bool hdi_gate_take_token(hdi_gate *gate) {
  for (;;) {
    uint32_t held = hdi_load_seq_u32(&gate->held);
    if (hdi_load_seq_u32(&gate->kind) == HDI_GATE_TOKENS && held >= hdi_load_seq_u32(&gate->tokens))
      return false;
    if (hdi_cas_seq_u32(&gate->held, held, held + 1)) return true; /* sync GATE-1 */
  }
}

/* Permits and how often the gate was shut change together: whoever gives a permit back that was taken before the
 * gate was shut finds another number there (the low 29 bits of it: 2^29 pauses within one claim would deceive it). */
#define SHUT_ONE (UINT64_C(1) << 32)
#define COUNT_MASK (SHUT_ONE - 1)

static hdi_pass pass_of(uint64_t permits) {
  return HDI_PASS_PERMIT | (uint32_t)(permits >> 32) << 3;
}

static hdi_pass take_permit(hdi_gate *gate) {
  for (;;) {
    uint64_t permits = hdi_load_seq_u64(&gate->permits);
    if ((permits & COUNT_MASK) == 0) return HDI_PASS_NO;
    if (hdi_cas_seq_u64(&gate->permits, permits, permits - 1))
      return pass_of(permits); /* sync GATE-1 */
  }
}

void hdi_gate_shut(hdi_gate *gate) {
  for (;;) {
    uint64_t permits = hdi_load_seq_u64(&gate->permits);
    if (hdi_cas_seq_u64(&gate->permits, permits, (permits | COUNT_MASK) + 1))
      return; /* sync GATE-1 */
  }
}

void hdi_gate_permit(hdi_gate *gate, uint32_t count) {
  for (;;) {
    uint64_t permits = hdi_load_seq_u64(&gate->permits), room = COUNT_MASK - (permits & COUNT_MASK);
    if (hdi_cas_seq_u64(&gate->permits, permits, permits + (count < room ? count : room)))
      return; /* sync GATE-1 */
  }
}

static void return_permit(hdi_gate *gate, hdi_pass pass) {
  for (;;) {
    uint64_t permits = hdi_load_seq_u64(&gate->permits);
    if (pass_of(permits) != pass || (permits & COUNT_MASK) == COUNT_MASK) return;
    if (hdi_cas_seq_u64(&gate->permits, permits, permits + 1)) return; /* sync GATE-1 */
  }
}

static bool take_turn(hdi_gate *gate, double now_us) {
  uint64_t now = (uint64_t)now_us, next = hdi_load_seq_u64(&gate->next_us);
  if (now < next) return false;
  uint64_t interval = hdi_load_seq_u64(&gate->interval_us);
  /* Turns that were missed are not made up for: a task every interval, never a burst. */
  uint64_t from = now - next < interval ? next : now;
  return hdi_cas_seq_u64(&gate->next_us, next, from + interval); /* sync GATE-1 */
}

hdi_pass hdi_gate_pass(hdi_gate *gate, double now_us) {
  switch (hdi_load_seq_u32(&gate->kind)) {
    case HDI_GATE_STEP: return take_permit(gate);
    case HDI_GATE_RATE: return take_turn(gate, now_us) ? HDI_PASS_FREE : HDI_PASS_NO;
    case HDI_GATE_TOKENS: return hdi_gate_take_token(gate) ? HDI_PASS_TOKEN : HDI_PASS_NO;
    default: return HDI_PASS_FREE;
  }
}

void hdi_gate_return(hdi_gate *gate, hdi_pass pass) {
  if (pass == HDI_PASS_TOKEN) hdi_sub_seq_u32(&gate->held, 1);
  else if (pass & HDI_PASS_PERMIT) return_permit(gate, pass);
}

uint32_t hdi_gate_delay_ms(const hdi_gate *gate, double now_us) {
  switch (hdi_load_seq_u32(&gate->kind)) {
    case HDI_GATE_STEP: return hdi_load_seq_u64(&gate->permits) & COUNT_MASK ? 0 : UINT32_MAX;
    case HDI_GATE_TOKENS:
      return hdi_load_seq_u32(&gate->held) < hdi_load_seq_u32(&gate->tokens) ? 0 : UINT32_MAX;
    case HDI_GATE_RATE: {
      uint64_t now = (uint64_t)now_us, next = hdi_load_seq_u64(&gate->next_us);
      return now >= next ? 0 : (uint32_t)((next - now) / 1000) + 1;
    }
    default: return 0;
  }
}
