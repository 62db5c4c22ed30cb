package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// term is what a kernel sums: a function of one element of x and one of y.
type term struct {
	name string
	what string

	// constants loads what add needs all the time; nil when that is nothing.
	constants func() VecVirtual

	// add adds eight terms to the lanes of sum.
	add func(x VecVirtual, y Op, sum, constants VecVirtual)
}

var squaredL2 = term{
	name: "squaredL2",
	what: "the sum of (a[i]-b[i])^2",
	add: func(x VecVirtual, y Op, sum, _ VecVirtual) {
		d := YMM()
		VSUBPS(y, x, d)
		VMULPS(d, d, d)
		VADDPS(d, sum, sum)
	},
}

var dot = term{
	name: "dot",
	what: "the sum of a[i]*b[i]",
	add: func(x VecVirtual, y Op, sum, _ VecVirtual) {
		p := YMM()
		VMULPS(y, x, p)
		VADDPS(p, sum, sum)
	},
}

var l1 = term{
	name: "l1",
	what: "the sum of |a[i]-b[i]|",
	constants: func() VecVirtual {
		Comment("All bits but the sign.")
		magnitude := YMM()
		VPCMPEQD(magnitude, magnitude, magnitude)
		VPSRLD(Imm(1), magnitude, magnitude)
		return magnitude
	},
	add: func(x VecVirtual, y Op, sum, magnitude VecVirtual) {
		d := YMM()
		VSUBPS(y, x, d)
		VANDPS(d, magnitude, d)
		VADDPS(d, sum, sum)
	},
}
