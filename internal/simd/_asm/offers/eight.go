package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/masks"
)

// introduceEight emits the function that offers a row to others and them to it where lanes cannot be compressed. Eight distances are
// taken at a time, and for every mask of eight lanes a table has the permutation that moves them to the front.
func introduceEight() {
	TEXT("introduceAVX2", NOSPLIT, "func(places, names, distances, rows []uint32, values, limits []float32, at int) int")
	Doc(
		"introduceAVX2 puts offers of the first row to the others, and of them to it, into places, names and distances, and returns how",
		"many they are. It writes eight numbers at a time, and checks no bounds.",
	)
	Pragma("noescape")
	left := Load(Param("values").Len(), GP64())
	e := newEights()
	SUBQ(Imm(8), left)
	JL(LabelRef("Rest"))
	Label("Eight")
	e.introduce(nil)
	for _, p := range []Register{e.values, e.limits, e.rows} {
		ADDQ(Imm(32), p)
	}
	SUBQ(Imm(8), left)
	JGE(LabelRef("Eight"))

	Label("Rest")
	ADDQ(Imm(8), left)
	JZ(LabelRef("Done"))
	there := YMM()
	VMOVD(left.(GPVirtual).As32(), there.AsX())
	VPBROADCASTD(there.AsX(), there)
	VPCMPGTD(counting(), there, there)
	e.introduce(there)
	Label("Done")
	VZEROUPPER()
	Store(e.kept, ReturnIndex(0))
	RET()
}

// eights are what offers are made of, eight at a time.
type eights struct {
	rows, values, limits     Register
	at, row, limit           VecVirtual // those of the row that is offered
	place                    VecVirtual // of the next eight
	eight, one, sign, zero   VecVirtual
	places, names, distances Register // where offers are put
	kept, orders             Register
}

// newEights emits the loading of the parameters.
func newEights() *eights {
	e := &eights{at: YMM(), row: YMM(), limit: YMM(), place: YMM(), zero: YMM(), kept: GP64(), orders: GP64()}
	e.places, e.names = Load(Param("places").Base(), GP64()), Load(Param("names").Base(), GP64())
	e.distances, e.rows = Load(Param("distances").Base(), GP64()), Load(Param("rows").Base(), GP64())
	e.values, e.limits = Load(Param("values").Base(), GP64()), Load(Param("limits").Base(), GP64())
	XORQ(e.kept, e.kept)
	LEAQ(masks.Fronts("offersOrders"), e.orders)
	at := GP64()
	Load(Param("at"), at)
	VMOVD(at.As32(), e.at.AsX())
	VPBROADCASTD(e.at.AsX(), e.at)
	VPBROADCASTD(Mem{Base: e.rows}, e.row)
	VBROADCASTSS(Mem{Base: e.limits}, e.limit)
	e.eight, e.one, e.sign = eightOf(8), eightOf(1), eightOf(1<<31)
	VPXOR(e.zero, e.zero, e.zero)
	VPADDD(counting(), e.at, e.place)
	VPADDD(e.one, e.place, e.place)
	return e
}

// introduce emits the offers of the next eight, or of those lanes that are there.
func (e *eights) introduce(there VecVirtual) {
	value, most, twice := YMM(), YMM(), YMM()
	load := func(at Register, disp int, lanes VecVirtual) {
		if there == nil {
			VMOVDQU(Mem{Base: at, Disp: disp}, lanes)
		} else {
			VPMASKMOVD(Mem{Base: at, Disp: disp}, there, lanes)
		}
	}
	load(e.values, 0, value)
	load(e.limits, 4, most)
	load(e.rows, 4, twice)
	own, others := YMM(), most
	VCMPPS(Imm(lessOrEqual), e.limit, value, own)
	VCMPPS(Imm(lessOrEqual), most, value, others)
	if there != nil {
		VPAND(there, own, own)
		VPAND(there, others, others)
	}
	VPSUBD(e.row, twice, twice)
	VPADDD(twice, twice, twice)
	flip := YMM()
	VADDPS(e.zero, value, value) // both zeros become one
	VPSRAD(Imm(31), value, flip)
	VPOR(e.sign, flip, flip)
	VPXOR(flip, value, value)
	name := YMM()
	VPADDD(e.one, twice, name)
	e.add(e.at, false, name, value, own)
	VPSUBD(twice, e.one, name)
	e.add(e.place, true, name, value, others)
	VPADDD(e.eight, e.place, e.place)
}

// add emits the offers of some lanes. Places differ, or are all the same.
func (e *eights) add(place VecVirtual, differ bool, name, distance, lanes VecVirtual) {
	mask, order := GP64(), YMM()
	VMOVMSKPS(lanes, mask.As32())
	VPMOVZXBD(Mem{Base: e.orders, Index: mask, Scale: 8}, order)
	front := func(lanes VecVirtual) VecVirtual {
		moved := YMM()
		VPERMD(lanes, order, moved)
		return moved
	}
	if differ {
		place = front(place)
	}
	VMOVDQU(place, Mem{Base: e.places, Index: e.kept, Scale: 4})
	VMOVDQU(front(name), Mem{Base: e.names, Index: e.kept, Scale: 4})
	VMOVDQU(front(distance), Mem{Base: e.distances, Index: e.kept, Scale: 4})
	POPCNTL(mask.As32(), mask.As32())
	ADDQ(mask, e.kept)
}

// eightOf has a number in all lanes.
func eightOf(number uint32) VecVirtual {
	lanes, n := YMM(), GP32()
	MOVL(U32(number), n)
	VMOVD(n, lanes.AsX())
	VPBROADCASTD(lanes.AsX(), lanes)
	return lanes
}
