package metric

import (
	"fmt"
	"math"
)

// histogramFamily are the metrics that compare histograms bin by bin, p and q being x and y divided by their sums.
var histogramFamily = []Definition{
	// sqrt(1 - sum sqrt(p*q)) (Hellinger 1909); the sum is Bhattacharyya's coefficient. Its square is half the squared
	// distance of the roots of shares.
	{
		Name: "hellinger", Kernel: SquaredL2, Transform: rootsOfHalfShares, Fast: squaredHellinger,
		Correct: sqrt, Stretch: stretchSquaredSimilarity, Check: checkHistogram,
	},

	// sum(p*log(p/m) + q*log(q/m))/2 with m = (p+q)/2 and 0*log(0) = 0 (Lin 1991). From 0 to log(2). It is the square of
	// what scipy.spatial.distance.jensenshannon returns, as PyNNDescent's is.
	{
		Name: "jensen-shannon", Aliases: []string{"jensen_shannon"}, Kernel: JensenShannon, Transform: fourthRootsOfShares,
		Fast: jensenShannon, Stretch: stretchJensenShannon, Check: checkHistogram,
	},

	// sum((p-q)*log(p/q)) (Kullback & Leibler 1951), where 2^-23 is added to each component of x and y before they are
	// divided by their sums, as PyNNDescent does, so that an empty bin does not make the distance infinite.
	{
		Name: "symmetric-kl", Aliases: []string{"symmetric_kl", "symmetric_kullback_liebler"},
		Fast: symmetricKL, Check: checkHistogram,
	},
}

// checkHistogram refuses vectors that cannot be divided by their sum into shares.
func checkHistogram(v []float32) error {
	var largest float32
	for i, x := range v {
		if x < 0 {
			return fmt.Errorf("%w: component %d is %v: a histogram has no negative bins", ErrDomain, i, x)
		}
		largest = max(largest, x)
	}
	if largest == 0 {
		return fmt.Errorf("%w: all %d components are zero: a histogram has a positive sum", ErrDomain, len(v))
	}
	return nil
}

// perUnit returns what to multiply the bins of a histogram with so that they sum to 1; 0 for one without mass.
func perUnit(x []float32) float64 {
	if sum := massOf(x); sum > 0 {
		return 1 / sum
	}
	return 0
}

// massOf sums the bins, in four lanes that need not wait for one another.
func massOf(x []float32) float64 {
	var a, b, c, d float64
	for ; len(x) >= 4; x = x[4:] {
		a += float64(x[0])
		b += float64(x[1])
		c += float64(x[2])
		d += float64(x[3])
	}
	for _, last := range x {
		a += float64(last)
	}
	return (a + b) + (c + d)
}

// rootsOfHalfShares sets dst to sqrt(p/2).
func rootsOfHalfShares(dst, v []float32) {
	scale := perUnit(v) / 2
	for i, x := range v {
		dst[i] = float32(math.Sqrt(float64(x) * scale))
	}
}

// fourthRootsOfShares sets dst to sqrt(sqrt(p)).
func fourthRootsOfShares(dst, v []float32) {
	scale := perUnit(v)
	for i, x := range v {
		dst[i] = float32(math.Sqrt(math.Sqrt(float64(x) * scale)))
	}
}

// squaredHellinger of a histogram without mass is 0 from another such one and 1 from the rest.
func squaredHellinger(x, y []float32) float32 { return float32(1 - bhattacharyya(x, y)) }

// bhattacharyya returns the sum of sqrt(p*q), in [0, 1]. Products of float32 are exact in float64, and the root of a square
// is exact too, so that it is 1 for equal histograms.
func bhattacharyya(x, y []float32) float64 {
	y = y[:len(x)]
	var sumX, sumY, roots float64
	for i := range x {
		a, b := float64(x[i]), float64(y[i])
		sumX += a
		sumY += b
		roots += math.Sqrt(math.Abs(a * b)) // not negative in a histogram
	}
	if product := sumX * sumY; product > 0 {
		return min(roots/math.Sqrt(product), 1)
	}
	if sumX == sumY {
		return 1
	}
	return 0
}

// jensenShannon adds, for each bin with s = p+q and u = (p-q)/s, what its definition is in these terms:
// s*((1+u)*log(1+u) + (1-u)*log(1-u))/4. No term is negative, and all are the same for both orders of a pair.
func jensenShannon(x, y []float32) float32 {
	y = y[:len(x)]
	scaleX, scaleY := perUnit(x), perUnit(y)
	var sum float64
	for i := range x {
		p, q := float64(float64(x[i])*scaleX), float64(float64(y[i])*scaleY)
		s := p + q
		switch {
		case p == q:
		case p == 0 || q == 0:
			sum += float64(s * (math.Ln2 / 2))
		default:
			sum += float64(s * divergence((p-q)/s))
		}
	}
	return rounded(sum)
}

// divergence returns ((1+u)*log(1+u) + (1-u)*log(1-u))/4 for |u| < 1: the sum of u^(2k)/(4k(2k-1)).
func divergence(u float64) float64 {
	z := float64(u * u)
	if z > 1./4 {
		u = math.Abs(u)
		return (float64((1+u)*logarithm(1+u)) - float64((1-u)*minusLog(u))) / 4
	}
	z2 := float64(z * z)
	z4 := float64(z2 * z2)
	a := (1./4 + float64(z*(1./24))) + float64(z2*(1./60+float64(z*(1./112))))
	b := (1./180 + float64(z*(1./264))) + float64(z2*(1./364+float64(z*(1./480))))
	c := (1./612 + float64(z*(1./760))) + float64(z2*(1./924+float64(z*(1./1104))))
	return float64(z * (a + float64(z4*(b+float64(z4*c)))))
}

// stretchJensenShannon stretches the distance as the bounded one that it is after division by log(2).
func stretchJensenShannon(fast, epsilon float32) float32 {
	return max(fast, math.Ln2*stretchSimilarity(fast*(1/math.Ln2), epsilon))
}

func symmetricKL(x, y []float32) float32 {
	const smoothing = 0x1p-23
	y = y[:len(x)]
	extra := smoothing * float64(len(x))
	scaleX, scaleY := 1/(massOf(x)+extra), 1/(massOf(y)+extra)
	var sum float64
	for i := range x {
		sum += klTerm(float64((float64(x[i])+smoothing)*scaleX), float64((float64(y[i])+smoothing)*scaleY))
	}
	return rounded(sum)
}
