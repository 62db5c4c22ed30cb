// Command unseen writes the function of package simd that keeps those of many rows whose bits are not set, and sets them. Run it
// by go generate in the directory of the package.
//
// Whether a bit was set is as good as random, so there is no branch on it: every row is stored, and the place of the next one
// moves on only behind new ones. BTS leaves the old bit in the carry flag, from where SBB counts it.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	ConstraintExpr("amd64,!purego")
	TEXT("unseenBTS", NOSPLIT, "func(dst []uint32, words []uint64, rows []uint32, n uint32) (unseen, read int)")
	Doc(
		"unseenBTS moves those of rows whose bits in words are not set to the front of dst, sets the bits, and returns how many they",
		"are, and how many rows it has read: fewer than there are when one is not below n. It checks no other bounds.",
	)
	Pragma("noescape")
	dst := Load(Param("dst").Base(), GP64())
	words := Load(Param("words").Base(), GP64())
	rows := Load(Param("rows").Base(), GP64())
	count := Load(Param("rows").Len(), GP64())
	n := Load(Param("n"), GP32())
	unseen, read := GP64(), GP64()
	XORQ(unseen, unseen)
	XORQ(read, read)
	JMP(LabelRef("Next"))
	Label("Row")
	row, word, bits := GP64(), GP64(), GP64()
	MOVL(Mem{Base: rows, Index: read, Scale: 4}, row.As32())
	CMPL(row.As32(), n)
	JAE(LabelRef("Done"))
	MOVL(row.As32(), Mem{Base: dst, Index: unseen, Scale: 4})
	MOVL(row.As32(), word.As32())
	SHRL(Imm(6), word.As32())
	MOVQ(Mem{Base: words, Index: word, Scale: 8}, bits)
	BTSQ(row, bits)
	SBBQ(I8(-1), unseen)
	MOVQ(bits, Mem{Base: words, Index: word, Scale: 8})
	INCQ(read)
	Label("Next")
	CMPQ(read, count)
	JB(LabelRef("Row"))
	Label("Done")
	Store(unseen, ReturnIndex(0))
	Store(read, ReturnIndex(1))
	RET()
	Generate()
}
