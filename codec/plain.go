package codec

import (
	"fmt"

	"github.com/vicinaldb/store/metric"
)

// Plain keeps and gives back vectors and compares none: what is left of a codec when nobody knows the metric. It reads the
// codes of the codec that it stands for.
type Plain struct {
	kind   Kind
	metric string
	params metric.Params
	dim    int
	codes  string // the name of the codec that it stands for, if that is not the vectors' own
}

// NewPlain returns what stands for the codec of a kind of vectors, under a metric that is not registered: of dense vectors
// for Float32.
func NewPlain(kind Kind, dim int, metric string, params metric.Params) *Plain {
	return &Plain{kind: kind, metric: metric, params: params, dim: dim}
}

// Uint8 returns what stands for Uint8, for dense vectors.
func (c *Plain) Uint8() *Plain { return c.standingFor(nameUint8) }

// Float16 returns what stands for Float16, for dense vectors.
func (c *Plain) Float16() *Plain { return c.standingFor(nameFloat16) }

func (c *Plain) standingFor(name string) *Plain {
	standsFor := *c
	standsFor.codes = name
	return &standsFor
}

// Name returns the name of the codec that it stands for.
func (c *Plain) Name() string {
	switch c.kind {
	case KindSparse:
		return nameSparse
	case KindBits:
		return nameBits
	default:
		return nameOr(c.codes, nameFloat32)
	}
}

// Kind returns that of the vectors.
func (c *Plain) Kind() Kind { return c.kind }

// Metric returns the name of the metric.
func (c *Plain) Metric() string { return c.metric }

// Params returns the parameters of the metric, as they were given.
func (c *Plain) Params() metric.Params { return c.params }

// Dim is the number of components, features or bits of a vector.
func (c *Plain) Dim() int { return c.dim }

// Stride returns 0: it is the metric that knows.
func (c *Plain) Stride() int { return 0 }

// VectorStride returns 0: it is the metric that knows.
func (c *Plain) VectorStride() int { return 0 }

// Reranked returns false.
func (c *Plain) Reranked() bool { return false }

// Check refuses every vector with an error that wraps metric.ErrUnknown.
func (c *Plain) Check(Vector) error { return fmt.Errorf("%w: %q", metric.ErrUnknown, c.metric) }

// Correct returns what it is given.
func (c *Plain) Correct(fast float32) float32 { return fast }

// Stretch returns the distance that it is given.
func (c *Plain) Stretch(fast, _ float32) float32 { return fast }

// StretchScore returns the score that it is given.
func (c *Plain) StretchScore(score, _ float32) float32 { return score }

// AppendPlain appends the plain form of a vector.
func (c *Plain) AppendPlain(dst []byte, v Vector) []byte {
	switch c.kind {
	case KindSparse:
		return AppendSparse(dst, v.Sparse)
	case KindBits:
		return AppendBits(dst, v.Bits)
	default:
		return AppendVector(dst, v.Dense)
	}
}

// DecodePlain returns the vector of a plain form.
func (c *Plain) DecodePlain(plain []byte) (v Vector, err error) {
	switch c.kind {
	case KindSparse:
		v.Sparse, err = DecodeSparse(plain, uint32(c.dim))
	case KindBits:
		v.Bits, err = DecodeBits(plain, uint32(c.dim))
	default:
		if len(plain) != 4*c.dim {
			return v, fmt.Errorf("%w: vector of %d bytes for %d components", ErrCorrupt, len(plain), c.dim)
		}
		v.Dense, err = DecodeVector(plain)
	}
	return v, err
}

// plainBytes is the length of the plain form of every vector but sparse ones.
func (c *Plain) plainBytes() int {
	if c.kind == KindBits {
		return 8 * int((int64(c.dim)+63)/64)
	}
	return 4 * c.dim
}

// NewTable returns an empty table. There is no error.
func (c *Plain) NewTable(capacity int) (Table, error) {
	return &plainTable{plainRows{codec: c, forms: make([][]byte, capacity)}, 0}, nil
}

// View returns the vectors of codes, whatever their stride. The error wraps ErrCorrupt when they are too short for any.
func (c *Plain) View(codes Codes) (Rows, error) {
	shortest := c.plainBytes()
	if c.codes == nameUint8 && codes.VectorStride == 0 {
		shortest = c.dim // lossless codes
	}
	if codes.Stride > 0 && codes.Stride < shortest && codes.VectorStride != shortest {
		return nil, fmt.Errorf("%w: codes of %d bytes, vectors take %d", ErrCorrupt, codes.Stride, shortest)
	}
	r := &plainRows{codec: c, codes: codes}
	if codes.Stride > 0 && len(codes.Codes)%codes.Stride != 0 || codes.VectorStride > 0 && len(codes.Vectors) != r.Len()*codes.VectorStride {
		return nil, fmt.Errorf("%w: %d bytes of codes of %d bytes, and %d of vectors of %d",
			ErrCorrupt, len(codes.Codes), codes.Stride, len(codes.Vectors), codes.VectorStride)
	}
	return r, nil
}
