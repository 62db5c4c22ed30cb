package simd_test

import (
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// TestPrefetch reaches behind the end of slices, which must not matter.
func TestPrefetch(t *testing.T) {
	words := make([]uint32, 100)
	for n := range words {
		simd.Prefetch(words[n:])
		simd.Prefetch(words[:n:n])
	}
	simd.Prefetch(nil)
}
