/* A bell by a POSIX mutex and condition variable. The value is changed with the mutex held, so that a
 * sleeper that has seen the old one under the mutex is already waiting when the wake comes. */
#include "base/bell.h"
#include "base/memory.h"

#include <pthread.h>
#include <time.h>

typedef struct waiting {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
} waiting;

bool hdi_bell_init(hdi_bell *bell) {
  waiting *wait = hdi_alloc(1, sizeof *wait);
  if (!wait) return false;
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_mutex_init(&wait->mutex, NULL);
  pthread_cond_init(&wait->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  hdi_store_seq_u32(&bell->value, 0);
  bell->waiting = wait;
  return true;
}

void hdi_bell_fini(hdi_bell *bell) {
  waiting *wait = bell->waiting;
  if (!wait) return;
  pthread_cond_destroy(&wait->changed);
  pthread_mutex_destroy(&wait->mutex);
  hdi_free(wait);
  bell->waiting = NULL;
}

void hdi_bell_ring(hdi_bell *bell) {
  waiting *wait = bell->waiting;
  pthread_mutex_lock(&wait->mutex);
  hdi_add_seq_u32(&bell->value, 1);
  pthread_cond_broadcast(&wait->changed);
  pthread_mutex_unlock(&wait->mutex);
}

void hdi_bell_wait(hdi_bell *bell, uint32_t seen, uint32_t timeout_ms) {
  waiting *wait = bell->waiting;
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += (time_t)(timeout_ms / 1000);
  until.tv_nsec += (long)(timeout_ms % 1000) * 1000000L;
  if (until.tv_nsec >= 1000000000L) {
    until.tv_sec += 1;
    until.tv_nsec -= 1000000000L;
  }
  pthread_mutex_lock(&wait->mutex);
  int late = 0;
  while (!late && hdi_load_seq_u32(&bell->value) == seen)
    late = pthread_cond_timedwait(&wait->changed, &wait->mutex, &until);
  pthread_mutex_unlock(&wait->mutex);
}
