package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/metric"
)

// A schema is kept as FORMAT.md says, with the metric's name and the parameters that follow from what was given.
func TestSchema_Bytes(t *testing.T) {
	for want, schema := range map[string]store.Schema{
		`{"dim":2,"kind":"dense","metric":"euclidean","index":{}}`:                                    {Dim: 2, Metric: "l2"},
		`{"dim":9,"kind":"bits","metric":"bit_hamming","index":{"search_only":true}}`:                 {Dim: 9, Kind: store.Bits, Index: store.IndexParams{SearchOnly: true}},
		`{"dim":2147483647,"kind":"sparse","metric":"minkowski","params":{"p":2},"index":{"seed":7}}`: {Dim: store.MaxFeatures, Kind: store.Sparse, Metric: "minkowski", Index: store.IndexParams{Seed: 7}},
		`{"dim":2,"kind":"dense","metric":"seuclidean","params":{"sigma":[1,0.5],"proxy":"manhattan"},"index":{"neighbors":10,` +
			`"diversify_prob":0.5,"pruning_degree_multiplier":2,"diversify_method":"forward","degree_aware":1,"alpha":1.5,"pivots":9,` +
			`"trees":3,"leaf_size":40,"max_tree_depth":50,"random_init":true,"max_candidates":20,"iterations":4,"delta":0.01}}`: {
			Dim: 2, Metric: "standardised_euclidean", Params: metric.Params{Sigma: []float64{1, 0.5}, Proxy: "l1"},
			Index: store.IndexParams{
				Neighbors: 10, DiversifyProb: new(0.5), PruningDegreeMultiplier: 2, DiversifyMethod: store.DiversifyForward,
				DegreeAware: 1, Alpha: 1.5, Pivots: 9, Trees: 3, LeafSize: 40, MaxTreeDepth: 50, RandomInit: true,
				MaxCandidates: 20, Iterations: 4, Delta: 0.01,
			},
		},
	} {
		path := t.TempDir()
		s := open(t, path)
		create(t, s, schema)
		must(t, s.Close())
		text, err := os.ReadFile(filepath.Join(path, "songs", "MANIFEST"))
		must(t, err)
		if !strings.Contains(string(text), `"schema":`+want+`,`) {
			t.Errorf("want the schema %s in %s", want, text)
		}
	}
}
