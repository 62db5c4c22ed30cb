package simd_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/simd"
)

// halfKernel is one of the functions on rows of half floats, with the one on float32 that it must agree with.
type halfKernel struct {
	name string
	rows func(dst, q []float32, base []byte, stride int, rows []uint32)
	kernel
}

var halfKernels = []halfKernel{
	{"SquaredL2F16", simd.SquaredL2F16Rows, kernels[0]},
	{"DotF16", simd.DotF16Rows, kernels[1]},
	{"L1F16", simd.L1F16Rows, kernels[2]},
	{"ChebyshevF16", simd.ChebyshevF16Rows, kernels[3]},
}

// eachHalfKernel runs f for every kernel of every implementation that this machine has.
func eachHalfKernel(t *testing.T, f func(t *testing.T, k halfKernel)) {
	eachImplementation(t, func(t *testing.T) {
		for _, k := range halfKernels {
			t.Run(k.name, func(t *testing.T) { f(t, k) })
		}
	})
}

// valueOf is what IEEE 754 says of a half, in float64, which has room for it.
func valueOf(h uint16) float64 {
	exponent, mantissa := int(h>>10&31), float64(h&1023)
	value := math.Ldexp(mantissa, -24)
	switch {
	case exponent == 31 && mantissa == 0:
		value = math.Inf(1)
	case exponent == 31:
		value = math.NaN()
	case exponent > 0:
		value = math.Ldexp(1024+mantissa, exponent-25)
	}
	return math.Copysign(value, 1-2*float64(h>>15))
}

// Every half is the number that it should be, and the half of that number.
func TestHalfEvery(t *testing.T) {
	for h := range 1 << 16 {
		want, got := valueOf(uint16(h)), float64(simd.FloatOfHalf(uint16(h)))
		if want != got && (want == want || got == got) || math.Signbit(want) != math.Signbit(got) {
			t.Fatalf("%#x is %v, want %v", h, got, want)
		}
		if back := simd.HalfOf(float32(got)); back != uint16(h) && (got == got || valueOf(back) == valueOf(back)) {
			t.Fatalf("%#x, which is %v, comes back as %#x", h, got, back)
		}
	}
}

// Between two halves the nearer one is taken, and the even one in the middle.
func TestHalfNearest(t *testing.T) {
	for h := uint16(0); h < 0x7c00; h++ {
		low, high := simd.FloatOfHalf(h), simd.FloatOfHalf(h+1)
		if h == 0x7bff {
			high = 1 << 16 // where the next half would be
		}
		middle := low + (high-low)/2
		even := h + h&1
		for _, sign := range []float32{1, -1} {
			for x, want := range map[float32]uint16{
				middle: even, math.Nextafter32(middle, 0): h, math.Nextafter32(middle, high): h + 1,
				low: h, math.Nextafter32(low, high): h, math.Nextafter32(high, 0): h + 1,
			} {
				if sign < 0 {
					want |= 1 << 15
				}
				if got := simd.HalfOf(sign * x); got != want {
					t.Fatalf("%v becomes %#x, want %#x", sign*x, got, want)
				}
			}
		}
	}
	for _, x := range []float32{simd.HalfLimit, 1e9, math.MaxFloat32, float32(math.Inf(1))} {
		if simd.HalfOf(x) != 0x7c00 || simd.HalfOf(-x) != 0xfc00 {
			t.Errorf("%v is not infinite", x)
		}
	}
	if largest := simd.HalfOf(math.Nextafter32(simd.HalfLimit, 0)); largest != 0x7bff {
		t.Errorf("below the limit is %#x", largest)
	}
}

// halves draw half floats of kinds that a wrong kernel would treat differently.
var halves = []struct {
	reason string
	draw   func(r *rand.Rand) uint16
}{
	{"sums of mixed sign depend on their order", func(r *rand.Rand) uint16 { return simd.HalfOf(r.Float32() - 0.5) }},
	{"any finite halves, subnormal ones among them", func(r *rand.Rand) uint16 { return uint16(r.Uint32N(0x7c00) | r.Uint32()&1<<15) }},
	{"subnormal halves must not be flushed to zero", func(r *rand.Rand) uint16 { return uint16(r.Uint32() & 0x83ff) }},
	{"the largest, of both signs", func(r *rand.Rand) uint16 { return uint16(0x7bff | r.Uint32()&1<<15) }},
	{"any bits, infinities and NaN among them", func(r *rand.Rand) uint16 { return uint16(r.Uint32()) }},
}

// halfRow returns n drawn halves with zeros behind them, at an odd address, and as floats.
func halfRow(r *rand.Rand, n int, draw func(*rand.Rand) uint16) ([]byte, []float32) {
	whole := (n + 31) / 32 * 32
	row, floats := make([]byte, 1+2*whole)[1:], make([]float32, 3+whole)[3:]
	for i := range n {
		h := draw(r)
		binary.LittleEndian.PutUint16(row[2*i:], h)
		floats[i] = simd.FloatOfHalf(h)
	}
	return row, floats
}

