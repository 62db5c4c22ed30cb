package store

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/nnd"
)

// Result is an item that a query found.
type Result struct {
	ID string
	// Distance is the true distance of the collection's metric; smaller is nearer.
	Distance float32
	// Metadata, Payload and Vector are set when the query asked for them.
	Metadata Metadata
	Payload  []byte
	// Vector, Sparse or Bits, by the kind of the collection.
	Vector []float32
	Sparse SparseVector
	Bits   []uint64
}

// Query returns the k items nearest to vector, nearest first: exactly
// min(k, Len) of them, ties in the order of ids. Items stored since the last
// Prepare are found too, by comparing all of them, and deleted ones never. The
// answer is that of one consistent state, whatever is written meanwhile, and
// the same before Close and after reopening.
//
// Without Exact the answer is approximate: Epsilon trades time for recall. Within
// asks for what is near enough only; then there may be fewer.
// Query is safe for concurrent use, and no writer makes it wait. The results
// belong to the caller.
//
// Errors wrap ErrDimension, ErrNotFinite, ErrDomain or ErrInvalid when the
// query could not be meant.
func (c *Collection) Query(ctx context.Context, vector []float32, k int, opts ...QueryOption) ([]Result, error) {
	return c.query(ctx, codec.Vector{Dense: vector}, k, opts)
}

// QuerySparse is Query in a collection of sparse vectors.
func (c *Collection) QuerySparse(ctx context.Context, vector SparseVector, k int, opts ...QueryOption) ([]Result, error) {
	return c.query(ctx, codec.Vector{Sparse: vector}, k, opts)
}

// QueryBits is Query in a collection of packed bits.
func (c *Collection) QueryBits(ctx context.Context, vector []uint64, k int, opts ...QueryOption) ([]Result, error) {
	return c.query(ctx, codec.Vector{Bits: vector}, k, opts)
}

func (c *Collection) query(ctx context.Context, vector codec.Vector, k int, opts []QueryOption) ([]Result, error) {
	q, err := c.checkQuery(ctx, vector, k, opts)
	if err != nil {
		return nil, c.failed("querying", err)
	}
	for {
		results, err := c.queryOnce(ctx, &q)
		if err == nil {
			return results, nil
		}
		if !c.setAside(ctx, err) {
			return nil, c.failed("querying", err)
		}
	}
}

func (c *Collection) checkQuery(ctx context.Context, vector codec.Vector, k int, opts []QueryOption) (query, error) {
	if err := context.Cause(ctx); err != nil {
		return query{}, err
	}
	if err := c.codec.Check(vector); err != nil {
		return query{}, err
	}
	q, err := newQuery(vector, k, opts)
	q.proxied = c.codec.Reranked()
	if q.bounded {
		q.radius = codec.FastWithin(c.codec, q.within)
	}
	return q, err
}

func (c *Collection) queryOnce(ctx context.Context, q *query) ([]Result, error) {
	s, err := c.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	scratch := c.scratch.Get().(*queryScratch)
	defer c.scratch.Put(scratch)
	return s.query(ctx, c, q, scratch)
}

// QueryID returns the k items nearest to a stored one, without that item itself:
// min(k, Len-1) of them. It fails with ErrNotFound when the id is not stored.
func (c *Collection) QueryID(ctx context.Context, id string, k int, opts ...QueryOption) ([]Result, error) {
	item, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	results, err := c.query(ctx, item.vector(), oneMore(k), opts)
	if err != nil {
		return nil, err
	}
	results = slices.DeleteFunc(results, func(r Result) bool { return r.ID == id })
	return results[:min(k, len(results))], nil
}

// oneMore makes room for the item itself, which is among the nearest. A k that is refused stays one.
func oneMore(k int) int {
	if k < 1 || k == math.MaxInt {
		return k
	}
	return k + 1
}

// QueryBatch answers many queries of one k and the same options, on all cores
// (GOMAXPROCS). All are answered from one consistent state. results[i] belongs
// to vectors[i]. When one query fails, the error of one that did is returned
// and no results.
func (c *Collection) QueryBatch(ctx context.Context, vectors [][]float32, k int, opts ...QueryOption) ([][]Result, error) {
	return c.queryAll(ctx, len(vectors), func(i int) codec.Vector { return codec.Vector{Dense: vectors[i]} }, k, opts)
}

// QuerySparseBatch is QueryBatch in a collection of sparse vectors.
func (c *Collection) QuerySparseBatch(ctx context.Context, vectors []SparseVector, k int, opts ...QueryOption) ([][]Result, error) {
	return c.queryAll(ctx, len(vectors), func(i int) codec.Vector { return codec.Vector{Sparse: vectors[i]} }, k, opts)
}

// QueryBitsBatch is QueryBatch in a collection of packed bits.
func (c *Collection) QueryBitsBatch(ctx context.Context, vectors [][]uint64, k int, opts ...QueryOption) ([][]Result, error) {
	return c.queryAll(ctx, len(vectors), func(i int) codec.Vector { return codec.Vector{Bits: vectors[i]} }, k, opts)
}

