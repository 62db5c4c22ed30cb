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
	t.put(t.n, v.Dense)
	t.n++
}

// put sets the row in a place.
func (t *float32Table) put(place int, v []float32) {
	t.codec.Encode(t.codes[place*t.codec.stride:], v)
	copy(t.vectors[place*t.codec.VectorStride():], mapped.BytesOfFloat32s(v)[:t.codec.VectorStride()])
}

// AppendPlain adds the vector of a plain form.
func (t *float32Table) AppendPlain(plain []byte) error {
	if err := t.putPlain(t.n, plain, t.plain); err != nil {
		return err
	}
	t.n++
	return nil
}

// putPlain sets the row in a place to the vector of a plain form.
func (t *float32Table) putPlain(place int, plain []byte, scratch []float32) error {
	if err := t.codec.checkPlain(plain); err != nil {
		return err
	}
	t.codec.Decode(scratch, plain)
	t.put(place, scratch)
	return nil
}

// Filler returns a function that sets the row in a place to the vector of a plain form, in any order, with the errors of
// AppendPlain. Functions that several calls returned may set different places at the same time. Filled ends that.
func (t *float32Table) Filler() func(place int, plain []byte) error {
	scratch := make([]float32, t.codec.dim)
	return func(place int, plain []byte) error { return t.putPlain(place, plain, scratch) }
}

// Filled makes the first n places, all of which were set, the vectors of the table.
func (t *float32Table) Filled(n int) { t.n = n }

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
