package codec

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/vicinaldb/store/internal/mapped"
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
//
// Where the metric has a transform (metric.Dense.Transform), x is the transformed vector, so that the kernel compares what it
// is for, and the vectors themselves lie beside the rows, as dim float32 each.
//
// When the metric has a proxy, codes are made for the proxy, and scores are its.
type Float32 struct {
	metric   *metric.Dense
	searched *metric.Dense // what codes are compared by: the metric or its proxy
	dim      int
	stride   int // bytes
}

// NewFloat32 returns the codec for vectors of dim components, at least 1, compared by m.
func NewFloat32(m *metric.Dense, dim int) *Float32 {
	searched, ok := m.Proxy()
	if !ok {
		searched = m
	}
	floats := dim
	if searched.Kernel() == metric.Cosine {
		floats++
	}
	return &Float32{metric: m, searched: searched, dim: dim, stride: alignedStride(4 * floats)}
}

// alignedStride rounds a length up to whole cache lines.
func alignedStride(bytes int) int { return (bytes + rowAlignment - 1) / rowAlignment * rowAlignment }

// Name returns "float32", which is what files call this codec.
func (c *Float32) Name() string { return nameFloat32 }

// Kind returns KindDense.
func (c *Float32) Kind() Kind { return KindDense }

// Metric returns the name of the metric.
func (c *Float32) Metric() string { return c.metric.Name() }

// Params returns the parameters of the metric.
func (c *Float32) Params() metric.Params { return c.metric.Params() }

// Dim returns the number of components of a vector.
func (c *Float32) Dim() int { return c.dim }

// Stride returns the length of a row in bytes, a multiple of 64.
func (c *Float32) Stride() int { return c.stride }

// VectorStride returns 0, or the length of a vector when codes are transformed ones.
func (c *Float32) VectorStride() int {
	if c.searched.Transformed() {
		return 4 * c.dim
	}
	return 0
}

// Reranked tells whether the metric has a proxy.
func (c *Float32) Reranked() bool { return c.searched != c.metric }

// Check returns nil for a vector of dim finite components that the metric has distances for.
func (c *Float32) Check(v Vector) error {
	if len(v.Sparse.Indices) > 0 || len(v.Bits) > 0 {
		return fmt.Errorf("%w: dense ones are kept", ErrKind)
	}
	if len(v.Dense) != c.dim {
		return fmt.Errorf("%w: it has %d components, %d are kept", ErrDimension, len(v.Dense), c.dim)
	}
	return c.metric.Check(v.Dense)
}

// Correct is the metric's.
func (c *Float32) Correct(fast float32) float32 { return c.metric.Correct(fast) }

// Stretch is the metric's.
func (c *Float32) Stretch(fast, epsilon float32) float32 { return c.metric.Stretch(fast, epsilon) }

// StretchScore is that of the proxy, if there is one.
func (c *Float32) StretchScore(score, epsilon float32) float32 {
	return c.searched.Stretch(score, epsilon)
}

// AppendPlain appends what AppendVector does.
func (c *Float32) AppendPlain(dst []byte, v Vector) []byte { return AppendVector(dst, v.Dense) }

// DecodePlain returns what AppendPlain appended.
func (c *Float32) DecodePlain(plain []byte) (Vector, error) {
	if err := c.checkPlain(plain); err != nil {
		return Vector{}, err
	}
	v, err := DecodeVector(plain)
	return Vector{Dense: v}, err
}

func (c *Float32) checkPlain(plain []byte) error {
	if len(plain) != 4*c.dim {
		return fmt.Errorf("%w: vector of %d bytes for %d components", ErrCorrupt, len(plain), c.dim)
	}
	return nil
}

// Encode writes v, of dim components, into the Stride bytes of row.
func (c *Float32) Encode(row []byte, v []float32) {
	v, row = v[:c.dim], row[:c.stride]
	end := 4 * c.dim
	if c.searched.Transformed() {
		c.encodeTransformed(row, v)
	} else {
		copy(row, mapped.BytesOfFloat32s(v))
	}
	clear(row[end:])
	if c.searched.Kernel() == metric.Cosine {
		binary.LittleEndian.PutUint32(row[end:], math.Float32bits(metric.InverseNorm(v)))
	}
}

// encodeTransformed writes the transform of v, in place where the machine has the bytes in this order.
func (c *Float32) encodeTransformed(row []byte, v []float32) {
	if floats, err := mapped.Float32s(row[:4*c.dim]); err == nil {
		c.searched.Transform(floats, v)
		return
	}
	transformed := make([]float32, c.dim)
	c.searched.Transform(transformed, v)
	copy(row, mapped.BytesOfFloat32s(transformed))
}

// Decode reads the dim components of v from a row that is not transformed, or from the plain form.
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
	return &Float32Rows{codec: c, stride: c.stride / 4, floats: floats}, nil
}

// View returns the rows of codes of this stride.
func (c *Float32) View(codes Codes) (Rows, error) {
	if codes.Stride != c.stride {
		return nil, fmt.Errorf("viewing float32 rows: %w: codes of %d bytes, want %d", ErrCorrupt, codes.Stride, c.stride)
	}
	rows, err := c.Rows(codes.Codes)
	if err == nil && codes.VectorStride > 0 {
		err = rows.beside(codes.Vectors, codes.VectorStride)
	}
	return asRows(rows, err)
}

// asRows keeps a nil pointer from becoming rows.
func asRows[R Rows](rows R, err error) (Rows, error) {
	if err != nil {
		return nil, err
	}
	return rows, nil
}
