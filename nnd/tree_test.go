package nnd_test

import (
	"slices"
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
		{"leaf of two", uniform(100, 2, 1), nnd.Options{LeafSize: 2}, "splits down to the least node"},
		{"equal", repeated(1000, 2, 1, 1), nnd.Options{LeafSize: 4}, "all margins equal"},
		{"depth 1", uniform(1000, 2, 1), nnd.Options{MaxTreeDepth: 1}, "cut by position below the root"},
		{"many", uniform(5000, 3, 1), nnd.Options{}, "blocks of margins"},
	} {
		order, err := nnd.Order(t.Context(), test.points, test.o)
		if err != nil {
			t.Fatal(err)
		}
		sorted := slices.Sorted(slices.Values(order))
		for i, row := range sorted {
			if row != uint32(i) {
				t.Fatalf("%s: not a permutation (%s)", test.name, test.reason)
			}
		}
		if len(order) != len(test.points) {
			t.Fatalf("%s: %d of %d rows (%s)", test.name, len(order), len(test.points), test.reason)
		}
	}
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
