package metric_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/metric"
)

// definitions are the true distances by the book, in float64.
var definitions = map[string]func(x, y []float64) float64{
	"euclidean":     func(x, y []float64) float64 { return math.Sqrt(squaredDifferences(x, y)) },
	"sqeuclidean":   squaredDifferences,
	"manhattan":     absoluteDifferences,
	"cosine":        func(x, y []float64) float64 { return 1 - dot(x, y)/math.Sqrt(dot(x, x)*dot(y, y)) },
	"dot":           func(x, y []float64) float64 { return 1 - dot(normalized(x), normalized(y)) },
	"inner_product": func(x, y []float64) float64 { return -dot(x, y) },
}

func squaredDifferences(x, y []float64) (sum float64) {
	for i := range x {
		sum += (x[i] - y[i]) * (x[i] - y[i])
	}
	return sum
}

func absoluteDifferences(x, y []float64) (sum float64) {
	for i := range x {
		sum += math.Abs(x[i] - y[i])
	}
	return sum
}

func dot(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

func normalized(x []float64) []float64 {
	unit := slices.Clone(x)
	for i := range unit {
		unit[i] /= math.Sqrt(dot(x, x))
	}
	return unit
}

func widened(x []float32) []float64 {
	wide := make([]float64, len(x))
	for i := range x {
		wide[i] = float64(x[i])
	}
	return wide
}

// lookup returns a built-in metric.
func lookup(t testing.TB, name string) *metric.Dense {
	t.Helper()
	m, err := metric.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// eachMetric runs f for every built-in metric.
func eachMetric(t *testing.T, f func(t *testing.T, m *metric.Dense)) {
	for name := range definitions {
		t.Run(name, func(t *testing.T) { f(t, lookup(t, name)) })
	}
}

// vectorOf draws a vector that m accepts.
func vectorOf(t *rapid.T, m *metric.Dense, dim int, label string) []float32 {
	component := rapid.Float32Range(-100, 100)
	return rapid.SliceOfN(component, dim, dim).Filter(func(v []float32) bool { return m.Check(v) == nil }).Draw(t, label)
}

func TestDistanceByDefinition(t *testing.T) {
	eachMetric(t, func(t *testing.T, m *metric.Dense) {
		rapid.Check(t, func(t *rapid.T) {
			dim := rapid.IntRange(1, 100).Draw(t, "dim")
			x, y := vectorOf(t, m, dim, "x"), vectorOf(t, m, dim, "y")
			want := definitions[m.Name()](widened(x), widened(y))
			// What float32 sums lose is relative to the terms, which may cancel, or lies below what a square can be.
			scale := 1.0
			switch m.Kernel() {
			case metric.InnerProduct:
				scale = math.Sqrt(dot(widened(x), widened(x)) * dot(widened(y), widened(y)))
			case metric.SquaredL2, metric.L1:
				scale = want
			}
			if got := float64(m.Distance(x, y)); math.Abs(got-want) > 2e-6*scale+1e-20 {
				t.Fatalf("got %v, want %v", got, want)
			}
		})
	})
}

func TestDistanceOfSpecialPairs(t *testing.T) {
	cases := []struct {
		metric string
		x, y   []float32
		want   float32
		reason string
	}{
		{"euclidean", []float32{0, 0}, []float32{3, 4}, 5, "the true distance is the root of the fast form"},
		{"sqeuclidean", []float32{0, 0}, []float32{3, 4}, 25, "the true distance is the square"},
		{"manhattan", []float32{0, 0}, []float32{3, -4}, 7, "absolute values are summed"},
		{"euclidean", nil, nil, 0, "vectors without components are equal"},
		{"cosine", []float32{1, 0}, []float32{0, 7}, 1, "orthogonal"},
		{"cosine", []float32{1, 2}, []float32{-2, -4}, 2, "opposite vectors are not a tie with orthogonal ones"},
		{"cosine", []float32{0, 0}, []float32{0, 0}, 0, "both zero"},
		{"cosine", []float32{0, 0}, []float32{1, 2}, 1, "one zero"},
		{"dot", []float32{3, 0}, []float32{0.5, 0}, 0, "lengths do not count"},
		{"dot", []float32{3, 0}, []float32{-0.5, 0}, 2, "lengths do not count"},
		{"inner_product", []float32{1, 2}, []float32{3, 4}, -11, "a large product is near"},
		{"inner_product", []float32{1, 2}, []float32{-3, -4}, 11, "negative products keep their order"},
		{"inner_product", []float32{1, 0}, []float32{0, 1}, 0, "orthogonal"},
	}
	for _, c := range cases {
		if got := lookup(t, c.metric).Distance(c.x, c.y); got != c.want || math.Signbit(float64(got)) != math.Signbit(float64(c.want)) {
			t.Errorf("%s of %v and %v: got %v, want %v: %s", c.metric, c.x, c.y, got, c.want, c.reason)
		}
	}
}

func TestDistanceProperties(t *testing.T) {
	eachMetric(t, func(t *testing.T, m *metric.Dense) {
		rapid.Check(t, func(t *rapid.T) {
			dim := rapid.IntRange(1, 70).Draw(t, "dim")
			x, y, z := vectorOf(t, m, dim, "x"), vectorOf(t, m, dim, "y"), vectorOf(t, m, dim, "z")
			xy, xz := m.Fast(x, y), m.Fast(x, z)
			if yx := m.Fast(y, x); math.Float32bits(xy) != math.Float32bits(yx) {
				t.Fatalf("%v one way, %v the other", xy, yx)
			}
			if got, want := m.Distance(x, y), m.Correct(xy); got != want {
				t.Fatalf("distance %v, corrected fast form %v", got, want)
			}
			if (xy < xz) != (m.Correct(xy) < m.Correct(xz)) && m.Correct(xy) != m.Correct(xz) {
				t.Fatalf("fast forms %v and %v, distances %v and %v: the order differs", xy, xz, m.Correct(xy), m.Correct(xz))
			}
			if m.Kernel() != metric.InnerProduct && (xy < 0 || m.Fast(x, x) != 0) {
				t.Fatalf("distance %v, to itself %v", xy, m.Fast(x, x))
			}
		})
	})
}
