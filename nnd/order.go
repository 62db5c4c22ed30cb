package nnd

import (
	"context"
	"slices"
)

// Rows are numbered by the leaves of one hyperplane tree, so that what a search reads lies in few pages of memory. A processor knows the
// addresses of a thousand pages or two; to find that of another takes as long as a short row takes to come.
//
// For that the nodes near the root count as much as the leaves, and two rows are a poor direction to divide many by. So where points
// can be compared in blocks, two groups of rows decide: a row's margin is the sum of its distances to the one less those to the
// other, which is, of squared distances, what the means of the groups would give. They are found as in k-means: some rows of the node are
// divided by two of them, and again by those that lie at both ends.
const (
	// orderSample is how many rows of a node are divided to find the groups, orderRounds how many times, and orderGroup how many rows
	// a group has. Of words, a search then reads from 1,040 pages; it would be 990 with 16 rows, for twice the distances, 940 with
	// halves of the sample, and 1,260 with two rows that decide.
	orderSample, orderRounds, orderGroup = 128, 2, 8
	// orderLeaf is the greatest number of rows in a leaf: of long ones, a page has few.
	orderLeaf = 16
)

// Order returns a numbering that keeps near rows together: order[new] is the old number of the row that is to become new. Graphs of
// rows numbered like that touch fewer pages of memory, [Build] may have it for a tree (see Options.Ordered), and every [SearchGraph]
// spreads its pivots evenly over it.
func Order(ctx context.Context, points Points, o Options) ([]uint32, error) {
	o, err := o.prepare(points.Len())
	if err != nil {
		return nil, err
	}
	o.Ordered, o.LeafSize = false, min(o.LeafSize, orderLeaf)
	f := newForest(points, o, 1, nil)
	f.even = true
	f.groups, _ = points.(BlockPoints)
	if _, err := f.grow(ctx, o); err != nil {
		return nil, err
	}
	return f.rows[0], nil
}

// findGroups has groups of the rows of a node be its ends, in place of two rows.
func (s *splitter) findGroups(f *forest, rows []uint32, factor uint32) {
	sample, count := s.sample[:0], min(len(rows), orderSample)
	for i := range count {
		sample = append(sample, rows[i*len(rows)/count])
	}
	keys := slices.Grow(s.sampleKeys[:0], count)[:count]
	group := min(orderGroup, count/2)
	for range orderRounds {
		s.keysOf(f, sample, factor, keys)
		slices.Sort(keys)
		rowsOf(sample, keys, factor)
		s.ends = append(append(s.ends[:0], sample[:group]...), sample[count-group:]...)
	}
	s.sample, s.sampleKeys = sample, keys
}
