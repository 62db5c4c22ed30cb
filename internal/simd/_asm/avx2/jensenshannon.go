package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/vicinaldb/store/internal/simd/_asm/jensenshannon"
)

// jensenShannon returns the term that ../../jensen_shannon.go explains, each constant eight times in memory: there are not
// enough registers for them.
func jensenShannon() term {
	table := GLOBL("jensenShannonConstants", RODATA|NOPTR)
	values := append([]float32{jensenshannon.One, jensenshannon.Least}, jensenshannon.Coefficients[:]...)
	var constants []Op
	for i, value := range values {
		constants = append(constants, table.Offset(i*vectorBytes))
		for j := range vectorBytes / 4 {
			DATA(i*vectorBytes+4*j, U32(math.Float32bits(value)))
		}
	}
	return term{
		name:      "jensenShannon",
		what:      "the Jensen-Shannon divergence of a[i]^4 and b[i]^4",
		constants: func() []Op { return constants },
		add:       addJensenShannon,
		join:      VADDPS,
	}
}

// addJensenShannon has the operations of the Go twin, in its order.
func addJensenShannon(a VecVirtual, b Op, sum VecVirtual, constants []Op) {
	one, least, k := constants[0], constants[1], constants[2:]
	y, ok := b.(VecVirtual)
	if !ok {
		y = YMM()
		VMOVUPS(b, y)
	}
	x, square, r := YMM(), YMM(), YMM()
	VMULPS(a, a, square)
	VMULPS(y, y, x)
	VADDPS(x, square, square)
	VADDPS(least, square, square)
	VMOVUPS(one, r)
	VDIVPS(square, r, r)
	VMULPS(y, a, x)
	VMULPS(r, x, x)

	d := r
	total := YMM()
	VSUBPS(y, a, d)
	VADDPS(y, a, total)
	VMULPS(total, d, d)
	VMULPS(d, d, d)

	x2, x4 := YMM(), square
	VMULPS(x, x, x2)
	VMULPS(x2, x2, x4)
	low := cubic(x, x2, k[:4])
	high := cubic(x, x2, k[4:])
	VMULPS(x4, high, high)
	VADDPS(high, low, low)
	VMULPS(low, d, d)
	VADDPS(d, sum, sum)
}

// cubic emits (k[0] + k[1]*x) + (k[2] + k[3]*x)*x2.
func cubic(x, x2 VecVirtual, k []Op) VecVirtual {
	low, high := YMM(), YMM()
	VMULPS(k[1], x, low)
	VADDPS(k[0], low, low)
	VMULPS(k[3], x, high)
	VADDPS(k[2], high, high)
	VMULPS(x2, high, high)
	VADDPS(high, low, low)
	return low
}
