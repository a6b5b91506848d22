#!/bin/bash
# Faults put into the source on purpose: each must be found by a model.
#
#   mutants.sh [MODEL]      all, or those of model_ready, model_sleep, model_failure, model_kill, orders
#
# A fault of the source is an edit (perl) of a copy of src/run; one that no longer fits any text is an
# error, so that the list stays true. `orders` takes the order from each operation of ready.c in turn; those
# that may be without are listed below. (The faults of pool.pml are in itself: spin.sh mutants.)
# Ends with 0: all found; 1: one was not; 77: not run, for want of relacy or a C++ compiler.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
cxx=${CXX:-g++}
flags=$("$here/flags.sh")
echo '#include <relacy/relacy.hpp>' | $cxx $flags -x c++ -fsyntax-only - 2> /dev/null ||
  { echo "not run: no $cxx or no relacy (relacy-dev)"; exit 77; }
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
only=${1:-}
failed=0

# compile MODEL SRC OUT
compile() {
  $cxx $flags -O1 -I"$here/.." -I"$2" -I"$2/include" "$here/$1.cpp" -o "$3"
}

# mutant MODEL FILE NAME EDIT [OPTIONS]
mutant() {
  [ -z "$only" ] || [ "$only" = "$1" ] || return 0
  rm -rf "$folder/src"
  cp -r "$root/src" "$folder/src"
  perl -0pi -e "$4" "$folder/src/run/$2"
  if cmp -s "$root/src/run/$2" "$folder/src/run/$2"; then
    echo "NO SUCH TEXT  $2: $3"; failed=1
  elif ! compile "$1" "$folder/src" "$folder/mutant" 2> "$folder/errors"; then
    echo "NOT COMPILED  $2: $3"; head -5 "$folder/errors"; failed=1
  else
    "$folder/mutant" --quiet ${5:-} > "$folder/out" 2>&1
    case $? in
      0) echo "SURVIVES      $2: $3"; failed=1 ;;
      *) echo "killed        $2: $3 ($(grep -B2 FAILED "$folder/out" | sed -n 's/^\([0-9]*\)\. .*/scenario \1/p' | tail -1)," \
           "$(sed -n 's/^\([0-9]*\) executions in.*/\1/p' "$folder/out") executions)" ;;
    esac
  fi
}

# ---- ready.c ----
# (That lower_word stops below a word that is not 0 only saves time: going on, it looks again and repairs.)
mutant model_ready ready.c 'lower_word does not look again' 's/if \(hdi_load_seq_u64\(&ready->levels\[level\]\[word\]\) != 0\)/if (0)/'
mutant model_ready ready.c 'lower_word looks before it clears' 's/(    uint64_t before = hdi_and_seq_u64.*?\n)(    if \()hdi_load_seq_u64\(&ready->levels\[level\]\[word\]\)( != 0)/    uint64_t seen = hdi_load_seq_u64(&ready->levels[level][word]);\n$1$2seen$3/'
mutant model_ready ready.c 'upper levels are not marked' 's/(static void raise_word.*?)level < ready->level_count/$1level < 2/s'
mutant model_ready ready.c 'marking stops at the first mark that is there' 's/if \(!\(hdi_load_seq_u64\(at\) & bit_of\(word\)\)\) hdi_or_seq_u64\(at, bit_of\(word\)\);/if (hdi_or_seq_u64(at, bit_of(word)) & bit_of(word)) return;/'
mutant model_ready ready.c 'marks are stored, not added' 's/hdi_or_seq_u64\(at, bit_of\(word\)\); \/\* sync READY-2/hdi_store_seq_u64(at, hdi_load_seq_u64(at) | bit_of(word)); \/\* sync READY-2/'
mutant model_ready ready.c 'a task is marked before it is added' 's/(  hdi_or_seq_u64\(&ready->levels\[0\].*?\n)(  raise_word\(ready, word\);\n)/$2$1/'
mutant model_ready ready.c 'take believes what it saw' 's/uint64_t taken = before & wanted/uint64_t taken = wanted/'
mutant model_ready ready.c 'take clears the whole word' 's/hdi_and_seq_u64\(at, ~wanted\)/hdi_and_seq_u64(at, 0)/'
mutant model_ready ready.c 'lower_word clears the marks beside it' 's/hdi_and_seq_u64\(at, ~bit_of\(word\)\)/hdi_and_seq_u64(at, 0)/'
mutant model_ready ready.c 'what was hidden is marked in one level only' 's/(hdi_or_seq_u64\(&ready->levels\[level \+ 1\]\[word \/ HDI_READY_BITS\], bit_of\(word\)\);\n)/$1        return true;\n/'
mutant model_ready ready.c 'nobody is told what was hidden' 's/return true;/return false;/'

