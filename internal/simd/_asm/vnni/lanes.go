// Package vnni has what the kernels of bytes in AVX-512 are made of.
package vnni

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// DotBytes emits VPDPBUSD, which avo lacks: it adds products of signed bytes with unsigned bytes to lanes of sum.
func DotBytes(signed, unsigned, sum VecVirtual) {
	Instruction(&ir.Instruction{
		Opcode:   "VPDPBUSD",
		Operands: []Op{signed, unsigned, sum},
		Inputs:   []Op{signed, unsigned, sum},
		Outputs:  []Op{sum},
		ISA:      []string{"AVX512_VNNI"},
	})
}

// DotBroadcast is DotBytes for four signed bytes in memory, that are multiplied with every four unsigned ones.
func DotBroadcast(signed Mem, unsigned, sum VecVirtual) {
	Instruction(&ir.Instruction{
		Opcode:   "VPDPBUSD",
		Suffixes: []string{"BCST"},
		Operands: []Op{signed, unsigned, sum},
		Inputs:   []Op{signed, unsigned, sum},
		Outputs:  []Op{sum},
		ISA:      []string{"AVX512_VNNI"},
	})
}

// InsertUpper emits VINSERTI64X4 of the upper half of a register whose lower half was loaded. Avo would have the upper one needed
// before, and thus the register in use all the time.
func InsertUpper(from Mem, both VecVirtual) {
	Instruction(&ir.Instruction{
		Opcode:   "VINSERTI64X4",
		Operands: []Op{Imm(1), from, both, both},
		Inputs:   []Op{from, both.AsY()},
		Outputs:  []Op{both},
		ISA:      []string{"AVX512F"},
	})
}

// AddLanes emits the sums of the 16 lanes of each of four registers, as the lanes of one.
func AddLanes(rows []VecVirtual) VecVirtual { return Lanes(rows, VPADDD) }

// Lanes emits what an instruction makes of the 16 lanes of each of four registers, as the lanes of one. The registers are joined before
// they are halved, so that there is less to do for each. Only such instructions are used as can have all 32 registers.
func Lanes(rows []VecVirtual, add func(operands ...Op)) VecVirtual {
	low := Join(VPUNPCKLDQ, VPUNPCKHDQ, add, rows[0], rows[1])
	high := Join(VPUNPCKLDQ, VPUNPCKHDQ, add, rows[2], rows[3])
	all := Join(VPUNPCKLQDQ, VPUNPCKHQDQ, add, low, high)
	half, quarter := YMM(), XMM()
	VEXTRACTI64X4(Imm(1), all, half)
	add(all.AsY(), half, half)
	VEXTRACTI32X4(Imm(1), half, quarter)
	add(half.AsX(), quarter, quarter)
	return quarter
}

// Join emits what add makes of two registers that are interleaved: half of the lanes of each, in turns.
func Join(interleaveLow, interleaveHigh, add func(operands ...Op), a, b VecVirtual) VecVirtual {
	low, high := ZMM(), ZMM()
	interleaveLow(b, a, low)
	interleaveHigh(b, a, high)
	add(high, low, low)
	return low
}
