package simd_test

import (
	"math"
	"slices"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// TestLargestRow has the largest number at places all over lists of many lengths, and beyond their ends even larger ones.
func TestLargestRow(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, length := range lengths() {
			rows := slices.Repeat([]uint32{math.MaxUint32}, length+20)
			for i := range length {
				rows[i] = uint32(i)
			}
			for at := range length {
				if at%(1+length/131) > 0 && at < length-20 {
					continue
				}
				rows[at] = math.MaxUint32 - 1
				if got := simd.LargestRow(rows[:length]); got != math.MaxUint32-1 {
					t.Fatalf("%d at %d of %d", got, at, length)
				}
				rows[at] = uint32(at)
			}
		}
		if got := simd.LargestRow(nil); got != 0 {
			t.Fatalf("%d of none", got)
		}
	})
}
