package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/masks"
	"github.com/vicinaldb/store/internal/simd/_asm/params"
	"github.com/vicinaldb/store/internal/simd/_asm/vnni"
)

const (
	shortBytes = 256 // of the longest rows that are short: queries have so much room each on the stack
	stripRows  = 16  // rows that are taken together: lanes of a ZMM register
	halfBytes  = 32  // of each of these, what is transposed at a time
)

// strip is the comparison of some queries with sixteen rows, one of which is in each lane.
type strip struct {
	signed Mem      // the queries as signed bytes, but for their sums, shortBytes apart
	places Mem      // addresses of the rows
	offset Register // of a block
	last   Register // offset of the last block, which has the sums
	sums   []VecVirtual
}

// short emits the kernel of short rows for so many queries at most. What it has on the stack is too much for NOSPLIT.
func short(queries int) {
	name := fmt.Sprintf("squaredL2U8SummedShort%dAVX512", queries)
	TEXT(name, 0, "func(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64)")
	Doc(
		name+" sets dst[i*len(rows)+j] to factor times the sum of the squared differences of the rows",
		"queries[i] and rows[j], which are length bytes at multiples of stride in base.",
		fmt.Sprintf("There are 1 to %d queries. The length is a multiple of 64, from 64 to %d. The last 8 bytes of rows are their sums.", queries, shortBytes),
		"It checks no bounds.",
	)
	Pragma("noescape")
	s := strip{signed: AllocLocal(queries * shortBytes), places: AllocLocal(8 * stripRows), offset: GP64(), last: GP64()}
	row, left := Load(Param("rows").Base(), GP64()), Load(Param("rows").Len(), GP64())
	TESTQ(left, left)
	JZ(LabelRef("Return"))
	MOVQ(params.At(Param("length")), s.last)
	SUBQ(Imm(blockBytes), s.last)
	s.sign()

	Label("Strip")
	count, there := GP64(), K()
	MOVQ(left, count)
	masks.First(count, stripRows, there)
	s.locate(row)
	s.compute(queries)
	s.store(row, there)
	ADDQ(Imm(4*stripRows), row)
	SUBQ(Imm(stripRows), left)
	JA(LabelRef("Strip"))
	VZEROUPPER()
	Label("Return")
	RET()
}

// sign emits the copying of the queries to the stack. Of their last block the sums, its last 8 bytes, stay what they are.
func (s *strip) sign() {
	next, left := Load(Param("queries").Base(), GP64()), Load(Param("queries").Len(), GP64())
	to, bits, sign, some := GP64(), GP32(), ZMM(), K()
	LEAQ(s.signed, to)
	MOVL(U32(0x80808080), bits)
	VPBROADCASTD(bits, sign)
	MOVL(U32(1<<(blockBytes/tailBytes-1)-1), bits)
	KMOVW(bits, some)

	Label("Query")
	query, block := params.Row(Mem{Base: next}), ZMM()
	XORQ(s.offset, s.offset)
	from, copied := Mem{Base: query, Index: s.offset, Scale: 1}, Mem{Base: to, Index: s.offset, Scale: 1}
	JMP(LabelRef("SignNext"))
	Label("Sign")
	VPXORD(from, sign, block)
	VMOVDQU64(block, copied)
	ADDQ(Imm(blockBytes), s.offset)
	Label("SignNext")
	CMPQ(s.offset, s.last)
	JB(LabelRef("Sign"))
	VMOVDQU64(from, block)
	VPXORQ(block, sign, some, block)
	VMOVDQU64(block, copied)
	ADDQ(U32(shortBytes), to)
	ADDQ(Imm(4), next)
	DECQ(left)
	JNZ(LabelRef("Query"))
}

// locate emits the addresses of sixteen rows. Behind the last row they are those of the last row.
func (s *strip) locate(row Register) {
	base, end := GP64(), GP64()
	MOVQ(params.At(Param("rows").Base()), base)
	MOVQ(params.At(Param("rows").Len()), end)
	LEAQ(Mem{Base: base, Index: end, Scale: 4, Disp: -4}, end)
	for i := range stripRows {
		place := GP64()
		LEAQ(Mem{Base: row, Disp: 4 * i}, place)
		CMPQ(place, end)
		CMOVQHI(end, place)
		MOVQ(params.Row(Mem{Base: place}), s.places.Offset(8*i))
	}
}

// compute emits the sums of products, and makes distances of them.
func (s *strip) compute(queries int) {
	s.sums = nil
	for range queries {
		sum := ZMM()
		VPXORD(sum, sum, sum)
		s.sums = append(s.sums, sum)
	}
	XORQ(s.offset, s.offset)
	JMP(LabelRef("Next"))
	Label("Block")
	s.products(s.transposed(0), 0)
	s.products(s.transposed(halfBytes), halfBytes)
	ADDQ(Imm(blockBytes), s.offset)
	Label("Next")
	CMPQ(s.offset, s.last)
	JB(LabelRef("Block"))
	s.products(s.transposed(0), 0)
	s.end()
}

