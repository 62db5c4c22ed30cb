package simd_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// divergence is the definition of what one bin adds, in float64. The logarithms of 1+t and 1-t keep most of their precision
// where p and q are near; nearer still, their series begins with t^2/2 + t^4/12.
func divergence(p, q float64) float64 {
	if p+q == 0 {
		return 0
	}
	t := math.Abs(p-q) / (p + q)
	switch {
	case t < 1e-3:
		return (p + q) / 2 * (t*t/2 + t*t*t*t/12)
	case t == 1:
		return (p + q) / 2 * math.Ln2
	}
	return (p + q) / 4 * ((1+t)*math.Log1p(t) + (1-t)*math.Log1p(-t))
}

// histogramPairs draw the fourth roots of two shares.
var histogramPairs = []struct {
	reason string
	draw   func(r *rand.Rand) (a, b float32)
}{
	{"any two shares", func(r *rand.Rand) (a, b float32) { return r.Float32(), r.Float32() }},
	{"half of the bins are empty", func(r *rand.Rand) (a, b float32) {
		return r.Float32() * float32(r.IntN(2)), r.Float32() * float32(r.IntN(2))
	}},
	{"one share is far smaller", func(r *rand.Rand) (a, b float32) {
		return r.Float32(), r.Float32() * float32(math.Exp2(-20*r.Float64()))
	}},
	{"the shares are near", func(r *rand.Rand) (a, b float32) {
		a = 0.1 + r.Float32()
		return a, a * (1 + float32(r.NormFloat64())*1e-3)
	}},
	{"the shares are next to one another", func(r *rand.Rand) (a, b float32) {
		a = 0.1 + r.Float32()
		return a, math.Nextafter32(a, float32(r.IntN(3)))
	}},
	{"the shares are small", func(r *rand.Rand) (a, b float32) { return r.Float32() * 1e-8, r.Float32() * 1e-8 }},
}

func TestJensenShannonByDefinition(t *testing.T) {
	for _, pair := range histogramPairs {
		r := rand.New(rand.NewPCG(5, 6))
		for range 20_000 {
			a, b := pair.draw(r)
			got, want := float64(simd.JensenShannonTerm(a, b)), divergence(fourth(a), fourth(b))
			if !(math.Abs(got-want) <= 2e-6*want+1e-44) {
				t.Fatalf("%v and %v: got %v, want %v: %s", a, b, got, want, pair.reason)
			}
		}
	}
	eachKernel(t, func(t *testing.T, k kernel) {
		if k.name != "JensenShannon" {
			return
		}
		for _, pair := range histogramPairs {
			r := rand.New(rand.NewPCG(7, 8))
			for _, n := range lengths() {
				a, b := make([]float32, n), make([]float32, n)
				want := 0.0
				for i := range a {
					a[i], b[i] = pair.draw(r)
					want += divergence(fourth(a[i]), fourth(b[i]))
				}
				if got := float64(k.pair(a, b)); !(math.Abs(got-want) <= 1e-5*want) {
					t.Fatalf("length %d: got %v, want %v: %s", n, got, want, pair.reason)
				}
				if got := k.pair(a, a); got != 0 {
					t.Fatalf("length %d: %v from itself", n, got)
				}
			}
		}
	})
}

func fourth(a float32) float64 { return float64(a) * float64(a) * float64(a) * float64(a) }
