package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/masks"
)

// lanes is the number of keys in a register.
const lanes = 8

// enterKeys emits the function for sorted keys that two registers hold. Behind the last of them are the greatest there can be. Eight keys at
// a time are compared with the last one, and those below it are inserted, though the first of them may leave no place for the others.
func enterKeys() {
	TEXT("enterKeysAVX512", NOSPLIT, "func(sorted, keys []uint64)")
	Doc(
		"enterKeysAVX512 puts keys in their places among at least one and at most 16 sorted ones, and drops as many from the end. It checks no",
		"bounds.",
	)
	Pragma("noescape")
	s := newSorted()
	at, left := Load(Param("keys").Base(), GP64()), Load(Param("keys").Len(), GP64())
	before := ZMM()
	VPXORQ(before, before, before) // comes before all keys
	JMP(LabelRef("Next"))

	Label("Some")
	below := s.below(at, left)
	JMP(LabelRef("Left"))
	Label("Key")
	place, key := GP64(), ZMM()
	TZCNTQ(below, place)
	BLSRQ(below, below)
	VPBROADCASTQ(Mem{Base: at, Index: place, Scale: 8}, key)
	s.insert(key, before)
	Label("Left")
	TESTQ(below, below)
	JNZ(LabelRef("Key"))
	ADDQ(Imm(8*lanes), at)
	SUBQ(Imm(lanes), left)

	Label("Next")
	CMPQ(left, Imm(0))
	JG(LabelRef("Some"))
	for i, keys := range s.keys {
		VMOVDQU64(keys, s.there[i], Mem{Base: s.at, Disp: 8 * lanes * i})
	}
	VZEROUPPER()
	RET()
}

// sorted are the keys that others enter.
type sorted struct {
	list
	at    Register
	there []Register // which lanes are keys
	last  VecVirtual // where the last key is, in each lane
}

// newSorted emits the loading of the keys.
func newSorted() *sorted {
	s := &sorted{at: Load(Param("sorted").Base(), GP64()), last: ZMM()}
	count, last := GP64(), GP64()
	Load(Param("sorted").Len(), count)
	LEAQ(Mem{Base: count, Disp: -1}, last)
	VPBROADCASTQ(last, s.last)
	low, high := K(), K()
	masks.First(count, 2*lanes, low)
	KSHIFTRW(Imm(lanes), low, high)
	s.there = []Register{low, high}
	for i, there := range s.there {
		keys := ZMM()
		VPTERNLOGD(Imm(0xff), keys, keys, keys)
		VMOVDQU64(Mem{Base: s.at, Disp: 8 * lanes * i}, there, keys)
		s.keys = append(s.keys, keys)
	}
	return s
}

// below emits a mask of those of the next keys that are below the last one.
func (s *sorted) below(at, left Register) Register {
	count, there, keys, last := GP64(), K(), ZMM(), ZMM()
	MOVQ(left, count)
	masks.First(count, lanes, there)
	VMOVDQU64_Z(Mem{Base: at}, there, keys)
	VMOVDQA64(s.last, last)
	VPERMI2Q(s.keys[1], s.keys[0], last)
	const less = 1
	VPCMPUQ(Imm(less), last, keys, there, there)
	KMOVB(there, count.As32())
	return count
}

// makeKeys emits the function that makes keys of distances and rows, sixteen at a time.
func makeKeys() {
	TEXT("makeKeysAVX512", NOSPLIT, "func(keys []uint64, rows []uint32, distances []float32) (least uint64)")
	Doc(
		"makeKeysAVX512 sets keys[i] to the sortable bits of distances[i] above rows[i], or all bits where that is NaN, and returns the least",
		"key. It checks no bounds.",
	)
	Pragma("noescape")
	keys, rows, distances := Load(Param("keys").Base(), GP64()), Load(Param("rows").Base(), GP64()), Load(Param("distances").Base(), GP64())
	left := Load(Param("rows").Len(), GP64())
	m := newMaker()
	JMP(LabelRef("Next"))
	Label("Block")
	count, there := GP64(), K()
	MOVQ(left, count)
	masks.First(count, block, there)
	low, high := m.make(Mem{Base: rows}, Mem{Base: distances}, there)
	VMOVDQU64(low, there, Mem{Base: keys})
	KSHIFTRW(Imm(lanes), there, there)
	VMOVDQU64(high, there, Mem{Base: keys, Disp: 8 * lanes})
	ADDQ(Imm(8*block), keys)
	ADDQ(Imm(4*block), rows)
	ADDQ(Imm(4*block), distances)
	SUBQ(Imm(block), left)
	Label("Next")
	CMPQ(left, Imm(0))
	JG(LabelRef("Block"))
	least := m.fold()
	VZEROUPPER()
	Store(least, ReturnIndex(0))
	RET()
}

