/* Native threads: each drives one worker by the same calls that Web Workers use. */
#include "run/pool.h"

#include "base/memory.h"

static void work(void *argument) {
  hd_worker *worker = argument;
  hd_claim claim;
  while (hd_worker_enter(worker)) {
    hd_next next;
    while ((next = hd_worker_next(worker, &claim)) != HD_NEXT_IDLE)
      if (next == HD_NEXT_TASK) hd_worker_fail(worker, claim.slot, HD_NO_KERNEL, NULL);
    uint32_t seen, wait_ms = hd_worker_sleep(worker, &seen);
    hd_worker_leave(worker);
    if (hdi_load_seq_u32(&worker->pool->stopping)) return;
    if (wait_ms) hdi_bell_wait(&worker->bell, seen, wait_ms);
  }
}

hd_status hd_pool_start(hd_pool *pool, uint32_t worker_count) {
  if (worker_count < 1 || worker_count > HD_WORKERS_MAX) return HD_WORKER_COUNT;
  while (pool->thread_count < worker_count) {
    hd_worker *worker;
    if (!hdi_reserve((void **)&pool->threads, &pool->thread_capacity, pool->thread_count + 1,
                     sizeof *pool->threads))
      return HD_OUT_OF_MEMORY;
    hd_status status = hd_worker_add(pool, &worker);
    if (status != HD_OK) return status;
    status = hdi_thread_start(work, worker, &pool->threads[pool->thread_count]);
    if (status != HD_OK) {
      (void)hd_worker_kill(worker);
      hd_worker_lost(worker, 1);
      return status;
    }
    pool->thread_count++;
  }
  return HD_OK;
}

void hd_pool_destroy(hd_pool *pool) {
  if (!pool) return;
  hdi_store_seq_u32(&pool->stopping, 1);
  for (uint32_t i = 0; i < HD_WORKERS_MAX; i++) {
    hd_worker *worker = hdi_load_seq_pointer(&pool->workers[i]);
    if (worker) hdi_bell_ring(&worker->bell);
  }
  for (uint32_t i = 0; i < pool->thread_count; i++) hdi_thread_join(pool->threads[i]);
  for (hd_worker *worker = pool->all_workers, *next; worker; worker = next) {
    next = worker->next_in_pool;
    hdi_worker_free(worker);
  }
  hdi_bell_fini(&pool->event);
  hdi_mutex_destroy(pool->lock);
  hdi_free(pool->runs);
  hdi_free(pool->threads);
  hdi_free(pool);
}
