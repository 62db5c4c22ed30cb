//go:build arm64 && !purego

package simd

import "golang.org/x/sys/cpu"

// hasUDOT tells whether the processor has the products of bytes that came after its first version.
var hasUDOT = cpu.ARM64.HasASIMDDP

func squaredL2U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case hasNEON && hasUDOT:
		squaredL2U8RowsUDOT(dst, q, base, stride, rows, ahead)
	case hasNEON:
		squaredL2U8RowsNEON(dst, q, base, stride, rows, ahead)
	default:
		uint8RowsGo(squaredL2U8Go, dst, q, base, stride, rows)
	}
}

func squaredL2U8SummedRows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	dotU8SummedRows(dst, q, base, stride, rows)
	_, x := SumsU8(q)
	for i, row := range rows {
		_, y := SumsU8(base[int(row)*stride:][:len(q)])
		dst[i] = x + y - 2*dst[i]
	}
}

// dotU8SummedRows takes the sums for components, and then their products off.
func dotU8SummedRows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case hasNEON && hasUDOT:
		dotU8RowsUDOT(dst, q, base, stride, rows, ahead)
	case hasNEON:
		dotU8RowsNEON(dst, q, base, stride, rows, ahead)
	default:
		uint8RowsGo(dotU8SummedGo, dst, q, base, stride, rows)
		return
	}
	end := len(q) - sumsBytes
	for i, row := range rows {
		dst[i] -= dotU8Go(q[end:], base[int(row)*stride+end:][:sumsBytes])
	}
}

// sphericalU8Rows has no use for the sum, since its kernels subtract 128 from the bytes of rows, too.
func sphericalU8Rows(dst []uint32, q, base []byte, _, double uint32, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case hasNEON && hasUDOT:
		centeredDotU8RowsUDOT(dst, q, base, stride, rows, ahead)
	case hasNEON:
		centeredDotU8RowsNEON(dst, q, base, stride, rows, ahead)
	default:
		sphericalU8RowsGo(dst, q, base, double, stride, rows)
		return
	}
	sphericalOf(dst, double)
}

func l1U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	if hasNEON {
		l1U8RowsNEON(dst, q, base, stride, rows, rowsAhead(stride))
		return
	}
	uint8RowsGo(l1U8Go, dst, q, base, stride, rows)
}

func maxU8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	if hasNEON {
		maxU8RowsNEON(dst, q, base, stride, rows, rowsAhead(stride))
		return
	}
	uint8RowsGo(maxU8Go, dst, q, base, stride, rows)
}

func floatsOfBytes(dst []float32, src []byte) {
	if hasNEON {
		floatsOfBytesNEON(dst, src)
		return
	}
	floatsOfBytesGo(dst, src)
}

// The kernels check no bounds. They prefetch row i+ahead while they compute row i.

//go:noescape
func squaredL2U8RowsNEON(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func squaredL2U8RowsUDOT(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func dotU8RowsUDOT(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func dotU8RowsNEON(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func centeredDotU8RowsUDOT(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func centeredDotU8RowsNEON(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func l1U8RowsNEON(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func maxU8RowsNEON(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func floatsOfBytesNEON(dst []float32, src []byte)
