// Peer: the native oneTBB flow graph, one continue_node a task, on the shapes of Heddle's
// benchmark.
//
//   g++ -O3 -DNDEBUG -std=c++17 tbb_flow.cpp -ltbb -o /tmp/tbb_flow && /tmp/tbb_flow --help
//
// Timed are `build`, which makes nodes and edges from a ready list of inputs, afresh each time,
// and `run`, which starts a built graph and waits for it. Making that list and tearing a graph
// down are outside both.
// Memory is what the process grew by, at the most: it cannot be counted from outside the library.
// What it does not do: pass values. Edges carry continue_msg, the cheapest message oneTBB has.

#include <getopt.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include <tbb/flow_graph.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

namespace flow = tbb::flow;

// ---- shapes -----------------------------------------------------------------------------------

// The inputs of task t are inputs[first[t]] up to, not with, inputs[first[t + 1]]; each is
// smaller than t.
struct Shape {
  std::vector<uint32_t> first{0};
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> sources; // the tasks without inputs

  uint32_t task_count() const { return static_cast<uint32_t>(first.size() - 1); }
  void needs(uint64_t input) { inputs.push_back(static_cast<uint32_t>(input)); }
  void end_task() {
    if (first.back() == inputs.size()) sources.push_back(task_count());
    first.push_back(static_cast<uint32_t>(inputs.size()));
  }
};

static Shape chain(uint32_t n) {
  Shape s;
  for (uint32_t t = 0; t < n; ++t) {
    if (t > 0) s.needs(t - 1);
    s.end_task();
  }
  return s;
}

// Fans out from task 0: the children of task t are 2t+1 and 2t+2.
static Shape tree(uint32_t n) {
  Shape s;
  for (uint32_t t = 0; t < n; ++t) {
    if (t > 0) s.needs((t - 1) / 2);
    s.end_task();
  }
  return s;
}

// The tree turned round: leaves first, and the last task is the one result.
static Shape reduction(uint32_t n) {
  Shape s;
  for (uint32_t t = 0; t < n; ++t) {
    const uint64_t child = 2 * uint64_t{n - 1 - t} + 1; // as the tree numbers it
    if (child < n) s.needs(n - 1 - child);
    if (child + 1 < n) s.needs(n - 2 - child);
    s.end_task();
  }
  return s;
}

// The largest square grid of at most n tasks; each needs its left and its upper neighbour.
static Shape wavefront(uint32_t n) {
  uint64_t side = 1;
  while ((side + 1) * (side + 1) <= n) ++side;
  Shape s;
  for (uint64_t t = 0; t < side * side; ++t) {
    if (t % side != 0) s.needs(t - 1);
    if (t >= side) s.needs(t - side);
    s.end_task();
  }
  return s;
}

// Layers of 1000; each task needs 3 different tasks of the layer before. The generator is Knuth's
// MMIX, seed 1, its upper 31 bits modulo 1000, drawn again on a repeat: simple enough to make the
// same graph in any language.
static Shape layers(uint32_t n) {
  constexpr uint32_t width = 1000, degree = 3;
  uint64_t state = 1;
  Shape s;
  for (uint32_t t = 0; t < n; ++t) {
    const size_t begin = s.inputs.size();
    while (t >= width && s.inputs.size() < begin + degree) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      const uint32_t input = (t / width - 1) * width + static_cast<uint32_t>(state >> 33) % width;
      const uint32_t *drawn = s.inputs.data() + begin,
                     *drawn_end = s.inputs.data() + s.inputs.size();
      if (std::find(drawn, drawn_end, input) == drawn_end) s.needs(input);
    }
    s.end_task();
  }
  return s;
}

// n independent tasks and one more that needs them all.
static Shape wide(uint32_t n) {
  Shape s;
  for (uint32_t t = 0; t < n; ++t) s.end_task();
  for (uint32_t t = 0; t < n; ++t) s.needs(t);
  s.end_task();
  return s;
}

struct NamedShape {
  const char *name;
  Shape (*make)(uint32_t n);
};
static constexpr NamedShape all_shapes[] = {{"chain", chain},         {"tree", tree},
                                            {"reduction", reduction}, {"wavefront", wavefront},
                                            {"layers", layers},       {"wide", wide}};

