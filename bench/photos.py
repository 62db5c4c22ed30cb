"""Descriptors of patches of real photographs, for datasets.py: 128 dimensions, whole numbers from 0 to 255.

The photographs are those of Debian's packages of wallpapers in PACKAGES, which apt-get fetches without installing them. A patch
of 32 by 32 pixels is cut at a random place of a random photograph in one of three sizes; its descriptor is a histogram of eight
directions of the gradient in each of 4 by 4 cells, normalized, cut off at 0.2 and normalized again. Flat patches are passed over.
Queries come from every eighth photograph, and the base from the others, so no query overlaps a row. The rows of a small base are
the first ones of a larger one.
"""

import functools
import pathlib
import subprocess
import tempfile

import numpy as np

PACKAGES = ["lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04", "mate-backgrounds", "ukui-wallpapers"]
DRAWINGS = ("abstract", "desktop")  # directories without photographs
QUERIES = 1_000
SIDE, CELLS, DIRECTIONS = 32, 4, 8
SIZES = (1, 2, 4)
FLAT = 6.0  # standard deviation of the intensity, of 255
BATCH = 4_000
HELD_OUT = 8  # one photograph of so many is for queries


@functools.cache
def photographs():
    """The photographs in shades of gray, in each of the sizes. They are read once for data sets of several sizes."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["apt-get", "-q", "download", *PACKAGES], cwd=place, check=True, stdout=subprocess.DEVNULL)
        for package in sorted(pathlib.Path(place).glob("*.deb")):
            subprocess.run(["dpkg", "-x", package.name, "files"], cwd=place, check=True)
        files = [file for file in pathlib.Path(place).rglob("*.jp*g") if not file.is_symlink() and file.parent.name not in DRAWINGS]
        return [in_sizes(file, Image) for file in sorted(files, key=lambda file: file.name)]


def in_sizes(file, reader):
    with reader.open(file) as image:
        gray = image.convert("L")
        return [np.asarray(gray.reduce(size), np.uint8) for size in SIZES]


def cut(images, count, rng):
    """So many patches with a border of one pixel, some of them flat."""
    patches = np.empty((count, SIDE + 2, SIDE + 2), np.float32)
    for patch, image, size in zip(patches, rng.integers(len(images), size=count), rng.integers(len(SIZES), size=count)):
        pixels = images[image][size]
        top, left = (rng.integers(length - SIDE - 1) for length in pixels.shape)
        patch[:] = pixels[top : top + SIDE + 2, left : left + SIDE + 2]
    return patches[patches.std(axis=(1, 2)) > FLAT]


def describe(patches):
    """The descriptor of each patch. A gradient counts for the two directions that it lies between."""
    dx = patches[:, 1:-1, 2:] - patches[:, 1:-1, :-2]
    dy = patches[:, 2:, 1:-1] - patches[:, :-2, 1:-1]
    strength = np.hypot(dx, dy)
    angle = np.arctan2(dy, dx) * np.float32(DIRECTIONS / (2 * np.pi)) % DIRECTIONS
    step = SIDE // CELLS
    rows = np.empty((len(patches), CELLS, CELLS, DIRECTIONS), np.float32)
    for direction in range(DIRECTIONS):
        away = np.abs((angle - direction + DIRECTIONS / 2) % DIRECTIONS - DIRECTIONS / 2)
        share = strength * np.maximum(0, 1 - away)
        rows[..., direction] = share.reshape(-1, CELLS, step, CELLS, step).sum(axis=(2, 4))
    rows = rows.reshape(len(patches), -1)
    rows = np.minimum(rows / np.linalg.norm(rows, axis=1, keepdims=True), 0.2)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.minimum(np.round(rows * 512), 255)


def sample(images, count, seed):
    rng, rows, have = np.random.default_rng(seed), [], 0
    while have < count:
        rows.append(describe(cut(images, BATCH, rng)))
        have += len(rows[-1])
    return np.concatenate(rows)[:count].astype(np.float32)


def photos(count):
    """The source of a data set with so many rows."""

    def source(_, __):
        images = photographs()
        held = images[::HELD_OUT]
        kept = [image for i, image in enumerate(images) if i % HELD_OUT]
        return sample(kept, count, 1), sample(held, QUERIES, 2), "euclidean"

    return source
