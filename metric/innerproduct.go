package metric

import "github.com/vicinaldb/store/internal/simd"

var innerProductFamily = []Definition{
	{Name: "inner_product", Kernel: InnerProduct, Stretch: stretchSigned},
}

// innerProduct subtracts from zero so that orthogonal vectors are at +0, as every other row at distance zero.
func innerProduct(x, y []float32) float32 { return 0 - simd.Dot(x, y) }

// stretchSigned moves a distance that may be negative up by epsilon times its magnitude, but never from below zero to
// above: an epsilon over 1 would else put the nearest rows behind the farther ones.
func stretchSigned(fast, epsilon float32) float32 {
	if fast < 0 {
		return (1 - min(epsilon, 1)) * fast
	}
	return (1 + epsilon) * fast
}
