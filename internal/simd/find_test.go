package simd_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// listLengths are lengths of lists: small ones, and such around powers of two.
func listLengths() []int {
	var lengths []int
	for n := range 131 {
		lengths = append(lengths, n)
	}
	for n := 256; n <= 4096; n *= 2 {
		lengths = append(lengths, n-1, n, n+1)
	}
	return lengths
}

// sortedList draws keys that differ in more than their lowest bits, which are drawn too. It begins where a multiple of 32 bytes does not.
// What lies around it is what is looked for.
func sortedList(r *rand.Rand, length int, around uint64) []uint64 {
	all := slices.Repeat([]uint64{around}, length+9)
	list := all[1+r.IntN(4):][:length:length]
	spread := []uint64{uint64(length) + 1, 1 << 20, math.MaxUint64 / 2}[r.IntN(3)] // few gaps, or many
	drawn := map[uint64]bool{}
	for i := range list {
		key := r.Uint64N(spread)
		for drawn[key] {
			key = r.Uint64N(spread)
		}
		drawn[key] = true
		list[i] = key<<1 | r.Uint64N(2)
	}
	slices.Sort(list)
	return list
}

// wantedKeys are keys in a list, beside these, and extreme ones.
func wantedKeys(r *rand.Rand, list []uint64) []uint64 {
	keys := []uint64{0, 1, 2, 1<<63 - 1, 1 << 63, 1<<63 + 1, math.MaxUint64 - 1, math.MaxUint64}
	for range min(len(list), 12) {
		key := list[r.IntN(len(list))]
		keys = append(keys, key-2, key-1, key, key^1, key+1, key+2)
	}
	if len(list) > 0 {
		keys = append(keys, list[0], list[0]^1, list[len(list)-1], list[len(list)-1]^1)
	}
	return keys
}

func TestFind(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, length := range listLengths() {
			for range 4 {
				list := sortedList(r, length, math.MaxUint64)
				for _, key := range wantedKeys(r, list) {
					want, there := 0, false
					for _, listed := range list {
						if listed>>1 < key>>1 {
							want++
						}
						there = there || listed>>1 == key>>1
					}
					if at, found := simd.Find(list, key); at != want || found != there {
						t.Fatalf("%x in %x: %d, %t, want %d, %t", key, list, at, found, want, there)
					}
				}
			}
		}
	})
}

// TestFindAround has the key that is wanted on both sides of the list, but not in it.
func TestFindAround(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for length := range 70 {
			all := slices.Repeat([]uint64{9}, length+2)
			list := all[1 : length+1]
			for i := range list {
				list[i] = uint64(10 + 2*i)
			}
			if at, found := simd.Find(list, 9); at != 0 || found {
				t.Errorf("before %d keys: %d, %t", length, at, found)
			}
			for i := range list {
				list[i] = uint64(2 * i)
			}
			all[0], all[length+1] = 1000, 1000
			if at, found := simd.Find(list, 1000); at != length || found {
				t.Errorf("behind %d keys: %d, %t", length, at, found)
			}
		}
	})
}

func TestUnlisted(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, length := range listLengths()[1:] {
			const count = 3
			lists := make([]uint64, 1, count*length+1)[1:] // not at a multiple of 32 bytes
			var rows []uint32
			var keys []uint64
			for row := range uint32(count) {
				list := sortedList(r, length, 0)
				for _, key := range wantedKeys(r, list) {
					rows, keys = append(rows, row), append(keys, key|1)
				}
				lists = append(lists, list...)
			}
			r.Shuffle(len(keys), func(i, j int) {
				rows[i], rows[j], keys[i], keys[j] = rows[j], rows[i], keys[j], keys[i]
			})
			for _, some := range []int{0, 1, 2, 7, 8, 9, len(keys)} {
				checkUnlisted(t, rows[:some], keys[:some], lists, length)
			}
		}
	})
}

func checkUnlisted(t *testing.T, rows []uint32, keys, lists []uint64, length int) {
	t.Helper()
	var wantRows []uint32
	var wantKeys []uint64
	for i, row := range rows {
		list := lists[int(row)*length:][:length]
		listed := slices.ContainsFunc(list, func(key uint64) bool { return key>>1 == keys[i]>>1 })
		if !listed && keys[i] < list[length-1] {
			wantRows, wantKeys = append(wantRows, row), append(wantKeys, keys[i])
		}
	}
	rows, keys = append(slices.Clone(rows), 77), append(slices.Clone(keys), 78)
	last := len(keys) - 1
	left := simd.Unlisted(rows[:last], keys[:last], lists, length)
	if !slices.Equal(rows[:left], wantRows) || !slices.Equal(keys[:left], wantKeys) {
		t.Fatalf("lists of %d: %v %x, want %v %x", length, rows[:left], keys[:left], wantRows, wantKeys)
	}
	if rows[last] != 77 || keys[last] != 78 {
		t.Fatalf("lists of %d: wrote behind the keys", length)
	}
}

func TestUnlistedOutside(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		lists := make([]uint64, 30)
		for _, test := range []struct {
			row    uint32
			length int
		}{{3, 10}, {1, 16}, {0, 31}, {math.MaxUint32, 10}, {0, 0}, {0, -1}} {
			if !panics(func() { simd.Unlisted([]uint32{0, test.row}, make([]uint64, 2), lists, test.length) }) {
				t.Errorf("no panic: row %d of lists of %d keys", test.row, test.length)
			}
		}
		if !panics(func() { simd.Unlisted(make([]uint32, 2), make([]uint64, 1), lists, 10) }) {
			t.Error("no panic: fewer keys than rows")
		}
	})
}

// BenchmarkUnlisted looks for keys of which half are listed, in lists of 30 that are in the second cache.
func BenchmarkUnlisted(b *testing.B) {
	const length, count = 30, 1000
	for _, implementation := range []string{"purego", "avx2"} {
		b.Run(implementation, func(b *testing.B) {
			before := simd.Implementation()
			defer simd.Use(before)
			if !simd.Use(implementation) {
				b.Skip("not here")
			}
			r := rand.New(rand.NewPCG(1, 2))
			var lists, keys []uint64
			var rows []uint32
			for range count {
				list := sortedList(r, length, 0)
				rows = append(rows, r.Uint32N(uint32(len(lists)/length+1)))
				lists = append(lists, list...)
				keys = append(keys, (lists[int(rows[len(rows)-1])*length+r.IntN(length)]+2*r.Uint64N(2))|1)
			}
			someRows, someKeys := make([]uint32, count), make([]uint64, count)
			for b.Loop() {
				copy(someRows, rows)
				copy(someKeys, keys)
				simd.Unlisted(someRows, someKeys, lists, length)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/key")
		})
	}
}
