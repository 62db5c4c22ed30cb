//go:build amd64 && !purego

package simd

func sphericalU8Rows(dst []uint32, q, base []byte, sum, double uint32, stride int, rows []uint32) {
	switch {
	case hasAVX512 && len(q) > 0:
		sphericalU8RowsAVX512(dst, q, base, sum, double, stride, rows, rowsAhead(stride))
	case hasAVX2:
		centeredQueryDotU8RowsAVX2(dst, q, base, stride, rows, rowsAhead(stride))
		sphericalOf(dst, sphericalMost(sum, double, len(q)))
	default:
		sphericalU8RowsGo(dst, q, base, double, stride, rows)
	}
}

func sphericalU8Within(dst, rows []uint32, q, base []byte, sum, double uint32, stride int, limit uint32) int {
	if hasAVX512 && len(q) > 0 {
		return sphericalU8WithinAVX512(dst, rows, q, base, sum, double, stride, limit)
	}
	sphericalU8Rows(dst, q, base, sum, double, stride, rows)
	return keepWithin(dst, rows, limit)
}

func sphericalU8Block(dst []float32, base []byte, double uint32, stride, length int, queries, rows []uint32, factor float64) {
	for hasAVX512 && len(queries) >= 4 {
		sphericalU8FourAVX512(dst, base, stride, length, (*[4]uint32)(queries), double, rows, factor)
		queries, dst = queries[4:], dst[4*len(rows):]
	}
	at := 0
	for byFours(at, len(queries), len(rows), length) {
		at = min(at, len(queries)-4)
		sphericalU8FourAVX2(dst[at*len(rows):], base, stride, length, (*[4]uint32)(queries[at:]), double, rows, factor)
		at += 4
	}
	sphericalU8Each(dst[at*len(rows):], base, double, stride, length, queries[at:], rows, factor)
}

// sphericalMost returns what twice the sum of (q[j]-128)*row[j] is taken from, for q of so many bytes with that sum: double, and what that
// is too much, 128 for each q[j]-128.
func sphericalMost(sum, double uint32, length int) uint32 {
	return double + 256*(sum-128*uint32(length))
}
