/* Workers: joining a pool, holding a run, claiming, answering, sleeping, being killed. */
#include "run/pool.h"

#include "base/check.h"
#include "base/clock.h"
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
  if (!hdi_cas_seq_u32(&worker->mode, HDI_OUTSIDE, HDI_INSIDE)) return false; /* sync KILL-1 */
  hdi_cache_enter(&worker->cache);
  return true;
}

void hd_worker_leave(hd_worker *worker) {
  hdi_cache_enter(NULL);
  hdi_store_seq_u32(&worker->mode, HDI_OUTSIDE);
}

bool hd_worker_kill(hd_worker *worker) {
  return hdi_cas_seq_u32(&worker->mode, HDI_OUTSIDE, HDI_KILLED) || /* sync KILL-1 */
         hdi_load_seq_u32(&worker->mode) == HDI_KILLED;
}

/* ---- one worker for tiny kernels (SOLO-1) -------------------------------------------------------- */

static bool is_solo(const hd_worker *worker, const hd_run *run) {
  return hdi_load_seq_u32(&run->solo) == worker->index + 1;
}

/* Whether another worker is better left alone with a run: it runs it solo, and came on fast enough since this one
 * looked last. The first time it gets the benefit of the doubt; who does not deserve it is solo no more. */
static bool leave_alone(hd_worker *worker, hd_run *run) {
  uint32_t solo = hdi_load_seq_u32(&run->solo);
  if (!solo || solo == worker->index + 1) return false;
  double us = hdi_clock_us(), since_us = us - worker->watched_us;
  uint32_t done = hdi_run_done(run), more = done - worker->watched_done;
  bool known = worker->watched == run && since_us < 20 * 1000 * HDI_SOLO_LOOK_MS;
  worker->watched = run;
  worker->watched_done = done;
  worker->watched_us = us;
  if (!known || (double)more * hdi_load_relaxed_u32(&run->solo_worth_ns) > since_us * 1000) return true;
  (void)hdi_cas_seq_u32(&run->solo, solo, 0);
  return false;
}

