package simd_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/simd"
)

// widest returns a double with which nothing is below 0, and vectors of zeros are at 0 from one another.
func widest(length int) uint32 { return uint32(length) * 2 * 128 * 128 }

// sumOf is that of whole blocks, and 0 of what is refused.
func sumOf(q []byte) uint32 {
	if len(q)%64 != 0 {
		return 0
	}
	sum, _ := simd.SumAndSquaresU8(q)
	return sum
}

// sphericalRows, sphericalWithin and sphericalBlock are the functions on spherical rows in the forms that others have.

func sphericalRows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	simd.SphericalU8Rows(dst, q, base, sumOf(q), widest(len(q)), stride, rows)
}

func sphericalWithin(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	return simd.SphericalU8Within(dst, rows, q, base, sumOf(q), widest(len(q)), stride, limit)
}

func sphericalBlock(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	simd.SphericalU8Block(dst, base, widest(length), stride, length, queries, rows, factor)
}

// sphericalModel is what is computed of two vectors. Nothing that a test computes exceeds 32 bits with a sign.
func sphericalModel(x, y []byte, double uint32) uint32 {
	result := int64(double)
	for i := range x {
		result -= 2 * (int64(x[i]) - 128) * (int64(y[i]) - 128)
	}
	if result != int64(int32(result)) {
		panic("the test is wrong")
	}
	return uint32(max(result, 0))
}

// sphericalKinds are those of bytesOf, and more.
var sphericalKinds = slices.Concat(bytesOf, []struct {
	reason string
	draw   func(r *rand.Rand) byte
}{
	{"nothing but what stands for 0", func(*rand.Rand) byte { return 128 }},
	{"near to what stands for 0, on both sides", func(r *rand.Rand) byte { return byte(126 + r.IntN(5)) }},
	{"the extremes and what stands for 0", func(r *rand.Rand) byte { return []byte{0, 128, 255}[r.IntN(3)] }},
})

// doubles are some for vectors of a length, in bytes. The least have most results be 0, as some are with the next.
func doubles(length int) []uint32 {
	n := uint32(length)
	return []uint32{0, n * 2 * 128, n * 2 * 5461, widest(length), 1<<30 - 1}
}

// drawn returns so many bytes at an address that is a multiple of nothing.
func drawn(r *rand.Rand, length int, draw func(*rand.Rand) byte) []byte {
	v := make([]byte, 1+length)[1:]
	for i := range v {
		v[i] = draw(r)
	}
	return v
}

func TestSphericalEqualModel(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for length := 0; length <= 4096+64; length += 64 {
			for i, kind := range sphericalKinds {
				r := rand.New(rand.NewPCG(1, 2))
				other := sphericalKinds[r.IntN(len(sphericalKinds))]
				q, stride := drawn(r, length, other.draw), length+3*i
				base := drawn(r, 7*stride+length, kind.draw)
				rows, got := []uint32{7, 0, 3, 1, 7, 2, 6, 5, 4}, make([]uint32, 9)
				for j, double := range doubles(length) {
					if length > 1024 && j != (length/64+i)%5 {
						continue // one of them
					}
					simd.SphericalU8Rows(got, q, base, sumOf(q), double, stride, rows)
					for j, row := range rows {
						if want := sphericalModel(q, base[int(row)*stride:][:length], double); got[j] != want {
							t.Fatalf("%d bytes, double %d, row %d: got %d, want %d; %s; %s", length, double, j, got[j], want, other.reason, kind.reason)
						}
					}
				}
			}
		}
	})
}

// TestSphericalIsSquaredL2 has vectors of equal length, since they are permutations of one.
func TestSphericalIsSquaredL2(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, length := range []int{64, 192, 832, 4096} {
			vector, base := drawn(r, length, bytesOf[0].draw), make([]byte, 10*length)
			rows := make([]uint32, 10)
			for row := range rows {
				r.Shuffle(length, func(i, j int) { vector[i], vector[j] = vector[j], vector[i] })
				copy(base[row*length:], vector)
				rows[row] = uint32(row)
			}
			double := 2 * sphericalSquare(vector)
			want, got := make([]uint32, 10), make([]uint32, 10)
			simd.SquaredL2U8Rows(want, vector, base, length, rows)
			simd.SphericalU8Rows(got, vector, base, sumOf(vector), double, length, rows)
			if !slices.Equal(got, want) {
				t.Errorf("%d bytes: got %v, want %v", length, got, want)
			}
			wantBlock, gotBlock := make([]float32, 100), make([]float32, 100)
			simd.SquaredL2U8Block(wantBlock, base, length, length, rows, rows, 0.1)
			simd.SphericalU8Block(gotBlock, base, double, length, length, rows, rows, 0.1)
			if !slices.Equal(gotBlock, wantBlock) {
				t.Errorf("%d bytes: got %v, want %v", length, gotBlock, wantBlock)
			}
		}
	})
}

