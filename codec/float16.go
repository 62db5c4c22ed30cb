package codec

import (
	"encoding/binary"
	"fmt"

	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// Float16 makes codes of IEEE half floats, half of float32: 11 bits of each component, whatever its size. Codes are made of what
// the kernel of the metric takes, as those of [Uint8] are: of the vectors themselves, of their transforms, or under the cosine
// kernel of the vectors at unit length, whose squared L2 distance is twice the cosine distance. Each component becomes the nearest
// half, of two as near the even one. Zeros follow, up to a multiple of 64 bytes:
//
//	0                  2*dim         Stride
//	| x[0] x[1] ...    | zeros       |
//
// No half is nearest to a component of 65,520 or more, of either sign: Check refuses vectors with one. The vectors are kept
// beside the codes, dim float32 each, for Exact; what Score and Distances give is the fast form of the metric up to the error of
// the codes, which is at most 1/2048 of each component, or 2^-25 where that is more.
//
// When the metric has a proxy, codes are made for the proxy. Float16 is immutable: any number of goroutines may use it at once.
type Float16 struct {
	float    *Float32      // of the same vectors
	metric   *metric.Dense // what Exact compares by
	searched *metric.Dense // what codes are compared by: the metric or its proxy
	stride   int           // bytes
}

// NewFloat16 returns the codec for vectors of dim components, at least 1, compared by m. The error wraps ErrNoCode when m has
// neither a kernel nor a proxy with one that compares codes.
func NewFloat16(m *metric.Dense, dim int) (*Float16, error) {
	c := &Float16{float: NewFloat32(m, dim), metric: m, searched: m, stride: alignedStride(2 * dim)}
	if proxy, ok := m.Proxy(); ok {
		c.searched = proxy
	}
	switch c.searched.Kernel() {
	case metric.SquaredL2, metric.Cosine, metric.L1, metric.Max, metric.InnerProduct:
		return c, nil
	default:
		return nil, fmt.Errorf("%w: nothing compares codes of half floats under %s", ErrNoCode, m.Name())
	}
}

// Half returns the codec of half floats for the vectors of this one. The error wraps ErrNoCode when there is none for the metric.
func (c *Float32) Half() (*Float16, error) { return NewFloat16(c.metric, c.dim) }

// Name returns "float16", which is what files call this codec.
func (c *Float16) Name() string { return nameFloat16 }

// Kind returns KindDense.
func (c *Float16) Kind() Kind { return KindDense }

// Metric returns the name of the metric.
func (c *Float16) Metric() string { return c.metric.Name() }

// Params returns the parameters of the metric.
func (c *Float16) Params() metric.Params { return c.metric.Params() }

// Dim returns the number of components of a vector.
func (c *Float16) Dim() int { return c.float.Dim() }

// Stride returns the length of a code in bytes, a multiple of 64.
func (c *Float16) Stride() int { return c.stride }

// VectorStride returns what the components of a vector take as float32.
func (c *Float16) VectorStride() int { return 4 * c.Dim() }

// Reranked returns true: codes have lost something.
func (c *Float16) Reranked() bool { return true }

// Check returns nil for a vector of dim finite components that the metric has distances for. An error that wraps ErrNoCode
// refuses one with a component that no half is near.
func (c *Float16) Check(v Vector) error {
	if err := c.float.Check(v); err != nil {
		return err
	}
	t := make([]float32, c.Dim())
	c.transform(t, v.Dense)
	return checkHalves(t)
}

// checkHalves refuses what codes cannot be made of.
func checkHalves(t []float32) error {
	for i, x := range t {
		if !isHalf(x) {
			return fmt.Errorf("%w: component %d is %v; half floats end at 65,504", ErrNoCode, i, x)
		}
	}
	return nil
}

// isHalf tells whether a component is near a finite half.
func isHalf(x float32) bool { return x < simd.HalfLimit && x > -simd.HalfLimit }

// Correct is the metric's.
func (c *Float16) Correct(fast float32) float32 { return c.metric.Correct(fast) }

// Stretch is the metric's.
func (c *Float16) Stretch(fast, epsilon float32) float32 { return c.metric.Stretch(fast, epsilon) }

// StretchScore is that of the proxy, if there is one.
func (c *Float16) StretchScore(score, epsilon float32) float32 {
	return c.searched.Stretch(score, epsilon)
}

// AppendPlain appends what AppendVector does.
func (c *Float16) AppendPlain(dst []byte, v Vector) []byte { return c.float.AppendPlain(dst, v) }

// DecodePlain returns what AppendPlain appended.
func (c *Float16) DecodePlain(plain []byte) (Vector, error) { return c.float.DecodePlain(plain) }

// transform sets dst to what codes are made of: in place of v, of the same length.
func (c *Float16) transform(dst, v []float32) { codedForm(c.searched, dst, v) }

// encode writes the code of what transform gave into the Stride bytes of row, which are zeros or another code.
func (c *Float16) encode(row []byte, t []float32) {
	row = row[:c.stride]
	for i, x := range t {
		binary.LittleEndian.PutUint16(row[2*i:], simd.HalfOf(x))
	}
}

// View returns the rows of codes of this stride, with the vectors beside them. Without those, as those of pivots are, rows can be
// scored, have no Vector, and are all at NaN from Exact.
func (c *Float16) View(codes Codes) (Rows, error) {
	if codes.Stride != c.stride || len(codes.Codes)%c.stride != 0 {
		return nil, fmt.Errorf("viewing float16 rows: %w: %d bytes of codes of %d bytes, want %d", ErrCorrupt, len(codes.Codes), codes.Stride, c.stride)
	}
	r := &Float16Rows{codec: c, codes: codes.Codes}
	r.scratch.New = func() any { return c.newQuery() }
	if codes.VectorStride == 0 {
		return r, nil
	}
	if codes.VectorStride != c.VectorStride() || len(codes.Vectors) != r.Len()*codes.VectorStride {
		return nil, fmt.Errorf("viewing float16 rows: %w: %d bytes of vectors of %d bytes beside %d codes, want %d",
			ErrCorrupt, len(codes.Vectors), codes.VectorStride, r.Len(), c.VectorStride())
	}
	var err error
	if r.vectors, err = mapped.Float32s(codes.Vectors); err != nil {
		return nil, fmt.Errorf("viewing float16 rows: %w", err)
	}
	return r, nil
}

// newQuery returns room for the floats of a code.
func (c *Float16) newQuery() *[]float32 {
	query := make([]float32, c.stride/2)
	return &query
}
