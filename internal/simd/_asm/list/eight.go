package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// eight is the number of names, or distances, in a register of AVX2.
const eight = 8

// enterEight emits the function for lists of so many blocks with AVX2, which has no minimum of keys. Distances enter as keys do. How many
// of them are not less than that of the key tells which names move.
func enterEight(number string, blocks int) {
	TEXT("enter"+number+"AVX2", NOSPLIT, fmt.Sprintf("func(names, distances *[%d]uint32, keys []uint64)", block*blocks))
	Doc("enter" + number + "AVX2 puts keys that are not listed in their places in a sorted list.")
	Pragma("noescape")
	e := newEights(block * blocks)
	at, end := Load(Param("keys").Base(), GP64()), Load(Param("keys").Len(), GP64())
	LEAQ(Mem{Base: at, Index: end, Scale: 8}, end)
	JMP(LabelRef("Next"))

	Label("Key")
	distance := YMM()
	VPBROADCASTD(Mem{Base: at, Disp: 4}, distance)
	ADDQ(Imm(8), at)
	behind := e.behind(distance, "Equal")
	Label("Insert")
	name := YMM()
	VPBROADCASTD(Mem{Base: at, Disp: -8}, name)
	e.insert(name, distance, behind)
	Label("Next")
	CMPQ(at, end)
	JB(LabelRef("Key"))
	e.write()
	VZEROUPPER()
	RET()

	Label("Equal")
	e.write()
	e.passEqual(Mem{Base: at, Disp: -8}, behind)
}

// eights are a list, eight distances in a register, and names too if there are registers for all of them.
type eights struct {
	length           int
	names, distances Register
	moving           Register // where insert finds which lanes move
	lanes, held      []VecVirtual
}

// heldLength is the length up to which names are in registers.
const heldLength = 32

// newEights emits the loading of a list.
func newEights(length int) *eights {
	e := &eights{length: length, names: Load(Param("names"), GP64()), distances: Load(Param("distances"), GP64()), moving: GP64()}
	LEAQ(moving(length), e.moving)
	for i := range length / eight {
		lanes := YMM()
		VMOVDQU(Mem{Base: e.distances, Disp: 4 * eight * i}, lanes)
		e.lanes = append(e.lanes, lanes)
		if length <= heldLength {
			names := YMM()
			VMOVDQU(e.namesAt(i), names)
			e.held = append(e.held, names)
		}
	}
	return e
}

// namesAt is where the names of a register of distances are.
func (e *eights) namesAt(i int) Mem { return Mem{Base: e.names, Disp: 4 * eight * i} }

// behind emits the number of distances that are not less than one, and a jump if some are equal to it.
func (e *eights) behind(distance VecVirtual, equal string) GPVirtual {
	count, equals := GP64(), YMM()
	VPXOR(equals, equals, equals)
	for i := 0; i < len(e.lanes); i += 4 {
		four, bits := e.lanes[i:min(i+4, len(e.lanes))], GP64()
		packed := e.notLess(four[:2], distance, equals)
		if len(four) > 2 {
			VPACKSSWB(e.notLess(four[2:], distance, equals), packed, packed)
		}
		VPMOVMSKB(packed, bits.As32())
		POPCNTL(bits.As32(), bits.As32())
		if len(four) == 2 {
			SHRL(Imm(1), bits.As32()) // there are two of each lane
		}
		if i > 0 {
			ADDQ(count, bits)
		}
		count = bits
	}
	VPTEST(equals, equals)
	JNZ(LabelRef(equal))
	return count
}

// notLess emits words that tell, in whatever order, which of the lanes of two registers are not less than a distance, and notes equal ones.
func (e *eights) notLess(two []VecVirtual, distance, equals VecVirtual) VecVirtual {
	first, second := YMM(), YMM()
	for i, to := range []VecVirtual{first, second} {
		same := YMM()
		VPCMPEQD(distance, two[i], same)
		VPOR(same, equals, equals)
		VPMAXUD(distance, two[i], to)
		VPCMPEQD(two[i], to, to)
	}
	VPACKSSDW(second, first, first)
	return first
}

