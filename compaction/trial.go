package compaction

import (
	"context"
	"slices"

	"github.com/vicinaldb/store/nnd"
)

// trial is what is known of codes of bytes that were too coarse.
type trial struct {
	stats CodeStats
	dials DialStats // of a trial of this very job

	// Of such a trial, the rows in the order they were read, the segment's row of each, and the neighbor graph by the
	// codes, if that is worth anything.
	sequences []uint64
	rowOf     []uint32
	neighbors *nnd.NeighborGraph
	reused    int // as in graphs
}

const (
	// trialGrowth is by what factor the rows must have grown before codes that were too coarse are tried again.
	trialGrowth = 2
	// heldEnough is what share of the nearest rows the lists by coarse codes must hold to be of use for finer ones.
	heldEnough = 0.995
)

// triedBefore is what the segment before says of codes of bytes, nothing if it has been outgrown.
func (job Job) triedBefore() (*trial, error) {
	before := job.Before.Codes
	if !before.Coarse || before.Of == 0 || job.Codes != "" {
		return new(trial), nil
	}
	live, err := job.live()
	if err != nil || live >= trialGrowth*before.Of {
		return new(trial), err
	}
	return &trial{stats: before}, nil
}

// fail notes that codes were too coarse.
func (t *trial) fail(rows *loaded, g *graphs) {
	t.stats, t.dials = g.stats, g.dials
	t.stats.Of = rows.len()
	if g.held >= heldEnough {
		t.sequences, t.rowOf, t.neighbors, t.reused = rows.sequences, invert(g.order), g.neighbors, g.reused
	}
}

// refine ranks the lists that coarse codes gave by what the rows are encoded with now. They lack next to none of the nearest, so that
// there is nothing to be found; what the first descent took is counted with what this takes.
func (t *trial) refine(ctx context.Context, points nnd.Points, rows *loaded, order []uint32, o nnd.Options) (*nnd.NeighborGraph, error) {
	to := make([]uint32, len(t.rowOf))
	for i := range to {
		to[i] = nnd.NoRow // died meanwhile
	}
	for row, i := range order {
		if was, ok := slices.BinarySearch(t.sequences, rows.sequences[i]); ok {
			to[t.rowOf[was]] = uint32(row)
		}
	}
	coarse, err := t.neighbors.Renumber(to, len(order))
	if err != nil {
		return nil, err
	}
	coarse.Distances = nil
	stats := t.neighbors.Stats
	t.neighbors = nil
	refined, err := nnd.Update(ctx, points, coarse, nil, o)
	if err != nil {
		return nil, err
	}
	stats.Distances += refined.Stats.Distances
	stats.Phases = append(stats.Phases, refined.Stats.Phases...)
	refined.Stats = stats
	return refined, nil
}
