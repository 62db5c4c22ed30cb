//go:build (!amd64 && !arm64) || purego

package simd

func squaredL2U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	uint8RowsGo(squaredL2U8Go, dst, q, base, stride, rows)
}

func squaredL2U8SummedRows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	uint8RowsGo(squaredL2U8SummedGo, dst, q, base, stride, rows)
}

func dotU8SummedRows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	uint8RowsGo(dotU8SummedGo, dst, q, base, stride, rows)
}

func sphericalU8Rows(dst []uint32, q, base []byte, _, double uint32, stride int, rows []uint32) {
	sphericalU8RowsGo(dst, q, base, double, stride, rows)
}

func l1U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	uint8RowsGo(l1U8Go, dst, q, base, stride, rows)
}

func maxU8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	uint8RowsGo(maxU8Go, dst, q, base, stride, rows)
}

func floatsOfBytes(dst []float32, src []byte) { floatsOfBytesGo(dst, src) }
