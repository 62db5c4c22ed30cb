package nnd

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/vicinaldb/store/codec"
)

const (
	// DefaultEpsilon is the epsilon of a query in an [Index] that names none; it is PyNNDescent's.
	DefaultEpsilon = 0.1
	// DefaultOversample is how many times k candidates a query in an [Index] ranks that names no other number, where there is
	// a proxy. It is PyNNDescent's proxy_beam_size.
	DefaultOversample = 4
)

// QueryOptions are the dials of a query in an [Index]. The zero value means the defaults.
type QueryOptions struct {
	// Epsilon is how far a search looks beyond the k nearest found so far: a row is explored while its distance is
	// below 1+epsilon times theirs. Larger is slower and finds more. With 0 the k nearest themselves are explored. With less, above -1, a
	// row is explored while 1-epsilon times its distance is below theirs, which is faster still. Nil means DefaultEpsilon.
	Epsilon *float64
	// Patience ends a search once so many rows in a row were explored without finding any that belongs to the k nearest so far: see
	// [Query.Patience]. 0 means none. It does not count with Within, nor with Exact.
	Patience int
	// Within leaves out the rows whose true distance is greater: a radius. The k nearest of the others are the answer, which may
	// be none. Let k be Len for all of them: the search goes on only as long as what it finds is near enough. Nil means no radius.
	Within *float32
	// Oversample is how many times k candidates are searched for by the metric's proxy, if it has one, so as to return the best k
	// of them. 0 means DefaultOversample.
	Oversample int
	// Exact compares the query with all rows, in the metric itself. It needs no search graph.
	Exact bool
	// Allowed are the rows that may be found, by the numbers of the caller. Others are walked through; when too few rows are found
	// on the way, all allowed ones are compared. A batch asks it from several goroutines at once. Nil allows all.
	Allowed Filter
	// Stats, when set, is what the work is added to.
	Stats *SearchStats
}

// Query returns the k rows nearest to v, nearest first and by row number among equals, with true distances. They are approximate,
// unless all rows were compared: that is done when there are few, when k is a large part of them, or when it is asked for.
// There are min(k, Len) of them, fewer only by a radius, a filter, or a metric that gives NaN. The slice is the caller's.
//
// Errors are that of ctx or wrap [ErrNotPrepared] before Prepare, unless the query is Exact; [ErrOptions]; or what makes v no
// vector of the index: [ErrDimension], metric.ErrNotFinite, metric.ErrDomain.
func (x *Index[V]) Query(ctx context.Context, v V, k int, o QueryOptions) ([]Candidate, error) {
	s := x.state.Load()
	q, err := newQuestion(s, k, o)
	if err != nil {
		return nil, err
	}
	found, stats, err := x.answer(ctx, s, q, v)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	if o.Stats != nil {
		o.Stats.add(stats)
	}
	return found, nil
}

// QueryBatch answers many queries as Query does, on Options.Threads goroutines, all from one state of the index. The i-th result
// belongs to the i-th vector. An error of one of them is returned without results, and names it.
func (x *Index[V]) QueryBatch(ctx context.Context, vectors []V, k int, o QueryOptions) ([][]Candidate, error) {
	s := x.state.Load()
	q, err := newQuestion(s, k, o)
	if err != nil {
		return nil, err
	}
	b := batch{results: make([][]Candidate, len(vectors))}
	queries, cancel := context.WithCancel(ctx)
	defer cancel()
	err = x.options.EnsureDefaults(s.len()).stage("", len(vectors), 1).run(queries, func() func(lo, hi int) {
		return func(lo, hi int) {
			for i := lo; i < hi; i++ {
				found, stats, err := x.answer(queries, s, q, vectors[i])
				if b.keep(i, found, stats, err) != nil {
					cancel() // no further query begins
				}
			}
		}
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, b.err
	}
	if o.Stats != nil {
		o.Stats.add(b.stats)
	}
	return b.results, nil
}

// batch is what the queries of a batch come to.
type batch struct {
	results [][]Candidate

	mu    sync.Mutex
	stats SearchStats
	err   error // the first
}

// keep takes the answer to a query and returns its error.
func (b *batch) keep(i int, found []Candidate, stats SearchStats, err error) error {
	b.results[i] = found
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.add(stats)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("query %d: %w", i, err)
	}
	return err
}

func (s *SearchStats) add(t SearchStats) {
	s.Distances += t.Distances
	s.Expanded += t.Expanded
}

// answer checks a query and answers it from one state of the index.
func (x *Index[V]) answer(ctx context.Context, s *indexState, q question, v V) ([]Candidate, SearchStats, error) {
	c := s.codec
	if s.len() == 0 {
		c = x.kind.codec(v)
	}
	vector := x.kind.wrap(v)
	if err := c.Check(vector); err != nil {
		return nil, SearchStats{}, err
	}
	if err := ctx.Err(); err != nil || s.len() == 0 {
		return nil, SearchStats{}, err
	}
	a := s.askers.Get().(*asker)
	found, err := a.answer(ctx, q, vector)
	stats := a.stats
	s.askers.Put(a) // not deferred: a panic of a metric or filter leaves scratch that is not to be used again
	return found, stats, err
}

// question is what a query asks for, checked and with distances in the fast form.
type question struct {
	k        int
	epsilon  float32
	patience int
	proxy    bool // candidates are found by a proxy, and ranked
	times    int  // how many candidates for each one wanted
	limit    float32
	radius   bool // limit counts
	exact    bool
	allowed  Filter
}

func newQuestion(s *indexState, k int, o QueryOptions) (question, error) {
	q := question{k: min(k, s.len()), epsilon: DefaultEpsilon, patience: o.Patience, times: 1, exact: o.Exact}
	if o.Epsilon != nil {
		q.epsilon = float32(*o.Epsilon)
	}
	switch {
	case k < 1:
		return q, fmt.Errorf("k %d: %w", k, ErrOptions)
	case !(q.epsilon > -1 && q.epsilon <= math.MaxFloat32):
		return q, fmt.Errorf("epsilon %v: %w", q.epsilon, ErrOptions)
	case o.Patience < 0:
		return q, fmt.Errorf("patience %d: %w", o.Patience, ErrOptions)
	case o.Oversample < 0:
		return q, fmt.Errorf("oversample %d: %w", o.Oversample, ErrOptions)
	case o.Within != nil && *o.Within != *o.Within:
		return q, fmt.Errorf("within %v: %w", *o.Within, ErrOptions)
	case s.search == nil && !o.Exact:
		return q, fmt.Errorf("searching: %w", ErrNotPrepared)
	}
	if s.codec.Reranked() {
		q.proxy, q.times = true, cmp.Or(o.Oversample, DefaultOversample)
	}
	if o.Within != nil {
		q.radius, q.patience, q.limit = true, 0, codec.FastWithin(s.codec, *o.Within)
	}
	if o.Allowed != nil {
		q.allowed = numbered{o.Allowed, s.order}
	}
	return q, nil
}

// numbered is a filter of rows by their numbers outside.
type numbered struct {
	Filter
	order []uint32
}

// Contains is Filter's, for rows as they are inside.
func (f numbered) Contains(row uint32) bool { return f.Filter.Contains(f.order[row]) }
