"""Compares Vicinal with its peers on one data set; peers.sh installs what it takes.

Every build of every peer is made once and kept. Then all are opened, and rounds of queries go through peers, builds and values
of the dial in turn, so that the machine's moods hit all alike. After the first round, builds that are far from the best of
their peer at any recall are left out. What is measured goes to RESULTS/runs.jsonl; peers_report.py makes tables of it.
"""

import argparse
import hashlib
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from peers_report import front, medians, speed_at, write_report

HERE = pathlib.Path(__file__).parent
K = 10
BUILD_UNDER = os.environ.get("BUILD_UNDER", "").split()  # a command that runs the builds, such as nice
ALONE = os.environ.get("ALONE", "").split()  # a command that has the machine to itself while what it runs runs, such as flock FILE
ALONE_FOR = 60.0  # seconds after which the machine is given back between two peers
BUDGET = 1.5  # seconds that a peer without batches queries for
ENOUGH = 0.995  # recall from which on larger values of the dial are not tried
TOO_LONG = 4.0  # seconds of a pass from which on larger values are not tried either
OF_INTEREST = 0.85  # recall from which on values of the dial are measured in every round
NEAR_FRONT = 0.85  # of the speed of the peer's best build; builds that are slower everywhere are measured once
EF = [10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 400, 800]
EPSILON = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7]


def named(**build):
    return {"name": "-".join(f"{key}{value}" for key, value in build.items()), **build}


def grid(**values):
    return [named(**dict(zip(values, chosen))) for chosen in itertools.product(*values.values())]


# Of each peer: its builds, its dial, and the runtime that it takes. The first build is the one whose cost the tables give first.
SMALL_WORLDS = [(16, 200), (32, 400)]
PEERS = {
    "hnswlib": ([named(M=m, ef=ef) for m, ef in SMALL_WORLDS], EF, "venv"),
    "faiss": ([named(M=m, ef=ef) for m, ef in SMALL_WORLDS] + [named(M=32, ef=200, codes="QT_8bit")], EF, "venv"),
    "usearch": (
        [named(M=16, ef=128, codes="f32"), named(M=32, ef=400, codes="f32"), named(M=32, ef=200, codes="bf16")],
        EF,
        "venv",
    ),
    "pynndescent": (
        [
            *grid(neighbors=[30], pruning=[1.5, 3.0], diversify=[1.0]),
            named(neighbors=30, pruning=1.5, diversify=1.0, codes="uint8"),
            *grid(neighbors=[60, 15], pruning=[1.5], diversify=[1.0]),
        ],
        EPSILON,
        "venv",
    ),
    "pynndescent-debian": (grid(neighbors=[30, 60], pruning=[1.5], diversify=[1.0]), EPSILON, "debian"),
    "coder-hnsw": (grid(M=[16, 32], ef=[100]), [10, 20, 40, 80, 160, 320, 640], "go"),
    "chromem-go": (grid(exhaustive=[1]), [0], "go"),
}
# Vicinal's builds are flags of its bench command. The first is the default call.
VICINAL = {
    "default": [],
    "neighbors-15": ["--neighbors=15"],
    "neighbors-20": ["--neighbors=20"],
    "neighbors-40": ["--neighbors=40"],
    "neighbors-60-pruning-1": ["--neighbors=60", "--pruning-degree-multiplier=1"],
}
# Other dials of the search than epsilon, with the index of a build.
VICINAL_SEARCHES = {f"default-patience-{n}": ("default", [f"--patience={n}"]) for n in (0, 250)}
VICINAL_EPSILON = "-0.04,-0.03,-0.02,-0.01,0,0.02,0.04,0.06,0.08,0.1,0.125,0.15,0.2,0.25,0.3,0.4,0.5,0.55,0.6,0.7"


class Failed(Exception):
    """A peer that does not run here; the message says why."""


