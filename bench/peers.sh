#!/usr/bin/env bash
# Measures Vicinal beside its peers on this machine, on the same data, with one thread for queries on one core:
#
#   bench/peers.sh [--build-only] [--built] [--rebuild] [--rounds N] [--peers NAME,...] [DATASET...]
#   bench/peers.sh --quick
#
# The data sets are fashion, glove and text, all three by default, and photos-10000 to photos-1000000 for how things grow with
# the number of rows; datasets.py says what they are. The peers are those in peers.py; what does not install or run is
# left out, and named. Data, programs and indexes are kept in CACHE (~/.cache/vicinal-bench), so that a second run only queries;
# --build-only ends when they are there, and --built leaves out the peers' builds that are not. --rebuild makes the first build of
# each peer again, for the figures of a machine that does nothing else. RESULTS gets report.md, report.svg and report.png for each
# data set. CORE is where queries run (1), BUILD_UNDER a command that runs the builds, such as nice, and ALONE one that has the
# machine to itself while queries and the builds of Vicinal are measured, such as flock FILE. --quick takes the images in the
# repository and Vicinal alone.
#
# Needs Go, npm and Debian's packages python3-venv, python3-dev, g++, binutils, python3-pynndescent, python3-sklearn, python3-pil
# and dataset-fashion-mnist; --quick needs Go and Python alone.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vicinal-bench}
readonly results=${RESULTS:-$here/results/peers} core=${CORE:-1} venv=$cache/venv
readonly packages=(pynndescent==0.7.0 usearch==2.26.6 faiss-cpu==1.15.1 matplotlib)

flags=() datasets=() quick=''
while (($# > 0)); do
	case $1 in
	--quick) quick=yes ;;
	--build-only | --built | --rebuild) flags+=("$1") ;;
	--rounds | --peers) flags+=("$1" "${2:?}") && shift ;;
	fashion | glove | text | photos-*) datasets+=("$1") ;;
	*)
		sed -n '2,17s/^# \{0,1\}//p' "$0" >&2
		exit 2
		;;
	esac
	shift
done
((${#datasets[@]})) || datasets=(fashion glove text)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Without the paths and the commit, the same code gives the same program, whose indexes can be used again.
go -C "$here/.." build -trimpath -buildvcs=false -o "$scratch/vicinal" ./cmd/vicinal

# The newest versions, and hnswlib compiled for the very processor.
install_python() {
	[[ ! -e $venv/installed-peers ]] || return 0
	/usr/bin/python3 -m venv "$venv"
	"$venv/bin/pip" install -q "${packages[@]}"
	"$venv/bin/pip" install -q --no-binary hnswlib hnswlib==0.8.0
	# grep reads to the end: objdump would fail if it stopped at the first of them.
	if grep -qw avx512f /proc/cpuinfo && ! objdump -d "$venv"/lib/python3*/site-packages/hnswlib*.so | grep zmm >/dev/null; then
		echo "hnswlib was compiled without AVX-512" >&2
		return 1
	fi
	touch "$venv/installed-peers"
}

# idx N FILE writes N images of 28 by 28 pixels with the header of the idx format.
idx() {
	local n
	n=$(printf '\\0%03o\\0%03o' $(($1 / 256)) $(($1 % 256)))
	printf '%b' "\\0\\0\\010\\003\\0\\0$n\\0\\0\\0\\034\\0\\0\\0\\034"
	cat "$2"
}

# 9,000 rows and 500 queries of the embedded images.
run_quick() {
	gzip -dc "$here/../internal/fashionmnist/t10k-images-idx3-ubyte.gz" >"$scratch/images"
	idx 9000 <(head -c $((16 + 9000 * 784)) "$scratch/images" | tail -c +17) >"$scratch/base.idx"
	idx 500 <(tail -c $((500 * 784)) "$scratch/images") >"$scratch/queries.idx"
	python3 "$here/peers.py" --quick --data "$scratch" --indexes "$scratch/indexes" --results "$results/quick" \
		--vicinal "$scratch/vicinal" --scratch "$scratch" --core "$core" "${flags[@]}"
}

if [[ -n $quick ]]; then
	run_quick
	exit
fi

mkdir -p "$cache"
install_python
echo "vecgo is left out: the module proxy does not serve github.com/hupe1980/vecgo" >&2
go -C "$here/gopeers" build -o "$cache/gopeers" .
for dataset in "${datasets[@]}"; do
	/usr/bin/python3 "$here/datasets.py" "$cache/data" "$dataset"
	"$venv/bin/python" "$here/peers.py" --data "$cache/data/$dataset" --indexes "$cache/indexes/$dataset" \
		--results "$results/$dataset" --vicinal "$scratch/vicinal" --gopeers "$cache/gopeers" --venv "$venv" \
		--scratch "$scratch" --core "$core" "${flags[@]}"
done