// queryAll answers n queries, each for the vector that vector gives.
func (c *Collection) queryAll(ctx context.Context, n int, vector func(i int) codec.Vector, k int, opts []QueryOption) ([][]Result, error) {
	for {
		results, err := c.queryBatch(ctx, n, vector, k, opts)
		if err == nil {
			return results, nil
		}
		if !c.setAside(ctx, err) {
			return nil, c.failed("querying a batch", err)
		}
	}
}

func (c *Collection) queryBatch(ctx context.Context, n int, vector func(i int) codec.Vector, k int, opts []QueryOption) ([][]Result, error) {
	s, err := c.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	b := batch{c: c, s: s, vector: vector, k: k, opts: opts, results: make([][]Result, n)}
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		workers.Go(func() { b.work(ctx) })
	}
	workers.Wait()
	if b.err != nil {
		return nil, b.err
	}
	return b.results, nil
}

// batch is the state that the goroutines of one QueryBatch share.
type batch struct {
	c       *Collection
	s       *snapshot
	vector  func(i int) codec.Vector
	k       int
	opts    []QueryOption
	results [][]Result
	next    atomic.Int64

	mu  sync.Mutex // guards err and the caller's QueryStats
	err error      // the first failure
}

// work answers queries until none is left or one has failed.
func (b *batch) work(ctx context.Context) {
	scratch := b.c.scratch.Get().(*queryScratch)
	defer b.c.scratch.Put(scratch)
	for {
		i := int(b.next.Add(1)) - 1
		if i >= len(b.results) {
			return
		}
		if err := b.answer(ctx, i, scratch); err != nil {
			b.fail(err)
			return
		}
	}
}

func (b *batch) answer(ctx context.Context, i int, scratch *queryScratch) error {
	q, err := b.c.checkQuery(ctx, b.vector(i), b.k, b.opts)
	if err != nil {
		return &ItemError{Index: i, Err: err}
	}
	var stats QueryStats
	shared := q.stats
	q.stats = &stats
	if b.results[i], err = b.s.query(ctx, b.c, &q, scratch); err != nil {
		return err
	}
	if shared != nil {
		b.mu.Lock()
		shared.add(stats)
		b.mu.Unlock()
	}
	return nil
}

// fail keeps the first error and lets no further query begin.
func (b *batch) fail(err error) {
	b.next.Store(int64(len(b.results)))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
}

func (s *QueryStats) add(t QueryStats) {
	s.Distances += t.Distances
	s.Expanded += t.Expanded
}

// hit is a row that a query found, in a segment or, when segment is nil, pending.
type hit struct {
	distance float32 // fast form
	segment  *segment
	row      uint32
}

// queryScratch is what one query works with; pooled by the collection.
type queryScratch struct {
	hits    []hit
	pending pendingScorer
	ids     []byte
	ends    []int    // where each id ends in ids
	rows    []uint32 // of one segment, or pending
}

// query answers from one snapshot.
func (s *snapshot) query(ctx context.Context, c *Collection, q *query, scratch *queryScratch) ([]Result, error) {
	scratch.hits = scratch.hits[:0]
	for i, seg := range s.segments {
		if err := s.querySegment(ctx, i, seg, q, scratch); err != nil {
			return nil, err
		}
	}
	found, stats, err := scratch.pending.search(ctx, s.pending, q)
	if err != nil {
		return nil, err
	}
	scratch.take(q, nil, found, stats)
	slices.SortFunc(scratch.hits, func(a, b hit) int { return cmp.Compare(a.distance, b.distance) })
	scratch.hits = scratch.hits[:min(q.k, len(scratch.hits))]
	return s.results(c, q, scratch)
}

func (s *snapshot) querySegment(ctx context.Context, i int, seg *segment, q *query, scratch *queryScratch) error {
	scorer := seg.scorers.Get().(*segmentScorer)
	defer seg.scorers.Put(scorer)
	return seg.guard(func() error {
		stats, err := seg.search(ctx, q, scorer, s.dead[i])
		if err == nil {
			scratch.take(q, seg, scorer.found, stats)
		}
		return err
	})
}

// take adds what a search found to the hits.
func (scratch *queryScratch) take(q *query, seg *segment, found []nnd.Candidate, stats nnd.SearchStats) {
	if q.stats != nil {
		q.stats.add(QueryStats{Distances: stats.Distances, Expanded: stats.Expanded})
	}
	hits, rows := scratch.hits, scratch.rows[:0]
	for _, candidate := range found {
		hits, rows = append(hits, hit{candidate.Distance, seg, candidate.Row}), append(rows, candidate.Row)
	}
	scratch.hits, scratch.rows = hits, rows
	if seg != nil {
		seg.PrefetchIDs(rows) // they are needed last
	}
}
