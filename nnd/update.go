package nnd

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Update finds what [Build] finds, from a neighbor graph of the rows as they were before some of them were added, removed or
// changed. It compares fewer rows than Build the less has changed.
//
// The points are the rows as they are now. The old graph is over the same row numbers, made by [NeighborGraph.Renumber]: rows
// that went or changed no longer occur in it, and where a list has fewer than K neighbors, the rest is the row's own number.
// Its Distances must be those that points give, to the bit; they may be nil, and are computed then. The fresh
// rows, in ascending order, are those that are new or were changed: they have no neighbors in the old graph.
//
// Options.Neighbors, when it is not set, is the old graph's K; it may be another number. Options.InitGraph must be nil.
// Options.RandomInit counts only when everything is found anew: lists that are in order already lead random rows nowhere, and a
// leaf is a sample of rows at worst. Update does not write to old. When ctx ends, Update returns its error soon, with all goroutines
// gone. Other errors wrap [ErrOptions], [ErrTooMany] or, when old graph, fresh rows and points do not fit, [ErrCorrupt].
func Update(ctx context.Context, points Points, old *NeighborGraph, fresh []uint32, o Options) (*NeighborGraph, error) {
	n := points.Len()
	if o.Neighbors == 0 && old.K > 0 {
		o.Neighbors = old.K
	}
	if o.InitGraph != nil {
		return nil, fmt.Errorf("an update with an initial graph: %w", ErrOptions)
	}
	o, err := o.prepare(n)
	if err != nil {
		return nil, err
	}
	u := &updater{builder: newBuilder(points, o), wanted: make([]bool, n)}
	if err := u.markFresh(fresh); err != nil {
		return nil, err
	}
	if err := u.load(ctx, old, 0, u.wanted); err != nil {
		return nil, err
	}
	if n <= exactBelow(o) || len(fresh) > int(updateMost*float64(n)) {
		err = u.again(ctx)
	} else {
		err = u.update(ctx)
	}
	if err != nil {
		return nil, err
	}
	return u.graph(ctx)
}

const (
	// updateMost is the share of fresh rows above which everything is found anew: what is known about the others saves little then,
	// and on data of high dimension walks through so few lists that are in order find less than a build does.
	updateMost = 0.6
	// islandSize times k rows at least are to be known in the neighborhood of a row that lost neighbors: its neighbors, and theirs.
	// Where there are fewer, they are an island, and what is missing may be elsewhere: the row is placed anew.
	islandSize = 1.5
	// fewLeft is the share of a list that must be left of it. From fewer neighbors a row does not find its way.
	fewLeft = 0.4
	// joinShare is the share of Options.MaxCandidates that are joined after the walks. These have left little to find, but
	// for rows that became neighbors of the same row by walks at the same time.
	joinShare = 0.5
)

// updater is a builder that knows most neighbors already.
//
// Rows to be placed are put near others by trees. Then they, and the rows that lost neighbors, walk from where they are to
// what is nearer (walk.go). What two rows that walked at the same time could not know, the descent finds, which begins with
// few candidates and goes on with what that brings.
type updater struct {
	*builder
	wanted []bool   // rows to be placed
	lost   []uint32 // other rows, with lists that were not full
}

// markFresh notes the fresh rows as rows to be placed.
func (u *updater) markFresh(fresh []uint32) error {
	for i, row := range fresh {
		if uint64(row) >= uint64(len(u.wanted)) || i > 0 && row <= fresh[i-1] {
			return fmt.Errorf("fresh row %d, at %d, of %d rows: %w", row, i, len(u.wanted), ErrCorrupt)
		}
		u.wanted[row] = true
	}
	u.stats.Placed = len(fresh)
	return nil
}

// update finds what is not known.
func (u *updater) update(ctx context.Context) error {
	if err := u.markLost(ctx); err != nil {
		return err
	}
	if err := u.place(ctx); err != nil {
		return err
	}
	if err := u.phases.run("walk", func() error { return u.walk(ctx) }); err != nil {
		return err
	}
	if err := u.phases.run("join", func() error { return u.joinWalked(ctx) }); err != nil {
		return err
	}
	return u.descend(ctx, u.stats.Placed+u.stats.Mended)
}

// again finds everything anew.
func (u *updater) again(ctx context.Context) error {
	u.lists, u.stats = newLists(u.points.Len(), u.lists.k), BuildStats{}
	return u.find(ctx)
}

// markLost notes the rows that lost neighbors, gives them their reverse neighbors, which costs nothing, and finds those that are
// to be placed all the same.
func (u *updater) markLost(ctx context.Context) error {
	for row, placed := range u.wanted {
		if !placed && !u.lists.of(uint32(row)).full() {
			u.lost = append(u.lost, uint32(row))
		}
	}
	u.stats.Mended = len(u.lost)
	before := u.lists.clone() // what is read must not change
	err := before.each(ctx, u.options.stage("", len(u.wanted), 1024), func(row, id uint32, distance float32) {
		if !before.of(id).full() {
			u.lists.offer(id, row, distance)
		}
	})
	if err != nil {
		return err
	}
	return u.pickPlaced(ctx, before)
}

// pickPlaced finds the rows that lost too many neighbors to walk, or live on islands.
func (u *updater) pickPlaced(ctx context.Context, before *lists) error {
	var placed atomic.Int64
	few, small := int(fewLeft*float64(before.k)), int(islandSize*float64(before.k))
	err := u.options.stage("", len(u.lost), 256).run(ctx, func() func(lo, hi int) {
		var around []uint32
		return func(lo, hi int) {
			for _, row := range u.lost[lo:hi] {
				around = u.lists.around(row, around[:0])
				if len(around) < small || len(before.of(row).filled().names) < few {
					u.wanted[row] = true
					placed.Add(1)
				}
			}
		}
	})
	u.stats.Placed += int(placed.Load())
	return err
}

// place gives the rows to be placed their first neighbors.
func (u *updater) place(ctx context.Context) error {
	if u.stats.Placed == 0 {
		return ctx.Err()
	}
	return u.joinLeaves(ctx, u.options.Trees, u.wanted)
}

// joinWalked joins a few of the candidates that the walks have brought with one another, and leaves flagged what that brings:
// walks have compared the others already, as far as they are worth it.
func (u *updater) joinWalked(ctx context.Context) error {
	c := newCandidates(len(u.wanted), max(1, int(joinShare*float64(min(u.options.MaxCandidates, u.lists.k)))))
	if err := c.sample(ctx, u.lists, u.options, 0); err != nil {
		return err
	}
	copy(c.total, c.fresh)
	u.lists.age()
	return u.joinCandidates(ctx, c, 0)
}
