package nnd

import (
	"context"
	"fmt"
	"math"
	"sync"
)

// Candidate is a row and its distance to the query in the fast form.
type Candidate struct {
	Row      uint32
	Distance float32
}

// Query says what to search for.
type Query struct {
	// Scorer knows the query and the rows. It must have all rows of the graph.
	Scorer Scorer
	// K is how many rows are wanted, at least 1.
	K int
	// Keep is how many rows are returned, if more than K: the nearest of all that the search for K scores. They cost no
	// step more, and so are not as sure to be the nearest as the first K. It is for callers that rank them by better distances.
	// A bounded search returns K.
	Keep int
	// Reach bounds what is returned beside the K nearest, if it is not nil: of the distance of the K-th nearest it makes that of the
	// farthest row which is of use, both in the fast form. What is farther costs the less.
	Reach func(fast float32) float32
	// Epsilon is the slack of the bound: a row is expanded while its true distance is below (1+Epsilon) times the K-th best.
	// The K best themselves always are. 0 is greedy; 0.1 is a good start. With a negative one, above -1, a row is expanded while (1-Epsilon)
	// times its distance is below the K-th best, so not all of these are.
	Epsilon float32
	// Patience, when above 0, ends the search once so many expansions in a row have brought none of the K nearest. It bounds what the
	// hardest queries take. It begins when K rows are found, and keeps none of the first 64 from being expanded that a search for
	// one row at DefaultEpsilon expands. What Epsilon ends sooner is the same with it.
	Patience int
	// Stretch gives (1+epsilon) times a distance, both in the fast form. Nil means that the fast form is the true
	// distance.
	Stretch func(fast, epsilon float32) float32
	// Bounded leaves out the rows that are farther than Radius, in the fast form. K is a cap then: all rows within the radius
	// are wanted, or the nearest K of them. The search is as thorough as one for the nearest 16, 32, 64 or so rows: the first
	// of these numbers with which not all lie within the radius. No row is within NaN.
	Bounded bool
	Radius  float32
	// Pivots are the distances of the graph's pivots, in the fast form, if they are known already: [SearchGraph.ScorePivots] finds
	// them. They are not written to. Nil has the search score them.
	Pivots []float32
	// Allowed are the rows that may be returned. Others are walked through. Nil allows all.
	Allowed Filter
}

func (q *Query) check() error {
	switch {
	case q.Scorer == nil:
		return fmt.Errorf("query without scorer: %w", ErrOptions)
	case q.K < 1:
		return fmt.Errorf("k %d: %w", q.K, ErrOptions)
	case !(q.Epsilon > -1):
		return fmt.Errorf("epsilon %v: %w", q.Epsilon, ErrOptions)
	case q.Patience < 0:
		return fmt.Errorf("patience %d: %w", q.Patience, ErrOptions)
	}
	return nil
}

// SearchStats say what a search cost.
type SearchStats struct {
	// Distances is how many rows were scored, pivots included.
	Distances int
	// Expanded is how many rows had their edges followed.
	Expanded int
}

// searchers are the scratch of searches that are over.
var searchers = sync.Pool{New: func() any { return new(Searcher) }}

// Search appends the nearest rows to dst, at most K, or Keep, sorted by distance and row. There are fewer when fewer allowed
// rows can be reached, lie within the radius, or have a distance to the query at all. It allocates nothing once scratch has grown, if dst has room.
// Errors are that of ctx or wrap [ErrCorrupt] or [ErrOptions]; then dst comes back as it was.
func (g *SearchGraph) Search(ctx context.Context, q Query, dst []Candidate) ([]Candidate, SearchStats, error) {
	s := searchers.Get().(*Searcher)
	dst, stats, err := s.Search(ctx, g, q, dst)
	searchers.Put(s) // not deferred: a panic of the scorer leaves scratch that is not to be used again
	return dst, stats, err
}

// Searcher is the scratch of searches, for one goroutine at a time and for any number of graphs. The zero value is
// ready. After a panic, of a scorer or by a fault in mapped memory, it must not be used again.
type Searcher struct {
	visited  visited
	frontier queue    // candidates that are not expanded yet
	pivots   queue    // those of the graph that were not taken yet: many, of which few ever are
	entries  int      // pivots that are expanded before any other row
	found    best     // the nearest K
	kept     kept     // these and others, if there are to be more
	guide    best     // of a bounded search: the nearest rows of all, within the radius or not
	rows     []uint32 // scored rows that are near enough
	values   []float32
	keys     []uint64 // of these rows
	results  []uint64 // those of keys that are allowed

	batch []uint32 // rows that are expanded together
	taken uint64   // the key of the first of them

	query  Query
	within WithinScorer // the query's scorer, if it is one
	by     unseener     // finds rows that are new: the query's scorer, if it does
	bounds
	giveUp int // the number of expansions at which patience ends
	stats  SearchStats
}

// Search is [SearchGraph.Search] with scratch of the caller's.
func (s *Searcher) Search(ctx context.Context, g *SearchGraph, q Query, dst []Candidate) ([]Candidate, SearchStats, error) {
	if err := q.check(); err != nil {
		return dst, SearchStats{}, err
	}
	n := g.Len()
	if g.Stride < 0 || n*g.Stride != len(g.Adjacency) || uint64(n) > MaxRows {
		return dst, SearchStats{}, fmt.Errorf("adjacency of %d with stride %d: %w", len(g.Adjacency), g.Stride, ErrCorrupt)
	}
	if q.Bounded && q.Radius != q.Radius {
		return dst, SearchStats{}, ctx.Err()
	}
	s.begin(q, n)
	defer s.end()
	if err := ctx.Err(); err != nil {
		return dst, s.stats, err
	}
	if err := s.enterPivots(g); err != nil {
		return dst, s.stats, err
	}
	if err := s.walk(ctx, g, uint32(n)); err != nil {
		return dst, s.stats, err
	}
	if s.kept.room > 0 {
		return s.kept.appendTo(dst), s.stats, nil
	}
	return s.found.appendTo(dst), s.stats, nil
}

func (s *Searcher) begin(q Query, n int) {
	if q.Stretch == nil {
		q.Stretch = linear
	}
	s.query, s.stats, s.giveUp = q, SearchStats{}, math.MaxInt
	s.within, _ = q.Scorer.(WithinScorer)
	if s.by, _ = q.Scorer.(UnseenScorer); s.by == nil {
		s.by = lookup{}
	}
	s.frontier.reset()
	s.visited.reset(n)
	s.found.reset(min(q.K, max(n, 1)))
	s.kept.reset(0)
	if q.Keep > q.K && !q.Bounded {
		s.kept.reset(min(q.Keep, max(n, 1)))
	}
	s.guide.reset(guides)
	s.bounds = unbounded
}

// end lets go of what belongs to the caller.
func (s *Searcher) end() { s.query, s.within, s.by = Query{}, nil, nil }

// enterPivots scores the pivots, unless they are scored already.
func (s *Searcher) enterPivots(g *SearchGraph) error {
	values, err := s.query.Pivots, error(nil)
	if values == nil {
		values = s.room(len(g.Pivots))
		err = g.ScorePivots(s.query.Scorer, values)
	} else {
		err = g.checkPivots(len(values))
	}
	if err != nil {
		return err
	}
	s.stats.Distances += len(values)
	s.pivots.fill(g.Pivots, values)
	s.entries = g.Entries
	return nil
}

// room is scratch for scores.
func (s *Searcher) room(count int) []float32 {
	if cap(s.values) < count {
		s.values = make([]float32, 2*count)
	}
	return s.values[:count]
}
