package metric

import (
	"math"
	"slices"
	"sync"
)

// ranking keeps the memory of ranking a pair of vectors.
type ranking struct {
	keys []uint64
	x, y []float64
}

var rankings = sync.Pool{New: func() any { return new(ranking) }}

func spearman(x, y []float32) float32 {
	r := rankings.Get().(*ranking)
	defer rankings.Put(r)
	r.x, r.y = r.rank(r.x, x), r.rank(r.y, y[:len(x)])
	// Whole numbers, of which sums are exact.
	var xx, yy, xy float64
	for i, a := range r.x {
		b := r.y[i]
		xx += float64(a * a)
		yy += float64(b * b)
		xy += float64(a * b)
	}
	return correlationOf(xy, xx, yy)
}

// centeredRanks sets dst to the ranks of the components of v less their mean, scaled to the length sqrt(1/2).
func centeredRanks(dst, v []float32) {
	r := rankings.Get().(*ranking)
	defer rankings.Put(r)
	r.x = r.rank(r.x, v)
	var squared float64
	for _, a := range r.x {
		squared += float64(a * a)
	}
	scale := scaleToHalf(squared)
	for i, a := range r.x {
		dst[i] = float32(a * scale)
	}
}

// rank returns, in the memory of dst, twice how far the rank of each component lies from the mean rank: a whole number,
// also for equal components, which share the mean of their ranks.
func (r *ranking) rank(dst []float64, v []float32) []float64 {
	dst, r.keys = resized(dst, len(v)), resized(r.keys, len(v))
	for i, x := range v {
		r.keys[i] = uint64(orderedBits(x))<<32 | uint64(uint32(i))
	}
	slices.Sort(r.keys)
	for start := 0; start < len(r.keys); {
		end := start + 1
		for end < len(r.keys) && r.keys[end]>>32 == r.keys[start]>>32 {
			end++
		}
		// Ranks start+1 to end; the mean of all is (n+1)/2.
		shared := float64(start + end - len(v))
		for _, key := range r.keys[start:end] {
			dst[uint32(key)] = shared
		}
		start = end
	}
	return dst
}

// orderedBits returns a number that orders as x does among float32 numbers; both zeros have the same.
func orderedBits(x float32) uint32 {
	const sign = 1 << 31
	bits := math.Float32bits(x + 0) // -0 + 0 is 0
	if bits&sign != 0 {
		return ^bits
	}
	return bits | sign
}
