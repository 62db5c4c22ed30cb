package nnd_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vicinaldb/store/nnd"
)

// diversified are points with their neighbor graph and the search graph before any repair.
func diversified(t *testing.T, points vectors, o nnd.Options) built {
	t.Helper()
	points = ordered(t, points, o)
	neighbors, err := nnd.Build(t.Context(), points, o)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := nnd.Diversify(t.Context(), points, neighbors, o)
	if err != nil {
		t.Fatal(err)
	}
	return built{points, neighbors, graph}
}

// Edges first and the repair later make the graph that both make in one, for the pivots that there are when it is repaired.
func TestRepair(t *testing.T) {
	o := nnd.Options{Neighbors: 8, Pivots: 10, Threads: 2, Stretch: stretch}
	b := diversified(t, mixture(3000, 16, 30, 0.2, 1), o)
	first := slices.Clone(b.graph.Adjacency)
	if count := reachable(b.graph); count == 3000 || b.graph.Stats.GuideEdges > 0 || b.graph.Stats.MeanDegree == 0 {
		t.Errorf("before the repair %d of 3000 rows can be reached, %+v", count, b.graph.Stats)
	}
	for _, tc := range []struct {
		reason          string
		pivots, entries int
	}{{"its own pivots", 10, 1}, {"more pivots", 70, 4}, {"fewer pivots", 1, 1}} {
		o.Pivots, o.Entries = tc.pivots, tc.entries
		want, err := nnd.NewSearchGraph(t.Context(), b.points, b.neighbors, o)
		if err != nil {
			t.Fatal(err)
		}
		got := b.graph.WithPivots(tc.pivots, tc.entries)
		got.Adjacency = slices.Clone(first)
		stretched := 0
		counted := func(fast, epsilon float32) float32 { stretched++; return stretch(fast, epsilon) }
		if err := got.Repair(t.Context(), b.points, nnd.Options{Threads: 1, Stretch: counted}); err != nil {
			t.Fatal(err)
		}
		if stretched == 0 {
			t.Errorf("%s: distances are not stretched", tc.reason)
		}
		checkSearchGraph(t, got, len(b.points), 12)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(nnd.Phase{}, "Elapsed")); diff != "" {
			t.Errorf("%s: (-in one, +in two)\n%s", tc.reason, diff)
		}
	}
	if !slices.Equal(b.graph.Adjacency, first) || len(b.graph.Stats.Phases) != 2 {
		t.Errorf("repairs of copies changed the graph they were made of: %+v", b.graph.Stats)
	}
}

// A graph that was repaired for some pivots can be repaired for others.
func TestRepair_Again(t *testing.T) {
	o := nnd.Options{Neighbors: 8, Pivots: 60, Threads: 2, Stretch: stretch}
	b := diversified(t, mixture(3000, 4, 300, 0.0001, 1), o)
	if err := b.graph.Repair(t.Context(), b.points, o); err != nil {
		t.Fatal(err)
	}
	one := b.graph.WithPivots(1, 1)
	if err := one.Repair(t.Context(), b.points, o); err != nil {
		t.Fatal(err)
	}
	checkSearchGraph(t, one, len(b.points), 12)
	edges := 0
	for row := range uint32(one.Len()) {
		edges += len(one.Edges(row))
		found, _, err := one.Search(t.Context(), nnd.Query{
			Scorer: &query{b.points, b.points[row]}, K: 1, Epsilon: nnd.DefaultEpsilon, Stretch: stretch,
		}, nil)
		if err != nil || len(found) != 1 || found[0].Distance != 0 {
			t.Fatalf("row %d is not found: %v, %v", row, found, err)
		}
	}
	if one.Stats.Edges != edges {
		t.Errorf("%d edges, statistics say %d", edges, one.Stats.Edges)
	}
}

