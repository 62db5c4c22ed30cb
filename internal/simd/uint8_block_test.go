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

// blockKernel is one of the functions that compare blocks, with the one for rows that it must agree with.
type blockKernel struct {
	name   string
	summed bool
	block  func(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64)
	rows   func(dst []uint32, q, base []byte, stride int, rows []uint32)
}

var blockKernels = []blockKernel{
	{"SquaredL2U8Summed", true, simd.SquaredL2U8SummedBlock, simd.SquaredL2U8SummedRows},
	{"SquaredL2U8", false, simd.SquaredL2U8Block, simd.SquaredL2U8Rows},
	{"SphericalU8", false, sphericalBlock, sphericalRows},
}

// eachBlockKernel runs f for every kernel of every implementation that this machine has.
func eachBlockKernel(t *testing.T, f func(t *testing.T, k blockKernel)) {
	eachImplementation(t, func(t *testing.T) {
		for _, k := range blockKernels {
			t.Run(k.name, func(t *testing.T) { f(t, k) })
		}
	})
}

// endsIfShort returns the first and the last of all under -short, where kernels are plain Go or watched by the race detector.
func endsIfShort[T any](all []T) []T {
	if testing.Short() {
		return []T{all[0], all[len(all)-1]}
	}
	return all
}

// fill draws rows of whole blocks, with sums if the kernel takes such.
func (k blockKernel) fill(r *rand.Rand, base []byte, stride, length int, draw func(*rand.Rand) byte) {
	for begin := 0; begin < len(base); begin += stride {
		row := base[begin:][:length]
		for i := range row {
			row[i] = draw(r)
		}
		if k.summed {
			simd.PutSumsU8(row)
		}
	}
}

func TestBlockEqualsRows(t *testing.T) {
	eachBlockKernel(t, func(t *testing.T, k blockKernel) {
		rapid.Check(t, func(t *rapid.T) {
			length := 64 * rapid.IntRange(1, 14).Draw(t, "blocks")
			stride := length + 64*rapid.IntRange(0, 1).Draw(t, "blocks behind")
			count := rapid.IntRange(1, 50).Draw(t, "rows in base")
			numbers := rapid.Uint32Range(0, uint32(count-1))
			queries := rapid.SliceOfN(numbers, 0, 9).Draw(t, "queries")
			rows := rapid.SliceOfN(numbers, 0, 70).Draw(t, "rows")
			factor := rapid.SampledFrom([]float64{1, 0.1, 3e-5, math.Pi}).Draw(t, "factor")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			offset := rapid.IntRange(0, 63).Draw(t, "offset")
			base := make([]byte, offset+count*stride)[offset:]
			k.fill(r, base, stride, length, bytesOf[rapid.IntRange(0, len(bytesOf)-1).Draw(t, "kind")].draw)
			k.check(t, base, stride, length, queries, rows, factor)
		})
	})
}

// TestBlockManyRows has more rows than 8 bits count, which is what some instructions look at.
func TestBlockManyRows(t *testing.T) {
	eachBlockKernel(t, func(t *testing.T, k blockKernel) {
		base := make([]byte, 300*64)
		k.fill(rand.New(rand.NewPCG(1, 2)), base, 64, 64, bytesOf[0].draw)
		var all []uint32
		for row := range uint32(1200) {
			all = append(all, row*7%300)
			if testing.Short() && row%64 > 4 {
				continue
			}
			k.check(t, base, 64, 64, []uint32{5, 1, 299, 0}, all, 0.25)
		}
	})
}

// TestBlockCounts has all numbers of queries and rows that are taken together, and what is left of them.
func TestBlockCounts(t *testing.T) {
	eachBlockKernel(t, func(t *testing.T, k blockKernel) {
		for length := 64; length <= 320; length += 64 {
			for _, kind := range endsIfShort(bytesOf) {
				r := rand.New(rand.NewPCG(1, 2))
				base := make([]byte, 1+50*length)[1:]
				k.fill(r, base, length, length, kind.draw)
				numbers := make([]uint32, 40)
				for i := range numbers {
					numbers[i] = r.Uint32N(50)
				}
				for rows := range 41 {
					for queries := range 10 {
						k.check(t, base, length, length, numbers[:queries], numbers[40-rows:], 0.1)
					}
				}
			}
		}
	})
}

