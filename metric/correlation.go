package metric

import (
	"fmt"
	"math"

	"github.com/vicinaldb/store/internal/simd"
)

var correlationFamily = []Definition{
	// 1 - r, where r is Pearson's coefficient: the cosine distance of the vectors less their means.
	{Name: "correlation", Fast: correlation, Stretch: stretchSimilarity, Check: checkNotConstant},

	// 1 - r of the ranks of the components, equal components having the mean of their ranks (Spearman 1904).
	{Name: "spearmanr", Fast: spearman, Stretch: stretchSimilarity, Check: checkNotConstant},
}

// checkNotConstant refuses vectors that nothing can be correlated with.
func checkNotConstant(v []float32) error {
	for _, x := range v {
		if x != v[0] {
			return nil
		}
	}
	return fmt.Errorf("%w: all %d components are equal: it has no correlations", ErrDomain, len(v))
}

// ones is what a vector is multiplied with to sum it.
var ones = func() (ones [1024]float32) {
	for i := range ones {
		ones[i] = 1
	}
	return ones
}()

func correlation(x, y []float32) float32 {
	n := float64(len(x))
	xx, yy := float64(simd.Dot(x, x)), float64(simd.Dot(y, y))
	sumX, sumY := sumOf(x), sumOf(y)
	varianceX, varianceY := xx-float64(sumX*sumX)/n, yy-float64(sumY*sumY)/n
	// The kernels round to float32. Where most of a sum of squares comes from the mean, too little would be left.
	if !(varianceX >= xx/4 && varianceY >= yy/4 && xx >= minSquaredNorm && yy >= minSquaredNorm) {
		return correlationShifted(x, y)
	}
	return correlationOf(float64(simd.Dot(x, y))-float64(sumX*sumY)/n, varianceX, varianceY)
}

func sumOf(x []float32) (sum float64) {
	for len(x) > len(ones) {
		sum += float64(simd.Dot(x[:len(ones)], ones[:]))
		x = x[len(ones):]
	}
	return sum + float64(simd.Dot(x, ones[:len(x)]))
}

// correlationShifted sums in float64 what is left of the components after subtracting the first: the mean of that
// is not large against its deviation, so that little is lost.
func correlationShifted(x, y []float32) float32 {
	if len(x) == 0 {
		return 0
	}
	y = y[:len(x)]
	firstX, firstY := float64(x[0]), float64(y[0])
	var sumX, sumY, xx, yy, xy float64
	for i := range x {
		a, b := float64(x[i])-firstX, float64(y[i])-firstY
		sumX += a
		sumY += b
		xx += float64(a * a)
		yy += float64(b * b)
		xy += float64(a * b)
	}
	n := float64(len(x))
	return correlationOf(xy-float64(sumX*sumY)/n, xx-float64(sumX*sumX)/n, yy-float64(sumY*sumY)/n)
}

// correlationOf returns the distance from a covariance and both variances, up to a common factor. As for the cosine, a
// constant vector is at 0 from another one, and at 1 from the rest.
func correlationOf(covariance, varianceX, varianceY float64) float32 {
	switch constantX, constantY := varianceX <= 0, varianceY <= 0; {
	case constantX && constantY:
		return 0
	case constantX || constantY:
		return 1
	}
	// The square root of a square is exact, so that a vector is at 0 from itself.
	distance := 1 - covariance/math.Sqrt(varianceX*varianceY)
	return float32(min(max(distance, 0), 2))
}
