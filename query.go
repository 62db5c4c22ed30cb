package store

import (
	"cmp"
	"context"
	"math"
	"slices"

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
// min(k, Len) of them, ties in the order of ids. Which of more items at the
// distance of the last are among them is not said. Items stored since the last
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
// query could not be meant, and ErrUnknownMetric when the metric is not registered.
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
	scratch.hits = scratch.hits[:0]
	if err := s.find(ctx, q, scratch); err != nil {
		return nil, err
	}
	results, err := s.results(c, q, scratch)
	if err != nil {
		return nil, err
	}
	sortResults(results)
	return results, nil
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

// hit is a row that a query found, in a segment or, when segment is nil, pending.
type hit struct {
	distance float32 // fast form
	segment  *segment
	row      uint32
}

// queryScratch is what one query works with; pooled by the collection.
type queryScratch struct {
	hits    []hit // of one query, or of a run of a batch
	counts  []int // how many hits each of these has
	pending pendingScorer
	ids     []byte
	ends    []int    // where each id ends in ids
	rows    []uint32 // of one segment, or pending
}

// find appends the nearest rows of one snapshot, nearest first, to the hits.
func (s *snapshot) find(ctx context.Context, q *query, scratch *queryScratch) error {
	begin := len(scratch.hits)
	for i, seg := range s.segments {
		if err := s.querySegment(ctx, i, seg, q, scratch); err != nil {
			return err
		}
	}
	found, stats, err := scratch.pending.search(ctx, s.pending, q)
	if err != nil {
		return err
	}
	scratch.take(q, nil, found, stats)
	own := scratch.hits[begin:]
	slices.SortFunc(own, func(a, b hit) int { return cmp.Compare(a.distance, b.distance) })
	scratch.hits = scratch.hits[:begin+min(q.k, len(own))]
	return nil
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