// TestBlockZeros has rows that end with zeros, but for one byte of one row.
func TestBlockZeros(t *testing.T) {
	numbers := []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	eachBlockKernel(t, func(t *testing.T, k blockKernel) {
		for _, length := range []int{64, 128, 192, 256} {
			base := make([]byte, 16*length)
			for at := range 40 {
				k.fill(rand.New(rand.NewPCG(1, 2)), base, length, length, bytesOf[0].draw)
				for row := range 16 {
					v := base[row*length:][:length]
					clear(v[length-40:])
					if row == at%16 {
						v[length-40+at] = 255
					}
					if k.summed {
						simd.PutSumsU8(v)
					}
				}
				k.check(t, base, length, length, numbers[:8], numbers, 1)
				k.check(t, base, length, length, numbers[at%14:][:2], numbers, 1)
			}
		}
	})
}

// TestBlockLong has rows of which an implementation may copy some, and rows that are too long for that.
func TestBlockLong(t *testing.T) {
	eachBlockKernel(t, func(t *testing.T, k blockKernel) {
		for _, length := range []int{1024, 2048, 3136, 4032, 4096, 4160, 8192} {
			for _, kind := range endsIfShort(bytesOf) {
				base := make([]byte, 1+9*length)[1:]
				k.fill(rand.New(rand.NewPCG(1, 2)), base, length, length, kind.draw)
				numbers := []uint32{8, 0, 3, 1, 7, 2, 6, 5, 4}
				for queries := range len(numbers) + 1 {
					for rows := range len(numbers) + 1 {
						k.check(t, base, length, length, numbers[:queries], numbers[9-rows:], 0.1)
					}
				}
			}
		}
	})
}

// TestBlockEveryPlace moves one byte over the places of a row, and then over those of a query: each must count, but for the sums.
func TestBlockEveryPlace(t *testing.T) {
	numbers := []uint32{0, 1, 2, 3, 4, 5, 6}
	eachBlockKernel(t, func(t *testing.T, k blockKernel) {
		const length = 192
		base := make([]byte, len(numbers)*length)
		for at := range len(base) {
			k.fill(nil, base, length, length, func(*rand.Rand) byte { return 7 })
			base[at] = 203
			if row := base[at/length*length:][:length]; k.summed {
				simd.PutSumsU8(row)
			}
			k.check(t, base, length, length, numbers, numbers, 1)
		}
	})
}

