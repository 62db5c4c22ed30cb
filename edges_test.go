package store_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/vicinaldb/store"
)

// Few items, equal items, extreme dimensions: each query finds all that there is to find, before and after Prepare.
func TestEdges(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	random := func(n, dim int) [][]float32 {
		vectors := make([][]float32, n)
		for i := range vectors {
			vectors[i] = make([]float32, dim)
			for j := range vectors[i] {
				vectors[i][j] = r.Float32()
			}
		}
		return vectors
	}
	duplicates := random(40, 4)
	for len(duplicates) < 40*60 {
		duplicates = append(duplicates, duplicates[len(duplicates)-40])
	}
	for _, tc := range []struct {
		reason  string
		vectors [][]float32
	}{
		{"no item", random(0, 3)},
		{"one item", random(1, 3)},
		{"two items", random(2, 3)},
		{"as many items as neighbors", random(30, 3)},
		{"one item more than neighbors", random(31, 3)},
		{"zero vectors", make([][]float32, 2100)},
		{"groups of 60 duplicates", duplicates},
		{"one dimension", random(3000, 1)},
		{"70,000 dimensions", random(12, 70_000)},
	} {
		t.Run(tc.reason, func(t *testing.T) { testEdge(t, tc.vectors) })
	}
}

func testEdge(t *testing.T, vectors [][]float32) {
	ctx, dim := t.Context(), 3
	if len(vectors) > 0 && vectors[0] != nil {
		dim = len(vectors[0])
	}
	c, err := open(t, filepath.Join(t.TempDir(), "store")).Create(ctx, "c", store.Schema{Dim: dim})
	must(t, err)
	items := make([]store.Item, len(vectors))
	for i, v := range vectors {
		if v == nil {
			v = make([]float32, dim)
		}
		items[i] = store.Item{ID: fmt.Sprint(i), Vector: v}
	}
	_, err = c.Upsert(ctx, items...)
	must(t, err)
	for range 2 {
		for i := 0; i < len(items); i += 1 + len(items)/20 {
			for _, k := range []int{1, 10, len(items), len(items) + 5} {
				checkEdge(t, c, items, items[i], k)
			}
		}
		if results, err := c.Query(ctx, make([]float32, dim), 5); err != nil || len(results) != min(5, len(items)) {
			t.Errorf("%d results of %d items, %v", len(results), len(items), err)
		}
		_, err = c.Prepare(ctx)
		must(t, err)
		must(t, c.Verify(ctx))
	}
}

// checkEdge wants as many different items as there can be, the nearest of them at no distance, at epsilon 0 as well.
func checkEdge(t *testing.T, c *store.Collection, items []store.Item, item store.Item, k int) {
	t.Helper()
	results, err := c.Query(t.Context(), item.Vector, k, store.Epsilon(0))
	must(t, err)
	if len(results) != min(k, len(items)) {
		t.Fatalf("%d results, want %d of %d items", len(results), min(k, len(items)), len(items))
	}
	if results[0].Distance != 0 {
		t.Errorf("item %s is nearest to %s, at %v", results[0].ID, item.ID, results[0].Distance)
	}
	seen := map[string]bool{}
	for _, r := range results {
		if seen[r.ID] {
			t.Errorf("item %s is found twice", r.ID)
		}
		seen[r.ID] = true
	}
}
