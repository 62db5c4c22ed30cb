package nnd_test

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/vicinaldb/store/nnd"
)

func TestOrder(t *testing.T) {
	for _, test := range []struct {
		name   string
		points vectors
		o      nnd.Options
		reason string
	}{
		{"none", nil, nnd.Options{}, "nothing to order"},
		{"one", uniform(1, 2, 1), nnd.Options{}, "nothing to split"},
		{"a leaf and one", uniform(17, 2, 1), nnd.Options{}, "the cut leaves something on both sides"},
		{"leaf of two", uniform(100, 2, 1), nnd.Options{LeafSize: 2}, "splits down to the least node"},
		{"equal", repeated(1000, 2, 1, 1), nnd.Options{LeafSize: 4}, "all margins equal"},
		{"depth 1", uniform(1000, 2, 1), nnd.Options{MaxTreeDepth: 1}, "cut by position below the root"},
		{"many", uniform(5000, 3, 1), nnd.Options{}, "blocks of margins"},
	} {
		for _, points := range []nnd.Points{test.points, blocks{test.points, new(atomic.Int64)}} {
			order := orderOf(t, points, test.o)
			sorted := slices.Sorted(slices.Values(order))
			for i, row := range sorted {
				if row != uint32(i) {
					t.Fatalf("%s, %T: not a permutation (%s)", test.name, points, test.reason)
				}
			}
			if len(order) != len(test.points) {
				t.Fatalf("%s, %T: %d of %d rows (%s)", test.name, points, len(order), len(test.points), test.reason)
			}
		}
	}
}

func orderOf(t *testing.T, points nnd.Points, o nnd.Options) []uint32 {
	t.Helper()
	order, err := nnd.Order(t.Context(), points, o)
	if err != nil {
		t.Fatal(err)
	}
	return order
}

// Rows that follow one another are near one another: that is what the order is for.
func TestOrderKeepsNearRowsTogether(t *testing.T) {
	points := mixture(4000, 8, 20, 0.05, 1)
	step := func(points vectors) float64 {
		sum := 0.0
		for i := range points[1:] {
			sum += float64(squared(points[i], points[i+1]))
		}
		return sum
	}
	if before, after := step(points), step(ordered(t, points, nnd.Options{})); after > before/5 {
		t.Errorf("sum of squared steps %.0f, before ordering %.0f", after, before)
	}
}

// Where points are compared in blocks, the nearest rows of a row are in fewer pages of 32 rows.
func TestOrderTouchesFewPages(t *testing.T) {
	const n, page, k = 8192, 32, 32
	points := uniform(n, 48, 1)
	for _, point := range points {
		for j := range point {
			point[j] *= 1 / float32(1+j) // some directions matter more than others, as in most data
		}
	}
	o := nnd.Options{Neighbors: k, Seed: 1}
	graph := neighbors(t, points, o)
	pages := func(order []uint32) (mean float64) {
		place := make([]int, n)
		for row, old := range order {
			place[old] = row
		}
		for row := range uint32(n) {
			seen := map[int]bool{}
			near, _ := graph.Neighbors(row)
			for _, other := range near {
				seen[place[other]/page] = true
			}
			mean += float64(len(seen)) / n
		}
		return mean
	}
	calls := new(atomic.Int64)
	scattered, pairs, groups := pages(identity(n)), pages(orderOf(t, points, o)), pages(orderOf(t, blocks{points, calls}, o))
	t.Logf("pages of 32 nearest rows: %.2f unordered, %.2f by pairs of rows, %.2f by groups, in %d blocks", scattered, pairs, groups, calls.Load())
	if pairs > 0.75*scattered || groups > 0.92*pairs {
		t.Errorf("pages of 32 nearest rows: %.2f unordered, %.2f by pairs of rows, %.2f by groups", scattered, pairs, groups)
	}
}

// Rows that are in order are the leaves of the first tree: alone they are no worse a start than a tree that is grown.
func TestOrderedStart(t *testing.T) {
	points := ordered(t, mixture(5000, 8, 20, 0.3, 1), nnd.Options{})
	const leaf = 64
	o := nnd.Options{Neighbors: 10, Trees: 1, LeafSize: leaf, Iterations: 1, Seed: 1}
	grown := neighbors(t, points, o)
	o.Ordered = true
	runs := neighbors(t, points, o)
	if s := runs.Stats; s.Leaves != (5000+leaf-1)/leaf || s.TreeDistances != 0 || s.LeafPairs != 78*leaf*(leaf-1)/2+8*7/2 {
		t.Errorf("%d leaves with %d pairs, %d distances to find them", s.Leaves, s.LeafPairs, s.TreeDistances)
	}
	found := neighbors(t, points, nnd.Options{Neighbors: 10, Seed: 1})
	if grown, runs := share(found, grown), share(found, runs); runs < grown-0.02 {
		t.Errorf("with one round, lists from rows in order have %.3f of the neighbors, from a tree %.3f", runs, grown)
	}
	o.Trees = 3
	if s := neighbors(t, points, o).Stats; s.TreeDistances == 0 || s.Leaves < 3*5000/leaf {
		t.Errorf("of three trees, %d leaves, %d distances to grow two", s.Leaves, s.TreeDistances)
	}
	// A fresh row is in one leaf of each tree.
	one := update(t, neighbors(t, points[:4999], o), edited{points, identity(4999), []uint32{4999}}, o)
	if one.Stats.Leaves != 3 {
		t.Errorf("%d leaves for one fresh row in three trees", one.Stats.Leaves)
	}
}

// share is what share of the neighbors in one graph another has.
func share(all, part *nnd.NeighborGraph) float64 {
	both, n := 0, len(all.Rows)/all.K
	for row := range uint32(n) {
		want, _ := all.Neighbors(row)
		got, _ := part.Neighbors(row)
		for _, id := range got {
			if slices.Contains(want, id) {
				both++
			}
		}
	}
	return float64(both) / float64(n*all.K)
}
