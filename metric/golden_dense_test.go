package metric_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/vicinaldb/store/metric"
)

// goldenFile is testdata/dense.json, which generate_dense.py beside it writes and explains.
type goldenFile struct {
	Groups []goldenGroup
	Cases  []goldenCase
}

type goldenGroup struct {
	Name    string
	Dim     int
	Vectors [][]float32
	Numbers [][5]int64
}

type goldenCase struct {
	Metric    string
	Group     string
	Source    string
	Params    metric.Params
	Scale     float64
	Searched  bool
	Distances []float64
}

func readGolden(t testing.TB) goldenFile {
	t.Helper()
	data, err := os.ReadFile("testdata/dense.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden goldenFile
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	return golden
}

// vectors returns the vectors of a group, made by their formula where it has no others.
func (g *goldenGroup) vectors() [][]float32 {
	vectors := g.Vectors
	for _, n := range g.Numbers {
		v := make([]float32, g.Dim)
		for i := range v {
			v[i] = float32(float64((int64(i)*n[0]+n[1])%n[2]-n[3]) / float64(n[4]))
		}
		vectors = append(vectors, v)
	}
	return vectors
}

// TestGolden compares every metric with values that were computed in float64, by other means where there are any.
func TestGolden(t *testing.T) {
	golden := readGolden(t)
	groups := map[string][][]float32{}
	for _, g := range golden.Groups {
		groups[g.Name] = g.vectors()
	}
	compared := map[string]bool{}
	for _, c := range golden.Cases {
		m, err := metric.Lookup(c.Metric, c.Params)
		if err != nil {
			t.Errorf("%s for %s: %v", c.Metric, c.Group, err)
			continue
		}
		compared[m.Name()] = true
		if c.Searched {
			m, _ = m.Proxy()
		}
		compareGolden(t, m, &c, groups[c.Group])
	}
	for _, name := range builtIn {
		if !compared[name] {
			t.Errorf("%s is compared with nothing", name)
		}
	}
}

func compareGolden(t *testing.T, m *metric.Dense, c *goldenCase, vectors [][]float32) {
	t.Helper()
	next := 0
	for i, x := range vectors {
		for j, y := range vectors[i:] {
			want := c.Distances[next]
			next++
			got := float64(m.Distance(x, y))
			tolerance := 1e-5*max(math.Abs(want), c.Scale) + 1e-12
			if !(math.Abs(got-want) <= tolerance) {
				t.Errorf("%s (%s) of %d and %d of %s: got %v, want %v as %s has it", c.Metric, m.Name(), i, i+j, c.Group, got, want, c.Source)
			}
		}
	}
	if next != len(c.Distances) {
		t.Errorf("%s of %s: %d pairs, %d distances", c.Metric, c.Group, next, len(c.Distances))
	}
}
