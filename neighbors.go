package store

import (
	"context"
	"iter"
)

// Neighbor is one of an item's nearest items.
type Neighbor struct {
	ID       string
	Distance float32 // true distance of the metric
}

// Neighbors are an item and its nearest items, nearest first, without itself.
type Neighbors struct {
	ID        string
	Neighbors []Neighbor
}

// NeighborGraph walks the neighbor graph: each item with the nearest items that
// Prepare found for it, IndexParams.Neighbors of them where there are so
// many. It is PyNNDescent's neighbor_graph without the item itself, which there
// comes first. The graph is read from the index as it is: items stored since
// the last Prepare are not in it, and deleted ones are left out, which leaves
// fewer neighbors than otherwise. A collection that has items but no index gives
// ErrNotPrepared. Order is that of the index, the same each time.
//
// An error ends the walk. The walk sees one consistent state; Close ends it with ErrClosed.
func (c *Collection) NeighborGraph(ctx context.Context) iter.Seq2[Neighbors, error] {
	return func(yield func(Neighbors, error) bool) {
		p, err := c.pin()
		if err == nil {
			defer p.release()
			if len(p.segments) == 0 && c.Len() > 0 {
				err = ErrNotPrepared
			}
		}
		if err != nil {
			yield(Neighbors{}, c.failed("walking the neighbor graph", err))
			return
		}
		for at := range p.rows() {
			list, err := at.neighbors(c)
			if err == nil {
				err = p.check(ctx)
			}
			if err != nil {
				yield(Neighbors{}, c.failed("walking the neighbor graph", err))
				return
			}
			if !yield(list, nil) {
				return
			}
		}
	}
}

// neighbors reads the list of one row.
func (at place) neighbors(c *Collection) (list Neighbors, err error) {
	err = at.segment.guard(func() error {
		list, err = at.readNeighbors(c)
		return err
	})
	return list, err
}

func (at place) readNeighbors(c *Collection) (Neighbors, error) {
	seg, k := at.segment, at.segment.Params().Neighbors
	id, err := seg.ID(at.row)
	if err != nil {
		return Neighbors{}, err
	}
	list := Neighbors{ID: string(id), Neighbors: make([]Neighbor, 0, k)}
	begin := int(at.row) * k
	for i, neighbor := range seg.NeighborRows()[begin : begin+k] {
		if neighbor == at.row {
			break // padding: there are no more
		}
		if at.dead != nil && at.dead.Contains(neighbor) {
			continue
		}
		id, err := seg.ID(neighbor)
		if err != nil {
			return Neighbors{}, err
		}
		distance := c.metric.Correct(seg.NeighborDistances()[begin+i])
		list.Neighbors = append(list.Neighbors, Neighbor{ID: string(id), Distance: distance})
	}
	return list, nil
}
