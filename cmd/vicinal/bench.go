package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/dataset"
)

type benchCommand struct {
	Base    string `required:"" help:"File of the vectors to store; row numbers become their ids." placeholder:"FILE"`
	Queries string `help:"File of the vectors to look for; only --graph does without." placeholder:"FILE"`
	Truth   string `help:"File of the row numbers of each query's true nearest neighbors, nearest first: .npy or .ivecs. Computed exactly when not given." placeholder:"FILE"`

	vectorFlags
	Metric       string    `help:"Distance (default euclidean, of bits bit_hamming)." placeholder:"NAME"`
	Graph        bool      `help:"Only build the neighbor graph of the base, in memory, and judge the lists of a sample of its rows."`
	GraphSample  int       `help:"Rows whose lists --graph judges." default:"1000"`
	QueriesLimit int       `help:"Use only so many of the queries, the first ones." placeholder:"N"`
	K            int       `short:"k" help:"How many items each query asks for." default:"10"`
	RecallAt     int       `help:"How many true neighbors recall counts among the k found (default k)." placeholder:"N"`
	Epsilon      []float64 `help:"One or more values, with commas between." default:"0,0.05,0.1,0.2"`
	Patience     *int      `help:"Give up a query after so many expansions in a row without gain, 0 never (default as epsilon says)." placeholder:"N"`
	Until        float64   `help:"Leave out the epsilons that come after one with this recall." placeholder:"RECALL"`
	Threads      []int     `help:"Goroutines that query: one or more numbers, with commas between." default:"1"`
	BuildThreads int       `help:"Cores that prepare uses at most (default all)." placeholder:"N"`
	Cold         bool      `help:"Before all else, measure the first 1,000 queries after opening with nothing of the index in memory, without and with Warm. Linux only."`
	Store        string    `help:"Directory that keeps the store and the computed truth for the next run with the same input. A temporary one when not given." placeholder:"DIR"`
	JSON         bool      `name:"json" help:"Print a JSON object a line for each step instead of a table."`
	Plot         string    `help:"Draw recall against queries per second into this .svg or .png file." placeholder:"FILE"`

	indexFlags
	Seed uint64 `group:"Index:" help:"Decides all random choices of the build." default:"1"`
}

// Help says what is measured, and how.
func (cmd *benchCommand) Help() string {
	return `Stores the base vectors, prepares, closes, reopens, and queries once for each epsilon and number of threads after a pass to warm up: with a call for each query, which is what latencies are of, and then with one call for all. In JSON, fastest_p50_us and fastest_p99_us are of each query's fastest call so far with the same dials.

Reading and converting files is never timed. CPU time is that of the whole process. The peak of memory is the resident set during prepare; it includes mapped files, counts from the start of the process on systems other than Linux, and is not measured on Windows. Heap bytes are what opening adds to the live heap. Memory is what opening and the pass to warm up add to the resident set, the process's own and that of mapped files; only Linux tells. Allocations count everything a query does, its results included.

Recall is the share of the true nearest --recall-at among the --k returned, averaged over the queries. An item that is as far as the last of the true ones, up to rounding, counts as found.`
}

// bench is one run.
type bench struct {
	*benchCommand
	out    *console
	report *report
	dir    *benchDirectory
	codec  codec.Codec
	rows   int // of the base
	judged judged
}

// benchCollection is the name of the collection in a bench store.
const benchCollection = "bench"

// Run measures.
func (cmd *benchCommand) Run(ctx context.Context, out *console) (err error) {
	b := &bench{benchCommand: cmd, out: out, report: newReport(out, cmd.JSON), judged: judged{}}
	if err := b.check(); err != nil {
		return err
	}
	if b.Graph {
		return b.graph(ctx)
	}
	if b.dir, err = openBenchDirectory(cmd.Store, b.input(), cmd.Base); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.dir.close()) }()
	if b.dir.built {
		b.report.note("store", "reused from "+b.dir.path)
	} else if err := b.build(ctx); err != nil {
		return err
	}
	return b.measure(ctx)
}

