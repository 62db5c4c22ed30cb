package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/params"
	"github.com/vicinaldb/store/internal/simd/_asm/vnni"
)

const (
	blockBytes = 64 // a cache line, a ZMM register
	tailBytes  = 8  // of a summed row
	group      = 4  // rows that are taken together
)

// rows emits a kernel: the form that stores all results, or the one that keeps those within a limit.
func rows(k kernel, within bool) {
	begin(k, within)
	w := newWalk(k, within)
	w.constants()
	if !within {
		w.first()
	}
	Label("Group")
	end := GP64()
	LEAQ(Mem{Base: w.row, Disp: 4 * (group - 1)}, end)
	CMPQ(end, w.last)
	JA(LabelRef("Rest"))
	w.group("full", true)
	JMP(LabelRef("Group"))
	Label("Rest")
	CMPQ(w.row, w.last)
	JA(LabelRef("Done"))
	w.group("rest", false)
	Label("Done")
	VZEROUPPER()
	Label("Return")
	if within {
		Store(w.kept, ReturnIndex(0))
	}
	RET()
}

// begin emits the head of a function.
func begin(k kernel, within bool) {
	name, more := k.name+"RowsAVX512", ""
	var doc []string
	length := []string{"The length of q is a multiple of 64, above 0."}
	if k.summed {
		length[0] += " The last 8 bytes of q and of rows are their sums."
	}
	if k.listed {
		more = "blocks []uint32, "
		length = append(length, "q has zeros outside of the 64 bytes at each of blocks, the last of which are its last.")
	}
	if k.round {
		more = "sum, double uint32, "
		length = append(length, "Sum is that of its bytes.")
	}
	if within {
		name = k.name + "WithinAVX512"
		TEXT(name, NOSPLIT, "func(dst, rows []uint32, q, base []byte, "+more+"stride int, limit uint32) int")
		doc = []string{
			fmt.Sprintf("%s computes %s for the", name, k.what),
			"rows at base[rows[i]*stride], moves the results that are not above limit to the front of dst and their numbers to",
			"the front of rows, and returns how many there are. What lies behind them in rows is lost.",
		}
		length = append(length, "It checks no bounds. It leaves it to the caller to prefetch the rows.")
	} else {
		TEXT(name, NOSPLIT, "func(dst []uint32, q, base []byte, "+more+"stride int, rows []uint32, ahead int)")
		doc = []string{fmt.Sprintf("%s sets dst[i] to %s for the", name, k.what), "row at base[rows[i]*stride]."}
		length = append(length, "It checks no bounds. It prefetches row i+ahead while it computes row i.")
	}
	Doc(append(doc, length...)...)
	Pragma("noescape")
}

// walk is where in the list of rows a kernel is.
type walk struct {
	kernel
	within bool
	fixed  constants
	dst    Register // address of the next result, or of all when few are kept
	kept   Register // how many are
	row    Register // address of the next row's number
	last   Register // address of the last row's number
	query  Register
	length Register // bytes of the query, without the last block when rows are summed
	blocks Register // address of the list of blocks, if there is one
	ending Register // address of the last of the list
	some   Register // mask of the lanes of a row that are no sums
	limit  VecVirtual
}

// newWalk emits the loading of the parameters, and a jump to Return when there are no rows.
func newWalk(k kernel, within bool) *walk {
	w := &walk{kernel: k, within: within}
	if within {
		w.kept = GP64()
		XORQ(w.kept, w.kept)
	}
	w.row = Load(Param("rows").Base(), GP64())
	w.last = Load(Param("rows").Len(), GP64())
	TESTQ(w.last, w.last)
	JZ(LabelRef("Return"))
	LEAQ(Mem{Base: w.row, Index: w.last, Scale: 4, Disp: -4}, w.last)
	w.query = Load(Param("q").Base(), GP64())
	w.length = Load(Param("q").Len(), GP64())
	if !within {
		w.dst = Load(Param("dst").Base(), GP64())
		return w
	}
	if w.listed {
		w.blocks, w.ending = Load(Param("blocks").Base(), GP64()), GP64()
		Load(Param("blocks").Len(), w.ending)
		LEAQ(Mem{Base: w.blocks, Index: w.ending, Scale: 4, Disp: -4}, w.ending)
	}
	w.limit = XMM()
	limit := Load(Param("limit"), GP32())
	VPBROADCASTD(limit, w.limit)
	return w
}

// constants emits the loading of what the kernel does not change.
func (w *walk) constants() {
	if w.signed || w.listed {
		w.fixed.sign = ZMM()
		sign := GP32()
		MOVL(U32(0x80808080), sign)
		VPBROADCASTD(sign, w.fixed.sign)
	}
	if w.norm || w.round {
		w.fixed.norm = XMM()
	}
	switch {
	case w.round:
		w.most()
	case w.summed:
		if w.norm {
			VPBROADCASTD(Mem{Base: w.query, Index: w.length, Scale: 1, Disp: -4}, w.fixed.norm)
		}
		if w.listed {
			sum := XMM()
			VPBROADCASTD(Mem{Base: w.query, Index: w.length, Scale: 1, Disp: -tailBytes}, sum)
			VPSLLD(Imm(8), sum, sum)
			VPSUBD(sum, w.fixed.norm, w.fixed.norm)
		}
		SUBQ(Imm(blockBytes), w.length)
		w.some = K()
		mask := GP32()
		MOVL(U32(1<<(blockBytes/tailBytes-1)-1), mask)
		KMOVW(mask, w.some)
	case w.norm:
		w.queryNorm()
	}
}

