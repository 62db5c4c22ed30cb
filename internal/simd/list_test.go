package simd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// noDistance is what the ends of lists have.
const noDistance = math.MaxUint32

// drawKeys draws up to so many keys, sorted, no two of which differ in nothing but the lowest bit. Some of their distances are equal, or
// extreme.
func drawKeys(r *rand.Rand, most int) []uint64 {
	distances := []uint32{0, 1, noDistance - 1, r.Uint32(), r.Uint32(), r.Uint32()}
	spread := []uint32{2, 40, 1 << 31}[r.IntN(3)]
	var keys []uint64
	for range r.IntN(most + 1) {
		distance := distances[r.IntN(len(distances))]
		if r.IntN(2) == 0 {
			distance = r.Uint32N(spread)
		}
		keys = append(keys, uint64(distance)<<32|uint64(1+r.Uint32N(spread))<<1|uint64(r.Uint32N(2)))
	}
	slices.Sort(keys)
	return slices.CompactFunc(keys, func(a, b uint64) bool { return a|1 == b|1 })
}

// TestEnter enters keys in lists that are full or not: some of them are listed, with the same lowest bit or the other, and some twice.
func TestEnter(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for length := 0; length <= 160; length += simd.ListBlock {
			for range 300 {
				list, keys := drawKeys(r, length), drawKeys(r, 70)
				for _, key := range list[:r.IntN(len(list)+1)] {
					keys = append(keys, key^r.Uint64N(2))
				}
				r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
				checkEnter(t, length, list, keys)
			}
		}
	})
}

// checkEnter compares a list, entered one by one in whatever order there is, with all keys sorted.
func checkEnter(t *testing.T, length int, list, keys []uint64) {
	t.Helper()
	want := slices.Clone(list)
	for _, key := range keys {
		if !slices.ContainsFunc(want, func(other uint64) bool { return other|1 == key|1 }) {
			want = append(want, key)
		}
	}
	slices.Sort(want)
	want = want[:min(length, len(want))]
	const around = 77
	names, distances := slices.Repeat([]uint32{around}, length+2), slices.Repeat([]uint32{around}, length+2)
	fill := func(names, distances []uint32, keys []uint64) {
		for i := range length {
			if names[i+1], distances[i+1] = 0, noDistance; i < len(keys) {
				names[i+1], distances[i+1] = uint32(keys[i]), uint32(keys[i]>>32)
			}
		}
	}
	fill(names, distances, list)
	wantNames, wantDistances := slices.Clone(names), slices.Clone(distances)
	fill(wantNames, wantDistances, want)
	simd.Enter(names[1:length+1], distances[1:length+1], slices.Clone(keys))
	if !slices.Equal(names, wantNames) || !slices.Equal(distances, wantDistances) {
		t.Fatalf("%x in a list of %d, %x:\n%x %x\nwant\n%x %x", keys, length, list, distances, names, wantDistances, wantNames)
	}
}

func TestEnterOutside(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, test := range [][2]int{{16, 32}, {32, 16}, {15, 15}, {60, 60}, {0, 16}} {
			if !panics(func() { simd.Enter(make([]uint32, test[0]), make([]uint32, test[1]), []uint64{1}) }) {
				t.Errorf("no panic: %d names and %d distances", test[0], test[1])
			}
		}
	})
}

// BenchmarkEnter enters three keys in lists of 64 that are in the second cache.
func BenchmarkEnter(b *testing.B) {
	const length, count, some = 64, 1000, 3
	for _, implementation := range []string{"purego", "avx2", "avx512"} {
		b.Run(implementation, func(b *testing.B) {
			before := simd.Implementation()
			defer simd.Use(before)
			if !simd.Use(implementation) {
				b.Skip("not here")
			}
			r := rand.New(rand.NewPCG(1, 2))
			names, distances := make([]uint32, length*count), make([]uint32, length*count)
			keys := make([]uint64, some)
			for b.Loop() {
				for at := 0; at < len(names); at += length {
					for i := range keys {
						keys[i] = r.Uint64() &^ (1 << 63)
					}
					simd.Enter(names[at:at+length], distances[at:at+length], keys)
					distances[at+length-1], distances[at+length-2], distances[at+length-3] = noDistance, noDistance, noDistance
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/list")
		})
	}
}

// BenchmarkEnterFull enters three keys in full lists, in places of their later half. Distances differ, or there are few of them.
func BenchmarkEnterFull(b *testing.B) {
	for _, length := range []int{32, 48, 64} {
		for _, distances := range []uint32{1 << 31, 6} {
			for _, implementation := range []string{"purego", "avx2", "avx512"} {
				b.Run(fmt.Sprintf("names=%d/distances=%d/%s", length, distances, implementation), func(b *testing.B) {
					before := simd.Implementation()
					defer simd.Use(before)
					if !simd.Use(implementation) {
						b.Skip("not here")
					}
					benchmarkEnterFull(b, length, distances)
				})
			}
		}
	}
}

func benchmarkEnterFull(b *testing.B, length int, distances uint32) {
	const some, count = 3, 4096
	r := rand.New(rand.NewPCG(1, 2))
	key := func(from uint32) uint64 { return uint64(from+r.Uint32N(distances-from))<<32 | uint64(r.Uint32()) }
	full, keys := make([]uint64, length), make([]uint64, some*count)
	for i := range full {
		full[i] = key(0)
	}
	for i := range keys {
		keys[i] = key(distances / 2)
	}
	slices.Sort(full)
	fullNames, fullDistances := make([]uint32, length), make([]uint32, length)
	for i, key := range full {
		fullNames[i], fullDistances[i] = uint32(key), uint32(key>>32)
	}
	names, near := make([]uint32, length), make([]uint32, length)
	for b.Loop() {
		for at := 0; at < len(keys); at += some {
			copy(names, fullNames)
			copy(near, fullDistances)
			simd.Enter(names, near, keys[at:at+some])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/list")
}
