package nnd_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/nnd"
)

// checkSearchGraph checks what holds for every search graph that was built.
func checkSearchGraph(t interface{ Fatalf(string, ...any) }, g *nnd.SearchGraph, n, degree int) {
	if g.Len() != n && n > 0 || g.Stride%16 != 0 || len(g.Adjacency) != n*g.Stride {
		t.Fatalf("adjacency of %d with stride %d for %d rows", len(g.Adjacency), g.Stride, n)
	}
	if g.Stride > (degree+15)/16*16 {
		t.Fatalf("stride %d for a degree of %d", g.Stride, degree)
	}
	for row := range uint32(n) {
		edges := g.Edges(row)
		for _, id := range g.Adjacency[int(row)*g.Stride+len(edges) : (int(row)+1)*g.Stride] {
			if id != row {
				t.Fatalf("row %d: %d in the padding", row, id)
			}
		}
		sorted := slices.Clone(edges)
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) != len(edges) {
			t.Fatalf("row %d: repetition in edges %v", row, edges)
		}
	}
	if len(g.Pivots) == 0 && n > 0 {
		t.Fatalf("no pivots")
	}
	if count := reachable(g); count != n {
		t.Fatalf("%d of %d rows can be reached", count, n)
	}
}

func TestEveryRowCanBeReached(t *testing.T) {
	none := 0.0
	for _, test := range []struct {
		name   string
		points vectors
		o      nnd.Options
		reason string
	}{
		{"islands", mixture(3000, 4, 300, 0.0001, 1), nnd.Options{Neighbors: 5}, "neighbor lists do not leave clusters"},
		{"islands, degree 1", mixture(2000, 4, 200, 0.0001, 1), nnd.Options{Neighbors: 5, PruningDegreeMultiplier: 0.2}, "no edge to spare"},
		{"islands, all edges", mixture(3000, 4, 300, 0.0001, 1), nnd.Options{Neighbors: 16, PruningDegreeMultiplier: 1, DiversifyProb: &none}, "no free slot: the stride is the degree"},
		{"repeated", repeated(3000, 4, 30, 1), nnd.Options{Neighbors: 5}, "groups of duplicates larger than k"},
		{"equal", repeated(3000, 4, 1, 1), nnd.Options{Neighbors: 5}, "one group"},
		{"equal, all edges", repeated(3000, 4, 1, 1), nnd.Options{Neighbors: 16, PruningDegreeMultiplier: 1, DiversifyProb: &none}, "one group, no free slot"},
		{"one pivot", mixture(3000, 4, 300, 0.0001, 1), nnd.Options{Neighbors: 5, Pivots: 1}, "everything hangs on one row"},
		{"line", uniform(3000, 1, 1), nnd.Options{Neighbors: 2, Alpha: 1}, "a chain"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := build(t, test.points, test.o)
			checkSearchGraph(t, b.graph, len(b.points), 16)
		})
	}
}

func TestSmallGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := smallPoints(t, 80)
		prob := rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "diversify")
		o := nnd.Options{
			Neighbors:               rapid.IntRange(1, 20).Draw(t, "k"),
			PruningDegreeMultiplier: rapid.SampledFrom([]float64{0.1, 0.5, 1, 1.5, 3}).Draw(t, "multiplier"),
			DiversifyProb:           &prob,
			Alpha:                   rapid.SampledFrom([]float64{1, 1.05, 2}).Draw(t, "alpha"),
			DiversifyMethod:         nnd.DiversifyMethod(rapid.IntRange(0, 2).Draw(t, "method")),
			DegreeAware:             rapid.SampledFrom([]float64{0, 1, 5}).Draw(t, "degree aware"),
			Pivots:                  rapid.IntRange(0, 3).Draw(t, "pivots"),
			Stretch:                 stretch,
			Threads:                 2,
		}
		neighbors, err := nnd.Build(background, points, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		g, err := nnd.NewSearchGraph(background, points, neighbors, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		checkSearchGraph(t, g, len(points), max(1, int(math.Round(o.PruningDegreeMultiplier*float64(o.Neighbors)))))

		// At an epsilon beyond all distances the walk goes everywhere, so that it must find what a scan finds.
		vector := make([]float32, 3)
		if len(points) > 0 {
			vector = vector[:len(points[0])]
		}
		k := rapid.IntRange(1, 100).Draw(t, "results")
		found, _, err := g.Search(background, nnd.Query{
			Scorer: &query{points, vector}, K: k, Epsilon: 1e6, Stretch: stretch,
		}, nil)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if want := distances(nearest(points, vector, k, anyRow)); !slices.Equal(distances(found), want) {
			t.Fatalf("found distances %v, want %v", distances(found), want)
		}
	})
}

