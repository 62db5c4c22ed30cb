package compaction

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/vicinaldb/store/internal/shares"
	"github.com/vicinaldb/store/nnd"
)

const (
	// wideEntries is how many of the nearest pivots searches start from where one often leads astray, and widePivots times the root of
	// the number of rows how many pivots there are then.
	wideEntries, widePivots = 4, 2
	// wideGain is by how much that must raise the recall of greedy searches in a graph before it is repaired. For text, whose rows lie
	// in many clusters, and whose searches are the shorter for it, it does so by .024 to .042, over seeds, samples, and half of the rows;
	// for words and for descriptors of photographs, whose searches are not, by .000 to .009.
	wideGain = 0.017
	// wideSample is how many rows are searched for, and wideNearest how many nearest of each.
	wideSample, wideNearest = 4096, 10
	// wideRows is how many of these rows goroutines take at a time.
	wideRows = 64
)

// searchGraph makes the search graph: with more pivots and several entries where these are better by searches of the graph before it is
// repaired for either, or an older segment says so. Where the pilot found neighbors easily, walks are so short that so many pivots
// would be most of a search. It is not asked when the caller named the neighbors or the pivots.
func (job Job) searchGraph(ctx context.Context, points nnd.Points, g *graphs, o nnd.Options) (err error) {
	if g.search, err = nnd.Diversify(ctx, points, g.neighbors, o); err != nil {
		return err
	}
	hard := g.dials.Sampled > 0 && g.dials.Recall < choices[0].recall
	if hard && o.Pivots == 0 && o.Entries == 0 {
		if err := g.chooseEntries(ctx, points, o.EnsureDefaults(points.Len()).Threads); err != nil {
			return fmt.Errorf("measuring entries: %w", err)
		}
	}
	return g.search.Repair(ctx, points, o)
}

// chooseEntries gives the search graph more pivots and several entries if these are better, or were when they were measured.
func (g *graphs) chooseEntries(ctx context.Context, points nnd.Points, threads int) (err error) {
	wide := g.search.WithPivots(int(math.Round(widePivots*math.Sqrt(float64(points.Len())))), wideEntries)
	if g.dials.Greedy == 0 && g.dials.Entries == 0 {
		if g.dials.Greedy, err = greedyRecall(ctx, points, g, g.search, threads); err != nil {
			return err
		}
		if g.dials.GreedyWide, err = greedyRecall(ctx, points, g, wide, threads); err != nil {
			return err
		}
		if g.dials.GreedyWide >= g.dials.Greedy+wideGain {
			g.dials.Entries = wideEntries
		}
	}
	if g.dials.Entries == wideEntries {
		g.search = wide
	}
	return nil
}

// greedyRecall is what share of the nearest of some rows greedy searches for these rows find. A row that is searched for cannot be
// walked through: else the edges that lead to it, which no other query has, would show the way.
func greedyRecall(ctx context.Context, points nnd.Points, g *graphs, search *nnd.SearchGraph, threads int) (float64, error) {
	n := points.Len()
	sample := min(wideSample, n)
	var found, all atomic.Int64
	err := shares.Do(ctx, threads, (sample+wideRows-1)/wideRows, func(piece int) error {
		var got []nnd.Candidate
		for i := piece * wideRows; i < min((piece+1)*wideRows, sample); i++ {
			row := uint32(i * n / sample)
			_, nearest := g.neighbors.Neighbors(row)
			if len(nearest) < wideNearest {
				continue
			}
			var err error
			if got, _, err = search.Search(ctx, nnd.Query{Scorer: heldOut{points, row}, K: wideNearest}, got[:0]); err != nil {
				return err
			}
			found.Add(int64(within(got, nearest[wideNearest-1])))
			all.Add(wideNearest)
		}
		return nil
	})
	return float64(found.Load()) / float64(max(all.Load(), 1)), err
}

// within counts candidates that are not beyond a distance.
func within(candidates []nnd.Candidate, distance float32) (count int) {
	for _, candidate := range candidates {
		if candidate.Distance <= distance {
			count++
		}
	}
	return count
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
