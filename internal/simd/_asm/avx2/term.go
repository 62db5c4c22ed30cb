package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// term is what a kernel sums: a function of one element of x and one of y. Of Chebyshev's, the largest is taken in place
// of the sum; 0, with which the lanes begin, is neutral to both.
type term struct {
	name string
	what string

	// constants loads what add needs all the time; nil when that is nothing.
	constants func() []Op

	// add adds eight terms to the lanes of sum.
	add func(x VecVirtual, y Op, sum VecVirtual, constants []Op)

	// join adds the lanes of a register to those of another. Its operands are those of VADDPS, the last the result.
	join func(operands ...Op)
}

var squaredL2 = term{
	name: "squaredL2",
	what: "the sum of (a[i]-b[i])^2",
	add: func(x VecVirtual, y Op, sum VecVirtual, _ []Op) {
		d := YMM()
		VSUBPS(y, x, d)
		VMULPS(d, d, d)
		VADDPS(d, sum, sum)
	},
	join: VADDPS,
}

var dot = term{
	name: "dot",
	what: "the sum of a[i]*b[i]",
	add: func(x VecVirtual, y Op, sum VecVirtual, _ []Op) {
		p := YMM()
		VMULPS(y, x, p)
		VADDPS(p, sum, sum)
	},
	join: VADDPS,
}

var l1 = term{
	name:      "l1",
	what:      "the sum of |a[i]-b[i]|",
	constants: magnitude,
	add: func(x VecVirtual, y Op, sum VecVirtual, constants []Op) {
		d := YMM()
		VSUBPS(y, x, d)
		VANDPS(d, constants[0], d)
		VADDPS(d, sum, sum)
	},
	join: VADDPS,
}

// chebyshev compares magnitudes as whole numbers, which order as they do; a NaN is larger than all.
var chebyshev = term{
	name:      "chebyshev",
	what:      "the largest |a[i]-b[i]|",
	constants: magnitude,
	add: func(x VecVirtual, y Op, largest VecVirtual, constants []Op) {
		d := YMM()
		VSUBPS(y, x, d)
		VANDPS(d, constants[0], d)
		VPMAXUD(d, largest, largest)
	},
	join: VPMAXUD,
}

// magnitude loads all bits but the sign.
func magnitude() []Op {
	Comment("All bits but the sign.")
	bits := YMM()
	VPCMPEQD(bits, bits, bits)
	VPSRLD(Imm(1), bits, bits)
	return []Op{bits}
}
