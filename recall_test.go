package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store"
)

// meanRecall asks for the k nearest of every query and compares with an exact search of the same collection. Of items that are equally
// far any will do.
func meanRecall(t *testing.T, c *store.Collection, queries [][]float32, k int, opts ...store.QueryOption) float64 {
	t.Helper()
	total := 0.0
	for _, q := range queries {
		truth, got := query(t, c, q, k, store.Exact()), query(t, c, q, k, opts...)
		if len(got) != len(truth) {
			t.Fatalf("%d results, an exact search has %d", len(got), len(truth))
		}
		for i := 1; i < len(got); i++ {
			if got[i].Distance < got[i-1].Distance || got[i].ID == got[i-1].ID {
				t.Fatalf("result %d is %+v, after %+v", i, got[i], got[i-1])
			}
		}
		total += recall(truth, got)
	}
	return total / float64(len(queries))
}

// near gives vectors that are a little beside some of those given.
func near(seed uint64, vectors [][]float32, n int, far float32) [][]float32 {
	random := rand.New(rand.NewPCG(seed, 1))
	queries := make([][]float32, n)
	for i := range queries {
		queries[i] = slices.Clone(vectors[random.IntN(len(vectors))])
		for j := range queries[i] {
			queries[i][j] += far * float32(random.NormFloat64())
		}
	}
	return queries
}

// Codes that have lost something cost no recall, however many results are wanted: candidates enough are ranked by the vectors.
func TestCollection_Query_RecallByCodesIsThatByVectors(t *testing.T) {
	skipLong(t)
	vectors := clusters(80, 4000, 24)
	queries := near(81, vectors, 1500, 0.3)
	for _, name := range []string{"euclidean", "cosine"} {
		recalls := map[string][]float64{}
		for _, codes := range []string{"uint8", "float32"} {
			c := create(t, open(t, t.TempDir()), store.Schema{Dim: 24, Metric: name, Codec: codes})
			upsert(t, c, items(vectors))
			prepare(t, c)
			for _, k := range []int{1, 10, 100} {
				for _, epsilon := range []float64{0, 0.1, 0.4} {
					recalls[codes] = append(recalls[codes], meanRecall(t, c, queries, k, store.Epsilon(epsilon)))
				}
			}
		}
		t.Logf("%s, k 1, 10, 100, epsilon 0, .1, .4: by codes %.4f, by vectors %.4f", name, recalls["uint8"], recalls["float32"])
		lost := 0.0
		for i, byVectors := range recalls["float32"] {
			byCodes := recalls["uint8"][i]
			if byCodes < byVectors-0.015 { // a query more or less that a narrow walk for one item misses is chance
				t.Errorf("%s: recall %d is %.4f by codes, %.4f by vectors", name, i, byCodes, byVectors)
			}
			lost += (byVectors - byCodes) / float64(len(recalls["float32"]))
		}
		if lost > 0.003 {
			t.Errorf("%s: codes lose %.4f in the mean", name, lost)
		}
	}
}

// What is left at most is what the walk misses: by codes it is not more than by vectors.
func TestCollection_Query_Recall_Duplicates(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and minutes of it under the race detector")
	}
	distinct := clusters(82, 300, 16)
	var twenty [][]float32
	for range 20 {
		twenty = append(twenty, distinct...)
	}
	others := clusters(83, 1500, 16)
	crowd := slices.Concat(slices.Repeat(others[:1], 10_000), others)
	for _, test := range []struct {
		name             string
		vectors, queries [][]float32
		codecs           []string
	}{
		{"each twenty times", twenty, slices.Concat(distinct[:20], near(84, distinct, 20, 0.2)), []string{"uint8", "float32"}},
		{
			"one ten thousand times", crowd,
			slices.Concat(others[:20], near(85, others, 20, 0.2), near(86, others[:1], 5, 0.2)),
			[]string{"uint8"},
		},
	} {
		for _, codes := range test.codecs {
			t.Run(fmt.Sprint(test.name, " codec ", codes), func(t *testing.T) {
				t.Parallel()
				c := create(t, open(t, t.TempDir()), store.Schema{Dim: 16, Codec: codes})
				upsert(t, c, items(test.vectors))
				prepare(t, c)
				for _, k := range []int{1, 10, 20, 100} {
					if got := meanRecall(t, c, test.queries, k, store.Epsilon(0.3)); got < 0.98 {
						t.Errorf("recall at %d is %.4f, want .98", k, got)
					}
				}
			})
		}
	}
}