// ---- the peer ---------------------------------------------------------------------------------

// Counts its own executions: a store no compiler can drop, no word that all tasks fight over, and
// proof that each task ran exactly once a run.
struct Body {
  uint32_t *executions;
  void operator()(const flow::continue_msg &) const { ++*executions; }
};

using TaskNode = flow::continue_node<flow::continue_msg>;
using LightweightNode = flow::continue_node<flow::continue_msg, flow::lightweight>;

template <class Node> class Peer {
public:
  Peer(const Shape &shape, uint32_t *executions)
      : shape_(shape), nodes_(std::allocator<Node>().allocate(shape.task_count())) {
    for (uint32_t t = 0; t < shape.task_count(); ++t) {
      // Placed in one array: nodes cannot move, and one allocation a node would be needless.
      new (&nodes_[t]) Node(graph_, Body{&executions[t]});
      for (uint32_t i = shape.first[t]; i < shape.first[t + 1]; ++i)
        flow::make_edge(nodes_[shape.inputs[i]], nodes_[t]);
    }
  }
  ~Peer() {
    for (uint32_t t = shape_.task_count(); t-- > 0;) nodes_[t].~Node();
    std::allocator<Node>().deallocate(nodes_, shape_.task_count());
  }
  Peer(const Peer &) = delete;
  Peer &operator=(const Peer &) = delete;

  // Puts to each source rather than through a broadcast_node, which would cost an edge a source: it
  // built `wide` in 75-115 ns a task instead of 47-68, and no shape ran clearly faster.
  void run() {
    for (uint32_t source : shape_.sources) nodes_[source].try_put(flow::continue_msg());
    graph_.wait_for_all();
  }

private:
  const Shape &shape_;
  flow::graph graph_;
  Node *nodes_;
};

// ---- measuring --------------------------------------------------------------------------------

struct Options {
  const char *shape = "all";
  long tasks = 1000000;
  long threads = 1;
  long repeat = 5;
  bool lightweight = false;
  bool fresh_memory = false;
};

template <class F> static double time_ns(F f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

static double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  const size_t half = v.size() / 2;
  return v.size() % 2 ? v[half] : (v[half - 1] + v[half]) / 2;
}

static double resident_bytes() {
  long pages = 0;
  if (std::FILE *file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

static double most_resident_bytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

template <class Node> static bool measure(const NamedShape &named, const Options &o) {
  const Shape shape = named.make(static_cast<uint32_t>(o.tasks));
  const uint32_t n = shape.task_count();
  std::vector<uint32_t> executions(n, 0);
  std::vector<double> build_ns, run_ns;
  const double bytes_before = resident_bytes();

  tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                            static_cast<size_t>(o.threads));
  tbb::task_arena arena(static_cast<int>(o.threads));
  // A graph runs in the arena it was made in, so the build belongs inside too.
  arena.execute([&] {
    std::unique_ptr<Peer<Node>> peer;
    for (long i = 0; i <= o.repeat; ++i) {
      peer.reset();
      const double ns =
          time_ns([&] { peer = std::make_unique<Peer<Node>>(shape, executions.data()); });
      if (i > 0) build_ns.push_back(ns / n); // the first of each kind is the warm-up
    }
    for (long i = 0; i <= o.repeat; ++i) {
      const double ns = time_ns([&] { peer->run(); });
      if (i > 0) run_ns.push_back(ns / n);
    }
  });

  for (uint32_t t = 0; t < n; ++t) {
    if (executions[t] == static_cast<uint32_t>(o.repeat) + 1) continue;
    std::fprintf(stderr, "tbb_flow: %s: task %u ran %u times in %ld runs\n", named.name, t,
                 executions[t], o.repeat + 1);
    return false;
  }
  std::printf("{\"peer\":\"%s\",\"shape\":\"%s\",\"tasks\":%u,\"threads\":%ld,\"build_ns\":%.1f,"
              "\"run_ns\":%.1f,\"bytes_per_task\":%.1f}\n",
              o.lightweight ? "onetbb-flow-lightweight" : "onetbb-flow", named.name, n, o.threads,
              median(build_ns), median(run_ns),
              std::max(0.0, most_resident_bytes() - bytes_before) / n);
  return true;
}

// Each shape gets a process of its own, so that none inherits a heap left in pieces.
static bool measure_apart(const NamedShape &named, const Options &o) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const bool ok =
        o.lightweight ? measure<LightweightNode>(named, o) : measure<TaskNode>(named, o);
    std::fflush(stdout);
    _exit(ok ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    std::perror("tbb_flow");
    return false;
  }
  if (WIFSIGNALED(status))
    std::fprintf(stderr, "tbb_flow: %s: %s\n", named.name, strsignal(WTERMSIG(status)));
  return status == 0;
}

