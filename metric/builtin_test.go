package metric_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/metric"
)

// traits are what the tests have to know of a built-in metric.
type traits struct {
	vectors   func(t *rapid.T, dim int, label string) []float32 // draws one, nil: realVector
	params    func(dim int) metric.Params                       // nil: none
	dim       int                                               // the only one, if not 0
	triangle  float64                                           // the inequality holds up to so much; negative: it does not hold
	bounded   float32                                           // the largest distance, 0: none
	signed    bool                                              // distances may be negative, and need not be 0 for equal vectors
	allocates bool                                              // uses pooled memory
}

const noTriangle = -1

var traitsOf = map[string]traits{
	"euclidean":     {triangle: 1e-5},
	"sqeuclidean":   {triangle: noTriangle},
	"manhattan":     {triangle: 1e-5},
	"chebyshev":     {triangle: 1e-5},
	"minkowski":     {triangle: 1e-5, params: func(int) metric.Params { return metric.Params{P: new(2.5)} }},
	"wminkowski":    {triangle: 1e-5, params: func(dim int) metric.Params { return metric.Params{P: new(3.0), W: ascending(dim, 0.5)} }},
	"seuclidean":    {triangle: 1e-5, params: func(dim int) metric.Params { return metric.Params{Sigma: ascending(dim, 1)} }},
	"mahalanobis":   {triangle: 1e-5, params: func(dim int) metric.Params { return metric.Params{Vinv: gram(dim)} }, allocates: true},
	"canberra":      {triangle: 1e-5},
	"braycurtis":    {triangle: noTriangle, vectors: histogram, bounded: 1},
	"cosine":        {triangle: noTriangle, bounded: 2},
	"dot":           {triangle: noTriangle, bounded: 2},
	"true_angular":  {triangle: 1e-3, bounded: 1},
	"correlation":   {triangle: noTriangle, bounded: 2},
	"spearmanr":     {triangle: noTriangle, bounded: 2, allocates: true},
	"tsss":          {triangle: noTriangle},
	"haversine":     {triangle: 1e-6, dim: 2, bounded: math.Pi},
	"inner_product": {triangle: noTriangle, signed: true},

	"hellinger":            {triangle: 1e-6, vectors: histogram, bounded: 1},
	"jensen-shannon":       {triangle: noTriangle, vectors: histogram, bounded: math.Ln2},
	"symmetric-kl":         {triangle: noTriangle, vectors: histogram},
	"wasserstein_1d":       {triangle: 1e-5, vectors: histogram},
	"circular_kantorovich": {triangle: 1e-5, vectors: histogram, allocates: true},
	"kantorovich":          {triangle: 1e-5, vectors: histogram, params: overPlaces, allocates: true},
	"sinkhorn":             {triangle: noTriangle, vectors: histogram, params: overPlaces, allocates: true},

	"hamming":        {triangle: 1e-6, vectors: binaryVector, bounded: 1},
	"jaccard":        {triangle: 1e-6, vectors: binaryVector, bounded: 1},
	"dice":           {triangle: noTriangle, vectors: binaryVector, bounded: 1},
	"matching":       {triangle: 1e-6, vectors: binaryVector, bounded: 1},
	"kulsinski":      {triangle: noTriangle, vectors: binaryVector, bounded: 1},
	"rogerstanimoto": {triangle: 1e-6, vectors: binaryVector, bounded: 1},
	"russellrao":     {triangle: noTriangle, vectors: binaryVector, bounded: 1},
	"sokalsneath":    {triangle: 1e-6, vectors: binaryVector, bounded: 1},
	"yule":           {triangle: noTriangle, vectors: binaryVector, bounded: 2},

	"proxy_inner_product":        {triangle: noTriangle, signed: true},
	"proxy_wasserstein_1d":       {triangle: 1e-5, vectors: histogram},
	"proxy_circular_kantorovich": {triangle: 1e-5, vectors: histogram, allocates: true},
	"proxy_kantorovich":          {triangle: 1e-5, vectors: histogram, params: overPlaces, allocates: true},
	"proxy_sinkhorn":             {triangle: noTriangle, vectors: histogram, params: overPlaces, allocates: true},
	"proxy_jensen-shannon":       {triangle: noTriangle, vectors: histogram, bounded: math.Ln2},
	"proxy_symmetric-kl":         {triangle: noTriangle, vectors: histogram},
}

