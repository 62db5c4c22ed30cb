package store

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/shares"
	"github.com/vicinaldb/store/internal/simd"
)

// QueryBatch answers many queries of one k and the same options, on all cores
// (GOMAXPROCS). All are answered from one consistent state. results[i] belongs
// to vectors[i]. When one query fails, the error of one that did is returned
// and no results: an ItemError with the position of a vector that could not be
// meant, and else what Query returns.
//
// It takes up to a quarter less time than as many calls of Query, the less the more queries there are: from 64 on they are compared with
// the entry points together, and answered in an order that has near ones read the same memory one after the other. The results of up to
// 16 queries lie in one piece of memory, which is held as long as any of them.
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
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	s, err := c.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	on := c.blocks.Get().(*block)
	defer func() { clear(on.queries); c.blocks.Put(on) }() // the vectors are the caller's
	b, err := newBatch(c, s, n, on)
	if err != nil {
		return nil, err
	}
	b.vector, b.k, b.opts = vector, k, opts
	for b.begin = 0; b.begin < n; b.begin += b.most {
		if err := b.answerBlock(ctx, min(b.most, n-b.begin)); err != nil {
			return nil, err
		}
	}
	return b.results, nil
}

const (
	// A goroutine takes a run of queries at a time. Of a run the ids of all hits are read together: most have come from memory by then.
	// Longer runs gain no more, and there are to be enough of them for all goroutines to end at about the same time.
	longestRun, runsEach = 16, 4
	// leastOrdered is from how many queries on it pays to order them.
	leastOrdered = 64
	// The queries of a block are ordered together. More of them lie closer together, but their distances to the pivots take memory, and so
	// do their codes. Their numbers must fit in 16 bits.
	longestBlock, blockBytes, codesBytes = 4096, 1 << 20, 4 << 20
)

// batch is the state that the goroutines of one QueryBatch share.
//
// Queries are answered block by block, and within a block in the order of the pivots that are nearest to them, each of which is near to the
// one before and the one after; those of one pivot from the side of the former to that of the latter. So queries that follow one another
// have near answers: what one of them has read of the segment is still in the cache for the next.
type batch struct {
	c       *Collection
	s       *snapshot
	vector  func(i int) codec.Vector
	k       int
	opts    []QueryOption
	results [][]Result

	ordered *segment // by whose pivots; nil if by none
	most    int      // queries of a block
	begin   int      // the first of this block
	*block

	mu  sync.Mutex // guards err and the caller's QueryStats
	err error      // the first failure
}

// block is what a batch works with, for one block at a time; pooled by the collection.
type block struct {
	queries []query
	pivots  []float32 // how far each query is from each pivot
	order   []uint64  // where among the pivots each query lies, then its number
	table   pivotTable
}

func newBatch(c *Collection, s *snapshot, n int, on *block) (*batch, error) {
	b := &batch{c: c, s: s, results: make([][]Result, n), most: max(min(n, longestBlock), 1), block: on}
	if n >= leastOrdered && len(s.segments) > 0 && s.segments[0].Rows() > scanBelow {
		b.ordered = s.segments[0]
		pivots := max(len(b.ordered.graph.Pivots), 1)
		b.most = min(b.most, max(blockBytes/(4*pivots), leastOrdered))
		if stride := b.ordered.codec.Stride(); stride > 0 {
			b.most = min(b.most, max(codesBytes/stride, leastOrdered))
		}
		b.pivots = slices.Grow(b.pivots[:0], b.most*pivots)[:b.most*pivots]
		if err := b.ordered.guard(func() error { return b.table.reset(b.ordered, b.most) }); err != nil {
			return nil, err
		}
	}
	b.queries, b.order = slices.Grow(b.queries[:0], b.most)[:b.most], slices.Grow(b.order[:0], b.most)[:b.most]
	return b, nil
}

// answerBlock answers so many queries.
func (b *batch) answerBlock(ctx context.Context, count int) error {
	if err := b.each(count, func(begin, end int, _ *queryScratch) error { return b.check(ctx, begin, end) }); err != nil {
		return err
	}
	slices.Sort(b.order[:count])
	return b.each(count, func(begin, end int, scratch *queryScratch) error {
		return b.answer(ctx, b.order[begin:end], scratch)
	})
}

