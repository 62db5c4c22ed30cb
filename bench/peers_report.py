"""Tables and a plot of what peers.py has measured.

    peers_report.py RESULTS...                writes report.md, report.svg and report.png in each, and prints the tables
    peers_report.py --publish PAGE.md RESULTS...  writes the tables of all on one page, and a plot of each beside it, as PAGE-NAME.svg

A speed at a recall is that of the build which is fastest there. It lies on the front of that build: its points that no other of its
points beats in both. Between two of them the logarithm of the speed is linear in recall. Below the first point the speed is that of
the first point, which is marked by >=, since the build might be faster there had it less to find; a ratio to it is marked accordingly.
A build with one point is a scan, which has but one speed.
"""

import json
import math
import pathlib
import statistics
import sys

TARGETS = (0.90, 0.95, 0.99)


def medians(runs, peer, build=None):
    """(recall, queries per second, build) of each value of the dial, medians of the rounds."""
    points = {}
    for run in runs:
        if run["step"] == "query" and run["peer"] == peer and build in (None, run["build"]):
            points.setdefault((run["build"], run["dial"]), []).append(run)
    return [
        (*(statistics.median(run[key] for run in group) for key in ("recall", "qps")), name) for (name, _), group in points.items()
    ]


def front(points):
    """Those that no other one beats in both, by rising recall."""
    best, kept = 0, []
    for point in sorted(points, key=lambda p: (-p[0], -p[1])):
        if point[1] > best:
            best = point[1]
            kept.append(point)
    return kept[::-1]


def fronts(runs, peer):
    """The front of each build of a peer."""
    builds = dict.fromkeys(run["build"] for run in runs if run["step"] == "query" and run["peer"] == peer)
    return [front(medians(runs, peer, build)) for build in builds]


def fastest(curves, recall):
    """The one of some fronts that is fastest at a recall, an empty one if none comes to that."""
    return max(curves, key=lambda curve: speed_at(curve, recall) or 0, default=[])


def highest(curves):
    """The best recall of some fronts."""
    return max(curve[-1][0] for curve in curves)


def speed_at(curve, recall):
    """Queries per second of a front at a recall. Below its first point that point's, above its last None."""
    if curve and recall <= curve[0][0]:
        return curve[0][1]
    for (r0, q0, _), (r1, q1, _) in zip(curve, curve[1:]):
        if r0 <= recall <= r1:
            share = (recall - r0) / (r1 - r0)
            return math.exp((1 - share) * math.log(q0) + share * math.log(q1))
    return None


def is_floor(curve, recall):
    """Whether speed_at knows of a front only that it is at least so fast."""
    return len(curve) > 1 and recall < curve[0][0]


def speed_text(curve, recall):
    return (">= " if is_floor(curve, recall) else "") + number(speed_at(curve, recall))


def ratio_text(ours, theirs, recall):
    value = ratio(speed_at(ours, recall), speed_at(theirs, recall))
    marks = {(False, False): "", (True, False): ">= ", (False, True): "<= ", (True, True): "about "}
    return value and marks[is_floor(ours, recall), is_floor(theirs, recall)] + f"{value:.2f}" or "-"


def peers_of(runs):
    return list(dict.fromkeys(run["peer"] for run in runs if run["step"] == "query"))


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def number(value, form="{:.0f}"):
    return "-" if value is None else form.format(value)


def ratio(a, b):
    return None if a is None or not b else a / b


def speeds_table(runs):
    """Queries per second of each peer at the recalls that are asked for, and how many times as fast Vicinal is."""
    peers = {peer: fronts(runs, peer) for peer in peers_of(runs)}
    ours = peers.get("vicinal", [])
    rows = []
    for peer, curves in peers.items():
        speeds = [speed_text(fastest(curves, target), target) for target in TARGETS]
        ratios = [ratio_text(fastest(ours, target), fastest(curves, target), target) for target in TARGETS]
        best = min(highest(curves), highest(ours)) if ours else highest(curves)
        rows.append([peer, *speeds, *ratios, f"{highest(curves):.4f}", ratio_text(fastest(ours, best), fastest(curves, best), best)])
    head = ["best over the grid", *(f"queries/s at {t}" for t in TARGETS), *(f"Vicinal's, times, at {t}" for t in TARGETS)]
    head += ["best recall", "Vicinal's there, times"]
    return table(head, rows)


def default_table(runs):
    """The default call beside the best dials."""
    curves, default = fronts(runs, "vicinal"), front(medians(runs, "vicinal", "default"))
    if not curves:
        return ""
    rows = []
    for target in TARGETS:
        best = fastest(curves, target)
        rows.append([target, *(speed_text(c, target) for c in (default, best)), ratio_text(default, best, target)])
    return table(["recall", "Vicinal's default, queries/s", "its best dials, queries/s", "ratio"], rows)


