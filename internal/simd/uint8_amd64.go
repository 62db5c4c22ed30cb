//go:build amd64 && !purego

package simd

func squaredL2U8SummedRows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case hasAVX512 && len(q) > 0:
		squaredL2U8SummedRowsAVX512(dst, q, base, stride, rows, ahead)
	case hasAVX2:
		squaredL2U8SummedRowsAVX2(dst, q, base, stride, rows, ahead)
	default:
		uint8RowsGo(squaredL2U8SummedGo, dst, q, base, stride, rows)
	}
}

func dotU8SummedRows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case hasAVX512 && len(q) > 0:
		dotU8SummedRowsAVX512(dst, q, base, stride, rows, ahead)
	case hasAVX2:
		dotU8SummedRowsAVX2(dst, q, base, stride, rows, ahead)
	default:
		uint8RowsGo(dotU8SummedGo, dst, q, base, stride, rows)
	}
}

func squaredL2U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case hasAVX512 && len(q) > 0:
		squaredL2U8RowsAVX512(dst, q, base, stride, rows, ahead)
	case hasAVX2:
		squaredL2U8RowsAVX2(dst, q, base, stride, rows, ahead)
	default:
		uint8RowsGo(squaredL2U8Go, dst, q, base, stride, rows)
	}
}

func l1U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case hasAVX512 && len(q) > 0:
		l1U8RowsAVX512(dst, q, base, stride, rows, ahead)
	case hasAVX2:
		l1U8RowsAVX2(dst, q, base, stride, rows, ahead)
	default:
		uint8RowsGo(l1U8Go, dst, q, base, stride, rows)
	}
}

func maxU8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	switch ahead := rowsAhead(stride); {
	case hasAVX512 && len(q) > 0:
		maxU8RowsAVX512(dst, q, base, stride, rows, ahead)
	case hasAVX2:
		maxU8RowsAVX2(dst, q, base, stride, rows, ahead)
	default:
		uint8RowsGo(maxU8Go, dst, q, base, stride, rows)
	}
}

func floatsOfBytes(dst []float32, src []byte) {
	if hasAVX2 {
		floatsOfBytesAVX2(dst, src)
		return
	}
	floatsOfBytesGo(dst, src)
}