// maker is what keys are made with.
type maker struct{ zero, sign, low, high, least VecVirtual }

func newMaker() *maker {
	m := &maker{zero: ZMM(), sign: ZMM(), low: ZMM(), high: ZMM(), least: ZMM()}
	VPXORD(m.zero, m.zero, m.zero)
	sign := GP32()
	MOVL(U32(1<<31), sign)
	VPBROADCASTD(sign, m.sign)
	VMOVDQU32(numbers("listLow", func(i int) int { return i/2 + i%2*block }), m.low)
	VMOVDQU32(numbers("listHigh", func(i int) int { return block/2 + i/2 + i%2*block }), m.high)
	VPTERNLOGD(Imm(0xff), m.least, m.least, m.least)
	return m
}

// make emits the keys of a block of rows, and minds the least of them. Those that are not there are the greatest there can be.
func (m *maker) make(rows, distances Mem, there Register) (low, high VecVirtual) {
	row, distance, flip := ZMM(), ZMM(), ZMM()
	none := K()
	VMOVDQU32_Z(rows, there, row)
	VMOVDQU32_Z(distances, there, distance)
	const ordered = 7
	VCMPPS(Imm(ordered), distance, distance, there, none)
	KNOTW(none, none)
	VADDPS(m.zero, distance, distance) // both zeros are one
	VPSRAD(Imm(31), distance, flip)
	VPORD(m.sign, flip, flip)
	VPXORD(flip, distance, distance)
	VPTERNLOGD(Imm(0xff), distance, distance, none, distance)
	VPTERNLOGD(Imm(0xff), row, row, none, row)
	low, high = ZMM(), row
	VMOVDQA32(row, low)
	VPERMT2D(distance, m.low, low)
	VPERMT2D(distance, m.high, high)
	VPMINUQ(low, m.least, m.least)
	VPMINUQ(high, m.least, m.least)
	return low, high
}

// fold emits the least of all.
func (m *maker) fold() Register {
	upper, least := ZMM(), GP64()
	VEXTRACTI64X4(Imm(1), m.least, upper.AsY())
	VPMINUQ(upper.AsY(), m.least.AsY(), m.least.AsY())
	VEXTRACTI128(Imm(1), m.least.AsY(), upper.AsX())
	VPMINUQ(upper.AsX(), m.least.AsX(), m.least.AsX())
	const otherHalf = 0b_01_00_11_10
	VPSHUFD(Imm(otherHalf), m.least.AsX(), upper.AsX())
	VPMINUQ(upper.AsX(), m.least.AsX(), m.least.AsX())
	VMOVQ(m.least.AsX(), least)
	return least
}

// takeKey emits the function that takes out a key, eight at a time. Those that are not there are the greatest there can be.
func takeKey() {
	TEXT("takeKeyAVX512", NOSPLIT, "func(keys []uint64, key uint64) (at int, least uint64)")
	Doc(
		"takeKeyAVX512 sets the one of distinct keys that is key to all bits, and returns where it is, -1 if it is none of them, and the least",
		"of the others. It checks no bounds.",
	)
	Pragma("noescape")
	keys, left := Load(Param("keys").Base(), GP64()), Load(Param("keys").Len(), GP64())
	key, most, m := ZMM(), ZMM(), &maker{least: ZMM()}
	VPBROADCASTQ(Load(Param("key"), GP64()), key)
	VPTERNLOGD(Imm(0xff), most, most, most)
	VMOVDQA64(most, m.least)
	begin, at := GP64(), GP64()
	XORQ(begin, begin)
	MOVQ(I32(-1), at)
	JMP(LabelRef("Next"))
	Label("Eight")
	count, there, same, some := GP64(), K(), K(), ZMM()
	MOVQ(left, count)
	masks.First(count, lanes, there)
	place := Mem{Base: keys, Index: begin, Scale: 8}
	VMOVDQA64(most, some)
	VMOVDQU64(place, there, some)
	VPCMPEQQ(key, some, there, same)
	VMOVDQU64(most, same, place)
	VMOVDQA64(most, same, some)
	VPMINUQ(some, m.least, m.least)
	found := GP64()
	KMOVB(same, found.As32())
	TZCNTL(found.As32(), found.As32())
	ADDQ(begin, found)
	KTESTB(same, same)
	CMOVQNE(found, at)
	ADDQ(Imm(lanes), begin)
	SUBQ(Imm(lanes), left)
	Label("Next")
	CMPQ(left, Imm(0))
	JG(LabelRef("Eight"))
	least := m.fold()
	VZEROUPPER()
	Store(at, ReturnIndex(0))
	Store(least, ReturnIndex(1))
	RET()
}