// passEqual emits the search for the place of a key among equal distances, by names: those that come before it are not behind it. It ends
// with jumps to where the key is inserted or, if it is listed, left out. The list is in memory.
func (e *eights) passEqual(key Mem, behind GPVirtual) {
	at, name, distance := GP64(), GP32(), GP32()
	MOVL(key, name)
	ORL(Imm(1), name)
	MOVL(key.Offset(4), distance)
	MOVQ(U32(e.length), at)
	SUBQ(behind, at)
	Label("Pass")
	CMPQ(at, Imm(uint64(e.length)))
	JE(LabelRef("Next"))
	CMPL(distance, Mem{Base: e.distances, Index: at, Scale: 4})
	JNE(LabelRef("Insert"))
	other := GP32()
	MOVL(Mem{Base: e.names, Index: at, Scale: 4}, other)
	ORL(Imm(1), other)
	CMPL(other, name)
	JE(LabelRef("Next")) // it is listed
	JA(LabelRef("Insert"))
	INCQ(at)
	DECQ(behind)
	JMP(LabelRef("Pass"))
}

// insert emits what puts a key in its place before so many others, from the end of the list on: no name is overwritten before it is where
// it belongs.
func (e *eights) insert(name, distance VecVirtual, behind Register) {
	last := len(e.lanes) - 1
	names := e.loadNames(last)
	for i := last; i >= 0; i-- {
		var namesBefore, before VecVirtual
		if i > 0 {
			namesBefore, before = e.loadNames(i-1), e.lanes[i-1]
		}
		moved, enters, moves := YMM(), YMM(), YMM() // the first lane that moves is the one that the key enters
		VMOVDQU(Mem{Base: e.moving, Index: behind, Scale: 4, Disp: 4 * eight * i}, enters)
		VMOVDQU(Mem{Base: e.moving, Index: behind, Scale: 4, Disp: 4*eight*i - 4}, moves)
		shift(namesBefore, names, moved)
		VPBLENDVB(moves, moved, name, moved)
		VPBLENDVB(enters, moved, names, names)
		if e.held == nil {
			VMOVDQU(names, e.namesAt(i))
		}
		names = namesBefore
		shift(before, e.lanes[i], moved)
		VPMAXUD(distance, moved, moved)
		VPMINUD(moved, e.lanes[i], e.lanes[i])
	}
}

// loadNames has names in a register.
func (e *eights) loadNames(i int) VecVirtual {
	if e.held != nil {
		return e.held[i]
	}
	names := YMM()
	VMOVDQU(e.namesAt(i), names)
	return names
}

// shift emits what moves lanes on by one. The first comes from the register before, or is 0 if there is none.
func shift(before, lanes, moved VecVirtual) {
	const zeroThenLow, highThenLow = 0x08, 0x03
	if before == nil {
		VPERM2I128(Imm(zeroThenLow), lanes, lanes, moved)
	} else {
		VPERM2I128(Imm(highThenLow), before, lanes, moved)
	}
	VPALIGNR(Imm(12), moved, lanes, moved)
}

// write emits the storing of what is in registers, names from the end of the list on.
func (e *eights) write() {
	for i := len(e.lanes) - 1; i >= 0; i-- {
		if e.held != nil {
			VMOVDQU(e.held[i], e.namesAt(i))
		}
		VMOVDQU(e.lanes[i], Mem{Base: e.distances, Disp: 4 * eight * i})
	}
}

// moving is a place in a table of lanes that begins with zeros and goes on with such that have all bits set: from there on are as many
// zeros as a list has names, and one more is before it. So from n lanes further on, the last n lanes of a list are set.
func moving(length int) Mem {
	const most = 64
	if zerosAndOnes.Base == nil {
		zerosAndOnes = GLOBL("listMoving", RODATA|NOPTR)
		for i := range 1 + 2*most {
			DATA(4*i, I32(-(i / (most + 1))))
		}
	}
	return zerosAndOnes.Offset(4 * (1 + most - length))
}

var zerosAndOnes Mem
