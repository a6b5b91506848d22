/* Workers: joining a pool, holding a run, claiming, answering, sleeping, being killed. */
#include "run/pool.h"

#include "base/check.h"
#include "base/memory.h"

static void use_own_args(hd_worker *worker) {
  worker->args = worker->few_args;
  worker->arg_capacity = HDI_ARGS_KEPT;
}

hd_status hd_worker_add(hd_pool *pool, hd_worker **out) {
  hd_worker *worker = hdi_alloc_zero(1, sizeof *worker);
  if (!worker) return HD_OUT_OF_MEMORY;
  if (!hdi_bell_init(&worker->bell)) {
    hdi_free(worker);
    return HD_OUT_OF_MEMORY;
  }
  worker->pool = pool;
  use_own_args(worker);
  hdi_mutex_lock(pool->lock);
  uint32_t index = 0;
  while (index < HD_WORKERS_MAX && hdi_load_seq_pointer(&pool->workers[index])) index++;
  if (index < HD_WORKERS_MAX) {
    worker->index = index;
    worker->next_in_pool = pool->all_workers;
    pool->all_workers = worker;
    pool->worker_count++;
    hdi_store_seq_pointer(&pool->workers[index], worker);
  }
  hdi_mutex_unlock(pool->lock);
  if (index == HD_WORKERS_MAX) {
    hdi_bell_fini(&worker->bell);
    hdi_free(worker);
    return HD_WORKER_COUNT;
  }
  *out = worker;
  return HD_OK;
}

uint32_t hd_worker_index(const hd_worker *worker) { return worker->index; }
uint32_t *hd_worker_bell(hd_worker *worker) { return (uint32_t *)(void *)&worker->bell.value; }

bool hd_worker_enter(hd_worker *worker) {
  return hdi_cas_seq_u32(&worker->mode, HDI_OUTSIDE, HDI_INSIDE); /* sync KILL-1 */
}

void hd_worker_leave(hd_worker *worker) { hdi_store_seq_u32(&worker->mode, HDI_OUTSIDE); }

bool hd_worker_kill(hd_worker *worker) {
  return hdi_cas_seq_u32(&worker->mode, HDI_OUTSIDE, HDI_KILLED) || /* sync KILL-1 */
         hdi_load_seq_u32(&worker->mode) == HDI_KILLED;
}

/* Takes hold of the oldest run that has something for this worker. *delay_ms: when to look again. */
static hd_run *take_hold(hd_worker *worker, uint32_t *delay_ms) {
  hd_pool *pool = worker->pool;
  hd_run *found = NULL;
  *delay_ms = HDI_SLEEP_MS;
  hdi_mutex_lock(pool->lock);
  for (uint32_t i = 0; i < pool->run_count && !found; i++) {
    hd_run *run = pool->runs[i];
    if (worker->index >= run->worker_count) continue;
    uint32_t delay = hdi_run_delay_ms(run);
    if (delay == 0) found = run;
    else if (delay < *delay_ms) *delay_ms = delay;
  }
  if (found) found->holders++;
  hdi_mutex_unlock(pool->lock);
  return found;
}

/* Room for the arguments of an exceptionally wide task is not kept. */
static void trim_args(hd_worker *worker) {
  if (worker->arg_capacity <= HDI_ARGS_KEPT) return;
  hdi_free(worker->args);
  use_own_args(worker);
}

static bool room_for_args(hd_worker *worker, uint32_t count) {
  if (count <= worker->arg_capacity) return true;
  hd_value *more = hdi_alloc(count, sizeof *more);
  if (!more) return false;
  trim_args(worker);
  worker->args = more;
  worker->arg_capacity = count;
  return true;
}

/* Lets go of the run it claims from; before that of memory, so that whoever sees the run's end finds
 * live bytes as they were. */
static void let_go_of_run(hd_worker *worker) {
  hd_run *run = worker->run;
  worker->run = NULL;
  trim_args(worker);
  if (run) hdi_pool_let_go(worker->pool, run);
}

static void withdraw_announcement(hd_worker *worker) {
  if (!worker->announced) return;
  worker->announced = false;
  hdi_and_seq_u64(&worker->pool->idle[worker->index / 64], ~(UINT64_C(1) << worker->index % 64));
}

/* Wakes others for what an answer made ready: this worker takes one of them itself. Not so while it is
 * announced (a deferred claim is answered): it may have been woken for another one just now. */
static void share(hd_worker *worker, const hd_run *run, uint32_t ready_count) {
  uint32_t own = worker->announced ? 0 : 1;
  if (ready_count > own) hdi_pool_wake(worker->pool, run, ready_count - own);
}

static void finish(hd_worker *worker, hd_run *run, uint32_t task, hd_value *result) {
  hd_finished finished = {0};
  hd_run_finish(run, worker->index, task, result, &finished);
  share(worker, run, finished.ready_count);
}

static bool gather_args(hd_worker *worker, hd_run *run, uint32_t task, hd_call *call) {
  call->task = task;
  call->worker = worker->index;
  call->arg_count = hd_graph_arg_count(run->graph, task);
  if (!room_for_args(worker, call->arg_count)) return false;
  hd_run_args(run, task, worker->args);
  call->args = worker->args;
  return true;
}

