/* Taking a mutex where a thread may be ended from outside at any moment, also while it holds one: all are held for
 * moments, so who waits for seconds waits for a dead thread. It traps, which tells JavaScript that this core is at its end. */
#include "base/mutex_pthread.h"

#include <time.h>

enum { HDI_LOCK_SECONDS = 2 };

void hdi_mutex_lock(hdi_mutex *mutex) {
  struct timespec until;
  if (pthread_mutex_trylock(&mutex->mutex) == 0) return;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += HDI_LOCK_SECONDS;
  if (pthread_mutex_timedlock(&mutex->mutex, &until) != 0) __builtin_trap();
}