// sphericalSquare is the square of the length of what v stands for.
func sphericalSquare(v []byte) uint32 {
	var square uint32
	for _, x := range v {
		square += uint32((int(x) - 128) * (int(x) - 128))
	}
	return square
}

// TestSphericalAtLeastZero has a vector be a bit longer than others are said to be, so that its difference from itself is below 0, or 0, or
// right above.
func TestSphericalAtLeastZero(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, length := range []int{64, 128, 832, 4096, 4160} {
			base := drawn(rand.New(rand.NewPCG(5, 6)), length, bytesOf[0].draw)
			for _, more := range []int{-1 << 20, -2, -1, 0, 1, 2} {
				double := uint32(max(int(2*sphericalSquare(base))+more, 0))
				want := uint32(max(more, 0))
				zeros := make([]uint32, 5)
				got, kept, block := slices.Repeat([]uint32{7}, 5), make([]uint32, 5), slices.Repeat([]float32{7}, 25)
				simd.SphericalU8Rows(got, base, base, sumOf(base), double, 0, zeros)
				if !slices.Equal(got, slices.Repeat([]uint32{want}, 5)) {
					t.Errorf("%d bytes, %d above: rows are at %d, want %d", length, more, got, want)
				}
				count := simd.SphericalU8Within(kept, slices.Clone(zeros), base, base, sumOf(base), double, 0, 0)
				if want == 0 && (count != 5 || !slices.Equal(kept, zeros)) || want > 0 && count != 0 {
					t.Errorf("%d bytes, %d above: %d are kept, at %d", length, more, count, kept)
				}
				simd.SphericalU8Block(block, base, double, 0, length, zeros, zeros, 0.5)
				if !slices.Equal(block, slices.Repeat([]float32{0.5 * float32(want)}, 25)) {
					t.Errorf("%d bytes, %d above: the block is at %v, want half of %d", length, more, block, want)
				}
			}
		}
	})
}

// TestSphericalLargest has opposite vectors, the results of which just fit in 31 bits, and equal ones, the differences of which just fit
// in 32 with their signs.
func TestSphericalLargest(t *testing.T) {
	const length, product = 32_768, 127 * 127
	base := slices.Concat(bytes.Repeat([]byte{255}, length), bytes.Repeat([]byte{1}, length))
	all := []uint32{0, 1, 1, 0}
	eachImplementation(t, func(t *testing.T) {
		for _, double := range []uint32{math.MaxInt32 - 2*product*length, 2 * product * length} {
			far := double + 2*product*length
			near := sphericalModel(base[:length], base[:length], double)
			got, block := make([]uint32, 4), make([]float32, 16)
			simd.SphericalU8Rows(got, base[:length], base, sumOf(base[:length]), double, length, all)
			if want := []uint32{near, far, far, near}; !slices.Equal(got, want) {
				t.Errorf("double %d: got %v, want %v", double, got, want)
			}
			simd.SphericalU8Block(block, base, double, length, length, all, all, 1)
			for i, x := range block {
				want := float32(near)
				if all[i/4] != all[i%4] {
					want = float32(far)
				}
				if x != want {
					t.Errorf("double %d: %v at %d of the block, want %v", double, x, i, want)
				}
			}
		}
	})
}

// TestSphericalEveryPlace moves one byte over the places of a vector: each must count.
func TestSphericalEveryPlace(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		x := bytes.Repeat([]byte{7}, 192)
		for place := range x {
			y := slices.Clone(x)
			y[place] = 203
			var got [2]uint32
			sphericalRows(got[:1], x, y, 0, []uint32{0})
			sphericalRows(got[1:], y, x, 0, []uint32{0})
			if want := sphericalModel(x, y, widest(192)); got != [2]uint32{want, want} {
				t.Fatalf("place %d: got %d, want %d", place, got, want)
			}
		}
	})
}

