package metric

import (
	"math"
	"slices"
	"sync"
)

// lineParametric are the transport distances of histograms whose bins lie at equal steps on a line or a circle.
var lineParametric = []parametric{
	{
		name: "wasserstein_1d", aliases: []string{"wasserstein-1d", "kantorovich_1d", "kantorovich-1d"},
		takes: []string{"p"}, define: defineLine,
	},
	{name: "circular_kantorovich", aliases: []string{"circular_wasserstein"}, takes: []string{"p"}, define: defineCircle},
}

// cumulativeNoise is more than what rounding leaves of a difference of cumulative shares that should be zero. It is
// dropped, since a power p < 1 would make it large.
const cumulativeNoise = 0x1p-46

// cumulative adds up the differences of the shares in two histograms. For the reverse pair it yields the negative numbers.
type cumulative struct{ scaleX, scaleY, sum float64 }

func newCumulative(x, y []float32) cumulative {
	return cumulative{scaleX: perUnit(x), scaleY: perUnit(y)}
}

// next returns c with the difference of the shares in one more bin. It takes and returns values, so that a loop has them
// in registers.
func (c cumulative) next(x, y float32) cumulative {
	c.sum += float64(float64(x)*c.scaleX) - float64(float64(y)*c.scaleY)
	return c
}

// cumulativeShares sets dst to the cumulative shares of the bins.
func cumulativeShares(dst, v []float32) { shiftedShares(dst, v, 0) }

// centeredShares sets dst to the cumulative shares less their mean.
func centeredShares(dst, v []float32) {
	scale := perUnit(v)
	var share, sum float64
	for _, x := range v {
		share += float64(float64(x) * scale)
		sum += share
	}
	shiftedShares(dst, v, sum/float64(max(1, len(v))))
}

// shiftedShares sets dst to the cumulative shares less shift.
func shiftedShares(dst, v []float32, shift float64) {
	scale := perUnit(v)
	var share float64
	for i, x := range v {
		share += float64(float64(x) * scale)
		dst[i] = float32(share - shift)
	}
}

// defineLine gives (sum |P-Q|^p)^(1/p), where P and Q are the cumulative shares of the bins. For p = 1, the default, that is
// the cost of optimal transport along a line (Vallender 1974), scipy.stats.wasserstein_distance; for p = 2 the root of Cramer's
// distance. A histogram without mass counts as all shares zero.
func defineLine(p *Params) (Definition, error) {
	if err := p.setP(1, 0); err != nil {
		return Definition{}, err
	}
	switch exponent := newPower(*p.P); exponent.n {
	case 1:
		return Definition{Kernel: L1, Transform: cumulativeShares, Fast: cumulativeDistance, Check: checkHistogram}, nil
	case 2:
		return Definition{
			Kernel: SquaredL2, Transform: cumulativeShares, Fast: cumulativeSquares, Correct: sqrt, Stretch: stretchSquared,
			Check: checkHistogram,
		}, nil
	default:
		return Definition{Check: checkHistogram, Fast: func(x, y []float32) float32 {
			return rounded(exponent.root(cumulativeSum(exponent, x, y)))
		}}, nil
	}
}

// cumulativeDistance computes sum |P-Q|.
func cumulativeDistance(x, y []float32) float32 {
	y = y[:len(x)]
	differences := newCumulative(x, y)
	var sum float64
	for i := range x {
		differences = differences.next(x[i], y[i])
		sum += math.Abs(differences.sum)
	}
	return rounded(sum)
}

// cumulativeSquares computes sum (P-Q)^2.
func cumulativeSquares(x, y []float32) float32 { return rounded(cumulativeSum(power{2, 2}, x, y)) }

// cumulativeSum computes sum |P-Q|^p.
func cumulativeSum(exponent power, x, y []float32) (sum float64) {
	y = y[:len(x)]
	differences := newCumulative(x, y)
	for i := range x {
		differences = differences.next(x[i], y[i])
		if d := math.Abs(differences.sum); d > cumulativeNoise {
			sum += exponent.of(d)
		}
	}
	return sum
}

