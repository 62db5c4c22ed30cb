// Command float16 writes the kernels of package simd that compare a query of float32 with rows of half floats, for AVX2 with F16C
// and for AVX-512: squared L2, dot product, L1 and Chebyshev. Run it by go generate in the directory of the package.
//
// A row is a number of whole cache lines, each of which is one block of the package's summation order: 32 halves, made float32 as
// they are loaded, which is exact. Their 32 lanes are four YMM or two ZMM registers. One block of the row that comes some rows
// later is prefetched with each block.
package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const blockBytes = 64 // of halves

// term is what a kernel sums, as for the kernels of float32.
type term struct {
	name, what string
	// add adds the terms of y, which it may overwrite, and of the query's floats in memory to the lanes of sum.
	add func(query Mem, y, magnitude, sum Op)
	// join adds lanes to lanes.
	join func(operands ...Op)
	// magnitude says that add needs the bits that are a number without its sign.
	magnitude bool
}

var terms = []term{
	{"squaredL2", "the sum of (q[j]-row[j])^2", func(query Mem, y, _, sum Op) {
		VSUBPS(query, y, y)
		VMULPS(y, y, y)
		VADDPS(y, sum, sum)
	}, VADDPS, false},
	{"dot", "the sum of q[j]*row[j]", func(query Mem, y, _, sum Op) {
		VMULPS(query, y, y)
		VADDPS(y, sum, sum)
	}, VADDPS, false},
	{"l1", "the sum of |q[j]-row[j]|", func(query Mem, y, magnitude, sum Op) {
		VSUBPS(query, y, y)
		VANDPS(magnitude, y, y)
		VADDPS(y, sum, sum)
	}, VADDPS, true},
	// Magnitudes compare as whole numbers, and a NaN is larger than all.
	{"chebyshev", "the largest |q[j]-row[j]|", func(query Mem, y, magnitude, sum Op) {
		VSUBPS(query, y, y)
		VANDPS(magnitude, y, y)
		VPMAXUD(y, sum, sum)
	}, VPMAXUD, true},
}

// width is a size of registers.
type width struct {
	suffix string
	bytes  int
	vector func() VecVirtual
}

func main() {
	ConstraintExpr("amd64,!purego")
	features()
	floats()
	magnitude := GLOBL("halfMagnitude", RODATA|NOPTR)
	DATA(0, U32(math.MaxInt32))
	for _, t := range terms {
		rows(t, width{"AVX2", 32, YMM}, magnitude)
		rows(t, width{"AVX512", 64, ZMM}, magnitude)
	}
	Generate()
}

// features emits what tells whether the processor converts halves.
func features() {
	TEXT("featuresOfLeaf1", NOSPLIT, "func() uint32")
	Doc("featuresOfLeaf1 returns what CPUID says in ECX of leaf 1.")
	XORL(ECX, ECX)
	MOVL(U32(1), EAX)
	CPUID()
	Store(ECX, ReturnIndex(0))
	RET()
}

// floats emits the conversion of many halves.
func floats() {
	TEXT("floatsOfHalvesAVX2", NOSPLIT, "func(dst []float32, src []byte)")
	Doc("floatsOfHalvesAVX2 makes floats of halves: whole blocks of 32, at least one.")
	Pragma("noescape")
	dst := Load(Param("dst").Base(), GP64())
	src := Load(Param("src").Base(), GP64())
	end := Load(Param("src").Len(), GP64())
	at := GP64()
	XORQ(at, at)
	Label("Block")
	for i := range 4 {
		y := YMM()
		VCVTPH2PS(Mem{Base: src, Index: at, Scale: 1, Disp: 16 * i}, y)
		VMOVUPS(y, Mem{Base: dst, Index: at, Scale: 2, Disp: 32 * i})
	}
	ADDQ(Imm(blockBytes), at)
	CMPQ(at, end)
	JB(LabelRef("Block"))
	VZEROUPPER()
	RET()
}

