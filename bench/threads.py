#!/usr/bin/env python3
"""What peers.sh does not tell of Vicinal: two threads against one, single calls, the first queries after opening, and the mapped file
against the same index in ordinary memory.

    bench/threads.py --vicinal PROGRAM --test PROGRAM --data DIR --stores DIR [--rounds N] DATASET...

DATA holds the data sets of datasets.py. STORES keeps what is built from them for the next run; with --rebuild it is built anew, once with
one thread and once with two. PROGRAM is what go build makes of cmd/vicinal, the one of --test what go test -c makes of the root
package. Everything that is compared takes turns, in one process but for the builds. ALONE is as in peers.sh.
"""

import argparse
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time

from peers import Machine
from peers_report import table

EPSILON = "0,0.025,0.05,0.075,0.1,0.15,0.2,0.25,0.3,0.35"
RECALLS = (0.95, 0.99)


def bench(args, name, *flags):
    data = args.data / name
    metric = json.loads((data / "about.json").read_text())["metric"]
    files = [f"--{file}={data / file}.npy" for file in ("base", "queries", "truth")]
    command = [str(args.vicinal), "bench", *files, f"--metric={metric}", "--json", *args.flags, *flags]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def builds(args, name):
    """What prepare takes by the number of threads. The store with two is kept."""
    store, seconds = args.stores / name, {}
    if not args.rebuild and (store / "bench.json").exists():
        return seconds
    for threads in (1, 2):
        shutil.rmtree(store, ignore_errors=True)
        flags = (f"--store={store}", f"--build-threads={threads}", "--epsilon=0.1", "--queries-limit=10")
        (prepared,) = [step for step in bench(args, name, *flags) if step["step"] == "prepare"]
        seconds[threads] = prepared["seconds"]
    return seconds


def mapped(args, name):
    """The time of searches in the mapped file, as a multiple of that in ordinary memory."""
    env = {**os.environ, "VICINAL_BENCH_STORE": str(args.stores / name / "bench.vicinal")}
    command = ["taskset", "-c", str(args.core), str(args.test), "-test.run=^$", "-test.bench=MappedBesideHeap", "-test.benchtime=20x"]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env).stdout
    return float(re.search(r"([\d.]+) mapped/heap", text)[1])


def pauses(seconds=1.0, least=10e-6):
    """How often a second, and for how long in the median, the machine holds up a loop that does nothing, and for what share of the time.
    Whatever stops it stops one call in so many that takes as long between two pauses."""
    begin = last = time.perf_counter()
    found = []
    while last - begin < seconds:
        now = time.perf_counter()
        if now - last > least:
            found.append(now - last)
        last = now
    return len(found) / seconds, statistics.median(found or [0]), sum(found) / seconds


def pace(steps, threads, epsilon):
    passes = [step for step in steps if step["step"] == "query" and (step["threads"], step["epsilon"]) == (threads, epsilon)]
    return {key: statistics.median(step[key] for step in passes) for key in ("recall", "qps", "batch_qps", "p50_us", "p99_us", "allocs_per_query")} | {
        key: passes[-1][key] for key in ("fastest_p50_us", "fastest_p99_us")  # of all passes
    }


def tell(name, took, steps, ratio):
    rows = [[f"build, one thread / two, {name}", f"{took[1] / took[2]:.2f}"]] if took else []
    epsilons = sorted({step["epsilon"] for step in steps if step["step"] == "query"})
    for recall in RECALLS:
        one, two = min(
            ((pace(steps, 1, e), pace(steps, 2, e)) for e in epsilons), key=lambda pair: abs(math.log((1 - pair[0]["recall"] + 1e-9) / (1 - recall)))
        )
        at = f"at recall {one['recall']:.4f}, {name}"
        rows += [
            [f"queries/s, two threads / one, {at}", f"{two['qps']:.0f} / {one['qps']:.0f} = {two['qps'] / one['qps']:.2f}"],
            [
                f"queries/s in one call, two threads / one, {at}",
                f"{two['batch_qps']:.0f} / {one['batch_qps']:.0f} = {two['batch_qps'] / one['batch_qps']:.2f}",
            ],
            [f"us of a call, p99 / p50, {at}", f"{one['p99_us']:.0f} / {one['p50_us']:.0f} = {one['p99_us'] / one['p50_us']:.1f}"],
            [
                f"the same of each query's fastest call, {at}",
                f"{one['fastest_p99_us']:.0f} / {one['fastest_p50_us']:.0f} = {one['fastest_p99_us'] / one['fastest_p50_us']:.1f}",
            ],
            [f"allocations of a query, {at}", f"{one['allocs_per_query']:.2f}"],
        ]
    for step in (step for step in steps if step["step"] == "cold"):
        how = f"after Warm, which took {1e3 * step['warm_seconds']:.0f} ms" if step["warmed"] else "without Warm"
        text = f"{1e3 * step['seconds']:.0f} ms, the first {step['first_us'] / 1e3:.1f} ms"
        rows.append([f"first {step['queries']} queries with a cold cache {how}, {name}", text])
    rows.append([f"mapped file / heap, {name}", f"{ratio:.3f}"])
    often, median, share = pauses()
    rows.append([f"pauses of a loop that does nothing, {name}", f"{often:.0f} a second, {1e6 * median:.0f} us, {100 * share:.1f} % of the time"])
    print(table(["", name], rows), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for flag in ("--vicinal", "--test", "--data", "--stores"):
        parser.add_argument(flag, type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--rebuild", action="store_true")
    parser.add_argument("--flags", default="", help="more flags of vicinal bench, such as --neighbors=60 or --patience=75")
    parser.add_argument("names", nargs="+")
    args = parser.parse_args()
    args.flags = args.flags.split()
    machine = Machine()
    for name in args.names:
        machine.hold()
        took = builds(args, name)
        machine.hold()
        epsilons = ",".join([EPSILON] * args.rounds)
        steps = bench(args, name, f"--store={args.stores / name}", "--threads=1,2", f"--epsilon={epsilons}", "--cold")
        tell(name, took, steps, mapped(args, name))
    machine.give_back()


if __name__ == "__main__":
    main()
