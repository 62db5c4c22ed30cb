package metric_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// transformed returns what the kernel of m takes in place of v.
func transformed(m *metric.Dense, v []float32) []float32 {
	u := make([]float32, len(v))
	m.Transform(u, v)
	return u
}

// kernelOf returns what the kernel of m computes, false if that takes more than the vectors.
func kernelOf(m *metric.Dense, u, v []float32) (fast float32, ok bool) {
	switch m.Kernel() {
	case metric.SquaredL2:
		return simd.SquaredL2(u, v), true
	case metric.L1:
		return simd.L1(u, v), true
	case metric.Max:
		return simd.Chebyshev(u, v), true
	case metric.JensenShannon:
		return simd.JensenShannon(u, v), true
	default:
		return 0, false
	}
}

// choices are other parameters with which a built-in metric has a transform.
var choices = map[string]traits{
	"minkowski":            {},
	"wminkowski":           {params: func(dim int) metric.Params { return metric.Params{W: ascending(dim, 0)} }},
	"wasserstein_1d":       {vectors: histogram, params: func(int) metric.Params { return metric.Params{P: new(2.0)} }},
	"circular_kantorovich": {vectors: histogram, params: func(int) metric.Params { return metric.Params{P: new(2.0)} }},
}

// eachTransformed runs f for every built-in metric, and proxy of one, that has a kernel for transforms.
func eachTransformed(t *testing.T, f func(t *testing.T, tr *traits, of func(t testing.TB, dim int) *metric.Dense)) {
	run := func(title, name string, tr traits) {
		of := func(t testing.TB, dim int) *metric.Dense { return tr.of(t, name, dim) }
		searched := func(t testing.TB, dim int) *metric.Dense { m, _ := tr.of(t, name, dim).Proxy(); return m }
		if of(t, 2).Transformed() {
			t.Run(title, func(t *testing.T) { f(t, &tr, of) })
		}
		if m := searched(t, 2); m != nil && m.Transformed() {
			t.Run(title+"/"+m.Name(), func(t *testing.T) { f(t, &tr, searched) })
		}
	}
	for _, name := range builtIn {
		run(name, name, traitsOf[name])
	}
	for name, tr := range choices {
		run(name+":p=2", name, tr)
	}
}

// titleOf returns what eachTransformed called a test.
func titleOf(t *testing.T) string {
	_, title, _ := strings.Cut(t.Name(), "/")
	return title
}

func TestTransformed(t *testing.T) {
	want := []string{
		"circular_kantorovich:p=2", "correlation", "hellinger", "jensen-shannon", "mahalanobis", "proxy_circular_kantorovich/centered_l1",
		"proxy_jensen-shannon", "proxy_jensen-shannon/squared_overlap", "proxy_wasserstein_1d", "proxy_wasserstein_1d/cumulative_l1",
		"seuclidean", "spearmanr", "wasserstein_1d", "wasserstein_1d:p=2", "wminkowski:p=2",
	}
	var got []string
	eachTransformed(t, func(t *testing.T, _ *traits, _ func(testing.TB, int) *metric.Dense) {
		got = append(got, titleOf(t))
	})
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("metrics with a transform: %q, want %q", got, want)
	}
}

// drawPair draws two vectors that m accepts: any two, two near ones, or two whose mean is far above their deviations, at a
// scale up to the ends of the domain.
func drawPair(t *rapid.T, tr *traits, m *metric.Dense, dim int) (x, y []float32) {
	x, y = tr.draw(t, m, dim, "x"), tr.draw(t, m, dim, "y")
	switch rapid.SampledFrom([]string{"any", "near", "raised"}).Draw(t, "kind") {
	case "near":
		step := float32(math.Exp2(-rapid.Float64Range(1, 24).Draw(t, "nearness")))
		for i := range y {
			y[i] = x[i] * (1 + step*rapid.Float32Range(-1, 1).Draw(t, "step"))
		}
	case "raised":
		height := rapid.Float32Range(1, 1e6).Draw(t, "height")
		for i := range x {
			x[i], y[i] = x[i]+height, y[i]+height
		}
	}
	scale := rapid.OneOf(rapid.Just(0), rapid.IntRange(-150, 60)).Draw(t, "scale")
	for i := range x {
		x[i], y[i] = float32(math.Ldexp(float64(x[i]), scale)), float32(math.Ldexp(float64(y[i]), scale))
	}
	if m.Check(x) != nil || m.Check(y) != nil {
		t.Skip("outside of the domain")
	}
	return x, y
}

