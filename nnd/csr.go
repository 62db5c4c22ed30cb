package nnd

import (
	"fmt"
	"slices"
)

// CSR is a graph with distances in compressed sparse rows, the form in which sparse matrix libraries, clusterings and layouts
// take graphs. The neighbors of row r are Rows[Offsets[r]:Offsets[r+1]], and their distances are at the same places.
//
// One that was not made by this package is to be tested with [CSR.Check] first: the other methods may panic on what is no
// graph.
type CSR struct {
	// Offsets are where the neighbors of each row begin, and the end of the last; one more than there are rows.
	Offsets []int
	// Rows are the neighbors.
	Rows []uint32
	// Distances are those of Rows.
	Distances []float32
}

// CSR returns the graph in compressed sparse rows, which share no memory with it. Neighbors stay nearest first. With includeSelf
// each row is its own first neighbor, at distance 0. The function correct, such as the Correct of a metric, makes a true
// distance of one in the fast form; nil leaves the fast form.
func (g *NeighborGraph) CSR(includeSelf bool, correct func(fast float32) float32) *CSR {
	n := g.Len()
	c := &CSR{Offsets: make([]int, 1, n+1)}
	for row := range uint32(n) {
		rows, distances := g.Neighbors(row)
		if includeSelf {
			c.Rows, c.Distances = append(c.Rows, row), append(c.Distances, 0)
		}
		c.Rows = append(c.Rows, rows...)
		for _, distance := range distances {
			c.Distances = append(c.Distances, corrected(distance, correct))
		}
		c.Offsets = append(c.Offsets, len(c.Rows))
	}
	return c
}

// Correct returns the graph with correct of every distance, but 0 where a row is its own neighbor. The result shares
// Offsets and Rows with c.
func (c *CSR) Correct(correct func(fast float32) float32) *CSR {
	distances := make([]float32, len(c.Distances))
	for row := range uint32(c.Len()) {
		for i := c.Offsets[row]; i < c.Offsets[row+1]; i++ {
			if c.Rows[i] != row {
				distances[i] = corrected(c.Distances[i], correct)
			}
		}
	}
	return &CSR{Offsets: c.Offsets, Rows: c.Rows, Distances: distances}
}

func corrected(distance float32, correct func(float32) float32) float32 {
	if correct == nil {
		return distance
	}
	return correct(distance)
}

// Len is the number of rows.
func (c *CSR) Len() int { return max(0, len(c.Offsets)-1) }

// Neighbors are the neighbors of a row and their distances. They are views of the graph.
func (c *CSR) Neighbors(row uint32) ([]uint32, []float32) {
	start, end := c.Offsets[row], c.Offsets[row+1]
	return c.Rows[start:end:end], c.Distances[start:end:end]
}

// Check returns an error that wraps [ErrCorrupt] if this is no graph: offsets that descend or do not cover Rows and
// Distances, or numbers of rows that do not exist. A row may have a neighbor twice, and distances may be anything. The zero
// value is the graph of no rows.
func (c *CSR) Check() error {
	if uint64(c.Len()) > MaxRows || len(c.Distances) != len(c.Rows) {
		return fmt.Errorf("sparse rows: %d rows, %d neighbors, %d distances: %w", c.Len(), len(c.Rows), len(c.Distances), ErrCorrupt)
	}
	last := 0
	for row, offset := range c.Offsets {
		if offset < last || row == 0 && offset != 0 {
			return fmt.Errorf("sparse rows: offset %d of row %d after %d: %w", offset, row, last, ErrCorrupt)
		}
		last = offset
	}
	if last != len(c.Rows) {
		return fmt.Errorf("sparse rows: offsets end at %d of %d neighbors: %w", last, len(c.Rows), ErrCorrupt)
	}
	for _, id := range c.Rows {
		if uint64(id) >= uint64(c.Len()) {
			return fmt.Errorf("sparse rows: neighbor %d of %d rows: %w", id, c.Len(), ErrCorrupt)
		}
	}
	return nil
}

// Symmetrize returns the undirected graph: what is a neighbor in c in either direction is one in both, once, at the same
// distance; where there are several, at the least. Neighbors are in ascending order of their rows, as sparse matrix libraries
// have them in canonical form. A row that is its own neighbor stays so.
func (c *CSR) Symmetrize() *CSR { return symmetric(c, nil) }

// link is an undirected edge.
type link struct {
	a, b     uint32
	distance float32
}

// symmetric is the union of a graph, of its transpose, and of links.
func symmetric(c *CSR, links []link) *CSR {
	n := c.Len()
	// A key is a row and the sortable form of its distance: neighbors in order, and of one neighbor the nearest first.
	keys := newIncoming[uint64](n)
	edges := keys.newParcel()
	edge := func(a, b uint32, distance float32) {
		edges.put(a, uint64(b)<<32|uint64(sortable(distance)))
		edges.put(b, uint64(a)<<32|uint64(sortable(distance)))
	}
	for row := range uint32(n) {
		rows, distances := c.Neighbors(row)
		for i, id := range rows {
			edge(row, id, distances[i])
		}
	}
	for _, l := range links {
		edge(l.a, l.b, l.distance)
	}
	keys.deliverAlone()

	s := &CSR{Offsets: make([]int, 1, n+1)}
	for row := range uint32(n) {
		of := keys.of(row)
		slices.Sort(of)
		of = slices.CompactFunc(of, func(a, b uint64) bool { return a>>32 == b>>32 })
		for _, key := range of {
			s.Rows = append(s.Rows, uint32(key>>32))
			s.Distances = append(s.Distances, distanceOf(key<<32))
		}
		s.Offsets = append(s.Offsets, len(s.Rows))
	}
	return s
}

// Components divides the rows into those that are connected by edges in whatever direction. It returns the number of each row's
// component, and how many there are. Components are numbered in the order of their first rows.
func (c *CSR) Components() (of []uint32, count int) {
	parts := newParts(c.Len())
	for row := range uint32(c.Len()) {
		rows, _ := c.Neighbors(row)
		for _, id := range rows {
			parts.unite(row, id)
		}
	}
	return parts.number()
}
