package nnd

import (
	"context"
	"sync/atomic"
)

// builder finds the best lists of all rows.
type builder struct {
	points    Points
	options   Options
	lists     *lists
	distances atomic.Int64
	updates   []int
}

// exactBelow is the number of rows up to which comparing all pairs costs no more than the descent, which compares a row with
// some 70 others for each neighbor it is to find.
func exactBelow(o Options) int { return max(256, 64*o.Neighbors) }

// comparePairs offers every row to every other.
func (b *builder) comparePairs(ctx context.Context) error {
	n := b.points.Len()
	all := make([]uint32, n)
	for row := range all {
		all[row] = uint32(row)
	}
	return b.options.stage("pairs", n, 8).run(ctx, func() func(lo, hi int) {
		j := b.newJoiner(n)
		return func(lo, hi int) {
			for row := lo; row < hi; row++ {
				j.join(all[row:], 1)
			}
			j.flush()
		}
	})
}

// descend starts from the leaves of a few trees and lets every vertex introduce its candidates to one another until a
// round brings next to nothing.
func (b *builder) descend(ctx context.Context) error {
	if err := b.joinLeaves(ctx); err != nil {
		return err
	}
	n, o := b.points.Len(), b.options
	c := newCandidates(n, min(o.MaxCandidates, n-1))
	enough := int(o.Delta * float64(n) * float64(b.lists.k))
	for round := 1; round <= o.Iterations; round++ {
		if err := c.sample(ctx, b.lists, o, round); err != nil {
			return err
		}
		if err := b.joinCandidates(ctx, c, round); err != nil {
			return err
		}
		b.updates = append(b.updates, b.countNew())
		if b.updates[round-1] <= enough {
			break
		}
	}
	return nil
}

// joinLeaves gives the rows their first neighbors: all pairs of each leaf of each tree.
func (b *builder) joinLeaves(ctx context.Context) error {
	forest, leaves, err := growForest(ctx, b.points, b.options, b.options.Trees)
	if err != nil {
		return err
	}
	return b.options.stage("leaves", len(leaves), 4).run(ctx, func() func(lo, hi int) {
		j := b.newJoiner(min(b.options.LeafSize, b.points.Len()))
		return func(lo, hi int) {
			for _, leaf := range leaves[lo:hi] {
				rows := forest.rows[leaf.tree][leaf.lo:leaf.hi]
				j.join(rows, len(rows))
			}
			j.flush()
		}
	})
}

// joinCandidates does the local join of every vertex.
func (b *builder) joinCandidates(ctx context.Context, c *candidates, round int) error {
	stage := b.options.stage("descent", b.points.Len(), 64)
	stage.round = round
	return stage.run(ctx, func() func(lo, hi int) {
		j := b.newJoiner(2 * c.limit)
		return func(lo, hi int) {
			for row := lo; row < hi; row++ {
				j.join(c.of(uint32(row)))
			}
			j.flush()
		}
	})
}

// countNew counts the entries that no join has used yet.
func (b *builder) countNew() int {
	count := 0
	for _, entry := range b.lists.entries {
		if entry != noEntry {
			count += int(entry & isNew)
		}
	}
	return count
}

// joiner is a goroutine's scratch for local joins.
type joiner struct {
	*builder
	values []float32
	limits []float32
	count  int64
}

func (b *builder) newJoiner(rows int) *joiner {
	return &joiner{builder: b, values: make([]float32, rows), limits: make([]float32, rows)}
}

// join compares each of the first fresh rows with all rows after it, and offers those that are near enough to one another.
// Limits are read once: they only ever fall, so an outdated one lets an offer through that the list then refuses.
func (j *joiner) join(rows []uint32, fresh int) {
	if fresh == 0 {
		return
	}
	limits := j.limits[:len(rows)]
	for i, row := range rows {
		limits[i] = j.lists.limit(row)
	}
	for i, row := range rows[:fresh] {
		others, limits, limit := rows[i+1:], limits[i+1:], limits[i]
		values := j.values[:len(others)]
		j.points.Distances(values, row, others)
		j.count += int64(len(others))
		for at, value := range values {
			if value <= limit {
				j.lists.offer(row, others[at], value)
			}
			if value <= limits[at] {
				j.lists.offer(others[at], row, value)
			}
		}
	}
}

// flush adds up what the joiner counted.
func (j *joiner) flush() {
	j.distances.Add(j.count)
	j.count = 0
}
