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

// withinKernels are the functions that keep what is within a limit, each with the one that keeps all.
var withinKernels = []struct {
	all    byteKernel
	within func(dst, rows []uint32, q, base []byte, stride int, limit uint32) int
	least  int // bytes
}{
	{byteKernels[0], simd.SquaredL2U8Within, 0},
	{byteKernels[1], simd.L1U8Within, 0},
	{byteKernels[2], simd.MaxU8Within, 0},
	{summedKernels[0], simd.SquaredL2U8SummedWithin, 64},
	{summedKernels[0], listedWithin, 64},
	{byteKernel{name: "SphericalU8", rows: sphericalRows}, sphericalWithin, 0},
}

// listedWithin knows in which blocks the query has anything.
func listedWithin(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	var blocks simd.Blocks
	blocks.Find(q)
	return simd.SquaredL2U8ListedWithin(dst, rows, q, base, &blocks, stride, limit)
}

func TestWithin(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			k := rapid.SampledFrom(withinKernels).Draw(t, "kernel")
			n := 64 * rapid.IntRange(k.least/64, 16).Draw(t, "blocks")
			count := rapid.IntRange(1, 50).Draw(t, "rows in base")
			rows := rapid.SliceOfN(rapid.Uint32Range(0, uint32(count-1)), 0, 40).Draw(t, "rows")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			q, base := make([]byte, n), make([]byte, count*n)
			for row := range count {
				if n > 0 {
					copy(base[row*n:], summed(r, n-8, bytesOf[0].draw))
					copy(q, base)
				}
			}
			for _, block := range rapid.SliceOfN(rapid.IntRange(0, 15), 0, 16).Draw(t, "empty blocks") {
				if block < n/64 {
					clear(q[64*block:][:64])
					simd.PutSumsU8(q)
				}
			}
			all := make([]uint32, len(rows))
			k.all.rows(all, q, base, n, rows)
			limit := rapid.SampledFrom(append(all, 0, math.MaxUint32)).Draw(t, "limit")
			if rapid.Bool().Draw(t, "right below") {
				limit--
			}
			var wantRows, want []uint32
			for i, x := range all {
				if x <= limit {
					wantRows, want = append(wantRows, rows[i]), append(want, x)
				}
			}
			dst, behind := make([]uint32, len(rows)+4), slices.Concat(rows, []uint32{7, 7, 7, 7})
			kept := k.within(dst, behind[:len(rows)], q, base, n, limit)
			if !slices.Equal(dst[:kept], want) || !slices.Equal(behind[:kept], wantRows) {
				t.Fatalf("%s: kept %v at %v, want %v at %v", k.all.name, behind[:kept], dst[:kept], wantRows, want)
			}
			if !slices.Equal(behind[len(rows):], []uint32{7, 7, 7, 7}) || !slices.Equal(dst[len(rows):], []uint32{0, 0, 0, 0}) {
				t.Fatalf("%s: wrote behind %d rows", k.all.name, len(rows))
			}
		})
	})
}

func TestWithinOutside(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		base := make([]byte, 640)
		for _, k := range withinKernels {
			for reason, f := range map[string]func(){
				"a row outside":  func() { k.within(make([]uint32, 1), []uint32{10}, base[:64], base, 64, 0) },
				"dst is shorter": func() { k.within(make([]uint32, 1), []uint32{0, 1}, base[:64], base, 64, 0) },
				"half a block":   func() { k.within(make([]uint32, 1), []uint32{0}, base[:32], base, 64, 0) },
			} {
				if !panics(f) {
					t.Errorf("%s: no panic: %s", k.all.name, reason)
				}
			}
		}
	})
}