// TestBlockLargest has sums that just fit 32 bits.
func TestBlockLargest(t *testing.T) {
	const length = 66_048
	base := append(make([]byte, length), slices.Repeat([]byte{255}, length)...)
	eachImplementation(t, func(t *testing.T) {
		dst, all := make([]float32, 16), []uint32{0, 1, 1, 0}
		simd.SquaredL2U8Block(dst, base, length, length, all, all, 1)
		const most = length * 255 * 255
		if want := []float32{0, most, most, 0, most, 0, 0, most, most, 0, 0, most, 0, most, most, 0}; !slices.Equal(dst, want) {
			t.Errorf("got %v, want %v", dst, want)
		}
	})
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// check compares a block with its rows, and looks for what is written behind it.
func (k blockKernel) check(t failer, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	t.Helper()
	var want []float32
	sums := make([]uint32, len(rows))
	for _, query := range queries {
		k.rows(sums, base[int(query)*stride:][:length], base, stride, rows)
		for _, sum := range sums {
			want = append(want, float32(factor*float64(sum)))
		}
	}
	want = append(want, slices.Repeat([]float32{7}, 16)...)
	dst := slices.Repeat([]float32{7}, len(want))
	k.block(dst, base, stride, length, queries, rows, factor)
	if !slices.Equal(dst, want) {
		t.Fatalf("%d queries, %d rows of %d bytes: got %v, want %v", len(queries), len(rows), length, dst, want)
	}
}

func TestBlockOutside(t *testing.T) {
	eachBlockKernel(t, func(t *testing.T, k blockKernel) {
		base, inside := make([]byte, 640), []uint32{0, 1, 2, 9}
		block := func(room, length int, queries, rows []uint32) func() {
			return func() { k.block(make([]float32, room), base, 64, length, queries, rows, 1) }
		}
		block(16, 64, inside, inside)()
		for reason, f := range map[string]func(){
			"a row outside":        block(16, 64, inside, []uint32{0, 1, 2, 10}),
			"a query outside":      block(16, 64, []uint32{0, 1, 2, 10}, inside),
			"dst is shorter":       block(15, 64, inside, inside),
			"half a block":         block(16, 32, inside, inside),
			"no bytes":             block(16, 0, inside, inside),
			"rows longer than all": block(16, 704, inside, inside),
		} {
			if !panics(f) {
				t.Errorf("no panic: %s", reason)
			}
		}
	})
}

func TestNear(t *testing.T) {
	nan, infinity := float32(math.NaN()), float32(math.Inf(1))
	eachImplementation(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			few := []float32{-1, 0, 0.5, 1, 2, infinity}
			limits := rapid.SliceOfN(rapid.SampledFrom(few), 0, 600).Draw(t, "limits")
			values := make([]float32, len(limits))
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			for i := range values {
				values[i] = append(few, nan)[r.IntN(len(few)+1)]
			}
			limit := rapid.SampledFrom(few).Draw(t, "limit")
			var want []uint32
			for i, value := range values {
				if value <= limit || value <= limits[i] {
					want = append(want, uint32(i))
				}
			}
			dst := slices.Repeat([]uint32{7}, len(values)+4)
			count := simd.Near(dst, values, limits, limit)
			if !slices.Equal(dst[:count], want) {
				t.Fatalf("of %v, limits %v and %v: got %v, want %v", values, limit, limits, dst[:count], want)
			}
			if !slices.Equal(dst[len(values):], []uint32{7, 7, 7, 7}) {
				t.Fatalf("wrote behind %d places", len(values))
			}
		})
		for reason, f := range map[string]func(){
			"dst is shorter":     func() { simd.Near(make([]uint32, 1), make([]float32, 2), make([]float32, 2), 0) },
			"limits are shorter": func() { simd.Near(make([]uint32, 2), make([]float32, 2), make([]float32, 1), 0) },
		} {
			if !panics(f) {
				t.Errorf("no panic: %s", reason)
			}
		}
	})
}

// BenchmarkNear picks few of a hundred values, or half of them.
func BenchmarkNear(b *testing.B) {
	values, limits, places := make([]float32, 100), make([]float32, 100), make([]uint32, 100)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		values[i] = r.Float32()
	}
	for _, limit := range []float32{0.02, 0.5} {
		b.Run(fmt.Sprintf("limit=%v", limit), func(b *testing.B) {
			for b.Loop() {
				simd.Near(places, values, limits, limit)
			}
		})
	}
}

// BenchmarkBlock compares rows with one another, as a join does, in a block and one after the other.
func BenchmarkBlock(b *testing.B) {
	for _, stride := range []int{128, 384, 832} {
		for _, k := range blockKernels {
			base, numbers := gather(stride, 60*stride)
			k.fill(rand.New(rand.NewPCG(1, 2)), base, stride, stride, bytesOf[0].draw)
			rows := numbers[:60]
			dst, sums := make([]float32, 8*len(rows)), make([]uint32, len(rows))
			for name, compare := range map[string]func(){
				"block": func() { k.block(dst, base, stride, stride, rows[:8], rows, 1) },
				"rows": func() {
					for _, row := range rows[:8] {
						k.rows(sums, base[int(row)*stride:][:stride], base, stride, rows)
					}
				},
			} {
				b.Run(fmt.Sprintf("%s/%s/bytes=%d", k.name, name, stride), func(b *testing.B) {
					for b.Loop() {
						compare()
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(8*len(rows)), "ns/pair")
				})
			}
		}
	}
}
