/* Drives relacy over a list of scenarios: all executions up to a bound of preemptions, then random ones.
 *
 *   model_x                    every scenario, small bounds. With HEDDLE_BUDGET=minutes: as deep as so
 *                              many minutes (for this program) allow
 *   model_x --scenario 3       that one only
 *   model_x --bound 4          all executions of up to 4 preemptions, and no random ones
 *   model_x --random 1000000   so many random ones, and no others
 *   model_x --seconds 60       at most so long for each search
 *   model_x --quiet            ends at the first failure, without its history
 *   model_x --weaken [FILE]    takes from each sequentially consistent operation (of that file) its order
 *                              in turn, and says whether a scenario notices
 * Ends with 0: all hold; 1: one does not, and its history was printed; 2: wrong options. */
#ifndef HDT_CHECKER_H
#define HDT_CHECKER_H

#include "model/atomic_relacy.h"

#include <chrono>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One small world of threads that begin together. */
struct hdt_scenario {
  const char *title;
  int threads;             /* 2 to 4 */
  unsigned bound;          /* preemptions, of which all are tried */
  unsigned random;         /* random executions */
  void (*before)(void);    /* run by one thread before the others */
  void (*thread)(int index);
  void (*after)(void);     /* run by one when all have ended */
  const char *fine;        /* see hdt_fine; not for random executions */
};

static double hdt_now(void) {
  using namespace std::chrono;
  return duration_cast<duration<double>>(steady_clock::now().time_since_epoch()).count();
}

/* What is being checked now. Relacy makes a suite afresh for every execution. */
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

struct hdt_nowhere : std::streambuf {
  int overflow(int c) { return c; }
};

template <class suite, int count>
static rl::test_result_e hdt_run(rl::test_params &params, rl::ostringstream &state, bool again) {
  if (params.search_type == rl::sched_random)
    return rl::run_test<suite, rl::random_scheduler<count>>(params, state, again);
  return rl::run_test<suite, rl::context_bound_scheduler<count>>(params, state, again);
}

enum hdt_verdict { HDT_HOLDS, HDT_CUT_OFF, HDT_FAILS };

/* `random` 0: all executions of up to `bound` preemptions; else so many at random. */
struct hdt_search {
  unsigned bound;
  uint64_t random;
  double seconds;
  bool quiet;
};

template <int count>
static hdt_verdict hdt_search_with(const hdt_search &search) {
  typedef hdt_suite<count> suite;
  static hdt_nowhere nowhere;
  static std::ostream nothing(&nowhere);
  rl::test_params params;
  params.progress_stream = &nothing;
  params.execution_depth_limit = 4000;
  params.context_bound = search.bound;
  params.iteration_count = search.random;
  params.search_type = search.random ? rl::sched_random : rl::sched_bound;
  rl::ostringstream state, ignored;
  rl::test_result_e result = hdt_run<suite, count>(params, state, false);
  if (result == rl::test_result_success) return HDT_HOLDS;
  if (result == rl::test_result_until_condition_hit) return HDT_CUT_OFF;
  if (search.quiet) return HDT_FAILS;
  params.initial_state = state.str(); /* once more, with its history */
  params.collect_history = true;
  hdt_run<suite, count>(params, ignored, true);
  return HDT_FAILS;
}

static hdt_verdict hdt_check(const hdt_scenario *scenario, const hdt_search &search) {
  hdt_current = scenario;
  hdt_fine = search.random ? NULL : scenario->fine;
  for (unsigned i = 0; i < HDT_SITES_MAX; i++)
    if (hdt_sites[i].file) hdt_sites[i].coarse = hdt_is_coarse(&hdt_sites[i]);
  hdt_executions = 0;
  hdt_deadline = hdt_now() + search.seconds;
  switch (scenario->threads) {
    case 2: return hdt_search_with<2>(search);
    case 3: return hdt_search_with<3>(search);
    default: return hdt_search_with<4>(search);
  }
}

struct hdt_totals {
  uint64_t executions;
  unsigned failures;
};

static hdt_verdict hdt_report(hdt_totals *totals, const hdt_scenario *scenario, const hdt_search &search) {
  double start = hdt_now();
  hdt_verdict verdict = hdt_check(scenario, search);
  char how[40] = "random";
  if (!search.random) snprintf(how, sizeof how, "all of <= %u preemptions", search.bound);
  printf("   %-25s %10llu executions %8.2f s  %s\n", how, (unsigned long long)hdt_executions, hdt_now() - start,
         verdict == HDT_FAILS                     ? "FAILED"
         : verdict == HDT_CUT_OFF && !search.random ? "ok, but cut off"
                                                  : "ok");
  fflush(stdout);
  totals->executions += hdt_executions;
  totals->failures += verdict == HDT_FAILS;
  return verdict;
}

