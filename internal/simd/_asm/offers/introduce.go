package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const lessOrEqual = 2 // of floats: false if either is NaN

// introduce emits the function that offers rows to those behind each, and them to it. Of sixteen distances those that are near enough to
// the row come first, then those that are near enough to the others.
func introduce() {
	TEXT("introduceAVX512", NOSPLIT, "func(places, names, distances, rows []uint32, values, limits []float32, at, count int) int")
	Doc(
		"introduceAVX512 puts offers of the first rows, so many, to those behind each, and of them to it, into places, names and distances,",
		"and returns how many offers they are. It writes sixteen numbers at a time, and checks no bounds.",
	)
	Pragma("noescape")
	o := offers{kept: GP64(), number: GP64()}
	XORQ(o.kept, o.kept)
	o.places, o.names = Load(Param("places").Base(), GP64()), Load(Param("names").Base(), GP64())
	o.distances = Load(Param("distances").Base(), GP64())
	rows, others := Load(Param("rows").Base(), GP64()), Load(Param("rows").Len(), GP64())
	values, limits := Load(Param("values").Base(), GP64()), Load(Param("limits").Base(), GP64())
	width, count := GP64(), Load(Param("count"), GP64())
	MOVQ(others, width)
	SHLQ(Imm(2), width)
	DECQ(others)
	at, first, sixteen, one, sign, zero := ZMM(), ZMM(), constant(16), constant(1), constant(1<<31), ZMM()
	VPXORD(zero, zero, zero)
	VPBROADCASTD(Load(Param("at"), GP64()).(GPVirtual).As32(), at)
	VPADDD(counting(), at, first)
	VPADDD(one, first, first)
	JMP(LabelRef("NextRow"))

	Label("Row")
	row, limit, place, done, left := ZMM(), ZMM(), ZMM(), GP64(), GP64()
	VPBROADCASTD(Mem{Base: rows}, row)
	VBROADCASTSS(Mem{Base: limits}, limit)
	VMOVDQA32(first, place)
	XORQ(done, done)
	MOVQ(others, left)
	JMP(LabelRef("Next"))

	Label("Sixteen")
	introduceSixteen(&o, lanes{rows, values, limits, done}, firstLanes(left), from{at, row, limit, place}, constants{one, sign, zero})
	VPADDD(sixteen, place, place)
	ADDQ(Imm(16), done)
	SUBQ(Imm(16), left)
	Label("Next")
	CMPQ(left, Imm(0))
	JG(LabelRef("Sixteen"))

	ADDQ(width, values) // a row of values, and one of them more, since there is one row less behind the next
	ADDQ(Imm(4), rows)
	ADDQ(Imm(4), limits)
	DECQ(others)
	VPADDD(one, at, at)
	VPADDD(one, first, first)
	Label("NextRow")
	DECQ(count)
	JGE(LabelRef("Row"))
	VZEROUPPER()
	Store(o.kept, ReturnIndex(0))
	RET()
}

// lanes are where the next sixteen are: how many of the rows behind a row are done, and the rows, their values and limits.
type lanes struct{ rows, values, limits, done Register }

// from are the row that is offered in all lanes: its place, the row and its limit, and the places of the next sixteen.
type from struct{ at, row, limit, place VecVirtual }

// constants are what sixteen need all the time.
type constants struct{ one, sign, zero VecVirtual }

// introduceSixteen emits the offers of the next sixteen, of those lanes that are there.
func introduceSixteen(o *offers, l lanes, there Register, f from, c constants) {
	value, most, other, offset := ZMM(), ZMM(), ZMM(), ZMM()
	VMOVUPS_Z(Mem{Base: l.values, Index: l.done, Scale: 4}, there, value)
	VMOVUPS_Z(Mem{Base: l.limits, Index: l.done, Scale: 4, Disp: 4}, there, most)
	VMOVDQU32_Z(Mem{Base: l.rows, Index: l.done, Scale: 4, Disp: 4}, there, other)
	own, toThem := K(), K()
	VCMPPS(Imm(lessOrEqual), f.limit, value, there, own)
	VCMPPS(Imm(lessOrEqual), most, value, there, toThem)
	distance := sortable(value, c.zero, c.sign)
	VPSUBD(f.row, other, offset)
	o.add(f.at, false, offset, c.one, distance, own)
	VPSUBD(other, f.row, offset)
	o.add(f.place, true, offset, c.one, distance, toThem)
}

// firstLanes are as many lanes as are left, at most all.
func firstLanes(left Register) Register {
	n, most, lanes, there := GP64(), GP64(), GP64(), K()
	MOVQ(left, n)
	MOVQ(U64(16), most)
	CMPQ(n, most)
	CMOVQGT(most, n)
	MOVQ(U64(1<<16-1), lanes)
	BZHIQ(n, lanes, n)
	KMOVW(n.As32(), there)
	return there
}

// sortable emits the bits that sort like distances.
func sortable(value, zero, sign VecVirtual) VecVirtual {
	distance, flip := ZMM(), ZMM()
	VADDPS(zero, value, distance) // both zeros become one
	VPSRAD(Imm(31), distance, flip)
	VPORD(sign, flip, flip)
	VPXORD(flip, distance, distance)
	return distance
}

// offers are where they are put.
type offers struct {
	places, names, distances Register
	kept, number             GPVirtual
}

// add emits the offers of some lanes. Places differ, or are all the same.
func (o *offers) add(place VecVirtual, differ bool, offset, one, distance VecVirtual, lanes Register) {
	name := ZMM()
	VPSLLD(Imm(1), offset, name)
	VPORD(one, name, name)
	VPCOMPRESSD_Z(name, lanes, name)
	near := ZMM()
	VPCOMPRESSD_Z(distance, lanes, near)
	if differ {
		compressed := ZMM()
		VPCOMPRESSD_Z(place, lanes, compressed)
		place = compressed
	}
	VMOVDQU32(place, Mem{Base: o.places, Index: o.kept, Scale: 4})
	VMOVDQU32(name, Mem{Base: o.names, Index: o.kept, Scale: 4})
	VMOVDQU32(near, Mem{Base: o.distances, Index: o.kept, Scale: 4})
	KMOVW(lanes, o.number.As32())
	POPCNTL(o.number.As32(), o.number.As32())
	ADDQ(o.number, o.kept)
}

// constant has a number in all lanes.
func constant(number uint32) VecVirtual {
	lanes, n := ZMM(), GP32()
	MOVL(U32(number), n)
	VPBROADCASTD(n, lanes)
	return lanes
}

// counting is the numbers from 0 to 15.
func counting() Mem {
	if numbers.Base == nil {
		numbers = GLOBL("offersCounting", RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(i))
		}
	}
	return numbers
}

var numbers Mem // those of counting, which are there once
