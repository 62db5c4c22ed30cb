package nnd

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// joinLeaves compares the pairs of each leaf of some trees, so that rows get near ones for a start. With wanted rows it is only
// those pairs that have one.
func (b *builder) joinLeaves(ctx context.Context, trees int, wanted []bool) error {
	forest := newForest(b.points, b.options, trees, wanted)
	var leaves []span
	err := b.phases.run("trees", func() (err error) {
		leaves, err = forest.grow(ctx, b.options)
		return err
	})
	if err != nil {
		return err
	}
	before := b.distances.Load()
	err = b.phases.run("leaves", func() error {
		return b.options.stage("leaves", len(leaves), 4).run(ctx, func() func(lo, hi int) {
			j := b.newJoiner(min(b.options.LeafSize, b.points.Len()))
			scratch := make([]uint32, 0, len(j.values))
			return func(lo, hi int) {
				for i, leaf := range leaves[lo:hi] {
					if next := lo + i + 1; next < hi {
						j.prefetch(forest.rows[leaves[next].tree][leaves[next].lo:leaves[next].hi], 1)
					}
					j.join(ahead(forest.rows[leaf.tree][leaf.lo:leaf.hi], wanted, scratch))
				}
				j.flush()
			}
		})
	})
	b.stats.TreeDistances, b.stats.Leaves, b.stats.LeafPairs = forest.distances.Load(), len(leaves), b.distances.Load()-before
	return err
}

// ahead puts the wanted rows before the others, in scratch, and counts them. All are wanted when nothing is said about it.
func ahead(rows []uint32, wanted []bool, scratch []uint32) ([]uint32, int) {
	if wanted == nil {
		return rows, len(rows)
	}
	for _, row := range rows {
		if wanted[row] {
			scratch = append(scratch, row)
		}
	}
	count := len(scratch)
	for _, row := range rows {
		if !wanted[row] {
			scratch = append(scratch, row)
		}
	}
	return scratch, count
}

// joinRandom fills all lists up with random rows. A row is only entered in the list it was drawn
// for: how many a list lacks must not depend on what comes from others meanwhile.
func (b *builder) joinRandom(ctx context.Context) error {
	n := b.points.Len()
	return b.options.stage("random", n, 64).run(ctx, func() func(lo, hi int) {
		j := b.newJoiner(b.lists.k)
		rows := make([]uint32, b.lists.k)
		return func(lo, hi int) {
			for row := uint32(lo); row < uint32(hi); row++ {
				lacking := rows[:b.lists.k-len(b.lists.of(row).filled().names)]
				draw(lacking, row, n, newStream(b.options.Seed, forStart, uint64(row)))
				j.offer(row, lacking)
			}
			j.flush()
		}
	})
}

// draw fills dst with random rows of n other than row. There are at least 2.
func draw(dst []uint32, row uint32, n int, random stream) {
	for i := range dst {
		dst[i] = uint32(random.below(uint64(i), n-1))
		if dst[i] >= row {
			dst[i]++
		}
	}
}

// load enters what a graph knows about neighbors, with the flag given. In an update, fresh rows may neither have neighbors there
// nor be some.
func (b *builder) load(ctx context.Context, g *NeighborGraph, flag uint64, fresh []bool) error {
	n := b.points.Len()
	if err := g.checkShape(n); err != nil {
		return err
	}
	var first firstError
	err := b.phases.run("load", func() error {
		return b.options.stage("load", n, 256).run(ctx, func() func(lo, hi int) {
			l := loader{joiner: b.newJoiner(g.K), graph: g, fresh: fresh, flag: flag}
			return func(lo, hi int) {
				for row := uint32(lo); row < uint32(hi); row++ {
					first.keep(row, l.load(row))
				}
				l.flush()
			}
		})
	})
	if err != nil {
		return err
	}
	return first.err
}

// loader is a goroutine's scratch for loading a graph.
type loader struct {
	*joiner
	graph *NeighborGraph
	fresh []bool
	flag  uint64
	rows  []uint32
	keys  []uint64
}

// load checks and enters the neighbors of one row.
func (l *loader) load(row uint32) error {
	start := int(row) * l.graph.K
	listed := l.graph.Rows[start : start+l.graph.K]
	if err := l.gather(row, listed); err != nil {
		return err
	}
	if l.graph.Distances == nil {
		l.measure(row)
	} else if err := l.take(row, listed, l.graph.Distances[start:]); err != nil {
		return err
	}
	l.lists.enter(row, l.keys)
	return nil
}

// gather collects the rows of a list and checks that they may be there.
func (l *loader) gather(row uint32, listed []uint32) error {
	l.rows, l.keys = l.rows[:0], l.keys[:0]
	n := uint32(l.points.Len())
	for _, id := range listed {
		switch {
		case id >= n:
			return fmt.Errorf("neighbor %d of row %d of %d: %w", id, row, n, ErrCorrupt)
		case id == row:
			continue
		case l.fresh != nil && (l.fresh[row] || l.fresh[id]):
			return fmt.Errorf("rows %d and %d, one of them fresh, are neighbors: %w", row, id, ErrCorrupt)
		}
		l.rows = append(l.rows, id)
	}
	slices.Sort(l.rows)
	for i := 1; i < len(l.rows); i++ {
		if l.rows[i] == l.rows[i-1] {
			return fmt.Errorf("row %d has neighbor %d twice: %w", row, l.rows[i], ErrCorrupt)
		}
	}
	return nil
}

// measure makes entries of the rows by computing distances.
func (l *loader) measure(row uint32) {
	values := l.values[:len(l.rows)]
	l.points.Distances(values, row, l.rows)
	l.count += int64(len(values))
	for i, value := range values {
		if value == value {
			l.keys = append(l.keys, newEntry(row, l.rows[i], value)&^isNew|l.flag)
		}
	}
}

// take makes entries of a list with its distances. One of them is compared with what the points say, since a list with
// distances of another form would otherwise be taken for one of very near or very far rows.
func (l *loader) take(row uint32, listed []uint32, distances []float32) error {
	probe := int(row)
	for i, id := range listed {
		if id == row {
			continue
		}
		if distances[i] != distances[i] {
			return fmt.Errorf("distance of neighbor %d of row %d is not a number: %w", id, row, ErrCorrupt)
		}
		if probe%len(l.rows) == len(l.keys) {
			l.points.Distances(l.values[:1], row, listed[i:i+1])
			l.count++
			if l.values[0] != distances[i] {
				return fmt.Errorf("distance of rows %d and %d is %v, not %v: %w", row, id, l.values[0], distances[i], ErrCorrupt)
			}
		}
		l.keys = append(l.keys, newEntry(row, id, distances[i])&^isNew|l.flag)
	}
	return nil
}

// firstError keeps the error of the first row that has one, whoever comes first.
type firstError struct {
	mu  sync.Mutex
	row uint32
	err error
}

func (f *firstError) keep(row uint32, err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil || row < f.row {
		f.row, f.err = row, err
	}
}
