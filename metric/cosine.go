package metric

import (
	"math"

	"github.com/vicinaldb/store/internal/simd"
)

var cosineFamily = []Definition{
	{Name: "cosine", Kernel: Cosine, Stretch: stretchSimilarity},
	{Name: "dot", Kernel: Cosine, Stretch: stretchSimilarity},
}

// cosine computes the distance of a pair from scratch, as a codec does from stored inverse norms.
func cosine(x, y []float32) float32 {
	return CosineFromDot(simd.Dot(x, y), InverseNorm(x), InverseNorm(y))
}

// InverseNorm returns 1/|v| for [CosineFromDot], and 0 for the zero vector. It is computed in float64 from the dot
// product of v with itself and rounded up to float32, so that the product of both norms takes the cosine of a vector
// with itself to 1 or just above, where CosineFromDot makes it 1.
func InverseNorm(v []float32) float32 {
	squared := float64(simd.Dot(v, v))
	if squared == 0 {
		return 0
	}
	inverse := float32(1 / math.Sqrt(squared))
	for squared*(float64(inverse)*float64(inverse)) < 1 {
		inverse = math.Nextafter32(inverse, math.MaxFloat32)
	}
	return inverse
}

// CosineFromDot returns the cosine distance of two vectors from their dot product and their inverse norms. It lies
// in [0, 2], is exactly 0 for equal vectors, the same for both orders of a pair, and 1 when one of the norms is zero, 0
// when both are.
func CosineFromDot(dot, inverseNormX, inverseNormY float32) float32 {
	// The product of two float32 is exact in float64, so the order of the norms cannot matter.
	scale := float64(inverseNormX) * float64(inverseNormY)
	if scale == 0 {
		return cosineOfZero(inverseNormX, inverseNormY)
	}
	distance := 1 - float64(float64(dot)*scale)
	if distance < 0 {
		return 0
	}
	if distance > 2 {
		return 2
	}
	return float32(distance)
}

func cosineOfZero(inverseNormX, inverseNormY float32) float32 {
	if inverseNormX == inverseNormY {
		return 0
	}
	return 1
}

// stretchSimilarity stretches a distance that is 1 minus a similarity, by way of -log2 of the similarity, the unbounded
// form of the distance: the similarity becomes its (1+epsilon)-th power. From distance 1 on, where that form does not
// exist, the distance itself is stretched. As a bound, that admits fewer rows just before 1 (for a cosine: a right
// angle) and all up to 1+epsilon from there on, but never fewer for a larger distance.
func stretchSimilarity(fast, epsilon float32) float32 {
	if fast >= 1 {
		return (1 + epsilon) * fast
	}
	// 1 - s^(1+e) = f + s*(1-s^e) with f = 1-s keeps the precision of small distances.
	f := float64(fast)
	return float32(f + float64((1-f)*oneMinusExp(float64(epsilon)*minusLog(f))))
}

// stretchSquaredSimilarity stretches a distance whose square, or about that, is 1 minus a similarity, by way of it.
func stretchSquaredSimilarity(squared, epsilon float32) float32 {
	return stretchSimilarity(squared, epsilon*(2+epsilon))
}
