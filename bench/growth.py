#!/usr/bin/env python3
"""How Vicinal grows with the number of rows, on descriptors of photographs: the time of a query at recall .95, the time of the
build, the time to open.

    bench/growth.py --vicinal PROGRAM --data DIR --stores DIR [--build-only] [--rounds N] [ROWS...]

DATA holds the data sets photos-ROWS of datasets.py; STORES keeps what is built from them for the next run with the same program.
Queries run on one thread on one core, in rounds that go through the sizes in turn, so that the machine's moods hit all alike. Each
time Warm reads the segment from the disk first, into large pages where the system has any.
ALONE is a command that has the machine to itself while queries are measured, as in peers.sh. The exponent that a column ends with
is that of the power of n that fits it best.
"""

import argparse
import json
import math
import pathlib
import shutil
import statistics
import subprocess
import sys

from peers import Machine
from peers_report import front, is_floor, speed_at, table

SIZES = [10_000, 30_000, 100_000, 300_000, 1_000_000]
PASSES = 7  # in a process: of small sets each takes a few milliseconds
# Recall .95 lies between two of these for each size, near enough for a line between them.
EPSILON = ",".join(["-0.04,-0.03,-0.02,-0.01,0,0.01,0.02,0.03,0.04,0.05,0.06"] * PASSES)
RECALL = 0.95


def run(args, rows, epsilon, *flags, pin=()):
    data = args.data / f"photos-{rows}"
    files = [f"--{name}={data / name}.npy" for name in ("base", "queries", "truth")]
    command = [*pin, str(args.vicinal), "bench", *files, "--json", "--threads=1", f"--epsilon={epsilon}", *flags]
    command += [f"--store={args.stores / f'photos-{rows}'}", *args.flags]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def build(args, rows):
    """Builds what is not there, and returns what it took."""
    cost = args.stores / f"photos-{rows}" / "cost.json"
    if not cost.exists():
        shutil.rmtree(cost.parent, ignore_errors=True)
        print(f"building {rows}", file=sys.stderr, flush=True)
        (prepared,) = [step for step in run(args, rows, "0.1") if step["step"] == "prepare"]
        cost.write_text(json.dumps(prepared) + "\n")
    return json.loads(cost.read_text())


def exponent(sizes, values):
    """The slope of the line that fits the logarithms best."""
    return statistics.linear_regression([math.log(n) for n in sizes], [math.log(v) for v in values]).slope


def time_at(n, steps, speed):
    """Microseconds of a query at RECALL, by medians."""
    points = {}
    for step in steps:
        points.setdefault(step["epsilon"], []).append((step["recall"], step[speed]))
    curve = front([(*(statistics.median(values) for values in zip(*runs)), epsilon) for epsilon, runs in points.items()])
    if is_floor(curve, RECALL) or speed_at(curve, RECALL) is None:
        sys.exit(f"no epsilon gives recall {RECALL} with {n} rows")
    return 1e6 / speed_at(curve, RECALL)


def tell(sizes, costs, passes, opens):
    rows, micros, together, builds = [], [], [], []
    for n in sizes:
        for times, speed in (micros, "qps"), (together, "batch_qps"):
            times.append(time_at(n, passes[n], speed))
        builds.append(costs[n]["cpu_seconds"])
        heap = statistics.median(step["heap_bytes"] for step in opens[n]) / 1e3
        rows.append(
            [f"{n:,}", f"{micros[-1]:.1f}", f"{together[-1]:.1f}", f"{costs[n]['seconds']:.1f}", f"{builds[-1]:.1f}"]
            + [f"{builds[-1] / (n * math.log2(n)) * 1e6:.2f}", f"{costs[n]['segment_bytes'] / 1e6:.0f}"]
            + [f"{1e3 * statistics.median(step['seconds'] for step in opens[n]):.1f}", f"{heap:.0f}"]
        )
    times = [statistics.median(step["seconds"] for step in opens[n]) for n in sizes]
    slopes = [exponent(sizes, micros), exponent(sizes, together), exponent(sizes, builds), exponent(sizes, times)]
    per_row = exponent(sizes, [b / (n * math.log2(n)) for n, b in zip(sizes, builds)])
    rows.append(["exponent", f"{slopes[0]:.2f}", f"{slopes[1]:.2f}", "", f"{slopes[2]:.2f}", f"{per_row:.2f}", "", f"{slopes[3]:.2f}", ""])
    head = ["rows", f"us a query at {RECALL}", "in a batch", "build, wall s", "build, CPU s", "CPU us / (n log2 n)", "index MB", "open ms", "heap kB"]
    print(table(head, rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vicinal", type=pathlib.Path, required=True, help="the program")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--stores", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("--flags", default="", help="more flags of vicinal bench, such as --neighbors=60")
    parser.add_argument("rows", type=int, nargs="*")
    args = parser.parse_args()
    args.flags = args.flags.split()
    sizes, machine = args.rows or SIZES, Machine()
    args.stores.mkdir(parents=True, exist_ok=True)
    costs, passes, opens = {}, {n: [] for n in sizes}, {n: [] for n in sizes}
    for n in sizes:
        machine.hold()
        costs[n] = build(args, n)
    for _ in range(0 if args.build_only else args.rounds):
        for n in sizes:
            machine.hold()
            steps = run(args, n, EPSILON, "--cold", pin=("taskset", "-c", str(args.core)))
            passes[n] += [step for step in steps if step["step"] == "query"]
            opens[n] += [step for step in steps if step["step"] == "open"]
    machine.give_back()
    if not args.build_only:
        tell(sizes, costs, passes, opens)


if __name__ == "__main__":
    main()
