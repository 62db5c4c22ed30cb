package metric

import "math/bits"

// simplex solves transport problems by the network simplex method (Dantzig 1951; Ahuja, Magnanti & Orlin 1993, chapter
// 11): of all plans, it looks at those whose edges (pairs of a row and a column that mass moves between) form a spanning
// tree, and exchanges one edge at a time for one that makes the plan cheaper.
//
// Masses are whole numbers of a very small unit, so that flows are exact. They are perturbed (Orden 1956): a supply
// is 1 more than a multiple of rows+1, a demand is a multiple, and the last demand takes up what the supplies have more.
// No proper subset of supplies then equals one of demands, hence no edge of a tree has flow 0, every exchange
// makes the plan strictly cheaper, and none can come back: the method does not cycle.
//
// Nodes are numbered rows first, then columns. Node 0 is the root of the tree. The potentials of both ends of an edge of
// the tree add up to its cost; an edge outside that costs less than the potentials of its ends makes a plan cheaper.
type simplex struct {
	rows, columns int
	cost          []float64

	remaining []int64 // what the first plan has still to place at a node
	tree      []treeNode
	potential []float64 // of each node
	basis     []basisEdge
	head      []int32 // the first of a node's edges in basis, while the tree is made

	tolerance float64 // potentials are rounded: a saving below this is none
	scan      int     // where the search for the next edge goes on
}

// treeNode is a node of the spanning tree and the edge to its parent. Links are -1 where there is none.
type treeNode struct {
	parent, firstChild, next, previous int32 // next and previous are children of the same parent
	depth                              int32
	flow                               int64 // on the edge to the parent
}

// basisEdge is an edge of the first plan, in the lists of both its nodes.
type basisEdge struct {
	row, column         int32
	flow                int64
	nextRow, nextColumn int32
}

// maxCostOf returns the largest cost of a problem.
func maxCostOf(cost []float64) (largest float64) {
	for _, c := range cost {
		largest = max(largest, c)
	}
	return largest
}

func (s *simplex) solve(t *transport, maxPivots int) float64 {
	s.rows, s.columns, s.cost = len(t.supply), len(t.demand), t.cost
	if s.rows == 0 || s.columns == 0 {
		return 0
	}
	largest := maxCostOf(s.cost)
	s.tolerance = 0x1p-40 * largest
	s.scan = 0
	unit := s.setMasses(t)
	s.planGreedily()
	s.makeTree()
	for range maxPivots {
		row, column, found := s.entering()
		if !found {
			break
		}
		s.pivot(row, column)
	}
	total := s.total() * unit
	if noise := 0x1p-50 * largest * float64(s.rows+s.columns); total < noise {
		return 0 // as between proportional histograms
	}
	return total
}

// setMasses turns supplies and demands into whole numbers and returns what one unit of them stands for.
func (s *simplex) setMasses(t *transport) float64 {
	step := int64(s.rows + 1)
	shares := int64(1) << min(52, 61-bits.Len64(uint64(step)))
	s.remaining = resized(s.remaining, s.rows+s.columns)
	supplies, demands := s.remaining[:s.rows], s.remaining[s.rows:]
	apportion(supplies, t.supply, shares)
	apportion(demands, t.demand, shares)
	for i := range supplies {
		supplies[i] = supplies[i]*step + 1
	}
	for j := range demands {
		demands[j] *= step
	}
	demands[len(demands)-1] += step - 1
	return 1 / (float64(shares) * float64(step))
}

// apportion divides shares among masses in proportion, at least 1 to each. What rounding leaves, the largest one takes.
func apportion(dst []int64, masses []float64, shares int64) {
	var sum float64
	for _, m := range masses {
		sum += m
	}
	largest, left := 0, shares
	for i, m := range masses {
		dst[i] = max(1, int64(m/sum*float64(shares)))
		left -= dst[i]
		if masses[i] > masses[largest] {
			largest = i
		}
	}
	dst[largest] += left
}

// planGreedily makes a first plan: each row in turn brings its supply to the cheapest columns that still demand some.
// Every edge exhausts exactly one of its nodes, except the last, so that the edges form a spanning tree.
func (s *simplex) planGreedily() {
	s.basis = s.basis[:0]
	supplies, demands := s.remaining[:s.rows], s.remaining[s.rows:]
	for i := range supplies {
		costs := s.cost[i*s.columns:][:s.columns]
		for supplies[i] > 0 {
			cheapest := -1
			for j, c := range costs {
				if demands[j] > 0 && (cheapest < 0 || c < costs[cheapest]) {
					cheapest = j
				}
			}
			flow := min(supplies[i], demands[cheapest])
			supplies[i] -= flow
			demands[cheapest] -= flow
			s.basis = append(s.basis, basisEdge{row: int32(i), column: int32(s.rows + cheapest), flow: flow})
		}
	}
}

// makeTree hangs the edges of the first plan onto the root.
func (s *simplex) makeTree() {
	nodes := s.rows + s.columns
	s.head, s.tree, s.potential = resized(s.head, nodes), resized(s.tree, nodes), resized(s.potential, nodes)
	for i := range nodes {
		s.head[i] = -1
		s.tree[i] = treeNode{parent: -1, firstChild: -1, next: -1, previous: -1}
	}
	for i := range s.basis {
		e := &s.basis[i]
		e.nextRow, s.head[e.row] = s.head[e.row], int32(i)
		e.nextColumn, s.head[e.column] = s.head[e.column], int32(i)
	}
	// Depth first: head says which edges of a node are still to be followed.
	for node := int32(0); node >= 0; {
		i := s.head[node]
		if i < 0 {
			node = s.tree[node].parent
			continue
		}
		e := &s.basis[i]
		child := e.row
		if node == e.row {
			child, s.head[node] = e.column, e.nextRow
		} else {
			s.head[node] = e.nextColumn
		}
		if child != s.tree[node].parent {
			s.attach(child, node, e.flow)
			node = child
		}
	}
	s.relabel(0)
}

