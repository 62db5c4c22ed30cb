package metric_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/metric"
)

// sparseTraits say how a sparse metric is tested.
type sparseTraits struct {
	name       string
	params     metric.Params
	histograms bool // takes values above zero only
	triangle   bool // fulfills the triangle inequality
	sets       bool // vectors with the same features are at 0
}

func sparseCases() []sparseTraits {
	third, half := 3.0, 0.5
	places := make([][]float32, 70)
	for i := range places {
		places[i] = []float32{float32(i * i % 17), float32(i % 5)}
	}
	return []sparseTraits{
		{name: "euclidean", triangle: true},
		{name: "sqeuclidean"},
		{name: "manhattan", triangle: true},
		{name: "chebyshev", triangle: true},
		{name: "minkowski", triangle: true},
		{name: "minkowski", params: metric.Params{P: &third}, triangle: true},
		{name: "minkowski", params: metric.Params{P: &half}},
		{name: "canberra", triangle: true},
		{name: "braycurtis"},
		{name: "hamming", triangle: true},
		{name: "jaccard", triangle: true, sets: true},
		{name: "dice", sets: true},
		{name: "matching", triangle: true, sets: true},
		{name: "kulsinski", sets: true},
		{name: "rogerstanimoto", triangle: true, sets: true},
		{name: "russellrao", sets: true},
		{name: "sokalsneath", triangle: true, sets: true},
		{name: "cosine"},
		{name: "dot"},
		{name: "inner_product"},
		{name: "correlation"},
		{name: "hellinger", histograms: true, triangle: true},
		{name: "jensen-shannon", histograms: true},
		{name: "symmetric-kl", histograms: true},
		{name: "wasserstein_1d", histograms: true, triangle: true},
		{name: "wasserstein_1d", params: metric.Params{P: &third}, histograms: true, triangle: true},
		{name: "kantorovich", params: metric.Params{GroundVectors: places}, histograms: true, triangle: true},
	}
}

func eachSparse(t *testing.T, f func(t *testing.T, tr sparseTraits)) {
	for _, tr := range sparseCases() {
		name := tr.name
		if tr.params.P != nil {
			name = fmt.Sprintf("%s,p=%v", name, *tr.params.P)
		}
		t.Run(name, func(t *testing.T) { f(t, tr) })
	}
}

