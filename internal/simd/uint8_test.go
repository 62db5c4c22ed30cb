package simd_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/simd"
)

// byteKernel is one of the functions on rows of bytes, with what it computes.
type byteKernel struct {
	name  string
	rows  func(dst []uint32, q, base []byte, stride int, rows []uint32)
	model func(total, x, y uint64) uint64
}

var byteKernels = []byteKernel{
	{"SquaredL2U8", simd.SquaredL2U8Rows, func(total, x, y uint64) uint64 { return total + (x-y)*(x-y) }},
	{"L1U8", simd.L1U8Rows, func(total, x, y uint64) uint64 { return total + max(x, y) - min(x, y) }},
	{"MaxU8", simd.MaxU8Rows, func(total, x, y uint64) uint64 { return max(total, max(x, y)-min(x, y)) }},
}

// of is the model of two vectors. Nothing that a test computes exceeds 32 bits.
func (k byteKernel) of(x, y []byte) uint32 {
	total := uint64(0)
	for i := range x {
		total = k.model(total, uint64(x[i]), uint64(y[i]))
	}
	if total > math.MaxUint32 {
		panic("the test is wrong")
	}
	return uint32(total)
}

// eachByteKernel runs f for every kernel of every implementation that this machine has.
func eachByteKernel(t *testing.T, f func(t *testing.T, k byteKernel)) {
	eachImplementation(t, func(t *testing.T) {
		for _, k := range byteKernels {
			t.Run(k.name, func(t *testing.T) { f(t, k) })
		}
	})
}

// bytesOf draws bytes of kinds that a wrong kernel would treat differently.
var bytesOf = []struct {
	reason string
	draw   func(r *rand.Rand) byte
}{
	{"any bytes, those from 128 on among them", func(r *rand.Rand) byte { return byte(r.Uint32()) }},
	{"nothing but zeros", func(*rand.Rand) byte { return 0 }},
	{"the largest", func(*rand.Rand) byte { return 255 }},
	{"the largest differences, of both signs", func(r *rand.Rand) byte { return byte(255 * r.IntN(2)) }},
}

// padded returns n drawn bytes with zeros behind them, up to whole blocks, at an address that is a multiple of nothing.
func padded(r *rand.Rand, n int, draw func(*rand.Rand) byte) []byte {
	v := make([]byte, 1+(n+63)/64*64)[1:]
	for i := range n {
		v[i] = draw(r)
	}
	return v
}

