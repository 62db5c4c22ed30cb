package metric

import (
	"math"

	"github.com/vicinaldb/store/internal/simd"
)

var cosineFamily = []Definition{
	{Name: "cosine", Kernel: Cosine, Stretch: stretchCosine},
	{Name: "dot", Kernel: Cosine, Stretch: stretchCosine},
}

// cosine computes the distance of a pair from scratch, as a codec does from stored inverse norms.
func cosine(x, y []float32) float32 {
	return CosineFromDot(simd.Dot(x, y), InverseNorm(x), InverseNorm(y))
}

// InverseNorm returns 1/|v| for [CosineFromDot], and 0 for the zero vector. It is computed in float64 from the dot
// product of v with itself and rounded up to float32, so that the product of both norms takes the cosine of a vector
// with itself to 1 or just above, where CosineFromDot makes it 1.
func InverseNorm(v []float32) float32 {
	squared := float64(simd.Dot(v, v))
	if squared == 0 {
		return 0
	}
	inverse := float32(1 / math.Sqrt(squared))
	for squared*(float64(inverse)*float64(inverse)) < 1 {
		inverse = math.Nextafter32(inverse, math.MaxFloat32)
	}
	return inverse
}

// CosineFromDot returns the cosine distance of two vectors from their dot product and their inverse norms. It lies
// in [0, 2], is exactly 0 for equal vectors, the same for both orders of a pair, and 1 when one of the norms is zero, 0
// when both are.
func CosineFromDot(dot, inverseNormX, inverseNormY float32) float32 {
	// The product of two float32 is exact in float64, so the order of the norms cannot matter.
	scale := float64(inverseNormX) * float64(inverseNormY)
	if scale == 0 {
		return cosineOfZero(inverseNormX, inverseNormY)
	}
	distance := 1 - float64(float64(dot)*scale)
	if distance < 0 {
		return 0
	}
	if distance > 2 {
		return 2
	}
	return float32(distance)
}

func cosineOfZero(inverseNormX, inverseNormY float32) float32 {
	if inverseNormX == inverseNormY {
		return 0
	}
	return 1
}

// stretchCosine multiplies -log2(cos), the unbounded form of the distance, by 1+epsilon: cos becomes cos^(1+epsilon).
// From a right angle on, where that form does not exist, the distance itself is stretched. As a bound, that admits fewer
// rows just before a right angle and all up to 1+epsilon from there on, but never fewer for a larger distance.
func stretchCosine(fast, epsilon float32) float32 {
	if fast >= 1 {
		return (1 + epsilon) * fast
	}
	// 1 - cos^(1+e) = f + cos*(1-cos^e) with f = 1-cos keeps the precision of small distances.
	f := float64(fast)
	return float32(f + float64((1-f)*oneMinusExp(float64(epsilon)*minusLog(f))))
}

// minusLog returns -log(1-f) for 0 <= f < 1, with a relative error near 1e-12. This and oneMinusExp are here because
// package math does not promise the same bits on every machine, and what bounds the pruning of a graph must give them.
func minusLog(f float64) float64 {
	// 1-f = (1-d) * 2^-k with 1-d in [sqrt(1/2), sqrt(2)).
	d, k := f, 0.0
	if f > 1-math.Sqrt2/2 {
		const sqrtHalf = 0x3fe6a09e667f3bcd // bits of sqrt(1/2)
		bits := math.Float64bits(1 - f)
		exponent := int64(bits-sqrtHalf) >> 52
		d, k = 1-math.Float64frombits(bits-uint64(exponent)<<52), float64(-exponent)
	}
	// -log(1-d) = 2*atanh(s) = 2*(s + s^3/3 + s^5/5 + ...) with s = d/(2-d), and |s| < 0.172.
	s := d / (2 - d)
	z := float64(s * s)
	z2 := float64(z * z)
	low := (2 + float64(z*(2./3))) + float64(z2*(2./5+float64(z*(2./7))))
	high := (2./9 + float64(z*(2./11))) + float64(z2*(2./13))
	return float64(s*(low+float64(float64(z2*z2)*high))) + float64(k*math.Ln2)
}

// oneMinusExp returns 1 - exp(-u) for u >= 0, with a relative error near 1e-12.
func oneMinusExp(u float64) float64 {
	// exp(-u) = 2^-n * exp(-r) with |r| <= log(2)/2.
	scale, r := 1.0, u
	if u > math.Ln2/2 {
		n := math.Floor(float64(min(u, 700)*(1/math.Ln2)) + 0.5)
		scale, r = math.Float64frombits(uint64(1023-int64(n))<<52), u-float64(n*math.Ln2)
	}
	// 1 - exp(-r) = 2r/(r + r*coth(r/2)), and r*coth(r/2) = 2 + r^2/6 - r^4/360 + r^6/15120 - r^8/604800 + ...
	z := float64(r * r)
	coth := (2 + float64(z*(1./6))) - float64(float64(z*z)*((1./360-float64(z*(1./15120)))+float64(float64(z*z)*(1./604800))))
	return (1 - scale) + float64(scale*(2*r/(r+coth)))
}
