/* Mutexes and threads. thread_pthread.c and thread_none.c are twins: which one is linked decides
 * whether the build has threads. */
#ifndef HDI_BASE_THREAD_H
#define HDI_BASE_THREAD_H

#include <hd/status.h>
#include <stdbool.h>

typedef struct hdi_mutex hdi_mutex;

/* NULL if there is no memory. */
hdi_mutex *hdi_mutex_create(void);
void hdi_mutex_destroy(hdi_mutex *mutex);
void hdi_mutex_lock(hdi_mutex *mutex);
void hdi_mutex_unlock(hdi_mutex *mutex);

typedef struct hdi_thread hdi_thread;

/* Runs main(argument) on a new thread. Fails: NO_THREADS, THREAD_START, OUT_OF_MEMORY. */
hd_status hdi_thread_start(void (*main)(void *argument), void *argument, hdi_thread **out);

/* Waits for its end and frees it. */
void hdi_thread_join(hdi_thread *thread);

#endif
