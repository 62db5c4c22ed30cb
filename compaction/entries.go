package compaction

import (
	"context"
	"fmt"
	"math"

	"github.com/vicinaldb/store/nnd"
)

const (
	// wideEntries is how many of the nearest pivots searches start from where one often leads astray, and widePivots times the root of
	// the number of rows how many pivots there are then.
	wideEntries, widePivots = 4, 2
	// wideGain is by how much that must raise the recall of greedy searches. It does so by .022 for text, whose rows lie in many
	// clusters, and whose searches are the shorter for it; by less than .01 for words, whose searches are not.
	wideGain = 0.02
	// wideSample is how many rows are searched for, and wideNearest how many nearest of each.
	wideSample, wideNearest = 2048, 10
)

// searchGraph makes the search graph: with more pivots and several entries where these are better by searches of a graph without
// them, or an older segment says so. Where the pilot found neighbors easily, walks are so short that so many pivots would be most of
// a search. It is not asked when the caller named the neighbors or the pivots.
func (job Job) searchGraph(ctx context.Context, points nnd.Points, g *graphs, o nnd.Options) (err error) {
	n := points.Len()
	hard := g.dials.Sampled > 0 && g.dials.Recall < choices[0].recall
	open := hard && o.Pivots == 0 && o.Entries == 0
	wide := o
	wide.Pivots, wide.Entries = int(math.Round(widePivots*math.Sqrt(float64(n)))), wideEntries
	if open && g.dials.Entries == wideEntries {
		o = wide
	}
	if g.search, err = nnd.NewSearchGraph(ctx, points, g.neighbors, o); err != nil || !open || g.dials.Greedy > 0 {
		return err
	}
	// Edges were added to lead from the pivots of this graph to what walks missed, so it is compared with others on both sides.
	one := g.search.WithPivots(len(g.search.Pivots)+1, 1)
	if g.dials.Greedy, err = greedyRecall(ctx, points, g.neighbors, one); err != nil {
		return err
	}
	if g.dials.GreedyWide, err = greedyRecall(ctx, points, g.neighbors, g.search.WithPivots(wide.Pivots, wideEntries)); err != nil {
		return err
	}
	if g.dials.GreedyWide < g.dials.Greedy+wideGain {
		return nil
	}
	g.dials.Entries, g.search = wideEntries, nil
	g.search, err = nnd.NewSearchGraph(ctx, points, g.neighbors, wide)
	return err
}

// greedyRecall is what share of the nearest of some rows greedy searches for these rows find. A row that is searched for cannot be
// walked through: else the edges that lead to it, which no other query has, would show the way.
func greedyRecall(ctx context.Context, points nnd.Points, lists *nnd.NeighborGraph, search *nnd.SearchGraph) (float64, error) {
	n := points.Len()
	sample, found, all := min(wideSample, n), 0, 0
	var got []nnd.Candidate
	for i := range sample {
		row := uint32(i * n / sample)
		_, nearest := lists.Neighbors(row)
		if len(nearest) < wideNearest {
			continue
		}
		var err error
		got, _, err = search.Search(ctx, nnd.Query{Scorer: heldOut{points, row}, K: wideNearest}, got[:0])
		if err != nil {
			return 0, fmt.Errorf("measuring entries: %w", err)
		}
		for _, candidate := range got {
			if candidate.Distance <= nearest[wideNearest-1] {
				found++
			}
		}
		all += wideNearest
	}
	return float64(found) / float64(max(all, 1)), nil
}

// heldOut is a query that is a row, for which that row is not there.
type heldOut struct {
	points nnd.Points
	row    uint32
}

// Score is nnd.Scorer's.
func (h heldOut) Score(dst []float32, rows []uint32) {
	h.points.Distances(dst, h.row, rows)
	for i, row := range rows {
		if row == h.row {
			dst[i] = float32(math.NaN())
		}
	}
}
