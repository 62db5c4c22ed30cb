package codec

import (
	"fmt"
	"sync"

	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// Float16Rows are encoded rows that can be computed with. Any number of goroutines may use them at once, as long as the bytes
// they were made from are there.
type Float16Rows struct {
	codec   *Float16
	codes   []byte
	vectors []float32 // dim of each row; nil when codes are alone
	scratch sync.Pool // of *[]float32: the floats of a code
}

// Len returns the number of rows.
func (r *Float16Rows) Len() int { return len(r.codes) / r.codec.stride }

// Vector returns the components of a row: those beside its code, as a read-only view that is valid as long as the bytes of
// the rows. The error wraps ErrCorrupt when there are none.
func (r *Float16Rows) Vector(row uint32) (Vector, error) {
	if r.vectors == nil {
		return Vector{}, fmt.Errorf("%w: row %d has a code and no vector", ErrCorrupt, row)
	}
	dim := r.codec.Dim()
	begin := int(row) * dim
	return Vector{Dense: r.vectors[begin : begin+dim : begin+dim]}, nil
}

// Prefetch has the processor begin to load what is compared of rows. Every row must be below Len.
func (r *Float16Rows) Prefetch(rows []uint32) {
	simd.PrefetchRows(r.codes, r.codec.stride, r.codec.stride, rows)
}

// Unseen finds and prefetches new rows, as [Rows] says.
func (r *Float16Rows) Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool) {
	return simd.UnseenAhead(dst, seen, rows, n, r.codes, r.codec.stride, r.codec.stride)
}

// Distances sets dst[i] to the fast form of the distance between row and rows[i], computed from their codes. It is symmetric
// bit for bit and allocates nothing. Every row must be below Len.
func (r *Float16Rows) Distances(dst []float32, row uint32, rows []uint32) {
	query := r.scratch.Get().(*[]float32)
	defer r.scratch.Put(query)
	begin := int(row) * r.codec.stride
	simd.FloatsOfHalves(*query, r.codes[begin:begin+r.codec.stride])
	r.score(dst, *query, rows)
}

// Scorer returns a scorer for queries against the rows. It scores nothing sensible before Prepare.
func (r *Float16Rows) Scorer() Scorer {
	c := r.codec
	return &Float16Scorer{rows: r, exact: newExactScorer(c.metric, c.Dim()), query: *c.newQuery()}
}

// score compares floats, with zeros behind them up to whole cache lines, with rows.
func (r *Float16Rows) score(dst, q []float32, rows []uint32) {
	dst = dst[:len(rows)]
	switch c := r.codec; c.searched.Kernel() {
	case metric.L1:
		simd.L1F16Rows(dst, q, r.codes, c.stride, rows)
	case metric.Max:
		simd.ChebyshevF16Rows(dst, q, r.codes, c.stride, rows)
	case metric.InnerProduct:
		simd.DotF16Rows(dst, q, r.codes, c.stride, rows)
		for i, dot := range dst {
			dst[i] = 0 - dot
		}
	case metric.Cosine: // at unit length
		simd.SquaredL2F16Rows(dst, q, r.codes, c.stride, rows)
		for i, squared := range dst {
			dst[i] = squared / 2
		}
	default:
		simd.SquaredL2F16Rows(dst, q, r.codes, c.stride, rows)
	}
}

// Float16Scorer compares one query at a time with rows. It is reusable, and not for concurrent use.
//
// The components of a query are rounded as those of a row are. Those that no half is near stay as they are.
type Float16Scorer struct {
	rows  *Float16Rows
	exact *exactScorer
	query []float32 // with zeros behind it up to whole cache lines
}

// Prepare makes query, of dim components, the one that is compared. It keeps a copy. The metric must accept it; that Check does
// is not needed.
func (s *Float16Scorer) Prepare(query Vector) {
	c := s.rows.codec
	v := query.Dense[:c.Dim()]
	s.exact.prepare(v)
	components := s.query[:c.Dim()]
	c.transform(components, v)
	for i, x := range components {
		if isHalf(x) {
			components[i] = simd.FloatOfHalf(simd.HalfOf(x))
		}
	}
}

// Over has the scorer compare its query with other rows of the same codec from now on.
func (s *Float16Scorer) Over(rows Rows) { s.rows = rows.(*Float16Rows) }

// Score sets dst[i] to the fast form of the distance between the query and rows[i], computed from codes: bit for bit what
// Distances gives for a row with the query's components. It allocates nothing. Every row must be below Len.
func (s *Float16Scorer) Score(dst []float32, rows []uint32) { s.rows.score(dst, s.query, rows) }

// Exact sets dst[i] to the fast form of the distance between the query and the vector of rows[i], in the metric itself. It is NaN
// when rows have no vectors. It allocates nothing. Every row must be below Len.
func (s *Float16Scorer) Exact(dst []float32, rows []uint32) {
	if s.rows.vectors == nil {
		fillNaN(dst[:len(rows)])
		return
	}
	s.exact.score(dst[:len(rows)], s.rows.vectors, rows)
}

// PrefetchExact has the processor begin to load the vectors beside rows, which Exact reads, if there are any. Every row must be below
// Len.
func (s *Float16Scorer) PrefetchExact(rows []uint32) {
	dim := s.rows.codec.Dim()
	simd.PrefetchRows(s.rows.vectors, dim, dim, rows)
}
