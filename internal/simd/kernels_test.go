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

// kernel is one of the functions of the package in both forms, with the term that it sums, or takes the largest of.
type kernel struct {
	name string
	pair func(a, b []float32) float32
	rows func(dst, q, base []float32, stride int, rows []uint32)
	term func(x, y float32) float32
	join func(s, t float32) float32
}

var kernels = []kernel{
	{"SquaredL2", simd.SquaredL2, simd.SquaredL2Rows, func(x, y float32) float32 { d := x - y; return d * d }, add},
	{"Dot", simd.Dot, simd.DotRows, func(x, y float32) float32 { return x * y }, add},
	{"L1", simd.L1, simd.L1Rows, absoluteDifference, add},
	{"Chebyshev", simd.Chebyshev, simd.ChebyshevRows, absoluteDifference, func(s, t float32) float32 { return max(s, t) }},
	{"JensenShannon", simd.JensenShannon, simd.JensenShannonRows, simd.JensenShannonTerm, add},
}

func absoluteDifference(x, y float32) float32 { return float32(math.Abs(float64(x - y))) }

func add(s, t float32) float32 { return s + t }

// eachKernel runs f for every kernel of every implementation that this machine has.
func eachKernel(t *testing.T, f func(t *testing.T, k kernel)) {
	before := simd.Implementation()
	t.Cleanup(func() { simd.Use(before) })
	for _, implementation := range []string{"purego", "avx2", "avx512", "neon", "neon-plain"} {
		if !simd.Use(implementation) {
			continue
		}
		for _, k := range kernels {
			t.Run(implementation+"/"+k.name, func(t *testing.T) { f(t, k) })
		}
	}
}

// model sums in the order that the package documents, written as plainly as that.
func (k kernel) model(a, b []float32) float32 {
	var s [32]float32
	for i := range a {
		s[i%32] = k.join(s[i%32], float32(k.term(a[i], b[i])))
	}
	var t [8]float32
	for l := range t {
		t[l] = k.join(k.join(s[l], s[l+8]), k.join(s[l+16], s[l+24]))
	}
	var u [4]float32
	for l := range u {
		u[l] = k.join(t[l], t[l+4])
	}
	return k.join(k.join(u[0], u[2]), k.join(u[1], u[3]))
}

// sameBits compares bit for bit, but any NaN with any other.
func sameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// lengths are all the short ones, then those around whole numbers of blocks.
func lengths() []int {
	var all []int
	for n := range 131 {
		all = append(all, n)
	}
	for n := 256; n <= 4096; n *= 2 {
		all = append(all, n-1, n, n+1)
	}
	return append(all, 784, 960, 1000, 1536, 3072)
}

// values draw floats of kinds that a wrong kernel would treat differently.
var values = []struct {
	reason string
	draw   func(r *rand.Rand) float32
}{
	{"sums of mixed sign depend on their order", func(r *rand.Rand) float32 { return r.Float32() - 0.5 }},
	{"magnitudes far apart show fused or wider arithmetic", func(r *rand.Rand) float32 {
		return (r.Float32() - 0.5) * float32(math.Exp2(float64(r.IntN(60)-30)))
	}},
	{"denormals must not be flushed to zero", func(r *rand.Rand) float32 {
		return math.Float32frombits(r.Uint32()&0x807fffff) * float32(math.Exp2(float64(r.IntN(70))))
	}},
	{"zeros of both signs give one zero", func(r *rand.Rand) float32 {
		return float32(math.Copysign(0, float64(r.IntN(2))-0.5))
	}},
	{"sums overflow to infinity alike", func(r *rand.Rand) float32 { return (r.Float32() - 0.5) * math.MaxFloat32 }},
	{"any bits, infinities and NaN among them", func(r *rand.Rand) float32 { return math.Float32frombits(r.Uint32()) }},
}

func TestPairEqualsModel(t *testing.T) {
	eachKernel(t, func(t *testing.T, k kernel) {
		for _, v := range values {
			r := rand.New(rand.NewPCG(1, 2))
			for _, n := range lengths() {
				a, b := draw(r, n+3, v.draw), draw(r, n+3, v.draw)
				a, b = a[1:n+1], b[3:] // at addresses that are multiples of 4 and of nothing more
				if got, want := k.pair(a, b), k.model(a, b); !sameBits(got, want) {
					t.Fatalf("length %d: got %v (%#x), want %v (%#x); %s", n,
						got, math.Float32bits(got), want, math.Float32bits(want), v.reason)
				}
			}
		}
	})
}

func draw(r *rand.Rand, n int, value func(*rand.Rand) float32) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = value(r)
	}
	return v
}

