/* Letting go of a value where it is done for every task. */
#ifndef HDI_STORE_VALUE_H
#define HDI_STORE_VALUE_H

#include <hd/value.h>

/* hd_value_release without a call for values that hold nothing. */
static inline void hdi_value_release(hd_value *value) {
  if (value->tag == HD_BLOCK) hd_block_release(value->as.block);
  value->tag = HD_EMPTY;
}

#endif
