#!/usr/bin/python3
"""Writes the files of this directory, and expected.json, which says what they hold.

Run it with Debian's python3-numpy and python3-scipy:

    /usr/bin/python3 generate.py

The seed is fixed, and so is every time stamp, so that the files only change with this program and with what NumPy and SciPy
write.
"""

import gzip
import io
import json
import pathlib

import numpy as np
import scipy.io
import scipy.sparse

random = np.random.default_rng(20250102)
here = pathlib.Path(__file__).parent
expected = []


def expect(name, kind, dim, rows):
    expected.append({"file": name, "kind": kind, "dim": dim, "rows": rows})


def sparse_rows(matrix):
    """Each row as [feature, value, feature, value, ...], from a dense copy, so that no sparse code decides on it."""
    rows = []
    for dense in np.asarray(matrix.toarray(), np.float32):
        features = np.flatnonzero(dense)
        rows.append([float(x) for feature in features for x in (feature, dense[feature])])
    return rows


def dense_rows(matrix):
    return [[float(x) for x in row] for row in np.asarray(matrix, np.float32)]


def sample(rows, features, density, dtype):
    """A random matrix whose second row is empty, with values that every type holds."""
    matrix = scipy.sparse.random(rows, features, density, "csr", np.float64, random)
    matrix.data = random.integers(1, 100, matrix.nnz).astype(np.float64)
    if np.dtype(dtype).kind == "f":
        matrix.data /= 7
    matrix = matrix.tolil()
    matrix[1] = 0
    matrix = matrix.tocsr().astype(dtype)
    matrix.sort_indices()
    return matrix


def save_npz(name, matrix, compressed=True):
    scipy.sparse.save_npz(here / name, matrix, compressed)
    if matrix.format == "csr":
        expect(name, "sparse", matrix.shape[1], sparse_rows(matrix))


def write_npz():
    save_npz("float32.npz", sample(7, 40, 0.2, np.float32))
    save_npz("float64_stored.npz", sample(6, 300, 0.05, np.float64), compressed=False)
    save_npz("int8.npz", sample(5, 12, 0.3, np.int8))
    save_npz("bool.npz", sample(5, 12, 0.3, bool))
    save_npz("empty.npz", scipy.sparse.csr_matrix((0, 9), dtype=np.float32))

    wide = sample(4, 20, 0.3, np.float32)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    wide.resize(4, 2**31 - 1)
    scipy.sparse.save_npz(here / "int64_indices.npz", wide)
    wide.resize(4, 20)
    expect("int64_indices.npz", "sparse", 2**31 - 1, sparse_rows(wide))

    # Indices out of order, some twice, and zeros that are listed: 2.5 - 2.5 is one of them.
    messy = scipy.sparse.csr_matrix(
        (np.array([1, 2, 3, 0, 4, 2.5, 5, -2.5, 6], np.float64), np.array([5, 1, 5, 2, 3, 4, 0, 4, 3], np.int32), np.array([0, 4, 9])),
        shape=(2, 6),
    )
    save_npz("messy.npz", messy)
    save_npz("csc.npz", sample(5, 12, 0.3, np.float32).tocsc())


def mtx_bytes(matrix, **options):
    file = io.BytesIO()
    scipy.io.mmwrite(file, matrix, comment=" made for a test", **options)
    return file.getvalue()


def write_mtx():
    matrix = sample(6, 10, 0.3, np.float64)
    (here / "by_row.mtx").write_bytes(mtx_bytes(matrix, precision=17, symmetry="general"))
    (here / "by_column.mtx").write_bytes(mtx_bytes(matrix.tocsc(), precision=17, symmetry="general"))
    (here / "by_column.mtx.gz").write_bytes(gzip.compress(mtx_bytes(matrix.tocsc(), precision=17, symmetry="general"), mtime=0))
    (here / "pattern.mtx").write_bytes(mtx_bytes(matrix, field="pattern", symmetry="general"))
    for name in ("by_row.mtx", "by_column.mtx", "by_column.mtx.gz"):
        expect(name, "sparse", 10, sparse_rows(matrix))
    expect("pattern.mtx", "sparse", 10, sparse_rows(matrix.astype(bool)))

    square = sample(6, 6, 0.3, np.int32)
    square = square + square.T
    (here / "symmetric.mtx").write_bytes(mtx_bytes(square, symmetry="symmetric"))
    expect("symmetric.mtx", "sparse", 6, sparse_rows(square))

    array = random.normal(size=(4, 3))
    (here / "array.mtx").write_bytes(mtx_bytes(array, precision=17))
    expect("array.mtx", "dense", 3, dense_rows(array))


def write_bits():
    bits = random.random((5, 77)) < 0.5
    np.save(here / "bits_big.npy", np.packbits(bits, axis=1))
    np.save(here / "bits_little.npy", np.packbits(bits, axis=1, bitorder="little"))
    np.save(here / "bits_bool.npy", bits)
    np.save(here / "bits_uint8.npy", bits.astype(np.uint8))
    for name in ("bits_big.npy", "bits_little.npy", "bits_bool.npy", "bits_uint8.npy"):
        expect(name, "bits", 77, [[int(i) for i in np.flatnonzero(row)] for row in bits])


write_npz()
write_mtx()
write_bits()
lines = ",\n".join(json.dumps(case) for case in expected)
(here / "expected.json").write_text(f"[\n{lines}\n]\n")