# ---- sleeping ----
mutant model_sleep worker.c 'announces after it has looked' 's/(  hdi_or_seq_u64\(&worker->pool->idle.*?\n)(  worker->run = take_hold.*?\n)/$2$1/'
mutant model_sleep worker.c 'does not look again once it has announced' 's/  worker->run = take_hold\(worker, &delay_ms\);/  delay_ms = HDI_SLEEP_MS;/'
mutant model_sleep worker.c 'reads the bell after it has looked' 's/(  \*seen = hdi_load_seq_u32.*?\n)(.*?)(  worker->run = take_hold.*?\n)/$2$3$1/s'
mutant model_sleep worker.c 'an announcement is never withdrawn' 's/(  worker->announced = false;\n)  hdi_and_seq_u64.*?\n/$1/'
mutant model_sleep worker.c 'wakes one too few' 's/waiting - own\);/waiting - own - 1);/'
mutant model_sleep worker.c 'a run is taken without being held' 's/  if \(found\) found->holders\+\+;\n//'
mutant model_sleep pool.c 'counts a sleeper that someone else has woken' 's/& bit\)\) continue;/& bit)) { count--; continue; }/'
mutant model_sleep pool.c 'the end without looking at holders' 's/run->ended \|\| run->holders \|\|/run->ended ||/'
mutant model_sleep pool.c 'the last one out does not look whether that was the end' 's/(run->holders--;\n  bool over = )end_if_over\(pool, run\)/$1false/'
mutant model_sleep pool.c 'cancel leaves the end to the workers' 's/(hdi_run_cancel\(run\);\n    over = )end_if_over\(pool, run\)/$1false/'
mutant model_sleep pool.c 'an end is told twice' 's/  run->ended = true;/  run->ended = false;/'
mutant model_sleep pool.c 'the event does not ring' 's/(void hdi_pool_let_go.*?)if \(over\) hdi_bell_ring\(&pool->event\);/$1(void)over;/s'
mutant model_sleep run.c 'wakes one for what was hidden, however many' 's/if \(raised\) hdi_run_wake\(run, HD_WORKERS_MAX\)/if (raised) hdi_run_wake(run, 1)/g' '--scenario 4 --random 2000000'
mutant model_sleep run.c 'wakes nobody for what was hidden' 's/if \(raised\) hdi_run_wake\(run, HD_WORKERS_MAX\);//g' '--scenario 4 --random 2000000'
mutant model_sleep run.c 'inputs are not counted down in one step' 's/if \(!alone\) return hdi_sub_seq_u32\(count, 1\) == 1;/if (!alone) { left = hdi_load_seq_u32(count); hdi_store_seq_u32(count, left - 1); return left == 1; }/'
mutant model_sleep run.c 'the last one to count down is anybody who reads two' 's/if \(left == 1\) return true;/if (left <= 2) return true;/'
mutant model_sleep run.c 'everyone counts down as if alone' 's/if \(!alone\) return/if (0) return/'
mutant model_sleep run.c 'goes on without putting the others into the set' 's/    hdi_ready_add\(&run->ready, task\);\n    finished->ready_count\+\+;\n/    finished->ready_count++;\n/'
mutant model_sleep run.c 'what is put back is lost' 's/for \(; hand->tasks; hand->tasks &= hand->tasks - 1, count\+\+\)\n.*?\n/hand->tasks = 0;\n/'
mutant model_sleep run.c 'a later part waits to be claimed by others too' 's/(    finished->next = next;\n    begin_part\(run, worker, next, HDI_PASS_FREE\);\n)    return;\n/$1/'
mutant model_sleep run.c 'readers of an early part are let go with it' 's/  if \(last\) count_down_dependents/  count_down_dependents/'
mutant model_sleep run.c 'a budget never gives way' 's/\(room \|\| open == 1\)/room/'
mutant model_sleep run.c 'who is refused still counts' 's/  if \(!count\) hdi_sub_seq_u32\(&run->open, 1\);\n//'
mutant model_sleep run.c 'an answer does not make room' 's/    if \(finished->next == HD_NONE\) hdi_sub_seq_u32\(&run->open, 1\); \/\* sync BUDGET-1 \*\/\n//'
mutant model_sleep run.c 'a token that comes free wakes nobody' 's/  if \(token\) hdi_run_wake\(run, 1\);\n//'
mutant model_sleep run.c 'resume wakes nobody' 's/(void hd_run_resume.*?)  hdi_run_wake\(run, HD_WORKERS_MAX\);\n/$1/s'
mutant model_sleep run.c 'step wakes nobody' 's/(void hd_run_step.*?)  hdi_run_wake\(run, count\);\n/$1/s'
mutant model_sleep gate.c 'a token is taken in two steps' 's/if \(hdi_cas_seq_u32\(&gate->held, held, held \+ 1\)\) return true;/hdi_store_seq_u32(&gate->held, held + 1); return true;/'