// rows emits the kernel for one query and many rows.
func rows(t term, w width, magnitudes Mem) {
	name := t.name + "F16Rows" + w.suffix
	TEXT(name, NOSPLIT, "func(dst, q []float32, base []byte, stride int, rows []uint32, ahead int)")
	Doc(
		fmt.Sprintf("%s sets dst[i] to %s for the row of len(q) halves at", name, t.what),
		"base[rows[i]*stride]. There must be a row, and whole blocks of 32 floats. It checks no bounds. It prefetches row i+ahead",
		"while it computes row i.",
	)
	Pragma("noescape")
	dst := Load(Param("dst").Base(), GP64())
	query := Load(Param("q").Base(), GP64())
	end := Load(Param("q").Len(), GP64())
	base := Load(Param("base").Base(), GP64())
	stride := Load(Param("stride"), GP64())
	number := Load(Param("rows").Base(), GP64())
	last := Load(Param("rows").Len(), GP64())
	ahead := Load(Param("ahead"), GP64())
	SHLQ(Imm(1), end)
	LEAQ(Mem{Base: number, Index: last, Scale: 4, Disp: -4}, last)
	var magnitude Op
	if t.magnitude {
		all := w.vector()
		VBROADCASTSS(magnitudes, all)
		magnitude = all
	}

	Label("Row")
	row := address(number, base, stride)
	later := GP64()
	LEAQ(Mem{Base: number, Index: ahead, Scale: 4}, later)
	CMPQ(later, last)
	CMOVQHI(last, later)
	next := address(later, base, stride)
	lanes := make([]VecVirtual, 128/w.bytes)
	for i := range lanes {
		lanes[i] = w.vector()
		if w.bytes == 64 {
			VPXORQ(lanes[i], lanes[i], lanes[i])
		} else {
			VXORPS(lanes[i], lanes[i], lanes[i])
		}
	}
	at := GP64()
	XORQ(at, at)
	Label("Block")
	PREFETCHT1(Mem{Base: next, Index: at, Scale: 1})
	for i, lane := range lanes {
		y := w.vector()
		VCVTPH2PS(Mem{Base: row, Index: at, Scale: 1, Disp: i * w.bytes / 2}, y)
		t.add(Mem{Base: query, Index: at, Scale: 2, Disp: i * w.bytes}, y, magnitude, lane)
	}
	ADDQ(Imm(blockBytes), at)
	CMPQ(at, end)
	JB(LabelRef("Block"))
	VMOVSS(t.reduce(lanes, w), Mem{Base: dst})
	ADDQ(Imm(4), dst)
	ADDQ(Imm(4), number)
	CMPQ(number, last)
	JBE(LabelRef("Row"))
	VZEROUPPER()
	RET()
}

// address emits the address of the row whose number lies at a place in memory.
func address(number, base, stride Register) Register {
	row := GP64()
	MOVL(Mem{Base: number}, row.As32())
	IMULQ(stride, row)
	ADDQ(base, row)
	return row
}

// reduce emits the sum of 32 lanes in the package's order and returns the register whose lowest float it is.
func (t term) reduce(lanes []VecVirtual, w width) Register {
	if w.bytes == 64 { // split into the four vectors that the others have from the beginning
		var halves []VecVirtual
		for _, lane := range lanes {
			high := YMM()
			VEXTRACTF32X8(Imm(1), lane, high)
			halves = append(halves, lane.AsY().(VecVirtual), high)
		}
		lanes = halves
	}
	sum := lanes[0]
	t.join(lanes[1], sum, sum)
	t.join(lanes[3], lanes[2], lanes[2])
	t.join(lanes[2], sum, sum)
	u, other := sum.AsX(), XMM()
	VEXTRACTF128(Imm(1), sum, other)
	t.join(other, u, u)
	VMOVHLPS(u, u, other)
	t.join(other, u, u)
	VMOVSHDUP(u, other)
	t.join(other, u, u)
	return u
}
