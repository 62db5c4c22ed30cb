// Command popcount writes the kernels of package simd that count bits of rows of 64-bit words. Run it by go generate in the
// directory of the package.
//
// A row is taken in lines of eight words, with the POPCNT instruction; the words behind the last whole line follow one by
// one. Each line of a row comes with the prefetch of the same line of a later row. Counts are sums of integers, whose
// order does not matter, so that two accumulators hide the latency of the additions.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// lineWords is how many words a cache line holds.
const lineWords = 8

func main() {
	ConstraintExpr("amd64,!purego")
	hamming()
	overlap()
	Generate()
}

func hamming() {
	TEXT("hammingRowsPopcount", NOSPLIT, "func(dst []uint32, q, base []uint64, stride int, rows []uint32, ahead int)")
	Doc(
		"hammingRowsPopcount sets dst[i] to the number of bits in which q and the row at base[rows[i]*stride] differ. It",
		"checks no bounds. It prefetches row i+ahead while it counts row i.",
	)
	Pragma("noescape")
	dst := Load(Param("dst").Base(), GP64())
	even, odd := GP64(), GP64()
	walk(
		[]Register{even, odd},
		func(i int, x, y Mem) {
			word := GP64()
			MOVQ(x, word)
			XORQ(y, word)
			POPCNTQ(word, word)
			ADDQ(word, []Register{even, odd}[i%2])
		},
		func() {
			ADDQ(odd, even)
			MOVL(even.As32(), Mem{Base: dst})
			ADDQ(Imm(4), dst)
		},
	)
}

func overlap() {
	TEXT("overlapRowsPopcount", NOSPLIT, "func(shared, differing []uint32, q, base []uint64, stride int, rows []uint32, ahead int)")
	Doc(
		"overlapRowsPopcount sets shared[i] to the number of bits that are set in both q and the row at base[rows[i]*stride],",
		"and differing[i] to the number of those in which they differ. It checks no bounds. It prefetches row i+ahead while",
		"it counts row i.",
	)
	Pragma("noescape")
	dst := Load(Param("shared").Base(), GP64())
	// Where the second result goes, seen from the first.
	distance := Load(Param("differing").Base(), GP64())
	SUBQ(dst, distance)
	shared, differing := GP64(), GP64()
	walk(
		[]Register{shared, differing},
		func(_ int, x, y Mem) {
			both, differ := GP64(), GP64()
			MOVQ(x, both)
			MOVQ(y, differ)
			XORQ(both, differ)
			ANDQ(y, both)
			POPCNTQ(both, both)
			POPCNTQ(differ, differ)
			ADDQ(both, shared)
			ADDQ(differ, differing)
		},
		func() {
			MOVL(shared.As32(), Mem{Base: dst})
			MOVL(differing.As32(), Mem{Base: dst, Index: distance, Scale: 1})
			ADDQ(Imm(4), dst)
		},
	)
}

// walk emits a loop over the rows: it clears the sums, counts each pair of words, and stores.
func walk(sums []Register, count func(i int, x, y Mem), store func()) {
	row := Load(Param("rows").Base(), GP64())
	last := Load(Param("rows").Len(), GP64())
	TESTQ(last, last)
	JZ(LabelRef("done"))
	LEAQ(Mem{Base: row, Index: last, Scale: 4, Disp: -4}, last)
	base := Load(Param("base").Base(), GP64())
	stride := Load(Param("stride"), GP64())
	ahead := Load(Param("ahead"), GP64())

	address := func(number Mem) Register {
		at := GP64()
		MOVL(number, at.As32())
		IMULQ(stride, at)
		LEAQ(Mem{Base: base, Index: at, Scale: 8}, at)
		return at
	}

	Label("row")
	y := address(Mem{Base: row})
	later := GP64()
	LEAQ(Mem{Base: row, Index: ahead, Scale: 4}, later)
	CMPQ(later, last)
	CMOVQHI(last, later)
	next := address(Mem{Base: later})
	for _, sum := range sums {
		XORQ(sum, sum)
	}
	x := Load(Param("q").Base(), GP64())
	n := Load(Param("q").Len(), GP64())
	SUBQ(Imm(lineWords), n)
	JL(LabelRef("tail"))

	Label("line")
	PREFETCHT1(Mem{Base: next})
	for i := range lineWords {
		count(i, Mem{Base: x, Disp: 8 * i}, Mem{Base: y, Disp: 8 * i})
	}
	for _, pointer := range []Register{x, y, next} {
		ADDQ(Imm(8*lineWords), pointer)
	}
	SUBQ(Imm(lineWords), n)
	JGE(LabelRef("line"))

	Label("tail")
	ADDQ(Imm(lineWords), n)
	JZ(LabelRef("store"))
	PREFETCHT1(Mem{Base: next})
	Label("word")
	count(0, Mem{Base: x}, Mem{Base: y})
	for _, pointer := range []Register{x, y} {
		ADDQ(Imm(8), pointer)
	}
	DECQ(n)
	JNZ(LabelRef("word"))

	Label("store")
	store()
	ADDQ(Imm(4), row)
	CMPQ(row, last)
	JBE(LabelRef("row"))
	Label("done")
	RET()
}
