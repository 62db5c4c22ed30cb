// Command offers writes the functions of package simd that make offers of neighbors to lists, and leave out those that are listed. Run
// it by go generate in the directory of the package.
//
// What becomes of a distance or an offer is as good as random, so there is no branch on it.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!purego")
	introduceEight()
	introduce()
	unlisted()
	Generate()
}
