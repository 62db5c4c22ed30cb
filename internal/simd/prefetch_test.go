package simd_test

import (
	"math"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// TestPrefetch reaches behind the end of slices, which must not matter.
func TestPrefetch(t *testing.T) {
	words := make([]uint32, 100)
	for range simd.EachPrefetch {
		for n := range words {
			simd.Prefetch(words[n:])
			simd.Prefetch(words[:n:n])
		}
		simd.Prefetch(nil)
		for _, n := range []int{0, 1, 63, 64, 65, 1024, 5000} {
			simd.PrefetchVector(make([]float32, n))
		}
	}
}

// TestPrefetchRows asks for rows that are not there, which must not matter either.
func TestPrefetchRows(t *testing.T) {
	rows := []uint32{0, 1, 99, 100, 1 << 31, math.MaxUint32}
	for range simd.EachPrefetch {
		for _, length := range []int{0, 1, 63, 64, 65, 256, 257, 1000, 1 << 20} {
			simd.PrefetchRows(make([]byte, 100*64), 64, length, rows)
			simd.PrefetchRows(make([]uint32, 100), 1, length, rows)
			simd.PrefetchRows(make([]float32, 100*3), 3, length, rows[:1])
			simd.PrefetchRows([]uint64(nil), 8, length, rows)
			simd.PrefetchRows(make([]uint64, 1), math.MaxInt32, length, rows)
			simd.PrefetchRows(make([]uint64, 1), 1, length, nil)
		}
	}
}
