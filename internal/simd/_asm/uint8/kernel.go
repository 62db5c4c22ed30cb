package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/constants"
)

// kernel is one of the functions that are written.
type kernel struct {
	name   string
	what   string
	summed bool // of rows that have their sums in their last 8 bytes

	// prepare makes of 32 bytes of the query what add takes.
	prepare func(x, zero VecVirtual) []VecVirtual
	// add adds the terms of 32 bytes, those of the row being at y, to the lanes of sum.
	add func(x []VecVirtual, y Mem, sum, zero VecVirtual)
	// reduce makes the lanes of sum one number, in the lowest 32 bits.
	reduce func(sum VecVirtual)
	// finish, if there is one, makes a result of that number and the sum of the squares in the last 4 bytes of query and row.
	finish func(total Register, query, row Mem)
}

var squaredL2 = kernel{
	name:    "squaredL2U8",
	what:    "the sum of (q[j]-row[j])^2",
	prepare: unchanged,
	add: func(x []VecVirtual, y Mem, sum, zero VecVirtual) {
		low, high := YMM(), difference(x[0], y)
		VPUNPCKLBW(zero, high, low)
		VPUNPCKHBW(zero, high, high)
		VPMADDWD(low, low, low)
		VPMADDWD(high, high, high)
		VPADDD(low, sum, sum)
		VPADDD(high, sum, sum)
	},
	reduce: addWords,
}

var dotSummed = kernel{
	name:    "dotU8Summed",
	what:    "the sum of q[j]*row[j]",
	summed:  true,
	prepare: widen,
	add:     addProducts,
	reduce:  addWords,
}

var squaredL2Summed = kernel{
	name:    "squaredL2U8Summed",
	what:    "the sum of (q[j]-row[j])^2",
	summed:  true,
	prepare: widen,
	add:     addProducts,
	reduce:  addWords,
	finish: func(total Register, query, row Mem) {
		ADDL(total, total)
		NEGL(total)
		ADDL(query, total)
		ADDL(row, total)
	},
}

// centeredQuery takes 128 from the bytes of the query alone. What that is too much, 128 times the sum of what is left of them, is the same
// for all rows.
var centeredQuery = kernel{
	name: "centeredQueryDotU8",
	what: "the sum of (q[j]-128)*row[j]",
	prepare: func(x, zero VecVirtual) []VecVirtual {
		words := widen(x, zero)
		for _, of := range words {
			VPSUBW(constants.Centers("uint8Center"), of, of)
		}
		return words
	},
	add:    addProducts,
	reduce: addWords,
}

// widen emits the words of 32 bytes.
func widen(x, zero VecVirtual) []VecVirtual {
	low := YMM()
	VPUNPCKLBW(zero, x, low)
	VPUNPCKHBW(zero, x, x)
	return []VecVirtual{low, x}
}

func addProducts(x []VecVirtual, y Mem, sum, zero VecVirtual) {
	low, high := YMM(), YMM()
	VMOVDQU(y, high)
	VPUNPCKLBW(zero, high, low)
	VPUNPCKHBW(zero, high, high)
	VPMADDWD(x[0], low, low)
	VPMADDWD(x[1], high, high)
	VPADDD(low, sum, sum)
	VPADDD(high, sum, sum)
}

var l1 = kernel{
	name:    "l1U8",
	what:    "the sum of |q[j]-row[j]|",
	prepare: unchanged,
	add: func(x []VecVirtual, y Mem, sum, _ VecVirtual) {
		sums := YMM() // of eight differences each, in 64 bits
		VPSADBW(y, x[0], sums)
		VPADDD(sums, sum, sum)
	},
	reduce: addWords,
}

var largest = kernel{
	name:    "maxU8",
	what:    "the largest |q[j]-row[j]|",
	prepare: unchanged,
	add: func(x []VecVirtual, y Mem, sum, _ VecVirtual) {
		VPMAXUB(difference(x[0], y), sum, sum)
	},
	reduce: func(sum VecVirtual) {
		largest, other := sum.AsX(), XMM()
		VEXTRACTI128(Imm(1), sum, other)
		VPMAXUB(other, largest, largest)
		for _, bytes := range []uint64{8, 4, 2, 1} {
			VPSRLDQ(Imm(bytes), largest, other)
			VPMAXUB(other, largest, largest)
		}
		VPSLLD(Imm(24), largest, largest)
		VPSRLD(Imm(24), largest, largest)
	},
}

func unchanged(x, _ VecVirtual) []VecVirtual { return []VecVirtual{x} }

// difference emits |x-y| of 32 bytes.
func difference(x VecVirtual, y Mem) VecVirtual {
	d, other := YMM(), YMM()
	VMOVDQU(y, other)
	VPSUBUSB(other, x, d)
	VPSUBUSB(x, other, other)
	VPOR(other, d, d)
	return d
}

// addWords emits the sum of eight lanes of 32 bits.
func addWords(sum VecVirtual) {
	total, other := sum.AsX(), XMM()
	VEXTRACTI128(Imm(1), sum, other)
	VPADDD(other, total, total)
	for _, order := range []uint64{0x4e, 0xb1} { // the other half, then the other lane
		VPSHUFD(Imm(order), total, other)
		VPADDD(other, total, total)
	}
}
