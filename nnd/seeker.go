package nnd

import (
	"math"
	"slices"
)

// seeker is a goroutine's scratch for searching rows.
type seeker struct {
	*connector
	block  BlockPoints // nil when points are none
	pivots []float32   // of some rows, the distances to the pivots
	scorer seekerScorer

	searches []search // for one row, that go on together
	searcher Searcher // as wide as any of them
	path     []uint32 // rows that were expanded, entries of them first and at once
	entries  int

	ends   []uint32 // of edges that were added on a path
	values []float32
}

// seekerScorer has a row for a query, whose distances to the pivots are known.
type seekerScorer struct {
	rowScorer
	pivots []float32
}

func (s *seekerScorer) ScorePivots(dst []float32) { copy(dst, s.pivots) }

func newSeeker(c *connector) *seeker {
	block, _ := c.points.(BlockPoints)
	return &seeker{
		connector: c, block: block, scorer: seekerScorer{rowScorer: rowScorer{points: c.points}},
		path: make([]uint32, 0, pathLength),
	}
}

// each does something for rows, once it is known how far each is from the pivots, which every search for it begins with.
func (s *seeker) each(rows []uint32, do func(i int, row uint32)) {
	pivots := s.graph.Pivots
	if need := len(rows) * len(pivots); need > len(s.pivots) {
		s.pivots = make([]float32, need)
	}
	if s.block != nil {
		s.block.BlockDistances(s.pivots, rows, pivots)
	}
	for i, row := range rows {
		s.scorer.row, s.scorer.pivots = row, s.pivots[i*len(pivots):][:len(pivots)]
		if s.block == nil {
			s.points.Distances(s.scorer.pivots, row, pivots)
		}
		do(i, row)
	}
}

// same says that the narrowest search found a row, and would go the same way again, though edges were added on it. At each step it goes
// to the nearest row that it has seen, so it goes where it went if the ends of the added edges are farther than that.
func (s *seeker) same(row uint32) bool {
	path, entries := s.paths[row], int(s.straight[row])
	for i, from := range path {
		if !s.edited[from] {
			continue
		}
		next := row
		if after := max(i+1, entries); after < len(path) {
			next = path[after]
		}
		if s.replaced[from] || !s.farther(row, next, s.added[from]) {
			return false
		}
	}
	return entries > 0
}

// farther says that all others are farther from a row than one, or that one.
func (s *seeker) farther(row, one uint32, others []uint32) bool {
	s.ends = append(append(s.ends[:0], one), others...)
	s.values = slices.Grow(s.values[:0], len(s.ends))[:len(s.ends)]
	s.points.Distances(s.values, row, s.ends)
	for i, other := range others {
		if other != one && !(s.values[i+1] > s.values[0]) {
			return false
		}
	}
	return true
}

// tries says whether the narrowest search finds a row, and notes its way if it does.
func (s *seeker) tries(row uint32) bool {
	s.searches = append(s.searches[:0], search{k: 1})
	s.walk(row)
	return s.straightens(row)
}

// straightens says whether the narrowest search, the first one, has found a row, and notes its way if it has.
func (s *seeker) straightens(row uint32) bool {
	s.straight[row] = 0
	if !s.searches[0].found {
		return false
	}
	s.paths[row], s.straight[row] = slices.Clone(s.path), uint32(s.entries)
	return true
}

// seek searches for a row, and returns nothing when it is found, by the greedy search too if that is asked for; else the rows on the
// way of the narrowest search.
func (s *seeker) seek(row uint32, greedy bool) (way []uint32) {
	s.searches = append(s.searches[:0], search{k: 1}, search{k: 1, epsilon: DefaultEpsilon})
	if greedy {
		s.searches = append(s.searches, search{k: guideK})
	}
	s.walk(row)
	if s.straightens(row) {
		return nil
	}
	narrow, wide := s.searches[0], s.searches[1]
	path := slices.Clone(s.path[:wide.steps])
	s.paths[row] = path
	if !slices.ContainsFunc(s.searches[1:], func(o search) bool { return !o.found }) {
		return nil
	}
	return path[:narrow.steps]
}

// search is one of the searches for a row that a walk makes.
type search struct {
	k       int
	epsilon float32
	over    bool
	found   bool      // the row, or as many as are wanted that are as near
	limits  [2]uint64 // what was its limit two rows ago, and one
	steps   int       // how many rows it has expanded, when it is over
}

// walk goes towards a row for several searches. Each expands the nearest row that it has seen, so they go the same way, and differ in how
// far: until the row is found, which is so when they come to an edge to it, or to where they would expand nothing more. What the
// narrowest one finds needs no other.
func (s *seeker) walk(row uint32) {
	s.path, s.entries = s.path[:0], 0
	var self [1]float32
	if s.points.Distances(self[:], row, []uint32{row}); self[0] != self[0] {
		s.find(true, self[0]) // nothing can be compared with it
		return
	}
	w, n, query := &s.searcher, uint32(s.graph.Len()), Query{Scorer: &s.scorer, Stretch: s.options.Stretch}
	for _, o := range s.searches {
		query.K, query.Epsilon = max(query.K, o.k), max(query.Epsilon, o.epsilon)
	}
	w.begin(query, int(n))
	defer w.end()
	err := w.enterPivots(s.graph)
	for err == nil && len(s.path) < pathLength && w.take() && s.expand(w.taken) {
		if s.path = append(s.path, w.batch...); s.entries == 0 {
			s.entries = len(s.path)
		}
		var rows []uint32
		if rows, err = w.follow(s.graph, n); slices.Contains(rows, row) {
			s.find(true, self[0])
			return
		}
		w.weigh(s.graph, rows)
		s.find(false, self[0])
	}
	if err != nil {
		panic(err) // the graph and the query are our own
	}
	s.expand(noKey)
}

// expand ends the searches that would not expand a row with this key, and says whether any goes on.
func (s *seeker) expand(key uint64) (goesOn bool) {
	for i := range s.searches {
		o := &s.searches[i]
		if o.over {
			continue
		}
		limit := s.limit(o)
		if o.k > 1 { // it expands some side by side, before it knows what the first of them leads to
			limit, o.limits = max(limit, o.limits[0]), [...]uint64{o.limits[1], limit}
		}
		if key >= limit {
			o.over, o.steps = true, len(s.path)
		}
		goesOn = goesOn || !o.over
	}
	return goesOn && !s.searches[0].found
}

// limit is the first key that a search does not expand.
func (s *seeker) limit(o *search) uint64 {
	last := s.nearest(o.k)
	distance := distanceOf(last)
	if !(distance < float32(math.Inf(1))) {
		return noKey
	}
	return max(newKey(s.searcher.stretched(distance, o.epsilon), 0), last+1)
}

// find ends the searches that have found the row, by an edge to it, or as many rows as are wanted no farther than the row itself.
func (s *seeker) find(edge bool, self float32) {
	for i := range s.searches {
		o := &s.searches[i]
		if !o.over && (edge || distanceOf(s.nearest(o.k)) <= self) {
			o.over, o.found, o.steps = true, true, len(s.path)
		}
	}
}

// nearest is the key of the k-th nearest row that was found, noKey, whose distance is NaN, if there are fewer.
func (s *seeker) nearest(k int) uint64 {
	found := &s.searcher.found
	if len(found.keys) < k {
		return noKey
	}
	if !found.found() {
		slices.Sort(found.keys)
	}
	return found.keys[k-1]
}
