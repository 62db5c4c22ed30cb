package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/vnni"
)

// kernel is one of the functions that are written.
type kernel struct {
	name   string
	what   string
	summed bool // of rows that have their sums in their last 8 bytes
	signed bool // add takes the query's bytes with 128 subtracted
	norm   bool // finish needs the sum of the squares of the query
	listed bool // of a query that is zero but in some blocks, which a list has and which are all that is read; add takes its bytes as they are
	round  bool // of spherical rows: double and the sum of the query's bytes are parameters

	sums int // registers to sum a row in
	// add adds the terms of 64 bytes, those of the row being at y, to the lanes of sums.
	add func(c *constants, x VecVirtual, y Mem, sums []VecVirtual)
	// join makes one register of the sums of a row, and reduce a lane for each row of these.
	join   func(sums []VecVirtual)
	reduce func(rows []VecVirtual) VecVirtual
	// finish makes the results of the lanes, with the sums of the rows and of their squares, if they have them.
	finish func(c *constants, total, sums, squares VecVirtual)
}

// constants are the registers that a kernel does not change.
type constants struct {
	sign VecVirtual // 64 bytes of 128
	norm VecVirtual // four times the sum of the squares of the query; with a list it is less 256 times its sum; of spherical rows, the most
}

var squaredL2Summed = kernel{
	name: "squaredL2U8Summed", what: "the sum of (q[j]-row[j])^2", summed: true, signed: true, norm: true,
	sums: 1, add: addProducts, reduce: vnni.AddLanes,
	finish: func(c *constants, total, sums, squares VecVirtual) {
		VPADDD(total, total, total)
		VPSLLD(Imm(8), sums, sums)
		VPADDD(sums, total, total)
		VPSUBD(total, squares, total)
		VPADDD(c.norm, total, total)
	},
}

// squaredL2Listed subtracts 128 from the bytes of rows, and not from those of the query, so that what these are zero in adds nothing.
var squaredL2Listed = kernel{
	name: "squaredL2U8Listed", what: "the sum of (q[j]-row[j])^2", summed: true, norm: true, listed: true,
	sums: 1,
	add: func(c *constants, x VecVirtual, y Mem, sums []VecVirtual) {
		signed := ZMM()
		VPXORD(y, c.sign, signed)
		vnni.DotBytes(signed, x, sums[0])
	},
	reduce: vnni.AddLanes,
	finish: func(c *constants, total, _, squares VecVirtual) {
		VPADDD(total, total, total)
		VPSUBD(total, squares, total)
		VPADDD(c.norm, total, total)
	},
}

// spherical takes 128 from the bytes of the query alone, and adds what is too much of the products, 128 for each, to the most.
var spherical = kernel{
	name: "sphericalU8", what: "double less twice the sum of (q[j]-128)*(row[j]-128), at least 0,", signed: true, round: true,
	sums: 1, add: addProducts, reduce: vnni.AddLanes,
	finish: func(c *constants, total, _, _ VecVirtual) {
		none := XMM()
		VPXORD(none, none, none)
		VPADDD(total, total, total)
		VPSUBD(total, c.norm, total)
		VPMAXSD(none, total, total)
	},
}

var dotSummed = kernel{
	name: "dotU8Summed", what: "the sum of q[j]*row[j]", summed: true, signed: true,
	sums: 1, add: addProducts, reduce: vnni.AddLanes,
	finish: func(_ *constants, total, sums, _ VecVirtual) {
		VPSLLD(Imm(7), sums, sums)
		VPADDD(sums, total, total)
	},
}

// squaredL2 adds up x*(x-128) and x*(-128), and x*(q-128) beside it. The first less twice the second is the sum of x*x less
// twice that of x*q.
var squaredL2 = kernel{
	name: "squaredL2U8", what: "the sum of (q[j]-row[j])^2", signed: true, norm: true,
	sums: 2,
	add: func(c *constants, x VecVirtual, y Mem, sums []VecVirtual) {
		row, signed := ZMM(), ZMM()
		VMOVDQU64(y, row)
		VPXORD(c.sign, row, signed)
		vnni.DotBytes(signed, row, sums[0])
		vnni.DotBytes(c.sign, row, sums[0])
		vnni.DotBytes(x, row, sums[1])
	},
	join: func(sums []VecVirtual) {
		VPSUBD(sums[1], sums[0], sums[0])
		VPSUBD(sums[1], sums[0], sums[0])
	},
	reduce: vnni.AddLanes,
	finish: func(c *constants, total, _, _ VecVirtual) { VPADDD(c.norm, total, total) },
}

var l1 = kernel{
	name: "l1U8", what: "the sum of |q[j]-row[j]|",
	sums: 1,
	add: func(_ *constants, x VecVirtual, y Mem, sums []VecVirtual) {
		eights := ZMM() // sums of eight differences each, in 64 bits
		VPSADBW(y, x, eights)
		VPADDD(eights, sums[0], sums[0])
	},
	reduce: vnni.AddLanes,
}

var largest = kernel{
	name: "maxU8", what: "the largest |q[j]-row[j]|",
	sums: 1,
	add: func(_ *constants, x VecVirtual, y Mem, sums []VecVirtual) {
		row, upper := ZMM(), ZMM()
		VMOVDQU64(y, row)
		VPMAXUB(row, x, upper)
		VPMINUB(row, x, row)
		VPSUBB(row, upper, upper)
		VPMAXUB(upper, sums[0], sums[0])
	},
	reduce: largestLanes,
}

func addProducts(_ *constants, x VecVirtual, y Mem, sums []VecVirtual) {
	row := ZMM()
	VMOVDQU64(y, row)
	vnni.DotBytes(x, row, sums[0])
}

// largestLanes emits the largest byte of each of four registers, as lanes of one.
func largestLanes(rows []VecVirtual) VecVirtual {
	total, other := vnni.Lanes(rows, VPMAXUB), XMM()
	for _, bits := range []uint64{16, 8} {
		VPSRLD(Imm(bits), total, other)
		VPMAXUB(other, total, total)
	}
	VPSLLD(Imm(24), total, total)
	VPSRLD(Imm(24), total, total)
	return total
}
