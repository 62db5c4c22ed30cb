// Command prefetch writes the prefetch of package simd. Run it by go generate in the directory of the package.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

const (
	lineBytes = 64
	unroll    = 4
)

func main() {
	ConstraintExpr("amd64,!purego")
	prefetch("prefetchRowsL1", "first", func(line Mem) { PREFETCHT0(line) })
	prefetch("prefetchRowsL2", "second", func(line Mem) { PREFETCHT1(line) })
	pairs()
	Generate()
}

// prefetch writes the function that asks for lines by a hint for a level of the cache.
func prefetch(name, level string, hint func(line Mem)) {
	TEXT(name, NOSPLIT, "func(base *byte, stride, length int, rows []uint32)")
	Doc(name + " asks for the cache lines of length bytes at base[rows[i]*stride], for the " + level + " level. There must be a row.")
	Pragma("noescape")
	base := Load(Param("base"), GP64())
	stride := Load(Param("stride"), GP64())
	length := Load(Param("length"), GP64())
	at := Load(Param("rows").Base(), GP64())
	end := Load(Param("rows").Len(), GP64())
	LEAQ(Mem{Base: at, Index: end, Scale: 4}, end)
	Label("Row")
	line, stop := GP64(), GP64()
	MOVL(Mem{Base: at}, line.As32())
	IMULQ(stride, line)
	ADDQ(base, line)
	LEAQ(Mem{Base: line, Index: length, Scale: 1}, stop)
	ANDQ(I8(-lineBytes), line) // a row may end in a line that none of its multiples of 64 bytes lies in
	Label("Line")
	hint(Mem{Base: line})
	ADDQ(Imm(lineBytes), line)
	CMPQ(line, stop)
	JB(LabelRef("Line"))
	ADDQ(Imm(4), at)
	CMPQ(at, end)
	JB(LabelRef("Row"))
	RET()
}

// pairs writes the function for rows of two lines, which for so few takes a fraction of the time of one that counts them.
func pairs() {
	TEXT("prefetchPairsL2", NOSPLIT, "func(base *byte, stride, second int, rows []uint32)")
	Doc("prefetchPairsL2 asks for the cache lines at base[rows[i]*stride] and second bytes behind it, for the second level.")
	Pragma("noescape")
	first := Load(Param("base"), GP64())
	stride := Load(Param("stride"), GP64())
	second := Load(Param("second"), GP64())
	at := Load(Param("rows").Base(), GP64())
	end, full := Load(Param("rows").Len(), GP64()), GP64()
	LEAQ(Mem{Base: at, Index: end, Scale: 4}, end)
	LEAQ(Mem{Base: end, Disp: -4 * (unroll - 1)}, full)
	ADDQ(first, second)
	row := func(i int) {
		line := GP64()
		MOVL(Mem{Base: at, Disp: 4 * i}, line.As32())
		IMULQ(stride, line)
		PREFETCHT1(Mem{Base: first, Index: line, Scale: 1})
		PREFETCHT1(Mem{Base: second, Index: line, Scale: 1})
	}
	JMP(LabelRef("Next"))
	Label("Rows")
	for i := range unroll {
		row(i)
	}
	ADDQ(Imm(4*unroll), at)
	Label("Next")
	CMPQ(at, full)
	JB(LabelRef("Rows"))
	JMP(LabelRef("NextOne"))
	Label("One")
	row(0)
	ADDQ(Imm(4), at)
	Label("NextOne")
	CMPQ(at, end)
	JB(LabelRef("One"))
	RET()
}