// TestListed compares with the form that reads all, at lengths up to more than 4 KiB, extreme values and rows that begin anywhere.
func TestListed(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(15, 16))
		rows := []uint32{3, 0, 4, 1, 2, 3, 3}
		for n := 64; n <= 4096+64; n += 64 {
			for _, kind := range bytesOf {
				base := make([]byte, 1+5*n)[1:]
				for row := range 5 {
					copy(base[row*n:], summed(r, n-8, kind.draw))
				}
				q := summed(r, n-8, kind.draw)
				for block := range n / 64 {
					if r.IntN(3) == 0 {
						clear(q[64*block:][:64])
					}
				}
				simd.PutSumsU8(q)
				want, got := make([]uint32, len(rows)), make([]uint32, len(rows))
				simd.SquaredL2U8SummedRows(want, q, base, n, rows)
				kept := slices.Clone(rows)
				if count := listedWithin(got, kept, q, base, n, math.MaxUint32); count != len(rows) || !slices.Equal(got, want) || !slices.Equal(kept, rows) {
					t.Fatalf("%d bytes: %v, want %v", n, got, want)
				}
			}
		}
	})
}

func TestBlocks(t *testing.T) {
	var blocks simd.Blocks
	v := make([]byte, 640)
	for _, tc := range []struct {
		reason        string
		set           []int // bytes that are not zero
		absent, first int
	}{
		{"nothing", nil, 9, 576},
		{"the first byte", []int{0}, 8, 0},
		{"ends of blocks", []int{127, 575}, 7, 64},
		{"sums", []int{639}, 9, 576},
		{"everything", []int{1, 100, 150, 200, 300, 350, 400, 450, 575}, 0, 0},
	} {
		clear(v)
		for _, at := range tc.set {
			v[at] = 1
		}
		if blocks.Find(v); blocks.Absent() != tc.absent || blocks.First() != tc.first {
			t.Errorf("%s: %d are absent, the first is at %d; want %d, %d", tc.reason, blocks.Absent(), blocks.First(), tc.absent, tc.first)
		}
	}
	if !panics(func() { blocks.Find(v[:63]) }) || !panics(func() { blocks.Find(nil) }) {
		t.Error("63 bytes have blocks, or none")
	}
	if !panics(func() { simd.SquaredL2U8ListedWithin(make([]uint32, 1), []uint32{0}, v[:64], v, &blocks, 64, 0) }) {
		t.Error("blocks of one vector do for a shorter one")
	}
}

// BenchmarkWithin compares one call with two steps, of 32 rows of which a fourth are within the limit.
func BenchmarkWithin(b *testing.B) {
	for _, stride := range []int{128, 832} {
		for _, size := range benchmarkSizes[:3] {
			base, numbers := gather(stride, size)
			for row := range size / stride {
				simd.PutSumsU8(base[row*stride:][:stride])
			}
			all := make([]uint32, len(numbers))
			simd.SquaredL2U8SummedRows(all, base[:stride], base, stride, numbers)
			slices.Sort(all)
			limit := all[len(all)/4]
			k := withinKernels[3]
			for name, within := range map[string]func(dst, rows []uint32) int{
				"one": func(dst, rows []uint32) int { return k.within(dst, rows, base[:stride], base, stride, limit) },
				"two": func(dst, rows []uint32) int {
					k.all.rows(dst, base[:stride], base, stride, rows)
					return keepWithin(dst, rows, limit)
				},
			} {
				b.Run(fmt.Sprintf("%s/bytes=%d/KB=%d", name, stride, size/1000), func(b *testing.B) {
					const batch = 32
					var dst, rows [batch]uint32
					at := 0
					for b.Loop() {
						copy(rows[:], numbers[at:])
						within(dst[:], rows[:])
						at = (at + batch) % (len(numbers) - batch)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/row")
				})
			}
		}
	}
}

// keepWithin is the second of two steps.
func keepWithin(dst, rows []uint32, limit uint32) int {
	kept := 0
	for i, row := range rows {
		result := dst[i]
		dst[kept], rows[kept] = result, row
		kept += int((uint64(result) - uint64(limit) - 1) >> 63)
	}
	return kept
}
