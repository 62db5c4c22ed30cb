package nnd_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/nnd"
)

// within searches the graph for rows within a radius.
func (b built) within(t testing.TB, vector []float32, k int, radius, epsilon float32, allowed nnd.Filter) ([]nnd.Candidate, nnd.SearchStats) {
	t.Helper()
	found, stats, err := b.graph.Search(t.Context(), nnd.Query{
		Scorer: &query{b.points, vector}, K: k, Epsilon: epsilon, Stretch: stretch, Bounded: true, Radius: radius, Allowed: allowed,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found, stats
}

// inside are all rows within a radius, nearest first.
func inside(points vectors, vector []float32, radius float32, allowed func(row uint32) bool) []nnd.Candidate {
	all := nearest(points, vector, len(points), allowed)
	return all[:len(all)-countBeyond(all, radius)]
}

func countBeyond(found []nnd.Candidate, radius float32) (count int) {
	for _, candidate := range found {
		if candidate.Distance > radius {
			count++
		}
	}
	return count
}

// Whether few, many, or all rows are within the radius, nearly all of them are found, and none beyond; where there are few, most
// others are not looked at.
func TestRadius(t *testing.T) {
	for _, test := range []struct {
		points vectors
		recall float64
	}{
		{uniform(4000, 6, 1), 0.98},
		{mixture(4000, 12, 30, 0.05, 1), 0.95}, // clusters with nothing between them
	} {
		points := test.points
		b := build(t, points, nnd.Options{Neighbors: 15})
		for _, wanted := range []int{1, 5, 40, 800, len(points)} {
			found, there, distances := 0, 0, 0
			for i := range 40 {
				vector := slices.Clone(b.points[i*97%len(b.points)])
				vector[0] += 0.01
				radius := nearest(b.points, vector, wanted, anyRow)[wanted-1].Distance
				got, stats := b.within(t, vector, len(points), radius, 0.1, nil)
				if countBeyond(got, radius) > 0 || !slices.IsSortedFunc(got, byDistance) {
					t.Fatalf("within %v of row %d: %v", radius, i, got)
				}
				found, there = found+len(got), there+len(inside(b.points, vector, radius, anyRow))
				distances += stats.Distances
			}
			if recall := float64(found) / float64(there); recall < test.recall {
				t.Errorf("recall of %d rows within the radius %.4f < %v", wanted, recall, test.recall)
			}
			if wanted <= 40 && distances > 40*len(points)/4 {
				t.Errorf("%d distances a query for %d of %d rows", distances/40, wanted, len(points))
			}
		}
	}
}

// K caps what is found to the nearest, and the cap is what bounds the search then.
func TestRadiusCap(t *testing.T) {
	b := build(t, uniform(4000, 6, 1), nnd.Options{Neighbors: 15})
	vector := uniform(1, 6, 9)[0]
	everything := float32(math.Inf(1))
	got, stats := b.within(t, vector, 10, everything, 0.1, nil)
	if want := b.search(t, vector, 10, 0.1, nil); !slices.Equal(got, want) {
		t.Errorf("the nearest 10 at any distance are %v, want %v", got, want)
	}
	if stats.Distances > len(b.points)/4 {
		t.Errorf("%d distances for 10 rows of %d", stats.Distances, len(b.points))
	}
	few := nearest(b.points, vector, 3, anyRow)
	if got, _ := b.within(t, vector, 10, few[2].Distance, 0.1, nil); !slices.Equal(got, few) {
		t.Errorf("within the third distance are %v, want %v", got, few)
	}
	if got, _ := b.within(t, vector, 10, few[2].Distance, 0, evenRows{}); !slices.Equal(got, inside(b.points, vector, few[2].Distance, func(row uint32) bool { return row%2 == 0 })) {
		t.Errorf("of even rows there are %v", got)
	}
}

// Nothing is within a radius that is less than the least distance, negative, or no number, and far away the search ends.
func TestRadiusOfNothing(t *testing.T) {
	b := build(t, uniform(4000, 6, 1), nnd.Options{Neighbors: 15})
	far := []float32{90, 90, 90, 90, 90, 90}
	for _, radius := range []float32{0, 100, -1, float32(math.Inf(-1)), float32(math.NaN())} {
		got, stats := b.within(t, far, len(b.points), radius, 0, nil)
		if len(got) != 0 || stats.Distances > len(b.points)/2 {
			t.Errorf("within %v: %v, after %d distances", radius, got, stats.Distances)
		}
		scan := nnd.Scan{Scorer: &query{b.points, far}, N: len(b.points), K: 5, Bounded: true, Radius: radius}
		if got, _, err := scan.Run(t.Context(), nil); len(got) != 0 || err != nil {
			t.Errorf("a scan within %v: %v, %v", radius, got, err)
		}
	}
}

// A scan finds exactly what lies within, up to the cap.
func TestScanRadius(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		points := smallPoints(rt, 60)
		if len(points) == 0 {
			points = vectors{{1, 2}}
		}
		vector := make([]float32, len(points[0]))
		k := rapid.IntRange(1, 70).Draw(rt, "k")
		radius := rapid.Float32Range(0, 4).Draw(rt, "radius")
		scan := nnd.Scan{Scorer: &query{points, vector}, N: len(points), K: k, Bounded: true, Radius: radius}
		got, _, err := scan.Run(t.Context(), nil)
		if err != nil {
			rt.Fatal(err)
		}
		want := inside(points, vector, radius, anyRow)
		if want = want[:min(k, len(want))]; !slices.Equal(got, want) {
			rt.Fatalf("within %v there are %v, want %v", radius, got, want)
		}
	})
}

// The search goes on to a region that nothing on the way lies in, wherever the radius ends.
func TestRadiusSmallSets(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		points := smallPoints(rt, 40)
		if len(points) == 0 {
			points = vectors{{1, 2}}
		}
		b := build(t, points, nnd.Options{Neighbors: 5})
		vector := slices.Clone(b.points[rapid.IntRange(0, len(points)-1).Draw(rt, "row")])
		radius := rapid.Float32Range(0, 4).Draw(rt, "radius")
		got, _ := b.within(t, vector, len(points), radius, 0.5, nil)
		want := inside(b.points, vector, radius, anyRow)
		for _, candidate := range got {
			if !slices.Contains(want, candidate) {
				rt.Fatalf("%v is not within %v: %v", candidate, radius, want)
			}
		}
		if len(want) > 0 && len(got) == 0 {
			rt.Fatalf("nothing is found within %v, there are %v", radius, want)
		}
	})
}
