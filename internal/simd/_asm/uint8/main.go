// Command uint8 writes the AVX2 kernels of package simd that compare vectors of bytes: squared L2, dot product, L1 and the
// largest difference, each for one vector against many rows; and the conversion of bytes to float32. Run it by go generate in
// the directory of the package.
//
// # How a row is summed
//
// A vector consists of blocks of 64 bytes: two YMM registers. There is no tail. The difference of two bytes is what is left
// of one of the two subtractions that stop at zero. For products, bytes become words of 16 bits; VPMADDWD multiplies them
// and adds products by pairs into 32 bits. Integers add up in any order, so that interleaving registers needs no care.
//
// A summed row has the sum of its bytes and that of their squares in its last 8 bytes. These are cleared in the query, so that
// their products are zeros.
//
// Of spherical rows, whose bytes stand for components and 128 more, products are summed with 128 subtracted from the words of the query,
// which rows share, and not from those of rows. What that makes of the sum is left to Go.
//
// # How rows follow one another
//
// Rows are taken by twos, which share the loads of the query, and the last one alone when their number is odd. With each
// block of a row one line of a later row is prefetched, and before the first row whole rows, until those that follow
// are prefetched so.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!purego")
	for _, k := range []kernel{squaredL2Summed, dotSummed, centeredQuery, squaredL2, l1, largest} {
		rows(k)
	}
	floats()
	Generate()
}