// Occlusion keeps one of many duplicates, and a duplicate of the vertex itself occludes nothing but other duplicates.
func TestDuplicatesLeaveRoom(t *testing.T) {
	points := repeated(800, 3, 50, 1)
	for _, alpha := range []float64{1, 1.05} {
		b := build(t, points, nnd.Options{Neighbors: 40, Alpha: alpha})
		for row := range uint32(b.graph.Len()) {
			same, others := 0, 0
			for _, id := range b.graph.Edges(row) {
				if squared(b.points[row], b.points[id]) == 0 {
					same++
				} else {
					others++
				}
			}
			if same > 10 || others == 0 {
				t.Fatalf("alpha %v: row %d has %d edges to duplicates, %d to others", alpha, row, same, others)
			}
		}
	}
}

// The degree bound and the diversification are dials that do something. Repairs may exceed the bound a little.
func TestDegrees(t *testing.T) {
	points := uniform(1500, 8, 1)
	half, none := 0.5, 0.0
	mean := func(o nnd.Options) float64 {
		b := build(t, points, o)
		edges := 0
		for row := range uint32(b.graph.Len()) {
			edges += len(b.graph.Edges(row))
		}
		return float64(edges) / float64(b.graph.Len())
	}
	diverse := mean(nnd.Options{Neighbors: 20})
	mixed := mean(nnd.Options{Neighbors: 20, DiversifyProb: &half})
	all := mean(nnd.Options{Neighbors: 20, DiversifyProb: &none})
	loose := mean(nnd.Options{Neighbors: 20, Alpha: 1.2})
	tight := mean(nnd.Options{Neighbors: 20, PruningDegreeMultiplier: 0.25})
	if !(diverse+1 < mixed && mixed+1 < all && diverse+1 < loose && tight <= 5.5) {
		t.Errorf("mean degrees: diverse %.1f, half %.1f, all %.1f, alpha 1.2 %.1f, bound 5 %.1f", diverse, mixed, all, loose, tight)
	}
}

// With degree awareness, hubs get fewer edges.
func TestDegreeAware(t *testing.T) {
	points := uniform(2000, 16, 1) // of high dimension, so that some rows are near to many
	for _, method := range []nnd.DiversifyMethod{nnd.DiversifyUnion, nnd.DiversifyForward, nnd.DiversifyBidirectional} {
		greatest := func(aware float64) int {
			degrees := make([]int, len(points))
			b := build(t, points, nnd.Options{Neighbors: 10, DiversifyMethod: method, DegreeAware: aware})
			for row := range uint32(b.graph.Len()) {
				for _, id := range b.graph.Edges(row) {
					degrees[id]++
				}
			}
			slices.Sort(degrees)
			sum := 0
			for _, degree := range degrees[len(degrees)-50:] {
				sum += degree
			}
			return sum
		}
		if without, with := greatest(0), greatest(3); with > without*9/10 {
			t.Errorf("%v: the 50 greatest hubs have %d edges, with degree awareness %d", method, without, with)
		}
	}
}

func TestNewSearchGraphErrors(t *testing.T) {
	points := uniform(10, 2, 1)
	good, err := nnd.Build(t.Context(), points, nnd.Options{Neighbors: 3})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(g *nnd.NeighborGraph){
		"rows missing":      func(g *nnd.NeighborGraph) { g.Rows = g.Rows[1:] },
		"distances missing": func(g *nnd.NeighborGraph) { g.Distances = nil },
		"wrong k":           func(g *nnd.NeighborGraph) { g.K = 4 },
		"negative k":        func(g *nnd.NeighborGraph) { g.K = -3 },
		"no such row":       func(g *nnd.NeighborGraph) { g.Rows[5] = 10 },
	} {
		bad := &nnd.NeighborGraph{K: good.K, Rows: slices.Clone(good.Rows), Distances: slices.Clone(good.Distances)}
		change(bad)
		if _, err := nnd.NewSearchGraph(t.Context(), points, bad, nnd.Options{}); !errors.Is(err, nnd.ErrCorrupt) {
			t.Errorf("%s: error %v, want ErrCorrupt", name, err)
		}
	}
}
