package metric

import "math"

// Elementary functions with a relative error near 1e-12. They are here because package math does not promise the
// same bits on every machine, and what a graph is built with must give them.

// logarithm returns log(x) for finite x > 0, -Inf for 0.
func logarithm(x float64) float64 {
	const smallestNormal = 0x1p-1022
	switch {
	case x <= 0:
		return math.Inf(-1)
	case x < smallestNormal:
		return logarithm(x*0x1p54) - 54*math.Ln2
	}
	m, k := splitNearOne(x)
	return logRatio((m-1)/(m+1)) + float64(k*math.Ln2)
}

// minusLog returns -log(1-f) for 0 <= f < 1, precise for small f too.
func minusLog(f float64) float64 {
	// 1-f = (1-d) * 2^k.
	d, k := f, 0.0
	if f > 1-math.Sqrt2/2 {
		d, k = splitNearOne(1 - f)
		d = 1 - d
	}
	return logRatio(d/(2-d)) - float64(k*math.Ln2)
}

// splitNearOne returns x, a normal number above 0, as m * 2^k with m in [sqrt(1/2), sqrt(2)).
func splitNearOne(x float64) (m, k float64) {
	const sqrtHalf = 0x3fe6a09e667f3bcd // bits of sqrt(1/2)
	bits := math.Float64bits(x)
	exponent := int64(bits-sqrtHalf) >> 52
	return math.Float64frombits(bits - uint64(exponent)<<52), float64(exponent)
}

// logRatio returns log((1+s)/(1-s)) = 2*atanh(s) = 2*(s + s^3/3 + s^5/5 + ...) for |s| < 0.172.
func logRatio(s float64) float64 {
	z := float64(s * s)
	z2 := float64(z * z)
	low := (2 + float64(z*(2./3))) + float64(z2*(2./5+float64(z*(2./7))))
	high := (2./9 + float64(z*(2./11))) + float64(z2*(2./13))
	return float64(s * (low + float64(float64(z2*z2)*high)))
}

// exponential returns exp(u), 0 where that is below 2^-1022.
func exponential(u float64) float64 {
	switch {
	case u > 1024*math.Ln2:
		return math.Inf(1)
	case u < -1021*math.Ln2:
		return 0
	}
	// exp(u) = 2^n * exp(r) with |r| <= log(2)/2, in two factors since 2^n may be too large for one.
	n := math.Floor(float64(u*(1/math.Ln2)) + 0.5)
	r := u - float64(n*math.Ln2)
	half := math.Floor(n / 2)
	scaled := (1 + 2*r/(halfCoth(r)-r)) * powerOfTwo(half)
	return scaled * powerOfTwo(n-half)
}

// oneMinusExp returns 1 - exp(-u) for u >= 0, precise for small u too.
func oneMinusExp(u float64) float64 {
	// exp(-u) = 2^-n * exp(-r) with |r| <= log(2)/2.
	scale, r := 1.0, u
	if u > math.Ln2/2 {
		n := math.Floor(float64(min(u, 700)*(1/math.Ln2)) + 0.5)
		scale, r = powerOfTwo(-n), u-float64(n*math.Ln2)
	}
	// 1 - exp(-r) = 2r/(r + r*coth(r/2))
	return (1 - scale) + float64(scale*(2*r/(r+halfCoth(r))))
}

// halfCoth returns r*coth(r/2) = 2 + r^2/6 - r^4/360 + r^6/15120 - r^8/604800 + ... for |r| <= log(2)/2.
func halfCoth(r float64) float64 {
	z := float64(r * r)
	high := (1./360 - float64(z*(1./15120))) + float64(float64(z*z)*(1./604800))
	return (2 + float64(z*(1./6))) - float64(float64(z*z)*high)
}

// powerOfTwo returns 2^n for a whole n from -1022 to 1023.
func powerOfTwo(n float64) float64 { return math.Float64frombits(uint64(int64(n)+1023) << 52) }

// power raises to an exponent p > 0.
type power struct {
	p float64
	n int // p as a number of factors, 0 if it is none of 1 to 16
}

func newPower(p float64) power {
	if p == math.Trunc(p) && p <= 16 {
		return power{p, int(p)}
	}
	return power{p, 0}
}

// of returns x^p for x >= 0.
func (w power) of(x float64) float64 {
	switch {
	case w.n == 1:
		return x
	case w.n == 2:
		return float64(x * x)
	case w.n > 0:
		product := x
		for range w.n - 1 {
			product = float64(product * x)
		}
		return product
	case x == 0:
		return 0
	default:
		return exponential(float64(w.p * logarithm(x)))
	}
}

// root returns x^(1/p) for x >= 0.
func (w power) root(x float64) float64 {
	switch {
	case w.n == 1:
		return x
	case w.n == 2:
		return math.Sqrt(x)
	case x == 0:
		return 0
	default:
		return exponential(logarithm(x) / w.p)
	}
}

// rounded returns the float32 next to a distance, the largest one for what lies beyond: distances stay finite.
func rounded(distance float64) float32 { return float32(min(distance, math.MaxFloat32)) }
