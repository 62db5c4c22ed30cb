package metric

import (
	"fmt"
	"math"
)

// correlationFamily are the metrics 1 - r. Where u and v are centered and of length sqrt(1/2), 1 - r is |u-v|^2: unlike the
// difference of 1 and a product, that keeps its precision for near vectors.
var correlationFamily = []Definition{
	// r is Pearson's coefficient: the cosine of the vectors less their means.
	{
		Name: "correlation", Kernel: SquaredL2, Transform: centered, Fast: correlation,
		Stretch: stretchSimilarity, Check: checkNotConstant,
	},

	// r is that of the ranks of the components, equal components having the mean of their ranks (Spearman 1904).
	{
		Name: "spearmanr", Kernel: SquaredL2, Transform: centeredRanks, Fast: spearman,
		Stretch: stretchSimilarity, Check: checkNotConstant,
	},
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

// centered sets dst to v less its mean, scaled to the length sqrt(1/2). The first component is subtracted before the mean is
// taken: the mean of what is left is not large against its deviation, so that little is lost.
func centered(dst, v []float32) {
	if len(v) == 0 {
		return
	}
	first := float64(v[0])
	var sum, squared float64
	for _, x := range v {
		sum += float64(x) - first
	}
	mean := sum / float64(len(v))
	for _, x := range v {
		d := float64(x) - first - mean
		squared += float64(d * d)
	}
	scale := scaleToHalf(squared)
	for i, x := range v {
		dst[i] = float32((float64(x) - first - mean) * scale)
	}
}

// scaleToHalf returns what to multiply a vector of that squared length with so that the result is 1/2; 0 for the zero
// vector.
func scaleToHalf(squared float64) float64 {
	if squared == 0 {
		return 0
	}
	return 1 / math.Sqrt(2*squared)
}

// correlation sums in float64 what is left of the components after subtracting the first, as centered does.
func correlation(x, y []float32) float32 {
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
