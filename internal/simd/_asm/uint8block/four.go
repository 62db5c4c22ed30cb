package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/masks"
	"github.com/vicinaldb/store/internal/simd/_asm/params"
	"github.com/vicinaldb/store/internal/simd/_asm/vnni"
)

const (
	blockBytes = 64 // a cache line, a ZMM register
	tailBytes  = 8  // the sums of a row
	side       = 4  // queries, and rows, that are taken together
)

// rowKind is what is compared.
type rowKind int

const (
	plain     rowKind = iota
	summed            // rows have their sums in their last bytes
	spherical         // codes less 128 are about as long as one another
)

// tile is the comparison of four queries with four rows.
type tile struct {
	rowKind
	queries [side]Register // addresses
	rows    [side]Register
	offset  Register // of a block
	last    Register // offset of the last block, which has the sums
	some    Register // mask of what is no sums in it
	sign    VecVirtual
	sums    [side][side]VecVirtual // of a query and a row
	norms   [side]VecVirtual       // of a row that is not summed
	most    VecVirtual             // of spherical rows: what twice the products of each query are taken from
}

// four emits the kernel of one kind of rows.
func four(kind rowKind) {
	name, more, of := "squaredL2U8FourAVX512", "squares [4]uint32, ", "the sum of the squared differences of"
	what := " Squares are the sums of the squares of the queries."
	switch kind {
	case summed:
		name, more = "squaredL2U8SummedFourAVX512", ""
		what = " The last 8 bytes of rows are their sums."
	case spherical:
		name, more, of = "sphericalU8FourAVX512", "double uint32, ", "what sphericalU8RowsAVX512 computes of"
		what = ""
	}
	TEXT(name, NOSPLIT, "func(dst []float32, base []byte, stride, length int, queries *[4]uint32, "+more+"rows []uint32, factor float64)")
	Doc(
		name+" sets dst[i*len(rows)+j] to factor times "+of+" the rows",
		"queries[i] and rows[j], which are length bytes at multiples of stride in base.",
		"The length is a multiple of 64, above 0."+what+" It checks no bounds.",
	)
	Pragma("noescape")
	t := tile{rowKind: kind, some: K(), sign: ZMM()}
	row, end := Load(Param("rows").Base(), GP64()), Load(Param("rows").Len(), GP64())
	TESTQ(end, end)
	JZ(LabelRef("Return"))
	LEAQ(Mem{Base: row, Index: end, Scale: 4, Disp: -4}, end)
	queries := Load(Param("queries"), GP64())
	for i := range t.queries {
		t.queries[i] = params.Row(Mem{Base: queries, Disp: 4 * i})
	}
	if kind == summed {
		mask := GP32()
		MOVL(U32(1<<(blockBytes/tailBytes-1)-1), mask)
		KMOVW(mask, t.some)
	}
	sign := GP32()
	MOVL(U32(0x80808080), sign)
	VPBROADCASTD(sign, t.sign)
	if kind == spherical {
		t.queryMost()
	}

	Label("Tile")
	for i := range t.rows {
		place := GP64()
		LEAQ(Mem{Base: row, Disp: 4 * i}, place)
		CMPQ(place, end)
		CMOVQHI(end, place)
		t.rows[i] = params.Row(Mem{Base: place})
	}
	t.compute()
	t.store(row, end)
	ADDQ(Imm(4*side), row)
	CMPQ(row, end)
	JBE(LabelRef("Tile"))
	VZEROUPPER()
	Label("Return")
	RET()
}

// queryMost emits, as a lane for each query, double and 256 times the sum of its bytes less 128.
func (t *tile) queryMost() {
	zero, double, less, all := ZMM(), GP32(), GP32(), XMM()
	VPXORD(zero, zero, zero)
	var sums [side]VecVirtual
	for i := range sums {
		sums[i] = ZMM()
		VPXORD(sums[i], sums[i], sums[i])
	}
	at, end := GP64(), GP64()
	XORQ(at, at)
	MOVQ(params.At(Param("length")), end)
	Label("Sum")
	for i, query := range t.queries {
		x := ZMM()
		VPSADBW(Mem{Base: query, Index: at, Scale: 1}, zero, x)
		VPADDD(x, sums[i], sums[i])
	}
	ADDQ(Imm(blockBytes), at)
	CMPQ(at, end)
	JB(LabelRef("Sum"))
	t.most = vnni.AddLanes(sums[:])
	VPSLLD(Imm(8), t.most, t.most)
	MOVL(params.At(Param("double")), double)
	MOVL(end.As32(), less)
	SHLL(Imm(15), less)
	SUBL(less, double)
	VPBROADCASTD(double, all)
	VPADDD(all, t.most, t.most)
}

