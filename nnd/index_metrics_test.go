package nnd_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/nnd"
)

// TestIndexOfEachMetric builds and asks an index of every registered metric.
func TestIndexOfEachMetric(t *testing.T) {
	if raceDetector {
		t.Skip("it is about recall alone")
	}
	for _, name := range metric.Names() {
		vectors, m := vectorsFor(t, name)
		t.Run(name, func(t *testing.T) { eachMetricRecall(t, denseData(m, vectors, metricQueries)) })
	}
	for _, name := range metric.SparseNames() {
		vectors, m := vectorsFor(t, name)
		sparse, _ := metric.LookupSparse(name, uint32(len(vectors[0])), m.Params())
		t.Run("sparse "+name, func(t *testing.T) { eachMetricRecall(t, sparseData(sparse, sparseOf(vectors), metricQueries)) })
	}
	for _, name := range metric.BitsNames() {
		m := lookupBits(t, name, 100)
		t.Run(name, func(t *testing.T) {
			eachMetricRecall(t, bitsData(m, flips(metricQueries+metricRows, 100, 20, 8, 1), metricQueries))
		})
	}
}

// More rows than are compared one by one, neither for the graph nor by queries.
const metricRows, metricQueries = 1100, 15

func eachMetricRecall[V any](t *testing.T, d data[V]) {
	t.Parallel()
	o := nnd.Options{Neighbors: 8, Seed: 1}
	if strings.HasSuffix(t.Name(), "/sinkhorn") { // takes as long as all others together
		if testing.Short() {
			t.Skip("takes long")
		}
		o.Neighbors = 4
	}
	x := d.prepared(t, o)
	if x.Stats().Build.Exact {
		t.Fatal("compared all pairs; the descent is what is tested")
	}
	if recall := d.queryRecall(t, x, 10, nnd.DefaultEpsilon); recall < 0.9 {
		t.Errorf("queries have recall %.3f < 0.9", recall)
	}
}

// vectorsFor draws vectors that a metric is meant for, and gives it parameters for them.
func vectorsFor(t *testing.T, name string) ([][]float32, *metric.Dense) {
	t.Helper()
	const n = metricQueries + metricRows
	switch name {
	case "haversine":
		return uniform(n, 2, 1), lookup(t, name)
	case "wminkowski":
		return mixture(n, 8, 10, 0.3, 1), lookup(t, name, metric.Params{P: new(3.0), W: []float64{1, 2, 3, 4, 5, 6, 7, 8}})
	case "seuclidean":
		return mixture(n, 8, 10, 0.3, 1), lookup(t, name, metric.Params{Sigma: []float64{1, 2, 3, 4, 5, 6, 7, 8}})
	case "mahalanobis":
		return mixture(n, 3, 10, 0.3, 1), lookup(t, name, metric.Params{Vinv: [][]float64{{2, 1, 0}, {1, 2, 0}, {0, 0, 1}}})
	case "kantorovich", "proxy_kantorovich":
		return uniform(n, 4, 1), lookup(t, name, metric.Params{GroundVectors: [][]float32{{0, 0}, {0, 1}, {1, 0}, {2, 2}}})
	case "sinkhorn": // takes the longer, the less regular it is
		return uniform(n, 3, 1), lookup(t, name, metric.Params{GroundVectors: [][]float32{{0}, {1}, {3}}})
	case "proxy_sinkhorn": // has less to do with its proxy, the more regular it is
		return uniform(n, 3, 1), lookup(t, name, metric.Params{GroundVectors: [][]float32{{0}, {1}, {3}}, Regularization: new(0.3)})
	case "inner_product", "proxy_inner_product": // of vectors in all directions; else the longest are nearest to all
		return centered(uniform(n, 6, 1)), lookup(t, name)
	case "hamming", "jaccard", "dice", "matching", "kulsinski", "rogerstanimoto", "russellrao", "sokalsneath", "yule":
		return sets(n), lookup(t, name)
	}
	return uniform(n, 6, 1), lookup(t, name)
}

// centered moves vectors from the unit cube around the origin.
func centered(vectors [][]float32) [][]float32 {
	for _, v := range vectors {
		for i := range v {
			v[i] -= 0.5
		}
	}
	return vectors
}

// sets draws vectors of which the components that are not zero make a set.
func sets(n int) [][]float32 {
	r := rand.New(rand.NewPCG(1, 7))
	vectors := make([][]float32, n)
	for i, bits := range flips(n, 30, 20, 8, 1) {
		vectors[i] = make([]float32, 30)
		for j := range vectors[i] {
			vectors[i][j] = float32(bits[0] >> j & 1)
		}
		vectors[i][r.IntN(30)] = 1 // none is empty
	}
	return vectors
}

// sparseOf lists the components that are not zero.
func sparseOf(vectors [][]float32) []metric.SparseVector {
	sparse := make([]metric.SparseVector, len(vectors))
	for i, v := range vectors {
		for feature, value := range v {
			if value != 0 {
				sparse[i].Indices = append(sparse[i].Indices, uint32(feature))
				sparse[i].Values = append(sparse[i].Values, value)
			}
		}
	}
	return sparse
}
