//go:build arm64 && !purego

package simd

func squaredL2U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	if hasNEON {
		squaredL2U8RowsNEON(dst, q, base, stride, rows, uint8Ahead(stride))
		return
	}
	uint8RowsGo(squaredL2U8Go, dst, q, base, stride, rows)
}

func dotU8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	if hasNEON {
		dotU8RowsNEON(dst, q, base, stride, rows, uint8Ahead(stride))
		return
	}
	uint8RowsGo(dotU8Go, dst, q, base, stride, rows)
}

func l1U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	if hasNEON {
		l1U8RowsNEON(dst, q, base, stride, rows, uint8Ahead(stride))
		return
	}
	uint8RowsGo(l1U8Go, dst, q, base, stride, rows)
}

func maxU8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	if hasNEON {
		maxU8RowsNEON(dst, q, base, stride, rows, uint8Ahead(stride))
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
func dotU8RowsNEON(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func l1U8RowsNEON(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func maxU8RowsNEON(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)

//go:noescape
func floatsOfBytesNEON(dst []float32, src []byte)
