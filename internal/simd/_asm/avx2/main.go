// Command avx2 writes the AVX2 kernels of package simd: a pair form and a Rows form for each of squared L2, dot
// product, L1, Chebyshev and Jensen-Shannon. Run it by go generate in the directory of the package.
//
// # How a row is summed
//
// Four YMM registers of eight floats are the 32 lanes of the package's summation order. A block of 32 elements adds one
// vector to each of them. What remains behind the last whole block goes to the lanes in the same order: whole vectors as
// far as they reach, then one masked load, which reads nothing behind the row and gives zeros where the mask is off. A
// zero term leaves its lane as it is, since a lane that began at +0 never becomes -0. Multiplication and addition are
// separate instructions: FMA would round once where the Go twins round twice.
//
// # How rows follow one another
//
// While one row is computed the lines of a later one are prefetched, two lines with each block of 32 floats, so that
// loads and prefetches mix evenly however long the rows are. The caller says how many rows later.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!purego")
	masks := maskTable()
	for _, t := range []term{squaredL2, dot, l1, chebyshev, jensenShannon()} {
		pair(t, masks)
		rows(t, masks)
	}
	Generate()
}
