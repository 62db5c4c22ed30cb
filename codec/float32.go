package codec

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// rowAlignment is what the stride of rows is a multiple of, in bytes: a cache line. It is part of the format.
const rowAlignment = 64

// Float32 lays dense vectors out as they are: dim little-endian float32, under the cosine kernel followed by the inverse
// norm (metric.InverseNorm) as one float32 more, zero padded to a multiple of 64 bytes. It is lossless: Decode gives
// back the vector bit for bit. It is immutable: any number of goroutines may use it at once.
//
//	0              4*dim            4*dim+4           Stride
//	| x[0] x[1] .. | inverse norm   | zeros           |      cosine kernel
//	| x[0] x[1] .. | zeros                            |      other kernels
type Float32 struct {
	metric *metric.Dense
	dim    int
	stride int // bytes
}

// NewFloat32 returns the codec for vectors of dim components, at least 1, compared by m.
func NewFloat32(m *metric.Dense, dim int) *Float32 {
	floats := dim
	if m.Kernel() == metric.Cosine {
		floats++
	}
	stride := (4*floats + rowAlignment - 1) / rowAlignment * rowAlignment
	return &Float32{metric: m, dim: dim, stride: stride}
}

// Name returns "float32", which is what files call this codec.
func (c *Float32) Name() string { return "float32" }

// Dim returns the number of components of a vector.
func (c *Float32) Dim() int { return c.dim }

// Stride returns the length of a row in bytes, a multiple of 64.
func (c *Float32) Stride() int { return c.stride }

// Encode writes v, of dim components, into the Stride bytes of row.
func (c *Float32) Encode(row []byte, v []float32) {
	v, row = v[:c.dim], row[:c.stride]
	end := copy(row, mapped.BytesOfFloat32s(v))
	clear(row[end:])
	if c.metric.Kernel() == metric.Cosine {
		binary.LittleEndian.PutUint32(row[end:], math.Float32bits(metric.InverseNorm(v)))
	}
}

// Decode reads the dim components of v from a row, or from the plain form that AppendVector writes.
func (c *Float32) Decode(v []float32, row []byte) {
	v, row = v[:c.dim], row[:4*c.dim]
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(row[4*i:]))
	}
}

// Rows returns the rows that data consists of, as a view: data is not copied and must not change while they are used.
// The error wraps ErrCorrupt when data is no whole number of rows; it is one of package mapped's when data is not aligned
// to 4 bytes, or the machine is big-endian and cannot compute with rows in place.
func (c *Float32) Rows(data []byte) (*Float32Rows, error) {
	if len(data)%c.stride != 0 {
		return nil, fmt.Errorf("viewing float32 rows: %w: %d bytes are no multiple of the stride %d", ErrCorrupt, len(data), c.stride)
	}
	floats, err := mapped.Float32s(data)
	if err != nil {
		return nil, fmt.Errorf("viewing float32 rows: %w", err)
	}
	return &Float32Rows{metric: c.metric, dim: c.dim, stride: c.stride / 4, floats: floats}, nil
}

// Float32Rows are encoded rows that can be computed with. Any number of goroutines may use them at once, as long as the
// bytes they were made from are there.
type Float32Rows struct {
	metric *metric.Dense
	dim    int
	stride int // floats
	floats []float32
}

// Len returns the number of rows.
func (r *Float32Rows) Len() int { return len(r.floats) / r.stride }

// Vector returns the dim components of a row. They are a read-only view, valid as long as the bytes of the rows.
func (r *Float32Rows) Vector(row uint32) []float32 {
	begin := int(row) * r.stride
	return r.floats[begin : begin+r.dim : begin+r.dim]
}

// Distances sets dst[i] to the fast form of the distance between row and rows[i]. It is symmetric bit for bit and
// allocates nothing. Every row must be below Len.
func (r *Float32Rows) Distances(dst []float32, row uint32, rows []uint32) {
	r.score(dst, r.Vector(row), r.inverseNorm(row), rows)
}

// Scorer returns a scorer for queries against the rows. It scores nothing sensible before Prepare.
func (r *Float32Rows) Scorer() *Float32Scorer {
	return &Float32Scorer{rows: r, query: make([]float32, r.dim)}
}

// inverseNorm returns what stands behind the components of a row under the cosine kernel, else 0.
func (r *Float32Rows) inverseNorm(row uint32) float32 {
	if r.metric.Kernel() != metric.Cosine {
		return 0
	}
	return r.floats[int(row)*r.stride+r.dim]
}

// score compares q with rows by the batch kernel of the metric. The inverse norm of q counts under the cosine kernel only.
func (r *Float32Rows) score(dst, q []float32, inverseNorm float32, rows []uint32) {
	dst = dst[:len(rows)]
	switch r.metric.Kernel() {
	case metric.SquaredL2:
		simd.SquaredL2Rows(dst, q, r.floats, r.stride, rows)
	case metric.L1:
		simd.L1Rows(dst, q, r.floats, r.stride, rows)
	case metric.InnerProduct:
		simd.DotRows(dst, q, r.floats, r.stride, rows)
		for i, dot := range dst {
			dst[i] = 0 - dot
		}
	case metric.Cosine:
		simd.DotRows(dst, q, r.floats, r.stride, rows)
		for i, row := range rows {
			dst[i] = metric.CosineFromDot(dst[i], inverseNorm, r.floats[int(row)*r.stride+r.dim])
		}
	default:
		for i, row := range rows {
			dst[i] = r.metric.Fast(q, r.Vector(row))
		}
	}
}

// Float32Scorer compares one query at a time with rows. It is reusable, and not for concurrent use.
type Float32Scorer struct {
	rows        *Float32Rows
	query       []float32
	inverseNorm float32
}

// Prepare makes query, of dim components, the one that Score compares. It keeps a copy.
func (s *Float32Scorer) Prepare(query []float32) {
	copy(s.query, query[:len(s.query)])
	if s.rows.metric.Kernel() == metric.Cosine {
		s.inverseNorm = metric.InverseNorm(s.query)
	}
}

// Over has the scorer compare its query with other rows of the same codec from now on.
func (s *Float32Scorer) Over(rows *Float32Rows) { s.rows = rows }

// Score sets dst[i] to the fast form of the distance between the query and rows[i]: bit for bit what Distances gives
// for a row with the query's components. It allocates nothing. Every row must be below Len.
func (s *Float32Scorer) Score(dst []float32, rows []uint32) {
	s.rows.score(dst, s.query, s.inverseNorm, rows)
}
