package codec

import "math"

// FastWithin returns the bound that a true distance is in the fast form: the distance of two vectors, of which fast is the fast
// form, is at most the one given exactly if fast <= FastWithin(c, distance). It speaks of [Scorer.Exact]. When no distance
// can be so small, the bound is NaN, which nothing is below.
//
// Metrics say how to correct a fast form, and not the inverse, whose rounding would decide otherwise than theirs about rows
// that lie right at the distance. Since corrections never decrease, all float32 numbers, which are as many as 32 bits tell apart,
// can be halved until the greatest is left that is corrected to no more than the distance.
func FastWithin(c Codec, distance float32) float32 {
	const infinity = 0x7f800000 // the position of the last number, see floatAt
	beyond := func(position int64) bool {
		fast := floatAt(position)
		corrected := c.Correct(fast)
		// No pair of vectors has a fast form with no distance. Such forms lie below and above those that pairs can have.
		return corrected > distance || corrected != corrected && fast > 0
	}
	if distance != distance || beyond(-infinity) {
		return float32(math.NaN())
	}
	if !beyond(infinity) {
		return float32(math.Inf(1))
	}
	low, high := int64(-infinity), int64(infinity)
	for high-low > 1 {
		if middle := (low + high) >> 1; beyond(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return floatAt(low)
}

// floatAt returns the number at a position in the order of all float32 numbers: zero is at 0, and the infinities are at
// the ends.
func floatAt(position int64) float32 {
	if position < 0 {
		return -math.Float32frombits(uint32(-position))
	}
	return math.Float32frombits(uint32(position))
}