// compute emits the sums of products.
func (t *tile) compute() {
	for i := range t.sums {
		for j := range t.sums[i] {
			t.sums[i][j] = ZMM()
			VPXORD(t.sums[i][j], t.sums[i][j], t.sums[i][j])
		}
	}
	for j := range t.norms {
		if t.norms[j] = ZMM(); t.rowKind == plain {
			VPXORD(t.norms[j], t.norms[j], t.norms[j])
		}
	}
	t.offset, t.last = GP64(), GP64()
	XORQ(t.offset, t.offset)
	MOVQ(params.At(Param("length")), t.last)
	SUBQ(Imm(blockBytes), t.last)
	JZ(LabelRef("Last"))
	Label("Block")
	t.block(false)
	ADDQ(Imm(blockBytes), t.offset)
	CMPQ(t.offset, t.last)
	JB(LabelRef("Block"))
	Label("Last")
	t.block(true)
}

// block emits the products of one block.
func (t *tile) block(last bool) {
	var signed [side]VecVirtual
	for i, query := range t.queries {
		signed[i] = ZMM()
		from := Mem{Base: query, Index: t.offset, Scale: 1}
		if last && t.rowKind == summed {
			VPXORQ_Z(from, t.sign, t.some, signed[i])
		} else {
			VPXORD(from, t.sign, signed[i])
		}
	}
	for j, row := range t.rows {
		unsigned := ZMM()
		VMOVDQU64(Mem{Base: row, Index: t.offset, Scale: 1}, unsigned)
		for i := range signed {
			vnni.DotBytes(signed[i], unsigned, t.sums[i][j])
		}
		if t.rowKind == plain {
			itself := ZMM()
			VPXORD(t.sign, unsigned, itself)
			vnni.DotBytes(itself, unsigned, t.norms[j])
			vnni.DotBytes(t.sign, unsigned, t.norms[j])
		}
	}
}

// store emits the distances of a tile, and the storing of those that there are.
func (t *tile) store(row, end Register) {
	left, lanes := GP64(), K()
	MOVQ(end, left)
	SUBQ(row, left)
	SHRQ(Imm(2), left)
	INCQ(left)
	masks.First(left, side, lanes)

	rest := t.rest()
	to, width := GP64(), GP64()
	MOVQ(row, to)
	SUBQ(params.At(Param("rows").Base()), to)
	ADDQ(params.At(Param("dst").Base()), to)
	MOVQ(params.At(Param("rows").Len()), width)
	factor := YMM()
	VBROADCASTSD(params.At(Param("factor")), factor)
	for i, query := range t.queries {
		total, norm, wide := vnni.AddLanes(t.sums[i][:]), XMM(), YMM()
		switch t.rowKind {
		case plain:
			VBROADCASTSS(params.At(Param("squares").Index(i)), norm)
		case summed:
			VPBROADCASTD(Mem{Base: query, Index: t.last, Scale: 1, Disp: blockBytes - tailBytes/2}, norm)
		case spherical:
			VPSHUFD(Imm(uint64(0x55*i)), t.most, norm)
		}
		VPADDD(total, total, total)
		VPSUBD(total, rest, total)
		VPADDD(norm, total, total)
		if t.rowKind == spherical {
			VPMAXSD(rest, total, total) // rest is 0
		}
		VCVTUDQ2PD(total, wide)
		VMULPD(factor, wide, wide)
		VCVTPD2PSY(wide, total)
		VMOVUPS(total, lanes, Mem{Base: to})
		LEAQ(Mem{Base: to, Index: width, Scale: 4}, to)
	}
}

// rest emits what rows add to their distances: lanes of the sum of the squares less 256 times the sum, nothing of spherical rows.
func (t *tile) rest() VecVirtual {
	switch t.rowKind {
	case plain:
		return vnni.AddLanes(t.norms[:])
	case spherical:
		none := XMM()
		VPXORD(none, none, none)
		return none
	}
	sums, squares := t.tails()
	VPSLLD(Imm(8), sums, sums)
	VPSUBD(sums, squares, squares)
	return squares
}

// tails emits the loading of the last 8 bytes of four rows: lanes of sums, and of those of squares.
func (t *tile) tails() (sums, squares VecVirtual) {
	var pairs [2]VecVirtual
	for i := range pairs {
		low, high := XMM(), XMM()
		VMOVQ(Mem{Base: t.rows[2*i], Index: t.last, Scale: 1, Disp: blockBytes - tailBytes}, low)
		VMOVQ(Mem{Base: t.rows[2*i+1], Index: t.last, Scale: 1, Disp: blockBytes - tailBytes}, high)
		VPUNPCKLQDQ(high, low, low)
		pairs[i] = low
	}
	sums, squares = XMM(), XMM()
	VSHUFPS(Imm(0x88), pairs[1], pairs[0], sums)
	VSHUFPS(Imm(0xdd), pairs[1], pairs[0], squares)
	return sums, squares
}
