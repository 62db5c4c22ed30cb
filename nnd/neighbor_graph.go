package nnd

import (
	"context"
	"fmt"
	"math"
)

// NeighborGraph has, for every row, its nearest rows. They are approximate when there are many: a few in a thousand
// are missing, farther ones in their place.
type NeighborGraph struct {
	// K is how many neighbors a row has room for.
	K int
	// Rows are the neighbors, K for each row, nearest first. A row is no neighbor of itself: where there are fewer than K,
	// the rest is the row's own number.
	Rows []uint32
	// Distances are those of Rows in the fast form, +Inf where there is no neighbor.
	Distances []float32
	// Stats tell how the graph was found.
	Stats BuildStats
}

// Len is the number of rows.
func (g *NeighborGraph) Len() int {
	if g.K == 0 {
		return 0
	}
	return len(g.Rows) / g.K
}

// Neighbors are the nearest rows of a row and their distances, without padding. They are views of the graph.
func (g *NeighborGraph) Neighbors(row uint32) ([]uint32, []float32) {
	start := int(row) * g.K
	rows, distances := g.Rows[start:start+g.K:start+g.K], g.Distances[start:start+g.K:start+g.K]
	for i, id := range rows {
		if id == row {
			return rows[:i:i], distances[:i:i]
		}
	}
	return rows, distances
}

// check returns an error that wraps ErrCorrupt if this is no graph over n rows.
func (g *NeighborGraph) check(n int) error {
	if err := g.checkShape(n); err != nil {
		return err
	}
	if g.Distances == nil && len(g.Rows) > 0 {
		return fmt.Errorf("neighbor graph without distances: %w", ErrCorrupt)
	}
	for i, id := range g.Rows {
		if uint64(id) >= uint64(n) {
			return fmt.Errorf("neighbor %d of row %d of %d: %w", id, i/g.K, n, ErrCorrupt)
		}
	}
	return nil
}

// checkShape is the part of check that looks at lengths alone. There may be no distances.
func (g *NeighborGraph) checkShape(n int) error {
	if g.K < 0 || g.K > math.MaxInt32 || int64(len(g.Rows)) != int64(n)*int64(g.K) || g.Distances != nil && len(g.Distances) != len(g.Rows) {
		return fmt.Errorf("neighbor graph of %d rows and %d distances, %d for each of %d: %w", len(g.Rows), len(g.Distances), g.K, n, ErrCorrupt)
	}
	return nil
}

// Build finds the nearest neighbors of every row: by comparing all pairs when that is cheaper, else by nearest neighbor
// descent from the leaves of hyperplane trees, or from what [Options] say. When ctx ends, Build returns its error soon, with all
// goroutines gone. Other errors wrap [ErrOptions], [ErrTooMany] or, when Options.InitGraph is no graph over the points,
// [ErrCorrupt].
func Build(ctx context.Context, points Points, o Options) (*NeighborGraph, error) {
	o, err := o.prepare(points.Len())
	if err != nil {
		return nil, err
	}
	b := newBuilder(points, o)
	if o.InitGraph != nil {
		if err := b.load(ctx, o.InitGraph, isNew, nil); err != nil {
			return nil, err
		}
	}
	if err := b.find(ctx); err != nil {
		return nil, err
	}
	return b.graph(ctx)
}

// newNeighborGraph has room for the neighbors of n rows.
func newNeighborGraph(n, k int) *NeighborGraph {
	return &NeighborGraph{K: k, Rows: make([]uint32, n*k), Distances: make([]float32, n*k)}
}

// set unpacks the list of one row and pads it.
func (g *NeighborGraph) set(row uint32, l list) {
	start := int(row) * g.K
	rows, distances := g.Rows[start:start+g.K], g.Distances[start:start+g.K]
	for i := range rows {
		rows[i], distances[i] = row, float32(math.Inf(1))
	}
	for i, name := range l.names {
		rows[i], distances[i] = named(row, name), l.distance(i)
	}
}
