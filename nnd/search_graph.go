package nnd

import "context"

// rowAlign is the multiple of edges that rows of adjacency are padded to: 64 bytes, one cache line.
const rowAlign = 16

// SearchGraph is a directed graph of bounded degree, made for walking towards a query. Every row can be reached from the pivots
// when [NewSearchGraph] made it.
//
// It may as well be put together from bytes of a file, mapped or not: no search writes to it, and whatever the numbers in
// it are, a search ends with an answer or with an error that wraps [ErrCorrupt]. Any number of goroutines may search it
// at once.
type SearchGraph struct {
	// Adjacency has the ends of the edges of row r at r*Stride, nearest first as far as they are not repairs, padded with r.
	Adjacency []uint32
	// Stride is the room for edges in a row, a multiple of 16.
	Stride int
	// Pivots are the rows whose distance to a query decides where its search starts.
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

// NewSearchGraph makes a search graph of a neighbor graph over the same points. Options.Neighbors, of which the degree bound
// is a multiple, is the graph's K when it is not set. When ctx ends, NewSearchGraph returns its error soon, with all goroutines gone.
// Other errors wrap [ErrOptions], [ErrTooMany] or, when graph and points do not fit, [ErrCorrupt].
func NewSearchGraph(ctx context.Context, points Points, graph *NeighborGraph, o Options) (*SearchGraph, error) {
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
	if err := connect(ctx, points, g, o, &done); err != nil {
		return nil, err
	}
	g.Stats.countEdges(g)
	g.Stats.Phases = done
	return g, nil
}

// WithPivots returns a graph of the same edges whose searches start from so many of other pivots. What [NewSearchGraph] promises of walks
// from its own does not hold for it.
func (g *SearchGraph) WithPivots(pivots, entries int) *SearchGraph {
	other := *g
	other.Pivots, other.Entries = spread(g.Len(), min(pivots, g.Len())), entries
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
