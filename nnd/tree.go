package nnd

import (
	"context"
	"slices"
	"sync/atomic"
)

// A hyperplane tree divides the rows again and again. Each node draws two of its rows, a and b, and orders all of them by
// margin: the distance to a less the distance to b. For euclidean vectors and the squared distance that is the position
// along the line through a and b, the random projection of Dasgupta and Freund (STOC 2008) with data for directions; for
// any other metric it is as good a reason to be on one side. The cut is near the median, at random among equals. So
// trees are balanced and leaves bounded whatever the points are, and nothing is stored of a tree but its order of rows.
//
// The cut is not at the median itself: on rows that lie along a line all trees would then have the same leaves, and
// neighbors in different leaves would never meet.

// forest is a number of trees over all rows.
type forest struct {
	points Points
	seed   uint64
	leaf   int
	depth  int
	rows   [][]uint32 // of each tree, in its order
	keys   [][]uint64 // scratch: the margins of rows, as keys, of each tree that grows

	wanted    []bool         // nodes without any of these rows are not divided, and no leaves; nil for all rows
	even      bool           // nodes are cut in the middle
	groups    BlockPoints    // the points, when groups of rows decide; see order.go
	ahead     PrefetchPoints // nil when points are none
	distances atomic.Int64   // that were computed
}

// span is a node: rows lo to hi of a tree.
type span struct{ tree, lo, hi int }

// branch is what becomes of a node: leaves, and nodes of the next level. None is both.
type branch struct{ leaves, nodes []span }

// wholeRows is of how many rows, at most, a node is divided down to its leaves at once: so many stay in the second cache meanwhile.
// Larger ones are divided level by level, so that there is work for all goroutines.
const wholeRows = 1024

// newForest has all rows in each tree. Trees will grow as far as they lead to wanted rows.
func newForest(points Points, o Options, trees int, wanted []bool) *forest {
	n := points.Len()
	f := &forest{points: points, seed: o.Seed, leaf: max(2, o.LeafSize), depth: o.MaxTreeDepth, wanted: wanted}
	f.ahead, _ = points.(PrefetchPoints)
	f.keys = make([][]uint64, trees)
	for tree := range trees {
		f.rows = append(f.rows, make([]uint32, n))
		if !o.hasRuns(tree) {
			f.keys[tree] = make([]uint64, n)
		}
		for row := range n {
			f.rows[tree][row] = uint32(row)
		}
	}
	return f
}

// grow grows the trees. Leaves are the spans that were not cut further.
func (f *forest) grow(ctx context.Context, o Options) (leaves []span, err error) {
	var grown branch
	for tree, rows := range f.rows {
		if o.hasRuns(tree) {
			f.addRuns(&grown)
		} else {
			grown.add(f, span{tree, 0, len(rows)})
		}
	}
	leaves = grown.leaves
	for depth := 0; len(grown.nodes) > 0; depth++ {
		branches, err := f.divideLevel(ctx, o, grown.nodes, depth)
		if err != nil {
			return nil, err
		}
		grown.nodes = nil
		for _, b := range branches {
			leaves, grown.nodes = append(leaves, b.leaves...), append(grown.nodes, b.nodes...)
		}
	}
	return leaves, nil
}

// hasRuns says that a tree is not grown: its leaves are rows that follow one another.
func (o Options) hasRuns(tree int) bool { return tree == 0 && o.Ordered }

// addRuns makes leaves of the first tree of rows that follow one another.
func (f *forest) addRuns(b *branch) {
	for n, lo := len(f.rows[0]), 0; lo < n; lo += f.leaf {
		if leaf := (span{0, lo, min(lo+f.leaf, n)}); !f.spare(leaf) {
			b.leaves = append(b.leaves, leaf)
		}
	}
}

// add takes in a node whose rows are in their places.
func (b *branch) add(f *forest, node span) {
	if node.hi-node.lo <= f.leaf {
		b.leaves = append(b.leaves, node)
	} else {
		b.nodes = append(b.nodes, node)
	}
}

// spare says that no row of a node is wanted.
func (f *forest) spare(node span) bool {
	return f.wanted != nil && !slices.ContainsFunc(f.rows[node.tree][node.lo:node.hi], func(row uint32) bool { return f.wanted[row] })
}

// divideLevel divides the nodes of a level, and those below that are small.
func (f *forest) divideLevel(ctx context.Context, o Options, level []span, depth int) ([]branch, error) {
	branches, stage := make([]branch, len(level)), o.stage("trees", len(level), 1)
	stage.round = depth + 1
	return branches, stage.run(ctx, func() func(lo, hi int) {
		var s splitter
		return func(lo, hi int) {
			for i := lo; i < hi; i++ {
				s.divide(f, level[i], depth, &branches[i])
			}
		}
	})
}

