//go:build amd64 && !purego

package simd

func squaredL2U8SummedBlock(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	for hasAVX512 && len(queries) >= 4 {
		squaredL2U8SummedFourAVX512(dst, base, stride, length, (*[4]uint32)(queries), rows, factor)
		queries, dst = queries[4:], dst[4*len(rows):]
	}
	squaredL2U8SummedEach(dst, base, stride, length, queries, rows, factor)
}

func near(dst []uint32, values, limits []float32, limit float32) int {
	if hasAVX512 {
		return nearAVX512(dst, values, limits, limit)
	}
	return nearGo(dst, values, limits, limit)
}
