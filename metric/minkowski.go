package metric

import (
	"fmt"
	"math"
)

// minkowskiFamily are the metrics that sum powers of the differences of components.
var minkowskiFamily = []Definition{
	// sqrt(sum (x-y)^2)
	{Name: "euclidean", Aliases: []string{"l2"}, Kernel: SquaredL2, Correct: sqrt, Stretch: stretchSquared},

	// sum (x-y)^2
	{Name: "sqeuclidean", Kernel: SquaredL2},

	// sum |x-y|
	{Name: "manhattan", Aliases: []string{"taxicab", "l1"}, Kernel: L1},

	// max |x-y|
	{Name: "chebyshev", Aliases: []string{"linfinity", "linfty", "linf"}, Kernel: Max},
}

// minkowskiParametric are those with parameters.
var minkowskiParametric = []parametric{
	{name: "minkowski", takes: []string{"p"}, define: defineMinkowski},
	{name: "wminkowski", aliases: []string{"weighted_minkowski"}, takes: []string{"w", "p"}, define: defineWeightedMinkowski},
	{name: "seuclidean", aliases: []string{"standardised_euclidean"}, takes: []string{"sigma"}, define: defineStandardized},
}

// sqrt rounds once: the square root in float64 of a float32 rounds to the same float32 as the exact root.
func sqrt(fast float32) float32 { return float32(math.Sqrt(float64(fast))) }

// stretchSquared stretches a distance by way of its square.
func stretchSquared(fast, epsilon float32) float32 { return (1 + epsilon) * (1 + epsilon) * fast }

// minkowskiSum computes (sum |f*(x-y)|^p)^(1/p).
type minkowskiSum struct {
	power
	factors []float64 // f, one for each component; nil means that all are 1
}

func (m *minkowskiSum) difference(x, y []float32, i int) float64 {
	d := math.Abs(float64(x[i]) - float64(y[i]))
	if m.factors != nil {
		d *= m.factors[i]
	}
	return d
}

func (m *minkowskiSum) distance(x, y []float32) float32 {
	var sum float64
	for i := range x {
		sum += m.of(m.difference(x, y, i))
	}
	if sum < 0x1p-900 || sum > 0x1p900 {
		return m.scaledDistance(x, y)
	}
	return rounded(m.root(sum))
}

// scaledDistance divides the differences by the largest one, for the case that their powers leave the range of float64.
func (m *minkowskiSum) scaledDistance(x, y []float32) float32 {
	var largest, sum float64
	for i := range x {
		largest = max(largest, m.difference(x, y, i))
	}
	if largest == 0 {
		return 0
	}
	for i := range x {
		sum += m.of(m.difference(x, y, i) / largest)
	}
	return rounded(largest * m.root(sum))
}

// defineMinkowski gives (sum |x-y|^p)^(1/p), p = 2 by default. It is no metric for p < 1: the triangle inequality fails.
func defineMinkowski(p *Params) (Definition, error) {
	if err := p.setP(2, 0); err != nil {
		return Definition{}, err
	}
	switch *p.P {
	case 1:
		return Definition{Kernel: L1}, nil
	case 2:
		return Definition{Kernel: SquaredL2, Correct: sqrt, Stretch: stretchSquared}, nil
	}
	m := &minkowskiSum{power: newPower(*p.P)}
	return Definition{Fast: m.distance}, nil
}

// defineWeightedMinkowski gives (sum w |x-y|^p)^(1/p), p = 2 by default, as scipy.spatial.distance.minkowski with w.
func defineWeightedMinkowski(p *Params) (Definition, error) {
	if p.W == nil {
		return Definition{}, fmt.Errorf("%w: w is missing, the weights of the components", ErrParams)
	}
	if err := p.setP(2, 0); err != nil {
		return Definition{}, err
	}
	m := &minkowskiSum{newPower(*p.P), make([]float64, len(p.W))}
	const largestFactor = 0x1p900 // times a difference it is finite
	var largest float64
	for i, weight := range p.W {
		m.factors[i] = m.root(max(weight, 0))
		if !(weight >= 0) || !isFinite(weight) || m.factors[i] > largestFactor {
			return Definition{}, fmt.Errorf("%w: w[%d] is %v, must be a number from 0 on whose p-th root is at most 2^900", ErrParams, i, weight)
		}
		largest = max(largest, m.factors[i])
	}
	if largest == 0 {
		return Definition{}, fmt.Errorf("%w: none of the %d weights in w is above 0", ErrParams, len(p.W))
	}
	if m.n == 2 {
		return factors(m.factors).definition(), nil
	}
	return Definition{Fast: m.distance, Dim: len(p.W)}, nil
}

// defineStandardized gives sqrt(sum (x-y)^2/sigma), where sigma are the variances of the components.
func defineStandardized(p *Params) (Definition, error) {
	if len(p.Sigma) == 0 {
		return Definition{}, fmt.Errorf("%w: sigma is missing, the variances of the components", ErrParams)
	}
	f := make(factors, len(p.Sigma))
	for i, variance := range p.Sigma {
		if !(variance > 0) || !isFinite(variance) {
			return Definition{}, fmt.Errorf("%w: sigma[%d] is %v, must be a number above 0", ErrParams, i, variance)
		}
		f[i] = 1 / math.Sqrt(variance)
	}
	return f.definition(), nil
}

// factors are what components are multiplied with before their Euclidean distance is taken.
type factors []float64

func (f factors) definition() Definition {
	return Definition{
		Kernel: SquaredL2, Transform: f.transform, Fast: f.squaredDistance, Correct: sqrt, Stretch: stretchSquared,
		Check: f.check, Dim: len(f),
	}
}

func (f factors) transform(dst, v []float32) {
	for i, x := range v {
		dst[i] = float32(float64(x) * f[i])
	}
}

func (f factors) squaredDistance(x, y []float32) float32 {
	y, f = y[:len(x)], f[:len(x)]
	var sum float64
	for i := range x {
		d := (float64(x[i]) - float64(y[i])) * f[i]
		sum += float64(d * d)
	}
	return rounded(sum)
}

func (f factors) check(v []float32) error {
	var sum float64
	for i, x := range v {
		product := float64(x) * f[i]
		sum += float64(product * product)
	}
	return checkTransformed(sum)
}

// checkTransformed refuses vectors whose transforms have a squared norm that the kernels cannot take.
func checkTransformed(squared float64) error {
	if !(squared <= maxSquaredNorm) {
		return fmt.Errorf("%w: with the metric's parameters its norm %.3g exceeds 2^62", ErrDomain, math.Sqrt(squared))
	}
	return nil
}