func TestHalfRowsEqualModel(t *testing.T) {
	eachHalfKernel(t, func(t *testing.T, k halfKernel) {
		for _, xs := range halves {
			for _, ys := range halves {
				r := rand.New(rand.NewPCG(1, 2))
				for _, n := range lengths() {
					_, x := halfRow(r, n, xs.draw)
					row, y := halfRow(r, n, ys.draw)
					var got [1]float32
					k.rows(got[:], x, row, 0, []uint32{0})
					if want := k.model(x[:n], y[:n]); !sameBits(got[0], want) {
						t.Fatalf("length %d: got %v, want %v; %s; %s", n, got[0], want, xs.reason, ys.reason)
					}
				}
			}
		}
	})
}

// A query may have any numbers, also those that no half is.
func TestHalfRowsAnyQuery(t *testing.T) {
	eachHalfKernel(t, func(t *testing.T, k halfKernel) {
		for _, v := range values {
			r := rand.New(rand.NewPCG(3, 4))
			for n := 32; n <= 320; n += 32 {
				x := draw(r, n, v.draw)
				row, y := halfRow(r, n, halves[1].draw)
				var got [1]float32
				k.rows(got[:], x, row, 0, []uint32{0})
				if want := k.pair(x, y); !sameBits(got[0], want) {
					t.Fatalf("length %d: got %v, want %v; %s", n, got[0], want, v.reason)
				}
			}
		}
	})
}

func TestHalfRows(t *testing.T) {
	eachHalfKernel(t, func(t *testing.T, k halfKernel) {
		rapid.Check(t, func(t *rapid.T) {
			n := 32 * rapid.IntRange(0, 20).Draw(t, "blocks")
			stride := rapid.IntRange(0, 4*n+80).Draw(t, "stride") // rows may overlap
			count := rapid.IntRange(1, 50).Draw(t, "rows in base")
			numbers := rapid.SliceOfN(rapid.Uint32Range(0, uint32(count-1)), 0, 40).Draw(t, "rows")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			q, base := draw(r, n, values[0].draw), make([]byte, (count-1)*stride+2*n)
			for i := range base {
				base[i] = byte(r.Uint32())
			}
			const untouched = -12345
			dst := slices.Repeat([]float32{untouched}, len(numbers)+4)
			k.rows(dst, q, base, stride, numbers)
			for i, row := range numbers {
				y := make([]float32, n)
				for j := range y {
					y[j] = simd.FloatOfHalf(binary.LittleEndian.Uint16(base[int(row)*stride+2*j:]))
				}
				if want := k.pair(q, y); !sameBits(dst[i], want) {
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

func TestHalfRowsOutside(t *testing.T) {
	base := make([]byte, 640)
	eachHalfKernel(t, func(t *testing.T, k halfKernel) {
		for _, c := range outside {
			if !panics(func() { k.rows(make([]float32, c.dst), make([]float32, c.q/2), base, c.stride, c.rows) }) {
				t.Errorf("no panic: %s", c.reason)
			}
		}
		k.rows(nil, make([]float32, 32), nil, 1, nil) // no rows need nothing
	})
}

func TestFloatsOfHalves(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for n := 0; n <= 320; n += 32 {
			src, want := halfRow(rand.New(rand.NewPCG(1, uint64(n))), n, halves[len(halves)-1].draw)
			dst := make([]float32, n+3)
			dst[n] = 7
			simd.FloatsOfHalves(dst, src)
			for i, x := range want {
				if !sameBits(dst[i], x) {
					t.Fatalf("half %d of %d: %v, want %v", i, n, dst[i], x)
				}
			}
			if dst[n] != 7 {
				t.Fatalf("wrote behind %d halves", n)
			}
		}
		if !panics(func() { simd.FloatsOfHalves(make([]float32, 32), make([]byte, 62)) }) ||
			!panics(func() { simd.FloatsOfHalves(make([]float32, 31), make([]byte, 64)) }) {
			t.Error("no panic")
		}
	})
}

// BenchmarkHalfRows is BenchmarkBytesRows for half floats, beside float32.
func BenchmarkHalfRows(b *testing.B) {
	for _, dim := range []int{128, 384, 800} {
		for _, size := range benchmarkSizes {
			base, numbers := gather(2*dim, size)
			q := make([]float32, dim)
			for _, k := range halfKernels[:2] {
				b.Run(fmt.Sprintf("%s/dim=%d/KB=%d", k.name, dim, size/1000), func(b *testing.B) {
					const batch = 24
					var dst [batch]float32
					at := 0
					for b.Loop() {
						k.rows(dst[:], q, base, 2*dim, numbers[at:at+batch])
						at = (at + batch) % (len(numbers) - batch)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/row")
				})
			}
		}
	}
}
