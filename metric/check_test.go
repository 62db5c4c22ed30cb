package metric_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/metric"
)

const histogramMetrics = "hellinger jensen-shannon symmetric-kl wasserstein_1d circular_kantorovich kantorovich sinkhorn " +
	"proxy_kantorovich proxy_wasserstein_1d proxy_symmetric-kl"

func TestCheck(t *testing.T) {
	nan, infinity := float32(math.NaN()), float32(math.Inf(1))
	cases := []struct {
		metrics string
		v       []float32
		want    error
		says    string
		reason  string
	}{
		{"all", []float32{1, 2, 3}, nil, "", "an ordinary vector"},
		{"all", []float32{1, nan, nan}, metric.ErrNotFinite, "component 1 is NaN", "names the first"},
		{"all", []float32{infinity, 1}, metric.ErrNotFinite, "component 0 is +Inf", "an infinity"},
		{"all", []float32{1e30, 1, -infinity}, metric.ErrNotFinite, "component 2 is -Inf", "a large component hides no infinity"},
		{"all", []float32{1, -1e19, 1e18}, metric.ErrDomain, "component, 1, is -1e+19", "squares overflow float32"},
		{"all", []float32{7e18}, metric.ErrDomain, "2^62", "the square fits, the squared distance to -7e18 does not"},
		{"all", []float32{1e18, 0}, nil, "", "large, but no squared distance overflows"},
		{"cosine dot", []float32{0, 0}, metric.ErrDomain, "all 2 components are zero", "no direction"},
		{"cosine dot", []float32{}, metric.ErrDomain, "zero", "no direction"},
		{"cosine dot", []float32{0, 1e-20}, metric.ErrDomain, "component, 1, is 1e-20", "squares vanish in float32"},
		{"cosine dot", []float32{1e-15, 0}, nil, "", "small, but squares are normal numbers"},
		{"euclidean sqeuclidean manhattan inner_product", []float32{0, 0}, nil, "", "zero is a vector like others"},
		{"euclidean manhattan", []float32{1e-40, 0}, nil, "", "so is one of denormal length"},
		{"euclidean", nil, nil, "", "no components"},
		{"true_angular tsss", []float32{0, 0}, metric.ErrDomain, "all 2 components are zero", "no direction"},
		{"tsss", []float32{2e9}, metric.ErrDomain, "2^30", "the distance has the fourth power"},
		{"haversine", []float32{0.5, 0.2}, nil, "", "latitude and longitude"},
		{"haversine", []float32{0.5, 0.2, 0}, metric.ErrDomain, "it has 3 components, haversine compares vectors of 2", "no place on a sphere"},
		{"correlation spearmanr", []float32{3, 3, 3}, metric.ErrDomain, "all 3 components are equal", "nothing varies"},
		{"correlation spearmanr", []float32{1}, metric.ErrDomain, "all 1 components are equal", "nothing varies"},
		{"correlation spearmanr", []float32{3, 3, 3.1}, nil, "", "something varies"},
		{"seuclidean wminkowski mahalanobis", []float32{1e18, 0}, nil, "", "parameters near 1 take it nowhere"},
		{histogramMetrics, []float32{1, 0, -0.5}, metric.ErrDomain, "component 2 is -0.5", "no histogram"},
		{histogramMetrics, []float32{0, 0}, metric.ErrDomain, "all 2 components are zero", "no shares"},
		{histogramMetrics, []float32{0, 1e-40, 0}, nil, "", "a little mass"},
		{"hamming jaccard yule braycurtis canberra", []float32{0, 0}, nil, "", "an empty set"},
		{"braycurtis canberra", []float32{1, -1}, nil, "", "negative components make a distance, if a strange one"},
	}
	for _, c := range cases {
		names := strings.Fields(c.metrics)
		if c.metrics == "all" {
			names = slices.DeleteFunc(slices.Clone(builtIn), func(name string) bool { return name == "tsss" || name == "haversine" })
		}
		for _, name := range names {
			tr := traitsOf[name]
			err := tr.of(t, name, len(c.v)).Check(c.v)
			if !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s of %v: %v, want %v that says %q: %s", name, c.v, err, c.want, c.says, c.reason)
			}
		}
	}
}

func TestCheckOfCustomMetric(t *testing.T) {
	refusal := errors.New("odd")
	even := func(v []float32) error {
		if len(v)%2 != 0 {
			return errors.Join(metric.ErrDomain, refusal)
		}
		return nil
	}
	for _, d := range []metric.Definition{
		{Name: "test_even", Fast: zero, Check: even},
		{Name: "test_even_halved", Kernel: metric.L1, Transform: halved, Fast: zero, Check: even},
	} {
		m, err := metric.New(d)
		if err != nil {
			t.Fatal(err)
		}
		checkOfCustomMetric(t, m, refusal)
	}
}

func checkOfCustomMetric(t *testing.T, m *metric.Dense, refusal error) {
	t.Helper()
	if err := m.Check([]float32{math.MaxFloat32, 0}); err != nil {
		t.Errorf("%v: a custom metric takes any finite vector", err)
	}
	if err := m.Check([]float32{1}); !errors.Is(err, metric.ErrDomain) || !errors.Is(err, refusal) {
		t.Errorf("%v: the metric's own check was not asked", err)
	}
	if err := m.Check([]float32{float32(math.NaN()), 0}); !errors.Is(err, metric.ErrNotFinite) {
		t.Errorf("%v, want ErrNotFinite", err)
	}
}

// TestCheckedDistances is what Check is for: distances between accepted vectors are finite numbers, at the ends of the
// domain too, and a vector is at cosine distance 0 from itself.
func TestCheckedDistances(t *testing.T) {
	eachMetric(t, func(t *testing.T, m *metric.Dense) {
		rapid.Check(t, func(t *rapid.T) {
			dim := rapid.SampledFrom([]int{1, 2, 31, 100, 500}).Draw(t, "dim")
			draw := func(label string) []float32 {
				v := vectorOf(t, m, dim, label)
				exponent := rapid.IntRange(-62, 62).Draw(t, label+" exponent")
				for i := range v {
					v[i] = float32(math.Ldexp(float64(v[i]), exponent))
				}
				return v
			}
			x, y := draw("x"), draw("y")
			if m.Check(x) != nil || m.Check(y) != nil {
				t.Skip("outside of the domain")
			}
			if d := float64(m.Distance(x, y)); math.IsNaN(d) || math.IsInf(d, 0) {
				t.Fatalf("distance %v", d)
			}
			if m.Kernel() == metric.Cosine {
				if d := m.Distance(x, x); d != 0 {
					t.Fatalf("distance to itself %v", d)
				}
				want := definitions["cosine"](widened(x), widened(y))
				if d := m.Distance(x, y); math.Abs(float64(d)-want) > 2e-6 {
					t.Fatalf("distance %v, want %v", d, want)
				}
			}
		})
	})
}

func TestCheckAllocatesNothing(t *testing.T) {
	m, v := lookup(t, "cosine"), make([]float32, 100)
	v[3] = 1
	if n := testing.AllocsPerRun(10, func() { _ = m.Check(v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
