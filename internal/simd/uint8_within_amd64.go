//go:build amd64 && !purego

package simd

func squaredL2U8Within(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	if hasAVX512 && len(q) > 0 {
		return squaredL2U8WithinAVX512(dst, rows, q, base, stride, limit)
	}
	squaredL2U8Rows(dst, q, base, stride, rows)
	return keepWithin(dst, rows, limit)
}

func squaredL2U8SummedWithin(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	switch {
	case hasAVX512 && len(q) == 64:
		return squaredL2U8SummedWithin64AVX512(dst, rows, q, base, stride, limit)
	case hasAVX512 && len(q) == 128:
		return squaredL2U8SummedWithin128AVX512(dst, rows, q, base, stride, limit)
	case hasAVX512 && len(q) > 0:
		return squaredL2U8SummedWithinAVX512(dst, rows, q, base, stride, limit)
	}
	squaredL2U8SummedRows(dst, q, base, stride, rows)
	return keepWithin(dst, rows, limit)
}

func readsListed() bool { return hasAVX512 }

func squaredL2U8ListedWithin(dst, rows []uint32, q, base []byte, blocks []uint32, stride int, limit uint32) int {
	if readsListed() {
		return squaredL2U8ListedWithinAVX512(dst, rows, q, base, blocks, stride, limit)
	}
	return squaredL2U8SummedWithin(dst, rows, q, base, stride, limit)
}

func l1U8Within(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	if hasAVX512 && len(q) > 0 {
		return l1U8WithinAVX512(dst, rows, q, base, stride, limit)
	}
	l1U8Rows(dst, q, base, stride, rows)
	return keepWithin(dst, rows, limit)
}

func maxU8Within(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	if hasAVX512 && len(q) > 0 {
		return maxU8WithinAVX512(dst, rows, q, base, stride, limit)
	}
	maxU8Rows(dst, q, base, stride, rows)
	return keepWithin(dst, rows, limit)
}
