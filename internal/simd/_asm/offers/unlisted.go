package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// unlisted emits the functions that look for the names of offers, each in a list of its own.
func unlisted() {
	vectors{8, func() VecVirtual { return YMM() }, VPXOR, absentAVX2}.unlisted("unlistedAVX2")
	vectors{16, func() VecVirtual { return ZMM() }, func(a, b, to Op) { VPXORD(a, b, to) }, absentAVX512}.unlisted("unlistedAVX512")
}

// vectors are of so many numbers of 32 bits.
type vectors struct {
	lanes int
	new   func() VecVirtual
	xor   func(a, b, to Op)
	// absent emits what sets the lowest byte of a register if no lane of least is 0 or 1.
	absent func(one, least VecVirtual, absent GPVirtual)
}

func absentAVX2(one, least VecVirtual, absent GPVirtual) {
	more := YMM()
	VPMAXUD(one, least, more)
	VPCMPEQD(one, more, more)
	VPTEST(more, more)
	SETEQ(absent.As8())
}

func absentAVX512(one, least VecVirtual, absent GPVirtual) {
	same := K()
	VPCMPUD(Imm(lessOrEqual), one, least, same)
	KORTESTW(same, same)
	SETEQ(absent.As8())
}

// unlisted emits one of them. A name is listed if the least of its differences to those in the list, bit by bit, is 0 or 1.
func (v vectors) unlisted(function string) {
	TEXT(function, NOSPLIT, "func(places, names, distances, rows, lists []uint32, length int) int")
	Doc(
		function+" moves those offers to the front whose names are not in the lists of their rows, and returns how many they are. There are",
		"some offers, and lists are no shorter than a vector. It checks no bounds.",
	)
	Pragma("noescape")
	places, count := Load(Param("places").Base(), GP64()), Load(Param("places").Len(), GP64())
	names, distances := Load(Param("names").Base(), GP64()), Load(Param("distances").Base(), GP64())
	rows, lists := Load(Param("rows").Base(), GP64()), Load(Param("lists").Base(), GP64())
	size := Load(Param("length"), GP64()) // bytes of a list
	SHLQ(Imm(2), size)
	last, read, kept := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: size, Disp: -4 * v.lanes}, last)
	XORQ(read, read)
	XORQ(kept, kept)
	one, number := v.new(), GP32()
	MOVL(U32(1), number)
	VMOVD(number, one.AsX())
	VPBROADCASTD(one.AsX(), one)

	Label("Offer")
	place, list, absent := GP64(), GP64(), GP64()
	wanted, least := v.new(), v.new()
	MOVL(Mem{Base: places, Index: read, Scale: 4}, place.As32())
	MOVL(Mem{Base: rows, Index: place, Scale: 4}, list.As32())
	MOVL(place.As32(), Mem{Base: places, Index: kept, Scale: 4})
	IMULQ(size, list)
	ADDQ(lists, list)
	VPBROADCASTD(Mem{Base: names, Index: read, Scale: 4}, wanted)
	v.xor(Mem{Base: list, Index: last, Scale: 1}, wanted, least) // some of them twice, unless they fill vectors
	offset := GP64()
	XORQ(offset, offset)
	JMP(LabelRef("Next"))
	Label("Vector")
	difference := v.new()
	v.xor(Mem{Base: list, Index: offset, Scale: 1}, wanted, difference)
	VPMINUD(difference, least, least)
	ADDQ(Imm(uint64(4*v.lanes)), offset)
	Label("Next")
	CMPQ(offset, last)
	JL(LabelRef("Vector"))

	value := GP32()
	VMOVD(wanted.AsX(), Mem{Base: names, Index: kept, Scale: 4})
	MOVL(Mem{Base: distances, Index: read, Scale: 4}, value)
	MOVL(value, Mem{Base: distances, Index: kept, Scale: 4})
	XORQ(absent, absent)
	v.absent(one, least, absent)
	ADDQ(absent, kept)
	INCQ(read)
	CMPQ(read, count)
	JLT(LabelRef("Offer"))
	VZEROUPPER()
	Store(kept, ReturnIndex(0))
	RET()
}
