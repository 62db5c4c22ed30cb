//go:build (!amd64 && !arm64) || purego

package simd

// Implementation names the kernels in use: "purego".
func Implementation() string { return "purego" }

func squaredL2(a, b []float32) float32 { return squaredL2Go(a, b) }

func dot(a, b []float32) float32 { return dotGo(a, b) }

func l1(a, b []float32) float32 { return l1Go(a, b) }

func squaredL2Rows(dst, q, base []float32, stride int, rows []uint32) {
	squaredL2RowsGo(dst, q, base, stride, rows)
}

func dotRows(dst, q, base []float32, stride int, rows []uint32) {
	dotRowsGo(dst, q, base, stride, rows)
}

func l1Rows(dst, q, base []float32, stride int, rows []uint32) {
	l1RowsGo(dst, q, base, stride, rows)
}
