package metric

import (
	"fmt"
	"math"
)

// sparseHistograms are the metrics that compare histograms bin by bin.
var sparseHistograms = []sparseEntry{
	{name: "hellinger", define: fixed(sparseHellinger)},
	{name: "jensen-shannon", aliases: []string{"jensen_shannon"}, define: fixed(sparseJensenShannon)},
	{name: "symmetric-kl", aliases: []string{"symmetric_kl", "symmetric_kullback_liebler"}, define: withDim(sparseSymmetricKL)},
}

// checkSparseHistogram refuses vectors that cannot be divided by their sum into shares.
func checkSparseHistogram(v SparseVector) error {
	for i, x := range v.Values {
		if x < 0 {
			return fmt.Errorf("%w: feature %d is %v: a histogram has no negative bins", ErrDomain, v.Indices[i], x)
		}
	}
	if len(v.Values) == 0 {
		return fmt.Errorf("%w: no component is set: a histogram has a positive sum", ErrDomain)
	}
	return nil
}

// summarizeMass keeps what to multiply the bins of a histogram with so that they sum to 1; 0 for one without mass.
func summarizeMass(v SparseVector) Summary {
	if sum := massOf(v.Values); sum > 0 {
		return Summary{1 / sum}
	}
	return Summary{}
}

// sparseHellinger is the definition of the Hellinger distance sqrt(1 - sum sqrt(xy)/sqrt(sum x * sum y)), whose fast form is
// its square. The summary is the inverse root of the sum.
func sparseHellinger() SparseDefinition {
	return SparseDefinition{
		Kernel:      SparseTerms,
		Term:        func(x, y float32, _, _ Summary) float64 { return math.Sqrt(float64(x) * float64(y)) },
		Summarize:   func(v SparseVector) Summary { return Summary{inverseRoot(absoluteSum(v))} },
		FromOverlap: cosineFromOverlap,
		Fast: func(x, y SparseVector) float32 {
			return halfChord(x, y, inverseRoot(absoluteSum(x)), inverseRoot(absoluteSum(y)), math.Sqrt)
		},
		Correct: sqrt,
		Stretch: stretchSquaredSimilarity,
		Check:   checkSparseHistogram,
	}
}

// sparseJensenShannon is the definition of the Jensen-Shannon divergence. A bin that one histogram has alone adds half its
// share times log(2), a shared one less than the shares of both do, so that the sum is log(2) less what the shared ones
// save.
func sparseJensenShannon() SparseDefinition {
	return SparseDefinition{
		Kernel: SparseTerms,
		Term: func(x, y float32, ofX, ofY Summary) float64 {
			p, q := float64(float64(x)*ofX[0]), float64(float64(y)*ofY[0])
			s := p + q
			return float64(s * (math.Ln2/2 - divergence((p-q)/s)))
		},
		Summarize: summarizeMass,
		FromOverlap: func(overlap float64, x, y Summary) (float32, bool) {
			rest := math.Ln2 - overlap
			return rounded(rest), rest > significant && x[0] > 0 && y[0] > 0
		},
		Fast:    jensenShannonPairwise,
		Stretch: stretchJensenShannon,
		Check:   checkSparseHistogram,
	}
}

func jensenShannonPairwise(x, y SparseVector) float32 {
	scaleX, scaleY := summarizeMass(x)[0], summarizeMass(y)[0]
	sum := 0.0
	eachFeature(x, y, func(_ uint32, x, y float64) {
		p, q := float64(x*scaleX), float64(y*scaleY)
		s := p + q
		switch {
		case p == q:
		case p == 0 || q == 0:
			sum += float64(s * (math.Ln2 / 2))
		default:
			sum += float64(s * divergence((p-q)/s))
		}
	})
	return rounded(sum)
}

// sparseSymmetricKL is the definition of the symmetric Kullback-Leibler divergence of bins that are smoothed as those of
// the dense metric are: all n of them, so that those that neither histogram has count too.
func sparseSymmetricKL(dim uint32) SparseDefinition {
	n := float64(dim)
	return SparseDefinition{
		Fast: func(x, y SparseVector) float32 {
			const smoothing = 0x1p-23
			extra := smoothing * n
			scaleX, scaleY := 1/(massOf(x.Values)+extra), 1/(massOf(y.Values)+extra)
			sum, absent := 0.0, n
			eachFeature(x, y, func(_ uint32, x, y float64) {
				sum += klTerm(float64((x+smoothing)*scaleX), float64((y+smoothing)*scaleY))
				absent--
			})
			return rounded(sum + float64(absent*klTerm(float64(smoothing*scaleX), float64(smoothing*scaleY))))
		},
		Check: checkSparseHistogram,
	}
}

// klTerm returns (p-q)*log(p/q), the same bits for both orders of the pair.
func klTerm(p, q float64) float64 {
	if p == q {
		return 0
	}
	larger, smaller := max(p, q), min(p, q)
	if !(smaller > 0) {
		return math.NaN() // only from values that no histogram has
	}
	return float64((larger - smaller) * logarithm(larger/smaller))
}
