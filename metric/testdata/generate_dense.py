#!/usr/bin/python3
"""Writes dense.json: distances of small vectors in float64, by the definitions, each compared with an independent
implementation where there is one.

Needs Debian's python3-scipy, python3-sklearn and python3-pynndescent. Run it in its own directory:

    NUMBA_DISABLE_JIT=1 /usr/bin/python3 generate_dense.py

The file is a list of groups of vectors and a list of cases. A case lists the distances of all pairs i <= j of a group, and
under "formula" the indices of those for which the peer it was compared with gives another value or none, so that the
definition alone decides; "why" says why. A group of long vectors is given by whole numbers (a, b, m, c, d) for each: component i is
((i*a + b) mod m - c) / d.
"""

import json
import math
import os
import warnings

os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
warnings.filterwarnings("ignore")

import numpy as np
import pynndescent.distances as pynn
import scipy.optimize
import scipy.spatial.distance as sp
import scipy.special
import scipy.stats
import sklearn.metrics.pairwise as sk

rng = np.random.default_rng(20240229)
EPS = 2.0**-23

# ---------------------------------------------------------------------------------------------------- vectors


def short(v):
    """Rounds to decimals that are short in JSON, and to what float32 makes of them."""
    return np.round(np.asarray(v, dtype=np.float64), 3).astype(np.float32)


def real(dim):
    a, b, c = (short(rng.normal(size=dim)) for _ in range(3))
    return [a, b, c, a.copy(), -a, 2 * b, np.zeros(dim, np.float32)]


def real_nonzero(dim):
    return real(dim)[:6] + [short(rng.normal(size=dim) * 100)]


