#!/usr/bin/env python3
"""Prints what compare.sh has measured: medians over the rounds, and the speeds at equal recall.

    summary.py RESULTS              all of one comparison
    summary.py --table RESULTS...   a line for each of several
"""

import json
import math
import pathlib
import statistics
import sys

SIDES = ("vicinal", "pynndescent")
TARGETS = (0.90, 0.95, 0.98, 0.99, 0.995, 0.999)
DEFAULT_EPSILON = 0.1


def load(directory, side):
    """The rounds of one side, each a list of steps."""
    files = sorted(directory.glob(f"{side}-*.jsonl"))
    return [[json.loads(line) for line in file.read_text().splitlines()] for file in files]


def build_cost(steps, unit):
    """Seconds of everything before the first query: upsert and prepare, or build and prepare; or those of the neighbor graph."""
    counted = ("graph",) if is_graph(steps) else ("upsert", "build", "prepare")
    return sum(step[unit] for step in steps if step["step"] in counted)


def is_graph(steps):
    """Whether the neighbor graph alone was built."""
    return any(step["step"] == "graph" for step in steps)


def costs(rounds, unit):
    """The median cost of each side."""
    return {side: statistics.median(build_cost(steps, unit) for steps in rounds[side]) for side in SIDES}


def medians(rounds):
    """(epsilon, recall, queries per second) by epsilon, each the median of the rounds."""
    by_epsilon = {}
    for step in (step for steps in rounds for step in steps if step["step"] == "query"):
        by_epsilon.setdefault(step["epsilon"], []).append(step)
    return [
        (epsilon, *(statistics.median(step[key] for step in steps) for key in ("recall", "qps")))
        for epsilon, steps in sorted(by_epsilon.items())
    ]


def recall_by_default(rounds):
    """The recall at the default epsilon, or of the neighbor graph."""
    wanted = [
        step["recall"]
        for steps in rounds
        for step in steps
        if step["step"] == "graph" or step["step"] == "query" and step["epsilon"] == DEFAULT_EPSILON
    ]
    return statistics.median(wanted)


def speed_at(curve, recall):
    """Queries per second at a recall, interpolated between the measured points on a log-log plot of speed against
    missed neighbors. None outside of what was measured."""
    miss = math.log(max(1 - recall, 1e-7))
    points = sorted((math.log(max(1 - r, 1e-7)), math.log(qps)) for _, r, qps in curve)
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if x0 <= miss <= x1:
            return math.exp(y0 if x0 == x1 else y0 + (y1 - y0) * (miss - x0) / (x1 - x0))
    return None


def version_of(rounds):
    """The version of PyNNDescent that ran."""
    return next((step["version"] for steps in rounds["pynndescent"] for step in steps if "version" in step), "unknown")


def print_comparison(directory):
    rounds = {side: load(directory, side) for side in SIDES}
    print(f"\n{len(rounds['vicinal'])} rounds, medians. PyNNDescent {version_of(rounds)}.\n")
    print_costs(rounds)
    if is_graph(rounds["vicinal"][0]):
        for side in SIDES:
            print(f"{side:14}{recall_by_default(rounds[side]):10.5f}   recall of the neighbor graph")
        return
    print_curves({side: medians(rounds[side]) for side in SIDES})


def print_costs(rounds):
    what = "the neighbor graph" if is_graph(rounds["vicinal"][0]) else "build, with upsert and prepare"
    wall, cpu = costs(rounds, "seconds"), costs(rounds, "cpu_seconds")
    print(f"{'':14}{'seconds':>10}{'CPU s':>10}   {what}")
    for side in SIDES:
        print(f"{side:14}{wall[side]:10.2f}{cpu[side]:10.2f}")
    print(f"{'ratio':14}{'':10}{cpu['vicinal'] / cpu['pynndescent']:10.2f}   of CPU time, below 1 is less than PyNNDescent\n")


def print_curves(curves):
    print("One thread queries.")
    for side in SIDES:
        print(f"{side:14}{'epsilon':>10}{'recall':>10}{'queries/s':>12}")
        for epsilon, recall, qps in curves[side]:
            print(f"{'':14}{epsilon:10g}{recall:10.5f}{qps:12.0f}")
    print()

    at_default = next(point for point in curves["vicinal"] if point[0] == DEFAULT_EPSILON)
    print(f"{'at recall':>14}{'vicinal':>12}{'pynndescent':>12}{'ratio':>8}   queries/s, interpolated")
    for target in sorted({*TARGETS, at_default[1]}):
        ours, theirs = (speed_at(curves[side], target) for side in SIDES)
        if ours and theirs:
            note = "  Vicinal's recall at epsilon 0.1" if target == at_default[1] else ""
            print(f"{target:14.5f}{ours:12.0f}{theirs:12.0f}{ours / theirs:8.2f}{note}")


def print_table(directories):
    print("\nRecall at epsilon 0.1, or of the neighbor graph; CPU seconds to build. Ratios are Vicinal's to PyNNDescent's:")
    print("of CPU time, and of queries/s at Vicinal's recall.\n")
    print(f"{'':24}{'recall':>18}{'CPU s':>20}{'ratio':>8}{'queries/s':>11}{'PyNNDescent':>13}")
    print(f"{'':24}{'vicinal':>9}{'pynnd.':>9}{'vicinal':>10}{'pynnd.':>10}{'':8}{'ratio':>11}{'version':>13}")
    for directory in directories:
        rounds = {side: load(directory, side) for side in SIDES}
        recalls = [recall_by_default(rounds[side]) for side in SIDES]
        cpu = costs(rounds, "cpu_seconds")
        speeds = [speed_at(medians(rounds[side]), recalls[0]) for side in SIDES]
        speed = f"{speeds[0] / speeds[1]:.2f}" if all(speeds) else "-"
        print(
            f"{directory.name:24}{recalls[0]:9.4f}{recalls[1]:9.4f}{cpu['vicinal']:10.1f}{cpu['pynndescent']:10.1f}"
            f"{cpu['vicinal'] / cpu['pynndescent']:8.2f}{speed:>11}{version_of(rounds):>13}"
        )


def main():
    table = "--table" in sys.argv[1:2]
    paths = [pathlib.Path(name) for name in sys.argv[2 if table else 1 :]]
    if not paths or len(paths) > 1 and not table:
        sys.exit(__doc__.strip())
    for path in paths:
        if not all(load(path, side) for side in SIDES):
            sys.exit(f"{path} does not hold the results of both sides")
    if table:
        print_table(paths)
    else:
        print_comparison(*paths)


if __name__ == "__main__":
    main()
