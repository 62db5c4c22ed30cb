package simd

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The generator of the assembly is in a module of its own, as in generate.go.
//
//go:generate sh -c "cd _asm && go run ./float16 -out ../float16_kernels_amd64.s -stubs ../float16_kernels_amd64.go -pkg simd"

// Half floats are those of IEEE 754 binary16: a sign, 5 bits of exponent, 10 of mantissa.
const (
	halfBytes = 2
	// HalfLimit is the least number that no finite half is nearest to: those below, up to 65,504, round to one.
	HalfLimit = 65520
)

// HalfOf returns the half that is nearest to x, of two as near the even one; infinity from HalfLimit on.
func HalfOf(x float32) uint16 {
	bits := math.Float32bits(x)
	sign, size := uint16(bits>>16)&0x8000, bits&magnitude
	switch {
	case size > 0x7f800000: // NaN
		return sign | 0x7e00
	case math.Float32frombits(size) >= HalfLimit:
		return sign | 0x7c00
	case size < 113<<23: // below 2^-14 halves are multiples of 2^-24, as are the float32 from 1/2 to 1
		return sign | uint16(math.Float32bits(math.Float32frombits(size)+0.5)-math.Float32bits(0.5))
	}
	odd := size >> 13 & 1
	return sign | uint16((size-112<<23+0xfff+odd)>>13)
}

// FloatOfHalf returns the number that a half is.
func FloatOfHalf(h uint16) float32 {
	// As the lower bits of a float32, exponent and mantissa are the number divided by 2^112, subnormal ones too.
	size := uint32(h&0x7fff) << 13
	x := math.Float32bits(math.Float32frombits(size) * 0x1p112)
	if size >= 0x1f<<23 { // infinity, NaN
		x = size | 0x7f800000
	}
	return math.Float32frombits(uint32(h&0x8000)<<16 | x)
}

// SquaredL2F16Rows sets dst[i] to SquaredL2(q, row) for the row of len(q) little-endian half floats that begins at
// base[rows[i]*stride], which are compared as the float32 that they are. The length of q must be a multiple of 32: shorter
// vectors have zeros behind them, in q and in the rows, which add nothing. Rows are prefetched ahead of their use. It panics when
// dst is shorter than rows, a row reaches beyond base, or the length of q is none.
func SquaredL2F16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	checkHalfRows(q, base, stride, rows)
	squaredL2F16Rows(dst[:len(rows)], q, base, stride, rows)
}

// DotF16Rows is SquaredL2F16Rows for Dot.
func DotF16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	checkHalfRows(q, base, stride, rows)
	dotF16Rows(dst[:len(rows)], q, base, stride, rows)
}

// L1F16Rows is SquaredL2F16Rows for L1.
func L1F16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	checkHalfRows(q, base, stride, rows)
	l1F16Rows(dst[:len(rows)], q, base, stride, rows)
}

// ChebyshevF16Rows is SquaredL2F16Rows for Chebyshev.
func ChebyshevF16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	checkHalfRows(q, base, stride, rows)
	chebyshevF16Rows(dst[:len(rows)], q, base, stride, rows)
}

// FloatsOfHalves sets dst[i] to what the i-th little-endian half of src is. The length of src must be a multiple of 64. It panics
// when it is not, or dst is shorter than the halves.
func FloatsOfHalves(dst []float32, src []byte) {
	checkBlocks(src)
	floatsOfHalves(dst[:len(src)/halfBytes], src)
}

// checkHalfRows is checkRows for rows of half floats.
func checkHalfRows(q []float32, base []byte, stride int, rows []uint32) {
	if len(q)%lanes != 0 {
		panic(fmt.Sprintf("simd: vector of %d floats for half floats, which is no multiple of %d", len(q), lanes))
	}
	if len(rows) == 0 {
		return
	}
	last, size := largestRow(rows), halfBytes*len(q)
	if uint64(stride) > 1<<31 || uint64(last)*uint64(stride)+uint64(size) > uint64(len(base)) {
		panic(fmt.Sprintf("simd: row %d of %d bytes at stride %d is outside of a matrix of %d bytes", last, size, stride, len(base)))
	}
}

// The Go twins: the lanes of a block are summed one after the other, in the order that doc.go says.

func squaredL2F16RowsGo(dst, q []float32, base []byte, stride int, rows []uint32) {
	for i, row := range rows {
		var s [lanes]float32
		for halves, q := base[int(row)*stride:], q; len(q) >= lanes; halves, q = halves[lanes*halfBytes:], q[lanes:] {
			for l, x := range q[:lanes] {
				d := x - halfAt(halves, l)
				s[l] += float32(d * d)
			}
		}
		dst[i] = foldLanes(&s)
	}
}

func dotF16RowsGo(dst, q []float32, base []byte, stride int, rows []uint32) {
	for i, row := range rows {
		var s [lanes]float32
		for halves, q := base[int(row)*stride:], q; len(q) >= lanes; halves, q = halves[lanes*halfBytes:], q[lanes:] {
			for l, x := range q[:lanes] {
				s[l] += float32(x * halfAt(halves, l))
			}
		}
		dst[i] = foldLanes(&s)
	}
}

func l1F16RowsGo(dst, q []float32, base []byte, stride int, rows []uint32) {
	for i, row := range rows {
		var s [lanes]float32
		for halves, q := base[int(row)*stride:], q; len(q) >= lanes; halves, q = halves[lanes*halfBytes:], q[lanes:] {
			for l, x := range q[:lanes] {
				s[l] += abs(x - halfAt(halves, l))
			}
		}
		dst[i] = foldLanes(&s)
	}
}

func chebyshevF16RowsGo(dst, q []float32, base []byte, stride int, rows []uint32) {
	for i, row := range rows {
		largest := uint32(0)
		halves := base[int(row)*stride:]
		for j, x := range q {
			largest = max(largest, math.Float32bits(x-halfAt(halves, j))&magnitude)
		}
		dst[i] = math.Float32frombits(largest)
	}
}

func floatsOfHalvesGo(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = halfAt(src, i)
	}
}

func halfAt(halves []byte, i int) float32 {
	return FloatOfHalf(binary.LittleEndian.Uint16(halves[halfBytes*i:]))
}

// foldLanes adds up all lanes.
func foldLanes(s *[lanes]float32) float32 {
	return fold([passLanes]float32(s[:8]), [passLanes]float32(s[8:16]), [passLanes]float32(s[16:24]), [passLanes]float32(s[24:]))
}
