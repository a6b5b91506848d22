/* Drives relacy over a list of scenarios: exhaustively up to a bound of preemptions, then at random.
 *
 *   model_x                      every scenario, small bounds; with HEDDLE_BUDGET=minutes as deep as
 *                                that time allows
 *   model_x --scenario 3         that one only (--bound, --random, --seconds override its limits)
 *   model_x --quiet              no history of a failure: for mutants
 *   model_x --weaken [file]      weakens each sequentially consistent operation (of that file) in turn
 *                                and says whether a scenario notices
 * Ends with 0: all hold. 1: one does not, and its history was printed. */
#ifndef HDT_CHECKER_H
#define HDT_CHECKER_H

#include "model/atomic_relacy.h"

#include <chrono>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One small world of threads. Its threads begin together; `before` and `after` are run by one. */
struct hdt_scenario {
  const char *title;
  int threads;     /* 2 to 4 */
  unsigned bound;  /* preemptions, all of them tried */
  unsigned random; /* executions at random */
  void (*before)(void);
  void (*thread)(int index);
  void (*after)(void);
  const char *fine; /* or NULL; see hdt_fine */
};

static double hdt_now(void) {
  using namespace std::chrono;
  return duration_cast<duration<double>>(steady_clock::now().time_since_epoch()).count();
}

/* What is being checked now. Relacy makes a new suite for every execution. */
static const hdt_scenario *hdt_current;
static uint64_t hdt_executions;
static double hdt_deadline;

template <int count>
struct hdt_suite : rl::test_suite<hdt_suite<count>, count> {
  void before() {
    if (!(++hdt_executions & 255) && hdt_now() > hdt_deadline) RL_UNTIL(true);
    hdt_current->before();
  }
  void thread(unsigned index) { hdt_current->thread((int)index); }
  void after() { hdt_current->after(); }
};

enum hdt_verdict { HDT_HOLDS, HDT_CUT_OFF, HDT_FAILS };

struct hdt_nowhere : std::streambuf {
  int overflow(int c) { return c; }
};

template <class suite, class scheduler>
static rl::test_result_e hdt_run(rl::test_params &params, rl::ostringstream &state, bool again) {
  return rl::run_test<suite, scheduler>(params, state, again);
}

template <int count>
static hdt_verdict hdt_search(unsigned bound, uint64_t random, bool quiet) {
  typedef hdt_suite<count> suite;
  static hdt_nowhere nowhere;
  static std::ostream nothing(&nowhere);
  rl::test_params params;
  params.output_stream = &std::cout;
  params.progress_stream = &nothing;
  params.execution_depth_limit = 4000;
  params.context_bound = bound;
  params.iteration_count = random;
  params.search_type = random ? rl::sched_random : rl::sched_bound;
  rl::ostringstream state, ignored;
  rl::test_result_e result = random ? hdt_run<suite, rl::random_scheduler<count>>(params, state, false)
                                    : hdt_run<suite, rl::context_bound_scheduler<count>>(params, state, false);
  if (result == rl::test_result_success) return HDT_HOLDS;
  if (result == rl::test_result_until_condition_hit) return HDT_CUT_OFF;
  if (quiet) {
    printf("  %s\n", rl::test_result_str(result));
    return HDT_FAILS;
  }
  params.initial_state = state.str();
  params.collect_history = true;
  fflush(stdout);
  if (random) hdt_run<suite, rl::random_scheduler<count>>(params, ignored, true);
  else hdt_run<suite, rl::context_bound_scheduler<count>>(params, ignored, true);
  return HDT_FAILS;
}

/* `random` 0: all executions of up to `bound` preemptions; else so many at random. */
static hdt_verdict hdt_check(const hdt_scenario *scenario, unsigned bound, uint64_t random, double seconds, bool quiet) {
  hdt_current = scenario;
  hdt_fine = scenario->fine;
  for (unsigned i = 0; i < HDT_SITES_MAX; i++)
    if (hdt_sites[i].file) hdt_sites[i].coarse = hdt_is_coarse(&hdt_sites[i]);
  hdt_executions = 0;
  hdt_deadline = hdt_now() + seconds;
  switch (scenario->threads) {
    case 2: return hdt_search<2>(bound, random, quiet);
    case 3: return hdt_search<3>(bound, random, quiet);
#ifdef HDT_FOUR_THREADS
    case 4: return hdt_search<4>(bound, random, quiet);
#endif
    default: abort();
  }
}

struct hdt_totals {
  uint64_t executions;
  unsigned failures, cut_off;
};

static hdt_verdict hdt_report(hdt_totals *totals, const hdt_scenario *scenario, unsigned bound, uint64_t random,
                              double seconds, bool quiet) {
  double start = hdt_now();
  hdt_verdict verdict = hdt_check(scenario, bound, random, seconds, quiet);
  char how[32];
  if (random) snprintf(how, sizeof how, "random");
  else snprintf(how, sizeof how, "<= %u preemptions", bound);
  const char *word = verdict == HDT_FAILS ? "FAILED" : verdict == HDT_HOLDS ? "ok" : "ok, cut off";
  if (random && verdict == HDT_CUT_OFF) word = "ok";
  printf("  %-18s %10llu executions %7.2f s  %s\n", how, (unsigned long long)hdt_executions, hdt_now() - start, word);
  fflush(stdout);
  totals->executions += hdt_executions;
  totals->failures += verdict == HDT_FAILS;
  totals->cut_off += !random && verdict == HDT_CUT_OFF;
  return verdict;
}

