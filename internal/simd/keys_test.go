package simd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

func TestSortableBits(t *testing.T) {
	ascending := []float32{
		float32(math.Inf(-1)), -math.MaxFloat32, -1, -math.SmallestNonzeroFloat32, 0, math.SmallestNonzeroFloat32, 1, math.MaxFloat32,
		float32(math.Inf(1)),
	}
	for i, distance := range ascending[1:] {
		if before := ascending[i]; simd.SortableBits(before) >= simd.SortableBits(distance) {
			t.Errorf("%v is not before %v", before, distance)
		}
	}
	if simd.SortableBits(float32(math.Copysign(0, -1))) != simd.SortableBits(0) {
		t.Error("zeros differ")
	}
	if simd.SortableBits(ascending[len(ascending)-1]) == math.MaxUint32 {
		t.Error("infinity fills the ends of lists")
	}
}

// TestEnterKeys enters few and many keys in sorted ones that are as long as the memory they are in, or in the middle of it.
func TestEnterKeys(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for count := range 80 {
			for _, most := range []int{1, 20, 1000} {
				for range 20 {
					checkEnterKeys(t, drawDistinct(r, count), drawDistinct(r, r.IntN(most+1)))
				}
			}
		}
		for _, length := range lengths() {
			checkEnterKeys(t, drawDistinct(r, 1+length%20), drawDistinct(r, length))
		}
	})
}

func TestSortKeys(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for count := range 80 {
			for range 20 {
				want := drawDistinct(r, count)
				got := append(slices.Clone(want), 77)
				simd.SortKeys(got[:count])
				if slices.Sort(want); !slices.Equal(got, append(want, 77)) {
					t.Fatalf("%x, want %x", got, want)
				}
			}
		}
	})
}

// drawDistinct draws distinct keys, some of them the least and the greatest there can be.
func drawDistinct(r *rand.Rand, count int) []uint64 {
	var keys []uint64
	for seen := map[uint64]bool{}; len(keys) < count; {
		key := r.Uint64() >> r.IntN(50)
		switch r.IntN(100) {
		case 0:
			key = 0
		case 1:
			key = math.MaxUint64
		}
		if !seen[key] {
			keys, seen[key] = append(keys, key), true
		}
	}
	return keys
}

func checkEnterKeys(t *testing.T, sorted, keys []uint64) {
	t.Helper()
	keys = slices.DeleteFunc(keys, func(key uint64) bool { return slices.Contains(sorted, key) })
	slices.Sort(sorted)
	want := append(slices.Clone(sorted), keys...)
	slices.Sort(want)
	want = want[:len(sorted)]
	const around = 77
	within := slices.Concat([]uint64{around}, sorted, []uint64{around})
	given := slices.Clone(keys)
	simd.EnterKeys(within[1:len(sorted)+1], keys)
	if !slices.Equal(within, slices.Concat([]uint64{around}, want, []uint64{around})) || !slices.Equal(keys, given) {
		t.Fatalf("%x in %x:\n%x\nwant\n%x", given, sorted, within, want)
	}
}

// TestMakeKeys makes keys of rows at extreme distances, of such as are not negative, and of such as are none.
func TestMakeKeys(t *testing.T) {
	nan, infinity := float32(math.NaN()), float32(math.Inf(1))
	distances := []float32{
		-1, -math.SmallestNonzeroFloat32, -math.MaxFloat32, -infinity,
		0, float32(math.Copysign(0, -1)), 1, math.SmallestNonzeroFloat32, math.MaxFloat32, infinity,
		nan, -nan, math.Float32frombits(0xffff_ffff), math.Float32frombits(0x7f80_0001),
	}
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, count := range lengths() {
			for _, some := range [][]float32{distances, distances[4:], distances[10:]} {
				checkMakeKeys(t, r, count, some)
			}
		}
		if !panics(func() { simd.MakeKeys(make([]uint64, 2), make([]uint32, 3), make([]float32, 3)) }) {
			t.Error("no panic: fewer keys than rows")
		}
		if !panics(func() { simd.MakeKeys(make([]uint64, 3), make([]uint32, 3), make([]float32, 2)) }) {
			t.Error("no panic: fewer distances than rows")
		}
	})
}

// checkMakeKeys draws rows and some of the distances, and looks for what is written around their keys.
func checkMakeKeys(t *testing.T, r *rand.Rand, count int, distances []float32) {
	t.Helper()
	rows, far := make([]uint32, count), make([]float32, count)
	for i := range rows {
		rows[i], far[i] = r.Uint32(), distances[r.IntN(len(distances))]
	}
	want, wantLeast := make([]uint64, count+6), uint64(math.MaxUint64)
	for i, row := range rows {
		want[i+3] = math.MaxUint64
		if far[i] == far[i] {
			want[i+3] = uint64(simd.SortableBits(far[i]))<<32 | uint64(row)
		}
		wantLeast = min(wantLeast, want[i+3])
	}
	keys := make([]uint64, count+6)
	if least := simd.MakeKeys(keys[3:], rows, far); least != wantLeast || !slices.Equal(keys, want) {
		t.Fatalf("rows %x at %v: %x, least %x\nwant %x, %x", rows, far, keys, least, want, wantLeast)
	}
}

// BenchmarkMakeKeys makes keys of few rows and of more.
func BenchmarkMakeKeys(b *testing.B) {
	for _, count := range []int{7, 8, 13, 16, 30} {
		for _, implementation := range []string{"purego", "avx2", "avx512"} {
			b.Run(fmt.Sprintf("rows=%d/%s", count, implementation), func(b *testing.B) {
				before := simd.Implementation()
				defer simd.Use(before)
				if !simd.Use(implementation) {
					b.Skip("not here")
				}
				keys, rows, distances := make([]uint64, count), make([]uint32, count), make([]float32, count)
				for b.Loop() {
					simd.MakeKeys(keys, rows, distances)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/key")
			})
		}
	}
}

// TestTakeKey takes each of the first keys out of as many as there may be, one of those behind, and one that is none of them, and looks for
// what is written around them.
func TestTakeKey(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for _, count := range lengths() {
			keys := drawDistinct(r, count)
			for at := range min(count, 130) {
				checkTakeKey(t, keys, at)
			}
			if count > 130 {
				checkTakeKey(t, keys, 130+r.IntN(count-130))
			}
			checkTakeKey(t, keys, -1)
		}
	})
}

// checkTakeKey takes the key at a place, or, at -1, one that is not there.
func checkTakeKey(t *testing.T, keys []uint64, at int) {
	t.Helper()
	want, least, key := slices.Clone(keys), uint64(math.MaxUint64), uint64(1)
	for at < 0 && slices.Contains(keys, key) {
		key++
	}
	if at >= 0 {
		key = keys[at]
	}
	for i := range want {
		if i == at {
			want[i] = math.MaxUint64
		}
		least = min(least, want[i])
	}
	const around = 77
	within := slices.Concat([]uint64{around}, keys, []uint64{around})
	gotAt, gotLeast := simd.TakeKey(within[1:len(keys)+1], key)
	if gotAt != at || gotLeast != least || !slices.Equal(within, slices.Concat([]uint64{around}, want, []uint64{around})) {
		t.Fatalf("%x out of %x:\n%x at %d, least %x\nwant\n%x at %d, least %x", key, keys, within, gotAt, gotLeast, want, at, least)
	}
}
