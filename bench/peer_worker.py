"""Builds and queries the peers that have a Python package, for peers.py.

    peer_worker.py build PEER DATA OUT BUILD...   builds each, saves it in OUT/NAME, and prints what it took
    peer_worker.py memory PEER DATA OUT BUILD...  opens each, answers the queries, and prints the memory that this took
    peer_worker.py serve PEER DATA OUT BUILD...   opens each, then answers the requests on its input, on the core CORE

DATA is a directory that datasets.py has made. A BUILD is a JSON object with a name and the parameters of the peer. A request is
a JSON line with a build, a value of the peer's dial, k and a file for the row numbers found; the queries are one batch on one
thread. The gopeers command does the same for the peers in Go.
"""

import ctypes
import gc
import json
import os
import pathlib
import pickle
import sys
import time

import numpy as np

WARM_UP_ROWS = 2_000


def report(step, **values):
    print(json.dumps({"step": step, **values}), flush=True)


def status(key):
    """A value in bytes of this process that the kernel tells of."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) << 10
    return 0


def reset_peak():
    """Has the kernel count the peak of memory from now on, where it may be asked."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


class Cost:
    """The wall-clock time, the processor time and the memory of a piece of work."""

    def __enter__(self):
        reset_peak()
        self.resident, self.wall, self.cpu = status("VmRSS"), time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_):
        self.seconds, self.cpu_seconds = time.perf_counter() - self.wall, time.process_time() - self.cpu
        self.peak_bytes = max(0, status("VmHWM") - self.resident)


