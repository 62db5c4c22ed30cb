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

func TestUnseen(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.Uint32Range(1, 300).Draw(t, "n")
			words, seen := make([]uint64, (n+63)/64), map[uint32]bool{}
			for range 3 { // what one call sets the next one finds
				rows := rapid.SliceOfN(rapid.Uint32Range(0, n-1), 0, 70).Draw(t, "rows")
				var want []uint32
				for _, row := range rows {
					if !seen[row] {
						want = append(want, row)
					}
					seen[row] = true
				}
				dst := slices.Repeat([]uint32{7}, len(rows)+1)
				if rapid.Bool().Draw(t, "in place") {
					dst = append(rows, 7)
					rows = dst[:len(rows)]
				}
				count, ok := simd.Unseen(dst, words, rows, n)
				if !ok || !slices.Equal(dst[:count], want) || dst[len(rows)] != 7 {
					t.Fatalf("got %v, %t, want %v", dst[:count], ok, want)
				}
			}
			for row := range 64 * uint32(len(words)) {
				if set := words[row/64]>>(row%64)&1 != 0; set != seen[row] {
					t.Fatalf("bit %d is set: %t, want %t", row, set, seen[row])
				}
			}
		})
	})
}

// TestUnseenOutside has numbers that are no rows, as a file may have.
func TestUnseenOutside(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, outside := range []uint32{70, 71, 127, 128, 1 << 31, math.MaxUint32} {
			words, dst := make([]uint64, 3), make([]uint32, 4)
			count, ok := simd.Unseen(dst, words, []uint32{69, 3, outside, 5}, 70)
			if ok || !slices.Equal(dst[:count], []uint32{69, 3}) || words[0] != 1<<3 || words[1] != 1<<5 || words[2] != 0 {
				t.Errorf("%d of 70: %v, %t, bits %x", outside, dst[:count], ok, words)
			}
		}
		if count, ok := simd.Unseen(nil, nil, nil, 0); count != 0 || !ok {
			t.Errorf("of no rows %d, %t", count, ok)
		}
		if !panics(func() { simd.Unseen(make([]uint32, 1), make([]uint64, 1), []uint32{1}, 65) }) {
			t.Error("no panic: fewer bits than rows")
		}
		if !panics(func() { simd.Unseen(nil, make([]uint64, 1), []uint32{1}, 64) }) {
			t.Error("no panic: dst is shorter than rows")
		}
	})
}

// BenchmarkUnseen takes random rows, of which half are new.
func BenchmarkUnseen(b *testing.B) {
	const n = 60_000
	for _, implementation := range []string{"purego", "avx2"} {
		for _, batch := range []int{32, 64} {
			b.Run(fmt.Sprintf("%s/%d", implementation, batch), func(b *testing.B) {
				before := simd.Implementation()
				defer simd.Use(before)
				if !simd.Use(implementation) {
					b.Skip("not here")
				}
				r, words, rows := rand.New(rand.NewPCG(1, 2)), make([]uint64, (n+63)/64), make([]uint32, 1<<16)
				for i := range rows {
					rows[i] = r.Uint32N(n)
				}
				dst, at := make([]uint32, batch), 0
				for b.Loop() {
					if at+batch > len(rows)/2 {
						clear(words)
						at = 0
					}
					simd.Unseen(dst, words, rows[at:at+batch], n)
					at += batch
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(batch), "ns/row")
			})
		}
	}
}
