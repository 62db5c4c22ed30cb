package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/vnni"
)

// eight is how many short rows are taken together.
const eight = 8

// short emits the form of squaredL2Summed that keeps what is within a limit for rows of so many blocks, one or two. The query stays
// in registers, and rows are taken by eights: of rows so short, the adding up of lanes takes longer than the products.
func short(blocks int) {
	name := fmt.Sprintf("squaredL2U8SummedWithin%dAVX512", blocks*blockBytes)
	TEXT(name, NOSPLIT, "func(dst, rows []uint32, q, base []byte, stride int, limit uint32) int")
	Doc(fmt.Sprintf("%s is squaredL2U8SummedWithinAVX512 for q of %d bytes.", name, blocks*blockBytes))
	Pragma("noescape")
	s := newShortWalk(blocks)
	Label("Eight")
	CMPQ(s.left, Imm(eight))
	JB(LabelRef("Rest"))
	s.full()
	SUBQ(Imm(eight), s.left)
	JA(LabelRef("Eight"))
	JMP(LabelRef("Done"))
	Label("Rest")
	s.rest()
	Label("Done")
	VZEROUPPER()
	Label("Return")
	Store(s.kept, ReturnIndex(0))
	RET()
}

// shortWalk is where a kernel of short rows is.
type shortWalk struct {
	blocks         int
	dst, rows, row Register // addresses of the first result, of the first row's number, and of the next one's
	kept, left     Register // how many rows are kept so far, and how many are to come
	base, stride   Register
	query          []VecVirtual // with 128 subtracted
	norm, limit    VecVirtual
}

func newShortWalk(blocks int) *shortWalk {
	s := &shortWalk{blocks: blocks, kept: GP64()}
	XORQ(s.kept, s.kept)
	s.left = Load(Param("rows").Len(), GP64())
	TESTQ(s.left, s.left)
	JZ(LabelRef("Return"))
	s.rows, s.row = Load(Param("rows").Base(), GP64()), GP64()
	MOVQ(s.rows, s.row)
	s.dst = Load(Param("dst").Base(), GP64())
	s.base = Load(Param("base").Base(), GP64())
	s.stride = Load(Param("stride"), GP64())
	q := Load(Param("q").Base(), GP64())
	sign, bits, mask, some := ZMM(), GP32(), GP32(), K()
	MOVL(U32(0x80808080), bits)
	VPBROADCASTD(bits, sign)
	MOVL(U32(1<<(blockBytes/tailBytes-1)-1), mask)
	KMOVW(mask, some)
	for i := range blocks {
		x := ZMM()
		if at := (Mem{Base: q, Disp: blockBytes * i}); i < blocks-1 {
			VPXORD(at, sign, x)
		} else {
			VPXORQ_Z(at, sign, some, x) // sums take no part
		}
		s.query = append(s.query, x)
	}
	s.norm, s.limit = YMM(), YMM()
	VPBROADCASTD(Mem{Base: q, Disp: blockBytes*blocks - 4}, s.norm)
	VPBROADCASTD(Load(Param("limit"), GP32()), s.limit)
	return s
}

// full emits the computation of the next eight rows.
func (s *shortWalk) full() {
	total := s.compute(func(i int) Mem { return Mem{Base: s.row, Disp: 4 * i} })
	numbers, lanes, count := YMM(), K(), GP64()
	VMOVDQU32(Mem{Base: s.row}, numbers)
	VPCMPUD(Imm(2), s.limit, total, lanes)
	pack(lanes, count, total, numbers)
	VMOVDQU32(total, Mem{Base: s.dst, Index: s.kept, Scale: 4})
	VMOVDQU32(numbers, Mem{Base: s.rows, Index: s.kept, Scale: 4})
	ADDQ(count, s.kept)
	ADDQ(Imm(4*eight), s.row)
}

