//go:build !amd64 || purego

package simd

func sphericalU8Within(dst, rows []uint32, q, base []byte, sum, double uint32, stride int, limit uint32) int {
	sphericalU8Rows(dst, q, base, sum, double, stride, rows)
	return keepWithin(dst, rows, limit)
}

func sphericalU8Block(dst []float32, base []byte, double uint32, stride, length int, queries, rows []uint32, factor float64) {
	sphericalU8Each(dst, base, double, stride, length, queries, rows, factor)
}