// TestTransformedKernelIsFast checks what Transform promises: rounding changes the distance of two transforms by no more than
// about 1e-7 of what they are from zero. Where the fast form is a square, and for Jensen-Shannon, which near 0 is
// like one, the distance is its root.
func TestTransformedKernelIsFast(t *testing.T) {
	eachTransformed(t, func(t *testing.T, tr *traits, of func(testing.TB, int) *metric.Dense) {
		rapid.Check(t, func(rt *rapid.T) {
			dim := rapid.OneOf(rapid.IntRange(2, 9), rapid.IntRange(10, 70)).Draw(rt, "dim")
			m := of(t, dim)
			x, y := drawPair(rt, tr, m, dim)
			u, v, zero := transformed(m, x), transformed(m, y), make([]float32, dim)
			got, _ := kernelOf(m, u, v)
			fromZeroX, _ := kernelOf(m, u, zero)
			fromZeroY, _ := kernelOf(m, v, zero)

			distance := math.Sqrt
			if m.Kernel() == metric.L1 {
				distance = func(fast float64) float64 { return fast }
			}
			// Cumulative shares are up to 1 in float64. Below 2^-126, of which the root is far less, squares lose precision.
			allowed := 4e-7*(distance(float64(fromZeroX))+distance(float64(fromZeroY))) + 0x1p-52*float64(dim)
			d, want := distance(float64(got)), distance(float64(m.Fast(x, y)))
			if m.Kernel() == metric.JensenShannon {
				allowed += 1e-6 * want // half of the relative error of the kernel, for the root
			}
			if !(math.Abs(d-want) <= allowed) {
				rt.Fatalf("the kernel gives %v, Fast %v: %v is more than %v", got, m.Fast(x, y), math.Abs(d-want), allowed)
			}
			if reverse, _ := kernelOf(m, v, u); math.Float32bits(reverse) != math.Float32bits(got) {
				rt.Fatalf("%v one way, %v the other", got, reverse)
			}
			again := transformed(m, slices.Clone(x))
			if self, _ := kernelOf(m, u, again); self != 0 || !slices.Equal(u, again) {
				rt.Fatalf("%v from itself", self)
			}
		})
	})
}

// TestTransformsOfMultiples is about vectors that a metric does not tell apart.
func TestTransformsOfMultiples(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dim := rapid.IntRange(2, 40).Draw(rt, "dim")
		largest := rapid.SampledFrom([]int{2, 255}).Draw(rt, "largest") // 2: the mean has many more digits than what is left of it
		whole := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, largest), func(n int) float32 { return float32(n) }), dim, dim).Draw(rt, "v")
		height := float32(rapid.IntRange(0, 1<<23).Draw(rt, "height"))
		exponent := rapid.IntRange(-30, 30).Draw(rt, "exponent")
		raised, multiple, cubed := make([]float32, dim), make([]float32, dim), make([]float32, dim)
		for i, x := range whole {
			raised[i], multiple[i], cubed[i] = x+height, float32(math.Ldexp(float64(x), exponent)), x*x*x
		}
		for name, same := range map[string][]float32{
			"correlation": raised, "spearmanr": cubed, "hellinger": multiple, "jensen-shannon": multiple, "wasserstein_1d": multiple,
		} {
			m := lookup(t, name)
			if m.Check(whole) != nil {
				continue
			}
			if u, v := transformed(m, whole), transformed(m, same); !slices.Equal(u, v) {
				rt.Fatalf("%s: %v becomes %v, %v becomes %v", name, whole, u, same, v)
			}
		}
	})
}

