// Command list writes the functions of package simd that enter keys in sorted lists, and those that make keys and take one out. Run it by go
// generate in the directory of the package.
//
// With AVX-512, a list is in registers as a whole. Of a sorted list and a key x, the one with the key in its place has at each place the lesser of what
// was there and of x, if x is not less than what was before that: min(a[i], max(a[i-1], x)). So there is nothing to look for, and no branch.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	for i, number := range []string{"One", "Two", "Three", "Four"} {
		enterEight(number, i+1)
		enter(number, i+1)
	}
	enterKeys()
	makeKeysEight()
	makeKeys()
	takeKeyFour()
	takeKey()
	Generate()
}

// block is the number of names, or distances, in a register. Of keys there are half as many.
const block = 16

// enter emits the function for lists of so many blocks.
func enter(number string, blocks int) {
	TEXT("enter"+number+"AVX512", NOSPLIT, fmt.Sprintf("func(names, distances *[%d]uint32, keys []uint64)", block*blocks))
	Doc("enter" + number + "AVX512 puts keys that are not listed in their places in a sorted list.")
	Pragma("noescape")
	l := list{keys: make([]VecVirtual, 2*blocks)}
	l.read(Load(Param("names"), GP64()), Load(Param("distances"), GP64()))
	at, end := Load(Param("keys").Base(), GP64()), Load(Param("keys").Len(), GP64())
	LEAQ(Mem{Base: at, Index: end, Scale: 8}, end)
	lowest, before := l.lowest(), ZMM()
	VPXORQ(before, before, before) // comes before all keys
	JMP(LabelRef("Next"))
	Label("Key")
	key := ZMM()
	VPBROADCASTQ(Mem{Base: at}, key)
	ADDQ(Imm(8), at)
	l.ifListed(key, lowest, "Next")
	l.insert(key, before)
	Label("Next")
	CMPQ(at, end)
	JB(LabelRef("Key"))
	l.write(Load(Param("names"), GP64()), Load(Param("distances"), GP64()))
	VZEROUPPER()
	RET()
}

// list are the keys of a list, eight in a register.
type list struct{ keys []VecVirtual }

// read emits what makes keys of names and distances.
func (l *list) read(names, distances Register) {
	low, high := ZMM(), ZMM()
	VMOVDQU32(numbers("listLow", func(i int) int { return i/2 + i%2*block }), low)
	VMOVDQU32(numbers("listHigh", func(i int) int { return block/2 + i/2 + i%2*block }), high)
	for i := range len(l.keys) / 2 {
		first, second, distance := ZMM(), ZMM(), ZMM()
		VMOVDQU32(Mem{Base: names, Disp: 4 * block * i}, first)
		VMOVDQU32(Mem{Base: distances, Disp: 4 * block * i}, distance)
		VMOVDQA32(first, second)
		VPERMT2D(distance, low, first)
		VPERMT2D(distance, high, second)
		l.keys[2*i], l.keys[2*i+1] = first, second
	}
}

// lowest has the lowest bit set of each key.
func (l *list) lowest() VecVirtual {
	one, n := ZMM(), GP64()
	MOVQ(U64(1), n)
	VPBROADCASTQ(n, one)
	return one
}

// ifListed emits a jump for a key that differs from one of the list in no more than its lowest bit.
func (l *list) ifListed(key, lowest VecVirtual, to string) {
	least, same := ZMM(), K()
	for i, keys := range l.keys {
		if i == 0 {
			VPXORQ(keys, key, least)
			continue
		}
		difference := ZMM()
		VPXORQ(keys, key, difference)
		VPMINUQ(difference, least, least)
	}
	const lessOrEqual = 2
	VPCMPUQ(Imm(lessOrEqual), lowest, least, same)
	KORTESTB(same, same)
	JNZ(LabelRef(to))
}

// insert emits what puts a key in its place, from the end of the list on.
func (l *list) insert(key, before VecVirtual) {
	for i := len(l.keys) - 1; i >= 0; i-- {
		previous := before
		if i > 0 {
			previous = l.keys[i-1]
		}
		moved := ZMM()
		VALIGNQ(Imm(7), previous, l.keys[i], moved)
		VPMAXUQ(key, moved, moved)
		VPMINUQ(moved, l.keys[i], l.keys[i])
	}
}

// write emits what takes keys apart again.
func (l *list) write(names, distances Register) {
	even, odd := ZMM(), ZMM()
	VMOVDQU32(numbers("listEven", func(i int) int { return 2 * i }), even)
	VMOVDQU32(numbers("listOdd", func(i int) int { return 2*i + 1 }), odd)
	for i := len(l.keys)/2 - 1; i >= 0; i-- {
		name := ZMM()
		VMOVDQA32(l.keys[2*i], name)
		VPERMT2D(l.keys[2*i+1], even, name)
		VPERMT2D(l.keys[2*i+1], odd, l.keys[2*i])
		VMOVDQU32(name, Mem{Base: names, Disp: 4 * block * i})
		VMOVDQU32(l.keys[2*i], Mem{Base: distances, Disp: 4 * block * i})
	}
}

// defined are the constants that are there already.
var defined = map[string]Mem{}

// numbers is a block of numbers in memory.
func numbers(name string, of func(i int) int) Mem {
	if at, ok := defined[name]; ok {
		return at
	}
	defined[name] = GLOBL(name, RODATA|NOPTR)
	for i := range block {
		DATA(4*i, U32(uint32(of(i))))
	}
	return defined[name]
}