// Whatever graph is to be repaired, what does not fit is an error.
func TestRepair_Errors(t *testing.T) {
	points := uniform(10, 2, 1)
	good := func() *nnd.SearchGraph {
		g := &nnd.SearchGraph{Stride: 16, Pivots: []uint32{4}}
		for row := range uint32(len(points)) {
			g.Adjacency = append(g.Adjacency, slices.Repeat([]uint32{row}, g.Stride)...)
		}
		return g
	}
	for _, tc := range []struct {
		reason string
		change func(g *nnd.SearchGraph, o *nnd.Options)
		want   error
	}{
		{"no edges yet", func(*nnd.SearchGraph, *nnd.Options) {}, nil},
		{"no room", func(g *nnd.SearchGraph, _ *nnd.Options) { g.Stride = 0 }, nnd.ErrCorrupt},
		{"negative stride", func(g *nnd.SearchGraph, _ *nnd.Options) { g.Stride = -16 }, nnd.ErrCorrupt},
		{"half a row", func(g *nnd.SearchGraph, _ *nnd.Options) { g.Adjacency = append(g.Adjacency, 1, 2, 3) }, nnd.ErrCorrupt},
		{"a row too many", func(g *nnd.SearchGraph, _ *nnd.Options) { g.Adjacency = append(g.Adjacency, g.Adjacency[:16]...) }, nnd.ErrCorrupt},
		{"no pivots", func(g *nnd.SearchGraph, _ *nnd.Options) { g.Pivots = nil }, nnd.ErrCorrupt},
		{"no such pivot", func(g *nnd.SearchGraph, _ *nnd.Options) { g.Pivots[0] = 10 }, nnd.ErrCorrupt},
		{"no such end of an edge", func(g *nnd.SearchGraph, _ *nnd.Options) { g.Adjacency[77] = 10 }, nnd.ErrCorrupt},
		{"bad options", func(_ *nnd.SearchGraph, o *nnd.Options) { o.Threads = -1 }, nnd.ErrOptions},
	} {
		g, o := good(), nnd.Options{}
		tc.change(g, &o)
		if err := g.Repair(t.Context(), points, o); !errors.Is(err, tc.want) {
			t.Errorf("%s: error %v, want %v", tc.reason, err, tc.want)
		}
	}
	if err := new(nnd.SearchGraph).Repair(t.Context(), vectors{}, nnd.Options{}); err != nil {
		t.Errorf("no rows: %v", err)
	}
}

// A repair has each pivot followed by the nearest of the next ones that are left, and loses none.
func TestRepair_Pivots(t *testing.T) {
	o := nnd.Options{Neighbors: 8, Stretch: stretch}
	b := diversified(t, mixture(3000, 16, 30, 0.2, 1), o)
	for _, count := range []int{1, 2, 70, 700} {
		got := b.graph.WithPivots(count, 1)
		given, left := got.Pivots, slices.Clone(got.Pivots)
		if err := got.Repair(t.Context(), b.points, o); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(given, left) {
			t.Errorf("the caller's %d pivots are %v now", count, given)
		}
		for i, pivot := range got.Pivots {
			at := slices.Index(left, pivot)
			if at < 0 {
				t.Fatalf("of %d pivots, number %d is row %d, which is none of those left", count, i, pivot)
			}
			values := make([]float32, min(len(left), 512))
			if i == 0 {
				values = values[:1]
			} else {
				b.points.Distances(values, got.Pivots[i-1], left[:len(values)])
			}
			if nearest := slices.Min(values); at >= len(values) || values[at] != nearest {
				t.Fatalf("of %d pivots, number %d is the %d-th of those left, and not nearest to the one before", count, i, at)
			}
			left[0], left[at] = left[at], left[0]
			left = left[1:]
		}
		if len(left) > 0 || count > 2 && slices.IsSorted(got.Pivots) {
			t.Errorf("of %d pivots %d are left out, or they are still in the order of rows", count, len(left))
		}
	}
}

// canceling are points that end a context as soon as one is compared with as many as a pivot is.
type canceling struct {
	vectors
	cancel context.CancelFunc
}

func (c canceling) Distances(dst []float32, row uint32, rows []uint32) {
	if len(rows) == 512 {
		c.cancel()
	}
	c.vectors.Distances(dst, row, rows)
}

func TestRepair_PivotsCanceled(t *testing.T) {
	o := nnd.Options{Neighbors: 8, Stretch: stretch}
	b := diversified(t, mixture(3000, 16, 30, 0.2, 1), o)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := b.graph.WithPivots(700, 1).Repair(ctx, canceling{b.points, cancel}, o); !errors.Is(err, context.Canceled) {
		t.Errorf("a repair whose context ended at its pivots returns %v", err)
	}
}
