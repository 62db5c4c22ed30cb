// Command uint8avx512 writes the AVX-512 kernels of package simd that compare vectors of bytes, each for one vector against
// many rows. Run it by go generate in the directory of the package.
//
// # How a row is summed
//
// A vector consists of blocks of 64 bytes, one ZMM register each. VPDPBUSD multiplies unsigned bytes with signed ones and adds
// products by fours into 32 bits, without saturation. Bytes of the query become signed ones by subtracting 128, which is to
// flip their highest bits; with q = s + 128,
//
//	sum(x*q) = sum(x*s) + 128*sum(x)
//
// Where a list says in which blocks the query has anything, it is the bytes of rows that become signed ones, so that blocks of zeros add
// nothing and need not be read.
//
// A summed row has sum(x) and sum(x*x) in its last 8 bytes. These take no part: they are zeros in s. Other rows get the sums
// on the way. Integers add up in any order, and to the same result modulo 2^32.
//
// Of spherical rows the bytes, too, stand for components and 128 more. With x = t + 128,
//
//	sum(t*s) = sum(x*s) - 128*sum(s)
//
// in which the last term is the same for all rows, so that these need no sums.
//
// # How rows follow one another
//
// Rows are taken by fours, which share the loads of the query, and whose sums are added up together, to one lane each. What is
// left at the end is filled up with the last row; its results are not stored. With each block of a row one line of a later
// row is prefetched, and before the first row whole rows, until those that follow are prefetched so.
//
// Rows of one or two blocks that are kept within a limit are taken by eights, without a loop over their blocks.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!purego")
	for _, k := range []kernel{squaredL2Summed, dotSummed, spherical, squaredL2, l1, largest} {
		rows(k, false)
	}
	for _, k := range []kernel{squaredL2Summed, squaredL2Listed, spherical, squaredL2, l1, largest} {
		rows(k, true)
	}
	short(1)
	short(2)
	Generate()
}
