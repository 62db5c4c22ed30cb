package codec

import (
	"math"

	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// WithinScorer is a scorer that can leave out rows that are farther than a bound, faster than who asks can.
type WithinScorer interface {
	Scorer
	// ScoreWithin does what Score does, moves the scores that are not above bound, nor NaN, to the front of dst and their rows to
	// the front of rows, in order, and returns how many they are. What lies behind them is any number. It allocates
	// nothing once scratch has grown. It is for rows that were prefetched some time before. Every row must be below Len.
	ScoreWithin(dst []float32, rows []uint32, bound float32) int
}

var _ WithinScorer = (*Uint8Scorer)(nil)

// ScoreWithin is that of a scorer which has it, and else comes to the same.
func ScoreWithin(s Scorer, dst []float32, rows []uint32, bound float32) int {
	if within, ok := s.(WithinScorer); ok {
		return within.ScoreWithin(dst, rows, bound)
	}
	s.Score(dst, rows)
	return keepWithin(dst, rows, bound)
}

// ScoreWithin leaves rows out by the sums of their codes, so that only those that are kept get a distance, where distances are
// those sums but for a factor: not under the inner product, nor for a query that is no code.
func (s *Uint8Scorer) ScoreWithin(dst []float32, rows []uint32, bound float32) int {
	c := s.rows.codec
	if !s.asCode || c.searched.Kernel() == metric.InnerProduct {
		s.Score(dst, rows)
		return keepWithin(dst, rows, bound)
	}
	limit, ok := s.within.of(c.factor, bound)
	if !ok {
		return 0
	}
	if len(s.sums) < len(rows) {
		s.sums = make([]uint32, 2*len(rows))
	}
	kept := s.sumsWithin(s.sums, rows, limit)
	for i, sum := range s.sums[:kept] {
		dst[i] = float32(c.factor * float64(sum))
	}
	return kept
}

// sumsWithin keeps the sums of the differences of the query and some rows that are within a limit.
func (s *Uint8Scorer) sumsWithin(sums, rows []uint32, limit uint32) int {
	c, q, codes := s.rows.codec, s.code.code, s.rows.codes
	switch {
	case s.gaps:
		return simd.SquaredL2U8ListedWithin(sums, rows, q, codes, &s.blocks, c.stride, limit)
	case c.round:
		return simd.SphericalU8Within(sums, rows, q, codes, s.sum, c.double, c.stride, limit)
	case c.summed:
		return simd.SquaredL2U8SummedWithin(sums, rows, q, codes, c.stride, limit)
	case c.searched.Kernel() == metric.L1:
		return simd.L1U8Within(sums, rows, q, codes, c.stride, limit)
	case c.searched.Kernel() == metric.Max:
		return simd.MaxU8Within(sums, rows, q, codes, c.stride, limit)
	default:
		return simd.SquaredL2U8Within(sums, rows, q, codes, c.stride, limit)
	}
}

// longRow is from how many bytes on rows are read in parts. It was measured with 832; of those of two blocks there is little to leave out.
const longRow = 256

// study finds out what comparing needs to know of the code of the query: its sum, and gaps, where it has nothing. As long as products of bytes
// make a distance, rows need not be read there. Margins of pictures are such.
func (s *Uint8Scorer) study() {
	c := s.rows.codec
	if s.gaps, s.first = false, 0; c.round {
		s.sum, _ = simd.SumAndSquaresU8(s.code.code)
	}
	if !s.asCode || !c.summed || c.searched.Kernel() == metric.InnerProduct || c.stride < longRow || !simd.ReadsListed() {
		return
	}
	s.blocks.Find(s.code.code)
	s.gaps, s.first = s.blocks.Absent() > 0, s.blocks.First()
}

// Unseen finds new rows and prefetches what ScoreWithin reads of them, as [Rows] says.
func (s *Uint8Scorer) Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool) {
	r := s.rows
	first, stride := min(s.first, len(r.codes)), r.codec.stride
	return simd.UnseenAhead(dst, seen, rows, n, r.codes[first:], stride, stride-first)
}

// uint8Limit is the largest sum whose distance is not above a bound, which stays the same for many calls.
type uint8Limit struct {
	factor float64
	bound  float32
	limit  uint32
	ok     bool
}

// of returns the largest sum for which float32(factor*sum) is not above bound, false when there is none.
func (l *uint8Limit) of(factor float64, bound float32) (limit uint32, ok bool) {
	if l.factor != factor || l.bound != bound { // the zero value is none of a factor above 0
		*l = uint8Limit{factor: factor, bound: bound}
		l.limit, l.ok = largestWithin(factor, bound)
	}
	return l.limit, l.ok
}

// largestWithin is what of remembers. The sum is next to that whose distance is halfway between the bound and the next float32,
// up to errors of the division.
func largestWithin(factor float64, bound float32) (limit uint32, ok bool) {
	if !(bound >= 0) {
		return 0, false
	}
	within := func(sum uint32) bool { return float32(factor*float64(sum)) <= bound }
	if within(math.MaxUint32) {
		return math.MaxUint32, true
	}
	next := math.Nextafter32(bound, math.MaxFloat32)
	limit = uint32((float64(bound) + float64(next)) / 2 / factor)
	for !within(limit) {
		limit--
	}
	for within(limit + 1) {
		limit++
	}
	return limit, true
}

// keepWithin moves the scores that are not above bound, nor NaN, and their rows to the front, and returns how many they are.
func keepWithin(dst []float32, rows []uint32, bound float32) int {
	kept := 0
	for i, row := range rows {
		if score := dst[i]; score <= bound {
			dst[kept], rows[kept] = score, row
			kept++
		}
	}
	return kept
}