static bool hdt_survives(const hdt_scenario *scenarios, unsigned count, double seconds, uint64_t *executions,
                         const char **killer) {
  *executions = 0;
  for (unsigned pass = 0; pass < 2; pass++)
    for (unsigned i = 0; i < count; i++) {
      hdt_verdict verdict = hdt_check(&scenarios[i], scenarios[i].bound, pass ? scenarios[i].random : 0, seconds, true);
      *executions += hdt_executions;
      if (verdict != HDT_FAILS) continue;
      *killer = scenarios[i].title;
      return false;
    }
  return true;
}

/* Every scenario is run once, to come to know the sites; then again for every site and weaker order. */
static int hdt_weaken(const hdt_scenario *scenarios, unsigned count, const char *file, double seconds) {
  const char *names[] = {"seq", "acquire/release", "relaxed"}, *killer;
  uint64_t executions;
  unsigned killed = 0, survived = 0;
  if (!hdt_survives(scenarios, count, seconds, &executions, &killer)) {
    printf("fails as it is: %s\n", killer);
    return 1;
  }
  for (unsigned number = 0; number < HDT_SITES_MAX; number++) {
    hdt_site *site = &hdt_sites[number];
    if (!site->file || (file && strcmp(site->file, file))) continue;
    for (int order = HDT_RELAXED; order >= HDT_ACQ_REL; order--) {
      site->order = (hdt_order)order;
      bool alive = hdt_survives(scenarios, count, seconds, &executions, &killer);
      printf("%s:%u %s (%s) as %s: %s", site->file, site->line, site->function, site->kind, names[order],
             alive ? "SURVIVES" : "killed by");
      if (!alive) printf(" \"%s\"", killer);
      printf(" (%llu executions)\n", (unsigned long long)executions);
      fflush(stdout);
      alive ? survived++ : killed++;
      site->order = HDT_SEQ;
      if (alive) break; /* what may be relaxed may be acquire/release */
    }
  }
  printf("orders: %u killed, %u survive\n", killed, survived);
  return 0;
}

static int hdt_main(const hdt_scenario *scenarios, unsigned count, int argc, char **argv) {
  const char *budget = getenv("HEDDLE_BUDGET"), *file = NULL;
  double minutes = budget ? atof(budget) : 0, seconds = minutes > 0 ? minutes * 60 / count / 2 : 60;
  int only = 0, bound = -1;
  long long random = -1;
  bool quiet = false, weaken = false;
  for (int i = 1; i < argc; i++) {
    const char *next = i + 1 < argc ? argv[i + 1] : "";
    if (!strcmp(argv[i], "--scenario")) only = atoi(next), i++;
    else if (!strcmp(argv[i], "--bound")) bound = atoi(next), i++;
    else if (!strcmp(argv[i], "--random")) random = atoll(next), i++;
    else if (!strcmp(argv[i], "--seconds")) seconds = atof(next), i++;
    else if (!strcmp(argv[i], "--quiet")) quiet = true;
    else if (!strcmp(argv[i], "--weaken")) {
      weaken = true;
      if (*next && *next != '-') file = next, i++;
    } else {
      fprintf(stderr, "unknown option %s\n", argv[i]);
      return 2;
    }
  }
  if (only) scenarios += only - 1, count = 1;
  if (weaken) return hdt_weaken(scenarios, count, file, seconds);
  hdt_totals totals = {0, 0, 0};
  double start = hdt_now();
  for (unsigned i = 0; i < count; i++) {
    const hdt_scenario *at = &scenarios[i];
    printf("%u. %s (%d threads)\n", only ? only : i + 1, at->title, at->threads);
    bool given = bound >= 0 || random >= 0;
    bool deeper = minutes > 0 && !given;
    for (unsigned depth = bound >= 0 ? bound : at->bound;; depth++) { /* with a budget: ever deeper */
      if (given && bound < 0) break;
      double left = seconds - (deeper ? hdt_now() - start - 2 * seconds * i : 0);
      if (left <= 0) break;
      if (hdt_report(&totals, at, depth, 0, left, quiet) != HDT_HOLDS || !deeper) break;
    }
    if (quiet && totals.failures) break;
    if (!given && !deeper && at->random) hdt_report(&totals, at, 0, at->random, seconds, quiet);
    if (deeper) hdt_report(&totals, at, 0, ~UINT64_C(0) >> 1, seconds, quiet);
    if (random > 0) hdt_report(&totals, at, 0, (uint64_t)random, seconds, quiet);
    if (quiet && totals.failures) break;
  }
  printf("%llu executions in %.1f s, %u of the searches cut off by time, %u failed\n",
         (unsigned long long)totals.executions, hdt_now() - start, totals.cut_off, totals.failures);
  return totals.failures != 0;
}

#endif
