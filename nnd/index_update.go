package nnd

import (
	"context"
	"fmt"
	"slices"

	"github.com/vicinaldb/store/codec"
)

// Changes say what an update changes. Row numbers are those before the update.
type Changes[V any] struct {
	// Append are vectors that become new rows, behind all others.
	Append []V
	// Replace are vectors that take the place of others.
	Replace map[uint32]V
	// Remove are rows that go, in any order. The others keep their order and close up: a row's number falls by how many before it
	// went. None of them may be replaced too.
	Remove []uint32
}

// Update changes the vectors and mends the neighbor graph, which takes the less the fewer they are; the neighbors found are about
// as many as a new index would find. If there was a search graph, it is made anew, from scratch.
//
// An update happens as a whole: on an error, the index is as it was. Errors are that of ctx or wrap [ErrSearchOnly] after
// Compress; [ErrOptions] when a row does not exist or is both replaced and removed; [ErrTooMany]; or, and then they name the vector,
// [ErrDimension], metric.ErrNotFinite or metric.ErrDomain. An index without vectors takes those of any dimension, if
// they are dense.
func (x *Index[V]) Update(ctx context.Context, c Changes[V]) error {
	x.changing.Lock()
	defer x.changing.Unlock()
	old := x.state.Load()
	if old.neighbors == nil {
		return fmt.Errorf("updating: %w", ErrSearchOnly)
	}
	if len(c.Append)+len(c.Replace)+len(c.Remove) == 0 {
		return ctx.Err()
	}
	r, err := newRevision(x.kind, old, c)
	if err != nil {
		return err
	}
	s, err := r.apply(ctx, x.options)
	if err != nil {
		return err
	}
	x.state.Store(s)
	return nil
}

// revision is an update under way.
type revision[V any] struct {
	Changes[V]
	kind  kind[V]
	old   *indexState
	codec codec.Codec
	from  []uint32 // the number that each row had, NoRow for appended ones
}

func newRevision[V any](k kind[V], old *indexState, c Changes[V]) (*revision[V], error) {
	r := &revision[V]{Changes: c, kind: k, old: old, codec: old.codec}
	if old.len() == 0 {
		r.codec = k.codecOf(c.Append)
	}
	removed := make([]bool, old.len())
	for _, number := range c.Remove {
		if uint64(number) >= uint64(old.len()) {
			return nil, fmt.Errorf("removing row %d of %d: %w", number, old.len(), ErrOptions)
		}
		removed[number] = true
	}
	for number := range c.Replace {
		if uint64(number) >= uint64(old.len()) {
			return nil, fmt.Errorf("replacing row %d of %d: %w", number, old.len(), ErrOptions)
		}
		if removed[number] {
			return nil, fmt.Errorf("row %d is replaced and removed: %w", number, ErrOptions)
		}
	}
	for number, gone := range removed {
		if !gone {
			r.from = append(r.from, uint32(number))
		}
	}
	for range c.Append {
		r.from = append(r.from, NoRow)
	}
	return r, nil
}

// fresh is the vector that a row has got by the update, if it has.
func (r *revision[V]) fresh(number int) (v V, ok bool) {
	if r.from[number] == NoRow {
		return r.Append[number-(len(r.from)-len(r.Append))], true
	}
	v, ok = r.Replace[r.from[number]]
	return v, ok
}

// check refuses a fresh vector that the index cannot have.
func (r *revision[V]) check(number int) error {
	v, ok := r.fresh(number)
	if !ok {
		return nil
	}
	err := r.codec.Check(r.kind.wrap(v))
	switch {
	case err == nil:
		return nil
	case r.from[number] == NoRow:
		return fmt.Errorf("appended vector %d: %w", number-(len(r.from)-len(r.Append)), err)
	}
	return fmt.Errorf("new vector of row %d: %w", r.from[number], err)
}

// vector is that of a row after the update.
func (r *revision[V]) vector(number int) (codec.Vector, error) {
	if v, ok := r.fresh(number); ok {
		return r.kind.wrap(v), nil
	}
	return r.old.vector(r.from[number]), nil
}

// apply makes the state after the update.
func (r *revision[V]) apply(ctx context.Context, o Options) (*indexState, error) {
	if err := checkAll(ctx, o, len(r.from), r.check); err != nil {
		return nil, err
	}
	s, err := newIndexState(ctx, r.codec, o, len(r.from), r.vector)
	if err != nil {
		return nil, err
	}
	known, fresh, err := r.known(s)
	if err != nil {
		return nil, err
	}
	if s.neighbors, err = Update(ctx, s.rows, known, fresh, s.options(o)); err != nil {
		return nil, err
	}
	s.build = s.neighbors.Stats
	if r.old.search != nil {
		if s.search, err = NewSearchGraph(ctx, s.rows, s.neighbors, s.options(o)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// known is what the old neighbor graph knows of the rows of a new state, and the rows that it does not know.
func (r *revision[V]) known(s *indexState) (g *NeighborGraph, fresh []uint32, err error) {
	to := slices.Repeat([]uint32{NoRow}, r.old.len())
	for number, before := range r.from {
		if _, ok := r.fresh(number); ok {
			fresh = append(fresh, s.place[number])
		} else {
			to[r.old.place[before]] = s.place[number]
		}
	}
	slices.Sort(fresh)
	g, err = r.old.neighbors.Renumber(to, s.len())
	return g, fresh, err
}
