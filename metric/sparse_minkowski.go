package metric

import "math"

// sparseMinkowski are the metrics that sum or compare differences of components.
var sparseMinkowski = []sparseEntry{
	{name: "euclidean", aliases: []string{"l2"}, define: fixed(sparseEuclidean)},
	{name: "sqeuclidean", define: fixed(sparseSquaredL2)},
	{name: "manhattan", aliases: []string{"taxicab", "l1"}, define: fixed(sparseL1)},
	{name: "chebyshev", aliases: []string{"linfinity", "linfty", "linf"}, define: fixed(sparseChebyshev)},
	{name: "minkowski", takes: []string{"p"}, define: defineSparseMinkowski},
	{name: "canberra", define: fixed(sparseCanberra)},
	{name: "braycurtis", define: fixed(sparseBrayCurtis)},
}

// significant is the share of a sum that must be left when something nearly as large is subtracted. The sums are made in
// float64, so that what is left has the precision of float32 and more.
const significant = 0x1p-20

// left returns total less overlap as a fast form, and whether enough digits are left.
func left(total, overlap float64) (fast float32, ok bool) {
	rest := total - overlap
	return float32(rest), rest > significant*total
}

// sparseEuclidean is the definition of the Euclidean distance, whose fast form is its square.
func sparseEuclidean() SparseDefinition {
	d := sparseSquaredL2()
	d.Correct, d.Stretch = sqrt, stretchSquared
	return d
}

// sparseSquaredL2 is the definition of the squared Euclidean distance, |x|^2 + |y|^2 - 2xy.
func sparseSquaredL2() SparseDefinition {
	return SparseDefinition{
		Kernel:    SparseProducts,
		Summarize: func(v SparseVector) Summary { return Summary{squaredNorm(v)} },
		FromOverlap: func(overlap float64, x, y Summary) (float32, bool) {
			return left(x[0]+y[0], 2*overlap)
		},
		Fast: sparseSquaredDifferences,
	}
}

func sparseSquaredDifferences(x, y SparseVector) float32 {
	sum := 0.0
	eachFeature(x, y, func(_ uint32, x, y float64) {
		d := x - y
		sum += float64(d * d)
	})
	return float32(sum)
}

// sparseL1 is the definition of the sum of absolute differences. That of a shared feature is less than the sum of both
// absolute values only when the signs agree, by twice the smaller one.
func sparseL1() SparseDefinition {
	return SparseDefinition{
		Kernel:    SparseTerms,
		Term:      func(x, y float32, _, _ Summary) float64 { return 2 * agreement(x, y) },
		Summarize: func(v SparseVector) Summary { return Summary{absoluteSum(v)} },
		FromOverlap: func(overlap float64, x, y Summary) (float32, bool) {
			return left(x[0]+y[0], overlap)
		},
		Fast: sparseAbsoluteDifferences,
	}
}

// agreement returns the smaller absolute value of two numbers of one sign, 0 for others.
func agreement(x, y float32) float64 {
	if (x > 0) != (y > 0) {
		return 0
	}
	return math.Min(math.Abs(float64(x)), math.Abs(float64(y)))
}

func absoluteSum(v SparseVector) (sum float64) {
	for _, x := range v.Values {
		sum += math.Abs(float64(x))
	}
	return sum
}

func sparseAbsoluteDifferences(x, y SparseVector) float32 {
	sum := 0.0
	eachFeature(x, y, func(_ uint32, x, y float64) { sum += math.Abs(x - y) })
	return float32(sum)
}

// sparseChebyshev is the definition of the largest absolute difference.
func sparseChebyshev() SparseDefinition {
	return SparseDefinition{Fast: func(x, y SparseVector) float32 { return float32(largestDifference(x, y)) }}
}

func largestDifference(x, y SparseVector) float64 {
	largest := 0.0
	eachFeature(x, y, func(_ uint32, x, y float64) { largest = max(largest, math.Abs(x-y)) })
	return largest
}

