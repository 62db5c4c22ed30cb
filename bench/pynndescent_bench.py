#!/usr/bin/python3
"""Measures PyNNDescent as `vicinal bench` measures Vicinal, and prints JSON lines of the same form.

Needs Debian's packages python3-pynndescent and python3-numpy; run it with Debian's /usr/bin/python3.

What is timed is PyNNDescent's work alone. numba's compiling is not: a small index is built and queried first, and what
is compiled again for every index (the search function, in prepare and in the first query) is left out. Queries are one
batch on one thread, after a pass to warm up.
"""

import argparse
import gzip
import json
import os
import resource
import sys
import time

import numpy as np
import pynndescent

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
WARM_UP_ROWS = 2_000
SPARE = 20  # candidates that a float32 matrix product finds beyond those asked for, to be compared exactly
BLOCK = 500  # queries that are compared with the whole base at once


def read_vectors(path):
    """Reads an idx or .npy file, also gzipped, as rows of float32."""
    with open(path, "rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    with (gzip.open if gzipped else open)(path, "rb") as file:
        magic = file.read(4)
        if magic == b"\x93NUM":
            file.seek(0)
            rows = np.load(file)
        else:
            shape = [int.from_bytes(file.read(4), "big") for _ in range(magic[3])]
            rows = np.frombuffer(file.read(), IDX_TYPES[magic[2]]).reshape(shape)
    return np.ascontiguousarray(rows.reshape(len(rows), -1), dtype=np.float32)


def exact_distances(metric, base, query, rows):
    """The distances of one query to some rows in double precision; of euclidean the square, which ties exactly."""
    x, y = base[rows].astype(np.float64), query.astype(np.float64)
    if metric == "euclidean":
        return ((x - y) ** 2).sum(axis=1)
    return 1 - (x @ y) / (np.linalg.norm(x, axis=1) * np.linalg.norm(y))


def find_truth(metric, base, queries, count):
    """The row numbers of each query's nearest, by comparing all."""
    if metric == "cosine":
        scaled = base / np.linalg.norm(base, axis=1, keepdims=True)
        offset = np.zeros(len(base), np.float32)
    else:
        scaled = base
        offset = (base.astype(np.float64) ** 2).sum(axis=1).astype(np.float32)
    truth = np.empty((len(queries), count), np.int32)
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        rough = offset - 2 * (block @ scaled.T)
        near = np.argpartition(rough, count + SPARE, axis=1)[:, : count + SPARE]
        for i, rows in enumerate(near):
            rows = np.sort(rows)
            order = np.argsort(exact_distances(metric, base, block[i], rows), kind="stable")
            truth[start + i] = rows[order[:count]]
    return truth


def recall(metric, base, queries, truth, found):
    """The share of the true nearest among those found; one as far as the last true one counts as one of them."""
    hits = 0
    for query, true_rows, rows in zip(queries, truth, found):
        bound = exact_distances(metric, base, query, true_rows[-1:])[0]
        near = exact_distances(metric, base, query, np.unique(rows)) <= bound
        hits += min(int(near.sum()), len(true_rows))
    return hits / truth.size


def cpu_seconds():
    """Processor time of all threads of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def report(step, **values):
    print(json.dumps({"step": step, **values}), flush=True)


def timed(step, work, **values):
    """Runs work and reports how long it took."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = work()
    report(step, seconds=time.perf_counter() - wall, cpu_seconds=cpu_seconds() - cpu, **values)
    return result


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="vectors to index: idx or .npy, also gzipped")
    parser.add_argument("--queries", required=True)
    parser.add_argument("--truth", help=".npy of the true nearest rows; computed, and written when it is not there")
    parser.add_argument("--truth-only", action="store_true", help="only compute and write the truth")
    parser.add_argument("--metric", default="euclidean", choices=["euclidean", "cosine"])
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--recall-at", type=int, help="how many true nearest are looked for among the k (default k)")
    parser.add_argument("--epsilon", default="0,0.05,0.1,0.15,0.2,0.3", help="values with commas between")
    parser.add_argument("--neighbors", type=int, default=30)
    parser.add_argument("--diversify-prob", type=float, default=1.0)
    parser.add_argument("--pruning-degree-multiplier", type=float, default=1.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--query-core", type=int, help="run the queries on this core only")
    return parser.parse_args()


def main():
    args = arguments()
    base, queries = read_vectors(args.base), read_vectors(args.queries)
    wanted = args.recall_at or args.k
    if args.truth and os.path.exists(args.truth):
        truth = np.load(args.truth)[: len(queries), :wanted]
    else:
        truth = find_truth(args.metric, base, queries, wanted)
        if args.truth:
            np.save(args.truth, truth)
    if args.truth_only:
        return

    def build(rows):
        return pynndescent.NNDescent(
            rows,
            metric=args.metric,
            n_neighbors=args.neighbors,
            diversify_prob=args.diversify_prob,
            pruning_degree_multiplier=args.pruning_degree_multiplier,
            random_state=args.seed,
        )

    build(base[:WARM_UP_ROWS]).query(queries[:10], k=args.k)

    index = timed("build", lambda: build(base), rows=len(base), version=pynndescent.__version__)
    # The whole of prepare but the compiling of a search function.
    timed("prepare", index._init_search_graph)
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
            recall=recall(args.metric, base, queries, truth, found),
            qps=len(queries) / seconds,
            mean_us=seconds / len(queries) * 1e6,
        )


if __name__ == "__main__":
    sys.exit(main())
