package nnd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// NeighborGraph returns the nearest rows found of every row, with true distances; where graphs are built by a proxy, they are
// compared again in the metric itself and sorted anew. It is a copy: the caller may keep and change it. It is nil after Compress.
func (x *Index[V]) NeighborGraph() *NeighborGraph {
	s := x.state.Load()
	if s.neighbors == nil {
		return nil
	}
	return s.outside(x.options)
}

// CSR returns the neighbor graph with true distances as compressed sparse rows, the form in which libraries for layouts and
// clusterings take it. With includeSelf each row is its own first neighbor, at distance 0, as in PyNNDescent's graphs. It is nil
// after Compress.
func (x *Index[V]) CSR(includeSelf bool) *CSR {
	g := x.NeighborGraph()
	if g == nil {
		return nil
	}
	return g.CSR(includeSelf, nil)
}

// JoinedCSR returns the graph of CSR made undirected and connected, for layouts and clusterings that ask for one component: each
// edge is there in both directions, and the shortest edges found between components are added, see [Join]. Neighbors are
// in ascending order of their rows. Finding these edges is faster after Prepare, where components are large. When ctx ends, JoinedCSR returns its
// error soon; after Compress the error wraps [ErrSearchOnly].
func (x *Index[V]) JoinedCSR(ctx context.Context) (*CSR, error) {
	s := x.state.Load()
	if s.neighbors == nil {
		return nil, fmt.Errorf("joining the neighbor graph: %w", ErrSearchOnly)
	}
	joined, err := Join(ctx, s.rows, s.neighbors.CSR(false, nil), s.search, s.options(x.options))
	if err != nil {
		return nil, err
	}
	return s.outsideCSR(joined), nil
}

// outsideCSR is a graph as the caller knows it: by the caller's numbers, with true distances.
func (s *indexState) outsideCSR(c *CSR) *CSR {
	g := &CSR{Offsets: make([]int, 1, len(c.Offsets)), Rows: make([]uint32, 0, len(c.Rows)), Distances: make([]float32, 0, len(c.Rows))}
	scorer := s.rows.Scorer()
	var list []Candidate
	for _, row := range s.place {
		rows, distances := c.Neighbors(row)
		s.trueDistances(distances, row, rows, scorer)
		list = list[:0]
		for i, id := range rows {
			list = append(list, Candidate{Row: s.order[id], Distance: distances[i]})
		}
		slices.SortFunc(list, func(a, b Candidate) int { return cmp.Compare(a.Row, b.Row) })
		for _, neighbor := range list {
			g.Rows, g.Distances = append(g.Rows, neighbor.Row), append(g.Distances, neighbor.Distance)
		}
		g.Offsets = append(g.Offsets, len(g.Rows))
	}
	return g
}
