// Command prefetch writes the prefetch of package simd. Run it by go generate in the directory of the package.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	ConstraintExpr("amd64,!purego")
	TEXT("prefetch", NOSPLIT, "func(at *uint32)")
	Doc("prefetch asks for the four cache lines from at on.")
	Pragma("noescape")
	at := Load(Param("at"), GP64())
	for line := range 4 {
		PREFETCHT0(Mem{Base: at, Disp: 64 * line})
	}
	RET()
	Generate()
}
