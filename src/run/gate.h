/* The gate: whether a ready task may be claimed now. Open, it costs one load a claim (hd_run.control);
 * all else is here. Every operation may come from any thread. */
#ifndef HDI_RUN_GATE_H
#define HDI_RUN_GATE_H

#include "base/atomic.h"

typedef enum hdi_gate_kind { HDI_GATE_OPEN = 0, HDI_GATE_STEP, HDI_GATE_RATE, HDI_GATE_TOKENS } hdi_gate_kind;

typedef struct hdi_gate {
  hdi_u32 kind;
  hdi_u32 tokens; /* TOKENS: tasks that may run at a time … */
  hdi_u32 held;   /* … and tasks that hold a token, whatever the kind is now */
  hdi_u64 permits;     /* STEP: low half: tasks that may still pass; high half: how often it was shut */
  hdi_u64 interval_us; /* RATE: between two tasks */
  hdi_u64 next_us;     /* RATE: when the next one may pass */
} hdi_gate;

/* What a task that has passed must bring back when it is answered, or when there was no task after all: a token; a
 * permit, from HDI_PASS_PERMIT on with the low bits of how often the gate had been shut when it was taken. */
typedef uint32_t hdi_pass;
#define HDI_PASS_NO 0u
#define HDI_PASS_FREE 1u
#define HDI_PASS_TOKEN 2u
#define HDI_PASS_PERMIT 4u

/* Asks to pass one task. */
hdi_pass hdi_gate_pass(hdi_gate *gate, double now_us);

/* Shuts it: no permit that was given before counts any more, also none that somebody has in hand. */
void hdi_gate_shut(hdi_gate *gate);

/* Gives so many permits. */
void hdi_gate_permit(hdi_gate *gate, uint32_t count);

/* Nothing was there to be claimed after all. A permit from before the gate was shut again is worth nothing. */
void hdi_gate_return(hdi_gate *gate, hdi_pass pass);

/* Whether hdi_gate_pass would say yes, or how many milliseconds to wait: 0 yes, UINT32_MAX unknown. */
uint32_t hdi_gate_delay_ms(const hdi_gate *gate, double now_us);

/* Takes a token if one is free. */
bool hdi_gate_take_token(hdi_gate *gate);

#endif