// divide orders the rows of a node so that its two parts are nodes of the next level. When it is small, these are divided as well.
func (s *splitter) divide(f *forest, node span, depth int, b *branch) {
	if depth < f.depth {
		s.split(f, node, depth)
	}
	middle := node.lo + f.cut(node, depth)
	for _, part := range []span{{node.tree, node.lo, middle}, {node.tree, middle, node.hi}} {
		switch {
		case f.spare(part):
		case part.hi-part.lo > f.leaf && node.hi-node.lo <= wholeRows:
			s.divide(f, part, depth+1, b)
		default:
			b.add(f, part)
		}
	}
}

// random are the choices of a node. The first three are its two rows and its cut.
func (f *forest) random(node span, depth int) stream {
	return newStream(f.seed, forTrees, uint64(node.tree), uint64(depth), uint64(node.lo))
}

// cut is how many rows of a node, of at least 3, go to its first half: between 3/8 and 5/8 of them, and not all; or, where nodes are
// cut in the middle, a multiple of what a leaf has.
func (f *forest) cut(node span, depth int) int {
	size := node.hi - node.lo
	if f.even {
		return (size + f.leaf) / 2 / f.leaf * f.leaf
	}
	least, most := max(1, size*3/8), size*5/8
	return least + f.random(node, depth).below(2, most-least+1)
}

// splitRows is how many rows of a node are compared with its ends at once.
const splitRows = 128

// splitter is a goroutine's scratch for splitting nodes.
type splitter struct {
	ends       []uint32  // the rows that decide: one, or a group, for the front of a node, then as many for its back
	distances  []float32 // of some rows from each of these
	margins    [splitRows]float32
	sample     []uint32
	sampleKeys []uint64
}

// split moves the rows of a node that have the smaller margins to its front.
func (s *splitter) split(f *forest, node span, depth int) {
	random := f.random(node, depth)
	rows := f.rows[node.tree][node.lo:node.hi]
	keys := f.keys[node.tree][node.lo:node.hi]
	// Rows that are as far from a as from b, as most sparse vectors are, are divided at random, and in each tree otherwise: by their
	// numbers times an odd factor, modulo 2^32.
	factor := uint32(random.at(4)) | 1
	s.drawEnds(rows, random)
	if f.groups != nil {
		s.findGroups(f, rows, factor)
	}
	s.keysOf(f, rows, factor, keys)
	selectSmallest(keys, f.cut(node, depth), newStream(uint64(random), 3))
	rowsOf(rows, keys, factor)
}

// drawEnds draws two rows of a node, a and b.
func (s *splitter) drawEnds(rows []uint32, random stream) {
	i, j := random.below(0, len(rows)), random.below(1, len(rows)-1)
	if j >= i {
		j++
	}
	s.ends = append(s.ends[:0], rows[i], rows[j])
}

// keysOf sets keys to those of the margins of rows, each with the row's number times a factor.
func (s *splitter) keysOf(f *forest, rows []uint32, factor uint32, keys []uint64) {
	f.distances.Add(int64(len(s.ends) * len(rows)))
	for at := 0; at < len(rows); at += splitRows {
		block := rows[at:min(at+splitRows, len(rows))]
		if f.ahead != nil {
			f.ahead.Prefetch(rows[at+len(block) : min(at+2*splitRows, len(rows))])
		}
		s.compare(f, block)
		for i, row := range block {
			margin := s.margins[i]
			if margin != margin { // two infinite distances tell nothing
				margin = 0
			}
			keys[at+i] = newKey(margin, row*factor)
		}
	}
}

// rowsOf sets rows to those of keys.
func rowsOf(rows []uint32, keys []uint64, factor uint32) {
	inverse := inverseOf(factor)
	for i, key := range keys {
		rows[i] = uint32(key) * inverse
	}
}

// compare finds the margins of some rows.
func (s *splitter) compare(f *forest, rows []uint32) {
	s.distances = slices.Grow(s.distances[:0], len(s.ends)*splitRows)[:len(s.ends)*len(rows)]
	if len(s.ends) > 2 {
		f.groups.BlockDistances(s.distances, s.ends, rows)
	} else {
		for i, end := range s.ends {
			f.points.Distances(s.distances[i*len(rows):], end, rows)
		}
	}
	margins := s.margins[:len(rows)]
	clear(margins)
	for i := range s.ends {
		sign := float32(1)
		if i >= len(s.ends)/2 {
			sign = -1
		}
		for j, distance := range s.distances[i*len(rows):][:len(rows)] {
			margins[j] += sign * distance // the product is exact, so to fuse it changes nothing
		}
	}
}

// inverseOf is the number that an odd factor makes 1 of, modulo 2^32. Each step of Newton's method doubles the number of low bits
// that are right; three of them are so at first, since squares of odd numbers are 1 modulo 8.
func inverseOf(factor uint32) uint32 {
	inverse := factor
	for range 4 {
		inverse *= 2 - factor*inverse
	}
	return inverse
}
