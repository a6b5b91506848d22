#ifndef HDI_GRAPH_PEAK_H
#define HDI_GRAPH_PEAK_H
#include <hd/graph.h>
typedef struct hdi_order_view {
  uint32_t task_count;
  const uint32_t *arg_offsets, *args;
  const uint32_t *dependent_offsets, *dependents;
  const uint8_t *wanted;
} hdi_order_view;
static inline hd_status hdi_peak_serial(const hdi_order_view *v, const uint32_t *s, uint32_t *peak) {(void)v;(void)s;*peak=0;return HD_OK;}
static inline hd_status hdi_peak_workers(const hdi_order_view *v, const uint32_t *s, uint32_t w, uint32_t *peak) {(void)v;(void)s;(void)w;*peak=0;return HD_OK;}
#endif