// TestGolden pins the order of summation by its bits: segment files depend on it.
func TestGolden(t *testing.T) {
	want := map[string]map[int]uint32{
		"SquaredL2": {5: 0x4509af05, 37: 0x4630ad2b, 100: 0x46e6467f, 784: 0x483ad794},
		"Dot":       {5: 0x42abe7a4, 37: 0xc41f3cef, 100: 0xc4b6c617, 784: 0x4596879e},
		"L1":        {5: 0x42ae1862, 37: 0x440bbcf4, 100: 0x44b439e8, 784: 0x461cf956},
		"Chebyshev": {5: 0x420c30c3, 37: 0x420c30c3, 100: 0x420cf3d0, 784: 0x4214f3d0},

		"JensenShannon": {5: 0x4781e97a, 37: 0x48c76bcf, 100: 0x498d3f20, 784: 0x4b02e5de},
	}
	eachKernel(t, func(t *testing.T, k kernel) {
		for n, bits := range want[k.name] {
			a, b := make([]float32, n), make([]float32, n)
			for i := range n {
				a[i] = float32(i*i%251)/7 - 17
				b[i] = float32(i*31%127)/3 - 21
			}
			if got := math.Float32bits(k.pair(a, b)); got != bits {
				t.Errorf("length %d: %#x, want %#x", n, got, bits)
			}
		}
	})
}

func TestRowsEqualPairs(t *testing.T) {
	eachKernel(t, func(t *testing.T, k kernel) {
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.SampledFrom(lengths()).Draw(t, "length")
			stride := rapid.IntRange(0, 2*n+40).Draw(t, "stride") // rows may overlap
			count := rapid.IntRange(1, 50).Draw(t, "rows in base")
			numbers := rapid.SliceOfN(rapid.Uint32Range(0, uint32(count-1)), 0, 40).Draw(t, "rows")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			normal := func(r *rand.Rand) float32 { return float32(r.NormFloat64()) }
			q, base := draw(r, n, normal), draw(r, (count-1)*stride+n, normal)

			const untouched = -12345
			dst := slices.Repeat([]float32{untouched}, len(numbers)+4)
			k.rows(dst, q, base, stride, numbers)
			for i, row := range numbers {
				if want := k.pair(q, base[int(row)*stride:][:n]); !sameBits(dst[i], want) {
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

func TestCommutative(t *testing.T) {
	eachKernel(t, func(t *testing.T, k kernel) {
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.IntRange(0, 200).Draw(t, "length")
			a := rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, "a")
			b := rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, "b")
			if x, y := k.pair(a, b), k.pair(b, a); !sameBits(x, y) {
				t.Fatalf("%v one way, %v the other", x, y)
			}
		})
	})
}

func TestRowsOutside(t *testing.T) {
	base := make([]float32, 100)
	cases := []struct {
		reason string
		dst, q int
		stride int
		rows   []uint32
	}{
		{"the last row reaches one float too far", 2, 11, 10, []uint32{0, 9}},
		{"the row in the middle is the one outside", 3, 10, 10, []uint32{0, 10, 1}},
		{"row times stride does not fit in 32 bits", 1, 1, 1 << 20, []uint32{1 << 12}},
		{"row times stride would wrap in 64 bits", 1, 1, math.MaxInt, []uint32{math.MaxUint32}},
		{"a negative stride", 1, 1, -1, []uint32{1}},
		{"dst is shorter than rows", 1, 10, 10, []uint32{0, 1}},
		{"the query is longer than base", 1, 101, 0, []uint32{0}},
	}
	eachKernel(t, func(t *testing.T, k kernel) {
		for _, c := range cases {
			if !panics(func() { k.rows(make([]float32, c.dst), make([]float32, c.q), base, c.stride, c.rows) }) {
				t.Errorf("no panic: %s", c.reason)
			}
		}
		if !panics(func() { k.pair(base, base[1:]) }) {
			t.Error("no panic: the second vector is shorter")
		}
		k.rows(nil, base, nil, 1, nil) // no rows need nothing
	})
}

func panics(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return false
}

func TestNoAllocation(t *testing.T) {
	base, dst, rows := make([]float32, 1000), make([]float32, 4), []uint32{0, 1, 5, 9}
	eachKernel(t, func(t *testing.T, k kernel) {
		allocations := testing.AllocsPerRun(10, func() {
			k.rows(dst, base[:100], base, 100, rows)
			dst[0] = k.pair(base, base)
		})
		if allocations != 0 {
			t.Errorf("%v allocations", allocations)
		}
	})
}

// BenchmarkRows compares a query with 24 random rows a call: of 400 KB, which fit the second-level cache, and of 200 MB,
// which come from memory.
func BenchmarkRows(b *testing.B) {
	for _, dim := range []int{100, 784} {
		for _, size := range []int{400_000, 200_000_000} {
			stride := (dim + 15) / 16 * 16
			count := size / 4 / stride
			r := rand.New(rand.NewPCG(1, 2))
			base := draw(r, count*stride, (*rand.Rand).Float32)
			var numbers [1 << 13]uint32
			for _, k := range kernels {
				b.Run(fmt.Sprintf("%s/dim=%d/KB=%d", k.name, dim, size/1000), func(b *testing.B) {
					for i := range numbers {
						numbers[i] = r.Uint32N(uint32(count))
					}
					const batch = 24
					var dst [batch]float32
					at := 0
					for b.Loop() {
						k.rows(dst[:], base[:dim], base, stride, numbers[at:at+batch])
						at = (at + batch) % (len(numbers) - batch)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/row")
				})
			}
		}
	}
}
