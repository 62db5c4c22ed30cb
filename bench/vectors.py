"""Reads the files of vectors that the benchmarks compare on."""

import gzip

import numpy as np
import scipy.sparse

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_dense(path):
    """Reads an idx or .npy file, also gzipped, as rows of float32."""
    with open(path, "rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    with (gzip.open if gzipped else open)(path, "rb") as file:
        magic = file.read(4)
        if magic == b"\x93NUM":
            file.seek(0)
            rows = np.load(file)
        else:
            shape = [int.from_bytes(file.read(4), "big") for _ in range(magic[3])]
            rows = np.frombuffer(file.read(), IDX_TYPES[magic[2]]).reshape(shape)
    return np.ascontiguousarray(rows.reshape(len(rows), -1), dtype=np.float32)


def read_sparse(path):
    """Reads an .npz file of scipy.sparse.save_npz as float32 in CSR, in the form that a Vicinal store keeps."""
    matrix = scipy.sparse.csr_matrix(scipy.sparse.load_npz(path), dtype=np.float32)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def read_bits(path):
    """Reads an .npy file of rows that numpy.packbits has packed."""
    packed = np.load(path)
    if packed.dtype != np.uint8 or packed.ndim != 2:
        raise SystemExit(f"{path} holds {packed.ndim} axes of {packed.dtype}, not packed bits")
    return np.ascontiguousarray(packed)


READERS = {"dense": read_dense, "sparse": read_sparse, "bits": read_bits}
