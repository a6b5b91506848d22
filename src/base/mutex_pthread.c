/* Mutexes by POSIX threads; taking one is in lock_*.c. */
#include "base/mutex_pthread.h"

#include "base/memory.h"

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

void hdi_mutex_unlock(hdi_mutex *mutex) { pthread_mutex_unlock(&mutex->mutex); }
