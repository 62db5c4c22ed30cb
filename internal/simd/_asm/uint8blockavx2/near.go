package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"

	"github.com/vicinaldb/store/internal/simd/_asm/masks"
	"github.com/vicinaldb/store/internal/simd/_asm/params"
)

// near emits the kernel that picks distances, eight at a time: which of them are near is the number of an entry of a table, which has their
// places. What lies behind these is stored, too, and overwritten by the next eight.
func near() {
	TEXT("nearAVX2", NOSPLIT, "func(dst []uint32, values, limits []float32, limit float32) int")
	Doc(
		"nearAVX2 puts into dst, which has room for as many, the places of the values that are not above limit or not above the one",
		"of limits at their place, and returns how many they are. It checks no bounds.",
	)
	Pragma("noescape")
	kept, at, next := GP64(), GP64(), GP64()
	XORQ(kept, kept)
	XORQ(at, at)
	MOVQ(U32(8), next)
	dst, count := Load(Param("dst").Base(), GP64()), Load(Param("values").Len(), GP64())
	values, limits := Load(Param("values").Base(), GP64()), Load(Param("limits").Base(), GP64())
	table, limit, first, eight := GP64(), YMM(), YMM(), YMM()
	LEAQ(masks.Fronts("nearPlaces"), table)
	VBROADCASTSS(params.At(Param("limit")), limit)
	VPXOR(first, first, first)
	VPBROADCASTD(eights(), eight)
	JMP(LabelRef("Next"))

	Label("Eight")
	most, chosen, near, number := YMM(), YMM(), GP64(), GP64()
	VMAXPS(Mem{Base: limits, Index: at, Scale: 4}, limit, most)
	VMOVUPS(Mem{Base: values, Index: at, Scale: 4}, chosen)
	VCMPPS(Imm(2), most, chosen, chosen)
	VMOVMSKPS(chosen, near.As32())
	VPMOVZXBD(Mem{Base: table, Index: near, Scale: 8}, chosen)
	VPADDD(first, chosen, chosen)
	VMOVDQU(chosen, Mem{Base: dst, Index: kept, Scale: 4})
	POPCNTL(near.As32(), number.As32())
	ADDQ(number, kept)
	VPADDD(eight, first, first)
	MOVQ(next, at)
	ADDQ(Imm(8), next)
	Label("Next")
	CMPQ(next, count)
	JBE(LabelRef("Eight"))
	JMP(LabelRef("OneNext"))

	Label("One")
	MOVL(at.As32(), Mem{Base: dst, Index: kept, Scale: 4})
	value := XMM()
	VMOVSS(Mem{Base: values, Index: at, Scale: 4}, value)
	VMAXSS(Mem{Base: limits, Index: at, Scale: 4}, limit.AsX(), most.AsX())
	VUCOMISS(value, most.AsX())
	SETCC(near.As8())
	MOVBLZX(near.As8(), near.As32())
	ADDQ(near, kept)
	INCQ(at)
	Label("OneNext")
	CMPQ(at, count)
	JB(LabelRef("One"))
	VZEROUPPER()
	Store(kept, ReturnIndex(0))
	RET()
}

// eights is the number 8.
func eights() Mem {
	number := GLOBL("nearEight", RODATA|NOPTR)
	DATA(0, U32(8))
	return number
}
