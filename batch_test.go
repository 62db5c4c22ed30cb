package store_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/vicinaldb/store"
)

// A batch gives what as many queries give, at the same cost, however many they are: few, a block, or more than one. Vectors are
// compared as floats, by lossless codes, or by others, and some queries lie where codes do not reach.
func TestCollection_QueryBatch_EqualsQuery(t *testing.T) {
	for _, test := range []struct {
		dim, queries int
		whole        bool
		metrics      []string
	}{
		{8, 4500, true, []string{"euclidean", "cosine"}},
		{40, 1500, true, []string{"euclidean", "manhattan"}},
		{40, 600, false, []string{"euclidean", "cosine", "inner_product"}},
	} {
		vectors, queries := clusters(21, 3000, test.dim), clusters(22, test.queries, test.dim)
		for _, list := range [][][]float32{vectors, queries} {
			for _, v := range list {
				for i := range v {
					if v[i] = 20*v[i] + 100; test.whole {
						v[i] = float32(uint8(v[i]))
					}
				}
			}
		}
		for i := 0; i < len(queries); i += 23 {
			queries[i][i%test.dim] *= 30.5
		}
		for _, metric := range test.metrics {
			equalsQuery(t, metric, vectors, queries)
		}
	}
}

func equalsQuery(t *testing.T, metric string, vectors, queries [][]float32) {
	t.Helper()
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: len(vectors[0]), Metric: metric})
	upsert(t, c, items(vectors[:2900]))
	prepare(t, c)
	upsert(t, c, items(vectors)[2900:])
	if _, err := c.Delete(t.Context(), "3", "4", "2950"); err != nil {
		t.Fatal(err)
	}
	for _, opts := range [][]store.QueryOption{nil, {store.Epsilon(0.3), store.WithMetadata()}, {store.Within(30)}, {store.Exact()}} {
		sizes := []int{1, 63, 64, 200}
		if opts == nil {
			sizes = []int{0, 1, 63, 64, 200, len(queries)}
		}
		for _, n := range sizes {
			sameAsAlone(t, c, metric, queries[:n], opts)
		}
	}
}

func sameAsAlone(t *testing.T, c *store.Collection, metric string, queries [][]float32, opts []store.QueryOption) {
	t.Helper()
	var one, all store.QueryStats
	results, err := c.QueryBatch(t.Context(), queries, 7, append(opts, store.CollectStats(&all))...)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(queries) {
		t.Fatalf("%s: %d results of %d queries", metric, len(results), len(queries))
	}
	for i, q := range queries {
		alone := query(t, c, q, 7, append(opts, store.CollectStats(&one))...)
		if fmt.Sprint(alone) != fmt.Sprint(results[i]) {
			t.Fatalf("%s: query %d of %d: alone %v, in a batch %v", metric, i, len(queries), alone, results[i])
		}
	}
	if one != all {
		t.Errorf("%s: %d queries took %+v alone, %+v in a batch", metric, len(queries), one, all)
	}
}

// The results of a batch are apart from one another, though they lie in one piece of memory.
func TestCollection_QueryBatch_ResultsApart(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 4})
	vectors := clusters(23, 2000, 4)
	upsert(t, c, items(vectors))
	prepare(t, c)
	results, err := c.QueryBatch(t.Context(), vectors[:100], 3)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(results)
	for _, own := range results {
		_ = append(own, store.Result{ID: "another"})
	}
	if got := fmt.Sprint(results); got != want {
		t.Errorf("after appending to each the results are %s, want %s", got, want)
	}
}

// The query that is wrong is named, in whichever block it is; no result comes with the error.
func TestCollection_QueryBatch_NamesTheQuery(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 4})
	vectors := clusters(24, 5000, 4)
	upsert(t, c, items(vectors[:2000]))
	prepare(t, c)
	for _, wrong := range []int{0, 70, 4096, 4999} {
		right := vectors[wrong]
		vectors[wrong] = []float32{1, 2, float32(math.NaN()), 4}
		results, err := c.QueryBatch(t.Context(), vectors, 3)
		var item *store.ItemError
		if !errors.As(err, &item) || item.Index != wrong || !errors.Is(err, store.ErrNotFinite) || results != nil {
			t.Errorf("%d results and error %v, want one for query %d", len(results), err, wrong)
		}
		vectors[wrong] = right
	}
}

func TestCollection_QueryBatch_Allocations(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget at random")
	}
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 16})
	vectors := clusters(10, 3000, 16)
	upsert(t, c, items(vectors))
	prepare(t, c)
	n := testing.AllocsPerRun(20, func() {
		if _, err := c.QueryBatch(t.Context(), vectors[:1024], 10); err != nil {
			t.Error(err)
		}
	})
	// Two for each run of 16, and what the batch itself takes: less than one for four queries.
	if n > 256 {
		t.Errorf("1,024 queries allocate %v times, want at most 256", n)
	}
}
