//go:build amd64 && !purego

package simd

func squaredL2U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	if hasAVX2 {
		squaredL2U8RowsAVX2(dst, q, base, stride, rows, uint8Ahead(stride))
		return
	}
	uint8RowsGo(squaredL2U8Go, dst, q, base, stride, rows)
}

func dotU8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	if hasAVX2 {
		dotU8RowsAVX2(dst, q, base, stride, rows, uint8Ahead(stride))
		return
	}
	uint8RowsGo(dotU8Go, dst, q, base, stride, rows)
}

func l1U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	if hasAVX2 {
		l1U8RowsAVX2(dst, q, base, stride, rows, uint8Ahead(stride))
		return
	}
	uint8RowsGo(l1U8Go, dst, q, base, stride, rows)
}

func maxU8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	if hasAVX2 {
		maxU8RowsAVX2(dst, q, base, stride, rows, uint8Ahead(stride))
		return
	}
	uint8RowsGo(maxU8Go, dst, q, base, stride, rows)
}

func floatsOfBytes(dst []float32, src []byte) {
	if hasAVX2 {
		floatsOfBytesAVX2(dst, src)
		return
	}
	floatsOfBytesGo(dst, src)
}
