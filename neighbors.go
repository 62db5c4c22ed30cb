package store

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/vicinaldb/store/nnd"
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
// fewer neighbors than otherwise. Where the index was built by codes that have lost something, the nearest by the vectors are
// taken among the neighbors and their neighbors, which costs some hundred distances an item. Order is
// that of the index, the same each time.
//
// A collection that has items but no index gives ErrNotPrepared, one whose index was built with IndexParams.SearchOnly, and so has no
// neighbor lists, ErrSearchOnly, and one whose metric is not registered in this program ErrUnknownMetric.
//
// An error ends the walk. One of damage, ErrCorrupt, has the index set aside as a query does, but the walk is not begun again: after
// the next Prepare there is a graph to walk. The walk sees one consistent state; Close ends it with ErrClosed.
func (c *Collection) NeighborGraph(ctx context.Context) iter.Seq2[Neighbors, error] {
	return func(yield func(Neighbors, error) bool) {
		p, err := c.pin()
		if err == nil {
			defer p.release()
			err = cmp.Or(p.check(ctx), p.checkGraph())
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
				c.setAside(ctx, err) // there is no trying again: what was walked is from the damaged index
				yield(Neighbors{}, c.failed("walking the neighbor graph", err))
				return
			}
			if !yield(list, nil) {
				return
			}
		}
	}
}

// checkGraph says why there is no neighbor graph to walk.
func (p *pinned) checkGraph() error {
	if p.c.unknown != nil {
		return p.c.unknown
	}
	if len(p.segments) == 0 && p.c.Len() > 0 {
		return ErrNotPrepared
	}
	for _, seg := range p.segments {
		if seg.Rows() > 0 && seg.Params().Neighbors == 0 {
			return ErrSearchOnly
		}
	}
	return nil
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
	found, err := at.ranked(k, c.codec.Reranked())
	if err != nil {
		return Neighbors{}, err
	}
	for _, neighbor := range found {
		id, err := seg.ID(neighbor.Row)
		if err != nil {
			return Neighbors{}, err
		}
		list.Neighbors = append(list.Neighbors, Neighbor{ID: string(id), Distance: c.codec.Correct(neighbor.Distance)})
	}
	return list, nil
}

// ranked are the live neighbors of a row with their distances in the metric. Codes that have lost something put some of the
// nearest rows just behind the last neighbor; those are found among the neighbors of neighbors. With a proxy, whose metric is
// expensive, it is the neighbors alone.
func (at place) ranked(k int, proxied bool) ([]nnd.Candidate, error) {
	found, err := at.found(k)
	if err != nil || !at.segment.codec.Reranked() {
		return found, err
	}
	if !proxied && len(found) == k {
		if found, err = at.around(found, k); err != nil {
			return nil, err
		}
	}
	ranked, err := at.rank(found)
	return ranked[:min(k, len(ranked))], err
}

// around are neighbors of a row and their neighbors, each once and without the row.
func (at place) around(found []nnd.Candidate, k int) ([]nnd.Candidate, error) {
	all := slices.Clone(found)
	for _, neighbor := range found {
		further, err := place{segment: at.segment, row: neighbor.Row, dead: at.dead}.found(k)
		if err != nil {
			return nil, err
		}
		all = append(all, further...)
	}
	slices.SortFunc(all, func(a, b nnd.Candidate) int { return cmp.Compare(a.Row, b.Row) })
	all = slices.CompactFunc(all, func(a, b nnd.Candidate) bool { return a.Row == b.Row })
	return slices.DeleteFunc(all, func(c nnd.Candidate) bool { return c.Row == at.row }), nil
}

// found are the live neighbors of a row, as the segment keeps them.
func (at place) found(k int) (found []nnd.Candidate, err error) {
	begin := int(at.row) * k
	distances := at.segment.NeighborDistances()[begin : begin+k]
	for i, neighbor := range at.segment.NeighborRows()[begin : begin+k] {
		switch {
		case neighbor == at.row:
			return found, nil // padding: there are no more
		case uint64(neighbor) >= uint64(at.segment.Rows()):
			return nil, fmt.Errorf("neighbor %d of row %d: %w", neighbor, at.row, ErrCorrupt)
		case at.dead != nil && at.dead.Contains(neighbor):
			continue
		}
		found = append(found, nnd.Candidate{Row: neighbor, Distance: distances[i]})
	}
	return found, nil
}

// rank gives neighbors that were found by a proxy or by codes their exact distances, and brings them in order.
func (at place) rank(found []nnd.Candidate) ([]nnd.Candidate, error) {
	vector, err := at.segment.rows.Vector(at.row)
	if err != nil {
		return nil, err
	}
	scorer := at.segment.scorers.Get().(*segmentScorer)
	scorer.Prepare(vector)
	r := ranking{found: found}
	r.rank(scorer, &query{k: len(found)}, nil)
	at.segment.scorers.Put(scorer) // not after a fault
	return r.found, nil
}
