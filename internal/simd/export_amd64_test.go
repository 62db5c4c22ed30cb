//go:build amd64 && !purego

package simd

// Use makes an implementation the one in use, if the processor has it. No kernel may run meanwhile.
func Use(name string) bool {
	hasAVX2, hasAVX512 = chosen(name)
	return name == Implementation()
}

// HasAVX512 says whether the kernels of AVX-512 are in use.
func HasAVX512() bool { return hasAVX512 }

// ShortBytes is the length up to which rows are short.
const ShortBytes = shortBytes

// SquaredL2U8SummedShort is the kernel of short rows, for up to 8 queries.
var SquaredL2U8SummedShort = squaredL2U8SummedShort

// SquaredL2U8SummedTiles compares as is done for rows that are not short: four by four, and what is left of the queries one by one.
func SquaredL2U8SummedTiles(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	for len(queries) >= 4 {
		squaredL2U8SummedFourAVX512(dst, base, stride, length, (*[4]uint32)(queries), rows, factor)
		queries, dst = queries[4:], dst[4*len(rows):]
	}
	squaredL2U8Each(dst, base, stride, length, queries, rows, factor, true)
}

// EachPrefetch has prefetches be those of Intel's processors, then those of others, whatever this one is.
func EachPrefetch(yield func() bool) {
	defer func(is bool) { isIntel = is }(isIntel)
	for _, isIntel = range []bool{true, false} {
		if !yield() {
			return
		}
	}
}
