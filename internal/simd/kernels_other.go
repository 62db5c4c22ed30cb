//go:build (!amd64 && !arm64) || purego

package simd

// Implementation names the kernels in use: "purego".
func Implementation() string { return "purego" }

func squaredL2(a, b []float32) float32 { return squaredL2Go(a, b) }

func dot(a, b []float32) float32 { return dotGo(a, b) }

func l1(a, b []float32) float32 { return l1Go(a, b) }

func chebyshev(a, b []float32) float32 { return chebyshevGo(a, b) }

func jensenShannon(a, b []float32) float32 { return jensenShannonGo(a, b) }

func squaredL2Rows(dst, q, base []float32, stride int, rows []uint32) {
	rowsGo(squaredL2Go, dst, q, base, stride, rows)
}

func dotRows(dst, q, base []float32, stride int, rows []uint32) {
	rowsGo(dotGo, dst, q, base, stride, rows)
}

func l1Rows(dst, q, base []float32, stride int, rows []uint32) {
	rowsGo(l1Go, dst, q, base, stride, rows)
}

func chebyshevRows(dst, q, base []float32, stride int, rows []uint32) {
	rowsGo(chebyshevGo, dst, q, base, stride, rows)
}

func jensenShannonRows(dst, q, base []float32, stride int, rows []uint32) {
	rowsGo(jensenShannonGo, dst, q, base, stride, rows)
}
