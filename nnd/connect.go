package nnd

import (
	"context"
	"slices"
)

// connector repairs a search graph, in three steps.
//
// First, every row is searched for, greedily, as a query equal to it would be. A row that is not found gets an edge from where
// the search ended, so that the next one finds it. That joins clusters which the neighbor lists leave apart, at the very
// place where walks towards them come to a halt, and it is what lets a search do with few pivots.
//
// Then every row is made reachable from the pivots, which is no longer a matter of luck: the connector walks the graph and
// remembers the tree of its walk. A row that the walk did not come to gets an edge from a near one that it did come
// to. Edges of the tree keep reached rows reachable; all others may be replaced where there is no room.
//
// At last every row is searched for until every one is found by the narrowest search there is: see seek.go.
type connector struct {
	points  Points
	graph   *SearchGraph
	options Options

	parents []uint32 // where a row was reached from; itself for pivots
	reached []bool
	stack   []uint32 // reached rows whose edges were not followed yet
}

// connect repairs the graph, and notes what that took.
func connect(ctx context.Context, points Points, g *SearchGraph, o Options, done *phases) error {
	n := g.Len()
	c := &connector{points: points, graph: g, options: o, parents: make([]uint32, n), reached: make([]bool, n)}
	if err := done.run("guide", func() error { return c.guideRows(ctx) }); err != nil {
		return err
	}
	if err := done.run("connect", func() error { return c.reachAll(ctx) }); err != nil {
		return err
	}
	return done.run("seek", func() error { return c.seekRows(ctx) })
}

// guideRows is the first step.
func (c *connector) guideRows(ctx context.Context) error {
	for pass := range guidePasses {
		added, err := c.guideAll(ctx, pass)
		if err != nil {
			return err
		}
		c.graph.Stats.GuideEdges += added
		if added <= c.graph.Len()/guideEnough {
			break
		}
	}
	return nil
}

const (
	// guideK is for how many results rows are searched in the first step. With fewer the searches would be shorter, but so
	// narrow that many rows get an edge that no search with a common k needs.
	guideK = 3
	// guideRounds is into how many rounds the rows are divided. Those of one round are searched for in the same graph, so
	// they are taken from all over it: else all rows of a lost cluster would get an edge where one would do.
	guideRounds = 64
	// guidePasses is how often the rows are gone over, at most. An edge that leads one search to its end can lead another
	// astray, so where many were added it is worth looking again: where they are more than one in guideEnough rows.
	guidePasses, guideEnough = 3, 20
)

// guideAll makes sure that greedy searches find what they search for, and counts the edges it took.
func (c *connector) guideAll(ctx context.Context, pass int) (added int, err error) {
	n := c.graph.Len()
	ends := make([][]uint32, (n+guideRounds-1)/guideRounds)
	for round := range min(guideRounds, n) {
		size := (n - round + guideRounds - 1) / guideRounds
		stage := c.options.stage("guide", size, 16)
		stage.round = pass*guideRounds + round + 1
		err = stage.run(ctx, func() func(lo, hi int) {
			s := seeker{connector: c, scorer: rowScorer{points: c.points}, k: guideK}
			return func(lo, hi int) {
				for i := lo; i < hi; i++ {
					ends[i] = s.end(ends[i][:0], uint32(round+i*guideRounds))
				}
			}
		})
		if err != nil {
			return added, err
		}
		for i, end := range ends[:size] {
			if c.guide(uint32(round+i*guideRounds), end) {
				added++
			}
		}
	}
	return added, nil
}

// guide adds an edge to a row from the first of ends that has room, and says whether it did. There are none when it was found.
func (c *connector) guide(row uint32, ends []uint32) bool {
	for _, end := range ends {
		room := c.graph.room(end)
		if free := slices.Index(room, end); free >= 0 {
			room[free] = row
			return true
		}
	}
	return false
}

// reachAll makes every row reachable from the pivots.
func (c *connector) reachAll(ctx context.Context) error {
	for _, pivot := range c.graph.Pivots {
		c.reach(pivot, pivot)
	}
	n := c.graph.Len()
	report := reporter{stage: c.options.stage("connect", n, 1)}
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
	c.graph.room(from)[slot] = row
	c.graph.Stats.ConnectEdges++
	c.reach(row, from)
	room := c.graph.room(row)
	if free := slices.Index(room, row); free >= 0 && !slices.Contains(room, from) {
		room[free] = from
		c.graph.Stats.ConnectEdges++
	}
	return nil
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