/* Others may have a share again. */
static void end_solo(hd_worker *worker, hd_run *run) {
  if (hdi_cas_seq_u32(&run->solo, worker->index + 1, 0)) hdi_pool_wake(worker->pool, run, HD_WORKERS_MAX);
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
    if (delay == 0 && leave_alone(worker, run)) delay = HDI_SOLO_LOOK_MS;
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

/* Lets go of a run; before that of memory, so that whoever sees the run's end finds live bytes as they were. */
static void let_go(hd_worker *worker, hd_run *run) {
  hdi_cache_settle(&worker->cache);
  hdi_pool_let_go(worker->pool, run);
}

static void let_go_of_run(hd_worker *worker) {
  hd_run *run = worker->run;
  worker->run = NULL;
  trim_args(worker);
  if (!run) return;
  (void)hdi_cas_seq_u32(&run->solo, worker->index + 1, 0);
  let_go(worker, run);
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

static bool gather_args(hd_worker *worker, hd_run *run, uint32_t task, hd_call *call) {
  call->task = task;
  call->worker = worker->index;
  call->run = run;
  uint32_t from = run->graph->arg_offsets[task];
  call->arg_count = run->graph->arg_offsets[task + 1] - from;
  if (!room_for_args(worker, call->arg_count)) return false;
  hdi_run_args(run, run->graph->args + from, call->arg_count, worker->args);
  call->args = worker->args;
  return true;
}

static uint32_t open_slot(hd_worker *worker, hd_run *run, uint32_t task) {
  uint32_t slot = 0;
  while (worker->claims[slot].run) slot++;
  worker->claims[slot] = (hdi_open_claim){.run = run, .task = task};
  worker->open_count++;
  return slot;
}

/* Whether anybody sleeps who could have what this worker has in its hand. */
static bool others_idle(const hd_pool *pool, const hd_run *run) {
  for (uint32_t word = 0; word * 64 < run->worker_count; word++)
    if (hdi_load_seq_u64(&pool->idle[word])) return true; /* sync IDLE-1 */
  return false;
}

/* What a worker knows while it runs kernels. */
typedef struct streak {
  hdi_hand hand;
  uint32_t next;  /* a part that it has claimed by finishing the one before, or HD_NONE */
  bool solo;      /* it runs the run alone */
  bool withdraws; /* it leaves the run to another */
  uint32_t timed; /* kernels since `since_us` … */
  uint32_t since_done; /* … when so many were done by all */
  double since_us;
} streak;

static void size_hand(const hd_worker *worker, const hd_run *run, hdi_hand *hand) {
  if (run->graph->has_external) hand->max = 1; /* nobody knows how long those take */
  else if (run->alone || is_solo(worker, run)) hand->max = HDI_READY_BITS;
  else if (!worker->kernels_are_short) hand->max = 1;
  else hand->max = run->loose ? HDI_READY_BITS : HDI_HAND_MAX;
}

/* A sample of a worker among others, of so many ns: if its kernels are tiny it tries to run them alone, or leaves
 * them to who does. `shared` were done by all meanwhile: not many more than its own, and there is nothing to try. */
static void try_solo(hd_worker *worker, hd_run *run, double ns, uint32_t shared, streak *now) {
  uint32_t rest = hdi_load_relaxed_u32(&run->solo_rest);
  if (rest) {
    hdi_store_relaxed_u32(&run->solo_rest, rest - 1); /* about: others do so, too */
  } else if (ns < HDI_SAMPLE * HDI_TINY_NS && shared > HDI_SAMPLE * 5 / 4) {
    if (!hdi_cas_seq_u32(&run->solo, 0, worker->index + 1)) {
      now->withdraws = true;
      return;
    }
    hdi_store_relaxed_u32(&run->solo_worth_ns, (uint32_t)(ns / shared));
    worker->solo_samples = 0;
  }
}

/* Looks at the clock now and then: only of short kernels may one be kept waiting for another, and tiny ones may be
 * left to one worker. */
static void time_kernels(hd_worker *worker, hd_run *run, streak *now) {
  if (++now->timed < HDI_SAMPLE || run->alone || run->graph->has_external) return;
  double us = hdi_clock_us(), ns = (us - now->since_us) * 1000;
  uint32_t done = hdi_run_done(run), shared = done - now->since_done;
  worker->kernels_are_short = ns < HDI_SAMPLE * HDI_SHORT_US * 1000;
  now->since_us = us;
  now->since_done = done;
  now->timed = 0;
  if (!is_solo(worker, run)) {
    try_solo(worker, run, ns, shared, now);
  } else if (++worker->solo_samples > HDI_SOLO_GRACE && ns >= HDI_SAMPLE * (double)hdi_load_relaxed_u32(&run->solo_worth_ns)) {
    hdi_store_relaxed_u32(&run->solo_rest, HDI_SOLO_REST);
    end_solo(worker, run);
  }
  now->solo = is_solo(worker, run);
  size_hand(worker, run, &now->hand);
}

/* Another worker has found that this one was too slow to be solo. */
static void stop_solo(hd_worker *worker, const hd_run *run, streak *now) {
  now->solo = worker->kernels_are_short = false;
  size_hand(worker, run, &now->hand);
}

static void empty_hand(hd_worker *worker, hd_run *run, streak *now) {
  uint32_t count = hdi_run_put_back(run, &now->hand, 0);
  if (count > 1 && !now->solo) hdi_pool_wake(worker->pool, run, count - 1); /* it comes back for one itself */
}

/* Runs a kernel, in the core, and shares what it made ready. */
static void run_kernel(hd_worker *worker, hd_run *run, const hd_function *function, uint32_t task, bool go_on, streak *now) {
  hd_call call = {.user = function->user};
  hd_value result = {HD_UNDEFINED, 0, {0}};
  hd_finished finished = {.go_on = go_on};
  hd_status status = HD_OUT_OF_MEMORY;
  if (gather_args(worker, run, task, &call)) {
    if (hdi_run_must_skip(run, call.args, call.arg_count)) {
      hd_run_skip(run, worker->index, task);
      empty_hand(worker, run, now);
      return;
    }
    status = function->kernel(&call, &result);
  }
  if (status != HD_OK) {
    hd_run_fail(run, worker->index, task, status, &result);
    empty_hand(worker, run, now);
    return;
  }
  hdi_run_finish(run, worker->index, task, &result, &finished, &now->hand);
  now->next = finished.next;
  uint32_t waiting = finished.ready_count, own = now->hand.tasks || now->next != HD_NONE ? 0 : 1;
  if (now->solo && is_solo(worker, run)) return; /* the others look for themselves, now and then */
  if (now->solo) stop_solo(worker, run, now);
  if (now->hand.tasks & (now->hand.tasks - 1) && others_idle(worker->pool, run))
    waiting += hdi_run_put_back(run, &now->hand, 1);
  if (waiting > own) hdi_pool_wake(worker->pool, run, waiting - own);
}

/* The next task of the run that this worker holds; HD_NONE: there is none for now. */
static uint32_t pick(hd_worker *worker, hd_run *run, streak *now) {
  uint32_t task = now->next;
  now->next = HD_NONE;
  if (task != HD_NONE) return task;
  if (now->hand.tasks && hdi_load_seq_u32(&run->control) != 0) (void)hdi_run_put_back(run, &now->hand, 0);
  if (now->hand.tasks || hdi_run_draw(run, &now->hand)) return hdi_run_play(run, worker->index, &now->hand);
  return hd_run_claim(run, worker->index, 1, &task) ? task : HD_NONE;
}

/* Runs kernels until the budget is used up. Gives an external task if one comes up, HD_NONE if not; with
 * budget left that means that this worker shall let go of the run. */
static uint32_t run_kernels(hd_worker *worker, uint32_t *budget) {
  hd_run *run = worker->run;
  streak now = {.next = HD_NONE, .solo = is_solo(worker, run)};
  uint32_t task = HD_NONE;
  if (!run->alone && !run->graph->has_external) {
    now.since_us = hdi_clock_us();
    now.since_done = hdi_run_done(run);
  }
  size_hand(worker, run, &now.hand);
  while ((*budget && !now.withdraws) || now.next != HD_NONE) {
    task = pick(worker, run, &now);
    if (task == HD_NONE) break;
    const hd_function *function = hdi_graph_function(run->graph, task);
    if (!function->kernel) break;
    if (*budget) *budget -= 1;
    run_kernel(worker, run, function, task, *budget > 0 && !now.withdraws, &now);
    time_kernels(worker, run, &now);
    task = HD_NONE;
  }
  empty_hand(worker, run, &now);
  return task;
}

static void describe_claim(hd_worker *worker, uint32_t slot, hd_claim *claim) {
  hd_run *run = worker->claims[slot].run;
  claim->run = run;
  claim->slot = slot;
  uint32_t task = worker->claims[slot].task;
  claim->call.user = hdi_graph_function(run->graph, task)->user;
  claim->later = hdi_graph_joined(run->graph, task);
  claim->more = hdi_graph_joined(run->graph, task + 1);
}

static hdi_open_claim close_slot(hd_worker *worker, uint32_t slot);
static void drop_slot(hd_worker *worker, uint32_t slot);

/* Begins the next part of a group that one of this worker's claims has come to, if there is one that may. */
static bool begin_part(hd_worker *worker, hd_claim *claim) {
  for (uint32_t slot = 0, seen = 0, due = worker->due_count; seen < due; slot++) {
    hdi_open_claim *open = &worker->claims[slot];
    if (!open->run || !open->due) continue;
    seen++;
    if (open->held && hdi_load_seq_u32(&open->run->control) & HDI_STOPPED) {
      drop_slot(worker, slot);
    } else if (!open->held || hd_run_pass(open->run, worker->index, open->task)) {
      open->due = open->held = false;
      worker->due_count--;
      if (!gather_args(worker, open->run, open->task, &claim->call)) {
        hd_worker_fail(worker, slot, HD_OUT_OF_MEMORY, NULL);
      } else if (hdi_run_must_skip(open->run, claim->call.args, claim->call.arg_count)) {
        hdi_open_claim skipped = close_slot(worker, slot);
        hd_run_skip(skipped.run, worker->index, skipped.task);
        if (skipped.holds) let_go(worker, skipped.run);
      } else {
        describe_claim(worker, slot, claim);
        return true;
      }
    }
  }
  return false;
}

hd_next hd_worker_next(hd_worker *worker, hd_claim *claim) {
  withdraw_announcement(worker);
  if (worker->due_count && begin_part(worker, claim)) return HD_NEXT_TASK;
  if (worker->open_count > HD_DEFERRED_MAX) { /* no more until one is answered */
    let_go_of_run(worker);
    return HD_NEXT_IDLE;
  }
  for (uint32_t budget = HDI_BUDGET; budget;) {
    uint32_t delay_ms;
    if (!worker->run && !(worker->run = take_hold(worker, &delay_ms))) return HD_NEXT_IDLE;
    uint32_t task = run_kernels(worker, &budget);
    if (task == HD_NONE) {
      if (budget) let_go_of_run(worker);
    } else if (!gather_args(worker, worker->run, task, &claim->call)) {
      hd_run_fail(worker->run, worker->index, task, HD_OUT_OF_MEMORY, NULL);
    } else if (hdi_run_must_skip(worker->run, claim->call.args, claim->call.arg_count)) {
      hd_run_skip(worker->run, worker->index, task);
      budget--;
    } else {
      describe_claim(worker, open_slot(worker, worker->run, task), claim);
      return HD_NEXT_TASK;
    }
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

/* Gives up a claim whose next part was never begun. */
static void drop_slot(hd_worker *worker, uint32_t slot) {
  hdi_open_claim claim = close_slot(worker, slot);
  worker->due_count--;
  if (claim.holds) let_go(worker, claim.run);
}

static void keep_open(hd_worker *worker, uint32_t slot) {
  if (worker->claims[slot].holds) return;
  worker->claims[slot].holds = true;
  hdi_mutex_lock(worker->pool->lock);
  worker->claims[slot].run->holders++;
  hdi_mutex_unlock(worker->pool->lock);
}

void hd_worker_finish(hd_worker *worker, uint32_t slot, hd_value *result) {
  HD_ASSERT(slot < HDI_CLAIMS_MAX && worker->claims[slot].run && !worker->claims[slot].due);
  hdi_open_claim *open = &worker->claims[slot];
  hd_run *run = open->run;
  hd_finished finished = {.go_on = true};
  hd_run_finish(run, worker->index, open->task, result, &finished);
  if (finished.next != HD_NONE) {
    open->task = finished.next;
    open->due = true;
    open->deferred = false;
    worker->due_count++;
    open->held = finished.held;
    if (open->held) keep_open(worker, slot); /* the worker may let go of the run meanwhile */
    if (finished.ready_count) hdi_pool_wake(worker->pool, run, finished.ready_count);
    return;
  }
  hdi_open_claim claim = close_slot(worker, slot);
  share(worker, run, finished.ready_count);
  if (claim.holds) let_go(worker, run);
}

void hd_worker_fail(hd_worker *worker, uint32_t slot, hd_status status, hd_value *error) {
  hdi_open_claim claim = close_slot(worker, slot);
  hd_run_fail(claim.run, worker->index, claim.task, status, error);
  if (claim.holds) let_go(worker, claim.run);
}

void hd_worker_defer(hd_worker *worker, uint32_t slot) {
  HD_ASSERT(slot < HDI_CLAIMS_MAX && worker->claims[slot].run && !worker->claims[slot].due);
  HD_ASSERT(!worker->claims[slot].deferred);
  worker->claims[slot].deferred = true;
  keep_open(worker, slot);
}

bool hd_worker_stopped(const hd_worker *worker, uint32_t slot) {
  const hd_run *run = worker->claims[slot].run;
  return run && hdi_load_seq_u32(&run->control) & HDI_STOPPED;
}

void hd_worker_set_progress(hd_worker *worker, uint32_t slot, float fraction) {
  const hdi_open_claim *open = &worker->claims[slot];
  if (open->run) hd_run_set_progress(open->run, open->task, fraction);
}

/* How soon a part that is due may begin. */
static uint32_t due_delay_ms(const hd_worker *worker) {
  uint32_t delay = HDI_SLEEP_MS;
  for (uint32_t slot = 0, seen = 0; seen < worker->due_count; slot++) {
    const hdi_open_claim *open = &worker->claims[slot];
    if (!open->run || !open->due) continue;
    seen++;
    uint32_t this_one = open->held ? hdi_run_gate_delay_ms(open->run) : 0;
    if (this_one < delay) delay = this_one;
  }
  return delay;
}

uint32_t hd_worker_sleep(hd_worker *worker, uint32_t *seen) {
  uint32_t delay_ms, due_ms = due_delay_ms(worker);
  *seen = hdi_load_seq_u32(&worker->bell.value);
  if (due_ms == 0) return 0;
  if (worker->open_count > HD_DEFERRED_MAX) return due_ms; /* only an answer helps */
  worker->announced = true;
  hdi_or_seq_u64(&worker->pool->idle[worker->index / 64], UINT64_C(1) << worker->index % 64); /* sync IDLE-1 */
  worker->run = take_hold(worker, &delay_ms);
  if (!worker->run) return delay_ms < due_ms ? delay_ms : due_ms;
  withdraw_announcement(worker);
  return 0;
}

void hd_worker_blame(hd_worker *worker, uint32_t slot) {
  worker->blamed = true;
  worker->culprit = slot;
}

void hd_worker_lost(hd_worker *worker, uint32_t attempts_max) {
  hd_pool *pool = worker->pool;
  HD_ASSERT(hdi_load_seq_u32(&worker->mode) == HDI_KILLED);
  hdi_cache_empty(&worker->cache);
  for (uint32_t slot = 0; slot < HDI_CLAIMS_MAX; slot++) {
    if (!worker->claims[slot].run) continue;
    hdi_open_claim claim = close_slot(worker, slot);
    if (claim.held && hdi_load_seq_u32(&claim.run->control) & HDI_STOPPED) {
      hdi_pool_let_go(pool, claim.run); /* its next part will not begin */
      continue;
    }
    if (claim.held) hdi_run_begin_held(claim.run, worker->index, claim.task);
    if (worker->blamed && slot != worker->culprit)
      hdi_run_spare(claim.run, worker->index, claim.task);
    else if (hd_run_attempt(claim.run, claim.task) < attempts_max)
      hd_run_lost(claim.run, worker->index, claim.task);
    else
      hd_run_fail(claim.run, worker->index, claim.task, HD_WORKER_LOST, NULL);
    if (claim.holds) hdi_pool_let_go(pool, claim.run);
  }
  hd_run *run = worker->run;
  worker->run = NULL;
  if (run) end_solo(worker, run);
  hdi_mutex_lock(pool->lock);
  pool->worker_count--;
  hdi_store_seq_pointer(&pool->workers[worker->index], NULL);
  hdi_and_seq_u64(&pool->idle[worker->index / 64], ~(UINT64_C(1) << worker->index % 64));
  /* It may have been woken for something that it did not come to: pass the wake on. */
  for (uint32_t i = 0; i < pool->run_count; i++) hdi_pool_wake(pool, pool->runs[i], 1);
  hdi_mutex_unlock(pool->lock);
  if (run) hdi_pool_let_go(pool, run);
}

void hdi_worker_free(hd_worker *worker) {
  hdi_cache_empty(&worker->cache);
  hdi_bell_fini(&worker->bell);
  if (worker->args != worker->few_args) hdi_free(worker->args);
  hdi_free(worker);
}

void hd_worker_forget(hd_worker *worker) {
  hd_pool *pool = worker->pool;
  HD_ASSERT(hdi_load_seq_u32(&worker->mode) == HDI_KILLED && hdi_load_seq_pointer(&pool->workers[worker->index]) != worker);
  hdi_mutex_lock(pool->lock);
  hd_worker **link = &pool->all_workers;
  while (*link != worker) link = &(*link)->next_in_pool;
  *link = worker->next_in_pool;
  hdi_mutex_unlock(pool->lock);
  hdi_worker_free(worker);
}
