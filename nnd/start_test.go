package nnd_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/vicinaldb/store/nnd"
)

func TestRandomInit(t *testing.T) {
	for _, test := range []struct {
		name   string
		points vectors
		recall float64
		reason string
	}{
		{"uniform", uniform(3000, 8, 1), 0.98, "a descent from nothing"},
		{"mixture", mixture(3000, 16, 20, 0.1, 1), 0.98, "large clusters find themselves"},
		{"equal", repeated(3000, 4, 1, 1), 1, "all rows are neighbors"},
	} {
		o := nnd.Options{Neighbors: 15, Seed: 1, RandomInit: true}
		g := neighbors(t, test.points, o)
		checkNeighborGraph(t, test.points, g)
		if recall := neighborRecall(test.points, g); recall < test.recall {
			t.Errorf("%s: recall %.4f < %.4f (%s)", test.name, recall, test.recall, test.reason)
		}
		if g.Stats.Leaves != 0 || g.Stats.TreeDistances != 0 {
			t.Errorf("%s: there were trees", test.name)
		}
		o.Threads = 5
		if five := neighbors(t, test.points, o); !slices.Equal(five.Rows, g.Rows) {
			t.Errorf("%s: another graph on five threads", test.name)
		}
	}
}

func TestInitGraph(t *testing.T) {
	points := mixture(3000, 16, 20, 0.1, 1)
	fresh := neighbors(t, points, nnd.Options{Neighbors: 15, Seed: 1})
	small := neighbors(t, points, nnd.Options{Neighbors: 8, Seed: 1})
	self := selfFirst(fresh)
	sparse := &nnd.NeighborGraph{K: 2, Rows: make([]uint32, 6000), Distances: slices.Repeat([]float32{float32(math.Inf(1))}, 6000)}
	for i := range sparse.Rows {
		sparse.Rows[i] = uint32(i / 2)
	}
	for _, test := range []struct {
		name   string
		init   *nnd.NeighborGraph
		cost   float64 // of a build's
		recall float64
		reason string
	}{
		{"the same", fresh, 1, 0.999, "one round that finds nothing"},
		{"fewer neighbors", small, 1.3, 0.99, "lists half full of random rows"},
		{"PyNNDescent's", self, 1, 0.999, "the row first, farthest first, no distances"},
		{"nothing", sparse, 2, 0.98, "only rows of their own number"},
		{"no lists", &nnd.NeighborGraph{K: 1, Rows: identity(3000)}, 2, 0.98, "the same, without distances"},
	} {
		g := neighbors(t, points, nnd.Options{Neighbors: 15, Seed: 1, InitGraph: test.init})
		checkNeighborGraph(t, points, g)
		if recall := neighborRecall(points, g); recall < test.recall {
			t.Errorf("%s: recall %.4f < %.4f (%s)", test.name, recall, test.recall, test.reason)
		}
		if share := cost(g) / cost(fresh); share > test.cost || g.Stats.Leaves > 0 {
			t.Errorf("%s: %.2f of a build's distances, more than %.2f, %d leaves (%s)", test.name, share, test.cost, g.Stats.Leaves, test.reason)
		}
	}
}

func identity(n int) []uint32 {
	rows := make([]uint32, n)
	for i := range rows {
		rows[i] = uint32(i)
	}
	return rows
}

// selfFirst is a graph with each row before its neighbors, which come in descending order and without distances.
func selfFirst(g *nnd.NeighborGraph) *nnd.NeighborGraph {
	s := &nnd.NeighborGraph{K: g.K + 1}
	for row := range uint32(g.Len()) {
		rows, _ := g.Neighbors(row)
		rows = slices.Clone(rows)
		slices.Reverse(rows)
		s.Rows = append(append(s.Rows, row), rows...)
	}
	return s
}

// An initial graph changes nothing about a result that is exact, however small.
func TestInitGraphOfFew(t *testing.T) {
	for _, n := range []int{0, 1, 2, 5, 6, 60} {
		points := uniform(n, 2, 1)
		want := neighbors(t, points, nnd.Options{Neighbors: 5})
		for _, init := range []*nnd.NeighborGraph{want, {K: 1, Rows: identity(n)}, {Rows: []uint32{}}} {
			got := neighbors(t, points, nnd.Options{Neighbors: 5, InitGraph: init})
			if !slices.Equal(got.Rows, want.Rows) || !slices.Equal(got.Distances, want.Distances) {
				t.Errorf("%d rows: %v, want %v", n, got.Rows, want.Rows)
			}
		}
	}
}

func TestInitGraphErrors(t *testing.T) {
	nan := float32(math.NaN())
	for _, n := range []int{10, 1000} { // compared pair by pair, and by descent
		points := uniform(n, 2, 1)
		good := neighbors(t, points, nnd.Options{Neighbors: 3})
		for name, change := range map[string]func(g *nnd.NeighborGraph){
			"rows missing":      func(g *nnd.NeighborGraph) { g.Rows = g.Rows[1:] },
			"distances missing": func(g *nnd.NeighborGraph) { g.Distances = g.Distances[3:] },
			"negative k":        func(g *nnd.NeighborGraph) { g.K = -3 },
			"no such row":       func(g *nnd.NeighborGraph) { g.Rows[5] = uint32(n) },
			"repetition":        func(g *nnd.NeighborGraph) { g.Rows[5] = g.Rows[4] },
			"NaN":               func(g *nnd.NeighborGraph) { g.Distances[5] = nan },
			"other distances": func(g *nnd.NeighborGraph) {
				for i := range g.Distances {
					g.Distances[i] *= 2
				}
			},
		} {
			bad := &nnd.NeighborGraph{K: good.K, Rows: slices.Clone(good.Rows), Distances: slices.Clone(good.Distances)}
			change(bad)
			if _, err := nnd.Build(t.Context(), points, nnd.Options{Neighbors: 3, InitGraph: bad}); !errors.Is(err, nnd.ErrCorrupt) {
				t.Errorf("%d rows, %s: error %v, want ErrCorrupt", n, name, err)
			}
		}
	}
}
