package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/constants"
	"github.com/vicinaldb/store/internal/simd/_asm/params"
)

const (
	blockBytes  = 64   // a cache line
	vectorBytes = 32   // a YMM register
	copiedBytes = 4096 // of the longest rows, which there is room for on the stack

	queries = 4 // that are taken together
	rows    = 2 // that are taken together
)

// rowKind is what is compared.
type rowKind int

const (
	plain     rowKind = iota
	summed            // rows have their sums in their last bytes
	spherical         // codes less 128 are about as long as one another
)

// tile is the comparison of four queries with two rows.
type tile struct {
	rowKind
	copies Register // the queries as words: of each block those of the first query, then those of the second, and so on
	norms  Mem      // of the queries, each twice
	rows   [rows]Register
	offset Register // of a block
	last   Register // offset of the last block, which has the sums
	sums   [queries][rows]VecVirtual
	own    [rows]VecVirtual // norms of the rows
}

// four emits the kernel of one kind of rows. What it has on the stack is too much for NOSPLIT.
func four(kind rowKind) {
	name, more, of, what := "squaredL2U8FourAVX2", "", "the sum of the squared differences of", ""
	switch kind {
	case summed:
		name, what = "squaredL2U8SummedFourAVX2", " The last 8 bytes of rows are their sums."
	case spherical:
		name, more, of = "sphericalU8FourAVX2", "double uint32, ", "what SphericalU8Rows computes of"
	}
	TEXT(name, 0, "func(dst []float32, base []byte, stride, length int, queries *[4]uint32, "+more+"rows []uint32, factor float64)")
	Doc(
		name+" sets dst[i*len(rows)+j] to factor times "+of+" the rows",
		"queries[i] and rows[j], which are length bytes at multiples of stride in base.",
		fmt.Sprintf("The length is a multiple of 64, from 64 to %d.%s It checks no bounds.", copiedBytes, what),
	)
	Pragma("noescape")
	t := tile{rowKind: kind, copies: GP64(), norms: AllocLocal(8 * queries), offset: GP64(), last: GP64()}
	row, end := Load(Param("rows").Base(), GP64()), Load(Param("rows").Len(), GP64())
	TESTQ(end, end)
	JZ(LabelRef("Return"))
	LEAQ(Mem{Base: row, Index: end, Scale: 4, Disp: -4}, end)
	MOVQ(params.At(Param("length")), t.last)
	SUBQ(Imm(blockBytes), t.last)
	t.copy()

	Label("Tile")
	second := GP64()
	LEAQ(Mem{Base: row, Disp: 4}, second)
	CMPQ(second, end)
	CMOVQHI(end, second)
	t.rows = [rows]Register{params.Row(Mem{Base: row}), params.Row(Mem{Base: second})}
	t.compute()
	t.store(row, end)
	ADDQ(Imm(4*rows), row)
	CMPQ(row, end)
	JBE(LabelRef("Tile"))
	VZEROUPPER()
	Label("Return")
	RET()
}

// copy emits the copying of the queries to the stack, at an address at which no register lies in two lines, and their norms.
func (t *tile) copy() {
	LEAQ(AllocLocal(2*queries*copiedBytes+vectorBytes).Offset(vectorBytes-1), t.copies)
	ANDQ(I8(-vectorBytes), t.copies)
	numbers := Load(Param("queries"), GP64())
	for i := range queries {
		query, norm := params.Row(Mem{Base: numbers, Disp: 4 * i}), zeros()
		t.blocks(fmt.Sprint("Copy", i), func(at int, last bool) {
			even, odd := t.words(query, at, last)
			t.keep(even, t.copied(i, at))
			t.keep(odd, t.copied(i, at).Offset(vectorBytes))
			t.addNorm(even, odd, norm)
		})
		total := lanes(norm, norm)
		if t.rowKind == spherical {
			t.most(total)
		}
		VMOVQ(total.AsX(), t.norms.Offset(8*i))
	}
}