// input is what the store is built from, but for the file.
func (b *bench) input() benchInput {
	in := benchInput{Kind: b.codec.Kind(), Dim: b.codec.Dim(), Metric: b.codec.Metric(), Params: b.codec.Params(), Codec: b.Codec, Index: b.params(b.Seed)}
	if in.Kind == store.Bits && b.form() != dataset.PackedBig {
		in.BitForm = b.BitForm
	}
	return in
}

// measure opens the store that was built and queries it.
func (b *bench) measure(ctx context.Context) (err error) {
	queries, err := readItems(func() (*dataset.Reader, error) { return b.vectorFlags.open(b.Queries) }, b.QueriesLimit)
	if err != nil {
		return err
	}
	if b.Cold {
		if err := b.cold(ctx, queries); err != nil {
			return err
		}
	}
	before := residentMemory()
	s, c, step, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := b.report.step(step); err != nil {
		return err
	}
	b.rows = c.Len()
	withoutTruth := residentMemory()
	truth, err := b.truth(ctx, queries)
	if err != nil {
		return err
	}
	before = before.plus(residentMemory().minus(withoutTruth)) // the truth is not the store's
	l := load{collection: c, queries: queries, k: b.K, epsilon: b.Epsilon[0], patience: b.Patience, threads: b.Threads[0], fastest: fastest{}}
	if _, err := l.runEach(ctx); err != nil { // warms up: pages are mapped in, scratch is allocated
		return err
	}
	if err := b.report.step(residentMemory().minus(before).step()); err != nil {
		return err
	}
	curve, err := b.passes(ctx, l, truth)
	if err == nil && b.Plot != "" {
		err = plotCurve(b.Plot, b.title(len(queries)), curve)
	}
	return err
}

// passes queries once for each epsilon and number of threads. What it returns are the passes with the first number.
func (b *bench) passes(ctx context.Context, l load, truth [][]uint32) (curve []queryStep, err error) {
	for _, l.epsilon = range b.Epsilon {
		for i, threads := range b.Threads {
			l.threads = threads
			step, err := b.pass(ctx, l, truth)
			if err != nil {
				return nil, err
			}
			if err := b.report.step(step); err != nil {
				return nil, err
			}
			if i == 0 {
				curve = append(curve, step)
			}
		}
		if b.Until > 0 && curve[len(curve)-1].Recall >= b.Until {
			break
		}
	}
	return curve, nil
}

// open reopens the store and measures it.
func (b *bench) open(ctx context.Context) (*store.Store, *store.Collection, openStep, error) {
	before := liveHeap()
	start := time.Now()
	s, err := store.Open(b.dir.store())
	if err != nil {
		return nil, nil, openStep{}, err
	}
	c, err := s.Collection(ctx, benchCollection)
	if err != nil {
		return nil, nil, openStep{}, errors.Join(err, s.Close())
	}
	step := openStep{Step: "open", Seconds: time.Since(start).Seconds()}
	step.HeapBytes = max(0, liveHeap()-before)
	return s, c, step, nil
}

// liveHeap returns the bytes of the reachable heap. What pools hold goes with the second collection.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// pass queries with one epsilon and judges the answers.
func (b *bench) pass(ctx context.Context, l load, truth [][]uint32) (queryStep, error) {
	m, err := l.run(ctx)
	if err != nil {
		return queryStep{}, err
	}
	recall, err := b.recall(ctx, &l, truth, m.results)
	if err != nil {
		return queryStep{}, err
	}
	return m.step(&l, recall), nil
}

func (b *bench) title(queries int) string {
	return fmt.Sprintf("%s: %d vectors of %d dimensions, %s, %d queries on %d threads",
		filepath.Base(b.Base), b.rows, b.codec.Dim(), b.codec.Metric(), queries, b.Threads[0])
}