# ---- failing ----
# (That a task which is tried again by who claims next himself wakes somebody besides is not needed: see model_kill.)
mutant model_failure failure.c 'a task that is to be tried again is not put back' 's/  hdi_ready_add\(&run->ready, task\);\n//'
mutant model_failure failure.c 'a task is tried again once too often' 's/>= run->graph->retries\[function\]/> run->graph->retries[function]/'
mutant model_failure failure.c 'an attempt that failed is not counted as answered' 's/(  hdi_count_up\(&run->tallies\[worker\]\.unwell, 1\);\n)(  hdi_ready_add)/$2/'
mutant model_failure failure.c 'a task is put back before the answer is noted' 's/(  hdi_store_relaxed_u8\(&run->states\[task\], \(uint8_t\)\(HD_READY \| lost\)\);\n)(.*?)(  hdi_ready_add\(&run->ready, task\);\n)/$3$2$1/s'
mutant model_failure failure.c 'what an absent result makes possible is not told' 's/(    state = HD_TASK_CANCELLED;\n  \}\n)  hdi_run_wake\(run, ready\);\n/$1/'
mutant model_failure failure.c 'only what the last part makes possible is told' 's/ready \+= finished.ready_count/ready = 0/'
mutant model_failure failure.c 'the parts after an absent one are left' 's/    task = finished.next;\n/    task = HD_NONE;\n/'
mutant model_failure failure.c 'a failure is noted in two steps' 's/  while \(!hdi_cas_seq_pointer\(&run->failures, failure->next, failure\)\);/  while (0); hdi_store_seq_pointer(&run->failures, failure);/'
mutant model_failure failure.c 'a failure is not noted' 's/  while \(!hdi_cas_seq_pointer\(&run->failures, failure->next, failure\)\);/  while (0);/'
mutant model_failure failure.c 'what is skipped has erred' 's/(void hd_run_skip.*?)HD_TASK_CANCELLED/$1HD_ERRED/s'
mutant model_failure run.h 'what has an absent argument is run' 's/if \(args\[i\].tag == HD_ABSENT\) return true;/(void)args;/'
mutant model_failure run.c 'the next part of an absent one is left to others, too' 's/(  if \(run->keep_going && is_absent\(run, next - 1\)\) \{.*?begin_part\(run, worker, next, HDI_PASS_FREE\);\n)    return;\n/$1/s'
mutant model_failure run.c 'what an absent result releases makes no room' 's/    finished->ready_count \+= finished->released_count;.*?\n//'
mutant model_failure run.c 'a run that noted a failure is done' 's/hdi_load_seq_pointer\(&run->failures\) \? HD_RUN_FAILED : HD_RUN_DONE/HD_RUN_DONE/'
mutant model_failure run.c 'a result is announced before it is there' 's/(  if \(run->values && result\) run->values\[task\] = \*result;\n.*?\n)(.*?)(  if \(run->announce\) announce\(run, task, state\);\n  else .*?\n)/  uint32_t state = HD_DONE;\n$3$1/s'
mutant model_failure run.c 'a result is announced without order' 's/hdi_store_seq_u8\(&run->states\[task\], \(uint8_t\)state\); \/\* sync RUN-5/hdi_store_relaxed_u8(&run->states[task], (uint8_t)state); \/* sync RUN-5/'
mutant model_failure run.c 'whether a result is there is read without order' 's/hdi_load_seq_u8\(&run->states\[task\]\) & HD_STATE_MASK\) == HD_DONE; \/\* sync RUN-5/hdi_load_relaxed_u8(&run->states[task]) & HD_STATE_MASK) == HD_DONE; \/* sync RUN-5/'
mutant model_failure run.c 'the event rings before the state is there' 's/(static void announce.*?)(  hdi_store_seq_u8.*?\n)(  if .*?hdi_run_tell\(run\);\n)/$1$3$2/s'
mutant model_failure run.c 'wanted results are not told' 's/> offsets\[1\] - offsets\[0\]\) hdi_run_tell\(run\);/> UINT32_MAX - 1) hdi_run_tell(run);/'