/* As deep as the time allows: half of it for all executions of ever more preemptions, half for random. */
static void hdt_deepen(hdt_totals *totals, const hdt_scenario *scenario, double seconds) {
  double end = hdt_now() + seconds / 2;
  uint64_t before = 0;
  for (unsigned bound = scenario->bound; hdt_now() < end; bound++) {
    if (hdt_report(totals, scenario, {bound, 0, end - hdt_now(), false}) != HDT_HOLDS) break;
    if (hdt_executions == before) break; /* there are no more */
    before = hdt_executions;
  }
  hdt_report(totals, scenario, {0, UINT64_MAX / 2, end + seconds / 2 - hdt_now(), false});
}

/* Whether a scenario notices what is weakened now; `killer` is its title. */
static bool hdt_notices(const hdt_scenario *scenarios, unsigned count, double seconds, uint64_t *executions,
                        const char **killer) {
  *executions = 0;
  for (unsigned pass = 0; pass < 2; pass++)
    for (unsigned i = 0; i < count; i++) {
      const hdt_scenario *at = &scenarios[i];
      hdt_verdict verdict = hdt_check(at, {at->bound, pass ? at->random : 0, seconds, true});
      *executions += hdt_executions;
      *killer = at->title;
      if (verdict == HDT_FAILS) return true;
    }
  return false;
}

/* Says for every site and weaker order whether it is noticed. Sites are told by their function, and the
 * how-manieth of its kind they are there, so that lines may move. */
static int hdt_weaken(const hdt_scenario *scenarios, unsigned count, const char *file, double seconds) {
  static const char *const names[] = {"seq", "acquire-release", "relaxed"};
  const char *killer;
  uint64_t executions;
  unsigned killed = 0, survived = 0;
  if (hdt_notices(scenarios, count, seconds, &executions, &killer)) { /* comes to know the sites, too */
    printf("fails as it is: %s\n", killer);
    return 1;
  }
  for (unsigned number = 0; number < HDT_SITES_MAX; number++) {
    hdt_site *site = &hdt_sites[number];
    if (!site->file || (file && strcmp(site->file, file))) continue;
    unsigned ordinal = 1;
    for (unsigned i = 0; i < number; i++)
      ordinal += hdt_sites[i].file && !strcmp(hdt_sites[i].function, site->function) &&
                 !strcmp(hdt_sites[i].kind, site->kind);
    bool dead = true;
    for (int order = HDT_RELAXED; order >= HDT_ACQ_REL; order--) {
      if (dead) { /* else a stronger one survives, too */
        site->order = (hdt_order)order;
        dead = hdt_notices(scenarios, count, seconds, &executions, &killer);
        site->order = HDT_SEQ;
      }
      printf("%-8s %s %s %u as %s", dead ? "killed" : "SURVIVES", site->function, site->kind, ordinal, names[order]);
      if (dead) printf(": \"%s\"", killer);
      printf(" (%s:%u, %llu executions)\n", site->file, site->line, (unsigned long long)executions);
      fflush(stdout);
      dead ? killed++ : survived++;
    }
  }
  printf("%u killed, %u survive\n", killed, survived);
  return 0;
}

static int hdt_main(const hdt_scenario *scenarios, unsigned count, int argc, char **argv) {
  const char *budget = getenv("HEDDLE_BUDGET"), *file = NULL;
  double minutes = budget ? atof(budget) : 0, seconds = 60;
  long bound = -1, random = -1;
  unsigned only = 0;
  bool quiet = false, weaken = false;
  for (int i = 1; i < argc; i++) {
    const char *next = i + 1 < argc ? argv[i + 1] : "";
    if (!strcmp(argv[i], "--scenario")) only = (unsigned)atoi(next), i++;
    else if (!strcmp(argv[i], "--bound")) bound = atol(next), i++;
    else if (!strcmp(argv[i], "--random")) random = atol(next), i++;
    else if (!strcmp(argv[i], "--seconds")) seconds = atof(next), i++;
    else if (!strcmp(argv[i], "--quiet")) quiet = true;
    else if (!strcmp(argv[i], "--weaken")) {
      weaken = true;
      if (*next && *next != '-') file = next, i++;
    } else {
      fprintf(stderr, "unknown option %s: see checker.h\n", argv[i]);
      return 2;
    }
  }
  unsigned first = only ? only - 1 : 0, end = only ? only : count;
  if (end > count) return 2;
  if (weaken) return hdt_weaken(scenarios + first, end - first, file, seconds);
  hdt_totals totals = {0, 0};
  double start = hdt_now();
  for (unsigned i = first; i < end && !(quiet && totals.failures); i++) {
    const hdt_scenario *at = &scenarios[i];
    bool given = bound >= 0 || random >= 0;
    printf("%u. %s (%d threads)\n", i + 1, at->title, at->threads);
    if (!given && minutes > 0) {
      hdt_deepen(&totals, at, minutes * 60 / (end - first));
      continue;
    }
    if (!given || bound >= 0) hdt_report(&totals, at, {given ? (unsigned)bound : at->bound, 0, seconds, quiet});
    uint64_t randomly = given ? (random > 0 ? (uint64_t)random : 0) : at->random;
    if (randomly) hdt_report(&totals, at, {0, randomly, seconds, quiet});
  }
  printf("%llu executions in %.1f s, %u failures\n", (unsigned long long)totals.executions, hdt_now() - start,
         totals.failures);
  return totals.failures != 0;
}

#endif
