package simd_test

import (
	"math"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// TestLargestRow has the largest number at every place of lists of every length, and beyond their ends even larger ones.
func TestLargestRow(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for length := range 100 {
			for at := range length {
				rows := make([]uint32, length+20)
				for i := range rows {
					rows[i] = uint32(i)
				}
				for i := range rows[length:] {
					rows[length+i] = math.MaxUint32
				}
				rows[at] = math.MaxUint32 - 1
				if got := simd.LargestRow(rows[:length]); got != math.MaxUint32-1 {
					t.Fatalf("%d at %d of %d", got, at, length)
				}
			}
		}
		if got := simd.LargestRow(nil); got != 0 {
			t.Fatalf("%d of none", got)
		}
	})
}
