package codec

import (
	"math"

	"github.com/vicinaldb/store/metric"
)

// Blur says how far scores by codes may lie from distances in the fast form. It takes roundings for random: each component of a
// code is off by up to half a step, so the difference of two by the sum of two such errors, e, of variance step^2/6. Then
//
//	|x-y+e|^2 = |x-y|^2 + 2*(x-y)*e + |e|^2
//
// is dim*step^2/6 above |x-y|^2 at most, as errors go, with a variance of 4*|x-y|^2*step^2/6 by the second term, and of
// dim*step^4*7/180 by the third. How many standard deviations of this are enough for the vectors at hand, where roundings
// may have a system, is what a caller measures: [Blur.Deviations].
type Blur struct {
	deviations       float64
	bias             float64
	linear, constant float64 // of the variance, in the distance
}

// BlurOf returns the blur of a codec whose scores lie within so many standard deviations. It is false for codecs that nothing is
// known of.
func BlurOf(c Codec, deviations float64) (Blur, bool) {
	u, ok := c.(*Uint8)
	if !ok || u.params.Lossless || u.searched != u.metric {
		return Blur{}, false
	}
	fast := 1.0 // the fast form of a squared difference of 1
	switch u.metric.Kernel() {
	case metric.SquaredL2:
	case metric.Cosine:
		fast = 0.5
	default:
		return Blur{}, false
	}
	square, dim := fast*float64(u.params.Scale)*float64(u.params.Scale), float64(u.Dim())
	return Blur{deviations: deviations, bias: dim * square / 6, linear: 4 * square / 6, constant: dim * square * square * 7 / 180}, true
}

// floatError is about what sums of float32 lose, of themselves and, under cosine, of 1.
const floatError = 1e-6

// deviation is the standard deviation of the scores of rows at a distance.
func (b Blur) deviation(distance float64) float64 {
	distance = max(distance, 0)
	return math.Sqrt(float64(b.linear*distance)+b.constant) + float64(floatError*(1+distance))
}

// Most returns the greatest score that a row at a distance has.
func (b Blur) Most(distance float32) float32 {
	d := float64(distance)
	return float32(d + b.bias + float64(b.deviations*b.deviation(d)))
}

// Farthest returns the greatest distance of a row that has a score.
func (b Blur) Farthest(score float32) float32 {
	s := float64(score)
	return float32(s + float64(b.deviations*b.deviation(s)))
}

// Deviations returns how many standard deviations are enough for a row with this score and distance, the same on any machine.
func (b Blur) Deviations(score, distance float32) float64 {
	s, d := float64(score), float64(distance)
	return max((s-d-b.bias)/b.deviation(d), (d-s)/b.deviation(s))
}
