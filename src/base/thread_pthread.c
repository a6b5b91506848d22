/* Mutexes and threads by POSIX threads. */
#include "base/memory.h"
#include "base/thread.h"

#include <pthread.h>

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

void hdi_mutex_lock(hdi_mutex *mutex) { pthread_mutex_lock(&mutex->mutex); }
void hdi_mutex_unlock(hdi_mutex *mutex) { pthread_mutex_unlock(&mutex->mutex); }

struct hdi_thread {
  pthread_t thread;
  void (*main)(void *argument);
  void *argument;
};

static void *enter(void *thread) {
  hdi_thread *self = thread;
  self->main(self->argument);
  return NULL;
}

hd_status hdi_thread_start(void (*main)(void *argument), void *argument, hdi_thread **out) {
  hdi_thread *thread = hdi_alloc(1, sizeof *thread);
  if (!thread) return HD_OUT_OF_MEMORY;
  thread->main = main;
  thread->argument = argument;
  if (pthread_create(&thread->thread, NULL, enter, thread) != 0) {
    hdi_free(thread);
    return HD_THREAD_START;
  }
  *out = thread;
  return HD_OK;
}

void hdi_thread_join(hdi_thread *thread) {
  pthread_join(thread->thread, NULL);
  hdi_free(thread);
}
