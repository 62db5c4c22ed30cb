#!/usr/bin/python3
"""Makes a data set of bits from one of images: a bit is set where a pixel is brighter than the average of all.

Needs Debian's package python3-numpy. The threshold is the mean intensity of the base, rounded down, and the same for the
queries: 72 of 255 for Fashion-MNIST, where it sets 40 % of the bits. --threshold gives another one. Writes base.npy and
queries.npy as numpy.packbits packs rows, the first pixel in the highest bit of the first byte. Images without any bit set are
dropped, since an empty set has no overlap to measure.
"""

import argparse
import pathlib

import numpy as np

from vectors import read_dense


def pack(images, threshold):
    bits = images > threshold
    return np.packbits(bits[bits.any(axis=1)], axis=1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", help="images: idx or .npy, also gzipped")
    parser.add_argument("queries")
    parser.add_argument("out", type=pathlib.Path, help="directory for base.npy and queries.npy")
    parser.add_argument("--threshold", type=float, help="the brightest pixel that is no bit (default: the mean of the base)")
    return parser.parse_args()


def main():
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    images = {"base": read_dense(args.base), "queries": read_dense(args.queries)}
    threshold = args.threshold
    if threshold is None:
        threshold = np.floor(images["base"].mean(dtype=np.float64))
    for name, rows in images.items():
        packed = pack(rows, threshold)
        np.save(args.out / f"{name}.npy", packed)
        share = np.unpackbits(packed).mean()
        print(
            f"{args.out / name}.npy: {len(packed)} rows of {rows.shape[1]} bits, {share:.1%} of them set"
            f" above {threshold:g}; {len(rows) - len(packed)} without a bit dropped"
        )


if __name__ == "__main__":
    main()
