#!/usr/bin/env bash
# Measures Vicinal beside PyNNDescent on this machine, on the same data, with the same dials, alternately:
#
#   bench/compare.sh [--metric M] [--kind dense|sparse|bits] [--queries-limit N] [--graph] BASE QUERIES
#
# BASE and QUERIES are idx or .npy files of dense vectors, .npz files of scipy.sparse.save_npz, or .npy files of
# packed bits. With --queries-limit only the first N queries count, where the true neighbors of all take too long to find;
# with --graph only the neighbor graph is built, and judged on 1,000 of its rows.
#
# Builds use all cores, queries run on one thread pinned to one core. METRIC, NEIGHBORS, ROUNDS and CORE change it. PYTHON
# runs PyNNDescent: /usr/bin/python3 with Debian's by default, but that one knows no bits, so for them a virtual
# environment with a newer one is made. Both sides' JSON lines are kept in RESULTS, and summary.py prints what they say.
set -euo pipefail

readonly newer=0.6.0 # of PyNNDescent, for bits
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here neighbors=${NEIGHBORS:-30} rounds=${ROUNDS:-3} core=${CORE:-1}

usage() {
	sed -n '2,14s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

metric=${METRIC:-euclidean} kind=dense graph='' limit='' files=()
while (($# > 0)); do
	case $1 in
	--metric | --kind | --queries-limit)
		(($# > 1)) || usage
		case $1 in
		--metric) metric=$2 ;;
		--kind) kind=$2 ;;
		*) limit=$2 ;;
		esac
		shift
		;;
	--graph) graph=yes ;;
	-*) usage ;;
	*) files+=("$1") ;;
	esac
	shift
done
((${#files[@]} == 2)) || usage
[[ $kind == dense || $kind == sparse || $kind == bits ]] || usage

# The Python that has a PyNNDescent which knows the kind.
find_python() {
	local venv=${XDG_CACHE_HOME:-$HOME/.cache}/vicinal-bench/pynndescent-$newer
	if [[ -n ${PYTHON:-} ]]; then
		echo "$PYTHON"
	elif [[ $kind != bits ]]; then
		echo /usr/bin/python3
	else
		if [[ ! -e $venv/installed ]]; then
			{ rm -rf "$venv" && /usr/bin/python3 -m venv "$venv" && "$venv/bin/pip" install -q "pynndescent==$newer"; } >&2
			touch "$venv/installed"
		fi
		echo "$venv/bin/python"
	fi
}

results=${RESULTS:-$here/results}
mkdir -p "$results"
results=$(cd "$results" && pwd)
readonly results truth=$results/truth.npy
rm -f "$results"/{vicinal,pynndescent}-*.jsonl "$truth"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

interpreter=$(find_python)
go -C "$here/.." build -o "$scratch/vicinal" ./cmd/vicinal

common=(--base "${files[0]}" --queries "${files[1]}" --metric "$metric" --neighbors "$neighbors")
[[ $kind == dense ]] || common+=(--kind "$kind")
[[ -z $limit ]] || common+=(--queries-limit "$limit")
if [[ -n $graph ]]; then
	common+=(--graph --graph-sample 1000)
else
	common+=(--truth "$truth" --k 10)
fi
python=("$interpreter" "$here/pynndescent_bench.py" "${common[@]}")
vicinal=("$scratch/vicinal" bench "${common[@]}" --json)

measure_graph() {
	"${vicinal[@]}" >"$results/vicinal-$1.jsonl"
	"${python[@]}" --truth "$truth" >"$results/pynndescent-$1.jsonl"
}

measure_queries() {
	# The first run builds on all cores, the second finds the store built and queries on one.
	"${vicinal[@]}" --threads 1 --store "$scratch/store-$1" --epsilon 0.1 | grep -v '"step":"query"' >"$results/vicinal-$1.jsonl"
	taskset -c "$core" "${vicinal[@]}" --threads 1 --store "$scratch/store-$1" --epsilon 0,0.05,0.1,0.15,0.2,0.3 |
		grep '"step":"query"' >>"$results/vicinal-$1.jsonl"
	rm -rf "$scratch/store-$1"
	"${python[@]}" --query-core "$core" --epsilon 0,0.05,0.1,0.15,0.2,0.3,0.4 >"$results/pynndescent-$1.jsonl"
}

[[ -n $graph ]] || "${python[@]}" --truth-only
for ((round = 1; round <= rounds; round++)); do
	echo "round $round of $rounds" >&2
	if [[ -n $graph ]]; then
		measure_graph "$round"
	else
		measure_queries "$round"
	fi
done

/usr/bin/python3 "$here/summary.py" "$results"