def histograms(dim):
    a, b = short(rng.gamma(1.0, size=dim) + 0.001), short(rng.gamma(0.3, size=dim) * 20 + 0.001)
    low, high = np.zeros(dim, np.float32), np.zeros(dim, np.float32)
    low[: (dim + 1) // 2] = short(rng.random((dim + 1) // 2) + 0.01)
    high[(dim + 1) // 2 :] = short(rng.random(dim // 2) + 0.01)
    return [a, b, low, high, a.copy(), 4 * b, np.zeros(dim, np.float32)]


def close_histograms(dim):
    a = short(rng.random(dim) + 0.1)
    b = short(a + 0.001 * (np.arange(dim) == dim // 2))
    c = short(a * 1.01)
    return [a, b, c]


def binary(dim):
    a, b = ((rng.random(dim) < share).astype(np.float32) for share in (0.3, 0.6))
    left = np.zeros(dim, np.float32)
    left[: dim // 2] = 1
    return [a, b, left, 1 - left, a.copy(), np.ones(dim, np.float32), np.zeros(dim, np.float32)]


def signed_sets(dim):
    vectors = [short(rng.normal(size=dim)) * (rng.random(dim) < 0.5) for _ in range(4)]
    for v in vectors[1:]:
        v[: dim // 3] = vectors[0][: dim // 3]
    return [v.astype(np.float32) for v in vectors]


def sphere():
    points = np.column_stack([np.arcsin(rng.uniform(-1, 1, 5)), rng.uniform(-np.pi, np.pi, 5)])
    return [short(p) for p in points] + [short([1.2, 0.3]), short([1.2, 0.301]), np.zeros(2, np.float32)]


def offset(dim):
    """A large mean and a small deviation: sums of squares say nothing about it."""
    return [short(1000 + rng.normal(size=dim)) for _ in range(4)]


def ties(dim):
    return [rng.integers(-2, 3, dim).astype(np.float32) for _ in range(4)] + [-np.arange(dim).astype(np.float32)]


def by_formula(dim, numbers):
    i = np.arange(dim, dtype=np.int64)
    return [((((i * a + b) % m) - c) / d).astype(np.float32) for a, b, m, c, d in numbers]


LONG = 70_000
LONG_REAL = [(7919, 3, 1009, 504, 8), (104729 % 30011, 11, 2003, 900, 16), (31, 0, 65521, 32760, 1024)]
LONG_HISTOGRAM = [(7919, 3, 1009, 0, 8), (14449, 11, 2003, 0, 16), (31, 0, 65521, 0, 1024)]
LONG_BINARY = [(7919, 3, 2, 0, 1), (1, 1, 3, 1, 1), (5, 2, 7, 3, 1)]

groups = {
    **{f"real{d}": real(d) for d in (1, 2, 5, 30)},
    "nonzero13": real_nonzero(13),
    **{f"histogram{d}": histograms(d) for d in (1, 2, 5, 30)},
    "close17": close_histograms(17),
    **{f"binary{d}": binary(d) for d in (1, 5, 30)},
    "sets12": signed_sets(12),
    "sphere": sphere(),
    "offset30": offset(30),
    "ties9": ties(9),
    "long_real": by_formula(LONG, LONG_REAL),
    "long_histogram": by_formula(LONG, LONG_HISTOGRAM),
    "long_binary": by_formula(LONG, LONG_BINARY),
}
formulas = {"long_real": LONG_REAL, "long_histogram": LONG_HISTOGRAM, "long_binary": LONG_BINARY}

REAL = ["real1", "real2", "real5", "real30", "long_real"]
HISTOGRAM = ["histogram1", "histogram2", "histogram5", "histogram30", "close17", "long_histogram"]
SETS = ["binary1", "binary5", "binary30", "sets12", "long_binary"]

# ------------------------------------------------------------------------------------------------ definitions


def share(x):
    return x / x.sum() if x.sum() > 0 else x


def angle_terms(x, y):
    return x @ y, math.sqrt(x @ x), math.sqrt(y @ y)


def cosine(x, y):
    xy, nx, ny = angle_terms(x, y)
    if nx == 0 and ny == 0:
        return 0.0
    if nx == 0 or ny == 0:
        return 1.0
    return min(max(1 - xy / (nx * ny), 0.0), 2.0)


def true_angular(x, y):
    return math.acos(max(-1.0, min(1.0, 1 - cosine(x, y)))) / math.pi


def centered(x):
    return x - x[0] - (x - x[0]).mean()


def correlation(x, y):
    return cosine(centered(x), centered(y))


def spearman(x, y):
    return correlation(scipy.stats.rankdata(x), scipy.stats.rankdata(y))


def canberra(x, y):
    below = np.abs(x) + np.abs(y)
    return float(np.sum(np.abs(x - y)[below > 0] / below[below > 0]))


def braycurtis(x, y):
    above, below = np.abs(x - y).sum(), np.abs(x + y).sum()
    if above == 0:
        return 0.0
    return above / below if below > 0 else float(np.finfo(np.float32).max)


def haversine(x, y):
    a = math.sin((x[0] - y[0]) / 2) ** 2 + math.cos(x[0]) * math.cos(y[0]) * math.sin((x[1] - y[1]) / 2) ** 2
    return 2 * math.asin(math.sqrt(max(0.0, min(1.0, a))))


def tsss(x, y):
    xy, nx, ny = angle_terms(x, y)
    if nx * ny == 0:
        return 0.0
    angle, ten = math.acos(max(-1.0, min(1.0, xy / (nx * ny)))), math.radians(10)
    triangle = nx * ny * math.sin(min(angle, math.pi / 2) + ten) / 2
    return triangle * (math.sqrt(((x - y) ** 2).sum()) + abs(nx - ny)) ** 2 * (angle + ten)


def overlap(x, y):
    if x.sum() == 0 and y.sum() == 0:
        return 1.0
    return float(np.sqrt(share(x) * share(y)).sum())


def hellinger(x, y):
    return float(np.sqrt(((np.sqrt(share(x)) - np.sqrt(share(y))) ** 2).sum() / 2)) if x.sum() * y.sum() > 0 else math.sqrt(1 - overlap(x, y))


def jensen_shannon(x, y):
    p, q = share(x), share(y)
    m = (p + q) / 2
    return float((scipy.special.rel_entr(p, m) + scipy.special.rel_entr(q, m)).sum() / 2)


def symmetric_kl(x, y):
    p, q = share(x + EPS), share(y + EPS)
    return float((scipy.special.rel_entr(p, q) + scipy.special.rel_entr(q, p)).sum())


def cumulative_difference(x, y):
    d = np.cumsum(share(x)) - np.cumsum(share(y))
    d[np.abs(d) < 1e-13] = 0
    return d


def norm(d, p):
    return float((np.abs(d) ** p).sum() ** (1 / p))


def wasserstein_1d(x, y, p=1):
    return norm(cumulative_difference(x, y), p)


def circular(x, y, p=1):
    d = cumulative_difference(x, y)
    if p == 1:
        return norm(d - np.median(d), 1)
    best = scipy.optimize.minimize_scalar(
        lambda s: (np.abs(d - s) ** p).sum(), bounds=(d.min() - 1e-9, d.max() + 1e-9), method="bounded", options={"xatol": 1e-12}
    )
    return norm(d - best.x, p)


def kantorovich(x, y, cost):
    if x.sum() == 0 or y.sum() == 0:
        return 0.0 if x.sum() == y.sum() else float(cost.max())
    p, q = share(x), share(y)
    n = len(x)
    sums = np.zeros((2 * n, n * n))
    for i in range(n):
        sums[i, i * n : (i + 1) * n] = 1
        sums[n + i, i::n] = 1
    result = scipy.optimize.linprog(cost.ravel(), A_eq=sums, b_eq=np.concatenate([p, q]), method="highs-ds")
    assert result.success, result.message
    return max(result.fun, 0.0)


def sinkhorn(x, y, cost, regularization=1.0):
    if x.sum() == 0 or y.sum() == 0:
        return 0.0 if x.sum() == y.sum() else float(cost.max())
    if (x == y).all():
        return 0.0
    rows, columns = x > 0, y > 0
    a, b = np.log(share(x)[rows]), np.log(share(y)[columns])
    c = cost[rows, :][:, columns]
    f, g = np.zeros(len(a)), np.zeros(len(b))
    for _ in range(200_000):
        g = b - scipy.special.logsumexp(f[:, None] - c / regularization, axis=0)
        previous, f = f, a - scipy.special.logsumexp(g[None, :] - c / regularization, axis=1)
        if np.abs(f - previous).max() < 1e-12 * (1 + np.abs(f).max()):
            break
    else:
        raise RuntimeError("no convergence")
    return float((np.exp(f[:, None] + g[None, :] - c / regularization) * c).sum())


def set_counts(x, y):
    a, b = x != 0, y != 0
    return (a & b).sum(), (a & ~b).sum(), (~a & b).sum(), (~a & ~b).sum()


def of_counts(distance):
    def of_vectors(x, y):
        tt, tf, ft, ff = (int(c) for c in set_counts(x, y))
        above, below = distance(tt, tf, ft, ff, tf + ft, len(x))
        return above / below if above else 0.0

    return of_vectors


def cosine_and_product(x, y):
    xy, nx, ny = angle_terms(x, y)
    if xy <= 0:
        return -xy
    return -1 / (1 / math.sqrt(xy) - math.log2(min(1.0, xy / (nx * ny))))


def centered_l1(x, y):
    d = cumulative_difference(x, y)
    return float(np.abs(d - d.mean()).sum())


def triangular(x, y):
    p, q = share(x), share(y)
    used = p + q > 0
    return float((((p - q) ** 2)[used] / (p + q)[used]).sum())


# ------------------------------------------------------------------------------------------------------ cases

cases = []


def agree(got, want, scale, close):
    return math.isfinite(got) and abs(got - want) <= close * max(abs(want), scale)


def add(metric, group_names, definition, peer=None, source="definition", params=None, scale=0.0, why="", searched=False, long_peer=True, close=1e-6):
    """Close is how well a peer has to agree: less where it computes in float32. Scale is the size of the numbers whose difference a distance is: a tolerance relative to the distance alone would
    be none for distances near zero."""
    for name in group_names:
        vectors = [v.astype(np.float64) for v in groups[name]]
        singles = groups[name]
        values, by_formula_only = [], []
        of_scale = scale(vectors) if callable(scale) else scale
        for i in range(len(vectors)):
            for j in range(i, len(vectors)):
                want = float(definition(vectors[i], vectors[j]))
                assert math.isfinite(want), (metric, name, i, j)
                if peer and (long_peer or len(vectors[0]) < 1000):
                    try:
                        got = float(peer(vectors[i], vectors[j]))
                    except Exception:
                        got = math.nan
                    if not agree(got, want, max(of_scale, 1e-7), close):
                        by_formula_only.append(len(values))
                values.append(float(f"{want:.9g}"))
        case = {"metric": metric, "group": name, "source": source, "distances": values}
        if params:
            case["params"] = params
        if of_scale:
            case["scale"] = float(f"{of_scale:.3g}")
        if searched:
            case["searched"] = True
        if by_formula_only:
            assert why, (metric, name, by_formula_only)
            case["formula"], case["why"] = by_formula_only, why
        cases.append(case)


def single(f, *args):
    """PyNNDescent takes float32."""
    return lambda x, y: f(x.astype(np.float32), y.astype(np.float32), *args)


def squared_scale(vectors):
    return 0.1 * max(v @ v for v in vectors)


SIMILARITY = 0.1  # what is 1 minus a similarity in float32

add("euclidean", REAL, lambda x, y: math.sqrt(((x - y) ** 2).sum()), sp.euclidean, "scipy.spatial.distance.euclidean")
add("sqeuclidean", REAL, lambda x, y: ((x - y) ** 2).sum(), sp.sqeuclidean, "scipy.spatial.distance.sqeuclidean")
add("manhattan", REAL, lambda x, y: np.abs(x - y).sum(), sp.cityblock, "scipy.spatial.distance.cityblock")
add("chebyshev", REAL, lambda x, y: np.abs(x - y).max(), sp.chebyshev, "scipy.spatial.distance.chebyshev")
add("minkowski", REAL, lambda x, y: norm(x - y, 2), sp.minkowski, "scipy.spatial.distance.minkowski")
for p in (0.5, 1, 1.5, 3, 7.25, 20):
    add("minkowski", REAL if p < 10 else REAL[:4], lambda x, y: norm(x - y, p), lambda x, y: pynn.minkowski(x, y, p) if p < 1 else sp.minkowski(x, y, p), "scipy.spatial.distance.minkowski, pynndescent for p < 1", {"p": p}, long_peer=p >= 1)
for d in (2, 5, 30):
    w = np.round(rng.random(d) * 3, 2)
    w[0] = 0
    for p in (1, 2, 3.5):
        add("wminkowski", [f"real{d}"], lambda x, y: (w * np.abs(x - y) ** p).sum() ** (1 / p), lambda x, y: sp.minkowski(x, y, p, w), "scipy.spatial.distance.minkowski", {"w": list(w), "p": p})
    sigma = np.round(rng.random(d) * 3 + 0.01, 2)
    add("seuclidean", [f"real{d}"], lambda x, y: math.sqrt(((x - y) ** 2 / sigma).sum()), lambda x, y: sp.seuclidean(x, y, sigma), "scipy.spatial.distance.seuclidean", {"sigma": list(sigma)})
    half = np.round(rng.normal(size=(d, d)), 1)
    vinv = np.round(half @ half.T, 4)
    add("mahalanobis", [f"real{d}"], lambda x, y: math.sqrt((x - y) @ vinv @ (x - y)), lambda x, y: sp.mahalanobis(x, y, vinv), "scipy.spatial.distance.mahalanobis", {"vinv": vinv.tolist()})
plane = [[1.0, 2.0], [2.0, 4.0]]
add("mahalanobis", ["real2"], lambda x, y: abs((x - y) @ np.array([1.0, 2.0])), lambda x, y: sp.mahalanobis(x, y, np.array(plane)), "scipy.spatial.distance.mahalanobis", {"vinv": plane}, scale=0.1)

add("canberra", REAL + ["histogram30"], canberra, sp.canberra, "scipy.spatial.distance.canberra")
add("braycurtis", REAL + ["histogram30"], braycurtis, sp.braycurtis, "scipy.spatial.distance.braycurtis", why="the peer divides zero, or something, by zero")

ZERO = "the peer has no value, or another one, for vectors without a direction"
add("cosine", REAL + ["nonzero13", "histogram30"], cosine, sp.cosine, "scipy.spatial.distance.cosine", scale=SIMILARITY, why=ZERO)
add("dot", REAL + ["nonzero13"], cosine, lambda x, y: single(pynn.dot)(x / math.sqrt(x @ x), y / math.sqrt(y @ y)), "pynndescent.distances.dot", scale=SIMILARITY, long_peer=False, why="the peer ties all vectors beyond a right angle; " + ZERO)
add("inner_product", REAL, lambda x, y: -(x @ y), lambda x, y: -np.inner(x, y), "numpy.inner", scale=squared_scale)
add("correlation", REAL + ["nonzero13", "offset30", "histogram30"], correlation, sp.correlation, "scipy.spatial.distance.correlation", scale=SIMILARITY, why="the peer has no value for constant vectors")
add("spearmanr", REAL + ["ties9"], spearman, lambda x, y: 1 - scipy.stats.spearmanr(x, y)[0], "1 - scipy.stats.spearmanr", scale=SIMILARITY, why="the peer has no value for constant vectors")
add("haversine", ["sphere", "real2"], haversine, lambda x, y: sk.haversine_distances([x], [y])[0, 0], "sklearn.metrics.pairwise.haversine_distances", scale=1e-3)
add("true_angular", ["nonzero13", "real5", "real30", "histogram30"], true_angular, lambda x, y: 1 - single(pynn.true_angular)(x, y), "1 - pynndescent.distances.true_angular, which is a similarity", scale=SIMILARITY, why=ZERO, close=1e-4)
add("tsss", REAL[:4] + ["nonzero13", "histogram30", "long_real"], tsss, single(pynn.tsss), "pynndescent.distances.tsss", scale=0.01, long_peer=False, why="the peer has no value for zero vectors, and values that sink again for obtuse angles", close=1e-4)

EMPTY = "the peer has no value, or another one, for histograms that are empty"
add("hellinger", HISTOGRAM, hellinger, single(pynn.hellinger), "pynndescent.distances.hellinger", scale=0.01, long_peer=False, why="the peer computes in float32", close=1e-5)
add("jensen-shannon", HISTOGRAM, jensen_shannon, lambda x, y: sp.jensenshannon(x, y) ** 2, "scipy.spatial.distance.jensenshannon, squared", why=EMPTY)
add("symmetric-kl", HISTOGRAM, symmetric_kl, lambda x, y: scipy.stats.entropy(x + EPS, y + EPS) + scipy.stats.entropy(y + EPS, x + EPS), "scipy.stats.entropy both ways")
positions = {len(v[0]): np.arange(len(v[0])) for v in groups.values()}
add("wasserstein_1d", HISTOGRAM, wasserstein_1d, lambda x, y: scipy.stats.wasserstein_distance(positions[len(x)], positions[len(y)], x, y), "scipy.stats.wasserstein_distance", why=EMPTY)
for p in (0.5, 2, 3, 2.5):
    add("wasserstein_1d", HISTOGRAM if p > 1 else HISTOGRAM[:5], lambda x, y: wasserstein_1d(x, y, p), single(pynn.wasserstein_1d, p), "pynndescent.distances.wasserstein_1d", {"p": p}, long_peer=False, why=EMPTY + ", and computes in float32", close=1e-5)
add("circular_kantorovich", HISTOGRAM, circular, single(pynn.circular_kantorovich), "pynndescent.distances.circular_kantorovich", long_peer=False, why=EMPTY + ", and computes in float32", close=1e-5)
for p in (2, 3, 1.5):
    add("circular_kantorovich", HISTOGRAM[:5], lambda x, y: circular(x, y, p), None, "definition: upstream shifts by the median of powers", {"p": p}, scale=1e-4)

for d in (1, 2, 5, 30):
    places = np.round(rng.normal(size=(d, 2)), 2)
    arbitrary = np.round(rng.random((d, d)), 2)
    steps = np.abs(np.subtract.outer(np.arange(d), np.arange(d))) / 8
    costs = {"places": np.round(sp.cdist(places, places), 4), "arbitrary": np.round(np.triu(arbitrary, 1) + np.triu(arbitrary, 1).T, 2), "steps": steps}
    for name, cost in costs.items():
        if d > 5 and name == "arbitrary":
            continue
        params = {"cost": cost.tolist()}
        add("kantorovich", [f"histogram{d}"], lambda x, y: kantorovich(x, y, cost), None, "scipy.optimize.linprog", params, scale=1e-3)
        for regularization in (1.0, 0.3):
            if name == "places" and (d < 30 or regularization == 1.0):
                add("sinkhorn", [f"histogram{d}"], lambda x, y: sinkhorn(x, y, cost, regularization), None, "rounds of scipy.special.logsumexp", {**params, "regularization": regularization, "max_iterations": 100_000}, scale=1e-3)
places = np.round(rng.normal(size=(5, 3)), 2).astype(np.float32)
ground = sp.cdist(places.astype(np.float64), places.astype(np.float64), "cityblock")
add("kantorovich", ["histogram5"], lambda x, y: kantorovich(x, y, ground), None, "scipy.optimize.linprog", {"ground_vectors": [[float(f"{c:.2f}") for c in row] for row in places], "ground_metric": "manhattan"}, scale=1e-3)


def as_sets(f):
    return lambda x, y: f(x != 0, y != 0)


NONE_SET = "the peer has no value, or another one, where nothing is set in common or nothing differs"
add("hamming", SETS + REAL, lambda x, y: (x != y).mean(), sp.hamming, "scipy.spatial.distance.hamming")
for name, aliases, peer, distance in [
    ("jaccard", [], sp.jaccard, lambda tt, tf, ft, ff, d, n: (d, tt + d)),
    ("dice", [], sp.dice, lambda tt, tf, ft, ff, d, n: (d, 2 * tt + d)),
    ("matching", [], sp.hamming, lambda tt, tf, ft, ff, d, n: (d, n)),
    ("kulsinski", [], getattr(sp, "kulsinski", None), lambda tt, tf, ft, ff, d, n: (d - tt + n if d else 0, d + n)),
    ("rogerstanimoto", [], sp.rogerstanimoto, lambda tt, tf, ft, ff, d, n: (2 * d, n + d)),
    ("sokalmichener", [], sp.sokalmichener, lambda tt, tf, ft, ff, d, n: (2 * d, n + d)),
    ("russellrao", [], sp.russellrao, lambda tt, tf, ft, ff, d, n: (n - tt if d else 0, n)),
    ("sokalsneath", [], sp.sokalsneath, lambda tt, tf, ft, ff, d, n: (d, tt / 2 + d)),
    ("yule", [], sp.yule, lambda tt, tf, ft, ff, d, n: (2 * tf * ft, tt * ff + tf * ft)),
]:
    add(name, SETS, of_counts(distance), as_sets(peer) if peer else None, f"scipy.spatial.distance.{peer.__name__}" if peer else "definition", why=NONE_SET)

add("proxy_inner_product", ["nonzero13", "real30", "histogram30"], cosine_and_product, None, "definition", searched=True, scale=0.01)
add("proxy_wasserstein_1d", HISTOGRAM, wasserstein_1d, None, "definition", searched=True)
add("proxy_circular_kantorovich", HISTOGRAM, centered_l1, None, "definition", searched=True, scale=1e-6)
add("proxy_jensen-shannon", HISTOGRAM[:5], lambda x, y: 1 - overlap(x, y) ** 2, None, "definition", searched=True, scale=1e-8)
add("proxy_symmetric-kl", HISTOGRAM, triangular, None, "definition", searched=True, scale=1e-12)
for name in ("proxy_kantorovich", "proxy_sinkhorn"):
    add(name, ["histogram5"], lambda x, y: np.abs(share(x) - share(y)).sum() / 2 + 1 - overlap(x, y), None, "definition", {"cost": (np.ones((5, 5)) - np.eye(5)).tolist()}, searched=True, scale=1e-8)

# ------------------------------------------------------------------------------------------------------- file


def rows(items):
    return "[\n" + ",\n".join(json.dumps(item, separators=(",", ":")) for item in items) + "\n]"


listed = []
for name, vectors in groups.items():
    group = {"name": name, "dim": len(vectors[0])}
    if name in formulas:
        group["numbers"] = formulas[name]
    else:
        group["vectors"] = [[float(f"{c:.7g}") for c in v] for v in vectors]
        for v, written in zip(vectors, group["vectors"]):
            assert (np.array(written, np.float32) == v).all(), name
    listed.append(group)
with open("dense.json", "w") as out:
    out.write('{"groups":' + rows(listed) + ',\n"cases":' + rows(cases) + "}\n")
print(len(cases), "cases,", os.path.getsize("dense.json"), "bytes")
for case in cases:
    if "formula" in case:
        print(case["metric"], case["group"], len(case["formula"]), "of", len(case["distances"]))
