/* Taking a mutex where threads end by themselves. */
#include "base/mutex_pthread.h"

void hdi_mutex_lock(hdi_mutex *mutex) { pthread_mutex_lock(&mutex->mutex); }
