//go:build amd64 && !purego

package simd

// hasF16C tells whether the processor converts half floats in vectors of AVX, as all are said to do that have AVX2. AVX-512
// includes it.
var hasF16C = featuresOfLeaf1()>>29&1 != 0

func squaredL2F16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case len(q) == 0 || len(rows) == 0:
		clear(dst)
	case hasAVX512:
		squaredL2F16RowsAVX512(dst, q, base, stride, rows, ahead)
	case hasAVX2 && hasF16C:
		squaredL2F16RowsAVX2(dst, q, base, stride, rows, ahead)
	default:
		squaredL2F16RowsGo(dst, q, base, stride, rows)
	}
}

func dotF16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case len(q) == 0 || len(rows) == 0:
		clear(dst)
	case hasAVX512:
		dotF16RowsAVX512(dst, q, base, stride, rows, ahead)
	case hasAVX2 && hasF16C:
		dotF16RowsAVX2(dst, q, base, stride, rows, ahead)
	default:
		dotF16RowsGo(dst, q, base, stride, rows)
	}
}

func l1F16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case len(q) == 0 || len(rows) == 0:
		clear(dst)
	case hasAVX512:
		l1F16RowsAVX512(dst, q, base, stride, rows, ahead)
	case hasAVX2 && hasF16C:
		l1F16RowsAVX2(dst, q, base, stride, rows, ahead)
	default:
		l1F16RowsGo(dst, q, base, stride, rows)
	}
}

func chebyshevF16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case len(q) == 0 || len(rows) == 0:
		clear(dst)
	case hasAVX512:
		chebyshevF16RowsAVX512(dst, q, base, stride, rows, ahead)
	case hasAVX2 && hasF16C:
		chebyshevF16RowsAVX2(dst, q, base, stride, rows, ahead)
	default:
		chebyshevF16RowsGo(dst, q, base, stride, rows)
	}
}

func floatsOfHalves(dst []float32, src []byte) {
	if hasAVX2 && hasF16C && len(src) > 0 {
		floatsOfHalvesAVX2(dst, src)
		return
	}
	floatsOfHalvesGo(dst, src)
}