// each has goroutines do runs of 0 to count-1 until none is left or one has failed. Runs that follow one another have near answers, so each
// goroutine takes those of a share of its own first.
func (b *batch) each(count int, do func(begin, end int, scratch *queryScratch) error) error {
	threads := min(runtime.GOMAXPROCS(0), count)
	run := min(max(count/(runsEach*threads), 1), longestRun)
	runs := shares.Divide((count+run-1)/run, threads)
	work := func(own int) {
		scratch := b.c.scratch.Get().(*queryScratch)
		defer b.c.scratch.Put(scratch)
		for i, ok := runs.Take(own); ok; i, ok = runs.Take(own) {
			if err := do(i*run, min((i+1)*run, count), scratch); err != nil {
				runs.Stop()
				b.fail(err)
				return
			}
		}
	}
	if len(runs) == 1 {
		work(0)
		return b.err
	}
	var workers sync.WaitGroup
	for own := range runs {
		workers.Go(func() { work(own) })
	}
	workers.Wait()
	return b.err
}

// check makes queries of a run of vectors, and finds the pivots that are nearest to them.
func (b *batch) check(ctx context.Context, begin, end int) error {
	for i := begin; i < end; i++ {
		if i+1 < end { // what the caller has given is far away
			simd.PrefetchVector(b.vector(b.begin + i + 1).Dense)
		}
		q, err := b.c.checkQuery(ctx, b.vector(b.begin+i), b.k, b.opts)
		if err != nil {
			return &ItemError{Index: b.begin + i, Err: err}
		}
		b.queries[i], b.order[i] = q, uint64(i)
	}
	if b.ordered == nil || b.queries[begin].exact {
		return nil
	}
	scorer := b.ordered.scorers.Get().(*segmentScorer)
	defer b.ordered.scorers.Put(scorer)
	return b.ordered.guard(func() error { return b.nearestPivots(begin, end, scorer) })
}

// nearestPivots scores the pivots for queries, whose searches will do without, and orders these by the row of the nearest.
func (b *batch) nearestPivots(begin, end int, scorer *segmentScorer) error {
	rows := b.ordered.graph.Pivots
	run, distances := b.queries[begin:end], b.pivots[begin*len(rows):end*len(rows)]
	scored := b.table.score(distances, run, begin, scorer.Scorer)
	for i := range run {
		own := distances[i*len(rows):][:len(rows)]
		if !scored {
			scorer.Prepare(run[i].vector)
			if err := b.ordered.graph.ScorePivots(scorer, own); err != nil {
				return err
			}
		}
		run[i].pivots, run[i].pivotsOf = own, b.ordered
		b.order[begin+i] |= scorer.place(own)
	}
	return nil
}

// answer answers a run of queries, in their order.
func (b *batch) answer(ctx context.Context, order []uint64, scratch *queryScratch) error {
	if err := b.find(ctx, order, scratch); err != nil {
		return err
	}
	results, err := b.s.results(b.c, &b.queries[uint16(order[0])], scratch)
	if err != nil {
		return err
	}
	for at, count := range scratch.counts {
		own := results[:count:count]
		sortResults(own)
		b.results[b.begin+int(uint16(order[at]))], results = own, results[count:]
	}
	return nil
}

// find searches for the queries of a run, and adds up what that took.
func (b *batch) find(ctx context.Context, order []uint64, scratch *queryScratch) error {
	var stats QueryStats
	shared := b.queries[uint16(order[0])].stats
	scratch.hits, scratch.counts = scratch.hits[:0], scratch.counts[:0]
	for at, key := range order {
		if at+1 < len(order) {
			b.prefetch(int(uint16(order[at+1])))
		}
		q, before := &b.queries[uint16(key)], len(scratch.hits)
		q.stats = &stats
		if err := b.s.find(ctx, q, scratch); err != nil {
			return err
		}
		scratch.counts = append(scratch.counts, len(scratch.hits)-before)
	}
	if shared != nil {
		b.mu.Lock()
		shared.add(stats)
		b.mu.Unlock()
	}
	return nil
}

// prefetch has the processor begin to load what is known of a query already, which its search begins with.
func (b *batch) prefetch(i int) {
	if b.ordered == nil {
		return
	}
	row, pivots := []uint32{uint32(i)}, len(b.ordered.graph.Pivots)
	simd.PrefetchRows(b.pivots, pivots, pivots, row)
	b.table.prefetch(i)
}

// fail keeps the first error.
func (b *batch) fail(err error) {
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
