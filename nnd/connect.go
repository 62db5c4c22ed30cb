package nnd

import (
	"context"
	"slices"
)

// connector repairs a search graph, in two steps.
//
// First, every row is searched for, as a query equal to it would be. A row that is not found gets an edge from where the search
// ended, so that the next one finds it: see guide.go. That joins clusters which the neighbor lists leave apart, at the very
// place where walks towards them come to a halt, and it is what lets a search do with few pivots.
//
// Then every row is made reachable from the pivots, which is no longer a matter of luck: the connector walks the graph and
// remembers the tree of its walk. A row that the walk did not come to gets an edge from a near one that it did come
// to. Edges of the tree keep reached rows reachable; all others may be replaced where there is no room.
//
// The searches that this could lead astray, and those that there was no room for before, are made again.
type connector struct {
	points  Points
	graph   *SearchGraph
	options Options

	paths   [][]uint32 // rows that the search for each row expanded before it found that
	changed []bool     // rows whose edges changed since searches were made

	straight []uint32            // of rows that the narrowest search found: how many entries their paths begin with; 0 of others
	edited   []bool              // rows whose edges ever changed
	added    map[uint32][]uint32 // the ends of edges that were added, by the rows that they come from
	replaced map[uint32]bool     // rows of which an edge was given up

	parents []uint32 // where a row was reached from; itself for pivots
	reached []bool
	stack   []uint32 // reached rows whose edges were not followed yet
}

func newConnector(points Points, g *SearchGraph, o Options) *connector {
	n := g.Len()
	return &connector{
		points: points, graph: g, options: o,
		paths: make([][]uint32, n), changed: make([]bool, n),
		straight: make([]uint32, n), edited: make([]bool, n), added: map[uint32][]uint32{}, replaced: map[uint32]bool{},
		parents: make([]uint32, n), reached: make([]bool, n),
	}
}

// connect repairs the graph, and notes what that took.
func connect(ctx context.Context, points Points, g *SearchGraph, o Options, done *phases) error {
	c, lost := newConnector(points, g, o), []uint32(nil)
	err := done.run("guide", func() (err error) { lost, err = c.guideAll(ctx); return err })
	if err == nil {
		err = done.run("connect", func() error { return c.reachAll(ctx, "connect") })
	}
	if err != nil {
		return err
	}
	return done.run("seek", func() error {
		if err := c.guideAgain(ctx, lost); err != nil {
			return err
		}
		clear(c.reached) // rows that are found can be reached; this is for those that no search compares
		return c.reachAll(ctx, "")
	})
}

// reachAll makes every row reachable from the pivots.
func (c *connector) reachAll(ctx context.Context, name string) error {
	for _, pivot := range c.graph.Pivots {
		c.reach(pivot, pivot)
	}
	n := c.graph.Len()
	report := reporter{stage: c.options.stage(name, n, 1)}
	for row := range uint32(n) {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.walk()
		if !c.reached[row] {
			if err := c.link(ctx, row); err != nil {
				return err
			}
		}
		report.add(1)
	}
	return nil
}

// reach notes that there is a way to a row, by an edge from another.
func (c *connector) reach(row, from uint32) {
	if !c.reached[row] {
		c.reached[row], c.parents[row] = true, from
		c.stack = append(c.stack, row)
	}
}

// walk reaches what can be reached.
func (c *connector) walk() {
	for len(c.stack) > 0 {
		row := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		for _, id := range c.graph.Edges(row) {
			c.reach(id, row)
		}
	}
}

// link gives an unreached row an edge from a reached one, and one back if it has room.
func (c *connector) link(ctx context.Context, row uint32) error {
	from, slot, err := c.source(ctx, row)
	if err != nil {
		return err
	}
	c.lay(from, slot, row)
	c.graph.Stats.ConnectEdges++
	c.reach(row, from)
	room := c.graph.room(row)
	if free := slices.Index(room, row); free >= 0 && !slices.Contains(room, from) {
		c.lay(row, free, from)
		c.graph.Stats.ConnectEdges++
	}
	return nil
}

// lay puts an edge from a row to another in a slot, and notes what that may change for searches.
func (c *connector) lay(from uint32, slot int, to uint32) {
	room := c.graph.room(from)
	if room[slot] == from {
		c.added[from] = append(c.added[from], to)
	} else {
		c.replaced[from] = true
	}
	room[slot] = to
	c.changed[from], c.edited[from] = true, true
}

// source finds the reached row that is to lead to an unreached one, and the slot for the edge: one of the rows that row
// leads to, else one that a search for row finds, else any.
func (c *connector) source(ctx context.Context, row uint32) (from uint32, slot int, err error) {
	for _, id := range c.graph.Edges(row) {
		if slot := c.slot(id); slot >= 0 {
			return id, slot, nil
		}
	}
	query := Query{Scorer: &rowScorer{c.points, row}, K: rowAlign, Stretch: c.options.Stretch}
	found, _, err := c.graph.Search(ctx, query, nil)
	if err != nil {
		return 0, 0, err
	}
	for _, candidate := range found {
		if slot := c.slot(candidate.Row); slot >= 0 {
			return candidate.Row, slot, nil
		}
	}
	for id := range c.reached {
		if slot := c.slot(uint32(id)); slot >= 0 {
			return uint32(id), slot, nil
		}
	}
	panic("a tree of fewer edges than rows fills all slots of all rows")
}

// slot is where a row that was reached can take another edge: the first free slot, else the last edge that is not of the
// tree. It is -1 when there is none, or the row was not reached.
func (c *connector) slot(row uint32) int {
	if !c.reached[row] {
		return -1
	}
	spare := -1
	for i, id := range c.graph.room(row) {
		if id == row {
			return i
		}
		if c.parents[id] != row {
			spare = i
		}
	}
	return spare
}
