#!/usr/bin/env bash
# Compares Vicinal with PyNNDescent metric by metric, and prints one table:
#
#   bench/all_metrics.sh [CASE...]
#
# The cases are those below, all of them by default. It takes Debian's packages dataset-fashion-mnist, python3-pynndescent and
# python3-sklearn. FASHION_MNIST is where the images are, DOCUMENTS how many texts are indexed, ROUNDS how often all is
# measured (1). DATA and RESULTS keep what is made and measured; cases that are not run again stay in the table.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here images=${FASHION_MNIST:-/usr/share/datasets/fashion-mnist} documents=${DOCUMENTS:-20000}
readonly data=${DATA:-$here/results/data} all=${RESULTS:-$here/results/all-metrics}
export ROUNDS=${ROUNDS:-1}

readonly pixels=("$images/train-images-idx3-ubyte.gz" "$images/t10k-images-idx3-ubyte.gz")
readonly text=("$data/text/base.npz" "$data/text/queries.npz")
readonly bits=("$data/bits/base.npy" "$data/bits/queries.npy")

# A thousand queries are enough to compare by, and where no matrix product finds the true neighbors, those of more take long.
# Under jensen-shannon, with its logarithms, PyNNDescent would need most of an hour for the 60,000 images: there the 10,000 are
# the base.
compare() {
	case $1 in
	images-manhattan) run "$1" --metric manhattan --queries-limit 1000 "${pixels[@]}" ;;
	images-cosine) run "$1" --metric cosine --queries-limit 1000 "${pixels[@]}" ;;
	images-correlation) run "$1" --metric correlation --queries-limit 1000 "${pixels[@]}" ;;
	images-chebyshev) run "$1" --metric chebyshev --queries-limit 1000 "${pixels[@]}" ;;
	images-jensen-shannon) run "$1" --metric jensen-shannon --queries-limit 500 "${pixels[1]}" "${pixels[0]}" ;;
	images-graph) run "$1" --metric euclidean --graph "${pixels[@]}" ;;
	text-cosine) make_text && run "$1" --kind sparse --metric cosine "${text[@]}" ;;
	text-hellinger) make_text && run "$1" --kind sparse --metric hellinger "${text[@]}" ;;
	bits-hamming) make_bits && run "$1" --kind bits --metric bit_hamming --queries-limit 1000 "${bits[@]}" ;;
	bits-jaccard) make_bits && run "$1" --kind bits --metric bit_jaccard --queries-limit 1000 "${bits[@]}" ;;
	*)
		echo "there is no case $1" >&2
		return 2
		;;
	esac
}
readonly cases=(
	images-manhattan images-cosine images-correlation images-chebyshev images-jensen-shannon
	text-cosine text-hellinger bits-hamming bits-jaccard images-graph
)

run() {
	RESULTS=$all/$1 "$here/compare.sh" "${@:2}"
}

make_text() {
	[[ -e ${text[1]} ]] || /usr/bin/python3 "$here/text_tfidf.py" "$data/text" --documents "$documents"
}

make_bits() {
	[[ -e ${bits[1]} ]] || /usr/bin/python3 "$here/binarize.py" "${pixels[@]}" "$data/bits"
}

(($# > 0)) || set -- "${cases[@]}"
failed=()
for name in "$@"; do
	echo "== $name" >&2
	compare "$name" || failed+=("$name")
done

measured=()
for name in "${cases[@]}"; do
	[[ ! -e $all/$name/pynndescent-1.jsonl ]] || measured+=("$all/$name")
done
((${#measured[@]} == 0)) || /usr/bin/python3 "$here/summary.py" --table "${measured[@]}"
if ((${#failed[@]} > 0)); then
	echo "failed: ${failed[*]}" >&2
	exit 1
fi
