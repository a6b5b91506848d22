#!/usr/bin/python3
"""Peer: Dask's own `delayed`, as its users write it, on one machine.

`build` is calling delayed functions until the last Delayed stands; `run` is its `compute()`. Each is warmed up
once, then measured; printed is the median, in ns a task, one JSON object a shape.

Dask keeps its defaults: random keys, culling, one task a chunk. Left out of the times is what is no work of
Dask's: imports, starting the thread pool (in the warm-up), and garbage of the repeat before (collected in between).
"""

import argparse
import gc
import json
import os
import statistics
import sys
import time

import dask
from dask import delayed


@delayed
def inc(x):
    return x + 1


@delayed
def add(x, y):
    return x + y


total = delayed(sum)

# Each shape gives (last Delayed, number of tasks, expected result).


def chain(n):
    x = inc(0)
    for _ in range(n - 1):
        x = inc(x)
    return x, n, n


def reduction(n):
    """A binary tree: (n + 1) // 2 leaves, one task less of sums."""
    leaf_count = (n + 1) // 2
    level = [inc(i) for i in range(leaf_count)]
    while len(level) > 1:
        pairs = [add(x, y) for x, y in zip(level[::2], level[1::2])]
        level = pairs + level[2 * len(pairs):]
    return level[0], 2 * leaf_count - 1, leaf_count * (leaf_count + 1) // 2


def wide(n):
    """n independent tasks and one more that needs them all."""
    return total([inc(i) for i in range(n)]), n + 1, n * (n + 1) // 2


SHAPES = {"reduction": reduction, "chain": chain, "wide": wide}


def timed(f):
    gc.collect()
    start = time.perf_counter_ns()
    result = f()
    return time.perf_counter_ns() - start, result


def measure(name, options):
    where = {"scheduler": options.scheduler}
    if options.scheduler == "threads":
        where["num_workers"] = options.workers

    build_ns, run_ns = [], []
    for _ in range(options.repeat + 1):
        last = None  # let go of the previous graph outside the clock
        ns, (last, task_count, expected) = timed(lambda: SHAPES[name](options.tasks))
        build_ns.append(ns)
    if len(dict(last.dask)) != task_count:
        sys.exit(f"dask_delayed: {name}: {len(dict(last.dask))} tasks in the graph, not {task_count}")
    for _ in range(options.repeat + 1):
        ns, result = timed(lambda: last.compute(**where))
        run_ns.append(ns)
        if result != expected:
            sys.exit(f"dask_delayed: {name}: the result is {result}, not {expected}")

    return {
        "peer": "dask",
        "shape": name,
        "tasks": task_count,
        "scheduler": options.scheduler,
        "workers": where.get("num_workers", 1),
        "build_ns": round(statistics.median(build_ns[1:]) / task_count, 1),
        "run_ns": round(statistics.median(run_ns[1:]) / task_count, 1),
    }


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def main():
    parser = argparse.ArgumentParser(description=f"Times dask.delayed (Dask {dask.__version__}), in ns a task.")
    parser.add_argument("--shape", choices=[*SHAPES, "all"], default="all")
    parser.add_argument("--tasks", type=positive, default=20000, metavar="N", help="tasks in the graph (20000)")
    parser.add_argument("--scheduler", choices=["sync", "threads"], default="threads")
    parser.add_argument("--workers", type=positive, default=os.cpu_count(), metavar="W",
                        help="threads of the threads scheduler (all cores)")
    parser.add_argument("--repeat", type=positive, default=3, metavar="R", help="measured repeats (3)")
    options = parser.parse_args()
    for name in SHAPES if options.shape == "all" else [options.shape]:
        print(json.dumps(measure(name, options), separators=(",", ":")), flush=True)


if __name__ == "__main__":
    main()