class Machine:
    """Held while queries are measured, where ALONE says how, and given back from time to time."""

    def __init__(self):
        self.process, self.since = None, 0.0

    def hold(self):
        if self.process and time.monotonic() - self.since > ALONE_FOR:
            self.give_back()
        if ALONE and not self.process:
            command = [*ALONE, "sh", "-c", "echo; exec cat"]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if not self.process.stdout.readline():
                raise Failed(f"{' '.join(ALONE)} ended with {self.process.wait()}")
            self.since = time.monotonic()

    def give_back(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process = None


class Peer:
    """One of the peers: builds what is missing, then answers in a process of its own that stays."""

    def __init__(self, name, args):
        self.name, self.args, self.process = name, args, None
        builds, self.dials, self.runtime = PEERS[name]
        self.builds = [{**build, "warm": self.dials[0]} for build in builds]
        self.out = args.indexes / name
        if args.built:
            self.builds = [b for b in self.builds if (self.out / b["name"] / "build.json").exists()]
        self.chosen = {build["name"]: self.dials for build in self.builds}

    def command(self, verb, builds):
        start = {
            "venv": [args_python(self.args), str(HERE / "peer_worker.py")],
            "debian": ["/usr/bin/python3", str(HERE / "peer_worker.py")],
            "go": [str(self.args.gopeers)],
        }[self.runtime]
        return [*start, verb, self.name, str(self.args.data), str(self.out), *map(json.dumps, builds)]

    def costs(self):
        files = [self.out / b["name"] / f"{step}.json" for b in self.builds for step in ("build", "memory")]
        return [json.loads(file.read_text()) for file in files]

    def build(self):
        """Builds what is not there, in a process for each group that shares a graph, and measures their memory in a process
        that does nothing but open and query them. With --rebuild the first build is always made again, and measured."""
        missing = [b for i, b in enumerate(self.builds) if self.stale(i, b)]
        for _, group in itertools.groupby(missing, lambda b: b.get("neighbors", b["name"])):
            self.build_group(list(group))
        if not self.builds:
            raise Failed("nothing of it is built")
        unmeasured = [b for b in self.builds if b in missing or not (self.out / b["name"] / "memory.json").exists()]
        if unmeasured:
            self.run("memory", unmeasured)

    def build_group(self, group):
        print(f"{self.name}: building {', '.join(b['name'] for b in group)}", file=sys.stderr, flush=True)
        self.run("build", group)

    def run(self, verb, builds):
        """Has a process of its own do something with builds, and keeps what it says of each in a file of that name."""
        with subprocess.Popen([*BUILD_UNDER, *self.command(verb, builds)], stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                (self.out / json.loads(line)["build"] / f"{verb}.json").write_text(line)
        if process.returncode:
            raise Failed(f"{verb} ended with {process.returncode}")

    def stale(self, number, build):
        return number == 0 and self.args.rebuild or not (self.out / build["name"] / "build.json").exists()

    def open(self):
        env = {**os.environ, "CORE": str(self.args.core)}
        for threads in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMAXPROCS"):
            env[threads] = "1"
        pin = ["taskset", "-c", str(self.args.core)] if self.runtime == "go" else []
        self.process = subprocess.Popen(
            pin + self.command("serve", self.builds), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )
        steps = []
        while (step := self.answer())["step"] != "ready":
            steps.append(step)
        return steps

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"its process ended with {self.process.wait()}")
        return json.loads(line)

    def query(self, build, dial):
        found = self.args.scratch / "found"
        request = {"build": build["name"], "dial": dial, "k": K, "out": str(found), "budget": BUDGET}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        step = self.answer()
        step.update(recall=self.args.judge(found, step["queries"]), qps=step["queries"] / step["seconds"])
        return step

    def round(self, keep):
        """The values of the dial for each build that is kept, after one that warms up. The first round finds out how far they need
        to go, and from where on they are of interest."""
        for build in self.builds:
            name = build["name"]
            if name not in keep:
                continue
            self.args.machine.hold()
            self.query(build, self.chosen[name][0])
            recalls = {}
            for dial in self.chosen[name]:
                step = self.query(build, dial)
                recalls[dial] = step["recall"]
                yield step
                if step["recall"] >= ENOUGH or step["seconds"] > TOO_LONG:
                    break
            best = max(recalls.values())
            self.chosen[name] = [dial for dial, recall in recalls.items() if recall >= min(OF_INTEREST, best)]

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


class Vicinal:
    """Vicinal, through its bench command. Its stores are kept for as long as the program is the same."""

    name = "vicinal"

    def __init__(self, args):
        self.args = args
        digest = hashlib.sha256(args.vicinal.read_bytes()).hexdigest()[:12]
        self.out = args.indexes / f"vicinal-{digest}"
        self.builds = [{"name": name} for name in (["default"] if args.quick else [*VICINAL, *VICINAL_SEARCHES])]
        self.opened = set()

    def run(self, name, epsilon, pin):
        args, (build, searched) = self.args, VICINAL_SEARCHES.get(name, (name, []))
        flags = [f"--{key}={value}" for key, value in args.vectors.items()]
        command = [*pin, str(args.vicinal), "bench", *flags, "--json", f"--k={K}", "--threads=1"]
        command += [f"--epsilon={epsilon}", f"--until={ENOUGH}", f"--store={self.out / build}", *VICINAL[build], *searched]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return [{**json.loads(line), "build": name} for line in text.splitlines()]

    def build(self):
        for number, build in enumerate(b for b in self.builds if b["name"] in VICINAL):
            cost = self.out / build["name"] / "build.json"
            if number == 0 and self.args.rebuild or not cost.exists():
                shutil.rmtree(cost.parent, ignore_errors=True)  # also of a build that was stopped
                self.args.machine.hold()
                print(f"vicinal: building {build['name']}", file=sys.stderr, flush=True)
                steps = {step["step"]: step for step in self.run(build["name"], "0.1", BUILD_UNDER)}
                upsert, prepare = steps["upsert"], steps["prepare"]
                step = {"step": "build", "build": build["name"], "upsert_cpu_seconds": upsert["cpu_seconds"]}
                step.update({key: upsert[key] + prepare[key] for key in ("seconds", "cpu_seconds")})
                files = [file.stat().st_size for file in (self.out / build["name"] / "bench.vicinal").rglob("*") if file.is_file()]
                step.update(peak_bytes=prepare["peak_rss_bytes"], file_bytes=sum(files))
                cost.write_text(json.dumps(step) + "\n")

    def costs(self):
        return [json.loads((self.out / b["name"] / "build.json").read_text()) for b in self.builds if b["name"] in VICINAL]

    def open(self):
        return []

    def round(self, keep):
        for build in self.builds:
            if build["name"] in keep:
                self.args.machine.hold()
                for step in self.run(build["name"], VICINAL_EPSILON, ("taskset", "-c", str(self.args.core))):
                    if step["step"] in ("open", "memory") and (step["step"], build["name"]) not in self.opened:
                        self.opened.add((step["step"], build["name"]))
                        yield step
                    elif step["step"] == "query":
                        # All queries in one call, as the peers are asked, and beside it a call for each.
                        together = {key: value for key, value in step.items() if key not in ("mean_us", "p50_us", "p99_us")}
                        yield {**together, "dial": step["epsilon"], "qps": step["batch_qps"]}
                        yield {**step, "dial": step["epsilon"], "peer": "vicinal, one by one"}

    def close(self):
        pass


def args_python(args):
    return str(args.venv / "bin" / "python")


def make_judge(data):
    """A function that tells the recall of a file of row numbers, by the truth of the data set."""
    import numpy as np

    from truth import METRICS, recall

    kind = METRICS["dense"][json.loads((data / "about.json").read_text())["metric"]]
    metric = object.__new__(kind)  # without what only the search for the truth needs
    metric.base = np.load(data / "base.npy")
    queries, truth = np.load(data / "queries.npy"), np.load(data / "truth.npy")[:, :K]

    def judge(path, count):
        found = np.fromfile(path, np.int32).reshape(count, K)
        return recall(metric, queries[:count], truth[:count], found)

    return judge


def worth_measuring(runs, peer):
    """The builds that come near the best of their peer at some recall, and the default."""
    curves = {b["name"]: front(medians(runs, peer.name, b["name"])) for b in peer.builds}
    best = front(point for curve in curves.values() for point in curve)
    keep = {peer.builds[0]["name"]}
    for name, curve in curves.items():
        if any(qps >= NEAR_FRONT * (speed_at(best, recall) or 0) for recall, qps, _ in curve if recall >= 0.8):
            keep.add(name)
    return keep


def compare(args):
    runs, contenders = [], []
    # What was measured before stays where nothing but builds is asked for.
    log = open(os.devnull if args.build_only else args.results / "runs.jsonl", "w")

    def note(peer, round_number, steps):
        for step in steps:
            run = {"peer": peer.name, "round": round_number, **step}
            runs.append(run)
            log.write(json.dumps(run) + "\n")
        log.flush()

    for name in args.peers:
        peer = Vicinal(args) if name == "vicinal" else Peer(name, args)
        try:
            peer.build()
            if not args.build_only:
                args.machine.hold()
                note(peer, 0, [*peer.costs(), *peer.open()])
                contenders.append(peer)
        except (Failed, OSError, subprocess.CalledProcessError) as failure:
            note(peer, 0, [{"step": "left out", "why": str(failure)}])
            print(f"{name} is left out: {failure}", file=sys.stderr, flush=True)
    machine, keep = args.machine, {peer.name: {build["name"] for build in peer.builds} for peer in contenders}
    for number in range(1, args.rounds + 1 if contenders else 1):
        for peer in contenders:
            machine.hold()
            start = time.monotonic()
            note(peer, number, peer.round(keep[peer.name]))
            print(f"round {number} of {args.rounds}: {peer.name}, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
            if number == 1:
                keep[peer.name] = worth_measuring(runs, peer)
            peer.builds.reverse()
        contenders.reverse()  # who comes after another peer finds the cache full of what that has read
    machine.give_back()
    for peer in contenders:
        peer.close()
    if contenders:
        write_report(args.results, runs)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="directory of a data set")
    parser.add_argument("--indexes", type=pathlib.Path, required=True, help="directory that keeps the indexes")
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--vicinal", type=pathlib.Path, required=True, help="the program")
    parser.add_argument("--gopeers", type=pathlib.Path, help="the program of the Go peers")
    parser.add_argument("--venv", type=pathlib.Path, help="virtual environment of the peers")
    parser.add_argument("--scratch", type=pathlib.Path, required=True)
    parser.add_argument("--peers", default="vicinal," + ",".join(PEERS), help="which, with commas between")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("--built", action="store_true", help="leave out the peers' builds that are not there")
    parser.add_argument("--rebuild", action="store_true", help="make the first build of each peer again, and measure it")
    parser.add_argument("--quick", action="store_true", help="Vicinal's default alone, on base.idx and queries.idx")
    args = parser.parse_args()
    args.peers = ["vicinal"] if args.quick else args.peers.split(",")
    args.machine = Machine()
    args.results.mkdir(parents=True, exist_ok=True)
    if args.quick:
        args.vectors = {"base": args.data / "base.idx", "queries": args.data / "queries.idx", "metric": "euclidean"}
    else:
        metric = json.loads((args.data / "about.json").read_text())["metric"]
        args.vectors = {key: args.data / f"{key}.npy" for key in ("base", "queries", "truth")} | {"metric": metric}
        if not args.build_only:
            args.judge = make_judge(args.data)
    return args


if __name__ == "__main__":
    compare(arguments())