// ---- command line -----------------------------------------------------------------------------

static const char usage[] =
    "usage: tbb_flow [--shape NAME] [--tasks N] [--threads T] [--repeat R]\n"
    "                [--lightweight] [--fresh-memory]\n"
    "Times oneTBB's flow graph; prints one JSON object a shape, times in ns a task, medians of "
    "warm runs.\n"
    "  --shape NAME    chain, tree, reduction, wavefront, layers, wide or all (all)\n"
    "  --tasks N       tasks (1000000); wavefront rounds down to a square, wide adds its final "
    "one\n"
    "  --threads T     1, 2 or 4, the calling thread counted (1)\n"
    "  --repeat R      builds and runs measured, after one warm-up of each (5)\n"
    "  --lightweight   run bodies inside their last input's put, all on the calling thread\n"
    "  --fresh-memory  leave malloc as it is; else it keeps what is freed: no page faults\n"
    "Exit status: 0 when every task ran exactly once a run, 1 when not, 2 for a wrong command "
    "line.\n";

[[noreturn]] static void fail_usage(const char *what) {
  std::fprintf(stderr, "tbb_flow: %s\n%s", what, usage);
  std::exit(2);
}

static long parse_count(const char *text, long max, const char *what) {
  char *end;
  const long value = std::strtol(text, &end, 10);
  if (end == text || *end != '\0' || value < 1 || value > max) fail_usage(what);
  return value;
}

static Options parse(int argc, char **argv) {
  static const option known[] = {
      {"shape", required_argument, nullptr, 's'},   {"tasks", required_argument, nullptr, 'n'},
      {"threads", required_argument, nullptr, 't'}, {"repeat", required_argument, nullptr, 'r'},
      {"lightweight", no_argument, nullptr, 'l'},   {"fresh-memory", no_argument, nullptr, 'f'},
      {"help", no_argument, nullptr, 'h'},          {nullptr, 0, nullptr, 0}};
  Options o;
  for (int c; (c = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    switch (c) {
      case 's': o.shape = optarg; break;
      case 'n': o.tasks = parse_count(optarg, 100000000, "--tasks takes 1 to 100000000"); break;
      case 't': o.threads = parse_count(optarg, 4, "--threads takes 1, 2 or 4"); break;
      case 'r': o.repeat = parse_count(optarg, 1000, "--repeat takes 1 to 1000"); break;
      case 'l': o.lightweight = true; break;
      case 'f': o.fresh_memory = true; break;
      case 'h': std::fputs(usage, stdout); std::exit(0);
      default: fail_usage("unknown option");
    }
  }
  if (optind < argc) fail_usage("unexpected argument");
  if (o.threads == 3) fail_usage("--threads takes 1, 2 or 4");
  return o;
}

int main(int argc, char **argv) {
  const Options o = parse(argc, argv);
  if (!o.fresh_memory) {
    // A WebAssembly heap never shrinks, so Heddle's warm builds meet no page faults; nor shall
    // the peer's.
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
  }
  bool found = false, ok = true;
  for (const NamedShape &named : all_shapes) {
    if (std::strcmp(o.shape, "all") != 0 && std::strcmp(o.shape, named.name) != 0) continue;
    found = true;
    // Lightweight bodies nest along a path: a long chain overflows the stack, which is
    // oneTBB's design.
    if (o.lightweight && named.make == chain && o.tasks > 10000) {
      std::fprintf(
          stderr,
          "tbb_flow: chain left out: lightweight nodes recurse, give --tasks 10000 or less\n");
      if (std::strcmp(o.shape, "all") != 0) return 2;
      continue;
    }
    ok = measure_apart(named, o) && ok;
  }
  if (!found) fail_usage("unknown shape");
  return ok ? 0 : 1;
}
