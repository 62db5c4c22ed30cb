package codec

import (
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// exactScorer compares a query with the vectors beside codes, as they are.
type exactScorer struct {
	metric      *metric.Dense
	byPairs     bool      // compared by the metric's Fast instead of a kernel, where Float32 does so
	query       []float32 // the vector itself when compared by pairs, else what the kernel takes of it
	inverseNorm float32   // of query, under the cosine kernel
	row         []float32 // scratch: what the kernel takes of a row
}

func newExactScorer(m *metric.Dense, dim int) *exactScorer {
	_, proxied := m.Proxy()
	return &exactScorer{metric: m, byPairs: proxied, query: make([]float32, dim), row: make([]float32, dim)}
}

func (s *exactScorer) prepare(v []float32) {
	if s.byPairs {
		copy(s.query, v)
		return
	}
	s.metric.Transform(s.query, v)
	if s.metric.Kernel() == metric.Cosine {
		s.inverseNorm = metric.InverseNorm(s.query)
	}
}

// score sets dst[i] to the fast form for rows[i], bit for bit what Float32Scorer.Exact gives: by the kernel for many rows where
// that takes the vectors themselves.
func (s *exactScorer) score(dst, vectors []float32, rows []uint32) {
	dim := len(s.query)
	switch {
	case s.byPairs:
		for i, row := range rows {
			dst[i] = s.metric.Fast(s.query, vectors[int(row)*dim:][:dim])
		}
	case s.metric.Transformed():
		for i, row := range rows {
			s.metric.Transform(s.row, vectors[int(row)*dim:][:dim])
			s.kernel(dst[i:i+1], s.row, []uint32{0})
		}
	default:
		s.kernel(dst, vectors, rows)
	}
}

// kernel compares the query with rows of floats as long as it is, by a kernel that there are codes for.
func (s *exactScorer) kernel(dst, floats []float32, rows []uint32) {
	dim := len(s.query)
	switch s.metric.Kernel() {
	case metric.L1:
		simd.L1Rows(dst, s.query, floats, dim, rows)
	case metric.Max:
		simd.ChebyshevRows(dst, s.query, floats, dim, rows)
	case metric.InnerProduct:
		simd.DotRows(dst, s.query, floats, dim, rows)
		for i, dot := range dst {
			dst[i] = 0 - dot
		}
	case metric.Cosine:
		simd.DotRows(dst, s.query, floats, dim, rows)
		for i, row := range rows {
			inverse := metric.InverseNorm(floats[int(row)*dim:][:dim])
			dst[i] = metric.CosineFromDot(dst[i], s.inverseNorm, inverse)
		}
	default:
		simd.SquaredL2Rows(dst, s.query, floats, dim, rows)
	}
}
