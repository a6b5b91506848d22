/* Mutexes where a thread may be ended from outside at any moment, also while it holds one: all are held for moments, so
 * who waits for seconds waits for a dead thread. It traps, which tells JavaScript that this core is at its end. */
#include "base/memory.h"
#include "base/thread.h"

#include <pthread.h>
#include <time.h>

enum { HDI_LOCK_SECONDS = 2 };

struct hdi_mutex {
  pthread_mutex_t mutex;
};

hdi_mutex *hdi_mutex_create(void) {
  hdi_mutex *mutex = hdi_alloc(1, sizeof *mutex);
  if (mutex && pthread_mutex_init(&mutex->mutex, NULL) != 0) {
    hdi_free(mutex);
    return NULL;
  }
  return mutex;
}

void hdi_mutex_destroy(hdi_mutex *mutex) {
  if (!mutex) return;
  pthread_mutex_destroy(&mutex->mutex);
  hdi_free(mutex);
}

void hdi_mutex_lock(hdi_mutex *mutex) {
  struct timespec until;
  if (pthread_mutex_trylock(&mutex->mutex) == 0) return;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += HDI_LOCK_SECONDS;
  if (pthread_mutex_timedlock(&mutex->mutex, &until) != 0) __builtin_trap();
}
void hdi_mutex_unlock(hdi_mutex *mutex) { pthread_mutex_unlock(&mutex->mutex); }
