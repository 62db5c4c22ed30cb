package nnd

import (
	"context"
	"fmt"
	"slices"
)

// ScorePivots sets dst[i] to the distance of the scorer's query and the i-th pivot, in the fast form: what a search begins with, and
// what [Query.Pivots] may tell it. A graph may come from a file, so the pivots are checked first. Errors wrap [ErrCorrupt] when a pivot is
// no row of the graph, or [ErrOptions] when dst has not one place for each.
func (g *SearchGraph) ScorePivots(scorer Scorer, dst []float32) error {
	if err := g.checkPivots(len(dst)); err != nil {
		return err
	}
	if pivots, ok := scorer.(PivotScorer); ok {
		pivots.ScorePivots(dst)
	} else {
		scorer.Score(dst, g.Pivots)
	}
	return nil
}

// checkPivots returns an error if there are not so many pivots, or one of them is no row.
func (g *SearchGraph) checkPivots(count int) error {
	if count != len(g.Pivots) {
		return fmt.Errorf("%d distances of %d pivots: %w", count, len(g.Pivots), ErrOptions)
	}
	n := uint32(g.Len())
	for _, pivot := range g.Pivots {
		if pivot >= n {
			return fmt.Errorf("pivot %d of %d rows: %w", pivot, n, ErrCorrupt)
		}
	}
	return nil
}

// WithPivots returns a graph of the same edges, in the same memory, whose searches start from so many of other pivots. What
// [SearchGraph.Repair] has done for its own pivots does not hold for these; it may be done for them.
func (g *SearchGraph) WithPivots(pivots, entries int) *SearchGraph {
	other := *g
	other.Pivots, other.Entries = spread(g.Len(), min(max(pivots, 0), g.Len())), entries
	return &other
}

// spread picks rows at equal intervals. Since rows are numbered by the leaves of a tree, that is a sample with a share for
// every region.
func spread(n, pivots int) []uint32 {
	rows := make([]uint32, pivots)
	for i := range rows {
		rows[i] = uint32((2*uint64(i) + 1) * uint64(n) / (2 * uint64(pivots)))
	}
	return rows
}

// tourAhead is among how many pivots the next one of a tour is looked for.
const tourAhead = 512

// tour puts pivots in an order in which each is followed by the nearest of the next ones that are left. Where near pivots follow one
// another, so do queries in the order of the pivots that are nearest to them.
func tour(ctx context.Context, points Points, pivots []uint32) ([]uint32, error) {
	pivots = slices.Clone(pivots)
	values := make([]float32, min(tourAhead, len(pivots)))
	for i := 1; i+1 < len(pivots); i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		left := pivots[i:min(i+tourAhead, len(pivots))]
		points.Distances(values[:len(left)], pivots[i-1], left)
		nearest := 0
		for j, value := range values[:len(left)] {
			if value < values[nearest] {
				nearest = j
			}
		}
		left[0], left[nearest] = left[nearest], left[0]
	}
	return pivots, nil
}