// most emits what twice the products are taken from: double, and 256 times the sum of the query's bytes less 128 each.
func (w *walk) most() {
	sum, most := GP64(), GP64()
	Load(Param("sum"), sum.As32())
	MOVQ(w.length, most)
	SHLQ(Imm(7), most)
	SUBQ(most, sum)
	SHLQ(Imm(8), sum)
	MOVL(params.At(Param("double")), most.As32())
	ADDL(sum.As32(), most.As32())
	VPBROADCASTD(most.As32(), w.fixed.norm)
}

// queryNorm emits the sum of the squares of the query, from q*(q-128) less q*(-128).
func (w *walk) queryNorm() {
	at, end, x, signed := GP64(), GP64(), ZMM(), ZMM()
	squares, sums := ZMM(), ZMM()
	VPXORD(squares, squares, squares)
	VPXORD(sums, sums, sums)
	MOVQ(w.query, at)
	LEAQ(Mem{Base: w.query, Index: w.length, Scale: 1}, end)
	Label("Norm")
	VMOVDQU64(Mem{Base: at}, x)
	VPXORD(w.fixed.sign, x, signed)
	vnni.DotBytes(signed, x, squares)
	vnni.DotBytes(w.fixed.sign, x, sums)
	ADDQ(Imm(blockBytes), at)
	CMPQ(at, end)
	JB(LabelRef("Norm"))
	VPSUBD(sums, squares, squares)
	total := vnni.AddLanes([]VecVirtual{squares, squares, squares, squares})
	VMOVDQU32(total, w.fixed.norm)
}

// first emits the prefetch of the rows that no earlier row prefetches: as many as are looked ahead.
func (w *walk) first() {
	at, end := GP64(), GP64()
	MOVQ(w.row, at)
	MOVQ(params.At(Param("ahead")), end)
	LEAQ(Mem{Base: w.row, Index: end, Scale: 4, Disp: -4}, end)
	CMPQ(end, w.last)
	CMOVQHI(w.last, end)
	Label("First")
	row, offset := params.Row(Mem{Base: at}), GP64()
	XORQ(offset, offset)
	Label("FirstLine")
	PREFETCHT1(Mem{Base: row, Index: offset, Scale: 1})
	ADDQ(Imm(blockBytes), offset)
	CMPQ(offset, w.length)
	if w.summed {
		JLE(LabelRef("FirstLine"))
	} else {
		JLT(LabelRef("FirstLine"))
	}
	ADDQ(Imm(4), at)
	CMPQ(at, end)
	JBE(LabelRef("First"))
}

// group emits the computation of the next rows, with labels that begin with prefix, and moves on behind them. All are there
// when it is full; else some are, and no later ones.
func (w *walk) group(prefix string, full bool) {
	var rows, ahead []Register
	for i := range group {
		place := Mem{Base: w.row, Disp: 4 * i}
		if !full {
			clamped := GP64()
			LEAQ(place, clamped)
			CMPQ(clamped, w.last)
			CMOVQHI(w.last, clamped)
			place = Mem{Base: clamped}
		}
		rows = append(rows, params.Row(place))
	}
	for i := 0; full && !w.within && i < group; i++ {
		later := GP64()
		MOVQ(params.At(Param("ahead")), later)
		LEAQ(Mem{Base: w.row, Index: later, Scale: 4, Disp: 4 * i}, later)
		CMPQ(later, w.last)
		CMOVQHI(w.last, later)
		ahead = append(ahead, params.Row(Mem{Base: later}))
	}
	total := w.compute(prefix, rows, ahead)
	switch {
	case w.within:
		w.keep(total, full)
	case full:
		VMOVDQU32(total, Mem{Base: w.dst})
	default:
		VMOVDQU32(total, w.there(), Mem{Base: w.dst})
	}
	ADDQ(Imm(4*group), w.row)
	if !w.within {
		ADDQ(Imm(4*group), w.dst)
	}
}

// there emits a mask of those rows of a group that are not behind the last one.
func (w *walk) there() Register {
	left, mask, lanes := GP64(), GP32(), K()
	MOVQ(w.last, left)
	SUBQ(w.row, left)
	SHRQ(Imm(2), left)
	MOVL(U32(2), mask)
	SHLXL(left.As32(), mask, mask)
	DECL(mask)
	KMOVW(mask, lanes)
	return lanes
}