// rest emits the computation of the last rows, fewer than eight. In the places of those that are missing is the last one.
func (s *shortWalk) rest() {
	last := GP64()
	LEAQ(Mem{Base: s.row, Index: s.left, Scale: 4, Disp: -4}, last)
	total := s.compute(func(i int) Mem {
		at := GP64()
		LEAQ(Mem{Base: s.row, Disp: 4 * i}, at)
		CMPQ(at, last)
		CMOVQHI(last, at)
		return Mem{Base: at}
	})
	mask, there, lanes, numbers, count := GP32(), K(), K(), YMM(), GP64()
	MOVL(U32(1), mask)
	SHLXL(s.left.(GPVirtual).As32(), mask, mask)
	DECL(mask)
	KMOVW(mask, there)
	VMOVDQU32_Z(Mem{Base: s.row}, there, numbers)
	VPCMPUD(Imm(2), s.limit, total, there, lanes)
	pack(lanes, count, total, numbers)
	MOVL(U32(1<<eight-1), mask)
	BZHIL(count.As32(), mask, mask)
	KMOVW(mask, lanes)
	VMOVDQU32(total, lanes, Mem{Base: s.dst, Index: s.kept, Scale: 4})
	VMOVDQU32(numbers, lanes, Mem{Base: s.rows, Index: s.kept, Scale: 4})
	ADDQ(count, s.kept)
}

// pack emits the moving of the lanes of values that a mask has to the front, and their count.
func pack(lanes, count Register, values ...VecVirtual) {
	for _, v := range values {
		VPCOMPRESSD_Z(v, lanes, v)
	}
	KMOVW(lanes, count.(GPVirtual).As32())
	POPCNTL(count.(GPVirtual).As32(), count.(GPVirtual).As32())
}

// compute emits the results of the eight rows whose numbers lie where place says.
func (s *shortWalk) compute(place func(i int) Mem) VecVirtual {
	var sums, tails []VecVirtual
	for i := range eight {
		row, sum := GP64(), ZMM()
		MOVL(place(i), row.As32())
		IMULQ(s.stride, row)
		ADDQ(s.base, row)
		VPXORD(sum, sum, sum)
		for b := range s.blocks {
			x := ZMM()
			VMOVDQU64(Mem{Base: row, Disp: blockBytes * b}, x)
			vnni.DotBytes(s.query[b], x, sum)
		}
		tail := XMM()
		VMOVQ(Mem{Base: row, Disp: blockBytes*s.blocks - tailBytes}, tail)
		sums, tails = append(sums, sum), append(tails, tail)
		if i%2 == 1 {
			sums = append(sums[:i/2], vnni.Join(VPUNPCKLDQ, VPUNPCKHDQ, VPADDD, sums[i/2], sums[i/2+1]))
			VPUNPCKLQDQ(tails[i/2+1], tails[i/2], tails[i/2])
			tails = tails[:i/2+1]
		}
	}
	low := vnni.Join(VPUNPCKLQDQ, VPUNPCKHQDQ, VPADDD, sums[0], sums[1])
	high := vnni.Join(VPUNPCKLQDQ, VPUNPCKHQDQ, VPADDD, sums[2], sums[3])
	total := s.halves(low, high)
	VINSERTI32X4(Imm(1), tails[2], tails[0].AsY(), tails[0].AsY())
	VINSERTI32X4(Imm(1), tails[3], tails[1].AsY(), tails[1].AsY())
	ofSums, ofSquares := YMM(), YMM()
	VSHUFPS(Imm(0x88), tails[1].AsY(), tails[0].AsY(), ofSums)
	VSHUFPS(Imm(0xdd), tails[1].AsY(), tails[0].AsY(), ofSquares)
	squaredL2Summed.finish(&constants{norm: s.norm}, total, ofSums, ofSquares)
	return total
}

// halves emits the sums of the quarters of two registers, those of the first in the lower half of one.
func (s *shortWalk) halves(low, high VecVirtual) VecVirtual {
	even, odd := ZMM(), ZMM()
	VSHUFI64X2(Imm(0x44), high, low, even)
	VSHUFI64X2(Imm(0xee), high, low, odd)
	VPADDD(odd, even, even)
	first, second := ZMM(), ZMM()
	VSHUFI64X2(Imm(0x08), even, even, first)
	VSHUFI64X2(Imm(0x0d), even, even, second)
	total := YMM()
	VPADDD(second.AsY(), first.AsY(), total)
	return total
}
