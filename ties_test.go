package store_test

import (
	"slices"
	"testing"

	"github.com/vicinaldb/store"
)

// TestCollection_Query_TiesByChance asks for vectors some of which have the same distance by their codes, as the last that is wanted and the
// next one. These are all candidates, so such a query takes no longer than others.
func TestCollection_Query_TiesByChance(t *testing.T) {
	const n, dim, queries = 4000, 6, 200
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: dim, Codec: "uint8"})
	upsert(t, c, items(clusters(31, n, dim)))
	prepare(t, c)
	var expanded []int
	for _, vector := range clusters(32, queries, dim) {
		var stats store.QueryStats
		query(t, c, vector, 20, store.CollectStats(&stats))
		expanded = append(expanded, stats.Expanded)
	}
	slices.Sort(expanded)
	if median, most := expanded[queries/2], expanded[queries-1]; most > 3*median {
		t.Errorf("queries expand up to %d rows, half of them no more than %d", most, median)
	}
}

// TestCollection_Query_Crowd asks for the nearest of many vectors that have one code, which is not that of the query.
func TestCollection_Query_Crowd(t *testing.T) {
	vectors := crowd(2000, 24)
	vectors[1999][3] = 1000
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 24, Codec: "uint8"})
	upsert(t, c, items(vectors))
	prepare(t, c)
	for row := 0; row < 1900; row += 90 {
		aside := slices.Clone(vectors[row])
		aside[3] = 12
		for _, epsilon := range []float64{0, 0.1, 0.3} {
			got, exact := query(t, c, aside, 5, store.Epsilon(epsilon)), query(t, c, aside, 5, store.Exact())
			if !slices.Equal(idsOf(got), idsOf(exact)) {
				t.Errorf("beside row %d, epsilon %v: %v, want %v", row, epsilon, idsOf(got), idsOf(exact))
			}
		}
	}
}
