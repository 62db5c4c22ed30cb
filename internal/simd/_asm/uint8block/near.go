package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"

	"github.com/vicinaldb/store/internal/simd/_asm/masks"
	"github.com/vicinaldb/store/internal/simd/_asm/params"
)

// near emits the kernel that picks distances.
func near() {
	TEXT("nearAVX512", NOSPLIT, "func(dst []uint32, values, limits []float32, limit float32) int")
	Doc(
		"nearAVX512 puts into dst, which has room for as many, the places of the values that are not above limit or not above the one",
		"of limits at their place, and returns how many they are. It checks no bounds.",
	)
	Pragma("noescape")
	kept, at := GP64(), GP64()
	XORQ(kept, kept)
	XORQ(at, at)
	count := Load(Param("values").Len(), GP64())
	TESTQ(count, count)
	JZ(LabelRef("Return"))
	dst := Load(Param("dst").Base(), GP64())
	values, limits := Load(Param("values").Base(), GP64()), Load(Param("limits").Base(), GP64())
	limit, places, sixteen := ZMM(), ZMM(), ZMM()
	VBROADCASTSS(params.At(Param("limit")), limit)
	VMOVDQU64(counting(), places)
	step := GP32()
	MOVL(U32(16), step)
	VPBROADCASTD(step, sixteen)

	Label("Sixteen")
	there, left, bits := K(), GP64(), GP32()
	MOVQ(count, left)
	SUBQ(at, left)
	masks.First(left, 16, there)
	value, most, near := ZMM(), ZMM(), K()
	VMOVUPS_Z(Mem{Base: values, Index: at, Scale: 4}, there, value)
	VMOVUPS_Z(Mem{Base: limits, Index: at, Scale: 4}, there, most)
	VMAXPS(limit, most, most)
	VCMPPS(Imm(2), most, value, there, near)
	KMOVW(near, bits)
	TESTL(bits, bits)
	JZ(LabelRef("Next"))
	compressed := ZMM()
	VPCOMPRESSD_Z(places, near, compressed)
	number, next, stored := GP64(), GP64(), K()
	POPCNTL(bits, number.As32())
	LEAQ(Mem{Base: kept, Index: number, Scale: 1}, next)
	masks.First(number, 16, stored)
	VMOVDQU32(compressed, stored, Mem{Base: dst, Index: kept, Scale: 4})
	MOVQ(next, kept)
	Label("Next")
	VPADDD(sixteen, places, places)
	ADDQ(Imm(16), at)
	CMPQ(at, count)
	JB(LabelRef("Sixteen"))
	VZEROUPPER()
	Label("Return")
	Store(kept, ReturnIndex(0))
	RET()
}

// counting are the numbers from 0 to 15.
func counting() Mem {
	numbers := GLOBL("counting", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(i))
	}
	return numbers
}