// end emits what comes of the last half of the last block. Rows end with zeros where their components do not fill it: when there are none
// but zeros behind the first four bytes, there is nothing to add.
func (s *strip) end() {
	columns := s.transposed(halfBytes)
	rest, some := ZMM(), K()
	VPORD(columns[1], columns[2], rest)
	for _, column := range columns[3:6] {
		VPORD(column, rest, rest)
	}
	VPTESTMD(rest, rest, some)
	s.products(columns[:1], halfBytes)
	KORTESTW(some, some)
	JZ(LabelRef("Zeros"))
	s.products(columns[1:6], halfBytes+4)
	Label("Zeros")
	s.distances(columns[6], columns[7])
}

// transposed emits the loading of 32 bytes of each row, from begin in the block on, as registers that have four bytes of every row. Rows
// are paired so that what is transposed within 128 bits has its lanes in the order of rows.
func (s *strip) transposed(begin int) []VecVirtual {
	var fours [2][]VecVirtual
	for i := range fours {
		var rows []VecVirtual
		for j := range 4 {
			rows = append(rows, s.pair(8*i+j, begin))
		}
		fours[i] = transposeLanes(rows)
	}
	var columns []VecVirtual
	for _, which := range []uint64{0x88, 0xdd} {
		for j := range 4 {
			column := ZMM()
			VSHUFI32X4(Imm(which), fours[1][j], fours[0][j], column)
			columns = append(columns, column)
		}
	}
	return columns
}

// pair emits the loading of 32 bytes of a row, and of those of the fourth behind it into the upper half.
func (s *strip) pair(row, begin int) VecVirtual {
	low, high, both := GP64(), GP64(), ZMM()
	MOVQ(s.places.Offset(8*row), low)
	MOVQ(s.places.Offset(8*(row+4)), high)
	VMOVDQU64(Mem{Base: low, Index: s.offset, Scale: 1, Disp: begin}, both.AsY())
	vnni.InsertUpper(Mem{Base: high, Index: s.offset, Scale: 1, Disp: begin}, both)
	return both
}

// transposeLanes emits the transposition of 4 times 4 bytes in each 128 bits of four registers.
func transposeLanes(rows []VecVirtual) []VecVirtual {
	pairs, columns := make([]VecVirtual, 4), make([]VecVirtual, 4)
	for i := range pairs {
		pairs[i], columns[i] = ZMM(), ZMM()
	}
	VPUNPCKLDQ(rows[1], rows[0], pairs[0])
	VPUNPCKHDQ(rows[1], rows[0], pairs[1])
	VPUNPCKLDQ(rows[3], rows[2], pairs[2])
	VPUNPCKHDQ(rows[3], rows[2], pairs[3])
	VPUNPCKLQDQ(pairs[2], pairs[0], columns[0])
	VPUNPCKHQDQ(pairs[2], pairs[0], columns[1])
	VPUNPCKLQDQ(pairs[3], pairs[1], columns[2])
	VPUNPCKHQDQ(pairs[3], pairs[1], columns[3])
	return columns
}

// products emits the products of four bytes of each row with those of each query, for every register.
func (s *strip) products(columns []VecVirtual, begin int) {
	for i, column := range columns {
		for j, sum := range s.sums {
			vnni.DotBroadcast(s.query(j, begin+4*i), column, sum)
		}
	}
}

// query is where four bytes of a query are.
func (s *strip) query(i, at int) Mem {
	from := s.signed.Offset(i*shortBytes + at)
	from.Index, from.Scale = s.offset, 1
	return from
}

// distances emits the sums of the squared differences.
func (s *strip) distances(sums, squares VecVirtual) {
	VPSLLD(Imm(8), sums, sums)
	VPSUBD(sums, squares, squares)
	for i, sum := range s.sums {
		VPADDD(sum, sum, sum)
		VPSUBD(sum, squares, sum)
		VPADDD_BCST(s.query(i, blockBytes-tailBytes/2), sum, sum)
	}
}

// store emits the distances of a strip, and the storing of those that there are.
func (s *strip) store(row, there Register) {
	to, width, queries := GP64(), GP64(), GP64()
	MOVQ(row, to)
	SUBQ(params.At(Param("rows").Base()), to)
	ADDQ(params.At(Param("dst").Base()), to)
	MOVQ(params.At(Param("rows").Len()), width)
	MOVQ(params.At(Param("queries").Len()), queries)
	factor := ZMM()
	VBROADCASTSD(params.At(Param("factor")), factor)
	for i, sum := range s.sums {
		upper, low, high := YMM(), ZMM(), ZMM()
		VEXTRACTI64X4(Imm(1), sum, upper)
		VCVTUDQ2PD(sum.AsY(), low)
		VCVTUDQ2PD(upper, high)
		VMULPD(factor, low, low)
		VMULPD(factor, high, high)
		VCVTPD2PS(low, low.AsY())
		VCVTPD2PS(high, high.AsY())
		VINSERTF64X4(Imm(1), high.AsY(), low, low)
		VMOVUPS(low, there, Mem{Base: to})
		if i+1 < len(s.sums) {
			CMPQ(queries, Imm(uint64(i+1)))
			JE(LabelRef("Stored"))
			LEAQ(Mem{Base: to, Index: width, Scale: 4}, to)
		}
	}
	Label("Stored")
}
