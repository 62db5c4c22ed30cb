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

// unseenForms are Unseen, and UnseenAhead for rows of several lengths: of no line, of one, two and more. Where rows lie does not matter to what
// is found, so most of those below lie nowhere.
func unseenForms() map[string]func(dst []uint32, words []uint64, rows []uint32, n uint32) (int, bool) {
	forms := map[string]func(dst []uint32, words []uint64, rows []uint32, n uint32) (int, bool){
		"alone": simd.Unseen,
		"ahead of nothing": func(dst []uint32, words []uint64, rows []uint32, n uint32) (int, bool) {
			return simd.UnseenAhead(dst, words, rows, n, []byte(nil), 64, 64)
		},
	}
	base := make([]float32, 10)
	for _, length := range []int{0, 1, 16, 17, 32, 33, 100, 4000} {
		forms[fmt.Sprintf("ahead of %d floats", length)] = func(dst []uint32, words []uint64, rows []uint32, n uint32) (int, bool) {
			return simd.UnseenAhead(dst, words, rows, n, base, length, length)
		}
	}
	return forms
}

// eachUnseen runs a test for each of unseenForms, with each implementation, and prefetches of each kind.
func eachUnseen(t *testing.T, test func(t *testing.T, unseen func(dst []uint32, words []uint64, rows []uint32, n uint32) (int, bool))) {
	eachImplementation(t, func(t *testing.T) {
		for range simd.EachPrefetch {
			for name, unseen := range unseenForms() {
				t.Run(name, func(t *testing.T) { test(t, unseen) })
			}
		}
	})
}

func TestUnseen(t *testing.T) {
	eachUnseen(t, func(t *testing.T, unseen func(dst []uint32, words []uint64, rows []uint32, n uint32) (int, bool)) {
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
				count, ok := unseen(dst, words, rows, n)
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

// TestUnseenOutside has numbers that are no rows, as a file may have, at every place among others.
func TestUnseenOutside(t *testing.T) {
	eachUnseen(t, func(t *testing.T, unseen func(dst []uint32, words []uint64, rows []uint32, n uint32) (int, bool)) {
		for _, outside := range []uint32{70, 71, 127, 128, 1 << 31, math.MaxUint32} {
			for before := range 13 {
				words, dst := make([]uint64, 3), make([]uint32, 16)
				rows := append(slices.Clone([]uint32{69, 3, 66, 4, 9, 8, 7, 2, 1, 0, 64, 65}[:before]), outside, 5)
				count, ok := unseen(dst, words, rows, 70)
				if ok || !slices.Equal(dst[:count], rows[:before]) {
					t.Errorf("%d of 70 behind %d: %v, %t", outside, before, dst[:count], ok)
				}
				var want [3]uint64
				for _, row := range rows[:before] {
					want[row/64] |= 1 << (row % 64)
				}
				if [3]uint64(words) != want {
					t.Errorf("%d of 70 behind %d: bits %x, want %x", outside, before, words, want)
				}
			}
		}
		if count, ok := unseen(nil, nil, nil, 0); count != 0 || !ok {
			t.Errorf("of no rows %d, %t", count, ok)
		}
		if !panics(func() { unseen(make([]uint32, 1), make([]uint64, 1), []uint32{1}, 65) }) {
			t.Error("no panic: fewer bits than rows")
		}
		if !panics(func() { unseen(nil, make([]uint64, 1), []uint32{1}, 64) }) {
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
