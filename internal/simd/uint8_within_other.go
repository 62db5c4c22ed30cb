//go:build !amd64 || purego

package simd

func squaredL2U8Within(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	squaredL2U8Rows(dst, q, base, stride, rows)
	return keepWithin(dst, rows, limit)
}

func squaredL2U8SummedWithin(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	squaredL2U8SummedRows(dst, q, base, stride, rows)
	return keepWithin(dst, rows, limit)
}

func readsListed() bool { return false }

func squaredL2U8ListedWithin(dst, rows []uint32, q, base []byte, _ []uint32, stride int, limit uint32) int {
	return squaredL2U8SummedWithin(dst, rows, q, base, stride, limit)
}

func l1U8Within(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	l1U8Rows(dst, q, base, stride, rows)
	return keepWithin(dst, rows, limit)
}

func maxU8Within(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	maxU8Rows(dst, q, base, stride, rows)
	return keepWithin(dst, rows, limit)
}
