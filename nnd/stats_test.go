package nnd_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vicinaldb/store/nnd"
)

func names(phases []nnd.Phase) (names []string) {
	for _, phase := range phases {
		names = append(names, phase.Name)
	}
	return names
}

func TestBuildPhases(t *testing.T) {
	points := mixture(3000, 8, 30, 0.05, 1)
	o := nnd.Options{Neighbors: 8}
	g := neighbors(t, points, o)
	few := neighbors(t, points[:50], o)
	started := neighbors(t, points, nnd.Options{Neighbors: 8, InitGraph: g})
	spare := points[2500:]
	updated := update(t, neighbors(t, points[:2500], o), edit(points[:2500], change{remove: 0.1, add: 0.1}, &spare, 1), o)
	for _, test := range []struct {
		name string
		g    *nnd.NeighborGraph
		want []string
	}{
		{"build", g, []string{"trees", "leaves", "descent"}},
		{"few rows", few, []string{"pairs"}},
		{"initial graph", started, []string{"load", "random", "descent"}},
		{"update", updated, []string{"load", "trees", "leaves", "walk", "join", "descent"}},
	} {
		if got := names(test.g.Stats.Phases); !slices.Equal(got, test.want) {
			t.Errorf("%s: phases %v, want %v", test.name, got, test.want)
		}
	}
	// A tree divides 3000 rows 6 times, by two distances each, and compares the pairs of its leaves of up to 64.
	s := g.Stats
	if s.Leaves < 4*3000/64 || s.LeafPairs < 3000*60 || s.LeafPairs > s.Distances || s.TreeDistances < 4*3000*2*5 {
		t.Errorf("%d leaves, %d pairs of %d, %d distances for trees", s.Leaves, s.LeafPairs, s.Distances, s.TreeDistances)
	}
	// One fresh row is in one leaf of each of four trees.
	one := update(t, neighbors(t, points[:2999], o), edited{points, identity(2999), []uint32{2999}}, o)
	if one.Stats.Leaves != 4 {
		t.Errorf("%d leaves for one fresh row in four trees", one.Stats.Leaves)
	}
	if s := updated.Stats; s.Placed < 250 || s.Placed > 1000 || s.Mended < 500 || s.Mended > 2250 {
		t.Errorf("%d of 2500 rows placed, %d mended", s.Placed, s.Mended)
	}
}

func TestGraphStats(t *testing.T) {
	o := nnd.Options{Neighbors: 8, Pivots: 8, Threads: 1}
	b := build(t, mixture(3000, 8, 400, 0.001, 1), o)
	got := b.graph.Stats
	want := nnd.GraphStats{LeastDegree: 1000}
	for row := range uint32(b.graph.Len()) {
		degree := len(b.graph.Edges(row))
		want.Edges += degree
		want.LeastDegree = min(want.LeastDegree, degree)
		want.GreatestDegree = max(want.GreatestDegree, degree)
	}
	want.MeanDegree = float64(want.Edges) / 3000
	ignore := cmpopts.IgnoreFields(nnd.GraphStats{}, "Components", "GuideEdges", "ConnectEdges", "Phases")
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("statistics (-counted +told):\n%s", diff)
	}
	if got.Components < 50 || got.Components > 400 || got.GuideEdges < got.Components-8 {
		t.Errorf("%d components of 400 islands, %d edges for greedy searches", got.Components, got.GuideEdges)
	}
	if names := names(got.Phases); !slices.Equal(names, []string{"prune", "reverse", "guide", "connect", "seek"}) {
		t.Errorf("phases %v", names)
	}

	// The same on any number of threads, but for the time, which JSON does not have.
	o.Threads = 4
	other := build(t, mixture(3000, 8, 400, 0.001, 1), o).graph.Stats
	one, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	four, err := json.Marshal(other)
	if err != nil || string(one) != string(four) {
		t.Errorf("on one thread %s, on four %s (%v)", one, four, err)
	}
}

// Where no row has a neighbor, all edges are repairs.
func TestGraphStatsOfRepairs(t *testing.T) {
	nan := float32(math.NaN())
	b := build(t, slices.Repeat(vectors{{nan}}, 600), nnd.Options{Neighbors: 4, Pivots: 1})
	s := b.graph.Stats
	if s.Components != 600 || s.GuideEdges+s.ConnectEdges < s.Edges || s.ConnectEdges < 599 || s.LeastDegree != 1 {
		t.Errorf("%+v: 600 rows without neighbors, all edges are repairs", s)
	}
	empty := build(t, nil, nnd.Options{})
	if s := empty.graph.Stats; s.Edges != 0 || s.Components != 0 || s.MeanDegree != 0 {
		t.Errorf("no rows: %+v", s)
	}
}
