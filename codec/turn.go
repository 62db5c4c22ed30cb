package codec

import (
	"math"
	"math/bits"

	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

const (
	// leastTurnedDim is from how many components on vectors may be turned: few have little room to spread what one of them has.
	leastTurnedDim = 32
	// turnedStep is how long, at most, the steps of codes of turned vectors may be, beside those without, so that they are taken. A query
	// is turned, too, which takes .3 us with 384 components, as long as comparing with seven rows of text.
	turnedStep = 0.8
)

// turn rotates vectors, so that what few components have is spread over all. Components of very different size, of which the largest sets
// the step of all codes, come to have one size about, and codes of as many bytes tell several times as much. Differences of vectors keep
// their length, and so do their products.
//
// It is the randomized Hadamard transform (Ailon and Chazelle, STOC 2006) of the first components, as many as are a power of two, and, if
// these are not all, of the last ones then: both with signs that are random, though always the same.
type turn struct {
	first, last []float32 // factors of the components that are transformed: signs over the root of their number
}

// turnable tells whether vectors of a dimension can be turned without a change of what a kernel computes.
func turnable(kernel metric.Kernel, dim int) bool {
	switch kernel {
	case metric.SquaredL2, metric.Cosine, metric.InnerProduct:
		return dim >= leastTurnedDim
	default:
		return false
	}
}

func newTurn(dim int) *turn {
	size := 1 << (bits.Len(uint(dim)) - 1)
	t := &turn{first: signs(size, 0)}
	if size < dim {
		t.last = signs(size, size)
	}
	return t
}

// signs are factors for so many components, by random bits from a place on.
func signs(size, place int) []float32 {
	factors, factor := make([]float32, size), float32(1/math.Sqrt(float64(size)))
	for i := range factors {
		if factors[i] = factor; negative(uint64(place + i)) {
			factors[i] = -factor
		}
	}
	return factors
}

// negative is a random bit for each number: the highest one of what the generator SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) gives at
// that place of its sequence from 0 on, whose last step leaves that bit as it is.
func negative(place uint64) bool {
	z := (place + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z>>63 != 0
}

// apply turns v, of the dimension.
func (t *turn) apply(v []float32) {
	simd.Hadamard(v[:len(t.first)], t.first)
	if t.last != nil {
		simd.Hadamard(v[len(v)-len(t.last):], t.last)
	}
}
