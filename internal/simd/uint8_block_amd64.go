//go:build amd64 && !purego

package simd

const (
	// shortBytes is the length up to which rows are short, as in command uint8block: they are compared in strips of 16 that are transposed,
	// not in tiles of 4 by 4. On Zen 4, strips of prefetched rows took 0.7 of the time of tiles at 128 bytes and 8 queries, 0.8 at 256 and
	// 0.9 at 832; but with 4 queries, which share the transposition, 0.8 at 128, 1.0 at 256 and 1.2 at 448.
	shortBytes = 256
	// shortRows and shortQueries are from how many on strips pay. One takes as long for few rows as for 16, which is what tiles take
	// for 8 or 9 rows in the cache, and for 12 of 256 bytes that were prefetched. One query does not make up for the transposition.
	shortRows, shortQueries = 12, 2
	// shortMost is how many queries are compared with short rows at a time.
	shortMost = 8
	// copiedBytes is the length up to which kernels of AVX2 compare four rows with others: they copy these to the stack, as in command
	// uint8blockavx2.
	copiedBytes = 4096
)

func squaredL2U8SummedBlock(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	for hasAVX512 && length <= shortBytes && len(rows) >= shortRows && len(queries) >= shortQueries {
		some := min(len(queries), shortMost)
		squaredL2U8SummedShort(dst, base, stride, length, queries[:some], rows, factor)
		queries, dst = queries[some:], dst[some*len(rows):]
	}
	for hasAVX512 && len(queries) >= 4 {
		squaredL2U8SummedFourAVX512(dst, base, stride, length, (*[4]uint32)(queries), rows, factor)
		queries, dst = queries[4:], dst[4*len(rows):]
	}
	squaredL2U8ByFours(dst, base, stride, length, queries, rows, factor, true)
}

// squaredL2U8SummedShort compares up to shortMost queries with short rows.
func squaredL2U8SummedShort(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	if len(queries) > 4 {
		squaredL2U8SummedShort8AVX512(dst, base, stride, length, queries, rows, factor)
		return
	}
	squaredL2U8SummedShort4AVX512(dst, base, stride, length, queries, rows, factor)
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
	squaredL2U8ByFours(dst, base, stride, length, queries, rows, factor, false)
}

// squaredL2U8ByFours compares four queries at a time where that is done by AVX2, and what is left of them one after the other.
func squaredL2U8ByFours(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64, summed bool) {
	at := 0
	for byFours(at, len(queries), len(rows), length) {
		at = min(at, len(queries)-4)
		four, to := (*[4]uint32)(queries[at:]), dst[at*len(rows):]
		if summed {
			squaredL2U8SummedFourAVX2(to, base, stride, length, four, rows, factor)
		} else {
			squaredL2U8FourAVX2(to, base, stride, length, four, rows, factor)
		}
		at += 4
	}
	squaredL2U8Each(dst[at*len(rows):], base, stride, length, queries[at:], rows, factor, summed)
}

// byFours tells whether the queries from a place on are to be compared four at a time where there is AVX2 and no AVX-512. Three that are
// left are taken together with the one before them, once more: that takes less time than three by themselves. A single row would take as
// long as two.
func byFours(at, queries, rows, length int) bool {
	return hasAVX2 && !hasAVX512 && length <= copiedBytes && rows > 1 && queries >= 4 && queries-at >= 3
}

func near(dst []uint32, values, limits []float32, limit float32) int {
	switch {
	case hasAVX512:
		return nearAVX512(dst, values, limits, limit)
	case hasAVX2 && hasPopcount:
		return nearAVX2(dst, values, limits, limit)
	}
	return nearGo(dst, values, limits, limit)
}