def builds_table(runs):
    """What each build costs and the speed that it buys."""
    steps = {(run["step"], run["peer"], run["build"]): run for run in runs if run["step"] in ("open", "memory")}
    ours = [run["cpu_seconds"] for run in runs if run["step"] == "build" and (run["peer"], run["build"]) == ("vicinal", "default")]
    rows = []
    for run in (run for run in runs if run["step"] == "build"):
        curve = front(medians(runs, run["peer"], run["build"]))
        if not curve:
            continue
        opened, memory = (steps.get((step, run["peer"], run["build"]), {}) for step in ("open", "memory"))
        open_seconds = opened.get("seconds")
        rows.append(
            [f"{run['peer']} {run['build']}", number(run["seconds"], "{:.1f}"), cpu_text(run)]
            + [number(ratio(run["cpu_seconds"], ours and ours[0]), "{:.1f}")]
            + [number(run[key] / 1e6) for key in ("peak_bytes", "file_bytes")]
            + [number(memory.get(key) and memory[key] / 1e6, "{:.1f}") for key in ("own_bytes", "mapped_bytes")]
            + [number(open_seconds and open_seconds * 1e3, "{:.1f}")]
            + [speed_text(curve, 0.95), speed_text(curve, 0.99), f"{curve[-1][0]:.4f}"]
        )
    head = ["build", "wall s", "CPU s", "CPU, times Vicinal's default", "peak MB", "file MB", "memory MB, own", "memory MB, mapped"]
    return table([*head, "open ms", "queries/s at .95", "at .99", "best recall"], rows)


def cpu_text(run):
    """CPU seconds, and what they are without storing the vectors, which the peers do not do."""
    text = number(run["cpu_seconds"], "{:.1f}")
    if "upsert_cpu_seconds" in run:
        text += f" ({run['cpu_seconds'] - run['upsert_cpu_seconds']:.1f} to prepare)"
    return text


def curves_table(runs):
    """Every point of every front."""
    rows = []
    for peer in peers_of(runs):
        for recall, qps, build in front(medians(runs, peer)):
            rows.append([peer, build, f"{recall:.4f}", f"{qps:.0f}", f"{1e6 / qps:.1f}"])
    return table(["peer", "build", "recall@10", "queries/s", "mean us"], rows)


def latencies_table(runs):
    """The spread of single calls, where calls are single."""
    rows = []
    for run in runs:
        if "p99_us" in run and run["round"] == 1:
            p50, p99 = run["p50_us"], run["p99_us"]
            rows.append([run["peer"], run["build"], run["dial"], f"{run['recall']:.4f}", f"{p50:.0f}", f"{p99:.0f}", f"{p99 / p50:.2f}"])
    return table(["peer", "build", "dial", "recall@10", "p50 us", "p99 us", "p99/p50"], rows)


def draw(files, title, runs):
    """Recall against speed, and the cost of a build against the speed that it buys."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": title})
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(14, 6))
    costs = {(run["peer"], run["build"]): run["cpu_seconds"] for run in runs if run["step"] == "build"}
    for peer in peers_of(runs):
        curve = [point for point in front(medians(runs, peer)) if point[0] >= 0.7]
        (line,) = left.plot([p[0] for p in curve], [p[1] for p in curve], marker=".", label=peer)
        bought = [(cost, speed_at(front(medians(runs, peer, b)), 0.95)) for (name, b), cost in costs.items() if name == peer]
        bought = [pair for pair in bought if pair[1]]
        right.scatter([p[0] for p in bought], [p[1] for p in bought], color=line.get_color(), label=peer)
    left.set(xlabel="recall@10", ylabel="queries per second, one thread", yscale="log", title=title)
    right.set(xlabel="CPU seconds to build", ylabel="queries per second at recall .95", xscale="log", yscale="log")
    for axes in (left, right):
        axes.grid(True, which="both", alpha=0.3)
        axes.legend()
    figure.tight_layout()
    for file in files:
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)


def left_out(runs):
    return [f"{run['peer']} is left out: {run['why']}\n" for run in runs if run["step"] == "left out"]


def write_report(path, runs):
    parts = [f"# {path.name}\n", speeds_table(runs), default_table(runs), builds_table(runs), *left_out(runs)]
    print("\n" + "\n".join(parts))
    (path / "report.md").write_text("\n".join([*parts, curves_table(runs), latencies_table(runs)]))
    try:
        draw([path / "report.svg", path / "report.png"], path.name, runs)
    except ImportError:
        print("no plot: there is no matplotlib", file=sys.stderr)


def publish(page, results):
    """The tables of several data sets on one page, for people who have not run anything."""
    processor = next(line for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    parts = [
        "# Vicinal and its peers\n",
        f"Written by `bench/peers_report.py --publish` from what `bench/peers.sh` measured on two cores of {processor.split(': ')[1]}."
        " [README.md](README.md) says what is measured and how to read it.\n",
    ]
    for path, runs in results:
        image = f"{page.stem}-{path.name}.svg"
        draw([page.parent / image], path.name, runs)
        parts += [f"## {path.name}\n", speeds_table(runs), f"![recall against speed]({image})\n"]
        parts += [default_table(runs), builds_table(runs), *left_out(runs)]
    page.write_text("\n".join(parts))


def main():
    words = sys.argv[1:]
    page = None
    if words[:1] == ["--publish"]:
        page, words = pathlib.Path(*words[1:2]), words[2:]
    if not words:
        sys.exit(__doc__.strip())
    results = [
        (path, [json.loads(line) for line in (path / "runs.jsonl").read_text().splitlines()]) for path in map(pathlib.Path, words)
    ]
    if page:
        publish(page, results)
        return
    for path, runs in results:
        write_report(path, runs)


if __name__ == "__main__":
    main()
