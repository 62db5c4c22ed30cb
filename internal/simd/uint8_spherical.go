package simd

import "fmt"

// SphericalU8Rows sets dst[i] to
//
//	double - 2*sum((q[j]-128)*(row[j]-128)), at least 0
//
// for the row of len(q) bytes that begins at base[rows[i]*stride]. Spherical rows, as these are called, are vectors with 128 added to each
// component, all of which are about as long as one another. That is about their squared L2 distance then, when double is twice the square
// of their length, and products are all that has to be computed. Sum is that of the bytes of q, by [SumAndSquaresU8]. The length of q must be a
// multiple of 64: shorter vectors have bytes of 128 behind them, in q or in the rows, which add nothing. Differences must fit in 32 bits
// with their signs, as they do when double is below 2^30 and no vector is longer than it says; when one does not, or sum is another,
// results are any numbers, which implementations need not agree upon. Rows are prefetched ahead of their use. It panics where
// [SquaredL2U8Rows] does.
func SphericalU8Rows(dst []uint32, q, base []byte, sum, double uint32, stride int, rows []uint32) {
	checkByteRows(q, base, stride, rows)
	sphericalU8Rows(dst[:len(rows)], q, base, sum, double, stride, rows)
}

// SphericalU8Within is [SquaredL2U8Within] for [SphericalU8Rows].
func SphericalU8Within(dst, rows []uint32, q, base []byte, sum, double uint32, stride int, limit uint32) int {
	checkByteRows(q, base, stride, rows)
	return sphericalU8Within(dst[:len(rows)], rows, q, base, sum, double, stride, limit)
}

// SphericalU8Block is [SquaredL2U8SummedBlock] for what [SphericalU8Rows] computes.
func SphericalU8Block(dst []float32, base []byte, double uint32, stride, length int, queries, rows []uint32, factor float64) {
	if length <= 0 || length > len(base) {
		panic(fmt.Sprintf("simd: rows of %d bytes in %d", length, len(base)))
	}
	checkByteRows(base[:length], base, stride, queries)
	checkByteRows(base[:length], base, stride, rows)
	sphericalU8Block(dst[:len(queries)*len(rows)], base, double, stride, length, queries, rows, factor)
}

// SumAndSquaresU8 returns the sum of the bytes of v and that of their squares, modulo 2^32. It panics when the length of v is no multiple of 64.
func SumAndSquaresU8(v []byte) (sum, squares uint32) {
	checkBlocks(v)
	return sumsU8(v)
}

// sphericalU8Each is [squaredL2U8Each] for spherical rows.
func sphericalU8Each(dst []float32, base []byte, double uint32, stride, length int, queries, rows []uint32, factor float64) {
	var results [blockSums]uint32
	for _, query := range queries {
		q := base[int(query)*stride:][:length]
		sum, _ := sumsU8(q)
		for left := rows; len(left) > 0; {
			some := left[:min(len(left), blockSums)]
			sphericalU8Rows(results[:len(some)], q, base, sum, double, stride, some)
			for i, result := range results[:len(some)] {
				dst[i] = float32(factor * float64(result))
			}
			dst, left = dst[len(some):], left[len(some):]
		}
	}
}

// sphericalOf makes results of sums of products, twice which it takes from most.
func sphericalOf(products []uint32, most uint32) {
	for i, product := range products {
		products[i] = uint32(max(int32(most-2*product), 0))
	}
}

// The Go twins.

func sphericalU8RowsGo(dst []uint32, q, base []byte, double uint32, stride int, rows []uint32) {
	uint8RowsGo(centeredDotU8Go, dst, q, base, stride, rows)
	sphericalOf(dst, double)
}

// centeredDotU8Go returns the sum of (a[i]-128)*(b[i]-128).
func centeredDotU8Go(a, b []byte) uint32 {
	var s0, s1, s2, s3 int32
	for len(a) >= 4 && len(b) >= 4 {
		s0, s1 = s0+(int32(a[0])-128)*(int32(b[0])-128), s1+(int32(a[1])-128)*(int32(b[1])-128)
		s2, s3 = s2+(int32(a[2])-128)*(int32(b[2])-128), s3+(int32(a[3])-128)*(int32(b[3])-128)
		a, b = a[4:], b[4:]
	}
	return uint32(s0) + uint32(s1) + uint32(s2) + uint32(s3)
}
