/* The pool: its list of runs, who holds a run, and waking. */
#include "run/pool.h"

#include "base/check.h"
#include "base/memory.h"

hd_status hd_pool_create(hd_pool **out) {
  hd_pool *pool = hdi_alloc_zero(1, sizeof *pool);
  if (!pool) return HD_OUT_OF_MEMORY;
  pool->lock = hdi_mutex_create();
  if (!pool->lock ||
      !hdi_reserve((void **)&pool->runs, &pool->run_capacity, HDI_RUNS_KEPT, sizeof *pool->runs) ||
      !hdi_bell_init(&pool->event)) {
    hdi_mutex_destroy(pool->lock);
    hdi_free(pool->runs);
    hdi_free(pool);
    return HD_OUT_OF_MEMORY;
  }
  *out = pool;
  return HD_OK;
}

void hdi_pool_wake(hd_pool *pool, const hd_run *run, uint32_t count) {
  for (uint32_t word = 0; word < HDI_IDLE_WORDS && count && word * 64 < run->worker_count; word++) {
    uint32_t left = run->worker_count - word * 64;
    uint64_t allowed = left >= 64 ? UINT64_MAX : (UINT64_C(1) << left) - 1;
    while (count) {
      uint64_t sleepers = hdi_load_seq_u64(&pool->idle[word]) & allowed; /* sync IDLE-1 */
      if (!sleepers) break;
      uint64_t bit = sleepers & (~sleepers + 1);
      if (!(hdi_and_seq_u64(&pool->idle[word], ~bit) & bit)) continue; /* someone else woke it */
      hd_worker *worker = hdi_load_seq_pointer(&pool->workers[word * 64 + (uint32_t)__builtin_ctzll(bit)]);
      if (worker) hdi_bell_ring(&worker->bell);
      count--;
    }
  }
}

static void wake_for_run(void *pool, hd_run *run, uint32_t count) { hdi_pool_wake(pool, run, count); }

/* Under the lock: takes a run out when it is over and nobody holds it. True: the event must ring. */
static bool end_if_over(hd_pool *pool, hd_run *run) {
  if (run->ended || run->holders || hd_run_get_state(run) == HD_RUN_ACTIVE) return false;
  for (uint32_t i = 0, to = 0; i < pool->run_count; i++)
    if (pool->runs[i] != run) pool->runs[to++] = pool->runs[i];
  pool->run_count--;
  hdi_run_close(run);
  run->ended = true;
  return true;
}

static void tell(void *pool) { hdi_bell_ring(&((hd_pool *)pool)->event); }

static void cancel_run(void *user, hd_run *run) {
  hd_pool *pool = user;
  hdi_mutex_lock(pool->lock);
  bool over = false;
  if (!run->ended) {
    hdi_run_cancel(run);
    over = end_if_over(pool, run);
    if (!over) hdi_pool_wake(pool, run, HD_WORKERS_MAX); /* bodies that wait may end early */
  }
  hdi_mutex_unlock(pool->lock);
  if (over) hdi_bell_ring(&pool->event);
}

hd_status hd_pool_submit(hd_pool *pool, hd_run *run) {
  HD_ASSERT(!run->executor_keeps);
  hdi_mutex_lock(pool->lock);
  bool room = hdi_reserve((void **)&pool->runs, &pool->run_capacity, pool->run_count + 1, sizeof *pool->runs);
  bool over = false;
  if (room) {
    run->waker = pool;
    run->wake = wake_for_run;
    run->cancelled = cancel_run;
    run->tell = tell;
    pool->runs[pool->run_count++] = run;
    over = end_if_over(pool, run);
    /* Under the lock: after it the run may have ended, and its owner may have destroyed it. */
    if (!over) hdi_pool_wake(pool, run, HD_WORKERS_MAX);
  }
  hdi_mutex_unlock(pool->lock);
  if (!room) return HD_OUT_OF_MEMORY;
  if (over) hdi_bell_ring(&pool->event);
  return HD_OK;
}

void hd_pool_cancel(hd_pool *pool, hd_run *run) { cancel_run(pool, run); }

bool hd_pool_ended(hd_pool *pool, hd_run *run) {
  hdi_mutex_lock(pool->lock);
  bool ended = run->ended;
  hdi_mutex_unlock(pool->lock);
  return ended;
}

void hdi_pool_let_go(hd_pool *pool, hd_run *run) {
  hdi_mutex_lock(pool->lock);
  run->holders--;
  bool over = end_if_over(pool, run);
  hdi_mutex_unlock(pool->lock);
  if (over) hdi_bell_ring(&pool->event);
}

hd_status hd_pool_wait(hd_pool *pool, hd_run *run) {
  for (;;) {
    uint32_t seen = hdi_load_seq_u32(&pool->event.value);
    if (hd_pool_ended(pool, run)) break;
    if (hd_pool_worker_count(pool) == 0) {
      if (hd_pool_ended(pool, run)) break; /* by the last worker, before it went */
      return HD_NO_THREADS;
    }
    hdi_bell_wait(&pool->event, seen, 1000);
  }
  hd_status failure = HD_CANCELLED;
  const hd_value *error;
  switch (hd_run_get_state(run)) {
    case HD_RUN_DONE: return HD_OK;
    case HD_RUN_FAILED: hd_run_failure(run, &failure, &error); return failure;
    default: return HD_CANCELLED; /* also if tasks of a run that keeps going had failed before */
  }
}

uint32_t hd_pool_worker_count(const hd_pool *pool) {
  hdi_mutex_lock(pool->lock);
  uint32_t count = pool->worker_count;
  hdi_mutex_unlock(pool->lock);
  return count;
}

uint32_t *hd_pool_event(hd_pool *pool) { return (uint32_t *)(void *)&pool->event.value; }
