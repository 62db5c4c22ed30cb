// Command uint8blockavx2 writes the AVX2 kernels behind joins: those that compare a few rows of bytes with many, and one that tells
// which of the distances are small enough to matter. Run it by go generate in the directory of the package.
//
// # How rows are compared
//
// Four queries are taken against two rows at a time. Bytes become words of 16 bits: those at even places and those at odd ones, of 32
// bytes. Of the queries these are copied to the stack once for all rows. What is left of the rows at the end is filled up with the
// last one; its results are not stored.
//
// Products are had by Winograd's inner product ("A New Algorithm for Inner Product", 1968). With words x and y of a query, u and v of a
// row, at an even place and the odd one behind it,
//
//	(x-u)^2 + (y-v)^2 = (x+y)^2 + (u+v)^2 - 2*(x+v)*(y+u)
//
// The first term is summed once for a query, the second once for four queries. The third takes two additions of words, a multiplication
// and an addition to the sum, where x*u and y*v would take two multiplications and two additions to sums. That is as much, but
// processors multiply fewer words at a time than they add.
//
// Summed rows differ in their last 8 bytes only, which count as zeros: what they say is not needed.
//
// Of spherical rows the sum of products is wanted, with 128 subtracted from each word. It is subtracted from those of queries alone, as
// they are copied, for
//
//	(x-128)*(u-128) + (y-128)*(v-128) = (x-128+v)*(y-128+u) - u*v - x*y + 128*128
//
// Again, the second term is summed once for four queries, the third once for a query.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!purego")
	four(summed)
	four(plain)
	four(spherical)
	near()
	Generate()
}