// of returns the metric of a name between vectors of dim components, with parameters if it needs some.
func (tr *traits) of(t testing.TB, name string, dim int) *metric.Dense {
	t.Helper()
	var p []metric.Params
	if tr.params != nil {
		p = append(p, tr.params(dim))
	}
	m, err := metric.Lookup(name, p...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// draw draws a vector that m accepts.
func (tr *traits) draw(t *rapid.T, m *metric.Dense, dim int, label string) []float32 {
	draw := tr.vectors
	if draw == nil {
		draw = realVector
	}
	return rapid.Custom(func(t *rapid.T) []float32 { return draw(t, dim, label) }).
		Filter(func(v []float32) bool { return m.Check(v) == nil }).Draw(t, label)
}

// drawDim draws a dimension in which the metric has vectors to tell apart.
func (tr *traits) drawDim(t *rapid.T, largest int) int {
	if tr.dim != 0 {
		return tr.dim
	}
	return rapid.IntRange(2, largest).Draw(t, "dim")
}

// eachBuiltIn runs f for every built-in metric.
func eachBuiltIn(t *testing.T, f func(t *testing.T, name string, tr traits)) {
	for _, name := range builtIn {
		tr, ok := traitsOf[name]
		if !ok {
			t.Errorf("nothing is known of %s", name)
		}
		t.Run(name, func(t *testing.T) { f(t, name, tr) })
	}
}

func realVector(t *rapid.T, dim int, label string) []float32 {
	component := rapid.OneOf(rapid.Float32Range(-100, 100), rapid.Just(float32(0)), rapid.Float32Range(-1, 1))
	return rapid.SliceOfN(component, dim, dim).Draw(t, label)
}

func histogram(t *rapid.T, dim int, label string) []float32 {
	bin := rapid.OneOf(rapid.Float32Range(0, 1), rapid.Just(float32(0)), rapid.Float32Range(0, 1000))
	return rapid.SliceOfN(bin, dim, dim).Draw(t, label)
}

func binaryVector(t *rapid.T, dim int, label string) []float32 {
	return rapid.SliceOfN(rapid.SampledFrom([]float32{0, 0, 1, 1, -2}), dim, dim).Draw(t, label)
}

// ascending returns first, first + 1/2, first + 1, ...
func ascending(dim int, first float64) []float64 {
	v := make([]float64, dim)
	for i := range v {
		v[i] = first + float64(i)/2
	}
	return v
}

// gram returns a positive definite matrix: the unit matrix plus u'u.
func gram(dim int) [][]float64 {
	m := make([][]float64, dim)
	for i := range m {
		m[i] = make([]float64, dim)
		for j := range m[i] {
			m[i][j] = float64((2*i%5)*(2*j%5)) / 16
		}
		m[i][i]++
	}
	return m
}

// overPlaces puts the bins of histograms on a spiral.
func overPlaces(dim int) metric.Params {
	places := make([][]float32, dim)
	for i := range places {
		radius, angle := 0.1*float64(i), 2.4*float64(i)
		places[i] = []float32{float32(radius * math.Cos(angle)), float32(radius * math.Sin(angle))}
	}
	return metric.Params{GroundVectors: places}
}

func TestBuiltInProperties(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, name string, tr traits) {
		rapid.Check(t, func(rt *rapid.T) {
			dim := tr.drawDim(rt, 12)
			m := tr.of(t, name, dim)
			x, y, z := tr.draw(rt, m, dim, "x"), tr.draw(rt, m, dim, "y"), tr.draw(rt, m, dim, "z")
			xy, xz, yz := checkPair(rt, m, &tr, x, y), checkPair(rt, m, &tr, x, z), checkPair(rt, m, &tr, y, z)
			if sum := xy + yz; tr.triangle >= 0 && xz > sum+max(1, sum)*tr.triangle {
				rt.Fatalf("%v from x to y and %v from y to z, but %v from x to z", xy, yz, xz)
			}
			if m, ok := m.Proxy(); ok {
				checkPair(rt, m, &traits{signed: tr.signed}, x, y)
			}
		})
	})
}

