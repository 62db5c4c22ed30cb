// Package jensenshannon has the constants of the term that ../../jensen_shannon.go explains, for both generators. They
// repeat those of the Go twin; the tests of package simd hold them together.
package jensenshannon

// One, Least and Coefficients are 1, the addend of the denominator, and the polynomial from its constant on.
const (
	One   float32 = 1
	Least float32 = 0x1p-100
)

// Coefficients are those of the polynomial, from the constant on.
var Coefficients = [8]float32{
	0.34657326, -4.0881681e-05, 0.6990847, -0.24595851, -1.0148268, 4.716353, -7.3280988, 5.1151872,
}
