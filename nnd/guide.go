package nnd

import (
	"context"
	"slices"
)

// A row is lost when a search for it fails: the greedy one for guideK results, or the one for a single result at the default
// epsilon. It gets an edge from a row that both of them expand, if one has room, so that both find it. The first kind of failure counts at
// first only: that nearly all greedy searches succeed makes others short, and that all do would take edges without end.
//
// Once no row is lost, every search for a row at the default epsilon or a greater one finds it, whatever the number of
// results: candidates that only a wider search takes are farther than all that the narrow one ever expands, so the wide search
// expands the same rows first, in the same order, and goes on. For the same reason a row that the greedy search for a single
// result finds is not lost, and most rows need no other search.
//
// An edge that leads one search to its end can lead another astray, so searches are made again until none fails; but only those
// that expanded a row whose edges have changed, since only these can end otherwise than they did. Most of these were greedy ones which
// an added edge offers only what is farther than where they went; they are not made either, see seeker.same.

const (
	// guideK is for how many results the greedy search is. With fewer, many rows would get an edge that no search with a common k
	// needs.
	guideK = 3
	// guideRounds is into how many rounds the rows are divided. Those of one round are searched for in the same graph, so
	// they are taken from all over it: else all rows of a lost cluster would get an edge where one would do.
	guideRounds = 64
	// guidePasses bounds how often searches are made again. Each pass has a small part of the rows of the one before it.
	guidePasses = 12
	// greedyPasses is in how many passes greedy searches must succeed, at most: in the first one, and in another one as long as that
	// before it added edges to more than one in greedyEnough rows.
	greedyPasses, greedyEnough = 3, 20
	// pathLength is how many rows a search may expand. One that has not found its row by then is no good way to it, and where distances
	// tell little would go on for long.
	pathLength = 64
	// guideBudget times the number of rows is how many searches may be made again, in all. What is still lost then is so because
	// distances tell too little.
	guideBudget = 1
)

// guideRows searches for rows until all are found, as far as there is room for the edges that this takes, and returns those
// that are lost.
func (c *connector) guideRows(ctx context.Context, name string, rows []uint32) (lost []uint32, err error) {
	greedy := name == "guide"
	for pass := 0; pass < guidePasses && len(rows) > 0 && c.searches < (1+guideBudget)*c.graph.Len(); pass++ {
		c.searches += len(rows)
		before := c.graph.Stats.GuideEdges
		clear(c.changed)
		lost = lost[:0]
		for round := range min(guideRounds, len(rows)) {
			stage := c.options.stage(name, (len(rows)-round+guideRounds-1)/guideRounds, 16)
			stage.round = pass*guideRounds + round + 1
			if lost, err = c.guideRound(ctx, stage, rows, round, greedy, lost); err != nil {
				return nil, err
			}
		}
		if !slices.Contains(c.changed, true) {
			break
		}
		rows = c.stale(lost)
		greedy = greedy && pass+1 < greedyPasses && (c.graph.Stats.GuideEdges-before)*greedyEnough > c.graph.Len()
	}
	return lost, nil
}

// stale are the rows to be searched for again: those whose searches came by a row with other edges now, and lost ones.
func (c *connector) stale(lost []uint32) (rows []uint32) {
	for row, path := range c.paths {
		if slices.ContainsFunc(path, func(id uint32) bool { return c.changed[id] }) {
			rows = append(rows, uint32(row))
		}
	}
	rows = append(rows, lost...)
	slices.Sort(rows)
	return slices.Compact(rows)
}

// guideRound searches for some of the rows, all in the same graph, adds the edges that are missing, and appends the lost rows
// that there was no room for.
func (c *connector) guideRound(ctx context.Context, s stage, rows []uint32, round int, greedy bool, lost []uint32) ([]uint32, error) {
	ways := make([][]uint32, s.total)
	err := s.run(ctx, func() func(lo, hi int) {
		s := newSeeker(c)
		return func(lo, hi int) {
			s.rows, s.places = s.rows[:0], s.places[:0]
			for i := lo; i < hi; i++ {
				if row := rows[round+i*guideRounds]; !s.same(row) {
					s.rows, s.places = append(s.rows, row), append(s.places, i)
				}
			}
			s.seekAll(ways, greedy)
		}
	})
	if err != nil {
		return lost, err
	}
	for i, way := range ways {
		if len(way) == 0 {
			continue
		}
		row := rows[round+i*guideRounds]
		from, slot := c.lead(way, c.paths[row], s.round/guideRounds)
		if slot < 0 {
			lost = append(lost, row)
			continue
		}
		c.lay(from, slot, row)
		c.graph.Stats.GuideEdges++
	}
	return lost, nil
}

