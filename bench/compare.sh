#!/usr/bin/env bash
# Measures Vicinal beside PyNNDescent on this machine, on the same data, with the same dials, alternately:
#
#   bench/compare.sh BASE QUERIES
#
# Builds use all cores, queries run on one thread pinned to one core. METRIC (euclidean or cosine), NEIGHBORS, ROUNDS
# and CORE change it. Both sides' JSON lines are kept in RESULTS, and summary.py prints what they say.
set -euo pipefail

if (($# != 2)); then
	sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
readonly base=$1 queries=$2
readonly metric=${METRIC:-euclidean} neighbors=${NEIGHBORS:-30} rounds=${ROUNDS:-3} core=${CORE:-1}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here results=${RESULTS:-$here/results}
readonly truth=$results/truth.npy

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$results"
rm -f "$results"/{vicinal,pynndescent}-*.jsonl "$truth"

go -C "$here/.." build -o "$scratch/vicinal" ./cmd/vicinal

common=(--base "$base" --queries "$queries" --truth "$truth" --metric "$metric" --k 10 --neighbors "$neighbors")
python=(/usr/bin/python3 "$here/pynndescent_bench.py" "${common[@]}" --query-core "$core")
vicinal=("$scratch/vicinal" bench "${common[@]}" --json --threads 1)

"${python[@]}" --truth-only

for ((round = 1; round <= rounds; round++)); do
	echo "round $round of $rounds" >&2
	# The first run builds on all cores, the second finds the store built and queries on one.
	"${vicinal[@]}" --store "$scratch/store-$round" --epsilon 0.1 | grep -v '"step":"query"' >"$results/vicinal-$round.jsonl"
	taskset -c "$core" "${vicinal[@]}" --store "$scratch/store-$round" --epsilon 0,0.05,0.1,0.15,0.2,0.3 |
		grep '"step":"query"' >>"$results/vicinal-$round.jsonl"
	rm -rf "$scratch/store-$round"
	"${python[@]}" --epsilon 0,0.05,0.1,0.15,0.2,0.3,0.4 >"$results/pynndescent-$round.jsonl"
done

python3 "$here/summary.py" "$results"
