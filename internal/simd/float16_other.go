//go:build !amd64 || purego

package simd

func squaredL2F16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	squaredL2F16RowsGo(dst, q, base, stride, rows)
}

func dotF16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	dotF16RowsGo(dst, q, base, stride, rows)
}

func l1F16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	l1F16RowsGo(dst, q, base, stride, rows)
}

func chebyshevF16Rows(dst, q []float32, base []byte, stride int, rows []uint32) {
	chebyshevF16RowsGo(dst, q, base, stride, rows)
}

func floatsOfHalves(dst []float32, src []byte) { floatsOfHalvesGo(dst, src) }