static uint32_t open_slot(hd_worker *worker, hd_run *run, uint32_t task) {
  uint32_t slot = 0;
  while (worker->claims[slot].run) slot++;
  worker->claims[slot] = (hdi_open_claim){run, task, false};
  worker->open_count++;
  return slot;
}

hd_next hd_worker_next(hd_worker *worker, hd_claim *claim) {
  withdraw_announcement(worker);
  if (worker->open_count > HD_DEFERRED_MAX) { /* no more until one is answered */
    let_go_of_run(worker);
    return HD_NEXT_IDLE;
  }
  for (uint32_t budget = HDI_BUDGET; budget;) {
    uint32_t task, delay_ms;
    if (!worker->run && !(worker->run = take_hold(worker, &delay_ms))) return HD_NEXT_IDLE;
    hd_run *run = worker->run;
    if (!hd_run_claim(run, worker->index, 1, &task)) {
      let_go_of_run(worker);
      continue;
    }
    const hd_function *function = hd_graph_function(run->graph, task);
    if (!gather_args(worker, run, task, &claim->call)) {
      hd_run_fail(run, worker->index, task, HD_OUT_OF_MEMORY, NULL);
      continue;
    }
    claim->call.user = function->user;
    if (!function->kernel) {
      claim->run = run;
      claim->slot = open_slot(worker, run, task);
      return HD_NEXT_TASK;
    }
    hd_value result = {HD_UNDEFINED, 0, {0}};
    hd_status status = function->kernel(&claim->call, &result);
    if (status == HD_OK) finish(worker, run, task, &result);
    else hd_run_fail(run, worker->index, task, status, &result);
    budget--;
  }
  return HD_NEXT_YIELD;
}

/* Frees a slot; its run is still held, by the worker or (as before) by the claim itself. */
static hdi_open_claim close_slot(hd_worker *worker, uint32_t slot) {
  HD_ASSERT(slot < HDI_CLAIMS_MAX && worker->claims[slot].run);
  hdi_open_claim claim = worker->claims[slot];
  worker->claims[slot].run = NULL;
  worker->open_count--;
  return claim;
}

void hd_worker_finish(hd_worker *worker, uint32_t slot, hd_value *result) {
  hdi_open_claim claim = close_slot(worker, slot);
  finish(worker, claim.run, claim.task, result);
  if (claim.deferred) hdi_pool_let_go(worker->pool, claim.run);
}

void hd_worker_fail(hd_worker *worker, uint32_t slot, hd_status status, hd_value *error) {
  hdi_open_claim claim = close_slot(worker, slot);
  hd_run_fail(claim.run, worker->index, claim.task, status, error);
  if (claim.deferred) hdi_pool_let_go(worker->pool, claim.run);
}

void hd_worker_defer(hd_worker *worker, uint32_t slot) {
  HD_ASSERT(slot < HDI_CLAIMS_MAX && worker->claims[slot].run && !worker->claims[slot].deferred);
  worker->claims[slot].deferred = true;
  hdi_mutex_lock(worker->pool->lock);
  worker->claims[slot].run->holders++;
  hdi_mutex_unlock(worker->pool->lock);
}

uint32_t hd_worker_sleep(hd_worker *worker, uint32_t *seen) {
  uint32_t delay_ms;
  *seen = hdi_load_seq_u32(&worker->bell.value);
  if (worker->open_count > HD_DEFERRED_MAX) return HDI_SLEEP_MS; /* only an answer helps */
  worker->announced = true;
  hdi_or_seq_u64(&worker->pool->idle[worker->index / 64], UINT64_C(1) << worker->index % 64); /* sync IDLE-1 */
  worker->run = take_hold(worker, &delay_ms);
  if (!worker->run) return delay_ms;
  withdraw_announcement(worker);
  return 0;
}

void hd_worker_lost(hd_worker *worker, uint32_t attempts_max) {
  hd_pool *pool = worker->pool;
  HD_ASSERT(hdi_load_seq_u32(&worker->mode) == HDI_KILLED);
  for (uint32_t slot = 0; slot < HDI_CLAIMS_MAX; slot++) {
    if (!worker->claims[slot].run) continue;
    hdi_open_claim claim = close_slot(worker, slot);
    if (hd_run_attempt(claim.run, claim.task) < attempts_max)
      hd_run_lost(claim.run, worker->index, claim.task);
    else
      hd_run_fail(claim.run, worker->index, claim.task, HD_WORKER_LOST, NULL);
    if (claim.deferred) hdi_pool_let_go(pool, claim.run);
  }
  hd_run *run = worker->run;
  worker->run = NULL;
  hdi_mutex_lock(pool->lock);
  pool->worker_count--;
  hdi_store_seq_pointer(&pool->workers[worker->index], NULL);
  hdi_and_seq_u64(&pool->idle[worker->index / 64], ~(UINT64_C(1) << worker->index % 64));
  /* It may have been woken for something that it did not come to: pass the wake on. */
  for (uint32_t i = 0; i < pool->run_count; i++) hdi_pool_wake(pool, pool->runs[i], 1);
  hdi_mutex_unlock(pool->lock);
  if (run) hdi_pool_let_go(pool, run);
}
