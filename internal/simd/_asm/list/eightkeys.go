package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/params"
)

// makeKeysEight emits the function that makes keys of distances and rows, eight at a time. The last eight may be made twice in part.
func makeKeysEight() {
	TEXT("makeKeysAVX2", NOSPLIT, "func(keys []uint64, rows []uint32, distances []float32) (least uint64)")
	Doc(
		"makeKeysAVX2 sets keys[i] to the sortable bits of distances[i] above rows[i], or all bits where that is NaN, and returns the least",
		"key. There are at least 8 rows. It checks no bounds.",
	)
	Pragma("noescape")
	keys, rows, distances := Load(Param("keys").Base(), GP64()), Load(Param("rows").Base(), GP64()), Load(Param("distances").Base(), GP64())
	at, last := GP64(), Load(Param("rows").Len(), GP64())
	SUBQ(Imm(eight), last)
	XORQ(at, at)
	m := newEightMaker()
	JMP(LabelRef("Next"))
	Label("Eight")
	m.make(keys, rows, distances, at)
	ADDQ(Imm(eight), at)
	Label("Next")
	CMPQ(at, last)
	JL(LabelRef("Eight"))
	m.make(keys, rows, distances, last)
	least := m.fold()
	VZEROUPPER()
	Store(least, ReturnIndex(0))
	RET()
}

// eightMaker is what keys are made with. The least has its highest bit flipped.
type eightMaker struct{ zero, sign, signs, least VecVirtual }

func newEightMaker() *eightMaker {
	m := &eightMaker{zero: YMM(), sign: YMM(), signs: YMM(), least: YMM()}
	VPXOR(m.zero, m.zero, m.zero)
	VPCMPEQD(m.least, m.least, m.least)
	VPSLLD(Imm(31), m.least, m.sign)
	VPSLLQ(Imm(63), m.least, m.signs)
	VPSRLQ(Imm(1), m.least, m.least)
	return m
}

// make emits the keys of eight rows, and minds the least of them.
func (m *eightMaker) make(keys, rows, distances, at Register) {
	row, distance, flip, none := YMM(), YMM(), YMM(), YMM()
	VMOVUPS(Mem{Base: distances, Index: at, Scale: 4}, distance)
	const unordered = 3
	VCMPPS(Imm(unordered), distance, distance, none)
	VPOR(Mem{Base: rows, Index: at, Scale: 4}, none, row)
	VADDPS(m.zero, distance, distance) // both zeros are one
	VPSRAD(Imm(31), distance, flip)
	VPOR(m.sign, flip, flip)
	VPXOR(flip, distance, distance)
	VPOR(none, distance, distance)
	low, high := YMM(), YMM() // of each half
	VPUNPCKLDQ(distance, row, low)
	VPUNPCKHDQ(distance, row, high)
	for i, halves := range []uint64{0x20, 0x31} {
		made := YMM()
		VPERM2I128(Imm(halves), high, low, made)
		VMOVDQU(made, Mem{Base: keys, Index: at, Scale: 8, Disp: 8 * eight / 2 * i})
		m.mind(made)
	}
}

// mind emits that one of four keys is the least of all, if it is. They are lost.
func (m *eightMaker) mind(four VecVirtual) {
	less := YMM()
	VPXOR(m.signs, four, four)
	VPCMPGTQ(four, m.least, less)
	VPBLENDVB(less, four, m.least, m.least)
}

// fold emits the least of all.
func (m *eightMaker) fold() Register {
	least, other, less, result, sign := m.least.AsX(), XMM(), XMM(), GP64(), GP64()
	VEXTRACTI128(Imm(1), m.least, other)
	VPCMPGTQ(other, least, less)
	VPBLENDVB(less, other, least, least)
	const otherHalf = 0b_01_00_11_10
	VPSHUFD(Imm(otherHalf), least, other)
	VPCMPGTQ(other, least, less)
	VPBLENDVB(less, other, least, least)
	VMOVQ(least, result)
	MOVQ(U64(1<<63), sign)
	XORQ(sign, result)
	return result
}

// takeKeyFour emits the function that takes out a key, four at a time.
func takeKeyFour() {
	const four = eight / 2
	TEXT("takeKeyAVX2", NOSPLIT, "func(keys []uint64, key uint64) (at int, least uint64)")
	Doc(
		"takeKeyAVX2 sets the one of distinct keys that is key to all bits, and returns where it is, -1 if it is none of them, and the least of",
		"the others. The number of keys is a multiple of 4, above 0.",
	)
	Pragma("noescape")
	keys, end := Load(Param("keys").Base(), GP64()), Load(Param("keys").Len(), GP64())
	key, m, begin, at := YMM(), newEightMaker(), GP64(), GP64()
	VPBROADCASTQ(params.At(Param("key")), key)
	XORQ(begin, begin)
	MOVQ(I32(-1), at)
	Label("Four")
	some, same, found := YMM(), YMM(), GP64()
	place := Mem{Base: keys, Index: begin, Scale: 8}
	VMOVDQU(place, some)
	VPCMPEQQ(key, some, same)
	VPOR(same, some, some)
	VMOVDQU(some, place)
	m.mind(some)
	VMOVMSKPD(same, found.As32())
	BSFL(found.As32(), found.As32()) // sets the zero flag if there is none
	LEAQ(Mem{Base: begin, Index: found, Scale: 1}, found)
	CMOVQNE(found, at)
	ADDQ(Imm(four), begin)
	CMPQ(begin, end)
	JB(LabelRef("Four"))
	least := m.fold()
	VZEROUPPER()
	Store(at, ReturnIndex(0))
	Store(least, ReturnIndex(1))
	RET()
}
