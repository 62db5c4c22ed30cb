package nnd

import (
	"context"
	"fmt"
	"slices"
)

// rowAlign is the multiple of edges that rows of adjacency are padded to: 64 bytes, one cache line.
const rowAlign = 16

// SearchGraph is a directed graph of bounded degree, made for walking towards a query. Every row can be reached from the pivots
// when [NewSearchGraph] made it, or [SearchGraph.Repair] has mended it.
//
// It may as well be put together from bytes of a file, mapped or not: no search writes to it, and whatever the numbers in
// it are, a search ends with an answer or with an error that wraps [ErrCorrupt]. Any number of goroutines may search it
// at once.
type SearchGraph struct {
	// Adjacency has the ends of the edges of row r at r*Stride, nearest first as far as they are not repairs, padded with r.
	Adjacency []uint32
	// Stride is the room for edges in a row, a multiple of 16.
	Stride int
	// Pivots are the rows whose distance to a query decides where its search starts. They are in any order; [SearchGraph.Repair] has near ones
	// follow one another.
	Pivots []uint32
	// Entries is how many of the nearest pivots a search expands before it looks at any bound. With 0 it is one, the nearest.
	Entries int
	// Stats tell how the graph was made. No search looks at them.
	Stats GraphStats
}

// Len is the number of rows.
func (g *SearchGraph) Len() int {
	if g.Stride <= 0 {
		return 0
	}
	return len(g.Adjacency) / g.Stride
}

// Edges are the ends of the edges of a row, a view without padding.
func (g *SearchGraph) Edges(row uint32) []uint32 {
	edges := g.room(row)
	for i, id := range edges {
		if id == row {
			return edges[:i:i]
		}
	}
	return edges
}

// room is all of a row's adjacency.
func (g *SearchGraph) room(row uint32) []uint32 {
	start := int(row) * g.Stride
	return g.Adjacency[start : start+g.Stride : start+g.Stride]
}

// ends is room with one left of the equal numbers at its end. Padding takes longer to look up as visited than edges do, for each number of it
// is looked up where the one before is just being entered; and it is a third of the room where neighbors are easy to find.
func (g *SearchGraph) ends(row uint32) []uint32 {
	room := g.room(row)
	last := len(room) - 1
	for last > 0 && room[last-1] == room[last] {
		last--
	}
	return room[:last+1]
}

// NewSearchGraph makes a search graph of a neighbor graph over the same points: [Diversify] and [SearchGraph.Repair] in one.
// Options.Neighbors, of which the degree bound is a multiple, is the graph's K when it is not set. When ctx ends, NewSearchGraph returns its
// error soon, with all goroutines gone. Other errors wrap [ErrOptions], [ErrTooMany] or, when graph and points do not fit, [ErrCorrupt].
func NewSearchGraph(ctx context.Context, points Points, graph *NeighborGraph, o Options) (*SearchGraph, error) {
	g, err := Diversify(ctx, points, graph, o)
	if err != nil {
		return nil, err
	}
	if err := g.Repair(ctx, points, o); err != nil {
		return nil, err
	}
	return g, nil
}

// Diversify makes what [NewSearchGraph] makes, but for the repair: walks from the pivots do not come to every row yet. Edges do not depend
// on pivots, so others may be tried, by [SearchGraph.WithPivots], before [SearchGraph.Repair]. Its errors are those of NewSearchGraph.
func Diversify(ctx context.Context, points Points, graph *NeighborGraph, o Options) (*SearchGraph, error) {
	n := points.Len()
	if o.Neighbors == 0 && graph.K > 0 {
		o.Neighbors = graph.K
	}
	o, err := o.prepare(n)
	if err != nil {
		return nil, err
	}
	if err := graph.check(n); err != nil {
		return nil, err
	}
	var done phases
	d, g := newDiversifier(points, graph, o), (*SearchGraph)(nil)
	if err := done.run("prune", func() error { return d.pruneNeighbors(ctx, graph) }); err != nil {
		return nil, err
	}
	err = done.run("reverse", func() (err error) { g, err = d.addReverse(ctx); return err })
	if err != nil {
		return nil, err
	}
	g.Pivots, g.Entries = spread(n, o.Pivots), o.Entries
	g.Stats.countParts(g)
	g.Stats.countEdges(g)
	g.Stats.Phases = done
	return g, nil
}

// Repair adds edges, in place of others where there is no room, so that walks from the pivots of the graph find every row, and can reach
// every row. It writes to Adjacency and to Stats, and puts the pivots in another order; nothing else may use the graph meanwhile, nor another
// one in the same memory. Of the options it looks at Stretch, Threads and Progress. When ctx ends, Repair returns its error soon, with all
// goroutines gone. Other errors wrap [ErrOptions] or, when graph and points do not fit, [ErrCorrupt]. After an error the graph is of no more
// use.
func (g *SearchGraph) Repair(ctx context.Context, points Points, o Options) error {
	if err := o.Validate(); err != nil {
		return err
	}
	if err := g.check(points.Len()); err != nil {
		return err
	}
	var done phases
	if err := connect(ctx, points, g, o.EnsureDefaults(g.Len()), &done); err != nil {
		return err
	}
	pivots, err := tour(ctx, points, g.Pivots)
	if err != nil {
		return err
	}
	g.Pivots = pivots
	g.Stats.countEdges(g)
	g.Stats.Phases = append(slices.Clip(g.Stats.Phases), done...)
	return nil
}

// check returns an error that wraps ErrCorrupt if this is no graph over n rows.
func (g *SearchGraph) check(n int) error {
	if g.Len() != n || g.Stride*n != len(g.Adjacency) || uint64(n) > MaxRows {
		return fmt.Errorf("adjacency of %d with stride %d for %d rows: %w", len(g.Adjacency), g.Stride, n, ErrCorrupt)
	}
	if len(g.Pivots) == 0 && n > 0 {
		return fmt.Errorf("search graph of %d rows without pivots: %w", n, ErrCorrupt)
	}
	for _, rows := range [][]uint32{g.Pivots, g.Adjacency} {
		for _, row := range rows {
			if uint64(row) >= uint64(n) {
				return fmt.Errorf("row %d of %d in a search graph: %w", row, n, ErrCorrupt)
			}
		}
	}
	return nil
}
