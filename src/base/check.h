/* HD_ASSERT: for faults of the caller and broken invariants. It traps, in release builds too: going
 * on with a broken graph would give wrong answers, and JavaScript can never reach one. */
#ifndef HDI_BASE_CHECK_H
#define HDI_BASE_CHECK_H

#define HD_ASSERT(truth) ((truth) ? (void)0 : __builtin_trap())

#endif
