#!/usr/bin/env python3
"""Prints what compare.sh has measured: medians over the rounds, and the speeds at equal recall."""

import json
import math
import pathlib
import statistics
import sys

SIDES = ("vicinal", "pynndescent")
TARGETS = (0.90, 0.95, 0.98, 0.99, 0.995, 0.999)


def load(directory, side):
    """The rounds of one side, each a list of steps."""
    files = sorted(directory.glob(f"{side}-*.jsonl"))
    return [[json.loads(line) for line in file.read_text().splitlines()] for file in files]


def build_cost(steps, unit):
    """Seconds of everything before the first query: upsert and prepare, or build and prepare."""
    return sum(step[unit] for step in steps if step["step"] in ("upsert", "build", "prepare"))


def medians(rounds):
    """(epsilon, recall, queries per second) by epsilon, each the median of the rounds."""
    by_epsilon = {}
    for step in (step for steps in rounds for step in steps if step["step"] == "query"):
        by_epsilon.setdefault(step["epsilon"], []).append(step)
    return [
        (epsilon, *(statistics.median(step[key] for step in steps) for key in ("recall", "qps")))
        for epsilon, steps in sorted(by_epsilon.items())
    ]


def speed_at(curve, recall):
    """Queries per second at a recall, interpolated between the measured points on a log-log plot of speed against
    missed neighbors. None outside of what was measured."""
    miss = math.log(max(1 - recall, 1e-7))
    points = sorted((math.log(max(1 - r, 1e-7)), math.log(qps)) for _, r, qps in curve)
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if x0 <= miss <= x1:
            return math.exp(y0 if x0 == x1 else y0 + (y1 - y0) * (miss - x0) / (x1 - x0))
    return None


def main():
    directory = pathlib.Path(sys.argv[1])
    rounds = {side: load(directory, side) for side in SIDES}
    curves = {side: medians(rounds[side]) for side in SIDES}

    print(f"\n{len(rounds['vicinal'])} rounds, medians. One thread queries.\n")
    print(f"{'':14}{'seconds':>10}{'CPU s':>10}   build, with upsert and prepare")
    cost = {}
    for side in SIDES:
        wall, cost[side] = (statistics.median(build_cost(steps, unit) for steps in rounds[side]) for unit in ("seconds", "cpu_seconds"))
        print(f"{side:14}{wall:10.2f}{cost[side]:10.2f}")
    print(f"{'ratio':14}{'':10}{cost['vicinal'] / cost['pynndescent']:10.2f}   of CPU time, below 1 is less than PyNNDescent\n")

    for side in SIDES:
        print(f"{side:14}{'epsilon':>10}{'recall':>10}{'queries/s':>12}")
        for epsilon, recall, qps in curves[side]:
            print(f"{'':14}{epsilon:10g}{recall:10.5f}{qps:12.0f}")
    print()

    at_default = next(point for point in curves["vicinal"] if point[0] == 0.1)
    print(f"{'at recall':>14}{'vicinal':>12}{'pynndescent':>12}{'ratio':>8}   queries/s, interpolated")
    for target in sorted({*TARGETS, at_default[1]}):
        ours, theirs = (speed_at(curves[side], target) for side in SIDES)
        if ours and theirs:
            note = "  Vicinal's recall at epsilon 0.1" if target == at_default[1] else ""
            print(f"{target:14.5f}{ours:12.0f}{theirs:12.0f}{ours / theirs:8.2f}{note}")


if __name__ == "__main__":
    main()
