package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
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
	count, all := Load(Param("sorted").Len(), GP64()), GP64()
	MOVQ(I32(-1), all)
	BZHIQ(count, all, all)
	DECQ(count)
	VPBROADCASTQ(count, s.last)
	for i := range 2 {
		keys, there := ZMM(), K()
		KMOVB(all.(GPVirtual).As32(), there)
		SHRQ(Imm(lanes), all)
		VPTERNLOGD(Imm(0xff), keys, keys, keys)
		VMOVDQU64(Mem{Base: s.at, Disp: 8 * lanes * i}, there, keys)
		s.keys, s.there = append(s.keys, keys), append(s.there, there)
	}
	return s
}

// below emits a mask of those of the next keys that are below the last one.
func (s *sorted) below(at, left Register) Register {
	some, mask, there, keys, last := GP64(), GP64(), K(), ZMM(), ZMM()
	MOVQ(U32(lanes), some)
	CMPQ(left, some)
	CMOVQLT(left, some)
	MOVQ(I32(-1), mask)
	BZHIQ(some, mask, mask)
	KMOVB(mask.As32(), there)
	VMOVDQU64_Z(Mem{Base: at}, there, keys)
	VMOVDQA64(s.last, last)
	VPERMI2Q(s.keys[1], s.keys[0], last)
	const less = 1
	VPCMPUQ(Imm(less), last, keys, there, there)
	KMOVB(there, mask.As32())
	return mask
}
