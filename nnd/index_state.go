package nnd

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/vicinaldb/store/codec"
)

// indexState is what an [Index] holds at one time. It does not change any more once the index has it.
type indexState struct {
	codec codec.Codec
	rows  codec.Rows

	order []uint32 // order[row] is the number that the caller knows a row by
	place []uint32 // place[number] is the row that the caller knows by a number

	neighbors *NeighborGraph // nil once compressed
	build     BuildStats     // of neighbors
	search    *SearchGraph   // nil until prepared

	askers sync.Pool // *asker
}

// newIndexState lays n vectors out so that near ones are together. There are no graphs yet.
func newIndexState(ctx context.Context, c codec.Codec, o Options, n int, vector func(number int) (codec.Vector, error)) (*indexState, error) {
	if most := uint64(math.MaxInt); uint64(n) > MaxRows || uint64(n) > most/uint64(max(c.Stride(), 8)) {
		return nil, fmt.Errorf("%d vectors of %d bytes: %w", n, c.Stride(), ErrTooMany)
	}
	table, err := c.NewTable(n)
	if err != nil {
		return nil, err
	}
	for number := range n {
		v, err := vector(number)
		if err != nil {
			return nil, err
		}
		if number%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		table.Append(v)
	}
	s := &indexState{codec: c}
	if err := s.arrange(ctx, table.Codes(), o); err != nil {
		return nil, err
	}
	s.askers.New = func() any { return &asker{state: s, scorer: s.rows.Scorer()} }
	return s, nil
}

// arrange brings codes into an order that keeps near rows together.
func (s *indexState) arrange(ctx context.Context, codes codec.Codes, o Options) (err error) {
	if s.rows, err = s.codec.View(codes); err != nil {
		return err
	}
	if s.order, err = Order(ctx, s.rows, s.options(o)); err != nil {
		return err
	}
	codes.Permute(s.order)
	if s.rows, err = s.codec.View(codes); err != nil {
		return err
	}
	s.place = make([]uint32, len(s.order))
	for row, number := range s.order {
		s.place[number] = uint32(row)
	}
	return nil
}

// with is the same state with other graphs.
func (s *indexState) with(neighbors *NeighborGraph, search *SearchGraph) *indexState {
	t := &indexState{
		codec: s.codec, rows: s.rows, order: s.order, place: s.place,
		neighbors: neighbors, build: s.build, search: search,
	}
	t.askers.New = func() any { return &asker{state: t, scorer: t.rows.Scorer()} }
	return t
}

func (s *indexState) len() int { return len(s.order) }

// options are those of the index for work on this state.
func (s *indexState) options(o Options) Options {
	o.Stretch, o.Ordered = s.codec.StretchScore, true
	return o
}

// vector is a view of the vector that the caller knows by a number.
func (s *indexState) vector(number uint32) codec.Vector {
	v, err := s.rows.Vector(s.place[number])
	if err != nil {
		panic(err) // the rows are our own
	}
	return v
}

// inside renumbers a caller's graph and drops its distances, which nobody knows the form of.
func (s *indexState) inside(g *NeighborGraph) (*NeighborGraph, error) {
	if g == nil {
		return nil, nil
	}
	if err := g.checkShape(s.len()); err != nil {
		return nil, err
	}
	renumbered := &NeighborGraph{K: g.K, Rows: make([]uint32, 0, len(g.Rows))}
	for _, number := range s.order {
		start := int(number) * g.K
		for _, neighbor := range g.Rows[start : start+g.K] {
			if uint64(neighbor) >= uint64(s.len()) {
				return nil, fmt.Errorf("neighbor %d of row %d of %d: %w", neighbor, number, s.len(), ErrCorrupt)
			}
			renumbered.Rows = append(renumbered.Rows, s.place[neighbor])
		}
	}
	return renumbered, nil
}

// outside is the neighbor graph as the caller knows it: by the caller's numbers, with true distances.
func (s *indexState) outside(o Options) *NeighborGraph {
	g := &NeighborGraph{K: s.neighbors.K, Rows: s.neighbors.Rows, Distances: slices.Clone(s.neighbors.Distances)}
	err := o.EnsureDefaults(s.len()).stage("", s.len(), 64).run(context.Background(), func() func(lo, hi int) {
		scorer := s.rows.Scorer()
		return func(lo, hi int) {
			for row := uint32(lo); row < uint32(hi); row++ {
				s.makeTrue(g, row, scorer)
			}
		}
	})
	if err == nil {
		g, err = g.Renumber(s.order, s.len()) // sorts by the new distances
	}
	if err != nil {
		panic(err) // graph and numbering are our own
	}
	g.Stats = s.build
	return g
}

// makeTrue makes true distances of those of one row: by comparing again in the metric itself where they are those of a proxy.
func (s *indexState) makeTrue(g *NeighborGraph, row uint32, scorer codec.Scorer) {
	rows, distances := g.Neighbors(row)
	s.trueDistances(distances, row, rows, scorer)
}

// trueDistances makes true distances of those of a row to others.
func (s *indexState) trueDistances(distances []float32, row uint32, rows []uint32, scorer codec.Scorer) {
	if s.codec.Reranked() {
		v, err := s.rows.Vector(row)
		if err != nil {
			panic(err) // the rows are our own
		}
		scorer.Prepare(v)
		scorer.Exact(distances, rows)
	}
	for i, fast := range distances {
		distances[i] = s.codec.Correct(fast)
	}
}
