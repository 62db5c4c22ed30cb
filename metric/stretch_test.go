package metric_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/metric"
)

// fastOf draws a value that the fast form of m can have.
func fastOf(t *rapid.T, m *metric.Dense, label string) float32 {
	switch m.Kernel() {
	case metric.Cosine:
		// Near 0 and near a right angle, besides the whole range.
		near := rapid.Map(rapid.Float32Range(0, 1e-3), func(f float32) float32 { return 1 - f })
		return rapid.OneOf(rapid.Float32Range(0, 2), rapid.Float32Range(0, 1e-3), near).Draw(t, label)
	case metric.InnerProduct:
		return rapid.Float32Range(-1e30, 1e30).Draw(t, label)
	default:
		return rapid.Float32Range(0, 1e30).Draw(t, label)
	}
}

func TestStretchProperties(t *testing.T) {
	eachMetric(t, func(t *testing.T, m *metric.Dense) {
		rapid.Check(t, func(t *rapid.T) {
			f, g := fastOf(t, m, "f"), fastOf(t, m, "g")
			epsilon := rapid.OneOf(rapid.Float32Range(0, 0.5), rapid.Float32Range(0, 50)).Draw(t, "epsilon")
			if got := m.Stretch(f, 0); math.Float32bits(got) != math.Float32bits(f) {
				t.Fatalf("epsilon 0 changes %v to %v", f, got)
			}
			low, high := m.Stretch(min(f, g), epsilon), m.Stretch(max(f, g), epsilon)
			if !(low <= high) {
				t.Fatalf("%v becomes %v, but %v becomes %v", min(f, g), low, max(f, g), high)
			}
			if !(low >= min(f, g)) || !(high >= max(f, g)) {
				t.Fatalf("%v becomes %v, %v becomes %v: smaller", min(f, g), low, max(f, g), high)
			}
		})
	})
}

// TestStretchNeighbors walks over adjacent floats, where rounding could break the order.
func TestStretchNeighbors(t *testing.T) {
	m := lookup(t, "cosine")
	for _, epsilon := range []float32{0.01, 0.1, 0.5, 1, 3} {
		for _, start := range []float32{0, 1e-6, 0.01, 0.29, 0.2928932, 0.3, 0.5, 0.6464466, 0.9, 0.99, 0.9999, 1 - 1e-6} {
			f, before := start, float32(0)
			for range 20_000 {
				after := m.Stretch(f, epsilon)
				if after < before {
					t.Fatalf("epsilon %v: %v becomes %v, the next smaller float becomes %v", epsilon, f, after, before)
				}
				f, before = math.Nextafter32(f, 2), after
			}
		}
	}
}

func TestStretchByDefinition(t *testing.T) {
	// Each is the fast form of (1+e) times what the fast form f stands for.
	definitions := map[string]func(f, e float64) float64{
		"euclidean":   func(f, e float64) float64 { return math.Pow((1+e)*math.Sqrt(f), 2) },
		"sqeuclidean": func(f, e float64) float64 { return (1 + e) * f },
		"manhattan":   func(f, e float64) float64 { return (1 + e) * f },
		"cosine":      stretchedCosine,
		"dot":         stretchedCosine,
		"inner_product": func(f, e float64) float64 {
			if f < 0 && e > 1 {
				return 0
			}
			return f + e*math.Abs(f)
		},
	}
	eachMetric(t, func(t *testing.T, m *metric.Dense) {
		rapid.Check(t, func(t *rapid.T) {
			f := fastOf(t, m, "f")
			epsilon := rapid.Float32Range(0, 3).Draw(t, "epsilon")
			got, want := float64(m.Stretch(f, epsilon)), definitions[m.Name()](float64(f), float64(epsilon))
			if math.Abs(got-want) > 4e-7*math.Abs(want)+1e-6*math.Abs(float64(f))*float64(epsilon)+1e-44 {
				t.Fatalf("got %v, want %v", got, want)
			}
		})
	})
}

func stretchedCosine(f, e float64) float64 {
	if f >= 1 {
		return (1 + e) * f
	}
	return -math.Expm1((1 + e) * math.Log1p(-f))
}

func TestStretchInfinity(t *testing.T) {
	eachMetric(t, func(t *testing.T, m *metric.Dense) {
		for _, epsilon := range []float32{0, 0.1, 2} {
			if got := m.Stretch(float32(math.Inf(1)), epsilon); !math.IsInf(float64(got), 1) {
				t.Errorf("epsilon %v: no bound becomes the bound %v", epsilon, got)
			}
		}
	})
}

// TestStretchOfCustomMetric asks a definition only what it promises to answer.
func TestStretchOfCustomMetric(t *testing.T) {
	m, err := metric.New(metric.Definition{
		Name: "test_root", Fast: zero,
		Correct: func(fast float32) float32 { return float32(math.Sqrt(float64(fast))) },
		Stretch: func(fast, epsilon float32) float32 { return fast * (1 + epsilon) * (1 + epsilon) / (epsilon / epsilon) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if zero, one := m.Stretch(4, 0), m.Stretch(4, 1); zero != 4 || one != 16 {
		t.Errorf("epsilon 0 gives %v, 1 gives %v; want 4 and 16", zero, one)
	}
}

func BenchmarkStretch(b *testing.B) {
	for _, name := range []string{"euclidean", "cosine"} {
		b.Run(name, func(b *testing.B) {
			m, f := lookup(b, name), float32(0.3)
			for b.Loop() {
				if f = m.Stretch(f, 0.1); f > 0.9 { // the next call waits for this one, as in a search
					f = 0.01
				}
			}
		})
	}
}
