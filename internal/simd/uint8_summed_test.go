package simd_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/simd"
)

// summedKernels are the functions on summed rows.
var summedKernels = []byteKernel{
	{"SquaredL2U8Summed", simd.SquaredL2U8SummedRows, func(total, x, y uint64) uint64 { return total + (x-y)*(x-y) }},
	{"DotU8Summed", simd.DotU8SummedRows, func(total, x, y uint64) uint64 { return total + x*y }},
}

// eachSummedKernel is eachByteKernel for summed rows.
func eachSummedKernel(t *testing.T, f func(t *testing.T, k byteKernel)) {
	eachImplementation(t, func(t *testing.T) {
		for _, k := range summedKernels {
			t.Run(k.name, func(t *testing.T) { f(t, k) })
		}
	})
}

// summed returns n drawn bytes as a summed row, at an address that is a multiple of nothing.
func summed(r *rand.Rand, n int, draw func(*rand.Rand) byte) []byte {
	v := make([]byte, 1+(n+8+63)/64*64)[1:]
	for i := range n {
		v[i] = draw(r)
	}
	simd.PutSumsU8(v)
	return v
}

func TestSummedEqualModel(t *testing.T) {
	eachSummedKernel(t, func(t *testing.T, k byteKernel) {
		for _, xs := range bytesOf {
			for _, ys := range bytesOf {
				r := rand.New(rand.NewPCG(1, 2))
				for _, n := range lengths() {
					x, y := summed(r, n, xs.draw), summed(r, n, ys.draw)
					var got [1]uint32
					k.rows(got[:], x, y, 0, []uint32{0})
					if want := k.of(x[:n], y[:n]); got[0] != want {
						t.Fatalf("length %d: got %d, want %d; %s; %s", n, got[0], want, xs.reason, ys.reason)
					}
				}
			}
		}
	})
}

// TestSummedLargest has results that just fit 32 bits.
func TestSummedLargest(t *testing.T) {
	largest := func(*rand.Rand) byte { return 255 }
	x, y := summed(nil, 66_051, largest), summed(nil, 66_051, func(*rand.Rand) byte { return 0 })
	want := map[string][2]uint32{"SquaredL2U8Summed": {4_294_966_275, 0}, "DotU8Summed": {0, 4_294_966_275}}
	eachSummedKernel(t, func(t *testing.T, k byteKernel) {
		var got [2]uint32
		k.rows(got[:1], x, y, 0, []uint32{0})
		k.rows(got[1:], x, x, 0, []uint32{0})
		if got != want[k.name] {
			t.Errorf("got %d from zeros and from itself, want %d", got, want[k.name])
		}
	})
}

func TestSummedRows(t *testing.T) {
	eachSummedKernel(t, func(t *testing.T, k byteKernel) {
		rapid.Check(t, func(t *rapid.T) {
			n := 64 * rapid.IntRange(1, 20).Draw(t, "blocks")
			stride := n + rapid.IntRange(0, 80).Draw(t, "gap")
			count := rapid.IntRange(1, 50).Draw(t, "rows in base")
			numbers := rapid.SliceOfN(rapid.Uint32Range(0, uint32(count-1)), 0, 40).Draw(t, "rows")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			q, base := summed(r, n-8, bytesOf[0].draw), make([]byte, count*stride)
			for row := range count {
				copy(base[row*stride:], summed(r, n-8, bytesOf[0].draw))
			}
			dst := make([]uint32, len(numbers)+4)
			k.rows(dst, q, base, stride, numbers)
			for i, row := range numbers {
				if want := k.of(q[:n-8], base[int(row)*stride:][:n-8]); dst[i] != want {
					t.Fatalf("row %d at %d: got %v, want %v", row, i, dst[i], want)
				}
			}
			for i, x := range dst[len(numbers):] {
				if x != 0 {
					t.Fatalf("dst[%d] was written, there are %d rows", len(numbers)+i, len(numbers))
				}
			}
		})
	})
}

func TestSummedOutside(t *testing.T) {
	base := make([]byte, 640)
	eachSummedKernel(t, func(t *testing.T, k byteKernel) {
		for reason, f := range map[string]func(){
			"a row outside":   func() { k.rows(make([]uint32, 1), base[:64], base, 64, []uint32{10}) },
			"dst is shorter":  func() { k.rows(make([]uint32, 1), base[:64], base, 64, []uint32{0, 1}) },
			"no room for sum": func() { k.rows(make([]uint32, 1), nil, base, 64, []uint32{0}) },
			"half a block":    func() { k.rows(make([]uint32, 1), base[:32], base, 64, []uint32{0}) },
			"a row as far as no product": func() {
				k.rows(make([]uint32, 1), base[:64], base, math.MaxInt, []uint32{math.MaxUint32})
			},
		} {
			if !panics(f) {
				t.Errorf("no panic: %s", reason)
			}
		}
		k.rows(nil, base, nil, 1, nil) // no rows need nothing
	})
}

func TestPutSums(t *testing.T) {
	row := summed(nil, 120, func(*rand.Rand) byte { return 200 })
	if sum, squares := binary.LittleEndian.Uint32(row[120:]), binary.LittleEndian.Uint32(row[124:]); sum != 24_000 || squares != 4_800_000 {
		t.Errorf("sums %d and %d, want 24000 and 4800000", sum, squares)
	}
	if sum, squares := simd.SumsU8(row); sum != 24_000 || squares != 4_800_000 {
		t.Errorf("sums %d and %d come back, want 24000 and 4800000", sum, squares)
	}
	for _, n := range []int{0, 63} {
		if !panics(func() { simd.PutSumsU8(make([]byte, n)) }) {
			t.Errorf("no panic: %d bytes", n)
		}
	}
}

// BenchmarkSummedRows is BenchmarkBytesRows for summed rows.
func BenchmarkSummedRows(b *testing.B) {
	for _, stride := range []int{64, 128, 448, 832} {
		for _, size := range benchmarkSizes {
			base, numbers := gather(stride, size)
			for _, k := range summedKernels {
				b.Run(fmt.Sprintf("%s/bytes=%d/KB=%d", k.name, stride, size/1000), func(b *testing.B) {
					benchmarkRows(b, k, base, stride, numbers)
				})
			}
		}
	}
}
