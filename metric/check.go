package metric

import (
	"fmt"
	"math"

	"github.com/vicinaldb/store/internal/simd"
)

// The largest and, where lengths are divided by, the smallest squared norm of a vector. Below the first, the squared
// distance of two vectors stays under 2^126, far from float32's limit near 2^128, in any order of summation. Above the
// second, what squares lose below float32's normal range, at most 2^-150 each, is lost in rounding.
const (
	maxSquaredNorm = 0x1p124
	minSquaredNorm = 0x1p-100
)

// check refuses vectors that are not finite and those that the kernel cannot compute with. One dot product decides for
// nearly all: it is finite only if every component is.
func (k Kernel) check(v []float32) error {
	squared := simd.Dot(v, v)
	switch {
	case k == Custom && squared <= math.MaxFloat32:
		return nil
	case squared >= minSquaredNorm && squared <= maxSquaredNorm:
		return nil
	}
	if err := checkFinite(v); err != nil || k == Custom {
		return err
	}
	return k.checkNorm(v)
}

// checkFinite names the first component that is NaN or infinite.
func checkFinite(v []float32) error {
	for i, x := range v {
		if x-x != 0 { // NaN for NaN and for infinities
			return fmt.Errorf("%w: component %d is %v", ErrNotFinite, i, x)
		}
	}
	return nil
}

// checkNorm decides on vectors whose norm is very large or very small, in float64.
func (k Kernel) checkNorm(v []float32) error {
	largest, squared := 0, 0.0
	for i, x := range v {
		squared += float64(float64(x) * float64(x))
		if math.Abs(float64(x)) > math.Abs(float64(v[largest])) {
			largest = i
		}
	}
	switch {
	case squared > maxSquaredNorm:
		return fmt.Errorf("%w: its norm %.3g exceeds 2^62: the largest component, %d, is %v",
			ErrDomain, math.Sqrt(squared), largest, v[largest])
	case k == Cosine && squared == 0:
		return fmt.Errorf("%w: all %d components are zero: it has no direction", ErrDomain, len(v))
	case k == Cosine && squared < minSquaredNorm:
		return fmt.Errorf("%w: its norm %.3g is below 2^-50: the largest component, %d, is %v",
			ErrDomain, math.Sqrt(squared), largest, v[largest])
	}
	return nil
}
