package simd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/simd"
)

// eachImplementation runs f with each implementation that this machine has.
func eachImplementation(t *testing.T, f func(t *testing.T)) {
	before := simd.Implementation()
	t.Cleanup(func() { simd.Use(before) })
	for _, implementation := range []string{"purego", "avx2", "avx512", "neon", "neon-plain"} {
		if simd.Use(implementation) {
			t.Run(implementation, f)
		}
	}
}

// countBits counts bit by bit.
func countBits(a, b []uint64) (shared, differing int) {
	for i := range a {
		for bit := range 64 {
			x, y := a[i]>>bit&1, b[i]>>bit&1
			if x == 1 && y == 1 {
				shared++
			}
			if x != y {
				differing++
			}
		}
	}
	return shared, differing
}

func words(r *rand.Rand, n int) []uint64 {
	v := make([]uint64, n)
	for i := range v {
		v[i] = r.Uint64()
	}
	return v
}

func TestPopcountPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		a, b := words(r, n), words(r, n+2)[:n+1]
		wantShared, wantDiffering := countBits(a, b)
		shared, differing := simd.Overlap(a, b)
		if hamming := simd.Hamming(a, b); hamming != wantDiffering || shared != wantShared || differing != wantDiffering {
			t.Fatalf("%d words: %d, %d and %d; want %d shared, %d differing", n, hamming, shared, differing, wantShared, wantDiffering)
		}
	}
}

func TestPopcountRows(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.IntRange(0, 70).Draw(t, "words")
			stride := rapid.IntRange(0, 2*n+9).Draw(t, "stride") // rows may overlap
			count := rapid.IntRange(1, 30).Draw(t, "rows in base")
			numbers := rapid.SliceOfN(rapid.Uint32Range(0, uint32(count-1)), 0, 40).Draw(t, "rows")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			q, base := words(r, n), words(r, (count-1)*stride+n)

			const untouched = 12345
			hamming := slices.Repeat([]uint32{untouched}, len(numbers)+2)
			shared, differing := slices.Clone(hamming), slices.Clone(hamming)
			simd.HammingRows(hamming, q, base, stride, numbers)
			simd.OverlapRows(shared, differing, q, base, stride, numbers)
			for i, row := range numbers {
				wantShared, wantDiffering := simd.Overlap(q, base[int(row)*stride:])
				if hamming[i] != uint32(wantDiffering) || shared[i] != uint32(wantShared) || differing[i] != uint32(wantDiffering) {
					t.Fatalf("row %d at %d: %d, %d and %d; want %d shared, %d differing", row, i,
						hamming[i], shared[i], differing[i], wantShared, wantDiffering)
				}
			}
			for i := len(numbers); i < len(hamming); i++ {
				if hamming[i] != untouched || shared[i] != untouched || differing[i] != untouched {
					t.Fatalf("result %d was written, there are %d rows", i, len(numbers))
				}
			}
		})
	})
}

func TestPopcountRowsOutside(t *testing.T) {
	base := make([]uint64, 100)
	cases := []struct {
		reason string
		dst, q int
		stride int
		rows   []uint32
	}{
		{"the last row reaches one word too far", 2, 11, 10, []uint32{0, 9}},
		{"the row in the middle is the one outside", 3, 10, 10, []uint32{0, 10, 1}},
		{"row times stride does not fit in 32 bits", 1, 1, 1 << 20, []uint32{1 << 12}},
		{"row times stride would wrap in 64 bits", 1, 1, math.MaxInt, []uint32{math.MaxUint32}},
		{"a negative stride", 1, 1, -1, []uint32{1}},
		{"dst is shorter than rows", 1, 10, 10, []uint32{0, 1}},
		{"the query is longer than base", 1, 101, 0, []uint32{0}},
	}
	eachImplementation(t, func(t *testing.T) {
		for _, c := range cases {
			dst, long, q := make([]uint32, c.dst), make([]uint32, 9), make([]uint64, c.q)
			for name, f := range map[string]func(){
				"hamming":           func() { simd.HammingRows(dst, q, base, c.stride, c.rows) },
				"overlap":           func() { simd.OverlapRows(dst, dst, q, base, c.stride, c.rows) },
				"overlap, short":    func() { simd.OverlapRows(dst, long, q, base, c.stride, c.rows) },
				"overlap, shorter":  func() { simd.OverlapRows(long, dst, q, base, c.stride, c.rows) },
				"hamming of a pair": func() { simd.Hamming(base, base[1:]) },
				"overlap of a pair": func() { simd.Overlap(base, base[1:]) },
			} {
				if !panics(f) {
					t.Errorf("%s: no panic: %s", name, c.reason)
				}
			}
		}
		simd.HammingRows(nil, base, nil, 1, nil) // no rows need nothing
		simd.OverlapRows(nil, nil, base, nil, 1, nil)
	})
}

func TestPopcountNoAllocation(t *testing.T) {
	base, rows := make([]uint64, 1000), []uint32{0, 1, 5, 9}
	eachImplementation(t, func(t *testing.T) {
		allocations := testing.AllocsPerRun(10, func() {
			var shared, differing [4]uint32
			simd.HammingRows(shared[:], base[:100], base, 100, rows)
			simd.OverlapRows(shared[:], differing[:], base[:100], base, 100, rows)
		})
		if allocations != 0 {
			t.Errorf("%v allocations", allocations)
		}
	})
}

// BenchmarkPopcountRows compares a query with 24 random rows a call: of 400 KB, which fit the second-level cache, and of
// 100 MB, which come from memory.
func BenchmarkPopcountRows(b *testing.B) {
	for _, n := range []int{4, 13, 64} {
		for _, size := range []int{400_000, 100_000_000} {
			stride := (n + 7) / 8 * 8
			count := size / 8 / stride
			r := rand.New(rand.NewPCG(1, 2))
			base := words(r, count*stride)
			var numbers [1 << 13]uint32
			for i := range numbers {
				numbers[i] = r.Uint32N(uint32(count))
			}
			const batch = 24
			var shared, differing [batch]uint32
			for name, f := range map[string]func(rows []uint32){
				"Hamming": func(rows []uint32) { simd.HammingRows(shared[:], base[:n], base, stride, rows) },
				"Overlap": func(rows []uint32) { simd.OverlapRows(shared[:], differing[:], base[:n], base, stride, rows) },
			} {
				b.Run(fmt.Sprintf("%s/words=%d/KB=%d", name, n, size/1000), func(b *testing.B) {
					at := 0
					for b.Loop() {
						f(numbers[at : at+batch])
						at = (at + batch) % (len(numbers) - batch)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/row")
				})
			}
		}
	}
}
