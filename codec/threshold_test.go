package codec_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

// pairs draws two vectors that a metric accepts and returns their fast form.
type pairs struct {
	codec codec.Codec
	fast  func(t *rapid.T) float32
}

const pairDim = 4

// paramsOf are parameters for the metrics between vectors of pairDim components that need some.
func paramsOf(name string) metric.Params {
	switch name {
	case "wminkowski":
		return metric.Params{W: []float64{1, 2, 0.5, 3}, P: new(3.0)}
	case "minkowski":
		return metric.Params{P: new(2.5)}
	case "seuclidean":
		return metric.Params{Sigma: []float64{1, 2, 0.5, 3}}
	case "mahalanobis":
		return metric.Params{Vinv: [][]float64{{2, 1, 0, 0}, {1, 2, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 3}}}
	case "kantorovich", "sinkhorn", "proxy_kantorovich", "proxy_sinkhorn":
		return metric.Params{GroundVectors: [][]float32{{0}, {1}, {2.5}, {7}}}
	}
	return metric.Params{}
}

// eachMetric runs test for every metric of every kind.
func eachMetric(t *testing.T, test func(t *testing.T, p pairs)) {
	component := rapid.OneOf(rapid.Float32Range(-10, 10), rapid.Float32Range(0, 1), rapid.SampledFrom([]float32{0, 1}))
	for _, name := range metric.Names() {
		m, err := metric.Lookup(name, paramsOf(name))
		must(t, err)
		dim := pairDim
		if m.CheckDim(dim) != nil {
			dim = 2
		}
		vector := rapid.SliceOfN(component, dim, dim).Filter(func(v []float32) bool { return m.Check(v) == nil })
		t.Run(name, func(t *testing.T) {
			test(t, pairs{codec.NewFloat32(m, dim), func(t *rapid.T) float32 { return m.Fast(vector.Draw(t, "x"), vector.Draw(t, "y")) }})
		})
	}
	for _, name := range metric.SparseNames() {
		m, err := metric.LookupSparse(name, pairDim, paramsOf(name))
		must(t, err)
		vector := rapid.Map(rapid.SliceOfN(component, pairDim, pairDim), sparseOf).
			Filter(func(v metric.SparseVector) bool { return m.Check(v) == nil })
		t.Run("sparse "+name, func(t *testing.T) {
			test(t, pairs{codec.NewSparse(m), func(t *rapid.T) float32 { return m.Fast(vector.Draw(t, "x"), vector.Draw(t, "y")) }})
		})
	}
	for _, name := range metric.BitsNames() {
		m, err := metric.LookupBits(name, 64)
		must(t, err)
		vector := rapid.SliceOfN(rapid.Uint64(), 1, 1).Filter(func(v []uint64) bool { return m.Check(v) == nil })
		t.Run(name, func(t *testing.T) {
			test(t, pairs{codec.NewBits(m), func(t *rapid.T) float32 { return m.Fast(vector.Draw(t, "x"), vector.Draw(t, "y")) }})
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sparseOf lists the components that are not zero.
func sparseOf(dense []float32) (v metric.SparseVector) {
	for i, x := range dense {
		if x != 0 {
			v.Indices, v.Values = append(v.Indices, uint32(i)), append(v.Values, x)
		}
	}
	return v
}

// TestFastWithin draws distances at, right beside and far from that of a pair.
func TestFastWithin(t *testing.T) {
	eachMetric(t, func(t *testing.T, p pairs) {
		rapid.Check(t, func(t *rapid.T) {
			fast := p.fast(t)
			distance := p.codec.Correct(fast)
			for _, within := range []float32{
				distance,
				math.Nextafter32(distance, float32(math.Inf(1))),
				math.Nextafter32(distance, float32(math.Inf(-1))),
				p.codec.Correct(p.fast(t)),
				rapid.Float32().Draw(t, "within"),
			} {
				if got, want := fast <= codec.FastWithin(p.codec, within), distance <= within; got != want {
					t.Fatalf("%v, in the fast form %v, is within %v, in the fast form %v: %t, want %t",
						distance, fast, within, codec.FastWithin(p.codec, within), got, want)
				}
			}
		})
	})
}

// TestFastWithinEnds asks for distances that no pair or every pair is within.
func TestFastWithinEnds(t *testing.T) {
	euclidean, err := metric.Lookup("euclidean")
	must(t, err)
	custom, err := metric.New(metric.Definition{
		Name: "test_clamped", Fast: func(x, y []float32) float32 { return 0 },
		Correct: func(fast float32) float32 { return max(fast, 0) },
		Stretch: func(fast, epsilon float32) float32 { return fast * (1 + epsilon) },
	})
	must(t, err)
	for _, tc := range []struct {
		m               *metric.Dense
		distance        float32
		least, greatest bool // of the fast forms that pairs can have
		reason          string
	}{
		{euclidean, 0, true, false, "equal vectors, and no others"},
		{euclidean, float32(math.Inf(1)), true, true, "no bound at all"},
		{euclidean, -1, false, false, "smaller than any distance"},
		{euclidean, float32(math.NaN()), false, false, "nothing is within what is not a number"},
		{custom, -1, false, false, "a correction that has no fast form for it at all"},
		{custom, 0, true, false, "the end of a range that is corrected to the same"},
	} {
		bound := codec.FastWithin(codec.NewFloat32(tc.m, 1), tc.distance)
		if isLeast, isGreatest := 0 <= bound, math.MaxFloat32 <= bound; isLeast != tc.least || isGreatest != tc.greatest {
			t.Errorf("%s within %v: the bound is %v (%s)", tc.m.Name(), tc.distance, bound, tc.reason)
		}
	}
}
