package codec

import (
	"fmt"

	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// Float32Rows are encoded rows that can be computed with. Any number of goroutines may use them at once, as long as the
// bytes they were made from are there.
type Float32Rows struct {
	codec  *Float32
	stride int // floats
	floats []float32

	vectors []float32 // dim for each row, when rows are transformed vectors; nil where nobody asks for them
}

// beside views the vectors that lie beside the rows.
func (r *Float32Rows) beside(vectors []byte, stride int) (err error) {
	if want := r.codec.VectorStride(); stride != want || len(vectors) != r.Len()*want {
		return fmt.Errorf("viewing float32 rows: %w: %d bytes of vectors of %d, want %d of %d",
			ErrCorrupt, len(vectors), stride, r.Len()*want, want)
	}
	if r.vectors, err = mapped.Float32s(vectors); err != nil {
		return fmt.Errorf("viewing vectors beside float32 rows: %w", err)
	}
	return nil
}

// Len returns the number of rows.
func (r *Float32Rows) Len() int { return len(r.floats) / r.stride }

// Vector returns the dim components of a row. They are a read-only view, valid as long as the bytes of the rows. There is
// no error.
func (r *Float32Rows) Vector(row uint32) (Vector, error) {
	return Vector{Dense: r.vector(row)}, nil
}

// vector is a row's vector, not transformed.
func (r *Float32Rows) vector(row uint32) []float32 {
	if r.vectors == nil {
		return r.components(row)
	}
	begin, dim := int(row)*r.codec.dim, r.codec.dim
	return r.vectors[begin : begin+dim : begin+dim]
}

// components are what kernels compare of a row.
func (r *Float32Rows) components(row uint32) []float32 {
	begin, dim := int(row)*r.stride, r.codec.dim
	return r.floats[begin : begin+dim : begin+dim]
}

// Prefetch has the processor begin to load what is compared of rows. Every row must be below Len.
func (r *Float32Rows) Prefetch(rows []uint32) {
	simd.PrefetchRows(r.floats, r.stride, r.stride, rows)
}

// Unseen finds and prefetches new rows, as [Rows] says.
func (r *Float32Rows) Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool) {
	return simd.UnseenAhead(dst, seen, rows, n, r.floats, r.stride, r.stride)
}

// Distances sets dst[i] to the fast form of the distance between row and rows[i]. It is symmetric bit for bit and
// allocates nothing. Every row must be below Len.
func (r *Float32Rows) Distances(dst []float32, row uint32, rows []uint32) {
	r.score(dst, r.components(row), r.inverseNorm(row), rows)
}

// Scorer returns a scorer for queries against the rows. It scores nothing sensible before Prepare.
func (r *Float32Rows) Scorer() Scorer {
	s := &Float32Scorer{rows: r, query: make([]float32, r.codec.dim)}
	s.components = s.query
	if r.codec.searched.Transformed() {
		s.components = make([]float32, r.codec.dim)
	}
	return s
}

// inverseNorm returns what stands behind the components of a row under the cosine kernel, else 0.
func (r *Float32Rows) inverseNorm(row uint32) float32 {
	if r.codec.searched.Kernel() != metric.Cosine {
		return 0
	}
	return r.floats[int(row)*r.stride+r.codec.dim]
}

// score compares q with rows by the batch kernel of the metric. The inverse norm of q counts under the cosine kernel only.
func (r *Float32Rows) score(dst, q []float32, inverseNorm float32, rows []uint32) {
	dst = dst[:len(rows)]
	switch r.codec.searched.Kernel() {
	case metric.SquaredL2:
		simd.SquaredL2Rows(dst, q, r.floats, r.stride, rows)
	case metric.L1:
		simd.L1Rows(dst, q, r.floats, r.stride, rows)
	case metric.Max:
		simd.ChebyshevRows(dst, q, r.floats, r.stride, rows)
	case metric.JensenShannon:
		simd.JensenShannonRows(dst, q, r.floats, r.stride, rows)
	case metric.InnerProduct:
		simd.DotRows(dst, q, r.floats, r.stride, rows)
		for i, dot := range dst {
			dst[i] = 0 - dot
		}
	case metric.Cosine:
		simd.DotRows(dst, q, r.floats, r.stride, rows)
		for i, row := range rows {
			dst[i] = metric.CosineFromDot(dst[i], inverseNorm, r.floats[int(row)*r.stride+r.codec.dim])
		}
	default:
		r.fast(dst, r.codec.searched, q, rows)
	}
}

// fast compares q with rows pair by pair.
func (r *Float32Rows) fast(dst []float32, m *metric.Dense, q []float32, rows []uint32) {
	for i, row := range rows {
		dst[i] = m.Fast(q, r.vector(row))
	}
}

// Float32Scorer compares one query at a time with rows. It is reusable, and not for concurrent use.
type Float32Scorer struct {
	rows        *Float32Rows
	query       []float32
	components  []float32 // what kernels compare: query, or its transform
	inverseNorm float32
}

// Prepare makes query, of dim components, the one that Score compares. It keeps a copy.
func (s *Float32Scorer) Prepare(query Vector) {
	copy(s.query, query.Dense[:len(s.query)])
	if s.rows.codec.searched.Transformed() {
		s.rows.codec.searched.Transform(s.components, s.query)
	}
	if s.rows.codec.searched.Kernel() == metric.Cosine {
		s.inverseNorm = metric.InverseNorm(s.query)
	}
}

// Over has the scorer compare its query with other rows of the same codec from now on.
func (s *Float32Scorer) Over(rows Rows) { s.rows = rows.(*Float32Rows) }

// Score sets dst[i] to the fast form of the distance between the query and rows[i]: bit for bit what Distances gives
// for a row with the query's components. It allocates nothing. Every row must be below Len.
func (s *Float32Scorer) Score(dst []float32, rows []uint32) {
	s.rows.score(dst, s.components, s.inverseNorm, rows)
}

// Exact is Score, but in the metric where Score is in its proxy.
func (s *Float32Scorer) Exact(dst []float32, rows []uint32) {
	c := s.rows.codec
	if !c.Reranked() {
		s.Score(dst, rows)
		return
	}
	s.rows.fast(dst, c.metric, s.query, rows)
}
