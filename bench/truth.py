"""The true nearest neighbors by brute force in double precision, and the recall of what an index has found.

A metric is compared in two steps. Its rough form gives a block of queries against the whole base at once, fast, in double
precision too, but in an order of summation that depends on the block. The candidates it finds, SPARE more than are asked
for, are then compared by the metric's definition, pair by pair. Of euclidean it is the square that is compared, which
ties exactly where the vectors are whole numbers.
"""

import numba
import numpy as np
import scipy.sparse

SPARE = 20  # candidates beyond those asked for, to be compared by the definition
BLOCK = 250  # queries that are compared with the whole base at once
RELATIVE_TIE, ABSOLUTE_TIE = 1e-12, 1e-14  # what rounding may make of equal distances, of most about 1


class ByProduct:
    """A metric that orders rows as a product of transformed vectors does: rough is offset - 2*x*y."""

    def __init__(self, base):
        self.base = base
        self.scaled = self.transform(base)
        self.offset = self.offset_of(self.scaled)

    def offset_of(self, _):
        return 0.0

    def rough(self, queries):
        product = self.transform(queries) @ self.scaled.T
        if scipy.sparse.issparse(product):
            product = product.toarray()
        return self.offset - 2 * product


class Euclidean(ByProduct):
    def transform(self, rows):
        return rows.astype(np.float64)

    def offset_of(self, rows):
        return (rows**2).sum(axis=1)

    def exact(self, query, rows):
        return ((self.base[rows].astype(np.float64) - query.astype(np.float64)) ** 2).sum(axis=1)


class Cosine(ByProduct):
    def transform(self, rows):
        rows = rows.astype(np.float64)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def exact(self, query, rows):
        x, y = self.base[rows].astype(np.float64), query.astype(np.float64)
        return 1 - (x * y).sum(axis=1) / np.sqrt((x * x).sum(axis=1) * (y * y).sum())


class Correlation(Cosine):
    def transform(self, rows):
        return super().transform(rows - rows.mean(axis=1, keepdims=True, dtype=np.float64))

    def exact(self, query, rows):
        x, y = self.base[rows].astype(np.float64), query.astype(np.float64)
        x, y = x - x.mean(axis=1, keepdims=True), y - y.mean()
        return 1 - (x * y).sum(axis=1) / np.sqrt((x * x).sum(axis=1) * (y * y).sum())


class Hellinger(ByProduct):
    def transform(self, rows):
        rows = rows.astype(np.float64)
        return np.sqrt(rows / rows.sum(axis=1, keepdims=True))

    def exact(self, query, rows):
        x, y = self.base[rows].astype(np.float64), query.astype(np.float64)
        overlap = np.sqrt(x * y).sum(axis=1) / np.sqrt(x.sum(axis=1) * y.sum())
        return np.sqrt(np.maximum(0, 1 - overlap))


class SparseCosine(ByProduct):
    def transform(self, rows):
        rows = rows.astype(np.float64)
        norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        return scipy.sparse.diags(1 / norms) @ rows

    def exact(self, query, rows):
        x, y = self.base[rows].astype(np.float64), query.astype(np.float64)
        norms = np.sqrt(row_sums(x.multiply(x)) * row_sums(y.multiply(y)))
        return 1 - row_sums(x.multiply(y)) / norms


class SparseHellinger(ByProduct):
    def transform(self, rows):
        rows = rows.astype(np.float64)
        return np.sqrt(scipy.sparse.diags(1 / row_sums(rows)) @ rows)

    def exact(self, query, rows):
        x, y = self.base[rows].astype(np.float64), query.astype(np.float64)
        overlap = row_sums(np.sqrt(x.multiply(y).tocsr())) / np.sqrt(row_sums(x) * row_sums(y))
        return np.sqrt(np.maximum(0, 1 - overlap))


def row_sums(matrix):
    return np.asarray(matrix.sum(axis=1)).ravel()


class ByLoop:
    """A metric that takes a loop over all components of all pairs. The loop may add in any order: it is rough."""

    def __init__(self, base):
        self.base = base

    def rough(self, queries):
        distances = np.empty((len(queries), len(self.base)))
        self.compare_all(queries, self.base, distances)
        return distances


# The loops take a block of queries with each row of the base, which then comes from memory once a block.


@numba.njit(parallel=True, fastmath=True)
def manhattan_all(queries, base, distances):
    for row in numba.prange(len(base)):
        x = base[row]
        for query in range(len(queries)):
            y = queries[query]
            total = 0.0
            for i in range(len(x)):
                total += abs(np.float64(x[i]) - np.float64(y[i]))
            distances[query, row] = total


@numba.njit(parallel=True, fastmath=True)
def chebyshev_all(queries, base, distances):
    for row in numba.prange(len(base)):
        x = base[row]
        for query in range(len(queries)):
            y = queries[query]
            largest = 0.0
            for i in range(len(x)):
                difference = abs(np.float64(x[i]) - np.float64(y[i]))
                largest = difference if difference > largest else largest
            distances[query, row] = largest


