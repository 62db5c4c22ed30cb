package nnd

import "math"

// bounds say which candidates are of use. They are drawn closer as results are found.
type bounds struct {
	bound  float32 // a candidate above it is of no use
	limit  uint64  // nor one with this key or a greater
	narrow uint64  // the limit of the narrowest search, as far as this one has come: for one result, at most at the default epsilon
	last   uint64  // the keys that these come from: of the last result that is wanted, and of the first one
	first  uint64
}

var unbounded = bounds{bound: float32(math.Inf(1)), limit: noKey, narrow: noKey, last: noKey, first: noKey}

// draw sets the bounds by the nearest rows so far, as many as are wanted.
func (s *Searcher) draw(b *best) {
	if last := b.last(); last != s.last {
		s.last = last
		s.bound = s.stretched(distanceOf(last), s.query.Epsilon)
		s.limit = max(newKey(s.bound, 0), last+1)
		if s.query.Patience > 0 {
			s.giveUp = s.stats.Expanded + min(s.query.Patience, math.MaxInt-s.stats.Expanded)
		}
		if s.kept.room > 0 && s.query.Reach != nil {
			s.kept.within(max(s.query.Reach(distanceOf(last)), distanceOf(last)))
		}
	}
	if first := b.keys[0]; first != s.first {
		s.first = first
		bound := s.stretched(distanceOf(first), min(s.query.Epsilon, DefaultEpsilon))
		s.narrow = max(newKey(bound, 0), first+1)
	}
}

// stretched is how far a search looks beyond a distance.
func (s *Searcher) stretched(distance, epsilon float32) float32 {
	if epsilon == 0 {
		return distance
	}
	if stretched := s.query.Stretch(distance, epsilon); stretched > distance {
		return stretched
	}
	return distance
}

// keep makes the rows of s.keys results if they are allowed and near enough, and draws the bounds closer.
func (s *Searcher) keep() {
	if s.query.Bounded {
		for _, key := range s.keys {
			if key < s.limit {
				s.keepWithin(key)
			}
		}
		return
	}
	keys := s.keys
	if s.query.Allowed != nil {
		keys = s.allowed()
	}
	s.found.add(keys...)
	if s.kept.room > 0 {
		s.kept.add(keys)
	}
	if s.found.limit() < float32(math.Inf(1)) {
		s.draw(&s.found)
	}
}

// allowed are those of s.keys that may be results.
func (s *Searcher) allowed() []uint64 {
	s.results = s.results[:0]
	for _, key := range s.keys {
		if s.query.Allowed.Contains(uint32(key)) {
			s.results = append(s.results, key)
		}
	}
	return s.results
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
		s.draw(&s.found)
		return
	}
	s.guide.add(key)
	for s.guide.found() && s.guide.limit() <= q.Radius {
		s.guide.k *= 2
	}
	if s.guide.found() {
		s.draw(&s.guide)
	} else {
		s.bounds = unbounded
	}
}
