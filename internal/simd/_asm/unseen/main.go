// Command unseen writes the functions of package simd that keep those of many rows whose bits are not set, and set them. Run it
// by go generate in the directory of the package.
//
// Whether a bit was set is as good as random, so there is no branch on it: every row is stored, and the place of the next one
// moves on only behind new ones. BTS leaves the old bit in the carry flag, from where SBB counts it. For the same reason lines are
// asked for of all rows: those of rows that are not new are in the cache for the most part, which costs less than to tell.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const unroll = 4

func main() {
	ConstraintExpr("amd64,!purego")
	unseen("unseenBTS", nil)
	unseen("unseenBTSL1", func(line Mem) { PREFETCHT0(line) })
	unseen("unseenBTSL2", func(line Mem) { PREFETCHT1(line) })
	Generate()
}

// kernel is what a function has in registers.
type kernel struct {
	dst, words, rows, n   Register
	unseen, read          Register       // counts
	hint                  func(line Mem) // asks for a line, if lines are asked for
	first, second, stride Register       // where the two lines of row 0 are, and how far apart rows are
}

// unseen writes the function that asks for two lines of each row by a hint, or for none.
func unseen(name string, hint func(line Mem)) {
	k := begin(name, hint)
	count, full := Load(Param("rows").Len(), GP64()), GP64()
	LEAQ(Mem{Base: count, Disp: 1 - unroll}, full)
	JMP(LabelRef("Next"))
	Label("Rows")
	for i := range unroll {
		k.row(i)
	}
	ADDQ(Imm(unroll), k.read)
	Label("Next")
	CMPQ(k.read, full)
	JLT(LabelRef("Rows"))
	JMP(LabelRef("NextOne"))
	Label("One")
	k.row(0)
	INCQ(k.read)
	Label("NextOne")
	CMPQ(k.read, count)
	JB(LabelRef("One"))
	Label("Outside")
	Store(k.unseen, ReturnIndex(0))
	Store(k.read, ReturnIndex(1))
	RET()
}

// begin emits the head of a function.
func begin(name string, hint func(line Mem)) *kernel {
	signature, more := "dst []uint32, words []uint64, rows []uint32, n uint32", ""
	if hint != nil {
		signature += ", base *byte, stride, second int"
		more = "It asks for the lines at base[row*stride] and second bytes behind it of each row. "
	}
	TEXT(name, NOSPLIT, "func("+signature+") (unseen, read int)")
	Doc(
		name+" moves those of rows whose bits in words are not set to the front of dst, sets the bits, and returns how many they",
		"are, and how many rows it has read: all of them if each is below n. "+more+"It checks no other bounds.",
	)
	Pragma("noescape")
	k := &kernel{
		dst: Load(Param("dst").Base(), GP64()), words: Load(Param("words").Base(), GP64()),
		rows: Load(Param("rows").Base(), GP64()), n: Load(Param("n"), GP32()),
		unseen: GP64(), read: GP64(), hint: hint,
	}
	if hint != nil {
		k.first, k.second = Load(Param("base"), GP64()), Load(Param("second"), GP64())
		k.stride = Load(Param("stride"), GP64())
		ADDQ(k.first, k.second)
	}
	XORQ(k.unseen, k.unseen)
	XORQ(k.read, k.read)
	return k
}

// row emits what is done with the i-th of the next rows.
func (k *kernel) row(i int) {
	row, word, bits := GP64(), GP64(), GP64()
	MOVL(Mem{Base: k.rows, Index: k.read, Scale: 4, Disp: 4 * i}, row.As32())
	CMPL(row.As32(), k.n)
	JAE(LabelRef("Outside"))
	MOVL(row.As32(), Mem{Base: k.dst, Index: k.unseen, Scale: 4})
	MOVL(row.As32(), word.As32())
	SHRL(Imm(6), word.As32())
	MOVQ(Mem{Base: k.words, Index: word, Scale: 8}, bits)
	BTSQ(row, bits)
	SBBQ(I8(-1), k.unseen)
	MOVQ(bits, Mem{Base: k.words, Index: word, Scale: 8})
	if k.hint != nil {
		IMULQ(k.stride, row)
		k.hint(Mem{Base: k.first, Index: row, Scale: 1})
		k.hint(Mem{Base: k.second, Index: row, Scale: 1})
	}
}
