//go:build !amd64 || purego

package simd

func squaredL2U8SummedBlock(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	squaredL2U8Each(dst, base, stride, length, queries, rows, factor, true)
}

func squaredL2U8Block(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	squaredL2U8Each(dst, base, stride, length, queries, rows, factor, false)
}

func near(dst []uint32, values, limits []float32, limit float32) int {
	return nearGo(dst, values, limits, limit)
}
