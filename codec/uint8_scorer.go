package codec

import (
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// Uint8Scorer compares one query at a time with rows. It is reusable, and not for concurrent use.
//
// A query whose components lie where codes reach is made a code, as a row is. Of other queries codes would lose too much.
// Under the inner product they get an offset and a scale of their own. Under other kernels, and for queries that are no
// integers when codes are lossless, Score makes floats of the bytes of each row, and so takes several times as long.
type Uint8Scorer struct {
	rows    *Uint8Rows
	exact   *exactScorer // nil when codes are lossless
	code    uint8Code
	sum     uint32      // of the code, where codes are spherical
	blocks  simd.Blocks // of the code, those that are not all zero
	gaps    bool        // others are, and rows need not be read there
	first   int         // how far behind its beginning a row is read
	asCode  bool        // the query is compared as a code
	steps   []float32   // if not: how many steps each component is from the offset
	decoded []float32   // scratch: the bytes of a code
	within  uint8Limit
	sums    []uint32 // scratch: the differences of codes that are near enough
}

func newUint8Scorer(r *Uint8Rows) *Uint8Scorer {
	c := r.codec
	s := &Uint8Scorer{
		rows:    r,
		code:    uint8Code{code: make([]byte, c.stride)},
		steps:   make([]float32, c.Dim()),
		decoded: make([]float32, c.stride),
	}
	if !c.params.Lossless {
		s.exact = newExactScorer(c.metric, c.Dim())
	}
	return s
}

// Prepare makes query, of dim components, the one that is compared. It keeps a copy. The metric must accept it; that
// Check does is not needed.
func (s *Uint8Scorer) Prepare(query Vector) {
	c, v := s.rows.codec, query.Dense[:len(s.steps)]
	if s.exact != nil {
		s.exact.prepare(v)
	}
	s.code.offset, s.code.scale = float64(c.params.Offset), float64(c.params.Scale)
	s.asCode = s.Code(s.code.code, query)
	if s.study(); s.asCode {
		return
	}
	if c.params.Lossless {
		copy(s.steps, v)
		return
	}
	if c.searched.Kernel() == metric.InnerProduct {
		own := newByteRange()
		own.add(s.steps)
		p := own.params()
		s.asCode, s.code.offset, s.code.scale = true, float64(p.Offset), float64(p.Scale)
		c.encode(s.code.code, s.steps, s.code.offset, s.code.scale)
		return
	}
	for i, x := range s.steps {
		s.steps[i] = maxSteps // where turning was too much for float32, too
		if steps := (float64(x) - s.code.offset) / s.code.scale; steps < maxSteps {
			s.steps[i] = float32(max(steps, -maxSteps))
		}
	}
}

// Code makes query, as Prepare takes it, a code as rows have it, in the Stride bytes of code, which are zeros or another code. It returns
// false when components lie where codes do not reach, or are no integers that lossless codes tell; then code is any other.
func (s *Uint8Scorer) Code(code []byte, query Vector) bool {
	c, components := s.rows.codec, query.Dense[:len(s.steps)]
	if !c.params.Lossless { // others are made of the components themselves
		c.transform(s.steps, components)
		components = s.steps
	}
	within, exact := c.encode(code, components, float64(c.params.Offset), float64(c.params.Scale))
	if c.params.Lossless {
		return exact
	}
	return within
}

// PrepareCode is Prepare for a query of which [Uint8Scorer.Code] has made code, in less time. It keeps a copy.
func (s *Uint8Scorer) PrepareCode(query Vector, code []byte) {
	p := s.rows.codec.params
	if s.exact != nil {
		s.exact.prepare(query.Dense[:len(s.steps)])
	}
	s.asCode, s.code.offset, s.code.scale = true, float64(p.Offset), float64(p.Scale)
	copy(s.code.code, code)
	s.study()
}

// maxSteps is from where on all rows are equally far: their differences, of at most 255 steps, are lost in the precision of
// float32, and the sum of the squares of greater numbers might be infinite.
const maxSteps = 1 << 50

// Over has the scorer compare its query with other rows of the same codec from now on.
func (s *Uint8Scorer) Over(rows Rows) { s.rows = rows.(*Uint8Rows) }

// Score sets dst[i] to the fast form of the distance between the query and rows[i], computed from codes: bit for bit what
// Distances gives for a row with the query's components, if these lie where codes reach, as those of all vectors do that
// [Float32.Compact] had. When codes are lossless it is exact. It allocates nothing. Every row must be below Len.
func (s *Uint8Scorer) Score(dst []float32, rows []uint32) {
	if s.asCode {
		s.rows.score(dst, s.code, rows)
		return
	}
	c := s.rows.codec
	pair := pairOf(c.searched.Kernel())
	for i, row := range rows {
		simd.FloatsOfBytes(s.decoded, s.rows.code(row))
		dst[i] = float32(c.factor * float64(pair(s.steps, s.decoded[:len(s.steps)])))
	}
}

// pairOf returns the function that compares floats where a kernel compares codes.
func pairOf(k metric.Kernel) func(x, y []float32) float32 {
	switch k {
	case metric.L1:
		return simd.L1
	case metric.Max:
		return simd.Chebyshev
	default: // squared L2, and cosine at unit length
		return simd.SquaredL2
	}
}

// Exact sets dst[i] to the fast form of the distance between the query and the vector of rows[i], in the metric itself.
// When codes are lossless it is Score. It is NaN when rows have no vectors. It allocates nothing. Every row must be below
// Len.
func (s *Uint8Scorer) Exact(dst []float32, rows []uint32) {
	switch {
	case s.exact == nil:
		s.Score(dst, rows)
	case s.rows.vectors == nil:
		fillNaN(dst[:len(rows)])
	default:
		s.exact.score(dst[:len(rows)], s.rows.vectors, rows)
	}
}

// PrefetchExact has the processor begin to load the vectors beside rows, which Exact reads, if there are any. Every row must be below
// Len.
func (s *Uint8Scorer) PrefetchExact(rows []uint32) {
	dim := s.rows.codec.Dim()
	simd.PrefetchRows(s.rows.vectors, dim, dim, rows)
}
