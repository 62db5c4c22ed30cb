#!/usr/bin/python3
"""Measures PyNNDescent as `vicinal bench` measures Vicinal, and prints JSON lines of the same form.

Needs Debian's packages python3-pynndescent, python3-numpy and python3-scipy; run it with Debian's /usr/bin/python3. Bits need
PyNNDescent 0.5.12 or newer, which is newer than Debian 12's: compare.sh makes a virtual environment with one. The step
build says which version ran.

What is timed is PyNNDescent's work alone. numba's compiling is not: a small index is built and queried first, and what
is compiled again for every index (the search function, in prepare and in the first query) is left out. Queries are one
batch on one thread, after a pass to warm up.

With --graph only the neighbor graph is built. Its recall is that of evenly spaced rows against their true neighbors.
PyNNDescent counts a row among its own neighbors; here it does not count, on neither side, so that recall is at one less
than --neighbors.
"""

import argparse
import json
import os
import resource
import sys
import time

import numpy as np
import pynndescent

from truth import METRICS, find_neighbors, find_truth, recall, sample_rows, without_self
from vectors import READERS

WARM_UP_ROWS = 2_000


def cpu_seconds():
    """Processor time of all threads of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def report(step, **values):
    print(json.dumps({"step": step, **values}), flush=True)


def timed(work):
    """Runs work, and returns what it does and how long it took."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = work()
    return result, {"seconds": time.perf_counter() - wall, "cpu_seconds": cpu_seconds() - cpu}


def cached(path, shape, compute):
    """The row numbers in the file, which is written when it is not there."""
    if not path or not os.path.exists(path):
        rows = compute()
        if path:
            np.save(path, rows)
        return rows
    rows = np.load(path)
    if rows.ndim != 2 or rows.shape[0] != shape[0] or rows.shape[1] < shape[1]:
        raise SystemExit(f"{path} holds row numbers of shape {rows.shape}, not {shape}")
    return rows[:, : shape[1]]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="vectors to index: idx or .npy, also gzipped; .npz of CSR; .npy of packed bits")
    parser.add_argument("--queries", help="vectors to look for; needed without --graph")
    parser.add_argument("--queries-limit", type=int, metavar="N", help="look for the first N only")
    parser.add_argument("--truth", help=".npy of the true nearest rows; computed, and written when it is not there")
    parser.add_argument("--truth-only", action="store_true", help="only compute and write the truth")
    parser.add_argument("--kind", default="dense", choices=list(METRICS), help="what the vectors are")
    names = "; ".join(f"{kind}: {', '.join(metrics)}" for kind, metrics in METRICS.items())
    parser.add_argument("--metric", default="euclidean", help=names)
    parser.add_argument("--graph", action="store_true", help="build the neighbor graph only")
    parser.add_argument("--graph-sample", type=int, default=1_000, metavar="N", help="rows that its recall is measured on")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--recall-at", type=int, help="how many true nearest are looked for among the k (default k)")
    parser.add_argument("--epsilon", default="0,0.05,0.1,0.15,0.2,0.3", help="values with commas between")
    parser.add_argument("--neighbors", type=int, default=30)
    parser.add_argument("--diversify-prob", type=float, default=1.0)
    parser.add_argument("--pruning-degree-multiplier", type=float, default=1.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--query-core", type=int, help="run the queries on this core only")
    args = parser.parse_args()
    if args.metric not in METRICS[args.kind]:
        parser.error(f"--metric {args.metric} is none of those of {args.kind}: {', '.join(METRICS[args.kind])}")
    if not args.graph and not args.queries:
        parser.error("--queries is needed")
    return args


def build(args, rows):
    return pynndescent.NNDescent(
        rows,
        metric=args.metric,
        n_neighbors=args.neighbors,
        diversify_prob=args.diversify_prob,
        pruning_degree_multiplier=args.pruning_degree_multiplier,
        random_state=args.seed,
    )


def measure_graph(args, base):
    """Builds the neighbor graph and judges it."""
    metric = METRICS[args.kind][args.metric](base)
    count = args.neighbors - 1
    sample = sample_rows(base.shape[0], min(args.graph_sample, base.shape[0]))
    truth = cached(args.truth, (len(sample), count), lambda: find_neighbors(metric, sample, count))
    if args.truth_only:
        return
    build(args, base[:WARM_UP_ROWS])
    index, times = timed(lambda: build(args, base))
    found = without_self(index.neighbor_graph[0][sample], sample, count)
    report(
        "graph",
        **times,
        rows=base.shape[0],
        neighbors=args.neighbors,
        recall=recall(metric, base[sample], truth, found),
        recall_at=count,
        sample=len(sample),
        version=pynndescent.__version__,
    )


def measure_queries(args, base):
    """Builds the index and queries it."""
    queries = READERS[args.kind](args.queries)[: args.queries_limit]
    wanted = args.recall_at or args.k
    metric = METRICS[args.kind][args.metric](base)
    truth = cached(args.truth, (queries.shape[0], wanted), lambda: find_truth(metric, queries, wanted))
    if args.truth_only:
        return

    build(args, base[:WARM_UP_ROWS]).query(queries[:10], k=args.k)

    index, times = timed(lambda: build(args, base))
    report("build", **times, rows=base.shape[0], version=pynndescent.__version__)
    # The whole of prepare but the compiling of a search function.
    report("prepare", **timed(index._init_search_graph)[1])
    index.prepare()

    if args.query_core is not None:
        os.sched_setaffinity(0, {args.query_core})
    index.query(queries, k=args.k)
    for epsilon in map(float, args.epsilon.split(",")):
        start = time.perf_counter()
        found, _ = index.query(queries, k=args.k, epsilon=epsilon)
        seconds = time.perf_counter() - start
        report(
            "query",
            epsilon=epsilon,
            k=args.k,
            recall=recall(metric, queries, truth, found),
            qps=queries.shape[0] / seconds,
            mean_us=seconds / queries.shape[0] * 1e6,
        )


def main():
    args = arguments()
    base = READERS[args.kind](args.base)
    measure = measure_graph if args.graph else measure_queries
    measure(args, base)


if __name__ == "__main__":
    sys.exit(main())
