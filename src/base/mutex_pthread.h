/* What mutex_pthread.c and lock_*.c share. */
#ifndef HDI_BASE_MUTEX_PTHREAD_H
#define HDI_BASE_MUTEX_PTHREAD_H

#include "base/thread.h"

#include <pthread.h>

struct hdi_mutex {
  pthread_mutex_t mutex;
};

#endif