// TestTransformBits pins the bits of transforms: segment files depend on them, on every machine.
func TestTransformBits(t *testing.T) {
	want := map[string]uint64{
		"circular_kantorovich:p=2":               0xed274757021634e9,
		"correlation":                            0xf98263e3e47dd28,
		"hellinger":                              0x422da3d88babbd33,
		"jensen-shannon":                         0x34f2c69e7229614,
		"mahalanobis":                            0xfdc0dd6703fcdbfe,
		"proxy_circular_kantorovich/centered_l1": 0xed274757021634e9,
		"proxy_jensen-shannon":                   0x34f2c69e7229614,
		"proxy_jensen-shannon/squared_overlap":   0x422da3d88babbd33,
		"proxy_wasserstein_1d":                   0x7ef5d89920d2b06,
		"proxy_wasserstein_1d/cumulative_l1":     0x7ef5d89920d2b06,
		"seuclidean":                             0x2060ab196aa55b5c,
		"spearmanr":                              0x1ad8566090aef6f1,
		"wasserstein_1d":                         0x7ef5d89920d2b06,
		"wasserstein_1d:p=2":                     0x7ef5d89920d2b06,
		"wminkowski:p=2":                         0x977204eb9033b218,
	}
	eachTransformed(t, func(t *testing.T, _ *traits, of func(testing.TB, int) *metric.Dense) {
		const dim = 101
		v := make([]float32, dim)
		for i := range v {
			v[i] = float32(i*i%251) / 7
		}
		hash := fnv.New64a()
		for _, x := range transformed(of(t, dim), v) {
			fmt.Fprintf(hash, "%08x", math.Float32bits(x))
		}
		if name := titleOf(t); hash.Sum64() != want[name] {
			t.Errorf("%q: %#x, want %#x", name, hash.Sum64(), want[name])
		}
	})
}

// TestTransformsOfUncheckedVectors has no distances to compare, but nothing that is not finite may come of them.
func TestTransformsOfUncheckedVectors(t *testing.T) {
	eachTransformed(t, func(t *testing.T, _ *traits, of func(testing.TB, int) *metric.Dense) {
		for _, v := range [][]float32{{0, 0}, {3, 3}} {
			for _, x := range transformed(of(t, 2), v) {
				if x-x != 0 {
					t.Errorf("%v becomes %v", v, transformed(of(t, 2), v))
				}
			}
		}
		if m := of(t, 2); m.CheckDim(0) == nil {
			m.Transform(nil, nil)
		}
	})
}

// TestCheckOfExtremeParameters lets parameters take vectors of ordinary length beyond what squares can be summed of.
func TestCheckOfExtremeParameters(t *testing.T) {
	for name, p := range map[string]metric.Params{
		"seuclidean":  {Sigma: []float64{1, 1e-40}},
		"wminkowski":  {W: []float64{1, 1e40}},
		"mahalanobis": {Vinv: [][]float64{{1, 0}, {0, 1e40}}},
	} {
		m, err := metric.Lookup(name, p)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check([]float32{1, 1}); !errors.Is(err, metric.ErrDomain) || !strings.Contains(err.Error(), "2^62") {
			t.Errorf("%s: %v, want ErrDomain", name, err)
		}
		x, y := []float32{1, 1e-20}, []float32{1, 3e-20}
		if err := m.Check(x); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, _ := kernelOf(m, transformed(m, x), transformed(m, y)); math.Abs(float64(m.Correct(got))-2) > 1e-5 {
			t.Errorf("%s: distance %v, want 2", name, m.Correct(got))
		}
	}
}

func TestTransformWithoutOne(t *testing.T) {
	m, v := lookup(t, "euclidean"), []float32{1, 2, 3}
	if u := transformed(m, v); m.Transformed() || !slices.Equal(u, v) {
		t.Errorf("%v becomes %v", v, u)
	}
}