// defineSparseMinkowski gives (sum |x-y|^p)^(1/p), p = 2 by default.
func defineSparseMinkowski(_ uint32, p *Params) (SparseDefinition, error) {
	if err := p.setP(2, 0); err != nil {
		return SparseDefinition{}, err
	}
	switch *p.P {
	case 1:
		return sparseL1(), nil
	case 2:
		return sparseEuclidean(), nil
	}
	return sparsePowers(newPower(*p.P)), nil
}

// sparsePowers is the definition of the p-th root of a sum of p-th powers. As for sparseL1, the power of the difference is
// less than the sum of both powers only for a shared feature.
func sparsePowers(w power) SparseDefinition {
	return SparseDefinition{
		Kernel: SparseTerms,
		Term: func(x, y float32, _, _ Summary) float64 {
			a, b := float64(x), float64(y)
			return (float64(w.of(math.Abs(a))) + float64(w.of(math.Abs(b)))) - float64(w.of(math.Abs(a-b)))
		},
		Summarize: func(v SparseVector) (s Summary) {
			for _, x := range v.Values {
				s[0] += float64(w.of(math.Abs(float64(x))))
			}
			return s
		},
		FromOverlap: func(overlap float64, x, y Summary) (float32, bool) {
			total := x[0] + y[0]
			sum := total - overlap
			if !(sum > significant*total && sum > 0x1p-900 && sum < 0x1p900) {
				return 0, false
			}
			return rounded(w.root(sum)), true
		},
		Fast: func(x, y SparseVector) float32 { return scaledPowers(x, y, w) },
	}
}

// scaledPowers divides the differences by the largest one, so that their powers stay in the range of float64.
func scaledPowers(x, y SparseVector, w power) float32 {
	largest := largestDifference(x, y)
	if largest == 0 {
		return 0
	}
	sum := 0.0
	eachFeature(x, y, func(_ uint32, x, y float64) { sum += float64(w.of(math.Abs(x-y) / largest)) })
	return rounded(largest * w.root(sum))
}

// sparseCanberra is the definition of the sum of |x-y|/(|x|+|y|). A feature that one vector has adds 1, a shared one less
// than the 2 that it adds to the counts of both.
func sparseCanberra() SparseDefinition {
	return SparseDefinition{
		Kernel:    SparseTerms,
		Term:      func(x, y float32, _, _ Summary) float64 { return 2 - canberraTerm(float64(x), float64(y)) },
		Summarize: summarizeCount,
		FromOverlap: func(overlap float64, x, y Summary) (float32, bool) {
			return left(x[0]+y[0], overlap)
		},
		Fast: func(x, y SparseVector) float32 {
			sum := 0.0
			eachFeature(x, y, func(_ uint32, x, y float64) { sum += canberraTerm(x, y) })
			return float32(sum)
		},
	}
}

func canberraTerm(x, y float64) float64 { return math.Abs(x-y) / (math.Abs(x) + math.Abs(y)) }

// sparseBrayCurtis is the definition of sum |x-y| / sum |x+y|.
func sparseBrayCurtis() SparseDefinition {
	return SparseDefinition{
		Kernel: SparseTerms,
		Term:   func(x, y float32, _, _ Summary) float64 { return 2 * agreement(x, y) },

		// The sum of the absolute values, and that of the negative ones.
		Summarize: func(v SparseVector) Summary { return Summary{absoluteSum(v), negativeSum(v)} },

		// Without negative values, the sums have no differences.
		FromOverlap: func(overlap float64, x, y Summary) (float32, bool) {
			total := x[0] + y[0]
			differences := total - overlap
			return rounded(differences / total), differences > significant*total && x[1] == 0 && y[1] == 0
		},
		Fast:    brayCurtisPairwise,
		Stretch: stretchSimilarity,
	}
}

func negativeSum(v SparseVector) (sum float64) {
	for _, x := range v.Values {
		sum += math.Min(float64(x), 0)
	}
	return sum
}

func brayCurtisPairwise(x, y SparseVector) float32 {
	var differences, sums float64
	eachFeature(x, y, func(_ uint32, x, y float64) {
		differences += math.Abs(x - y)
		sums += math.Abs(x + y)
	})
	if differences == 0 {
		return 0
	}
	return rounded(differences / sums)
}
