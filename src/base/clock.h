/* A monotonic clock in microseconds. */
#ifndef HDI_BASE_CLOCK_H
#define HDI_BASE_CLOCK_H

double hdi_clock_us(void);

#endif
