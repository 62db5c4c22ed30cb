package nnd

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
