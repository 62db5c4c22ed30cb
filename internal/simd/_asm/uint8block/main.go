// Command uint8block writes the AVX-512 kernels behind joins: some that compare a few rows of bytes with many, and one that tells
// which of the distances are small enough to matter. Run it by go generate in the directory of the package.
//
// # How rows are compared
//
// As in command uint8avx512, sums are those of products of unsigned bytes with bytes from which 128 is subtracted, and rows have the
// sums of their bytes and of the squares of these in their last 8 bytes. But four queries are taken against four rows at a time:
// a block of 64 bytes that was loaded takes part in four products, and 16 sums are under way. What is left of the rows at the
// end is filled up with the last one; its results are not stored. For rows that are not summed, what their sums would say is added up
// beside the products: x*(x-128) and x*(-128) once for four queries. Spherical rows add nothing but products, and what each of four
// queries adds to these, by the sum of its bytes, is found before the first row.
//
// # How short rows are compared
//
// Of short rows, the sums of lanes would cost more than the products. There sixteen rows are taken at a time, and transposed once
// for all queries: a register has the same four bytes of each row. It is multiplied with these four bytes of one query after the other,
// broadcast from memory, so that the sum of a row stays in one lane. The queries are copied to the stack with 128 subtracted, since the
// operand that can be broadcast is the signed one. What the rows' sums say comes out of the transposition, too.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!purego")
	four(summed)
	four(plain)
	four(spherical)
	short(8)
	short(4)
	near()
	Generate()
}
