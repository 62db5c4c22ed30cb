// Command largest writes the function of package simd that finds the largest of some numbers of rows. Run it by go generate in the
// directory of the package.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/masks"
)

// lanes is how many numbers are in a register.
const lanes = 16

func main() {
	ConstraintExpr("amd64,!purego")
	TEXT("largestRowAVX512", NOSPLIT, "func(rows []uint32) uint32")
	Doc("largestRowAVX512 returns the largest of rows, 0 of none.")
	Pragma("noescape")
	at, left := Load(Param("rows").Base(), GP64()), GP64()
	Load(Param("rows").Len(), left)
	largest := ZMM()
	VPXORD(largest, largest, largest)
	JMP(LabelRef("Next"))
	Label("Block")
	VPMAXUD(Mem{Base: at}, largest, largest)
	ADDQ(Imm(4*lanes), at)
	SUBQ(Imm(lanes), left)
	Label("Next")
	CMPQ(left, Imm(lanes))
	JAE(LabelRef("Block"))
	there, rest := K(), ZMM()
	masks.First(left, lanes, there)
	VMOVDQU32_Z(Mem{Base: at}, there, rest)
	VPMAXUD(rest, largest, largest)
	result := fold(largest)
	VZEROUPPER()
	Store(result, ReturnIndex(0))
	RET()
	Generate()
}

// fold emits the largest of the lanes of a register.
func fold(x VecVirtual) Register {
	upper, result := ZMM(), GP32()
	VEXTRACTI64X4(Imm(1), x, upper.AsY())
	VPMAXUD(upper.AsY(), x.AsY(), x.AsY())
	VEXTRACTI128(Imm(1), x.AsY(), upper.AsX())
	VPMAXUD(upper.AsX(), x.AsX(), x.AsX())
	for _, order := range []uint64{0b_01_00_11_10, 0b_10_11_00_01} { // the other half, the other of two
		VPSHUFD(Imm(order), x.AsX(), upper.AsX())
		VPMAXUD(upper.AsX(), x.AsX(), x.AsX())
	}
	VMOVD(x.AsX(), result)
	return result
}