@numba.njit(parallel=True, fastmath=True)
def mixed_entropies(queries, base, distances):
    """The sum of m*log(m) of each pair, m being the mean of the two."""
    for row in numba.prange(len(base)):
        x = base[row]
        for query in range(len(queries)):
            y = queries[query]
            total = 0.0
            for i in range(len(x)):
                m = 0.5 * (x[i] + y[i])
                if m > 0:
                    total += m * np.log(m)
            distances[query, row] = total


class Manhattan(ByLoop):
    compare_all = staticmethod(manhattan_all)

    def exact(self, query, rows):
        return np.abs(self.base[rows].astype(np.float64) - query.astype(np.float64)).sum(axis=1)


class Chebyshev(ByLoop):
    compare_all = staticmethod(chebyshev_all)

    def exact(self, query, rows):
        return np.abs(self.base[rows].astype(np.float64) - query.astype(np.float64)).max(axis=1)


class JensenShannon(ByLoop):
    """(sum p*log(p/m) + q*log(q/m))/2, which is (sum p*log(p) + q*log(q))/2 - sum m*log(m)."""

    def __init__(self, base):
        super().__init__(base)
        self.shares = shares_of(base)
        self.entropies = negative_entropies(self.shares)

    def rough(self, queries):
        shares = shares_of(queries)
        distances = np.empty((len(queries), len(self.base)))
        mixed_entropies(shares, self.shares, distances)
        return 0.5 * (negative_entropies(shares)[:, None] + self.entropies) - distances

    def exact(self, query, rows):
        p, q = shares_of(self.base[rows]), shares_of(query[None])
        m = 0.5 * (p + q)
        return 0.5 * (relative_entropies(p, m) + relative_entropies(q, m))


def shares_of(rows):
    rows = rows.astype(np.float64)
    return rows / rows.sum(axis=1, keepdims=True)


def negative_entropies(shares):
    return (shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)


def relative_entropies(p, m):
    return (p * np.log(np.where(p > 0, p, 1) / np.where(p > 0, m, 1))).sum(axis=1)


class BitMetric:
    """A metric of how many bits are set in both, in one and in the other. Counts are exact in float32."""

    def __init__(self, base):
        self.base = base
        self.unpacked = np.unpackbits(base, axis=1).astype(np.float32)
        self.sizes = self.unpacked.sum(axis=1)

    def rough(self, queries):
        unpacked = np.unpackbits(queries, axis=1).astype(np.float32)
        shared = unpacked @ self.unpacked.T
        return self.distances(shared.astype(np.float64), unpacked.sum(axis=1)[:, None], self.sizes)

    def exact(self, query, rows):
        unpacked = np.unpackbits(query).astype(np.float32)
        return self.distances((self.unpacked[rows] @ unpacked).astype(np.float64), unpacked.sum(), self.sizes[rows])


class BitHamming(BitMetric):
    def distances(self, shared, size, sizes):
        return size + sizes - 2 * shared


class BitJaccard(BitMetric):
    def distances(self, shared, size, sizes):
        union = size + sizes - shared
        return 1 - shared / np.maximum(union, 1)


METRICS = {
    "dense": {
        "euclidean": Euclidean,
        "manhattan": Manhattan,
        "chebyshev": Chebyshev,
        "cosine": Cosine,
        "correlation": Correlation,
        "hellinger": Hellinger,
        "jensen-shannon": JensenShannon,
    },
    "sparse": {"cosine": SparseCosine, "hellinger": SparseHellinger},
    "bits": {"bit_hamming": BitHamming, "bit_jaccard": BitJaccard},
}


def find_truth(metric, queries, count):
    """The row numbers of each query's nearest, by comparing all. Of equally near ones the first comes first."""
    truth = np.empty((queries.shape[0], count), np.int32)
    candidates = min(count + SPARE, metric.base.shape[0])
    for start in range(0, queries.shape[0], BLOCK):
        block = queries[start : start + BLOCK]
        rough = metric.rough(block)
        near = np.argpartition(rough, candidates - 1, axis=1)[:, :candidates]
        for i, rows in enumerate(near):
            rows = np.sort(rows)
            order = np.argsort(metric.exact(block[i], rows), kind="stable")
            truth[start + i] = rows[order[:count]]
    return truth


def recall(metric, queries, truth, found):
    """The share of the true nearest among those found; one as far as the last true one counts as one of them."""
    hits = 0
    for i, (true_rows, rows) in enumerate(zip(truth, found)):
        bound = metric.exact(queries[i], true_rows[-1:])[0]
        bound += RELATIVE_TIE * abs(bound) + ABSOLUTE_TIE
        rows = np.unique(rows)
        near = metric.exact(queries[i], rows[rows >= 0]) <= bound
        hits += min(int(near.sum()), len(true_rows))
    return hits / truth.size


def sample_rows(rows, count):
    """The numbers of so many rows, evenly spaced: the same ones for everybody who measures."""
    return np.arange(count) * rows // count


def find_neighbors(metric, sample, count):
    """The row numbers of the nearest others of each row of the sample."""
    nearest = find_truth(metric, metric.base[sample], count + 1)
    return without_self(nearest, sample, count)


def without_self(neighbors, sample, count):
    """The first neighbors of each row that are not the row itself; -1 where there are fewer."""
    others = np.full((len(sample), count), -1, np.int32)
    for i, (row, near) in enumerate(zip(sample, neighbors)):
        near = near[near != row][:count]
        others[i, : len(near)] = near
    return others
