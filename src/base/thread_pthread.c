/* Threads by POSIX threads. */
#include "base/memory.h"
#include "base/thread.h"

#include <pthread.h>

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
