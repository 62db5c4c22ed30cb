package shares_test

import (
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/shares"
)

func TestTake_Each(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces, goroutines := rapid.IntRange(0, 300).Draw(t, "pieces"), rapid.IntRange(0, 9).Draw(t, "goroutines")
		s := shares.Divide(pieces, goroutines)
		if len(s) != min(pieces, goroutines) {
			t.Fatalf("%d shares of %d pieces for %d goroutines", len(s), pieces, goroutines)
		}
		taken := make([][]int, len(s))
		var running sync.WaitGroup
		for own := range s {
			running.Go(func() {
				for piece, ok := s.Take(own); ok; piece, ok = s.Take(own) {
					taken[own] = append(taken[own], piece)
				}
			})
		}
		running.Wait()
		all := slices.Sorted(slices.Values(slices.Concat(taken...)))
		for i, piece := range all {
			if piece != i {
				t.Fatalf("pieces %v were taken, in all %d", all, pieces)
			}
		}
		if len(s) > 0 && len(all) != pieces {
			t.Fatalf("%d pieces of %d were taken", len(all), pieces)
		}
	})
}

// TestTake_Order has one goroutine take all: first its own share, in order, then those behind it, and at last those before.
func TestTake_Order(t *testing.T) {
	s, taken := shares.Divide(10, 3), []int(nil)
	for piece, ok := s.Take(1); ok; piece, ok = s.Take(1) {
		taken = append(taken, piece)
	}
	if want := []int{3, 4, 5, 6, 7, 8, 9, 0, 1, 2}; !slices.Equal(taken, want) {
		t.Errorf("%v were taken, want %v", taken, want)
	}
}

func TestStop(t *testing.T) {
	s := shares.Divide(10, 3)
	s.Take(0)
	s.Stop()
	for own := range s {
		if piece, ok := s.Take(own); ok {
			t.Errorf("piece %d was taken", piece)
		}
	}
}
