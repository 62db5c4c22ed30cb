package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	vectorBytes = 32              // a YMM register
	blockBytes  = 4 * vectorBytes // the 32 lanes
	lineBytes   = 64              // a cache line
)

// maskTable is eight words of ones, then eight of zeros: the eight words from word 8-n on mask the first n floats.
func maskTable() Mem {
	table := GLOBL("tailMasks", RODATA|NOPTR)
	for i := range 16 {
		mask := U32(0xffffffff)
		if i >= 8 {
			mask = 0
		}
		DATA(4*i, mask)
	}
	return table
}

// summer emits code that sums one query against one or more rows at a time.
type summer struct {
	term
	query     Register   // address of the query
	whole     Register   // bytes of the query in whole blocks
	tail      Register   // bytes behind them
	tailMask  VecVirtual // floats of the last, partial vector
	constants []Op
}

// newSummer emits what is done once a call. The register n holds the length of the query in floats and is overwritten.
func newSummer(t term, query, n Register, masks Mem) *summer {
	s := &summer{term: t, query: query, whole: GP64(), tail: n, tailMask: YMM()}
	Comment("Bytes in whole blocks of 32 floats, and behind them.")
	SHLQ(Imm(2), n)
	MOVQ(n, s.whole)
	ANDQ(I8(-blockBytes), s.whole)
	ANDQ(Imm(blockBytes-1), s.tail)

	Comment("The mask of the last, partial vector.")
	table, partial := GP64(), GP64()
	LEAQ(masks, table)
	MOVQ(s.tail, partial)
	ANDQ(Imm(vectorBytes-1), partial)
	SUBQ(partial, table)
	VMOVUPS(Mem{Base: table, Disp: vectorBytes}, s.tailMask)
	if t.constants != nil {
		s.constants = t.constants()
	}
	return s
}

// sum emits the sums of the query against the rows at some addresses, with labels that begin with prefix, and returns
// the registers whose lowest float they are. Meanwhile it prefetches the rows at the addresses in ahead, as many bytes
// of each as prefetch says.
func (s *summer) sum(prefix string, rows, ahead []Register, prefetch Op) []Register {
	lanes := make([][]VecVirtual, len(rows))
	for r := range rows {
		lanes[r] = []VecVirtual{YMM(), YMM(), YMM(), YMM()}
		for _, lane := range lanes[r] {
			VXORPS(lane, lane, lane)
		}
	}
	offset := GP64()
	XORQ(offset, offset)
	s.sumBlocks(prefix, rows, ahead, lanes, offset)
	s.prefetchTail(prefix, ahead, offset, prefetch)
	s.sumTail(prefix, rows, lanes, offset)
	sums := make([]Register, len(rows))
	for r := range rows {
		sums[r] = s.reduce(lanes[r])
	}
	return sums
}

// sumBlocks emits the loop over whole blocks. It leaves offset behind them.
func (s *summer) sumBlocks(prefix string, rows, ahead []Register, lanes [][]VecVirtual, offset Register) {
	CMPQ(offset, s.whole)
	JGE(LabelRef(prefix + "Tail"))
	Label(prefix + "Block")
	for _, row := range ahead {
		PREFETCHT1(Mem{Base: row, Index: offset, Scale: 1})
		PREFETCHT1(Mem{Base: row, Index: offset, Scale: 1, Disp: lineBytes})
	}
	for i := range blockBytes / vectorBytes {
		s.vector(rows, lanes, offset, i)
	}
	ADDQ(U32(blockBytes), offset)
	CMPQ(offset, s.whole)
	JLT(LabelRef(prefix + "Block"))
	Label(prefix + "Tail")
}

// prefetchTail emits the prefetch of what no whole block reached: two lines at most.
func (s *summer) prefetchTail(prefix string, ahead []Register, offset Register, prefetch Op) {
	if len(ahead) == 0 {
		return
	}
	done := LabelRef(prefix + "Prefetched")
	for line := range 2 {
		at := GP64()
		LEAQ(Mem{Base: offset, Disp: line * lineBytes}, at)
		CMPQ(at, prefetch)
		JGE(done)
		for _, row := range ahead {
			PREFETCHT1(Mem{Base: row, Index: at, Scale: 1})
		}
	}
	Label(prefix + "Prefetched")
}

// sumTail emits the sum of what lies behind the whole blocks: up to three whole vectors and a partial one.
func (s *summer) sumTail(prefix string, rows []Register, lanes [][]VecVirtual, offset Register) {
	partial := func(i int) string { return fmt.Sprintf("%sPartial%d", prefix, i) }
	reduce := LabelRef(prefix + "Reduce")
	for i := range 3 {
		CMPQ(s.tail, Imm(uint64((i+1)*vectorBytes)))
		JLT(LabelRef(partial(i)))
		s.vector(rows, lanes, offset, i)
	}
	for i := 3; i >= 0; i-- {
		Label(partial(i))
		TESTQ(U32(vectorBytes-1), s.tail)
		JZ(reduce)
		s.partialVector(rows, lanes, offset, i)
		if i > 0 {
			JMP(reduce)
		}
	}
	Label(prefix + "Reduce")
}

// vector emits the sum of one whole vector, number i from offset on, of every row.
func (s *summer) vector(rows []Register, lanes [][]VecVirtual, offset Register, i int) {
	x := YMM()
	VMOVUPS(Mem{Base: s.query, Index: offset, Scale: 1, Disp: i * vectorBytes}, x)
	for r, row := range rows {
		s.add(x, Mem{Base: row, Index: offset, Scale: 1, Disp: i * vectorBytes}, lanes[r][i], s.constants)
	}
}

// partialVector is vector for the last, partial one.
func (s *summer) partialVector(rows []Register, lanes [][]VecVirtual, offset Register, i int) {
	x := YMM()
	VMASKMOVPS(Mem{Base: s.query, Index: offset, Scale: 1, Disp: i * vectorBytes}, s.tailMask, x)
	for r, row := range rows {
		y := YMM()
		VMASKMOVPS(Mem{Base: row, Index: offset, Scale: 1, Disp: i * vectorBytes}, s.tailMask, y)
		s.add(x, y, lanes[r][i], s.constants)
	}
}

// reduce emits the sum of 32 lanes in the package's order and returns the register whose lowest float it is.
func (s *summer) reduce(lanes []VecVirtual) Register {
	t := lanes[0]
	s.join(lanes[1], t, t)
	s.join(lanes[3], lanes[2], lanes[2])
	s.join(lanes[2], t, t)
	u, other := t.AsX(), XMM()
	VEXTRACTF128(Imm(1), t, other)
	s.join(other, u, u)
	VMOVHLPS(u, u, other)
	s.join(other, u, u)
	VMOVSHDUP(u, other)
	s.join(other, u, u)
	return u
}