// keep emits the moving of the results within the limit, and of their rows, to the front. Whole groups are stored, for what
// is behind the kept ones has been read; the last one may end where memory does.
func (w *walk) keep(total VecVirtual, full bool) {
	lanes, numbers, count := K(), XMM(), GP64()
	if full {
		VMOVDQU32(Mem{Base: w.row}, numbers)
		VPCMPUD(Imm(2), w.limit, total, lanes)
	} else {
		there := w.there()
		VMOVDQU32_Z(Mem{Base: w.row}, there, numbers)
		VPCMPUD(Imm(2), w.limit, total, there, lanes)
	}
	pack(lanes, count, total, numbers)
	w.storeKept("dst", total, count, full)
	w.storeKept("rows", numbers, count, full)
	ADDQ(count, w.kept)
}

func (w *walk) storeKept(name string, values VecVirtual, count Register, full bool) {
	at := GP64()
	MOVQ(params.At(Param(name).Base()), at)
	to := Mem{Base: at, Index: w.kept, Scale: 4}
	if full {
		VMOVDQU32(values, to)
		return
	}
	mask, lanes := GP32(), K()
	MOVL(U32(1<<group-1), mask)
	BZHIL(count.(GPVirtual).As32(), mask, mask)
	KMOVW(mask, lanes)
	VMOVDQU32(values, lanes, to)
}

// compute emits the loop over the blocks of some rows, and the results of it.
func (w *walk) compute(prefix string, rows, ahead []Register) VecVirtual {
	var sums [][]VecVirtual
	for range rows {
		var of []VecVirtual
		for range w.sums {
			sum := ZMM()
			VPXORD(sum, sum, sum)
			of = append(of, sum)
		}
		sums = append(sums, of)
	}
	if w.listed {
		return w.computeListed(prefix, rows, sums)
	}
	offset := GP64()
	XORQ(offset, offset)
	if w.summed {
		JMP(LabelRef(prefix + "Next"))
	}
	Label(prefix + "Block")
	w.block(rows, ahead, sums, offset, false)
	ADDQ(Imm(blockBytes), offset)
	Label(prefix + "Next")
	CMPQ(offset, w.length)
	JLT(LabelRef(prefix + "Block"))
	if w.summed {
		w.block(rows, ahead, sums, offset, true)
	}
	return w.results(rows, sums, offset)
}

// computeListed is compute over the blocks of a list.
func (w *walk) computeListed(prefix string, rows []Register, sums [][]VecVirtual) VecVirtual {
	offset, at := GP64(), GP64()
	MOVQ(w.blocks, at)
	JMP(LabelRef(prefix + "Next"))
	Label(prefix + "Block")
	w.block(rows, nil, sums, offset, false)
	ADDQ(Imm(4), at)
	Label(prefix + "Next")
	MOVL(Mem{Base: at}, offset.As32())
	CMPQ(at, w.ending)
	JB(LabelRef(prefix + "Block"))
	w.block(rows, nil, sums, offset, true)
	return w.results(rows, sums, offset)
}

// block emits the computation of one block of some rows; the last one of a summed row has its sums at the end.
func (w *walk) block(rows, ahead []Register, sums [][]VecVirtual, offset Register, last bool) {
	for _, row := range ahead {
		PREFETCHT1(Mem{Base: row, Index: offset, Scale: 1})
	}
	x, query := ZMM(), Mem{Base: w.query, Index: offset, Scale: 1}
	switch {
	case last && w.listed:
		VMOVDQU64_Z(query, w.some, x)
	case last:
		VPXORQ_Z(query, w.fixed.sign, w.some, x)
	case w.signed:
		VPXORD(query, w.fixed.sign, x)
	default:
		VMOVDQU64(query, x)
	}
	for i, row := range rows {
		w.add(&w.fixed, x, Mem{Base: row, Index: offset, Scale: 1}, sums[i])
	}
}

// results emits what comes of the sums of four rows.
func (w *walk) results(rows []Register, sums [][]VecVirtual, offset Register) VecVirtual {
	var joined []VecVirtual
	for _, of := range sums {
		if w.join != nil {
			w.join(of)
		}
		joined = append(joined, of[0])
	}
	total := w.reduce(joined)
	if w.finish == nil {
		return total
	}
	var ofSums, ofSquares VecVirtual
	if w.summed {
		ofSums, ofSquares = w.tails(rows, offset)
	}
	w.finish(&w.fixed, total, ofSums, ofSquares)
	return total
}

// tails emits the loading of the last 8 bytes of four rows, in the block at offset: lanes of sums, and of those of squares.
func (w *walk) tails(rows []Register, offset Register) (sums, squares VecVirtual) {
	var pairs [2]VecVirtual
	for i := range pairs {
		low, high := XMM(), XMM()
		VMOVQ(Mem{Base: rows[2*i], Index: offset, Scale: 1, Disp: blockBytes - tailBytes}, low)
		VMOVQ(Mem{Base: rows[2*i+1], Index: offset, Scale: 1, Disp: blockBytes - tailBytes}, high)
		VPUNPCKLQDQ(high, low, low)
		pairs[i] = low
	}
	sums, squares = XMM(), XMM()
	VSHUFPS(Imm(0x88), pairs[1], pairs[0], sums)
	VSHUFPS(Imm(0xdd), pairs[1], pairs[0], squares)
	return sums, squares
}