def normalized(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Hnswlib:
    def __init__(self, metric, dim):
        import hnswlib

        self.space = {"euclidean": "l2", "cosine": "cosine"}[metric]
        self.index, self.dim = hnswlib.Index(space=self.space, dim=dim), dim
        self.version = getattr(hnswlib, "__version__", "")

    def build(self, rows, build):
        self.index.init_index(max_elements=len(rows), M=build["M"], ef_construction=build["ef"], random_seed=1)
        self.index.add_items(rows, num_threads=os.cpu_count())

    def save(self, path):
        self.index.save_index(str(path))

    def open(self, path):
        self.index.load_index(str(path))
        self.index.set_num_threads(1)

    def query(self, queries, k, dial):
        self.index.set_ef(int(dial))
        return self.index.knn_query(queries, k=k, num_threads=1)[0]


class Faiss:
    def __init__(self, metric, dim):
        import faiss

        self.faiss, self.metric, self.dim = faiss, metric, dim
        self.version = faiss.__version__

    def form(self, rows):
        return normalized(rows) if self.metric == "cosine" else rows

    def build(self, rows, build):
        self.faiss.omp_set_num_threads(os.cpu_count())
        codes = build.get("codes")
        if codes:
            self.index = self.faiss.IndexHNSWSQ(self.dim, getattr(self.faiss.ScalarQuantizer, codes), build["M"])
        else:
            self.index = self.faiss.IndexHNSWFlat(self.dim, build["M"])
        self.index.hnsw.efConstruction = build["ef"]
        rows = self.form(rows)
        self.index.train(rows)
        self.index.add(rows)

    def save(self, path):
        self.faiss.write_index(self.index, str(path))

    def open(self, path):
        self.faiss.omp_set_num_threads(1)
        self.index = self.faiss.read_index(str(path))

    def query(self, queries, k, dial):
        self.index.hnsw.efSearch = int(dial)
        return self.index.search(self.form(queries), k)[1]


class Usearch:
    def __init__(self, metric, dim):
        import usearch

        self.metric, self.dim = {"euclidean": "l2sq", "cosine": "cos"}[metric], dim
        self.version = usearch.__version__

    def build(self, rows, build):
        from usearch.index import Index

        self.index = Index(
            ndim=self.dim, metric=self.metric, dtype=build["codes"], connectivity=build["M"], expansion_add=build["ef"]
        )
        self.index.add(np.arange(len(rows)), rows, threads=os.cpu_count())

    def save(self, path):
        self.index.save(str(path))

    def open(self, path):
        from usearch.index import Index

        self.index = Index.restore(str(path), view=False)

    def query(self, queries, k, dial):
        self.index.expansion_search = int(dial)
        return self.index.search(queries, k, threads=1).keys


class PyNNDescent:
    """The graph of neighbors is built once for all builds with equally many."""

    graphs = {}

    def __init__(self, metric, _):
        import pynndescent

        self.package, self.metric = pynndescent, metric
        self.version = pynndescent.__version__

    def graph(self, rows, neighbors):
        return self.package.NNDescent(rows, metric=self.metric, n_neighbors=neighbors, random_state=1)

    def build(self, rows, build):
        """Compiling is not counted: a small index is built first, and what is compiled for every index comes after the clock."""
        neighbors = build["neighbors"]
        if not self.graphs:
            self.graph(rows[:WARM_UP_ROWS], neighbors).query(rows[:10], k=10)
        if neighbors not in self.graphs:
            self.graphs.clear()
            with Cost() as cost:
                index = self.graph(rows, neighbors)
            self.graphs[neighbors] = index, cost
        index, cost = self.graphs[neighbors]
        # Not copy.copy, which has the index prepared for being written.
        self.index = object.__new__(type(index))
        self.index.__dict__.update(index.__dict__)
        self.index.diversify_prob = build["diversify"]
        self.index.pruning_degree_multiplier = build["pruning"]
        with Cost() as prepare:
            if "codes" in build:
                self.index.quantization = build["codes"]
            else:
                self.index._init_search_graph()
        self.index.prepare()
        prepare.seconds += cost.seconds
        prepare.cpu_seconds += cost.cpu_seconds
        prepare.peak_bytes = max(prepare.peak_bytes, cost.peak_bytes)
        return prepare

    def save(self, path):
        with open(path, "wb") as file:
            pickle.dump(self.index, file, protocol=4)

    def open(self, path):
        with open(path, "rb") as file:
            self.index = pickle.load(file)

    def query(self, queries, k, dial):
        return self.index.query(queries, k=k, epsilon=dial)[0]


PEERS = {
    "hnswlib": Hnswlib,
    "faiss": Faiss,
    "usearch": Usearch,
    "pynndescent": PyNNDescent,
    "pynndescent-debian": PyNNDescent,
}


def build(make, data, out, builds):
    rows = np.load(data / "base.npy")
    for wanted in builds:
        peer = make()
        with Cost() as cost:
            cost = peer.build(rows, wanted) or cost
        path = out / wanted["name"] / "index"
        path.parent.mkdir(parents=True, exist_ok=True)
        peer.save(path)
        values = {key: getattr(cost, key) for key in ("seconds", "cpu_seconds", "peak_bytes")}
        report("build", build=wanted["name"], **values, file_bytes=path.stat().st_size, version=peer.version)


def settled():
    """Memory of this process in bytes, its own and that of mapped files, without what is free to be given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return np.array([status("RssAnon"), status("RssFile")])


def memory(make, data, out, builds):
    """All stay open, so that none finds room that another has left. What importing and compiling take is not counted: a small
    index of each is queried first."""
    queries, rows = np.load(data / "queries.npy"), np.array(np.load(data / "base.npy", mmap_mode="r")[:WARM_UP_ROWS])
    for wanted in builds:
        small, file = make(), out / wanted["name"] / "small"
        small.build(rows, wanted)
        small.save(file)
        small = make()
        small.open(file)
        file.unlink()
        small.query(queries, 10, wanted["warm"])
    del small
    PyNNDescent.graphs.clear()
    peers = []
    for wanted in builds:
        before = settled()
        peers.append(make())
        peers[-1].open(out / wanted["name"] / "index")
        peers[-1].query(queries, 10, wanted["warm"])
        own, mapped = (settled() - before).tolist()
        report("memory", build=wanted["name"], own_bytes=max(0, own), mapped_bytes=max(0, mapped))


def serve(make, data, out, builds):
    queries = np.load(data / "queries.npy")
    peers = {}
    for wanted in builds:
        peer = peers[wanted["name"]] = make()
        start = time.perf_counter()
        peer.open(out / wanted["name"] / "index")
        seconds = time.perf_counter() - start
        peer.query(queries[:10], 10, wanted["warm"])
        report("open", build=wanted["name"], seconds=seconds)
    if "CORE" in os.environ:
        os.sched_setaffinity(0, {int(os.environ["CORE"])})
    report("ready")
    for line in sys.stdin:
        request = json.loads(line)
        start = time.perf_counter()
        found = peers[request["build"]].query(queries, request["k"], request["dial"])
        seconds = time.perf_counter() - start
        np.asarray(found).astype(np.int32).tofile(request["out"])
        report("query", build=request["build"], dial=request["dial"], seconds=seconds, queries=len(queries))


def main():
    work = {"build": build, "memory": memory, "serve": serve}
    if len(sys.argv) < 6 or sys.argv[1] not in work or sys.argv[2] not in PEERS:
        sys.exit(__doc__.strip())
    data, out = map(pathlib.Path, sys.argv[3:5])
    about = json.loads((data / "about.json").read_text())
    builds = [json.loads(text) for text in sys.argv[5:]]
    work[sys.argv[1]](lambda: PEERS[sys.argv[2]](about["metric"], about["dim"]), data, out, builds)


if __name__ == "__main__":
    main()
