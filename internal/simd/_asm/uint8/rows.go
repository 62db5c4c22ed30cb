package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/constants"
)

const (
	vectorBytes = 32 // a YMM register
	blockBytes  = 64 // a cache line
)

// rows emits a kernel.
func rows(k kernel) {
	name := k.name + "RowsAVX2"
	TEXT(name, NOSPLIT, "func(dst []uint32, q, base []byte, stride int, rows []uint32, ahead int)")
	Doc(
		fmt.Sprintf("%s sets dst[i] to %s for the", name, k.what),
		"row at base[rows[i]*stride]. The length of q is a multiple of 64. It checks no bounds. It prefetches row i+ahead while",
		"it computes row i.",
	)
	Pragma("noescape")
	w := newWalk("Return")
	if k.summed {
		w.most = sumsMask()
		SUBQ(Imm(blockBytes), w.length)
	}
	w.first()
	CMPQ(w.row, w.last)
	JE(LabelRef("One"))
	Label("Two")
	w.step("two", k, 2)
	CMPQ(w.row, w.last)
	JB(LabelRef("Two"))
	JA(LabelRef("Done"))
	Label("One")
	w.step("one", k, 1)
	Label("Done")
	VZEROUPPER()
	Label("Return")
	RET()
}

// walk is where in the list of rows a kernel is.
type walk struct {
	dst    Register // address of the next result
	row    Register // address of the next row's number
	last   Register // address of the last row's number
	base   Register // address of row 0
	stride Register
	ahead  Register // how many rows ahead to prefetch
	query  Register
	length Register // bytes of the query, without the last block when rows are summed
	most   Mem      // mask of the bytes that are no sums, in the last 32 of a row; where rows are summed
	zero   VecVirtual
}

// newWalk emits the loading of the parameters, and a jump to a label when there are no rows.
func newWalk(none string) *walk {
	w := &walk{zero: YMM()}
	w.row = Load(Param("rows").Base(), GP64())
	w.last = Load(Param("rows").Len(), GP64())
	TESTQ(w.last, w.last)
	JZ(LabelRef(none))
	LEAQ(Mem{Base: w.row, Index: w.last, Scale: 4, Disp: -4}, w.last)
	w.dst = Load(Param("dst").Base(), GP64())
	w.base = Load(Param("base").Base(), GP64())
	w.stride = Load(Param("stride"), GP64())
	w.ahead = Load(Param("ahead"), GP64())
	w.query = Load(Param("q").Base(), GP64())
	w.length = Load(Param("q").Len(), GP64())
	VPXOR(w.zero, w.zero, w.zero)
	return w
}

// first emits the prefetch of the rows that no earlier row prefetches: as many as are looked ahead.
func (w *walk) first() {
	at := GP64()
	MOVQ(w.row, at)
	end := GP64()
	LEAQ(Mem{Base: w.row, Index: w.ahead, Scale: 4, Disp: -4}, end)
	CMPQ(end, w.last)
	CMOVQHI(w.last, end)
	Label("First")
	row, offset := w.address(Mem{Base: at}), GP64()
	XORQ(offset, offset)
	Label("FirstLine")
	PREFETCHT1(Mem{Base: row, Index: offset, Scale: 1})
	ADDQ(Imm(blockBytes), offset)
	CMPQ(offset, w.length)
	if w.most.Base != nil {
		JLE(LabelRef("FirstLine"))
	} else {
		JLT(LabelRef("FirstLine"))
	}
	ADDQ(Imm(4), at)
	CMPQ(at, end)
	JBE(LabelRef("First"))
}

// step emits the computation of the next n rows, with labels that begin with prefix, and moves on behind them.
func (w *walk) step(prefix string, k kernel, n int) {
	var rows, ahead []Register
	var sums []VecVirtual
	for i := range n {
		rows = append(rows, w.address(Mem{Base: w.row, Disp: 4 * i}))
	}
	for i := range n {
		later := GP64()
		LEAQ(Mem{Base: w.row, Index: w.ahead, Scale: 4, Disp: 4 * i}, later)
		CMPQ(later, w.last)
		CMOVQHI(w.last, later)
		ahead = append(ahead, w.address(Mem{Base: later}))
		sum := YMM()
		VPXOR(sum, sum, sum)
		sums = append(sums, sum)
	}
	offset := w.blocks(prefix, k, rows, ahead, sums)
	for i, sum := range sums {
		k.reduce(sum)
		result := Mem{Base: w.dst, Disp: 4 * i}
		if k.finish == nil {
			VMOVD(sum.AsX(), result)
			continue
		}
		squares := func(vector Register) Mem {
			return Mem{Base: vector, Index: offset, Scale: 1, Disp: blockBytes - 4}
		}
		total := GP32()
		VMOVD(sum.AsX(), total)
		k.finish(total, squares(w.query), squares(rows[i]))
		MOVL(total, result)
	}
	ADDQ(Imm(uint64(4*n)), w.dst)
	ADDQ(Imm(uint64(4*n)), w.row)
}

// address emits the address of the row whose number lies at a place in memory.
func (w *walk) address(number Mem) Register {
	row := GP64()
	MOVL(number, row.As32())
	IMULQ(w.stride, row)
	ADDQ(w.base, row)
	return row
}

// blocks emits the loop over the blocks of the query and of some rows, and returns where the last block begins when rows
// are summed.
func (w *walk) blocks(prefix string, k kernel, rows, ahead []Register, sums []VecVirtual) Register {
	offset := GP64()
	XORQ(offset, offset)
	JMP(LabelRef(prefix + "Next"))
	Label(prefix + "Block")
	w.block(k, offset, rows, ahead, sums, false)
	ADDQ(Imm(blockBytes), offset)
	Label(prefix + "Next")
	CMPQ(offset, w.length)
	JLT(LabelRef(prefix + "Block"))
	if k.summed {
		w.block(k, offset, rows, ahead, sums, true)
	}
	return offset
}

// block emits the computation of one block; the last one of summed rows has their sums at the end.
func (w *walk) block(k kernel, offset Register, rows, ahead []Register, sums []VecVirtual, last bool) {
	for _, row := range ahead {
		PREFETCHT1(Mem{Base: row, Index: offset, Scale: 1})
	}
	for i := range blockBytes / vectorBytes {
		at := func(vector Register) Mem {
			return Mem{Base: vector, Index: offset, Scale: 1, Disp: i * vectorBytes}
		}
		x := YMM()
		VMOVDQU(at(w.query), x)
		if last && i == blockBytes/vectorBytes-1 {
			VPAND(w.most, x, x)
		}
		query := k.prepare(x, w.zero)
		for r, row := range rows {
			k.add(query, at(row), sums[r], w.zero)
		}
	}
}

// sumsMask is a mask of the bytes that are no sums, in the last 32 of a row.
func sumsMask() Mem {
	const all = math.MaxUint64
	return constants.Register("uint8SumsMask", all, all, all, 0)
}
