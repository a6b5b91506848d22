/* The gate: whether a ready task may be claimed now. Open, it costs one load a claim (hd_run.control);
 * all else is here. Every operation may come from any thread. */
#ifndef HDI_RUN_GATE_H
#define HDI_RUN_GATE_H

#include "base/atomic.h"

typedef enum hdi_gate_kind { HDI_GATE_OPEN = 0, HDI_GATE_STEP, HDI_GATE_RATE, HDI_GATE_TOKENS } hdi_gate_kind;

typedef struct hdi_gate {
  hdi_u32 kind;
  hdi_u32 permits;      /* STEP: tasks that may still pass */
  hdi_u32 tokens;       /* TOKENS: tasks that may run at a time … */
  hdi_u32 held;         /* … and tasks that hold a token, whatever the kind is now */
  hdi_u64 interval_us;  /* RATE: between two tasks */
  hdi_u64 next_us;      /* RATE: when the next one may pass */
} hdi_gate;

/* What a task that has passed must bring back when it is answered. */
typedef enum hdi_pass { HDI_PASS_NO = 0, HDI_PASS_FREE, HDI_PASS_TOKEN } hdi_pass;

/* Asks to pass one task. */
hdi_pass hdi_gate_pass(hdi_gate *gate, double now_us);

/* Nothing was there to be claimed after all. */
void hdi_gate_return(hdi_gate *gate, hdi_pass pass);

/* Whether hdi_gate_pass would say yes, or how many milliseconds to wait: 0 yes, UINT32_MAX unknown. */
uint32_t hdi_gate_delay_ms(const hdi_gate *gate, double now_us);

/* Takes a token if one is free. */
bool hdi_gate_take_token(hdi_gate *gate);

#endif