# ---- killing, and claims that are answered later ----
mutant model_kill failure.c 'a task that is put back wakes nobody' 's/(  hdi_ready_add\(&run->ready, task\);\n)  hdi_run_wake\(run, 1\);\n/$1/'
mutant model_kill worker.c 'a part that is skipped still holds its run' 's/        if \(skipped.holds\) let_go\(worker, skipped.run\);\n//'
mutant model_kill worker.c 'enters without asking whether it was killed' 's/if \(!hdi_cas_seq_u32\(&worker->mode, HDI_OUTSIDE, HDI_INSIDE\)\) return false;/hdi_store_seq_u32(&worker->mode, HDI_INSIDE);/'
mutant model_kill worker.c 'enters by a look and a store' 's/if \(!hdi_cas_seq_u32\(&worker->mode, HDI_OUTSIDE, HDI_INSIDE\)\) return false;/if (hdi_load_seq_u32(&worker->mode) != HDI_OUTSIDE) return false; hdi_store_seq_u32(&worker->mode, HDI_INSIDE); return true;/'
mutant model_kill worker.c 'kills who is inside' 's/return hdi_cas_seq_u32\(&worker->mode, HDI_OUTSIDE, HDI_KILLED\) \|\|.*?;/hdi_store_seq_u32(&worker->mode, HDI_KILLED); return true;/s'
mutant model_kill worker.c 'leaves before it enters' 's/(bool hd_worker_enter.*?\{\n)/$1  hdi_store_seq_u32(&worker->mode, HDI_OUTSIDE);\n/'
mutant model_kill worker.c 'a lost claim is not run again' 's/      hd_run_lost\(claim.run, worker->index, claim.task\);/      (void)0;/'
mutant model_kill worker.c 'a lost claim is run again twice' 's/(      hd_run_lost\(claim.run, worker->index, claim.task\);)/{ $1 $1 }/'
mutant model_kill worker.c 'a deferred claim that was lost still holds its run' 's/(HD_WORKER_LOST, NULL\);\n)    if \(claim.holds\) hdi_pool_let_go.*?\n/$1/'
mutant model_kill worker.c 'the run of a killed worker stays held' 's/  if \(run\) hdi_pool_let_go\(pool, run\);\n\}/}/'
mutant model_kill worker.c 'a wake of the killed worker is kept' 's/  for \(uint32_t i = 0; i < pool->run_count; i\+\+\) hdi_pool_wake\(pool, pool->runs\[i\], 1\);\n//'
mutant model_kill worker.c 'a deferred claim does not hold its run' 's/  worker->claims\[slot\].run->holders\+\+;\n//'
mutant model_kill worker.c 'one attempt too many' 's/< attempts_max/<= attempts_max/'
mutant model_kill worker.c 'the number of a killed worker stays taken' 's/  hdi_store_seq_pointer\(&pool->workers\[worker->index\], NULL\);\n//'
mutant model_kill worker.c 'who answers a deferred claim owes two wakes' 's/worker->announced \? 0 : 1/1/'

# ---- orders: an operation of ready.c may be weaker only if neither model notices ----
# hdi_ready_take_bits load 2: a guess, which the `and` after it makes certain.
# hdi_ready_take_bits and 1: taking must synchronise with adding; what must stand in one order with all else is
# the `and` of lower_word, which follows.
if [ -z "$only" ] || [ "$only" = orders ]; then
  for model in model_ready model_sleep; do
    compile $model "$root/src" "$folder/$model" && "$folder/$model" --weaken ready.c > "$folder/$model.out"
    echo "$model:"
    sed 's/^/  /' "$folder/$model.out"
    sed -n 's/ (ready.c.*//; /^SURVIVES/p' "$folder/$model.out" | sort > "$folder/$model.alive"
  done
  echo 'both:'
  comm -12 "$folder/model_ready.alive" "$folder/model_sleep.alive" | tee "$folder/alive" | sed 's/^/  /'
  printf 'SURVIVES hdi_ready_take_bits %s\n' 'and 1 as acquire-release' 'load 2 as acquire-release' 'load 2 as relaxed' |
    cmp -s - "$folder/alive" || { echo "other orders survive than those listed in $0"; failed=1; }
fi
exit $failed