// checkPair checks what holds for every pair of vectors and returns their distance.
func checkPair(t *rapid.T, m *metric.Dense, tr *traits, x, y []float32) float64 {
	fast, distance := m.Fast(x, y), m.Distance(x, y)
	if reverse := m.Fast(y, x); math.Float32bits(fast) != math.Float32bits(reverse) {
		t.Fatalf("%v one way, %v the other", fast, reverse)
	}
	if got := m.Correct(fast); got != distance {
		t.Fatalf("distance %v, corrected fast form %v", distance, got)
	}
	if d := float64(distance); math.IsNaN(d) || math.IsInf(d, 0) {
		t.Fatalf("distance %v", d)
	}
	if math.Signbit(float64(distance)) && distance == 0 {
		t.Fatalf("distance -0")
	}
	if self := m.Distance(x, slices.Clone(x)); !tr.signed && (distance < 0 || self != 0) {
		t.Fatalf("distance %v, to itself %v", distance, self)
	}
	if tr.bounded > 0 && distance > tr.bounded {
		t.Fatalf("distance %v exceeds %v", distance, tr.bounded)
	}
	return float64(distance)
}

// TestBuiltInStretch checks, on distances that occur and on any others, that Stretch keeps the order, and that epsilon 0
// changes nothing.
func TestBuiltInStretch(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, name string, tr traits) {
		rapid.Check(t, func(rt *rapid.T) {
			m := tr.of(t, name, 2)
			if proxy, ok := m.Proxy(); ok {
				checkStretch(rt, proxy, tr.signed, 2)
			}
			checkStretch(rt, m, tr.signed, tr.bounded)
		})
	})
}

func checkStretch(t *rapid.T, m *metric.Dense, signed bool, bounded float32) {
	values := []*rapid.Generator[float32]{rapid.Float32Range(0, 1e-3)}
	if bounded > 0 {
		near := rapid.Map(rapid.Float32Range(0, 1e-4), func(f float32) float32 { return min(bounded, 1) - f })
		values = append(values, rapid.Float32Range(0, max(1, bounded)), near)
	} else {
		values = append(values, rapid.Float32Range(0, 10), rapid.Float32Range(0, 1e30))
	}
	if signed {
		values = append(values, rapid.Float32Range(-1e30, 1e30), rapid.Float32Range(-1, 1))
	}
	f := rapid.OneOf(values...).Draw(t, "f")
	g := rapid.OneOf(append(values, rapid.Just(math.Nextafter32(f, math.MaxFloat32)))...).Draw(t, "g")
	epsilon := rapid.OneOf(rapid.Float32Range(0, 0.5), rapid.Float32Range(0, 50)).Draw(t, "epsilon")
	if got := m.Stretch(f, 0); math.Float32bits(got) != math.Float32bits(f) {
		t.Fatalf("epsilon 0 changes %v to %v", f, got)
	}
	low, high := m.Stretch(min(f, g), epsilon), m.Stretch(max(f, g), epsilon)
	if !(low <= high) || !(low >= min(f, g)) || !(high >= max(f, g)) {
		t.Fatalf("%s: %v becomes %v, and %v becomes %v", m.Name(), min(f, g), low, max(f, g), high)
	}
}

