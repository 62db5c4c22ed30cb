package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// pair emits the kernel for two vectors.
func pair(t term, masks Mem) {
	name := t.name + "AVX2"
	TEXT(name, NOSPLIT, "func(a, b []float32) float32")
	Doc(name + " returns " + t.what + ". It does not look at the length of b.")
	Pragma("noescape")
	a := Load(Param("a").Base(), GP64())
	n := Load(Param("a").Len(), GP64())
	b := Load(Param("b").Base(), GP64())
	s := newSummer(t, a, n, masks)
	sums := s.sum("", []Register{b}, nil, nil)
	VMOVSS(sums[0], resolve(ReturnIndex(0)))
	VZEROUPPER()
	RET()
}

// rows emits the kernel for one vector and many rows. It takes rows by twos, which share the loads of the query, and the
// last one alone when their number is odd.
func rows(t term, masks Mem) {
	name := t.name + "RowsAVX2"
	TEXT(name, NOSPLIT, "func(dst, q, base []float32, stride int, rows []uint32, ahead, prefetch int)")
	Doc(
		fmt.Sprintf("%s sets dst[i] to %s, a being q and b", name, t.what),
		"the row at base[rows[i]*stride]. It checks no bounds. It prefetches row i+ahead while it computes row i, as many",
		"bytes of it as prefetch says.",
	)
	Pragma("noescape")
	w := newWalk("Return")
	q := Load(Param("q").Base(), GP64())
	n := Load(Param("q").Len(), GP64())
	s := newSummer(t, q, n, masks)

	CMPQ(w.row, w.last)
	JE(LabelRef("One"))
	Label("Two")
	w.step("two", s, 2)
	CMPQ(w.row, w.last)
	JB(LabelRef("Two"))
	JA(LabelRef("Done"))
	Label("One")
	w.step("one", s, 1)
	Label("Done")
	VZEROUPPER()
	Label("Return")
	RET()
}

// walk is the state of a Rows form: where in the list of rows it is.
type walk struct {
	dst      Register // address of the next result
	row      Register // address of the next row's number
	last     Register // address of the last row's number
	base     Register // address of row 0
	stride   Op       // floats from row to row
	ahead    Op       // how many rows ahead to prefetch
	prefetch Op       // how many bytes of a row to prefetch
}

// newWalk emits the loading of the parameters, and a jump to a label when there are no rows.
func newWalk(none string) *walk {
	w := &walk{stride: resolve(Param("stride")), ahead: resolve(Param("ahead")), prefetch: resolve(Param("prefetch"))}
	w.dst = Load(Param("dst").Base(), GP64())
	w.row = Load(Param("rows").Base(), GP64())
	w.last = Load(Param("rows").Len(), GP64())
	TESTQ(w.last, w.last)
	JZ(LabelRef(none))
	w.base = Load(Param("base").Base(), GP64())
	LEAQ(Mem{Base: w.row, Index: w.last, Scale: 4, Disp: -4}, w.last)
	return w
}

// resolve returns the place of a parameter or result in memory, to be used as an operand: what is used once a row need
// not occupy a register.
func resolve(c Component) Op {
	place, err := c.Resolve()
	if err != nil {
		panic(err)
	}
	return place.Addr
}

// step emits the computation of the next n rows and moves on behind them.
func (w *walk) step(prefix string, s *summer, n int) {
	var rows, ahead []Register
	for i := range n {
		rows = append(rows, w.address(Mem{Base: w.row, Disp: 4 * i}))
	}
	for i := range n {
		later := GP64()
		MOVQ(w.ahead, later)
		LEAQ(Mem{Base: w.row, Index: later, Scale: 4, Disp: 4 * i}, later)
		CMPQ(later, w.last)
		CMOVQHI(w.last, later)
		ahead = append(ahead, w.address(Mem{Base: later}))
	}
	for i, sum := range s.sum(prefix, rows, ahead, w.prefetch) {
		VMOVSS(sum, Mem{Base: w.dst, Disp: 4 * i})
	}
	ADDQ(Imm(uint64(4*n)), w.dst)
	ADDQ(Imm(uint64(4*n)), w.row)
}

// address emits the address of the row whose number lies at a place in memory.
func (w *walk) address(number Mem) Register {
	row := GP64()
	MOVL(number, row.As32())
	IMULQ(w.stride, row)
	LEAQ(Mem{Base: w.base, Index: row, Scale: 4}, row)
	return row
}