// defineCircle gives the smallest (sum |P-Q-s|^p)^(1/p) over all s, where P and Q are the cumulative shares of the
// bins: s stands for where the circle is cut open. For p = 1, the default, that is the cost of optimal transport around the
// circle, and s a median (Werman, Peleg, Melter & Kong 1986; Rabin, Delon & Gousseau 2011); for p = 2, s is the mean, which
// can be taken from P and Q on their own.
func defineCircle(p *Params) (Definition, error) {
	if err := p.setP(1, 1); err != nil {
		return Definition{}, err
	}
	if *p.P == 2 {
		return Definition{
			Kernel: SquaredL2, Transform: centeredShares, Fast: onCircle((*circle).squares), Correct: sqrt, Stretch: stretchSquared,
			Check: checkHistogram,
		}, nil
	}
	exponent := newPower(*p.P)
	return Definition{Check: checkHistogram, Fast: onCircle(func(c *circle) float64 { return c.distance(exponent) })}, nil
}

// onCircle returns the function of two histograms that f computes from their differences around a circle.
func onCircle(f func(c *circle) float64) func(x, y []float32) float32 {
	return func(x, y []float32) float32 {
		c := circles.Get().(*circle)
		defer circles.Put(c)
		c.fill(x, y)
		return rounded(f(c))
	}
}

// circle keeps the memory of the differences around a circle.
type circle struct{ differences, sorted []float64 }

var circles = sync.Pool{New: func() any { return new(circle) }}

func (c *circle) fill(x, y []float32) {
	c.differences = resized(c.differences, len(x))
	differences := newCumulative(x, y)
	for i := range x {
		differences = differences.next(x[i], y[i])
		c.differences[i] = differences.sum
	}
}

func (c *circle) distance(exponent power) float64 {
	var shift, sum float64
	if exponent.p == 1 {
		shift = c.median()
	} else {
		shift = c.center(exponent.p)
	}
	for _, d := range c.differences {
		if d = math.Abs(d - shift); d > cumulativeNoise {
			sum += exponent.of(d)
		}
	}
	return exponent.root(sum)
}

// deviation returns the sum of how far the differences are from their mean.
func (c *circle) deviation() (sum float64) {
	mean := c.mean()
	for _, d := range c.differences {
		sum += math.Abs(d - mean)
	}
	return sum
}

// squares returns the sum of the squares of that.
func (c *circle) squares() (sum float64) {
	mean := c.mean()
	for _, d := range c.differences {
		sum += float64((d - mean) * (d - mean))
	}
	return sum
}

func (c *circle) mean() (sum float64) {
	for _, d := range c.differences {
		sum += d
	}
	return sum / float64(max(1, len(c.differences)))
}

// median returns the middle one, or the mean of both middle ones, so that the reverse pair has the negative median.
func (c *circle) median() float64 {
	n := len(c.differences)
	if n == 0 {
		return 0
	}
	c.sorted = append(c.sorted[:0], c.differences...)
	slices.Sort(c.sorted)
	return (c.sorted[(n-1)/2] + c.sorted[n/2]) / 2
}

// center returns what minimizes the sum of |d-s|^p for p > 1, by halving the range in which the derivative changes
// its sign. For the reverse pair, each step is the mirror image.
func (c *circle) center(p float64) float64 {
	if len(c.differences) == 0 {
		return 0
	}
	slope := power{p: p - 1}
	low, high := slices.Min(c.differences), slices.Max(c.differences)
	for range 60 {
		middle := (low + high) / 2
		var above, below float64
		for _, d := range c.differences {
			if d > middle {
				above += slope.of(d - middle)
			} else {
				below += slope.of(middle - d)
			}
		}
		switch {
		case above > below:
			low = middle
		case above < below:
			high = middle
		default:
			return middle
		}
	}
	return (low + high) / 2
}
