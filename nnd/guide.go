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
// result finds is not lost, most rows need no other search, and those that do need one walk for all: see seeker.walk.
//
// An edge that leads one search to its end can lead another astray, so searches are made again until none fails; but only those
// that expanded a row whose edges have changed, since only these can end otherwise than they did. Most of these were narrow ones which
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
	// guideGrain is how many rows goroutines take at a time: many, since those that are searched for are compared with the pivots together.
	guideGrain = 64
	// guideBudget times the number of rows is how many searches may be made again after the first pass, and seekBudget times that number
	// when rows have lost edges that lead to others. A pass that would make more is not begun: what is still lost then is so because
	// distances tell too little.
	guideBudget, seekBudget = 1, 0.25
)

// guideAll searches for all rows until they are found, and returns those that are lost. Most are found in the graph as it is, so it
// first tries them all in their order, in which near ones follow one another: what one search has read is in the cache for the next.
func (c *connector) guideAll(ctx context.Context) (lost []uint32, err error) {
	all := make([]uint32, c.graph.Len())
	for row := range all {
		all[row] = uint32(row)
	}
	err = c.options.stage("guide", len(all), guideGrain).run(ctx, func() func(lo, hi int) {
		s := newSeeker(c)
		return func(lo, hi int) { s.each(all[lo:hi], func(_ int, row uint32) { s.tries(row) }) }
	})
	if err != nil {
		return nil, err
	}
	left := slices.DeleteFunc(all, func(row uint32) bool { return c.straight[row] > 0 })
	return c.guideRows(ctx, "guide", left, guideBudget*c.graph.Len())
}

// guideAgain searches for rows that were lost, and for those that new edges may have led astray.
func (c *connector) guideAgain(ctx context.Context, lost []uint32) error {
	rows, err := c.stale(ctx)
	if err != nil {
		return err
	}
	rows = append(rows, lost...)
	slices.Sort(rows)
	_, err = c.guideRows(ctx, "seek", slices.Compact(rows), int(seekBudget*float64(c.graph.Len())))
	return err
}

// guideRows searches for rows until all are found, as far as there is room for the edges that this takes, and returns those
// that are lost. Rows ascend. The budget is for all passes but the first.
func (c *connector) guideRows(ctx context.Context, name string, rows []uint32, budget int) (lost []uint32, err error) {
	greedy := name == "guide"
	for pass := 0; pass < guidePasses && len(rows) > 0 && budget >= 0; pass++ {
		before := c.graph.Stats.GuideEdges
		clear(c.changed)
		lost = slices.DeleteFunc(lost, func(row uint32) bool {
			_, again := slices.BinarySearch(rows, row)
			return again
		})
		for round := range min(guideRounds, len(rows)) {
			stage := c.options.stage(name, (len(rows)-round+guideRounds-1)/guideRounds, guideGrain)
			stage.round = pass*guideRounds + round + 1
			if lost, err = c.guideRound(ctx, stage, rows, round, greedy, lost); err != nil {
				return nil, err
			}
		}
		if rows, err = c.stale(ctx); err != nil {
			return nil, err
		}
		budget -= len(rows)
		greedy = greedy && pass+1 < greedyPasses && (c.graph.Stats.GuideEdges-before)*greedyEnough > c.graph.Len()
	}
	return lost, nil
}

// stale are the rows to be searched for again: those whose searches came by a row with other edges now, and may end otherwise for these.
func (c *connector) stale(ctx context.Context) (rows []uint32, err error) {
	again := make([]bool, len(c.paths))
	err = c.options.stage("", len(again), 1024).run(ctx, func() func(lo, hi int) {
		s := newSeeker(c)
		return func(lo, hi int) {
			for row := lo; row < hi; row++ {
				passes := slices.ContainsFunc(c.paths[row], func(id uint32) bool { return c.changed[id] })
				again[row] = passes && !s.same(uint32(row))
			}
		}
	})
	for row, is := range again {
		if is {
			rows = append(rows, uint32(row))
		}
	}
	return rows, err
}

// guideRound searches for some of the rows, all in the same graph, adds the edges that are missing, and appends the lost rows
// that there was no room for.
func (c *connector) guideRound(ctx context.Context, s stage, rows []uint32, round int, greedy bool, lost []uint32) ([]uint32, error) {
	some, ways := make([]uint32, s.total), make([][]uint32, s.total)
	for i := range some {
		some[i] = rows[round+i*guideRounds]
	}
	err := s.run(ctx, func() func(lo, hi int) {
		s := newSeeker(c)
		return func(lo, hi int) {
			s.each(some[lo:hi], func(i int, row uint32) { ways[lo+i] = s.seek(row, greedy) })
		}
	})
	if err != nil {
		return lost, err
	}
	for i, way := range ways {
		if len(way) == 0 {
			continue
		}
		row := some[i]
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
