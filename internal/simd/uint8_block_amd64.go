//go:build amd64 && !purego

package simd

func squaredL2U8SummedBlock(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	for hasAVX512 && len(queries) >= 4 {
		squaredL2U8SummedFourAVX512(dst, base, stride, length, (*[4]uint32)(queries), rows, factor)
		queries, dst = queries[4:], dst[4*len(rows):]
	}
	squaredL2U8Each(dst, base, stride, length, queries, rows, factor, true)
}

func squaredL2U8Block(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	for hasAVX512 && len(queries) >= 4 {
		four := (*[4]uint32)(queries)
		var squares [4]uint32
		for i, query := range four {
			_, squares[i] = sumsU8(base[int(query)*stride:][:length])
		}
		squaredL2U8FourAVX512(dst, base, stride, length, four, squares, rows, factor)
		queries, dst = queries[4:], dst[4*len(rows):]
	}
	squaredL2U8Each(dst, base, stride, length, queries, rows, factor, false)
}

func near(dst []uint32, values, limits []float32, limit float32) int {
	if hasAVX512 {
		return nearAVX512(dst, values, limits, limit)
	}
	return nearGo(dst, values, limits, limit)
}
