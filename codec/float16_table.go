package codec

import "github.com/vicinaldb/store/internal/mapped"

// float16Table collects dense vectors as rows.
type float16Table struct {
	codec   *Float16
	codes   []byte
	vectors []byte // nil when codes are alone
	rows    Rows
	n       int
	plain   []float32 // scratch
	coded   []float32 // scratch
}

// NewTable returns an empty table with room for so many vectors.
func (c *Float16) NewTable(capacity int) (Table, error) { return c.newTable(capacity, true) }

// NewCodeTable is NewTable for codes alone: the vectors are kept elsewhere. Its rows can be scored, and have no Vector.
func (c *Float16) NewCodeTable(capacity int) (Table, error) { return c.newTable(capacity, false) }

func (c *Float16) newTable(capacity int, vectors bool) (Table, error) {
	t := &float16Table{
		codec: c, codes: mapped.Aligned(capacity * c.stride),
		plain: make([]float32, c.Dim()), coded: make([]float32, c.Dim()),
	}
	view := Codes{Stride: c.stride, Codes: t.codes}
	if vectors {
		t.vectors = mapped.Aligned(capacity * c.VectorStride())
		view.VectorStride, view.Vectors = c.VectorStride(), t.vectors
	}
	var err error
	if t.rows, err = c.View(view); err != nil {
		return nil, err
	}
	return t, nil
}

// Append adds a copy of a vector.
func (t *float16Table) Append(v Vector) {
	c := t.codec
	c.transform(t.coded, v.Dense)
	t.add(v.Dense)
}

// add adds a vector of which coded is what codes are made of.
func (t *float16Table) add(v []float32) {
	c := t.codec
	c.encode(t.codes[t.n*c.stride:], t.coded)
	if t.vectors != nil {
		copy(t.vectors[t.n*c.VectorStride():], mapped.BytesOfFloat32s(v))
	}
	t.n++
}

// AppendPlain adds the vector of a plain form. The error wraps ErrNoCode when no half is near one of its components.
func (t *float16Table) AppendPlain(plain []byte) error {
	if err := t.codec.float.checkPlain(plain); err != nil {
		return err
	}
	t.codec.float.Decode(t.plain, plain)
	t.codec.transform(t.coded, t.plain)
	if err := checkHalves(t.coded); err != nil {
		return err
	}
	t.add(t.plain)
	return nil
}

// Len is the number of vectors.
func (t *float16Table) Len() int { return t.n }

// Rows are the table's places for vectors.
func (t *float16Table) Rows() Rows { return t.rows }

// Codes returns the codes of the vectors, and the vectors if they are kept beside them.
func (t *float16Table) Codes() Codes {
	codes := Codes{Stride: t.codec.stride, Codes: t.codes[:t.n*t.codec.stride]}
	if t.vectors != nil {
		codes.VectorStride = t.codec.VectorStride()
		codes.Vectors = t.vectors[:t.n*codes.VectorStride]
	}
	return codes
}
