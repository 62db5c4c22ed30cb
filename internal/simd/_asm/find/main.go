// Command find writes the function of package simd that finds the place of a key in a sorted list. Run it by go generate in the
// directory of the package.
//
// Where a search ends is as good as random, so there is no branch on it: all keys of the list are compared, and those that are less
// are counted, four in a register and what is left one by one. AVX2 compares signed numbers only, so the sign is flipped.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	find()
	unlisted()
	Generate()
}

// find emits the function that finds the place of a key in a list.
func find() {
	TEXT("findAVX2", NOSPLIT, "func(keys []uint64, key uint64) (at int, found bool)")
	Doc(
		"findAVX2 returns how many of keys are less than key, whose lowest bit is not set, and whether the one behind these is key, but",
		"for its lowest bit.",
	)
	Pragma("noescape")
	keys, count := Load(Param("keys").Base(), GP64()), Load(Param("keys").Len(), GP64())
	key, read, at := Load(Param("key"), GP64()), GP64(), GP64()
	XORQ(read, read)
	XORQ(at, at)
	sign, wanted := YMM(), YMM()
	flip, flipped := GP64(), GP64()
	MOVQ(U64(1<<63), flip)
	MOVQ(key, flipped)
	XORQ(flip, flipped)
	broadcast(flip, sign)
	broadcast(flipped, wanted)
	var less [2]VecVirtual // each counts down from zero
	for i := range less {
		less[i] = YMM()
		VPXOR(less[i], less[i], less[i])
	}

	last := GP64()
	LEAQ(Mem{Base: count, Disp: -8}, last)
	JMP(LabelRef("Vectors"))
	Label("Eight")
	for i := range less {
		four := YMM()
		VPXOR(Mem{Base: keys, Index: read, Scale: 8, Disp: 32 * i}, sign, four)
		VPCMPGTQ(four, wanted, four)
		VPADDQ(four, less[i], less[i])
	}
	ADDQ(Imm(8), read)
	Label("Vectors")
	CMPQ(read, last)
	JLE(LabelRef("Eight"))

	VPADDQ(less[1], less[0], less[0])
	half := XMM()
	VEXTRACTI128(Imm(1), less[0], half)
	VPADDQ(less[0].AsX(), half, half)
	low, high := GP64(), GP64()
	VMOVQ(half, low)
	VPEXTRQ(Imm(1), half, high)
	SUBQ(low, at)
	SUBQ(high, at)
	VZEROUPPER()

	JMP(LabelRef("Left"))
	Label("One")
	CMPQ(Mem{Base: keys, Index: read, Scale: 8}, key)
	ADCQ(Imm(0), at)
	INCQ(read)
	Label("Left")
	CMPQ(read, count)
	JLT(LabelRef("One"))

	found := GP64()
	XORQ(found, found)
	CMPQ(at, count)
	JGE(LabelRef("Return"))
	next := GP64()
	MOVQ(Mem{Base: keys, Index: at, Scale: 8}, next)
	XORQ(key, next)
	CMPQ(next, Imm(1))
	SETLS(found.As8())
	Label("Return")
	Store(at, ReturnIndex(0))
	Store(found.As8(), ReturnIndex(1))
	RET()
}

// unlisted emits the function that looks for many keys, each in a list of its own.
func unlisted() {
	TEXT("unlistedAVX2", NOSPLIT, "func(rows []uint32, keys, lists []uint64, length int) int")
	Doc(
		"unlistedAVX2 moves those of keys, and their rows, to the front that are less than the last key of the list of their row, and",
		"not in it, whatever the lowest bits of keys in lists, and returns how many they are. The lowest bits of keys are set. Lists have at",
		"least 8 keys, and there are some keys. It checks no bounds.",
	)
	Pragma("noescape")
	rows, count := Load(Param("rows").Base(), GP64()), Load(Param("rows").Len(), GP64())
	keys, lists := Load(Param("keys").Base(), GP64()), Load(Param("lists").Base(), GP64())
	size := Load(Param("length"), GP64()) // bytes of a list
	SHLQ(Imm(3), size)
	last, read, kept := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: size, Disp: -64}, last)
	XORQ(read, read)
	XORQ(kept, kept)
	lowest := YMM()
	one := GP64()
	MOVQ(U64(1), one)
	broadcast(one, lowest)

	Label("Key")
	row, list, key := GP64(), GP64(), GP64()
	MOVL(Mem{Base: rows, Index: read, Scale: 4}, row.As32())
	MOVQ(Mem{Base: keys, Index: read, Scale: 8}, key)
	MOVQ(row, list)
	IMULQ(size, list)
	ADDQ(lists, list)
	wanted := YMM()
	broadcast(key, wanted)
	var same [2]VecVirtual
	for i := range same {
		same[i] = YMM()
		VPXOR(same[i], same[i], same[i])
	}
	eight := func(offset Register) {
		for i := range same {
			four := YMM()
			VPOR(Mem{Base: list, Index: offset, Scale: 1, Disp: 32 * i}, lowest, four)
			VPCMPEQQ(four, wanted, four)
			VPOR(four, same[i], same[i])
		}
	}
	offset := GP64()
	XORQ(offset, offset)
	JMP(LabelRef("Next"))
	Label("Eight")
	eight(offset)
	ADDQ(Imm(64), offset)
	Label("Next")
	CMPQ(offset, last)
	JL(LabelRef("Eight"))
	eight(last) // some of them once more, unless they are just eight

	below, absent := GP64(), GP64()
	XORQ(below, below)
	XORQ(absent, absent)
	MOVL(row.As32(), Mem{Base: rows, Index: kept, Scale: 4})
	MOVQ(key, Mem{Base: keys, Index: kept, Scale: 8})
	CMPQ(key, Mem{Base: list, Index: last, Scale: 1, Disp: 56})
	SETCS(below.As8())
	VPOR(same[1], same[0], same[0])
	VPTEST(same[0], same[0])
	SETEQ(absent.As8())
	ANDQ(absent, below)
	ADDQ(below, kept)
	INCQ(read)
	CMPQ(read, count)
	JLT(LabelRef("Key"))
	VZEROUPPER()
	Store(kept, ReturnIndex(0))
	RET()
}

// broadcast emits a register that has a number in all lanes.
func broadcast(number Register, to VecVirtual) {
	VMOVQ(number, to.AsX())
	VPBROADCASTQ(to.AsX(), to)
}
