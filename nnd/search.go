package nnd

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/vicinaldb/store/internal/simd"
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
	// Epsilon is the slack of the bound: a row is expanded while its true distance is below (1+Epsilon) times the K-th best.
	// The K best themselves always are. 0 is greedy; 0.1 is a good start. Not negative.
	Epsilon float32
	// Stretch gives (1+epsilon) times a distance, both in the fast form. Nil means that the fast form is the true
	// distance.
	Stretch func(fast, epsilon float32) float32
	// Bounded leaves out the rows that are farther than Radius, in the fast form. K is a cap then: all rows within the radius
	// are wanted, or the nearest K of them. The search is as thorough as one for the nearest 16, 32, 64 or so rows: the first
	// of these numbers with which not all lie within the radius. No row is within NaN.
	Bounded bool
	Radius  float32
	// Allowed are the rows that may be returned. Others are walked through. Nil allows all.
	Allowed Filter
}

func (q *Query) check() error {
	switch {
	case q.Scorer == nil:
		return fmt.Errorf("query without scorer: %w", ErrOptions)
	case q.K < 1:
		return fmt.Errorf("k %d: %w", q.K, ErrOptions)
	case !(q.Epsilon >= 0):
		return fmt.Errorf("epsilon %v: %w", q.Epsilon, ErrOptions)
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
	frontier frontier
	pivots   frontier // those not expanded yet
	found    best     // the nearest K, and those to be kept beside them
	guide    best     // of a bounded search: the nearest rows of all, within the radius or not
	rows     []uint32 // scored rows that are near enough
	values   []float32
	keys     []uint64 // of these rows

	path []uint32 // where expanded rows are noted; with room for some, the search ends when it is full

	query Query
	bound float32 // a candidate above it is of no use
	limit uint64  // nor one with this key or a greater
	stats SearchStats
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
	if err := s.enterPivots(g, uint32(n)); err != nil {
		return dst, s.stats, err
	}
	if err := s.walk(ctx, g, uint32(n)); err != nil {
		return dst, s.stats, err
	}
	return s.found.appendTo(dst), s.stats, nil
}

func (s *Searcher) begin(q Query, n int) {
	if q.Stretch == nil {
		q.Stretch = linear
	}
	s.query, s.stats = q, SearchStats{}
	s.frontier = s.frontier[:0]
	s.visited.reset(n)
	wanted, kept := min(q.K, max(n, 1)), min(q.Keep, max(n, 1))
	if q.Bounded {
		kept = 0
	}
	s.found.reset(wanted, max(wanted, kept))
	s.guide.reset(guides, guides)
	s.bound, s.limit = float32(math.Inf(1)), noEntry
}

// end lets go of what belongs to the caller.
func (s *Searcher) end() { s.query = Query{} }

// walk expands the nearest candidate until it is not below the bound. Pivots are candidates from the start, but none is a
// result before it is expanded: they say where to look, not how near the best is.
func (s *Searcher) walk(ctx context.Context, g *SearchGraph, n uint32) error {
	done := ctx.Done()
	for {
		row, ok := s.next()
		if !ok {
			return nil
		}
		if s.stats.Expanded++; done != nil && s.stats.Expanded%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if cap(s.path) > 0 {
			if len(s.path) == cap(s.path) {
				return nil
			}
			s.path = append(s.path, row)
		}
		if err := s.expand(g, row, n); err != nil {
			return err
		}
	}
}

// next takes the nearest candidate, false if that is not below the bound.
func (s *Searcher) next() (row uint32, ok bool) {
	for {
		from := &s.frontier
		if len(*from) == 0 || len(s.pivots) > 0 && s.pivots[0] < (*from)[0] {
			from = &s.pivots
		}
		if len(*from) == 0 || (*from)[0] >= s.limit {
			return 0, false
		}
		key := from.pop()
		if from == &s.frontier {
			return uint32(key), true
		}
		if s.visited.add(uint32(key)) {
			s.keys = append(s.keys[:0], key)
			s.keep()
			return uint32(key), true
		}
	}
}

// expand scores the rows that a row's edges lead to, as far as they are new.
func (s *Searcher) expand(g *SearchGraph, row, n uint32) error {
	s.prefetch(g) // the edges of what is the nearest candidate now, and mostly still is after this
	rows, ok := s.visited.enter(g.room(row), n)
	if !ok {
		return fmt.Errorf("edges of row %d of %d: %w", row, n, ErrCorrupt)
	}
	if len(rows) == 0 {
		return nil
	}
	s.stats.Distances += len(rows)
	s.score(rows)
	for _, key := range s.keys {
		if key < s.limit {
			s.frontier.push(key)
		}
	}
	s.prefetch(g)
	s.keep()
	return nil
}

// prefetch has the edges of the nearest candidate on their way from memory.
func (s *Searcher) prefetch(g *SearchGraph) {
	if len(s.frontier) > 0 {
		if row := int(uint32(s.frontier[0])); row < g.Len() {
			simd.Prefetch(g.Adjacency[row*g.Stride : (row+1)*g.Stride])
		}
	}
}

// score makes keys of those rows that are near enough to be candidates or to be kept.
func (s *Searcher) score(rows []uint32) {
	reach, values := s.bound, s.room(len(rows))
	if s.found.k > s.found.wanted {
		reach = max(reach, s.found.reach())
	}
	s.rows, s.keys = append(s.rows[:0], rows...), s.keys[:0]
	count := len(rows)
	if scorer, ok := s.query.Scorer.(WithinScorer); ok {
		count = scorer.ScoreWithin(values, s.rows, reach)
	} else {
		s.query.Scorer.Score(values, s.rows)
	}
	for i, value := range values[:count] {
		if value <= reach { // so is not NaN
			s.keys = append(s.keys, newKey(value, s.rows[i]))
		}
	}
}

// keep makes the rows of s.keys results if they are allowed and near enough, and draws the bound closer.
func (s *Searcher) keep() {
	if s.query.Bounded {
		for _, key := range s.keys {
			if key < s.limit {
				s.keepWithin(key)
			}
		}
		return
	}
	for _, key := range s.keys {
		if s.query.Allowed == nil || s.query.Allowed.Contains(uint32(key)) {
			s.found.add(key)
		}
	}
	if limit := s.found.limit(); limit < float32(math.Inf(1)) {
		s.bound = s.stretched(limit)
		s.limit = max(newKey(s.bound, 0), s.found.last()+1)
	}
}

// stretched is how far a search looks beyond a distance.
func (s *Searcher) stretched(distance float32) float32 {
	if stretched := s.query.Stretch(distance, s.query.Epsilon); stretched > distance {
		return stretched
	}
	return distance
}

// guides is how many rows a bounded search looks for at first, whether they lie within the radius or not: so it comes to the
// region, and does not stop on one side of it.
const guides = 16

// keepWithin is keep with a radius. How many rows lie within, nobody knows before, so the search is one for some number of
// nearest rows, the guide, which doubles when the last of them lies within the radius, until K are found.
func (s *Searcher) keepWithin(key uint64) {
	q := &s.query
	if distanceOf(key) <= q.Radius && (q.Allowed == nil || q.Allowed.Contains(uint32(key))) {
		s.found.add(key)
	}
	if s.found.found() {
		s.bound = s.stretched(s.found.limit())
		s.limit = max(newKey(s.bound, 0), s.found.last()+1)
		return
	}
	s.guide.add(key)
	for s.guide.found() && s.guide.limit() <= q.Radius {
		s.guide.wanted, s.guide.k = 2*s.guide.wanted, 2*s.guide.k
	}
	if s.guide.found() {
		s.bound = s.stretched(s.guide.limit())
		s.limit = max(newKey(s.bound, 0), s.guide.last()+1)
	} else {
		s.bound, s.limit = float32(math.Inf(1)), noEntry
	}
}

// enterPivots scores the pivots.
func (s *Searcher) enterPivots(g *SearchGraph, n uint32) error {
	for _, pivot := range g.Pivots {
		if pivot >= n {
			return fmt.Errorf("pivot %d of %d rows: %w", pivot, n, ErrCorrupt)
		}
	}
	values := s.room(len(g.Pivots))
	if scorer, ok := s.query.Scorer.(PivotScorer); ok {
		scorer.ScorePivots(values)
	} else {
		s.query.Scorer.Score(values, g.Pivots)
	}
	s.stats.Distances += len(values)
	s.pivots = s.pivots[:0]
	for i, value := range values {
		if value == value {
			s.pivots.push(newKey(value, g.Pivots[i]))
		}
	}
	return nil
}

// room is scratch for scores.
func (s *Searcher) room(count int) []float32 {
	if cap(s.values) < count {
		s.values = make([]float32, 2*count)
	}
	return s.values[:count]
}