// attach makes node the first child of parent.
func (s *simplex) attach(node, parent int32, flow int64) {
	n, p := &s.tree[node], &s.tree[parent]
	n.parent, n.flow = parent, flow
	n.previous, n.next = -1, p.firstChild
	if n.next >= 0 {
		s.tree[n.next].previous = node
	}
	p.firstChild = node
}

// detach takes node, with all below it, from its parent.
func (s *simplex) detach(node int32) {
	n := &s.tree[node]
	if n.next >= 0 {
		s.tree[n.next].previous = n.previous
	}
	if n.previous >= 0 {
		s.tree[n.previous].next = n.next
	} else {
		s.tree[n.parent].firstChild = n.next
	}
}

// relabel computes depth and potential of top and of all nodes below it. Potentials are computed from the costs, not
// updated, so that rounding does not accumulate.
func (s *simplex) relabel(top int32) {
	s.label(top)
	for node := top; ; {
		next := s.tree[node].firstChild
		for next < 0 && node != top {
			next = s.tree[node].next
			if next < 0 {
				node = s.tree[node].parent
			}
		}
		if next < 0 {
			return
		}
		node = next
		s.label(node)
	}
}

func (s *simplex) label(node int32) {
	n := &s.tree[node]
	if n.parent < 0 {
		n.depth, s.potential[node] = 0, 0
		return
	}
	n.depth = s.tree[n.parent].depth + 1
	s.potential[node] = s.edgeCost(node, n.parent) - s.potential[n.parent]
}

// edgeCost returns the cost between a row and a column, in either order.
func (s *simplex) edgeCost(a, b int32) float64 {
	row, column := min(a, b), max(a, b)
	return s.cost[int(row)*s.columns+int(column)-s.rows]
}

// entering returns an edge that would make the plan cheaper: the best one among the rest of the row where the last search
// ended or, if there is none, of the rows after it.
func (s *simplex) entering() (row, column int32, found bool) {
	for range s.rows {
		i := s.scan
		s.scan = (s.scan + 1) % s.rows
		costs := s.cost[i*s.columns:][:s.columns]
		best, bestSaving := -1, s.tolerance
		for j, potential := range s.potential[s.rows:][:len(costs)] {
			if saving := (s.potential[i] + potential) - costs[j]; saving > bestSaving {
				best, bestSaving = j, saving
			}
		}
		if best >= 0 {
			return int32(i), int32(s.rows + best), true
		}
	}
	return 0, 0, false
}

// pivot brings the edge from row to column into the tree. Flow on it forces the flows on the way through the tree
// between its ends down and up in turns; the first one that falls to 0 leaves the tree.
func (s *simplex) pivot(row, column int32) {
	top, leaving := s.blocking(row, column)
	flow := s.tree[leaving].flow
	s.push(row, top, flow)
	s.push(column, top, flow)
	// The part of the tree that hung on the leaving edge hangs on the new one.
	inner, outer := row, column
	if !s.below(row, leaving, top) {
		inner, outer = column, row
	}
	s.rehang(inner, outer, leaving, flow)
	s.relabel(inner)
}

// blocking returns the node where the ways from both ends toward the root meet, and the node, on either way, whose edge to
// its parent is the first to fall to 0. On both ways the first edge falls, the second rises, and so on: the edge above a
// row falls on the way from the row, that above a column on the way from the column.
func (s *simplex) blocking(row, column int32) (top, leaving int32) {
	leaving = -1
	a, b := row, column
	for a != b {
		var node int32
		var falls bool
		if s.tree[a].depth >= s.tree[b].depth {
			node, falls = a, int(a) < s.rows
			a = s.tree[a].parent
		} else {
			node, falls = b, int(b) >= s.rows
			b = s.tree[b].parent
		}
		if falls && (leaving < 0 || s.tree[node].flow < s.tree[leaving].flow) {
			leaving = node
		}
	}
	return a, leaving
}

// push changes the flows from node up to top: down, up, and so on.
func (s *simplex) push(node, top int32, flow int64) {
	for change := -flow; node != top; node = s.tree[node].parent {
		s.tree[node].flow += change
		change = -change
	}
}

// below says whether the way from node up to top passes other.
func (s *simplex) below(node, other, top int32) bool {
	for node != top && node != other {
		node = s.tree[node].parent
	}
	return node == other
}

// rehang turns the part of the tree below last around, so that node is its top, and attaches it to parent.
func (s *simplex) rehang(node, parent, last int32, flow int64) {
	for {
		oldParent, oldFlow := s.tree[node].parent, s.tree[node].flow
		s.detach(node)
		s.attach(node, parent, flow)
		if node == last {
			return
		}
		node, parent, flow = oldParent, node, oldFlow
	}
}

// total returns the cost of the plan, in units.
func (s *simplex) total() (sum float64) {
	for i := range s.tree {
		if n := &s.tree[i]; n.parent >= 0 {
			sum += float64(float64(n.flow) * s.edgeCost(int32(i), n.parent))
		}
	}
	return sum
}
