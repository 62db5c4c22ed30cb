package compaction

import (
	"context"
	"slices"

	"github.com/vicinaldb/store/nnd"
)

// Warm is an older segment of the same collection. Its neighbor lists save the work of finding them again.
type Warm struct {
	// Graph are its neighbor lists.
	Graph *nnd.NeighborGraph
	// LastSeq is the last sequence number that it covers: of the rows up to it, those that are alive are in it, unchanged.
	LastSeq uint64
	// Find looks up the row of an id.
	Find func(id string) (row uint32, found bool, err error)
	// Guard runs what reads Graph, and turns a fault into an error.
	Guard func(read func() error) error
}

// InitialList are neighbors of an item, by ids.
type InitialList struct {
	ID        string
	Neighbors []string
}

// findNeighbors builds the neighbor graph: from the lists of an older segment, from lists that were given, or from nothing.
func (job Job) findNeighbors(ctx context.Context, points nnd.Points, rows *loaded, g *graphs, o nnd.Options) (err error) {
	if job.Init != nil {
		if o.InitGraph, err = job.initialGraph(ctx, rows, g.order, o); err != nil {
			return err
		}
	} else if job.Warm != nil && job.Warm.Graph.K == o.EnsureDefaults(len(g.order)).Neighbors { // else what there is saves too little
		old, fresh, err := job.Warm.graph(rows, g.order)
		if err != nil {
			return err
		}
		g.reused = len(g.order) - len(fresh)
		g.neighbors, err = nnd.Update(ctx, points, old, fresh, o)
		return err
	}
	g.neighbors, err = nnd.Build(ctx, points, o)
	return err
}

// graph returns the older segment's lists under the numbers of the rows that are to be, and those of them that it lacks.
func (w *Warm) graph(rows *loaded, order []uint32) (old *nnd.NeighborGraph, fresh []uint32, err error) {
	to := make([]uint32, w.Graph.Len())
	for i := range to {
		to[i] = nnd.NoRow
	}
	for row, i := range order {
		if rows.sequences[i] > w.LastSeq {
			fresh = append(fresh, uint32(row))
			continue
		}
		was, found, err := w.Find(rows.id(i))
		if err != nil {
			return nil, nil, err
		}
		if !found {
			fresh = append(fresh, uint32(row))
			continue
		}
		to[was] = uint32(row)
	}
	err = w.Guard(func() error {
		old, err = w.Graph.Renumber(to, len(order))
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	old.Distances = nil // computed anew: what a file says may be wrong, and this is little of the work
	return old, fresh, nil
}

// initialGraph makes a graph of the lists that were given. Items and neighbors that are not there are passed over.
func (job Job) initialGraph(ctx context.Context, rows *loaded, order []uint32, o nnd.Options) (*nnd.NeighborGraph, error) {
	k := o.EnsureDefaults(len(order)).Neighbors
	numbers := make(map[string]uint32, len(order))
	for row, i := range order {
		numbers[rows.id(i)] = uint32(row)
	}
	g := &nnd.NeighborGraph{K: k, Rows: make([]uint32, len(order)*k)}
	for i := range g.Rows {
		g.Rows[i] = uint32(i / k)
	}
	for list, err := range job.Init {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		row, ok := numbers[list.ID]
		if !ok {
			continue
		}
		places := g.Rows[int(row)*k:][:0:k]
		for _, id := range list.Neighbors {
			number, ok := numbers[id]
			if ok && len(places) < k && number != row && !slices.Contains(places, number) {
				places = append(places, number)
			}
		}
	}
	return g, nil
}
