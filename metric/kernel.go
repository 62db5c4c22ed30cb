package metric

import "github.com/vicinaldb/store/internal/simd"

// Kernel says how the fast form of a metric may be computed for many pairs at once.
type Kernel uint8

// The kernels. Their numbers are not part of any file format.
const (
	Custom        Kernel = iota // only by calling Fast, pair by pair
	SquaredL2                   // sum of squared differences
	L1                          // sum of absolute differences
	Cosine                      // CosineFromDot of the dot product and both inverse norms
	InnerProduct                // 0 - dot product
	Max                         // largest absolute difference
	JensenShannon               // Jensen-Shannon divergence of the fourth powers of components: see simd.JensenShannon

	lastKernel = JensenShannon
)

// pair returns the function that computes the kernel for a pair of vectors, nil for Custom and unknown kernels.
func (k Kernel) pair() func(x, y []float32) float32 {
	switch k {
	case SquaredL2:
		return simd.SquaredL2
	case L1:
		return simd.L1
	case Cosine:
		return cosine
	case InnerProduct:
		return innerProduct
	case Max:
		return simd.Chebyshev
	case JensenShannon:
		return simd.JensenShannon
	default:
		return nil
	}
}
