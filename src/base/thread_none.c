/* No threads: the twin of thread_pthread.c for builds with one thread. */
#include "base/memory.h"
#include "base/thread.h"

struct hdi_mutex {
  char unused;
};

hdi_mutex *hdi_mutex_create(void) { return hdi_alloc_zero(1, sizeof(hdi_mutex)); }
void hdi_mutex_destroy(hdi_mutex *mutex) { hdi_free(mutex); }
void hdi_mutex_lock(hdi_mutex *mutex) { (void)mutex; }
void hdi_mutex_unlock(hdi_mutex *mutex) { (void)mutex; }

hd_status hdi_thread_start(void (*main)(void *argument), void *argument, hdi_thread **out) {
  (void)main;
  (void)argument;
  (void)out;
  return HD_NO_THREADS;
}

void hdi_thread_join(hdi_thread *thread) { (void)thread; }
