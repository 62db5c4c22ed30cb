package simd

// SquaredL2U8Within computes what SquaredL2U8Rows does, moves the results that are not above limit to the front of dst and the
// numbers of their rows to the front of rows, in order, and returns how many they are. What else is in rows is lost. It
// panics where SquaredL2U8Rows does. The caller prefetches rows, by PrefetchRows; not all implementations do.
func SquaredL2U8Within(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	checkByteRows(q, base, stride, rows)
	return squaredL2U8Within(dst[:len(rows)], rows, q, base, stride, limit)
}

// SquaredL2U8SummedWithin is SquaredL2U8Within for SquaredL2U8SummedRows.
func SquaredL2U8SummedWithin(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	checkSummedRows(q, base, stride, rows)
	return squaredL2U8SummedWithin(dst[:len(rows)], rows, q, base, stride, limit)
}

// L1U8Within is SquaredL2U8Within for L1U8Rows.
func L1U8Within(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	checkByteRows(q, base, stride, rows)
	return l1U8Within(dst[:len(rows)], rows, q, base, stride, limit)
}

// MaxU8Within is SquaredL2U8Within for MaxU8Rows.
func MaxU8Within(dst, rows []uint32, q, base []byte, stride int, limit uint32) int {
	checkByteRows(q, base, stride, rows)
	return maxU8Within(dst[:len(rows)], rows, q, base, stride, limit)
}

// keepWithin is what the Within forms do behind the Rows forms. Whether a result is kept is as good as random, so there is no branch
// on it.
func keepWithin(dst, rows []uint32, limit uint32) int {
	dst, kept := dst[:len(rows)], 0
	for i, row := range rows {
		result := dst[i]
		dst[kept], rows[kept] = result, row
		kept += int((uint64(result) - uint64(limit) - 1) >> 63) // 1 if not above
	}
	return kept
}
