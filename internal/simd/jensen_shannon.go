package simd

// The Jensen-Shannon divergence of two histograms, whose shares are p and q, adds for each bin
//
//	(p*ln(p/m) + q*ln(q/m))/2    m = (p+q)/2
//
// Computed like that, it cancels where p and q are near, and has two logarithms. In terms of a and b, the fourth roots of p
// and q, it is
//
//	(sqrt p - sqrt q)^2 * k(x) = ((a-b)*(a+b))^2 * k(x)    x = a*b/(a^2+b^2)
//
// with a function k from k(0) = ln(2)/2, where a bin is empty, to k(1/2) = 1/2, where the shares are equal. The
// logarithm of a small share is in k as x^4*ln(x), which a polynomial follows well; in p and q themselves it would be
// q*ln(q), which none does. That is what the roots are for. Nothing cancels but a-b, which is exact where a and b are near.
//
// The polynomial is the best one of degree 7 for the relative error on [0, 1/2], which is 1.3e-6 (Remez's exchange), and
// is evaluated by Estrin's scheme, whose additions wait for one another less than Horner's do.
const (
	k0, k1, k2, k3 float32 = 0.34657326, -4.0881681e-05, 0.6990847, -0.24595851
	k4, k5, k6, k7 float32 = -1.0148268, 4.716353, -7.3280988, 5.1151872

	// jensenShannonLeast is added to a^2+b^2, so that it is never 0. It changes nothing from shares of 1e-44 on.
	jensenShannonLeast float32 = 0x1p-100
)

func jensenShannonGo(a, b []float32) float32 {
	return fold(jensenShannonPass(a, b, 0), jensenShannonPass(a, b, 8), jensenShannonPass(a, b, 16), jensenShannonPass(a, b, 24))
}

// jensenShannonPass keeps its lanes in memory: the term costs so much more that registers would gain nothing.
func jensenShannonPass(a, b []float32, first int) (s [passLanes]float32) {
	for i := first; i < len(a); i += lanes {
		x := a[i:min(i+passLanes, len(a))]
		y := b[i:][:len(x)]
		for l := range x {
			s[l] += jensenShannonTerm(x[l], y[l])
		}
	}
	return s
}

func jensenShannonTerm(a, b float32) float32 {
	r := 1 / ((float32(a*a) + float32(b*b)) + jensenShannonLeast)
	x := float32(float32(a*b) * r)
	x2 := float32(x * x)
	x4 := float32(x2 * x2)
	low := (k0 + float32(k1*x)) + float32((k2+float32(k3*x))*x2)
	high := (k4 + float32(k5*x)) + float32((k6+float32(k7*x))*x2)
	d := float32((a - b) * (a + b))
	return float32(float32(d*d) * (low + float32(high*x4)))
}
