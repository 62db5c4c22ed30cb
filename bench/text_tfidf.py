#!/usr/bin/python3
"""Makes a sparse data set of text: TF-IDF vectors of the long descriptions of Debian's packages.

Needs Debian, and its package python3-sklearn; run it with Debian's /usr/bin/python3. The descriptions come from apt's own
lists, in the order of the packages' names. Where apt keeps no long descriptions, as in most containers, the lists are
fetched by apt-get into the output directory.

Words and pairs of words are not told apart by capitals, those of a single document are left out, and a word's count n
weighs 1 + log(n). Documents without any word left, and exact duplicates of earlier ones, are dropped. Writes base.npz
and queries.npz, float32 in CSR, as scipy.sparse.save_npz does. The same lists and seed give the same files.
"""

import argparse
import pathlib
import subprocess

import numpy as np
import scipy.sparse
from sklearn.feature_extraction.text import TfidfVectorizer

APT_LISTS = pathlib.Path("/var/lib/apt/lists")
APT_HELPER = "/usr/lib/apt/apt-helper"
FEWEST = 10_000  # documents; fewer say little about an index


def find_lists(directory):
    """The files that may hold long descriptions: translations, and package lists where a repository does not split them off."""
    return sorted([*directory.glob("*_i18n_Translation-en*"), *directory.glob("*_Packages*")])


def fetch_lists(directory):
    """Fetches apt's lists with the English descriptions, beside those of the system, which stay as they are."""
    (directory / "partial").mkdir(parents=True, exist_ok=True)
    options = ["-o", "Acquire::Languages=en", "-o", f"Dir::State::Lists={directory.resolve()}"]
    subprocess.run(["apt-get", "-q", *options, "update"], check=True)


def read_descriptions(files):
    """The long description of each package by its name, the first one where there are several."""
    return {name: long for name, (_, long) in read_both(files).items()}


def read_both(files):
    """The short and the long description of each package that has a long one, by its name, the first where there are several."""
    found = {}
    for file in files:
        text = subprocess.run([APT_HELPER, "cat-file", file], check=True, capture_output=True).stdout.decode("utf-8", "replace")
        for stanza in text.split("\n\n"):
            name, short, description = parse_stanza(stanza)
            if description:
                found.setdefault(name, (short, description))
    return found


def read_packages(out):
    """The short and the long descriptions of packages, ordered by name, each long one once. Fetches lists into out when the
    system's have too few."""
    found = read_both(find_lists(APT_LISTS))
    if len(found) < FEWEST:
        fetch_lists(out / "lists")
        found = read_both(find_lists(out / "lists"))
    if len(found) < FEWEST:
        raise SystemExit(f"apt's lists have {len(found)} long descriptions, {FEWEST} are needed")
    by_text = {}
    for name in sorted(found):
        by_text.setdefault(found[name][1], found[name])
    return list(by_text.values())


def parse_stanza(stanza):
    """A package's name, the first line of its description, and those that follow."""
    name, short, lines, inside = "", "", [], False
    for line in stanza.splitlines():
        if line.startswith(" "):
            if inside and line != " .":
                lines.append(line.strip())
            continue
        field, _, value = line.partition(":")
        inside = field in ("Description", "Description-en")
        if field == "Package":
            name = value.strip()
        elif inside:
            short = value.strip()
    return name, short, "\n".join(lines)


def distinct_rows(matrix):
    """The numbers of the rows that are neither empty nor equal to an earlier one."""
    seen, kept = set(), []
    for row, (start, end) in enumerate(zip(matrix.indptr, matrix.indptr[1:])):
        key = (matrix.indices[start:end].tobytes(), matrix.data[start:end].tobytes())
        if start < end and key not in seen:
            seen.add(key)
            kept.append(row)
    return np.array(kept)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path, help="directory for base.npz and queries.npz")
    parser.add_argument("--lists", type=pathlib.Path, default=APT_LISTS, help="apt's lists (default %(default)s)")
    parser.add_argument("--documents", type=int, default=20_000, help="documents of the base, 0 for all (default %(default)s)")
    parser.add_argument("--queries", type=int, default=1_000, help="documents that are held out (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="chooses the documents (default %(default)s)")
    return parser.parse_args()


def main():
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    descriptions = read_descriptions(find_lists(args.lists))
    if len(descriptions) < FEWEST:
        fetch_lists(args.out / "lists")
        descriptions = read_descriptions(find_lists(args.out / "lists"))
    if len(descriptions) < FEWEST:
        raise SystemExit(f"apt's lists have {len(descriptions)} long descriptions, {FEWEST} are needed")

    texts = list(dict.fromkeys(descriptions[name] for name in sorted(descriptions)))
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
    matrix = vectorizer.fit_transform(texts).tocsr()
    matrix.sort_indices()
    order = np.random.default_rng(args.seed).permutation(distinct_rows(matrix))
    if len(order) < args.queries + max(args.documents, FEWEST // 2):
        raise SystemExit(f"only {len(order)} of {len(texts)} documents are distinct, too few for these numbers of documents")
    queries, base = order[: args.queries], order[args.queries :]
    if args.documents:
        base = base[: args.documents]

    for name, rows in (("base", base), ("queries", queries)):
        chosen = matrix[np.sort(rows)]
        scipy.sparse.save_npz(args.out / f"{name}.npz", chosen)
        count, features = chosen.shape
        print(f"{args.out / name}.npz: {count} rows of {features} features, {chosen.nnz / count:.1f} a row")


if __name__ == "__main__":
    main()
