package nnd

import "context"

// connector makes every row reachable from the pivots. It walks the graph breadth first and remembers the tree of the walk:
// the edges of the tree are what keeps reached rows reachable, so all others may be replaced.
//
// A row that the walk did not come to gets an edge from a near one that it did come to, and the walk goes on from there. It
// is done by one goroutine, in the order of rows.
type connector struct {
	points  Points
	graph   *SearchGraph
	parents []uint32 // where a row was reached from; itself for pivots
	reached []bool
	queue   []uint32
	search  Searcher
	stretch func(fast, epsilon float32) float32
}

// connect repairs the graph.
func connect(ctx context.Context, points Points, g *SearchGraph, o Options) error {
	n := g.Len()
	c := &connector{
		points: points, graph: g, stretch: o.Stretch,
		parents: make([]uint32, n), reached: make([]bool, n),
	}
	for _, pivot := range g.Pivots {
		c.reach(pivot, pivot)
	}
	report := reporter{stage: o.stage("connect", n, 1)}
	for row := range uint32(n) {
		c.walk()
		if !c.reached[row] {
			if err := c.link(ctx, row); err != nil {
				return err
			}
		}
		report.add(1)
	}
	c.walk()
	return ctx.Err()
}

// reach notes that there is a way to a row, by an edge from another.
func (c *connector) reach(row, from uint32) {
	if !c.reached[row] {
		c.reached[row], c.parents[row] = true, from
		c.queue = append(c.queue, row)
	}
}

// walk reaches what can be reached.
func (c *connector) walk() {
	for len(c.queue) > 0 {
		row := c.queue[len(c.queue)-1]
		c.queue = c.queue[:len(c.queue)-1]
		for _, id := range c.graph.Edges(row) {
			c.reach(id, row)
		}
	}
}

// link gives an unreached row an edge from a reached one, and one back.
func (c *connector) link(ctx context.Context, row uint32) error {
	from, slot, err := c.source(ctx, row)
	if err != nil {
		return err
	}
	c.graph.room(from)[slot] = row
	c.reach(row, from)
	if edges := c.graph.room(row); !contains(edges, from) {
		edges[c.slot(row)] = from
	}
	return nil
}

// source finds the reached row that is to lead to an unreached one, and the slot for the edge: one of the rows that row
// leads to, else one that a search for row finds, else any.
func (c *connector) source(ctx context.Context, row uint32) (from uint32, slot int, err error) {
	for _, id := range c.graph.Edges(row) {
		if slot := c.slot(id); c.reached[id] && slot >= 0 {
			return id, slot, nil
		}
	}
	found, _, err := c.search.Search(ctx, c.graph, Query{
		Scorer: &rowScorer{c.points, row}, K: connectK, Epsilon: connectEpsilon, Stretch: c.stretch,
	}, nil)
	if err != nil {
		return 0, 0, err
	}
	for _, candidate := range found {
		if slot := c.slot(candidate.Row); slot >= 0 {
			return candidate.Row, slot, nil
		}
	}
	for id := range c.reached {
		if slot := c.slot(uint32(id)); c.reached[id] && slot >= 0 {
			return uint32(id), slot, nil
		}
	}
	panic("nnd: a tree over fewer rows than slots uses all slots")
}

// How thoroughly a row to connect is searched.
const (
	connectK       = 16
	connectEpsilon = 0.1
)

// slot is where a row can take another edge: the first free slot, else the last edge that is not of the tree, else -1.
func (c *connector) slot(row uint32) int {
	edges := c.graph.room(row)
	spare := -1
	for i, id := range edges {
		if id == row {
			return i
		}
		if c.parents[id] != row || !c.reached[id] {
			spare = i
		}
	}
	return spare
}

func contains(edges []uint32, row uint32) bool {
	for _, id := range edges {
		if id == row {
			return true
		}
	}
	return false
}
