package main

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vicinaldb/store"
)

// load is a pass over all queries with one epsilon.
type load struct {
	collection *store.Collection
	queries    []store.Item
	k          int
	epsilon    float64
	patience   *int // nil is the store's own
	threads    int
	fastest    fastest // of the passes before, with the same dials
}

// fastest are the latencies of each query's fastest call so far, by epsilon and threads. They tell what queries take of themselves: what
// the machine does beside them hits another query in each pass.
type fastest map[fastestKey][]time.Duration

type fastestKey struct {
	epsilon float64
	threads int
}

// add takes the latencies of another pass, and returns the fastest, sorted.
func (f fastest) add(l *load, latencies []time.Duration) []time.Duration {
	key := fastestKey{l.epsilon, l.threads}
	least, known := f[key]
	if !known {
		least = slices.Clone(latencies)
	}
	for i, latency := range latencies {
		least[i] = min(least[i], latency)
	}
	f[key] = least
	return slices.Sorted(slices.Values(least))
}

// options are the dials of the pass.
func (l *load) options() []store.QueryOption {
	options := []store.QueryOption{store.Epsilon(l.epsilon)}
	if l.patience != nil {
		options = append(options, store.Patience(*l.patience))
	}
	return options
}

// measurement is what a pass gave. Everything in it is allocated before the clock starts.
type measurement struct {
	results   [][]store.Result
	latencies []time.Duration
	elapsed   time.Duration
	together  time.Duration // of all queries in one call
	distances int64
	mallocs   uint64
}

// run answers every query once, and then all of them in one call.
func (l *load) run(ctx context.Context) (*measurement, error) {
	m, err := l.runEach(ctx)
	if err != nil {
		return nil, err
	}
	m.together, err = l.runTogether(ctx)
	return m, err
}

// runTogether answers all queries in one call.
func (l *load) runTogether(ctx context.Context) (time.Duration, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(l.threads))
	runtime.GC()
	start := time.Now()
	_, err := askAll(ctx, l.collection, l.queries, l.k, l.options()...)
	return time.Since(start), err
}

// runEach answers every query once. Each goroutine takes the next one that nobody has taken.
func (l *load) runEach(ctx context.Context) (*measurement, error) {
	m := &measurement{
		results:   make([][]store.Result, len(l.queries)),
		latencies: make([]time.Duration, len(l.queries)),
	}
	var next, distances atomic.Int64
	errs := make([]error, l.threads)
	var before, after runtime.MemStats
	runtime.GC() // so that no pass pays for the garbage of the one before
	runtime.ReadMemStats(&before)
	start := time.Now()
	var running sync.WaitGroup
	for t := range l.threads {
		running.Go(func() { errs[t] = l.work(ctx, m, &next, &distances) })
	}
	running.Wait()
	m.elapsed = time.Since(start)
	runtime.ReadMemStats(&after)
	m.mallocs, m.distances = after.Mallocs-before.Mallocs, distances.Load()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (l *load) work(ctx context.Context, m *measurement, next, distances *atomic.Int64) error {
	var stats store.QueryStats
	options := append(l.options(), store.CollectStats(&stats))
	defer func() { distances.Add(int64(stats.Distances)) }()
	for {
		i := int(next.Add(1)) - 1
		if i >= len(l.queries) {
			return nil
		}
		start := time.Now()
		results, err := ask(ctx, l.collection, l.queries[i], l.k, options...)
		m.latencies[i] = time.Since(start)
		if err != nil {
			next.Store(int64(len(l.queries))) // the others need not go on
			return err
		}
		m.results[i] = results
	}
}

// step sums up a pass.
func (m *measurement) step(l *load, recall float64) queryStep {
	n := len(l.queries)
	var total time.Duration
	for _, latency := range m.latencies {
		total += latency
	}
	least := l.fastest.add(l, m.latencies)
	slices.Sort(m.latencies)
	return queryStep{
		Step:              "query",
		Epsilon:           l.epsilon,
		Patience:          l.patience,
		K:                 l.k,
		Threads:           l.threads,
		Recall:            recall,
		QPS:               float64(n) / m.elapsed.Seconds(),
		BatchQPS:          float64(n) / m.together.Seconds(),
		MeanMicros:        micros(total) / float64(n),
		P50Micros:         micros(percentile(m.latencies, 50)),
		P99Micros:         micros(percentile(m.latencies, 99)),
		FastestP50Micros:  micros(percentile(least, 50)),
		FastestP99Micros:  micros(percentile(least, 99)),
		DistancesPerQuery: float64(m.distances) / float64(n),
		AllocsPerQuery:    float64(m.mallocs) / float64(n),
	}
}

// percentile returns the least of sorted latencies that p percent of them do not exceed.
func percentile(latencies []time.Duration, p int) time.Duration {
	rank := (len(latencies)*p + 99) / 100
	return latencies[max(rank, 1)-1]
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
