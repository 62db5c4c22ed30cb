#!/usr/bin/python3
"""Writes the golden files of the sparse and the bit metrics: sparse_golden.json and bits_golden.json.

Run it with Debian's python3-numpy and python3-scipy:

    /usr/bin/python3 generate_sparse.py

All values are computed in float64 from float32 vectors, by scipy where it has the metric and by the formula elsewhere.
Distances that a definition leaves open (of zero vectors, of 0/0) are those that the documentation of package metric
promises. The seed is fixed, so that the files only change with this program.
"""

import json
import pathlib

import numpy as np
from scipy.optimize import linprog
from scipy.spatial import distance
from scipy.special import rel_entr
from scipy.stats import wasserstein_distance

random = np.random.default_rng(20250101)
here = pathlib.Path(__file__).parent


def sparse_set(count, dim, features, draw):
    """Returns count vectors, as rows, each with about as many features."""
    rows = np.zeros((count, dim), np.float32)
    for row in rows:
        chosen = random.choice(dim, max(1, random.poisson(features)), replace=False)
        row[chosen] = draw(len(chosen))
    return rows


def nonzero_normal(n):
    values = random.normal(size=n).astype(np.float32)
    values[values == 0] = 1
    return values


def special(rows, signed):
    """Makes some of the rows the cases that metrics go wrong at."""
    dim = rows.shape[1]
    rows[1] = rows[0]  # equal
    rows[2] = 3 * rows[0]  # of the same direction
    rows[3] = -rows[0] if signed else np.roll(rows[0], 1)  # opposite
    rows[4], rows[5] = 0, 0  # disjoint
    rows[4][: dim // 2 : max(1, dim // 24)] = 2
    rows[5][dim // 2 :: max(1, dim // 20)] = 5
    rows[6] = rows[0]  # nearly equal
    first = np.flatnonzero(rows[0])[0]
    rows[6][first] *= np.float32(1 + 2e-4)
    rows[7] = 0  # zero
    return rows


SETS = {
    "signed": special(sparse_set(14, 40, 9, nonzero_normal), True),
    "counts": special(sparse_set(14, 60, 12, lambda n: random.integers(1, 9, n).astype(np.float32)), False),
    "shares": special(sparse_set(12, 25, 20, lambda n: random.random(n).astype(np.float32) + np.float32(0.01)), False),
    # More features than 16 bits number, as the words of a text.
    "words": special(sparse_set(10, 70_000, 30, lambda n: random.lognormal(0, 1, n).astype(np.float32)), False),
}


# The metrics, of two float64 vectors.


def zero_or(f, of_zero=1.0):
    """Is f, but 0 between two zero vectors and of_zero from a zero vector to another one."""

    def g(x, y):
        if not x.any() or not y.any():
            return 0.0 if x.any() == y.any() else of_zero
        return f(x, y)

    return g


def sets(f):
    """Is f of the boolean vectors, but 0 between equal ones."""

    def g(x, y):
        a, b = x != 0, y != 0
        return 0.0 if (a == b).all() else f(a, b)

    return g


def canberra(x, y):
    total = np.abs(x) + np.abs(y)
    return (np.abs(x - y)[total > 0] / total[total > 0]).sum()


def braycurtis(x, y):
    differences, sums = np.abs(x - y).sum(), np.abs(x + y).sum()
    if differences == 0:
        return 0.0
    return differences / sums if sums > 0 else float(np.finfo(np.float32).max)


def kulsinski(a, b):
    both, differing = (a & b).sum(), (a ^ b).sum()
    return (differing - both + len(a)) / (differing + len(a))


def cosine(x, y):
    # 1 - cos by half the squared chord: precise for small distances.
    chord = x / np.linalg.norm(x) - y / np.linalg.norm(y)
    small = (chord * chord).sum() / 2
    return small if small < 1e-3 else distance.cosine(x, y)


def correlation(x, y):
    return cosine(x - x.mean(), y - y.mean())


def hellinger(x, y):
    return np.sqrt(((np.sqrt(x / x.sum()) - np.sqrt(y / y.sum())) ** 2).sum() / 2)


def jensen_shannon(x, y):
    p, q = x / x.sum(), y / y.sum()
    m = (p + q) / 2
    return (rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2


def symmetric_kl(x, y):
    eps = 2.0**-23
    p, q = (x + eps) / (x + eps).sum(), (y + eps) / (y + eps).sum()
    return ((p - q) * np.log(p / q)).sum()


def wasserstein(p):
    def f(x, y):
        if p == 1:
            bins = np.arange(len(x))
            return wasserstein_distance(bins, bins, x, y)
        return (np.abs(np.cumsum(x / x.sum()) - np.cumsum(y / y.sum())) ** p).sum() ** (1 / p)

    return f


def kantorovich(cost):
    def f(x, y):
        p, q = x / x.sum(), y / y.sum()
        rows, columns = np.flatnonzero(p), np.flatnonzero(q)
        equal = []
        for i in range(len(rows)):
            equal.append([1.0 if cell // len(columns) == i else 0.0 for cell in range(len(rows) * len(columns))])
        for j in range(len(columns)):
            equal.append([1.0 if cell % len(columns) == j else 0.0 for cell in range(len(rows) * len(columns))])
        plan = linprog(
            cost[np.ix_(rows, columns)].ravel(),
            A_eq=np.array(equal),
            b_eq=np.concatenate([p[rows], q[columns]]),
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        assert plan.status == 0, plan.message
        return plan.fun

    return f


ANY = ["signed", "counts", "shares", "words"]
HISTOGRAMS = ["counts", "shares", "words"]

places = random.normal(size=(SETS["counts"].shape[1], 3)).astype(np.float32)
wide = places.astype(np.float64)
costs = np.abs(np.subtract.outer(np.arange(25.0), np.arange(25.0))) ** 0.5

# name, sets, parameters, function
METRICS = [
    ("euclidean", ANY, {}, distance.euclidean),
    ("sqeuclidean", ANY, {}, distance.sqeuclidean),
    ("manhattan", ANY, {}, distance.cityblock),
    ("chebyshev", ANY, {}, distance.chebyshev),
    ("minkowski", ANY, {}, distance.euclidean),
    ("minkowski", ANY, {"p": 1}, distance.cityblock),
    ("minkowski", ANY, {"p": 3}, lambda x, y: distance.minkowski(x, y, 3)),
    ("minkowski", ANY, {"p": 0.5}, lambda x, y: (np.abs(x - y) ** 0.5).sum() ** 2),
    ("minkowski", ANY, {"p": 2.5}, lambda x, y: distance.minkowski(x, y, 2.5)),
    ("canberra", ANY, {}, canberra),
    ("braycurtis", ANY, {}, braycurtis),
    ("hamming", ANY, {}, distance.hamming),
    ("jaccard", ANY, {}, sets(distance.jaccard)),
    ("dice", ANY, {}, sets(distance.dice)),
    ("matching", ANY, {}, sets(distance.hamming)),
    ("kulsinski", ANY, {}, sets(kulsinski)),
    ("rogerstanimoto", ANY, {}, sets(distance.rogerstanimoto)),
    ("russellrao", ANY, {}, sets(distance.russellrao)),
    ("sokalmichener", ANY, {}, sets(distance.sokalmichener)),
    ("sokalsneath", ANY, {}, sets(distance.sokalsneath)),
    ("cosine", ANY, {}, zero_or(cosine)),
    ("dot", ANY, {}, zero_or(cosine)),
    ("inner_product", ANY, {}, lambda x, y: -x @ y),
    ("correlation", ANY, {}, zero_or(correlation)),
    ("hellinger", HISTOGRAMS, {}, zero_or(hellinger)),
    ("jensen-shannon", HISTOGRAMS, {}, zero_or(jensen_shannon, None)),
    ("symmetric-kl", HISTOGRAMS, {}, zero_or(symmetric_kl, None)),
    ("wasserstein_1d", HISTOGRAMS, {}, zero_or(wasserstein(1), None)),
    ("wasserstein_1d", HISTOGRAMS, {"p": 2}, zero_or(wasserstein(2), None)),
    ("wasserstein_1d", HISTOGRAMS, {"p": 0.5}, zero_or(wasserstein(0.5), None)),
    (
        "kantorovich",
        ["counts"],
        {"ground_vectors": places.tolist()},
        zero_or(kantorovich(distance.squareform(distance.pdist(wide))), None),
    ),
    (
        "kantorovich",
        ["counts"],
        {"ground_vectors": places.tolist(), "ground_metric": "cosine"},
        zero_or(kantorovich(distance.squareform(distance.pdist(wide, "cosine"))), None),
    ),
    ("kantorovich", ["shares"], {"cost": costs.tolist()}, zero_or(kantorovich(costs), None)),
]


def digits(x):
    return None if x is None else float(f"{x:.9g}")


def upper(rows, f):
    """Returns the distances of all pairs of rows, a row and itself included, None where they have none."""
    wide = [row.astype(np.float64) for row in rows]
    return [digits(f(wide[i], wide[j])) for i in range(len(wide)) for j in range(i, len(wide))]


def sparse_golden():
    vectors = {}
    for name, rows in SETS.items():
        indices = [np.flatnonzero(row) for row in rows]
        vectors[name] = {
            "dim": rows.shape[1],
            "indices": [i.tolist() for i in indices],
            "values": [[float(repr(x)) for x in row[i]] for row, i in zip(rows, indices)],
        }
    cases = [
        {"metric": name, "set": of, "params": params, "distances": upper(SETS[of], f)}
        for name, which, params, f in METRICS
        for of in which
    ]
    return {"sets": vectors, "cases": cases}


def bits_golden():
    cases = []
    for bits in (1, 63, 64, 65, 200):
        rows = random.random((8, bits)) < random.random((8, 1))
        rows[1] = rows[0]
        rows[2] = ~rows[0]  # disjoint, and opposite
        rows[3] = False
        rows[4] = True
        pairs = [(i, j) for i in range(8) for j in range(i, 8)]
        jaccard = sets(distance.jaccard)
        cases.append(
            {
                "bits": bits,
                "vectors": ["".join("1" if bit else "0" for bit in row) for row in rows],
                "bit_hamming": [int((rows[i] != rows[j]).sum()) for i, j in pairs],
                "bit_hamming_normalized": [digits(distance.hamming(rows[i], rows[j])) for i, j in pairs],
                "bit_jaccard": [digits(jaccard(rows[i], rows[j])) for i, j in pairs],
            }
        )
    return cases


def write(name, content):
    text = json.dumps(content, separators=(",", ":"))
    text = text.replace('{"metric"', '\n{"metric"').replace('{"bits"', '\n{"bits"')
    (here / name).write_text(text + "\n")


write("sparse_golden.json", sparse_golden())
write("bits_golden.json", bits_golden())