// keep emits the storing of words of a query.
func (t *tile) keep(words VecVirtual, to Mem) {
	if t.rowKind == spherical {
		centered := YMM()
		VPSUBW(constants.Centers("blockCenter"), words, centered)
		words = centered
	}
	VMOVDQA(words, to)
}

// most emits what the products of spherical rows are taken from, but for the rows' norms, from the norm of a query.
func (t *tile) most(norm VecVirtual) {
	most, rest := GP64(), YMM()
	MOVQ(params.At(Param("length")), most)
	SHLQ(Imm(14), most)
	SUBL(params.At(Param("double")), most.As32())
	VMOVD(most.As32(), rest.AsX())
	VPBROADCASTD(rest.AsX(), rest)
	VPADDD(norm, norm, norm)
	VPSUBD(rest, norm, norm)
}

// blocks emits a loop over the blocks of a row, what is done with each 32 bytes of which is emitted by step.
func (t *tile) blocks(label string, step func(at int, last bool)) {
	XORQ(t.offset, t.offset)
	JMP(LabelRef(label + "Next"))
	Label(label)
	step(0, false)
	step(vectorBytes, false)
	ADDQ(Imm(blockBytes), t.offset)
	Label(label + "Next")
	CMPQ(t.offset, t.last)
	JB(LabelRef(label))
	step(0, false)
	step(vectorBytes, true)
}

// copied is where the words of 32 bytes of a query are, which begin at a place in a block: even ones, then odd ones.
func (t *tile) copied(query, at int) Mem {
	return Mem{Base: t.copies, Index: t.offset, Scale: 2 * queries, Disp: 2*blockBytes*query + 2*at}
}

// words emits the words of 32 bytes of a row at even places, and at odd ones.
func (t *tile) words(row Register, at int, last bool) (even, odd VecVirtual) {
	even, odd = YMM(), YMM()
	VMOVDQU(Mem{Base: row, Index: t.offset, Scale: 1, Disp: at}, odd)
	if last && t.rowKind == summed {
		VPAND(allButSums(), odd, odd)
	}
	VPAND(evenBytes(), odd, even)
	VPSRLW(Imm(8), odd, odd)
	return even, odd
}

// compute emits the sums of products, and the norms of rows.
func (t *tile) compute() {
	for j := range rows {
		for i := range queries {
			t.sums[i][j] = zeros()
		}
		t.own[j] = zeros()
	}
	t.blocks("Block", t.products)
}

// zeros emits the lanes of a sum of nothing.
func zeros() VecVirtual {
	sum := YMM()
	VPXOR(sum, sum, sum)
	return sum
}

// products emits what is added up of 32 bytes.
func (t *tile) products(at int, last bool) {
	var even, odd [rows]VecVirtual
	for j, row := range t.rows {
		even[j], odd[j] = t.words(row, at, last)
	}
	for i := range queries {
		for j := range rows {
			low, high := YMM(), YMM()
			VPADDW(t.copied(i, at), odd[j], low)
			VPADDW(t.copied(i, at).Offset(vectorBytes), even[j], high)
			VPMADDWD(low, high, high)
			VPADDD(high, t.sums[i][j], t.sums[i][j])
		}
	}
	for j := range rows {
		t.addNorm(even[j], odd[j], t.own[j])
	}
}

// addNorm emits the squares of the sums of two words each, added up; of spherical rows the products of the two. The even words stay what
// they are.
func (t *tile) addNorm(even, odd, norm VecVirtual) {
	if t.rowKind == spherical {
		VPMADDWD(even, odd, odd)
	} else {
		VPADDW(even, odd, odd)
		VPMADDWD(odd, odd, odd)
	}
	VPADDD(odd, norm, norm)
}

