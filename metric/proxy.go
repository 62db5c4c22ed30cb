package metric

import (
	"math"

	"github.com/vicinaldb/store/internal/simd"
)

// proxyPair gives a registered metric a second name, under which another one stands in for it: see Dense.Proxy.
type proxyPair struct {
	name     string
	aliases  []string
	exact    string
	searched Definition
}

// proxyPairs are PyNNDescent's. The metrics that stand in have no registered name. They order near pairs about as the exact
// ones do, and are distances of their own: nothing is to be read from their values.
var proxyPairs = []proxyPair{
	{"proxy_inner_product", nil, "inner_product", Definition{
		Name: "cosine_and_product", Fast: cosineAndProduct, Stretch: stretchReciprocal,
	}},
	{"proxy_wasserstein_1d", []string{"proxy_wasserstein-1d"}, "wasserstein_1d", cumulativeL1},
	{"proxy_circular_kantorovich", []string{"proxy_circular_wasserstein"}, "circular_kantorovich", centeredL1},
	{"proxy_kantorovich", []string{"proxy_wasserstein"}, "kantorovich", variationAndOverlap},
	{"proxy_sinkhorn", nil, "sinkhorn", variationAndOverlap},
	{"proxy_jensen-shannon", []string{"proxy_jensen_shannon"}, "jensen-shannon", Definition{
		Name: "squared_overlap", Kernel: SquaredL2, Transform: rootsOfHalfShares, Fast: squaredHellinger,
		Correct: squaredOverlap, Stretch: stretchSimilarity, Check: checkHistogram,
	}},
	{"proxy_symmetric-kl", []string{"proxy_symmetric_kl"}, "symmetric-kl", Definition{
		Name: "triangular_discrimination", Fast: triangularDiscrimination, Stretch: stretchHalved, Check: checkHistogram,
	}},
}

var (
	cumulativeL1 = Definition{
		Name: "cumulative_l1", Kernel: L1, Transform: cumulativeShares, Fast: cumulativeDistance, Check: checkHistogram,
	}

	// The sum of how far the differences P-Q are from their mean.
	centeredL1 = Definition{
		Name: "centered_l1", Kernel: L1, Transform: centeredShares, Fast: onCircle((*circle).deviation), Check: checkHistogram,
	}
	variationAndOverlap = Definition{
		Name: "variation_and_overlap", Fast: variationAndOverlapDistance, Stretch: stretchHalved, Check: checkHistogram,
	}
)

// cosineAndProduct computes f = 1/sqrt(x.y) - log2(cos), which has no meaning for products from 0 down. -1/f orders as f
// does, is negative, and reaches 0 where f leaves its range: from there on, the negative product goes on.
func cosineAndProduct(x, y []float32) float32 {
	product := float64(simd.Dot(x, y))
	if product <= 0 {
		return float32(0 - product)
	}
	cos := min(1, product*(float64(InverseNorm(x))*float64(InverseNorm(y))))
	return rounded(0 - 1/(1/math.Sqrt(product)-float64(logarithm(cos)*(1/math.Ln2))))
}

// stretchReciprocal multiplies f by 1+epsilon where the fast form is -1/f.
func stretchReciprocal(fast, epsilon float32) float32 {
	if fast < 0 {
		return fast / (1 + epsilon)
	}
	return (1 + epsilon) * fast
}

// stretchHalved stretches a distance from 0 to 2 as the similarity that half of it lacks.
func stretchHalved(fast, epsilon float32) float32 {
	return max(fast, 2*stretchSimilarity(fast/2, epsilon))
}

// variationAndOverlapDistance computes sum |p-q|/2 + 1 - sum sqrt(p*q).
func variationAndOverlapDistance(x, y []float32) float32 {
	y = y[:len(x)]
	scaleX, scaleY := perUnit(x), perUnit(y)
	var sum float64
	for i := range x {
		sum += math.Abs(float64(float64(x[i])*scaleX) - float64(float64(y[i])*scaleY))
	}
	return rounded(sum/2 + (1 - bhattacharyya(x, y)))
}

// squaredOverlap returns 1 - (sum sqrt(p*q))^2 from 1 - sum sqrt(p*q).
func squaredOverlap(fast float32) float32 { return fast * (2 - fast) }

// triangularDiscrimination computes sum (p-q)^2/(p+q), 0 for 0/0.
func triangularDiscrimination(x, y []float32) float32 {
	y = y[:len(x)]
	scaleX, scaleY := perUnit(x), perUnit(y)
	var sum float64
	for i := range x {
		p, q := float64(float64(x[i])*scaleX), float64(float64(y[i])*scaleY)
		if p != q {
			sum += float64((p-q)*(p-q)) / (p + q)
		}
	}
	return rounded(sum)
}
