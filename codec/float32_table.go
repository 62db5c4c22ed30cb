package codec

import "github.com/vicinaldb/store/internal/mapped"

// float32Table collects dense vectors as rows.
type float32Table struct {
	codec   *Float32
	codes   []byte
	vectors []byte // beside transformed codes
	rows    *Float32Rows
	n       int
	plain   []float32 // scratch
}

// NewTable returns an empty table with room for so many vectors.
func (c *Float32) NewTable(capacity int) (Table, error) {
	codes := mapped.Aligned(capacity * c.stride)
	rows, err := c.Rows(codes)
	if err != nil {
		return nil, err
	}
	t := &float32Table{codec: c, codes: codes, rows: rows, plain: make([]float32, c.dim)}
	if stride := c.VectorStride(); stride > 0 {
		t.vectors = mapped.Aligned(capacity * stride)
		err = rows.beside(t.vectors, stride)
	}
	return t, err
}

// Append adds a copy of a vector.
func (t *float32Table) Append(v Vector) {
	t.codec.Encode(t.codes[t.n*t.codec.stride:], v.Dense)
	copy(t.vectors[t.n*t.codec.VectorStride():], mapped.BytesOfFloat32s(v.Dense)[:t.codec.VectorStride()])
	t.n++
}

// AppendPlain adds the vector of a plain form.
func (t *float32Table) AppendPlain(plain []byte) error {
	if err := t.codec.checkPlain(plain); err != nil {
		return err
	}
	t.codec.Decode(t.plain, plain)
	t.Append(Vector{Dense: t.plain})
	return nil
}

// Len is the number of vectors.
func (t *float32Table) Len() int { return t.n }

// Rows are the table's places for vectors.
func (t *float32Table) Rows() Rows { return t.rows }

// Codes returns the rows of the vectors.
func (t *float32Table) Codes() Codes {
	stride, vectorStride := t.codec.stride, t.codec.VectorStride()
	return Codes{
		Stride: stride, Codes: t.codes[:t.n*stride],
		VectorStride: vectorStride, Vectors: t.vectors[:t.n*vectorStride],
	}
}
