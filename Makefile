# The commands of daily work. `make ci` is what a submission must pass.

KILLS    ?= 250
ROWS     ?= 100000
FUZZTIME ?= 60s
BASE     ?= /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
QUERIES  ?= /usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz

.PHONY: test soak lint fuzz bench compare compare-metrics compare-peers ci

test: ## every test, as README says
	go test ./...

soak: ## kill -9 a writing process KILLS times (SEED=n repeats a run), and hold Prepare of ROWS rows to its memory
	go test ./internal/crashtest -count=1 -timeout=0 -v -run=TestKill -kills=$(KILLS) $(if $(SEED),-seed=$(SEED))
	VICINAL_SOAK=$(ROWS) go test . -count=1 -timeout=0 -v -run=Prepare_Memory

lint: ## formatting and lint, with the tool .ci/run installs
	.ci/run format lint

fuzz: ## every fuzz target for FUZZTIME
	FUZZTIME=$(FUZZTIME) .ci/run fuzz

bench: ## recall and speed on Fashion-MNIST (Debian package dataset-fashion-mnist)
	go run ./cmd/vicinal bench --base $(BASE) --queries $(QUERIES) --metric euclidean --k 10 --epsilon 0,0.05,0.1,0.2

compare: ## the same beside PyNNDescent (Debian package python3-pynndescent)
	bench/compare.sh $(BASE) $(QUERIES)

compare-metrics: ## a table of both by metric; also takes python3-sklearn, apt's lists, and hours
	bench/all_metrics.sh

compare-peers: ## tables and plots beside all peers; bench/peers.sh says what it takes
	bench/peers.sh

ci: ## everything
	.ci/run
