package main

import (
	"math"

	"github.com/vicinaldb/store/internal/simd/_asm/jensenshannon"
)

// The registers of the Jensen-Shannon term: V18 to V21 are scratch, the constants follow them.
const (
	firstConstant = 22
	one           = firstConstant
	least         = one + 1
	coefficients  = least + 1
)

// loadConstants emits the loading of each constant into the four floats of its register.
func loadConstants(p *program) {
	p.op("MOVD $jensenShannonConstants<>(SB), R16")
	for i := range constants() {
		p.op("VLD1R.P 4(R16), [V%d.S4]", firstConstant+i)
	}
}

// constantTable emits the constants.
func constantTable(p *program) {
	p.line("")
	for i, value := range constants() {
		p.line("DATA jensenShannonConstants<>+%d(SB)/4, $%#08x", 4*i, math.Float32bits(value))
	}
	p.line("GLOBL jensenShannonConstants<>(SB), RODATA|NOPTR, $%d", 4*len(constants()))
}

func constants() []float32 {
	return append([]float32{jensenshannon.One, jensenshannon.Least}, jensenshannon.Coefficients[:]...)
}

// jensenShannonTerm has the operations of the Go twin, in its order.
func jensenShannonTerm(p *program, a, b int) {
	const x, low, high = 18, 20, 21
	p.vector("FMUL", x, a, a)
	p.vector("FMUL", 19, b, b)
	p.vector("FADD", x, x, 19)
	p.vector("FADD", x, x, least)
	p.vector("FDIV", x, one, x)
	p.vector("FMUL", 19, a, b)
	p.vector("FMUL", x, 19, x)

	d := a
	p.vector("FSUB", 19, a, b)
	p.vector("FADD", d, a, b)
	p.vector("FMUL", d, 19, d)
	p.vector("FMUL", d, d, d)

	x2, x4 := b, 19
	p.vector("FMUL", x2, x, x)
	p.vector("FMUL", x4, x2, x2)
	cubic(p, low, x, x2, high, coefficients)
	cubic(p, high, x, x2, x, coefficients+4)
	p.vector("FMUL", high, high, x4)
	p.vector("FADD", low, low, high)
	p.vector("FMUL", d, d, low)
}

// cubic emits V[dst] = (k0 + k1*x) + (k2 + k3*x)*x2, where k0 lies in V[k]. V[scratch] is the last to be written, so it may be x.
func cubic(p *program, dst, x, x2, scratch, k int) {
	p.vector("FMUL", dst, k+1, x)
	p.vector("FADD", dst, k, dst)
	p.vector("FMUL", scratch, k+3, x)
	p.vector("FADD", scratch, k+2, scratch)
	p.vector("FMUL", scratch, scratch, x2)
	p.vector("FADD", dst, dst, scratch)
}
