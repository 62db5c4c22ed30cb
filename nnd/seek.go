package nnd

import (
	"context"
	"slices"
)

// The last step of the repair makes sure that each row is found by a search for it, even if that asks for one result only, at the
// default epsilon. Then every search for the row with this epsilon or a greater one finds it: candidates that only a wider
// search takes are farther than all that the narrow one ever expands, so the wide search expands the same rows first, in
// the same order, and goes on. For the same reason it is enough that the search at epsilon 0 finds the row, which costs less.
//
// A row that is not found gets an edge from where the search ended, or came by. Such an edge can lead other searches astray, so these are made
// again, until none fails. Only searches that expanded a row whose edges have changed can end otherwise than they did, and
// the rows that each expanded are remembered.

const (
	// seekPasses bounds how often that is done. Each pass has a small part of the rows of the one before it.
	seekPasses = 12
	// pathLength is how many expanded rows are remembered of a search. One that expands more is always made again.
	pathLength = 256
)

// seekRows is the last step.
func (c *connector) seekRows(ctx context.Context) error {
	n := c.graph.Len()
	paths := make([][]uint32, n)
	stale := make([]uint32, n)
	for row := range stale {
		stale[row] = uint32(row)
	}
	for pass := 0; pass < seekPasses && len(stale) > 0; pass++ {
		changed := make([]bool, n)
		for round := range min(guideRounds, len(stale)) {
			if err := c.seekRound(ctx, stale, pass, round, paths, changed); err != nil {
				return err
			}
		}
		stale = stale[:0]
		for row, path := range paths {
			if len(path) == pathLength || slices.ContainsFunc(path, func(id uint32) bool { return changed[id] }) {
				stale = append(stale, uint32(row))
			}
		}
		if !slices.Contains(changed, true) {
			break
		}
	}
	return nil
}

// seekRound searches for some of the rows, all in the same graph, and adds the edges that are missing.
func (c *connector) seekRound(ctx context.Context, rows []uint32, pass, round int, paths [][]uint32, changed []bool) error {
	size := (len(rows) - round + guideRounds - 1) / guideRounds
	stage := c.options.stage("seek", size, 16)
	stage.round = pass*guideRounds + round + 1
	ends := make([][]uint32, size)
	err := stage.run(ctx, func() func(lo, hi int) {
		s, path := seeker{connector: c, scorer: rowScorer{points: c.points}, k: 1}, make([]uint32, pathLength)
		return func(lo, hi int) {
			for i := lo; i < hi; i++ {
				row := rows[round+i*guideRounds]
				s.epsilon, s.searcher.path = 0, path[:0]
				if ends[i] = s.end(nil, row); ends[i] != nil {
					s.epsilon, s.searcher.path = DefaultEpsilon, path[:0]
					ends[i] = s.end(nil, row)
				}
				paths[row] = slices.Clone(s.searcher.path)
			}
		}
	})
	if err != nil {
		return err
	}
	for i, end := range ends {
		if len(end) == 0 {
			continue
		}
		row := rows[round+i*guideRounds]
		if from, slot := c.lead(paths[row], end[0]); slot >= 0 {
			c.graph.room(from)[slot] = row
			changed[from] = true
			c.graph.Stats.SeekEdges++
		}
	}
	return nil
}

// lead finds the place for an edge that leads a search to a row: one that is free, as near to the end of the search as can be. Any
// row on its path will do, since all edges of these are followed. Only where none has room, an edge of the end is given up.
func (c *connector) lead(path []uint32, end uint32) (from uint32, slot int) {
	for _, from := range slices.Backward(path) {
		if slot := slices.Index(c.graph.room(from), from); slot >= 0 {
			return from, slot
		}
	}
	return end, c.slot(end)
}

// seeker is a goroutine's scratch for searching rows.
type seeker struct {
	*connector
	scorer   rowScorer
	searcher Searcher
	k        int
	epsilon  float32
	found    []Candidate
}

// end searches for a row and appends where the search ended. It appends nothing if the row was found, if nothing could be nearer
// than what was, or if not even the row itself can be compared with it.
func (s *seeker) end(ends []uint32, row uint32) []uint32 {
	s.scorer.row = row
	query := Query{Scorer: &s.scorer, K: s.k, Epsilon: s.epsilon, Stretch: s.options.Stretch}
	var err error
	if s.found, _, err = s.searcher.Search(context.Background(), s.graph, query, s.found[:0]); err != nil {
		panic(err) // the graph and the query are our own
	}
	var self [1]float32
	s.points.Distances(self[:], row, []uint32{row})
	if last := len(s.found) - 1; self[0] != self[0] || last == s.k-1 && self[0] >= s.found[last].Distance {
		return ends
	}
	if slices.ContainsFunc(s.found, func(c Candidate) bool { return c.Row == row }) {
		return ends
	}
	for _, found := range s.found {
		ends = append(ends, found.Row)
	}
	return ends
}