// lead finds the place for an edge that leads searches to a row: one that is free, as near to the end of the narrowest search as can
// be. Any row on its way will do, since all edges of these are followed; else one on the way of the wider search, which
// matters more. Only where none has room, an edge of one of them is given up: of another one in each pass, lest two rows take
// turns. The slot is -1 when there is no place.
func (c *connector) lead(narrow, wide []uint32, pass int) (from uint32, slot int) {
	for _, way := range [][]uint32{narrow, wide} {
		for _, from := range slices.Backward(way) {
			if slot := slices.Index(c.graph.room(from), from); slot >= 0 {
				return from, slot
			}
		}
	}
	from = wide[len(wide)-1-pass%len(wide)]
	slot = c.slot(from)
	if slot < 0 && c.reached[from] {
		slot = c.graph.Stride - 1 // the row it led to is searched for again
	}
	return from, slot
}

// seeker is a goroutine's scratch for searching rows.
type seeker struct {
	*connector
	block    BlockPoints // nil when points are none
	rows     []uint32    // that are searched for
	places   []int       // of their ways
	pivots   []float32   // of each of them, the distances to the pivots
	scorer   seekerScorer
	searcher Searcher
	found    []Candidate
	narrow   []uint32 // rows that the narrowest search expanded
	wide     []uint32
	ends     []uint32 // of edges that were added on a path
	values   []float32
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
		narrow: make([]uint32, 0, pathLength), wide: make([]uint32, 0, pathLength),
	}
}

// same says that the narrowest search found a row, and would go the same way again, though edges were added on it. At each step it goes
// to the nearest row that it has seen, so it goes where it went if the ends of the added edges are farther than that.
func (s *seeker) same(row uint32) bool {
	if !s.straight[row] || s.graph.Entries > 1 {
		return false
	}
	path := s.paths[row]
	for i, from := range path {
		if s.edited[from] && (s.replaced[from] || !s.farther(row, path[min(i+1, len(path)-1)], s.added[from])) {
			return false
		}
	}
	return true
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

// seekAll searches for all of its rows, and sets their ways. Every search for them begins with the distances to the same pivots.
func (s *seeker) seekAll(ways [][]uint32, greedy bool) {
	pivots := s.graph.Pivots
	if need := len(s.rows) * len(pivots); need > len(s.pivots) {
		s.pivots = make([]float32, need)
	}
	if s.block != nil {
		s.block.BlockDistances(s.pivots, s.rows, pivots)
	}
	for i, row := range s.rows {
		s.scorer.row, s.scorer.pivots = row, s.pivots[i*len(pivots):][:len(pivots)]
		if s.block == nil {
			s.points.Distances(s.scorer.pivots, row, pivots)
		}
		ways[s.places[i]] = s.seek(row, greedy)
	}
}

// seek searches for a row, and returns nothing when it is found, by the greedy search too if that is asked for; else the rows on the
// way of the narrowest search.
func (s *seeker) seek(row uint32, greedy bool) (way []uint32) {
	s.straight[row] = s.finds(row, 1, 0, &s.narrow)
	if s.straight[row] {
		s.paths[row] = slices.Clone(s.narrow)
		return nil
	}
	found := s.finds(row, 1, DefaultEpsilon, &s.wide) && (!greedy || s.finds(row, guideK, 0, nil))
	s.paths[row] = slices.Clone(s.wide)
	if found {
		return nil
	}
	return slices.Clone(s.narrow)
}

// finds says whether a search for a row finds it, or nothing that could be nearer than what it finds, or not even the row itself can
// be compared with it. The rows that the search expands are noted in path.
func (s *seeker) finds(row uint32, k int, epsilon float32, path *[]uint32) bool {
	s.searcher.path = nil
	if path != nil {
		s.searcher.path = (*path)[:0]
	}
	query := Query{Scorer: &s.scorer, K: k, Epsilon: epsilon, Stretch: s.options.Stretch}
	var err error
	if s.found, _, err = s.searcher.Search(context.Background(), s.graph, query, s.found[:0]); err != nil {
		panic(err) // the graph and the query are our own
	}
	if path != nil {
		*path = s.searcher.path
	}
	if slices.ContainsFunc(s.found, func(c Candidate) bool { return c.Row == row }) {
		return true
	}
	var self [1]float32
	s.points.Distances(self[:], row, []uint32{row})
	last := len(s.found) - 1
	return self[0] != self[0] || last == k-1 && self[0] >= s.found[last].Distance
}