func TestSphericalRows(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			n := 64 * rapid.IntRange(0, 20).Draw(t, "blocks")
			stride := rapid.IntRange(0, 2*n+80).Draw(t, "stride") // rows may overlap
			count := rapid.IntRange(1, 50).Draw(t, "rows in base")
			numbers := rapid.SliceOfN(rapid.Uint32Range(0, uint32(count-1)), 0, 40).Draw(t, "rows")
			double := rapid.SampledFrom(doubles(n)).Draw(t, "double")
			kind := rapid.SampledFrom(sphericalKinds).Draw(t, "kind")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			q, base := drawn(r, n, kind.draw), drawn(r, (count-1)*stride+n, kind.draw)

			const untouched = 12345
			dst := slices.Repeat([]uint32{untouched}, len(numbers)+4)
			simd.SphericalU8Rows(dst, q, base, sumOf(q), double, stride, numbers)
			for i, row := range numbers {
				if want := sphericalModel(q, base[int(row)*stride:][:n], double); dst[i] != want {
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

// TestSphericalWithin has rows of which some are nearer than 0, at strides that TestWithin does not have.
func TestSphericalWithin(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for length := 64; length <= 2048; length += 64 {
			for i, kind := range sphericalKinds {
				r := rand.New(rand.NewPCG(uint64(length), 8))
				q, stride := drawn(r, length, kind.draw), length+5*i
				base, double := drawn(r, 24*stride+length, kind.draw), doubles(length)[i%4]
				for count := range 25 {
					all, rows := make([]uint32, count), make([]uint32, count)
					for i := range rows {
						rows[i] = r.Uint32N(25)
					}
					simd.SphericalU8Rows(all, q, base, sumOf(q), double, stride, rows)
					limit := append(all, 0, math.MaxUint32)[r.IntN(count+2)]
					want, wantRows := slices.Clone(all), slices.Clone(rows)
					kept := keepWithin(want, wantRows, limit)
					got := make([]uint32, count)
					if n := simd.SphericalU8Within(got, rows, q, base, sumOf(q), double, stride, limit); n != kept ||
						!slices.Equal(got[:n], want[:n]) || !slices.Equal(rows[:n], wantRows[:n]) {
						t.Fatalf("%d of %d rows of %d bytes at %v, want %d at %v; %s", n, count, length, got, kept, want, kind.reason)
					}
				}
			}
		}
	})
}

// TestSphericalBlock has some results be 0, which those of TestBlockEqualsRows and others are not.
func TestSphericalBlock(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, length := range []int{64, 128, 448, 832, 4096, 4160} {
			for i, kind := range sphericalKinds {
				r := rand.New(rand.NewPCG(uint64(length), 9))
				stride := length + 7*i
				base, numbers := drawn(r, 9*stride+length, kind.draw), []uint32{8, 0, 3, 1, 7, 2, 6, 5, 4, 9}
				double := doubles(length)[i%len(doubles(length))]
				k := blockKernel{
					rows: func(dst []uint32, q, base []byte, stride int, rows []uint32) {
						simd.SphericalU8Rows(dst, q, base, sumOf(q), double, stride, rows)
					},
					block: func(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
						simd.SphericalU8Block(dst, base, double, stride, length, queries, rows, factor)
					},
				}
				for queries := range 10 {
					for _, rows := range []int{0, 1, 2, 3, 5, 10} {
						k.check(t, base, stride, length, numbers[:queries], numbers[10-rows:], 0.1)
					}
				}
			}
		}
	})
}

func TestSphericalOutside(t *testing.T) {
	base := make([]byte, 640)
	eachImplementation(t, func(t *testing.T) {
		for _, c := range outside {
			if !panics(func() { sphericalRows(make([]uint32, c.dst), make([]byte, c.q), base, c.stride, c.rows) }) {
				t.Errorf("no panic: %s", c.reason)
			}
			if !panics(func() {
				sphericalWithin(make([]uint32, c.dst), slices.Clone(c.rows), make([]byte, c.q), base, c.stride, 0)
			}) {
				t.Errorf("no panic when some are kept: %s", c.reason)
			}
		}
		sphericalRows(nil, base, nil, 1, nil) // no rows need nothing
	})
}

func TestSumU8(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, length := range []int{0, 64, 128, 832, 132_096} { // of the last, squares of 255 do not fit
			v := drawn(nil, length, func(*rand.Rand) byte { return 255 })
			if sum, squares := simd.SumAndSquaresU8(v); sum != 255*uint32(length) || squares != 255*255*uint32(length) {
				t.Errorf("%d bytes: %d and %d, want %d and %d", length, sum, squares, 255*uint32(length), 255*255*uint32(length))
			}
		}
		if !panics(func() { simd.SumAndSquaresU8(make([]byte, 63)) }) {
			t.Error("no panic: 63 bytes")
		}
	})
}

func TestSphericalNoAllocation(t *testing.T) {
	base, rows := make([]byte, 1024), []uint32{0, 1, 5, 9, 2, 3, 4}
	eachImplementation(t, func(t *testing.T) {
		dst, block := make([]uint32, 7), make([]float32, 49)
		if allocations := testing.AllocsPerRun(10, func() {
			sphericalRows(dst, base[:64], base, 64, rows)
			sphericalWithin(dst, rows, base[:64], base, 64, math.MaxUint32)
			sphericalBlock(block, base, 64, 64, rows, rows, 1)
		}); allocations != 0 {
			t.Errorf("%v allocations", allocations)
		}
	})
}

// BenchmarkSphericalRows is BenchmarkBytesRows for spherical rows.
func BenchmarkSphericalRows(b *testing.B) {
	k := byteKernel{rows: sphericalRows}
	for _, stride := range []int{64, 128, 448, 832} {
		for _, size := range benchmarkSizes {
			base, numbers := gather(stride, size)
			b.Run(fmt.Sprintf("bytes=%d/KB=%d", stride, size/1000), func(b *testing.B) { benchmarkRows(b, k, base, stride, numbers) })
		}
	}
}