// store emits the distances of a tile, and the storing of those that there are.
func (t *tile) store(row, end Register) {
	low, high := t.distances()
	to, width, third := GP64(), GP64(), GP64()
	MOVQ(row, to)
	SUBQ(params.At(Param("rows").Base()), to)
	ADDQ(params.At(Param("dst").Base()), to)
	MOVQ(params.At(Param("rows").Len()), width)
	LEAQ(Mem{Base: to, Index: width, Scale: 8}, third)
	CMPQ(row, end)
	JE(LabelRef("One"))
	VMOVLPS(low, Mem{Base: to})
	VMOVHPS(low, Mem{Base: to, Index: width, Scale: 4})
	VMOVLPS(high, Mem{Base: third})
	VMOVHPS(high, Mem{Base: third, Index: width, Scale: 4})
	JMP(LabelRef("Stored"))
	Label("One")
	VMOVSS(low, Mem{Base: to})
	VEXTRACTPS(Imm(2), low, Mem{Base: to, Index: width, Scale: 4})
	VMOVSS(high, Mem{Base: third})
	VEXTRACTPS(Imm(2), high, Mem{Base: third, Index: width, Scale: 4})
	Label("Stored")
}

// distances emits the distances of a tile: two of the first query and two of the second, and those of the other two. Sums of rows
// that are copied fit in 31 bits, as those of spherical rows always do.
func (t *tile) distances() (low, high Register) {
	total, factor := t.totals(), YMM()
	VBROADCASTSD(params.At(Param("factor")), factor)
	var halves [2]Register
	for i := range halves {
		half, wide := XMM(), YMM()
		VEXTRACTI128(Imm(uint64(i)), total, half)
		VCVTDQ2PD(half, wide)
		VMULPD(factor, wide, wide)
		VCVTPD2PSY(wide, half)
		halves[i] = half
	}
	return halves[0], halves[1]
}

// totals emits the sums of the squared differences, or what is computed of spherical rows: two of each query.
func (t *tile) totals() VecVirtual {
	var halves [2]VecVirtual
	for i := range halves {
		first, second := t.sums[2*i], t.sums[2*i+1]
		halves[i] = fold(VPUNPCKLQDQ, VPUNPCKHQDQ, fourths(first[0], first[1]), fourths(second[0], second[1]))
	}
	total, other := YMM(), YMM()
	VPERM2I128(Imm(0x20), halves[1], halves[0], total)
	VPERM2I128(Imm(0x31), halves[1], halves[0], other)
	VPADDD(other, total, total)
	VPADDD(total, total, total)
	norms := lanes(t.own[0], t.own[1])
	if t.rowKind == spherical {
		VPADDD(norms, norms, norms)
	}
	VPADDD(t.norms, norms, norms)
	VPSUBD(total, norms, total)
	if t.rowKind == spherical {
		VPMAXSD(zeros(), total, total)
	}
	return total
}

// lanes emits the sums of the eight lanes of each of two registers: by turns, in all lanes.
func lanes(a, b VecVirtual) VecVirtual {
	sums, other := fourths(a, b), YMM()
	VPSHUFD(Imm(0x4e), sums, other)
	VPADDD(other, sums, sums)
	VPERM2I128(Imm(1), sums, sums, other)
	VPADDD(other, sums, sums)
	return sums
}

// fourths emits the sums of two lanes each of two registers, by turns.
func fourths(a, b VecVirtual) VecVirtual { return fold(VPUNPCKLDQ, VPUNPCKHDQ, a, b) }

// fold emits the sum of what is interleaved from the lower and from the upper lanes of two registers.
func fold(interleaveLow, interleaveHigh func(operands ...Op), a, b VecVirtual) VecVirtual {
	low, high := YMM(), YMM()
	interleaveLow(b, a, low)
	interleaveHigh(b, a, high)
	VPADDD(high, low, low)
	return low
}

// evenBytes is a mask of them.
func evenBytes() Mem {
	const even = 0x00ff00ff00ff00ff
	return constants.Register("blockEvenBytes", even, even, even, even)
}

// allButSums is a mask of the bytes that are no sums, in the last 32 of a row.
func allButSums() Mem {
	const all = math.MaxUint64
	return constants.Register("blockAllButSums", all, all, all, 0)
}
