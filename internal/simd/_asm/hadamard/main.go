// Command hadamard writes the AVX2 kernel of package simd that transforms vectors by a matrix of Hadamard's. Run it by go generate in the
// directory of the package.
//
// A step adds and subtracts components that lie so many apart: first those within a register, which is added to itself with lanes
// exchanged, one of each two negated, and then whole registers. Sums are those of the Go twin, so that both give the same bits.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	vectorBytes = 32 // a YMM register
	lanes       = vectorBytes / 4
)

func main() {
	ConstraintExpr("amd64,!purego")
	TEXT("hadamardAVX2", NOSPLIT, "func(v, factors []float32)")
	Doc("hadamardAVX2 is hadamardGo for a vector of 8 components or more. It checks no bounds.")
	Pragma("noescape")
	base, factors := Load(Param("v").Base(), GP64()), Load(Param("factors").Base(), GP64())
	length := Load(Param("v").Len(), GP64())
	SHLQ(Imm(2), length)
	within(base, factors, length)
	between(base, length)
	VZEROUPPER()
	RET()
	Generate()
}

// within emits the multiplication with the factors, and the steps in which components lie in one register.
func within(base, factors, length Register) {
	at, x, exchanged := GP64(), YMM(), YMM()
	var masks []VecVirtual
	for apart := 1; apart < lanes; apart *= 2 {
		mask := YMM()
		VMOVUPS(upper(apart), mask)
		masks = append(masks, mask)
	}
	XORQ(at, at)
	Label("Within")
	place := Mem{Base: base, Index: at, Scale: 1}
	VMOVUPS(Mem{Base: factors, Index: at, Scale: 1}, x)
	VMULPS(place, x, x)
	for step, exchange := range []func(){
		func() { VPERMILPS(Imm(0xb1), x, exchanged) },
		func() { VPERMILPS(Imm(0x4e), x, exchanged) },
		func() { VPERM2F128(Imm(1), x, x, exchanged) },
	} {
		exchange()
		VXORPS(masks[step], x, x)
		VADDPS(x, exchanged, x)
	}
	VMOVUPS(x, place)
	ADDQ(Imm(vectorBytes), at)
	CMPQ(at, length)
	JB(LabelRef("Within"))
}

// between emits the steps in which they lie in two.
func between(base, length Register) {
	apart, at, half, end := GP64(), GP64(), GP64(), GP64()
	MOVQ(U32(vectorBytes), apart)
	LEAQ(Mem{Base: base, Index: length, Scale: 1}, end)
	JMP(LabelRef("Next"))
	Label("Step")
	MOVQ(base, at)
	Label("Halves")
	LEAQ(Mem{Base: at, Index: apart, Scale: 1}, half)
	Label("Pair")
	x, y, sum := YMM(), YMM(), YMM()
	first, second := Mem{Base: at}, Mem{Base: at, Index: apart, Scale: 1}
	VMOVUPS(first, x)
	VMOVUPS(second, y)
	VADDPS(y, x, sum)
	VSUBPS(y, x, y)
	VMOVUPS(sum, first)
	VMOVUPS(y, second)
	ADDQ(Imm(vectorBytes), at)
	CMPQ(at, half)
	JB(LabelRef("Pair"))
	ADDQ(apart, at)
	CMPQ(at, end)
	JB(LabelRef("Halves"))
	SHLQ(Imm(1), apart)
	Label("Next")
	CMPQ(apart, length)
	JB(LabelRef("Step"))
}

// upper is a mask of the signs of the second of each two lanes so far apart.
func upper(apart int) Mem {
	mask := GLOBL(fmt.Sprintf("hadamardUpper%d", apart), RODATA|NOPTR)
	for lane := range lanes {
		sign := uint32(0)
		if lane&apart != 0 {
			sign = 1 << 31
		}
		DATA(4*lane, U32(sign))
	}
	return mask
}
