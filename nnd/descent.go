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
	stats     BuildStats
	phases    phases
}

func newBuilder(points Points, o Options) *builder {
	n := points.Len()
	return &builder{points: points, options: o, lists: newLists(n, max(0, min(o.Neighbors, n-1)))}
}

// graph is what was found.
func (b *builder) graph(ctx context.Context) (*NeighborGraph, error) {
	n := b.points.Len()
	g := newNeighborGraph(n, b.options.Neighbors)
	g.Stats = b.stats
	g.Stats.Distances, g.Stats.Phases = b.distances.Load(), b.phases
	err := b.options.stage("", n, 1024).run(ctx, func() func(lo, hi int) {
		return func(lo, hi int) {
			for row := uint32(lo); row < uint32(hi); row++ {
				g.set(row, b.lists.of(row).filled())
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// find fills the lists, all rows of which are equally unknown.
func (b *builder) find(ctx context.Context) error {
	n := b.points.Len()
	switch {
	case n < 2:
		return ctx.Err()
	case n <= exactBelow(b.options):
		b.stats.Exact = true
		return b.phases.run("pairs", func() error { return b.comparePairs(ctx) })
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	return b.descend(ctx, n)
}

// start gives the rows their first neighbors.
func (b *builder) start(ctx context.Context) error {
	if b.options.RandomInit || b.options.InitGraph != nil {
		return b.phases.run("random", func() error { return b.joinRandom(ctx) })
	}
	return b.joinLeaves(ctx, b.options.Trees, nil)
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
			j.join(all[lo:], hi-lo)
			j.flush()
		}
	})
}

// descend lets every vertex introduce its candidates to one another until a round brings next to nothing to as many rows
// as there are to find neighbors for.
func (b *builder) descend(ctx context.Context, rows int) error {
	return b.phases.run("descent", func() error {
		n, o := b.points.Len(), b.options
		c := newCandidates(n, min(o.MaxCandidates, n-1))
		enough := int(o.Delta * float64(rows) * float64(b.lists.k))
		for round := 1; round <= o.Iterations; round++ {
			if err := c.sample(ctx, b.lists, o, round); err != nil {
				return err
			}
			b.lists.eager = round == 1
			if err := b.joinCandidates(ctx, c, round); err != nil {
				return err
			}
			b.stats.Updates = append(b.stats.Updates, b.lists.countNew())
			if b.stats.Updates[round-1] <= enough {
				break
			}
		}
		return nil
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
				if row+1 < hi {
					j.prefetch(c.of(uint32(row + 1)))
				}
				j.join(c.of(uint32(row)))
			}
			j.flush()
		}
	})
}

// joinRows is how many rows of a join are compared with the others at a time. Their distances stay in the first cache.
const joinRows = 8

// joinOffers is from how many offers on they are made before the end of a join.
const joinOffers = 1024

// joiner is a goroutine's scratch for local joins.
type joiner struct {
	*builder
	block  BlockPoints    // nil when points are none
	ahead  PrefetchPoints // nil when points are none
	values []float32
	limits []float32
	offers offers
	count  int64
}

// newJoiner makes scratch for joins of so many rows at most, of which more than one are fresh.
func (b *builder) newJoiner(rows int) *joiner {
	block, _ := b.points.(BlockPoints)
	ahead, _ := b.points.(PrefetchPoints)
	return &joiner{
		builder: b, block: block, ahead: ahead,
		values: make([]float32, joinRows*rows), limits: make([]float32, rows),
	}
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
	for first := 0; first < fresh; first += joinRows {
		some, others := rows[first:min(first+joinRows, fresh)], rows[first+1:]
		j.compare(some, others)
		j.offers.Introduce(rows, first, len(some), j.values[:len(some)*len(others)], limits)
		if len(j.offers.Places()) >= joinOffers {
			j.lists.take(&j.offers, rows)
		}
	}
	j.lists.take(&j.offers, rows)
}

// prefetch has on its way from memory what a join will need: the lists of its rows, which most offers are looked for in, and
// the rows.
func (j *joiner) prefetch(rows []uint32, fresh int) {
	if fresh > 0 {
		j.lists.prefetch(rows)
		if j.ahead != nil {
			j.ahead.Prefetch(rows)
		}
	}
}

// compare computes the distances of some rows, each with those others that are not below its place: some and others overlap.
func (j *joiner) compare(some, others []uint32) {
	for i, row := range some {
		if j.block == nil {
			j.points.Distances(j.values[i*len(others)+i:], row, others[i:])
		}
		j.count += int64(len(others) - i)
	}
	if j.block != nil {
		j.block.BlockDistances(j.values, some, others)
	}
}

// offer compares a row with others and offers them to it alone.
func (j *joiner) offer(row uint32, others []uint32) {
	limit := j.lists.limit(row)
	values := j.values[:len(others)]
	j.points.Distances(values, row, others)
	j.count += int64(len(others))
	for at, value := range values {
		if value <= limit {
			j.lists.offer(row, others[at], value)
		}
	}
}

// flush adds up what the joiner counted.
func (j *joiner) flush() {
	j.distances.Add(j.count)
	j.count = 0
}