// of returns the metric between vectors of dim features, 70 at most.
func (tr *sparseTraits) of(t testing.TB, dim uint32) *metric.Sparse {
	t.Helper()
	p := tr.params
	if p.GroundVectors != nil {
		p.GroundVectors = p.GroundVectors[:dim]
	}
	m, err := metric.LookupSparse(tr.name, dim, p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// draw draws a vector, the zero vector too.
func (tr *sparseTraits) draw(t *rapid.T, dim uint32, label string) metric.SparseVector {
	component := rapid.Custom(func(t *rapid.T) float32 {
		value := float32(rapid.IntRange(1, 3).Draw(t, "whole"))
		if rapid.Bool().Draw(t, "fraction") {
			value = rapid.Float32Range(0.01, 100).Draw(t, "value")
		}
		return value * rapid.SampledFrom([]float32{0, 0, 1, 1, tr.sign()}).Draw(t, "sign")
	})
	return sparseOf(rapid.SliceOfN(component, int(dim), int(dim)).Draw(t, label))
}

// sign is the one that not all metrics take.
func (tr *sparseTraits) sign() float32 {
	if tr.histograms {
		return 1
	}
	return -1
}

// near changes a vector a little.
func (tr *sparseTraits) near(t *rapid.T, v metric.SparseVector) metric.SparseVector {
	near := metric.SparseVector{Indices: v.Indices, Values: slices.Clone(v.Values)}
	factor := 1 + rapid.SampledFrom([]float32{0, 1e-6, 1e-4, 0.01}).Draw(t, "change")
	for i := range near.Values {
		if rapid.Bool().Draw(t, "changed") {
			near.Values[i] *= factor
		}
	}
	return near
}

func sparseOf(dense []float32) (v metric.SparseVector) {
	for i, x := range dense {
		if x != 0 {
			v.Indices, v.Values = append(v.Indices, uint32(i)), append(v.Values, x)
		}
	}
	return v
}

func denseOf(v metric.SparseVector, dim uint32) []float32 {
	dense := make([]float32, dim)
	for i, feature := range v.Indices {
		dense[feature] = v.Values[i]
	}
	return dense
}

// TestSparseEqualsDense computes the same distances from the same vectors with all their zeros.
func TestSparseEqualsDense(t *testing.T) {
	eachSparse(t, func(t *testing.T, tr sparseTraits) {
		rapid.Check(t, func(t *rapid.T) {
			dim := rapid.Uint32Range(1, 70).Draw(t, "dim")
			x := tr.draw(t, dim, "x")
			y := tr.near(t, x)
			if rapid.Bool().Draw(t, "independent") {
				y = tr.draw(t, dim, "y")
			}
			p := tr.params
			if p.GroundVectors != nil {
				p.GroundVectors = p.GroundVectors[:dim]
			}
			sparse, err := metric.LookupSparse(tr.name, dim, p)
			if err != nil {
				t.Fatal(err)
			}
			dense, err := metric.Lookup(tr.name, p)
			if err != nil {
				t.Fatal(err)
			}
			wideX, wideY := denseOf(x, dim), denseOf(y, dim)
			for i, v := range []metric.SparseVector{x, y} {
				a, b := sparse.Check(v), dense.Check([][]float32{wideX, wideY}[i])
				if (a == nil) != (b == nil) {
					t.Fatalf("Check of %v: %v, the dense metric says %v", v, a, b)
				}
				if a != nil {
					t.Skip("refused")
				}
			}
			got, want := float64(sparse.Distance(x, y)), float64(dense.Distance(wideX, wideY))
			if math.Abs(got-want) > 1e-5*math.Abs(want)+tr.cancellation(wideX, wideY) {
				t.Fatalf("%v, the dense metric gives %v", got, want)
			}
			stretched := float64(sparse.Correct(sparse.Stretch(sparse.Fast(x, y), 0.2)))
			want = float64(dense.Correct(dense.Stretch(dense.Fast(wideX, wideY), 0.2)))
			if math.Abs(stretched-want) > 1e-5*math.Abs(want)+2*tr.cancellation(wideX, wideY) {
				t.Fatalf("stretched %v, the dense metric gives %v", stretched, want)
			}
		})
	})
}

// cancellation is what the dense metric, which sums in float32, may lose absolutely, where the sparse one does not.
func (tr *sparseTraits) cancellation(x, y []float32) float64 {
	switch tr.name {
	case "cosine", "dot", "correlation":
		return 1e-6
	case "inner_product":
		return 1e-6 * math.Sqrt(dot(widened(x), widened(x))*dot(widened(y), widened(y)))
	case "hellinger":
		return 1e-7 // 1 minus a coefficient near 1, under a root
	case "kantorovich":
		return 1e-9
	default:
		return 1e-12
	}
}

func TestSparseProperties(t *testing.T) {
	eachSparse(t, func(t *testing.T, tr sparseTraits) {
		m := tr.of(t, 30)
		rapid.Check(t, func(t *rapid.T) {
			x, y := tr.draw(t, 30, "x"), tr.draw(t, 30, "y")
			z := tr.near(t, x)
			for _, v := range []metric.SparseVector{x, y, z} {
				if m.Check(v) != nil {
					t.Skip("refused")
				}
			}
			xy, xz, yz := m.Fast(x, y), m.Fast(x, z), m.Fast(y, z)
			for _, pair := range [][2]metric.SparseVector{{x, y}, {x, z}} {
				if a, b := m.Fast(pair[0], pair[1]), m.Fast(pair[1], pair[0]); math.Float32bits(a) != math.Float32bits(b) {
					t.Fatalf("%v one way, %v the other", a, b)
				}
			}
			if got, want := m.Distance(x, y), m.Correct(xy); got != want {
				t.Fatalf("distance %v, corrected fast form %v", got, want)
			}
			if xy < xz && m.Correct(xy) > m.Correct(xz) || xy > xz && m.Correct(xy) < m.Correct(xz) {
				t.Fatalf("fast forms %v and %v, distances %v and %v: the order differs", xy, xz, m.Correct(xy), m.Correct(xz))
			}
			tr.checkIdentity(t, m, x, z)
			if d := m.Distance(x, y); tr.triangle && float64(d) > float64(m.Correct(xz))+float64(m.Correct(yz))+1e-5*float64(d) {
				t.Fatalf("%v over %v and %v: the triangle inequality fails", d, m.Correct(xz), m.Correct(yz))
			}
			epsilon := rapid.Float32Range(0, 4).Draw(t, "epsilon")
			low, high := m.Stretch(min(xy, xz), epsilon), m.Stretch(max(xy, xz), epsilon)
			if low > high || low < min(xy, xz) || m.Stretch(xy, 0) != xy {
				t.Fatalf("epsilon %v: %v becomes %v, %v becomes %v", epsilon, min(xy, xz), low, max(xy, xz), high)
			}
		})
	})
}

// checkIdentity compares x with itself and with z, which has the same features.
func (tr *sparseTraits) checkIdentity(t *rapid.T, m *metric.Sparse, x, z metric.SparseVector) {
	if tr.name == "inner_product" {
		return
	}
	xx, xz := m.Fast(x, x), m.Fast(x, z)
	if xx != 0 || math.Signbit(float64(xx)) || !(xz >= 0) {
		t.Fatalf("distance to itself %v, to a near vector %v", xx, xz)
	}
	if tr.sets && xz != 0 {
		t.Fatalf("distance %v between vectors of the same features", xz)
	}
	// What the overlap gives must be what a walk over both gives.
	if pairwise := m.Pairwise(x, z); math.Abs(float64(pairwise-xz)) > 1e-5*float64(pairwise) {
		t.Fatalf("%v by the overlap, %v by pairs", xz, pairwise)
	}
}

// TestSparseOfSpecialPairs has the cases that PyNNDescent gets wrong, and those at the edges.
func TestSparseOfSpecialPairs(t *testing.T) {
	cases := []struct {
		name   string
		x, y   []float32
		want   float64
		reason string
	}{
		{"jaccard", []float32{1, 2, 0, 0}, []float32{0, 0, 3, 0}, 1, "disjoint sets are at 1, not at the largest float"},
		{"jaccard", []float32{0, 0}, []float32{0, 0}, 0, "two empty sets are equal"},
		{"dice", []float32{0, 0}, []float32{0, 1}, 1, "an empty set shares nothing"},
		{"cosine", []float32{1, 2}, []float32{-2, -4}, 2, "opposite vectors are no tie with orthogonal ones"},
		{"cosine", []float32{1, 0}, []float32{0, 7}, 1, "orthogonal"},
		{"dot", []float32{3, 0}, []float32{0.5, 0}, 0, "lengths do not count"},
		{"inner_product", []float32{1, 2}, []float32{-3, -4}, 11, "negative products keep their order"},
		{"inner_product", []float32{1, 0}, []float32{0, 1}, 0, "orthogonal"},
		{"correlation", []float32{1, 2, 3, 0}, []float32{3, 2, 1, 4}, 2, "anticorrelated"},
		{
			"correlation",
			[]float32{4e6 + 1, 4e6 + 2, 4e6 + 4, 4e6 + 1, 4e6 + 3},
			[]float32{8e6 + 3, 8e6 + 1, 8e6 + 6, 8e6 + 2, 8e6 + 2},
			1 - 6.2/math.Sqrt(6.8*14.8),
			"little is left of the products when the means are subtracted",
		},
		{"hellinger", []float32{1, 0}, []float32{0, 3}, 1, "disjoint histograms"},
		{"jensen-shannon", []float32{1, 0}, []float32{0, 3}, math.Ln2, "disjoint histograms"},
		{"jensen-shannon", []float32{1, 2}, []float32{2, 4}, 0, "sums do not count"},
		{"braycurtis", []float32{0, 0}, []float32{0, 0}, 0, "0/0"},
		{"braycurtis", []float32{1, 0}, []float32{-1, 0}, math.MaxFloat32, "1/0: far, and yet a number"},
		{"canberra", []float32{0, 1}, []float32{0, -1}, 1, "0/0 adds nothing"},
		{"wasserstein_1d", []float32{1, 0, 0, 0}, []float32{0, 0, 0, 2}, 3, "three steps"},
		{"wasserstein_1d", []float32{0, 0, 0, 0}, []float32{0, 2, 0, 0}, 3, "without mass all cumulative shares are zero, to the end"},
		{"euclidean", []float32{3, 0}, []float32{0, 4}, 5, "the true distance is the root of the fast form"},
		{"manhattan", []float32{1, -2}, []float32{1, 2}, 4, "opposite signs agree in nothing"},
		{"chebyshev", []float32{1, -2, 5}, []float32{0, 2, 6}, 4, "the largest difference"},
		{"hamming", []float32{1, 2, 0, 4}, []float32{1, 3, 4, 0}, 0.75, "of four components one is equal"},
	}
	for _, c := range cases {
		m, err := metric.LookupSparse(c.name, uint32(len(c.x)))
		if err != nil {
			t.Fatal(err)
		}
		got := float64(m.Distance(sparseOf(c.x), sparseOf(c.y)))
		if math.Abs(got-c.want) > 1e-6*math.Abs(c.want) || math.Signbit(got) != math.Signbit(c.want) {
			t.Errorf("%s of %v and %v: %v, want %v: %s", c.name, c.x, c.y, got, c.want, c.reason)
		}
	}
}

// TestSparsePowersOutOfRange has differences whose powers no float64 holds, or not precisely.
func TestSparsePowersOutOfRange(t *testing.T) {
	for _, c := range []struct{ p, scale float64 }{{10, 5e-33}, {60, 1e-20}, {60, 1e15}, {0.25, 1e-38}} {
		m, err := metric.LookupSparse("minkowski", 5, metric.Params{P: &c.p})
		if err != nil {
			t.Fatal(err)
		}
		x := metric.SparseVector{Indices: []uint32{0, 2}, Values: []float32{float32(c.scale), float32(3 * c.scale)}}
		y := metric.SparseVector{Indices: []uint32{1, 2}, Values: []float32{float32(c.scale), float32(c.scale)}}
		want := c.scale * math.Pow(2+math.Pow(2, c.p), 1/c.p)
		if got := float64(m.Distance(x, y)); math.Abs(got-want) > 1e-6*want {
			t.Errorf("p = %v: %v, want %v", c.p, got, want)
		}
	}
}

// TestSparseManyFeatures has indices that need all of their 32 bits.
func TestSparseManyFeatures(t *testing.T) {
	const dim = math.MaxUint32
	x := metric.SparseVector{Indices: []uint32{7, 65_536 + 7, dim - 1}, Values: []float32{1, 2, 3}}
	y := metric.SparseVector{Indices: []uint32{7, 1 << 31, dim - 1}, Values: []float32{1, 2, 4}}
	for name, want := range map[string]float64{
		"sqeuclidean": 9, "manhattan": 5, "jaccard": 0.5, "inner_product": -13, "hamming": 3. / dim, "chebyshev": 2,
		"correlation": 1 - 13/math.Sqrt(14*21), // means are near 0
	} {
		m, err := metric.LookupSparse(name, dim)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(x); err != nil {
			t.Error(err)
		}
		if got := float64(m.Distance(x, y)); math.Abs(got-want) > 1e-6*math.Abs(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestSparseCheck(t *testing.T) {
	nan, infinity := float32(math.NaN()), float32(math.Inf(1))
	cases := []struct {
		metrics string
		v       metric.SparseVector
		want    error
		says    string
		reason  string
	}{
		{"all", metric.SparseVector{Indices: []uint32{2, 9}, Values: []float32{1, 2}}, nil, "", "an ordinary vector"},
		{"all", metric.SparseVector{Indices: []uint32{2, 10}, Values: []float32{1, 2}}, metric.ErrDomain, "feature 10 of 10", "beyond the features"},
		{"all", metric.SparseVector{Indices: []uint32{2, 2}, Values: []float32{1, 2}}, metric.ErrDomain, "ascend", "a feature twice"},
		{"all", metric.SparseVector{Indices: []uint32{2, 1}, Values: []float32{1, 2}}, metric.ErrDomain, "feature 1 follows feature 2", "descending"},
		{"all", metric.SparseVector{Indices: []uint32{2}, Values: []float32{1, 2}}, metric.ErrDomain, "1 indices", "lengths differ"},
		{"all", metric.SparseVector{Indices: []uint32{1, 2}, Values: []float32{1, 0}}, metric.ErrDomain, "feature 2 is zero", "zeros are left out"},
		{"all", metric.SparseVector{Indices: []uint32{1, 2}, Values: []float32{1, nan}}, metric.ErrNotFinite, "feature 2 is NaN", "NaN"},
		{"all", metric.SparseVector{Indices: []uint32{1}, Values: []float32{-infinity}}, metric.ErrNotFinite, "feature 1 is -Inf", "an infinity"},
		{"all", metric.SparseVector{Indices: []uint32{1}, Values: []float32{1e19}}, metric.ErrDomain, "2^62", "squared distances overflow float32"},
		{"euclidean manhattan inner_product jaccard hamming", metric.SparseVector{}, nil, "", "zero is a vector like others"},
		{"cosine dot correlation", metric.SparseVector{}, metric.ErrDomain, "no component is set", "no direction"},
		{"cosine dot", metric.SparseVector{Indices: []uint32{1}, Values: []float32{1e-20}}, metric.ErrDomain, "2^-50", "too short"},
		{"hellinger jensen-shannon symmetric-kl wasserstein_1d", metric.SparseVector{}, metric.ErrDomain, "positive sum", "no mass"},
		{
			"hellinger jensen-shannon symmetric-kl wasserstein_1d",
			metric.SparseVector{Indices: []uint32{3}, Values: []float32{-1}},
			metric.ErrDomain, "feature 3 is -1", "negative mass",
		},
	}
	for _, c := range cases {
		names := strings.Fields(c.metrics)
		if c.metrics == "all" {
			names = slices.DeleteFunc(slices.Clone(builtInSparse), func(name string) bool { return name == "kantorovich" })
		}
		for _, name := range names {
			m, err := metric.LookupSparse(name, 10)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Check(c.v); !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s of %v: %v, want %v that says %q: %s", name, c.v, err, c.want, c.says, c.reason)
			}
		}
	}
	m, err := metric.LookupSparse("correlation", 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(metric.SparseVector{Indices: []uint32{0, 1}, Values: []float32{3, 3}}); !errors.Is(err, metric.ErrDomain) {
		t.Errorf("%v: a constant vector has no correlations", err)
	}
}

func TestSparseParams(t *testing.T) {
	zero, third := 0.0, 3.0
	cases := []struct {
		name   string
		dim    uint32
		p      metric.Params
		says   string
		reason string
	}{
		{"minkowski", 2, metric.Params{P: &zero}, "p is 0", "no root"},
		{"wasserstein_1d", 2, metric.Params{P: &zero}, "p is 0", "no root"},
		{"cosine", 2, metric.Params{P: &third}, "p is given", "takes none"},
		{"cosine", 2, metric.Params{Proxy: "euclidean"}, "proxy", "proxies are for dense vectors"},
		{"kantorovich", 2, metric.Params{}, "cost is missing", "there is no default"},
		{"kantorovich", 2, metric.Params{GroundMetric: "cosine"}, "without ground_vectors", "nothing to measure"},
		{"kantorovich", 3, metric.Params{GroundVectors: [][]float32{{1}, {2}}}, "2 ground_vectors", "one place is missing"},
		{"kantorovich", 2, metric.Params{GroundVectors: [][]float32{{1}, {2, 3}}}, "ground_vectors[1]", "places of different spaces"},
		{"kantorovich", 1, metric.Params{GroundVectors: [][]float32{{0}}, GroundMetric: "cosine"}, "ground_vectors[0]", "no direction"},
		{"kantorovich", 1, metric.Params{GroundVectors: [][]float32{{0}}, GroundMetric: "x"}, "ground_metric", "no such metric"},
		{"kantorovich", 3, metric.Params{Cost: [][]float64{{0, 1}, {1, 0}}}, "2 bins", "one bin is missing"},
		{
			"kantorovich", 2,
			metric.Params{Cost: [][]float64{{0, 1}, {1, 0}}, GroundVectors: [][]float32{{1}, {2}}},
			"one is enough", "two grounds",
		},
	}
	for _, c := range cases {
		m, err := metric.LookupSparse(c.name, c.dim, c.p)
		if m != nil || !errors.Is(err, metric.ErrParams) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want ErrParams that says %q: %s", c.name, err, c.says, c.reason)
		}
	}
	if _, err := metric.LookupSparse("cosine", 2, metric.Params{}, metric.Params{}); !errors.Is(err, metric.ErrParams) {
		t.Errorf("%v, want ErrParams for two sets", err)
	}
	if _, err := metric.LookupSparse("cosine", 0); !errors.Is(err, metric.ErrDefinition) {
		t.Errorf("%v, want ErrDefinition for no features", err)
	}
	m, err := metric.LookupSparse("minkowski", 2, metric.Params{P: &third})
	if err != nil {
		t.Fatal(err)
	}
	third = 1 // the metric has a copy
	if p := m.Params(); p.P == nil || *p.P != 3 {
		t.Errorf("parameters %+v", p)
	}
	m, err = metric.LookupSparse("wasserstein", 2, metric.Params{GroundVectors: [][]float32{{1}, {2}}})
	if err != nil {
		t.Fatal(err)
	}
	if p := m.Params(); p.GroundMetric != "euclidean" || p.MaxIterations == nil {
		t.Errorf("parameters %+v: not completed by defaults", p)
	}
}

func TestNewSparseRefuses(t *testing.T) {
	fast := func(_, _ metric.SparseVector) float32 { return 0 }
	term := func(_, _ float32, _, _ metric.Summary) float64 { return 0 }
	summarize := func(metric.SparseVector) metric.Summary { return metric.Summary{} }
	from := func(float64, metric.Summary, metric.Summary) (float32, bool) { return 0, true }
	cases := []struct {
		reason string
		d      metric.SparseDefinition
	}{
		{"no name", metric.SparseDefinition{Fast: fast}},
		{"nothing computes the fast form", metric.SparseDefinition{Name: "x"}},
		{"no such kernel", metric.SparseDefinition{Name: "x", Kernel: 99, Fast: fast, Summarize: summarize, FromOverlap: from}},
		{"no summary", metric.SparseDefinition{Name: "x", Kernel: metric.SparseProducts, FromOverlap: from}},
		{"nothing takes the overlap", metric.SparseDefinition{Name: "x", Kernel: metric.SparseProducts, Summarize: summarize}},
		{"no term", metric.SparseDefinition{Name: "x", Kernel: metric.SparseTerms, Summarize: summarize, FromOverlap: from}},
		{"a term that the kernel does not use", metric.SparseDefinition{Name: "x", Kernel: metric.SparseProducts, Term: term, Summarize: summarize, FromOverlap: from}},
		{"a summary that nothing uses", metric.SparseDefinition{Name: "x", Fast: fast, Summarize: summarize}},
		{"no stretch although it corrects", metric.SparseDefinition{Name: "x", Fast: fast, Correct: func(f float32) float32 { return f }}},
		{"the name is taken", metric.SparseDefinition{Name: "l2", Fast: fast}},
		{"an alias is taken", metric.SparseDefinition{Name: "test_sparse", Aliases: []string{"cosine"}, Fast: fast}},
		{"an alias repeats the name", metric.SparseDefinition{Name: "test_sparse", Aliases: []string{"test_sparse"}, Fast: fast}},
	}
	for _, c := range cases {
		if err := metric.RegisterSparse(c.d); !errors.Is(err, metric.ErrDefinition) {
			t.Errorf("%v, want ErrDefinition: %s", err, c.reason)
		}
	}
	if _, err := metric.LookupSparse("test_sparse", 2); !errors.Is(err, metric.ErrUnknown) {
		t.Errorf("%v: what could not be registered is known", err)
	}
}

// TestSparseWithoutFast takes what FromOverlap says, whether it gives up or not, when there is nothing else to ask.
func TestSparseWithoutFast(t *testing.T) {
	m, err := metric.NewSparse(metric.SparseDefinition{
		Name: "x", Kernel: metric.SparseProducts,
		Summarize: func(v metric.SparseVector) metric.Summary { return metric.Summary{float64(len(v.Indices))} },
		FromOverlap: func(overlap float64, x, y metric.Summary) (float32, bool) {
			return float32(x[0] + y[0] - overlap), false
		},
	}, 10)
	if err != nil {
		t.Fatal(err)
	}
	x := metric.SparseVector{Indices: []uint32{1, 4}, Values: []float32{2, 3}}
	y := metric.SparseVector{Indices: []uint32{4}, Values: []float32{-5}}
	if fast, pairwise := m.Fast(x, y), m.Pairwise(x, y); fast != 18 || pairwise != 18 {
		t.Errorf("%v and %v, want 18", fast, pairwise)
	}
}

// ExampleRegisterSparse registers the overlap coefficient as a distance: 1 less the share of the smaller set that lies in
// the larger one. It needs nothing but what two vectors share.
func ExampleRegisterSparse() {
	err := metric.RegisterSparse(metric.SparseDefinition{
		Name:   "test_overlap_coefficient",
		Kernel: metric.SparseTerms,
		Term:   func(_, _ float32, _, _ metric.Summary) float64 { return 1 },
		Summarize: func(v metric.SparseVector) metric.Summary {
			return metric.Summary{float64(len(v.Indices))}
		},
		FromOverlap: func(shared float64, x, y metric.Summary) (float32, bool) {
			return float32(1 - shared/max(1, min(x[0], y[0]))), true
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := metric.LookupSparse("test_overlap_coefficient", 1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	x := metric.SparseVector{Indices: []uint32{3, 500, 800, 900}, Values: []float32{1, 1, 1, 1}}
	y := metric.SparseVector{Indices: []uint32{500, 700}, Values: []float32{1, 1}}
	fmt.Println(m.Distance(x, y))
	// Output: 0.5
}