// TestBoundedStretch says why bounded distances are not multiplied: a search with epsilon 0.1 must not expand all rows as
// soon as its k-th best is at 0.95 of 1.
func TestBoundedStretch(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, name string, tr traits) {
		if tr.bounded == 0 || name == "haversine" {
			return
		}
		m := tr.of(t, name, 2)
		// The fast form at which no similarity is left: a right angle, disjoint sets.
		limit := float32(1)
		if tr.bounded < 1 {
			limit = tr.bounded
		}
		if got := m.Stretch(0.95*limit, 0.1); !(got > 0.95*limit && got < limit) {
			t.Errorf("%v becomes %v, not below %v", 0.95*limit, got, limit)
		}
		if from, to := m.Correct(1e-3), m.Correct(m.Stretch(1e-3, 0.1)); math.Abs(float64(to/from)-1.1) > 1e-2 {
			t.Errorf("a small distance, %v, becomes %v", from, to)
		}
	})
}

// TestOrthogonalIsNoTie is about pairs that PyNNDescent puts into one class with the most distant ones.
func TestOrthogonalIsNoTie(t *testing.T) {
	x := []float32{1, 0, 2}
	for name, ys := range map[string][][]float32{
		"true_angular":        {{1, 0, 2}, {2, 1, 3}, {2, 0, -1}, {2, 0, -2}, {-1, 0, -2}},
		"inner_product":       {{9, 0, 9}, {1, 1, 1}, {2, 0, -1}, {0, 0, -1}, {0, 0, -5}},
		"proxy_inner_product": {{9, 0, 9}, {1, 1, 1}, {2, 0, -1}, {0, 0, -1}, {0, 0, -5}},
		"tsss":                {{1, 0, 2}, {1, 0.5, 2}, {2, 0, -1}, {0, 0, -2.2}, {-1, 0, -2}},
	} {
		m := lookup(t, name)
		if searched, ok := m.Proxy(); ok {
			m = searched
		}
		for i := range ys[1:] {
			if near, far := m.Fast(x, ys[i]), m.Fast(x, ys[i+1]); !(near < far) {
				t.Errorf("%s: %v is at %v, %v at %v", name, ys[i], near, ys[i+1], far)
			}
		}
	}
}

func TestSimpleMetricsAllocateNothing(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, name string, tr traits) {
		if tr.allocates {
			return
		}
		dim := max(tr.dim, 2)
		m, x, y := tr.of(t, name, dim), []float32{1, 3}, []float32{2, 1}
		if n := testing.AllocsPerRun(10, func() { _, _, _ = m.Distance(x, y), m.Check(x), m.Stretch(0.5, 0.1) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func BenchmarkDistance(b *testing.B) {
	const dim = 784
	x, y := make([]float32, dim), make([]float32, dim)
	for i := range x {
		// Half of the components are zero, as in images of clothes.
		x[i], y[i] = float32(max(0, (i*7919)%509-254)), float32(max(0, (i*104729)%509-254))
	}
	for _, name := range builtIn {
		tr := traitsOf[name]
		if tr.dim != 0 {
			continue
		}
		b.Run(name, func(b *testing.B) {
			m := tr.of(b, name, dim)
			b.ReportAllocs()
			for b.Loop() {
				m.Fast(x, y)
			}
		})
	}
}

// TestAntipodes has pairs for which rounding may take the sine beyond 1 or the difference of sums below 0.
func TestAntipodes(t *testing.T) {
	m := lookup(t, "haversine")
	rapid.Check(t, func(rt *rapid.T) {
		latitude, longitude := rapid.Float32Range(-2, 2).Draw(rt, "latitude"), rapid.Float32Range(-4, 4).Draw(rt, "longitude")
		x, y := []float32{latitude, longitude}, []float32{-latitude, longitude + math.Pi}
		if got := float64(m.Distance(x, y)); math.Abs(got-math.Pi) > 1e-6 {
			rt.Fatalf("antipodes are at %v", got)
		}
		over := []float32{math.Pi - latitude, longitude + math.Pi} // the same place, over the pole
		if got := float64(m.Distance(x, over)); !(got < 1e-6) {
			rt.Fatalf("a place is at %v from itself", got)
		}
	})
}
