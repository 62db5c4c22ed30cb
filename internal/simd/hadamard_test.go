package simd_test

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// TestHadamard compares with the matrix, whose component i, j is -1 to the power of the bits that i and j have in common.
func TestHadamard(t *testing.T) {
	eachImplementation(t, testHadamard)
}

func testHadamard(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 4096; n *= 2 {
		for offset := range 3 {
			v, factors := randomFloats(r, offset+n+1), randomFloats(r, n+1)
			v[offset+n] = 5
			got := slices.Clone(v)
			simd.Hadamard(got[offset:offset+n], factors)
			if got[offset+n] != 5 || !slices.Equal(got[:offset], v[:offset]) {
				t.Fatalf("n %d: what lies around the vector has changed", n)
			}
			for i := 0; i < n; i += 1 + n/64 {
				want := 0.0
				for j, x := range v[offset : offset+n] {
					sign := 1 - 2*(bits.OnesCount(uint(i&j))&1)
					want += float64(sign) * float64(x) * float64(factors[j])
				}
				if math.Abs(float64(got[offset+i])-want) > 1e-4*math.Sqrt(float64(n)) {
					t.Fatalf("n %d: component %d is %v, want %v", n, i, got[offset+i], want)
				}
			}
		}
	}
}

// TestHadamard_Twin wants the bits of the Go twin, from which all that machines must agree upon follows.
func TestHadamard_Twin(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for n := 1; n <= 8192; n *= 2 {
			v, factors := randomFloats(r, n), randomFloats(r, n)
			want := slices.Clone(v)
			simd.HadamardGo(want, factors)
			if simd.Hadamard(v, factors); !slices.Equal(v, want) {
				t.Errorf("n %d: not what the Go twin gives", n)
			}
		}
	})
}

func TestHadamard_Panics(t *testing.T) {
	for _, n := range []int{0, 3, 12, 4095} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d components: no panic", n)
				}
			}()
			simd.Hadamard(make([]float32, n), make([]float32, n))
		}()
	}
	defer func() {
		if recover() == nil {
			t.Error("too few factors: no panic")
		}
	}()
	simd.Hadamard(make([]float32, 16), make([]float32, 15))
}

func randomFloats(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func BenchmarkHadamard256(b *testing.B) {
	v, factors := make([]float32, 256), make([]float32, 256)
	for b.Loop() {
		simd.Hadamard(v, factors)
	}
}