func TestBytesEqualModel(t *testing.T) {
	eachByteKernel(t, func(t *testing.T, k byteKernel) {
		for _, xs := range bytesOf {
			for _, ys := range bytesOf {
				r := rand.New(rand.NewPCG(1, 2))
				for _, n := range lengths() {
					x, y := padded(r, n, xs.draw), padded(r, n, ys.draw)
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

// TestBytesLargest has sums that just fit 32 bits.
func TestBytesLargest(t *testing.T) {
	x, y := padded(nil, 66_051, func(*rand.Rand) byte { return 255 }), make([]byte, 66_112)
	want := map[string][2]uint32{
		"SquaredL2U8": {4_294_966_275, 0}, "L1U8": {16_843_005, 0}, "MaxU8": {255, 0},
	}
	eachByteKernel(t, func(t *testing.T, k byteKernel) {
		var got [2]uint32
		k.rows(got[:1], x, y, 0, []uint32{0})
		k.rows(got[1:], x, x, 0, []uint32{0})
		if got != want[k.name] {
			t.Errorf("got %d from zeros and from itself, want %d", got, want[k.name])
		}
	})
}

// TestBytesEveryPlace moves one byte over the places of a vector: each must count.
func TestBytesEveryPlace(t *testing.T) {
	eachByteKernel(t, func(t *testing.T, k byteKernel) {
		x := bytes.Repeat([]byte{7}, 192)
		for place := range x {
			y := slices.Clone(x)
			y[place] = 203
			var got [1]uint32
			k.rows(got[:], x, y, 0, []uint32{0})
			if want := k.of(x, y); got[0] != want {
				t.Fatalf("place %d: got %d, want %d", place, got[0], want)
			}
		}
	})
}

func TestBytesRows(t *testing.T) {
	eachByteKernel(t, func(t *testing.T, k byteKernel) {
		rapid.Check(t, func(t *rapid.T) {
			n := 64 * rapid.IntRange(0, 20).Draw(t, "blocks")
			stride := rapid.IntRange(0, 2*n+80).Draw(t, "stride") // rows may overlap
			count := rapid.IntRange(1, 50).Draw(t, "rows in base")
			numbers := rapid.SliceOfN(rapid.Uint32Range(0, uint32(count-1)), 0, 40).Draw(t, "rows")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			q, base := make([]byte, n), make([]byte, (count-1)*stride+n)
			for _, v := range [][]byte{q, base} {
				for i := range v {
					v[i] = byte(r.Uint32())
				}
			}

			const untouched = 12345
			dst := slices.Repeat([]uint32{untouched}, len(numbers)+4)
			k.rows(dst, q, base, stride, numbers)
			for i, row := range numbers {
				if want := k.of(q, base[int(row)*stride:][:n]); dst[i] != want {
					t.Fatalf("row %d at %d: got %v, want %v", row, i, dst[i], want)
				}
			}
			for i, x := range dst[len(numbers):] {
				if x != untouched {
					t.Fatalf("dst[%d] was written, there are %d rows", len(numbers)+i, len(numbers))
				}
			}
		})
	})
}

// outside are rows of bytes that a matrix of 640 bytes does not have, for queries of so many bytes.
var outside = []struct {
	reason string
	dst, q int
	stride int
	rows   []uint32
}{
	{"the last row reaches a byte too far", 2, 64, 577, []uint32{0, 1}},
	{"the row in the middle is the one outside", 3, 64, 64, []uint32{0, 10, 1}},
	{"row times stride does not fit in 32 bits", 1, 64, 1 << 20, []uint32{1 << 12}},
	{"row times stride would wrap in 64 bits", 1, 64, math.MaxInt, []uint32{math.MaxUint32}},
	{"a negative stride", 1, 64, -1, []uint32{1}},
	{"dst is shorter than rows", 1, 64, 64, []uint32{0, 1}},
	{"the query is longer than base", 1, 704, 0, []uint32{0}},
	{"the query is no whole number of blocks", 1, 63, 64, []uint32{0}},
}

func TestBytesRowsOutside(t *testing.T) {
	base := make([]byte, 640)
	eachByteKernel(t, func(t *testing.T, k byteKernel) {
		for _, c := range outside {
			if !panics(func() { k.rows(make([]uint32, c.dst), make([]byte, c.q), base, c.stride, c.rows) }) {
				t.Errorf("no panic: %s", c.reason)
			}
		}
		k.rows(nil, base, nil, 1, nil) // no rows need nothing
	})
}

func TestFloatsOfBytes(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for n := 0; n <= 320; n += 64 {
			src, dst := make([]byte, n+1)[1:], make([]float32, n+3)
			for i := range src {
				src[i] = byte(5 * i)
			}
			dst[n] = -1
			simd.FloatsOfBytes(dst, src)
			for i, x := range src {
				if dst[i] != float32(x) {
					t.Fatalf("byte %d of %d becomes %v, want %d", i, n, dst[i], x)
				}
			}
			if dst[n] != -1 {
				t.Fatalf("dst[%d] was written", n)
			}
		}
		for reason, f := range map[string]func(){
			"dst is shorter": func() { simd.FloatsOfBytes(make([]float32, 63), make([]byte, 64)) },
			"half a block":   func() { simd.FloatsOfBytes(make([]float32, 64), make([]byte, 32)) },
		} {
			if !panics(f) {
				t.Errorf("no panic: %s", reason)
			}
		}
	})
}

func TestBytesNoAllocation(t *testing.T) {
	base, rows := make([]byte, 1024), []uint32{0, 1, 5, 9}
	eachByteKernel(t, func(t *testing.T, k byteKernel) {
		dst := make([]uint32, 4)
		if allocations := testing.AllocsPerRun(10, func() { k.rows(dst, base[:64], base, 64, rows) }); allocations != 0 {
			t.Errorf("%v allocations", allocations)
		}
	})
}

// benchmarkSizes are those of matrices that fit the second-level cache, and that come from memory for the most part.
var benchmarkSizes = []int{400_000, 12_000_000, 50_000_000, 200_000_000}

// gather returns a matrix of so many bytes, and numbers of random rows of it.
func gather(stride, size int) (base []byte, numbers []uint32) {
	count := size / stride
	r := rand.New(rand.NewPCG(1, 2))
	base = make([]byte, count*stride)
	for i := 0; i+8 <= len(base); i += 8 {
		binary.LittleEndian.PutUint64(base[i:], r.Uint64())
	}
	numbers = make([]uint32, 1<<18)
	for i := range numbers {
		numbers[i] = r.Uint32N(uint32(count))
	}
	return base, numbers
}

func benchmarkRows(b *testing.B, k byteKernel, base []byte, stride int, numbers []uint32) {
	const batch = 24
	var dst [batch]uint32
	at := 0
	for b.Loop() {
		k.rows(dst[:], base[:stride], base, stride, numbers[at:at+batch])
		at = (at + batch) % (len(numbers) - batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/row")
}

// BenchmarkBytesRows compares a query with 24 random rows a call.
func BenchmarkBytesRows(b *testing.B) {
	for _, stride := range []int{64, 128, 448, 832} {
		for _, size := range benchmarkSizes {
			base, numbers := gather(stride, size)
			for _, k := range byteKernels {
				b.Run(fmt.Sprintf("%s/bytes=%d/KB=%d", k.name, stride, size/1000), func(b *testing.B) {
					benchmarkRows(b, k, base, stride, numbers)
				})
			}
		}
	}
}
