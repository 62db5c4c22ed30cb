package metric_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/vicinaldb/store/metric"
)

// FuzzLookup reads parameters as from a schema that anybody may have written: they give a metric with finite, symmetric
// distances, or an error.
func FuzzLookup(f *testing.F) {
	for _, c := range readGolden(f).Cases[60:100] {
		text, err := json.Marshal(c.Params)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(c.Metric, text)
	}
	f.Add("wminkowski", []byte(`{"w":[1e308,5e-324],"p":1e300}`))
	f.Add("seuclidean", []byte(`{"sigma":[5e-324,1e308]}`))
	f.Add("mahalanobis", []byte(`{"vinv":[[1e308,0],[0,1e-308]]}`))
	f.Add("kantorovich", []byte(`{"ground_vectors":[[1e18,1],[-1e18,2]],"max_iterations":1}`))
	f.Add("sinkhorn", []byte(`{"cost":[[0,1e38],[1e38,0]],"regularization":1e27,"max_iterations":3}`))
	x, y := []float32{1e18, 0, 3e-5, 7}, []float32{0, 1e-40, 2, 1e5}
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		var p metric.Params
		if json.Unmarshal(text, &p) != nil {
			return
		}
		if p.MaxIterations != nil {
			*p.MaxIterations = min(*p.MaxIterations, 1000)
		}
		m, err := metric.Lookup(name, p)
		if err != nil {
			return
		}
		for dim := 1; dim <= len(x); dim++ {
			x, y := x[:dim], y[:dim]
			if m.Check(x) != nil || m.Check(y) != nil {
				continue
			}
			d, reverse := m.Distance(x, y), m.Distance(y, x)
			if f := float64(d); d != reverse || math.IsInf(f, 0) {
				t.Fatalf("%s with %s: %v one way, %v the other", name, text, d, reverse)
			}
		}
	})
}
