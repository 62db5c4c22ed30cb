package nnd

import (
	"context"
	"fmt"
	"slices"

	"github.com/vicinaldb/store/internal/simd"
)

// Far from what it looks for, a search expands one candidate at a time: each leads nearer, and makes others needless. Once the nearest
// candidate is beyond what the narrowest search would expand, there is hardly any that the next expansions make
// needless, and so it expands several at a time. Their edges, and then the rows that these lead to, come from memory side by side, where
// one after the other each would be waited for. That is most of what a search takes.
//
// Candidates within reach of the narrowest search are taken one by one in any case, and whatever a caller's patience, so that a wider search
// begins with the same steps as a narrow one and finds what it finds. The guide depends on it, for as many steps as it looks at.

// A round expands as many candidates as all rounds before it together, within these bounds: the longer a search, the less each step
// draws its bounds closer.
const (
	fewest = 4
	widest = 16
)

// walk expands the nearest candidates until none is below the bound. Pivots are candidates from the start, but none is a
// result before it is expanded: they say where to look, not how near the best is.
func (s *Searcher) walk(ctx context.Context, g *SearchGraph, n uint32) error {
	done := ctx.Done()
	for round := 1; s.take(); round++ {
		if done != nil && round%4 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		rows, err := s.follow(g, n)
		if err != nil {
			return err
		}
		s.weigh(g, rows)
	}
	return nil
}

// take pops the candidates to be expanded next, false if there is none that is of use. First come the entries,
// all at once in every search.
func (s *Searcher) take() bool {
	s.batch = s.batch[:0]
	entering, most := s.stats.Expanded == 0, min(max(fewest, s.stats.Expanded), widest)
	if entering {
		most = max(s.entries, 1)
	}
	for len(s.batch) < most {
		key, ok := s.next()
		if !ok {
			break
		}
		if len(s.batch) == 0 {
			s.taken = key
		}
		alone := !entering && s.isNarrow(key)
		s.batch = append(s.batch, uint32(key))
		s.stats.Expanded++
		if alone {
			break
		}
	}
	return len(s.batch) > 0
}

// next pops the nearest candidate, false if that is useless; but first the entries.
func (s *Searcher) next() (key uint64, ok bool) {
	for {
		known, pivot := s.frontier.first, s.pivots.first
		entry := s.stats.Expanded < s.entries && pivot != noKey
		if !entry && s.useless(min(known, pivot)) {
			return 0, false
		}
		if !entry && known <= pivot {
			return s.frontier.pop(), true
		}
		if key := s.pivots.pop(); s.visited.add(uint32(key)) {
			s.keys = append(s.keys[:0], key)
			s.keep()
			return key, true
		}
	}
}

// isNarrow tells whether the narrowest search would expand a candidate next; but one that has come as far as the guide looks is none.
func (s *Searcher) isNarrow(key uint64) bool {
	return key < s.narrow && s.stats.Expanded < pathLength
}

// useless tells whether the nearest candidate is not to be expanded, and so none is.
func (s *Searcher) useless(key uint64) bool {
	return key >= s.limit || s.giveUp <= s.stats.Expanded && !s.isNarrow(key) || s.query.Epsilon < 0 && s.farther(key)
}

// farther tells whether a candidate is not so near as a negative epsilon asks for.
func (s *Searcher) farther(key uint64) bool {
	return s.query.Stretch(distanceOf(key), -s.query.Epsilon) >= distanceOf(s.last) // which is NaN before all that are wanted are found
}

// follow gives the rows that the edges of the batch lead to, as far as they are new.
func (s *Searcher) follow(g *SearchGraph, n uint32) ([]uint32, error) {
	start := len(s.visited.log)
	if s.together() {
		simd.PrefetchRows(g.Adjacency, g.Stride, g.Stride, s.batch)
	}
	for _, row := range s.batch {
		if _, ok := s.visited.enter(g.ends(row), n, s.by); !ok {
			return nil, fmt.Errorf("edges of row %d of %d: %w", row, n, ErrCorrupt)
		}
	}
	return s.visited.log[start:], nil
}

// together tells whether the edges of this round's candidates come side by side, and those of the next one's are to.
func (s *Searcher) together() bool { return s.kept.room > 0 && len(s.batch) > 1 && s.limit != noKey }

// weigh scores new rows.
func (s *Searcher) weigh(g *SearchGraph, rows []uint32) {
	if len(rows) == 0 {
		return
	}
	s.stats.Distances += len(rows)
	near := s.score(rows)
	// Edges are to be on their way before it is known whose are needed next. What is kept beside the results would be too many to ask for
	// theirs, and so would all rows, which are near as long as not all that are wanted are found. Where there are rows to keep, those of
	// candidates that are expanded together are asked for then.
	early := s.kept.room == 0 && s.limit != noKey
	if early {
		simd.PrefetchRows(g.Adjacency, g.Stride, g.Stride, near)
	}
	s.keep()
	if near = s.frontier.push(s.keys, s.limit, s.rows); !early && !s.together() {
		simd.PrefetchRows(g.Adjacency, g.Stride, g.Stride, near)
	}
}

// score makes keys of those rows that are near enough to be candidates or to be kept, and returns these.
func (s *Searcher) score(rows []uint32) []uint32 {
	reach, values := s.bound, s.room(len(rows))
	if s.kept.room > 0 {
		reach = max(reach, s.kept.reach())
	}
	s.rows = append(s.rows[:0], rows...)
	if s.within != nil {
		near := s.rows[:s.within.ScoreWithin(values, s.rows, reach)]
		s.keys = slices.Grow(s.keys[:0], len(near))[:len(near)]
		simd.MakeKeys(s.keys, near, values)
		return near
	}
	s.query.Scorer.Score(values, s.rows)
	keys := s.keys[:0]
	for i, row := range s.rows {
		if value := values[i]; value <= reach { // so is not NaN
			s.rows[len(keys)] = row
			keys = append(keys, newKey(value, row))
		}
	}
	s.keys = keys
	return s.rows[:len(keys)]
}
