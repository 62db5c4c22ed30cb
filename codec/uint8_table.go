package codec

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/vicinaldb/store/internal/mapped"
)

// uint8Table collects dense vectors as rows, by parameters that are there already.
type uint8Table struct {
	codec   *Uint8
	codes   []byte
	vectors []byte // nil when codes are lossless
	rows    Rows
	n       int
	plain   []float32 // scratch
	coded   []float32 // scratch
}

// NewTable returns an empty table with room for so many vectors. Components beyond the reach of the parameters get the last
// code; whoever wants parameters that suit the vectors collects these as float32 and has them made codes by
// [Float32.Compact].
func (c *Uint8) NewTable(capacity int) (Table, error) {
	return c.newTable(capacity, !c.params.Lossless)
}

// newTable returns an empty table, with or without the vectors beside the codes.
func (c *Uint8) newTable(capacity int, vectors bool) (Table, error) {
	t := &uint8Table{
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
func (t *uint8Table) Append(v Vector) {
	c := t.codec
	c.transform(t.coded, v.Dense)
	c.encode(t.codes[t.n*c.stride:], t.coded, float64(c.params.Offset), float64(c.params.Scale))
	if t.vectors != nil {
		copy(t.vectors[t.n*c.VectorStride():], mapped.BytesOfFloat32s(v.Dense))
	}
	t.n++
}

// AppendPlain adds the vector of a plain form. The error wraps ErrNoCode when lossless codes would lose something.
func (t *uint8Table) AppendPlain(plain []byte) error {
	if len(plain) != 4*len(t.plain) {
		return fmt.Errorf("%w: vector of %d bytes for %d components", ErrCorrupt, len(plain), len(t.plain))
	}
	for i := range t.plain {
		t.plain[i] = math.Float32frombits(binary.LittleEndian.Uint32(plain[4*i:]))
	}
	if err := t.codec.checkKept(t.plain); err != nil {
		return err
	}
	t.Append(Vector{Dense: t.plain})
	return nil
}

// Len is the number of vectors.
func (t *uint8Table) Len() int { return t.n }

// Rows are the table's places for vectors.
func (t *uint8Table) Rows() Rows { return t.rows }

// Codes returns the codes of the vectors, and what is kept beside them.
func (t *uint8Table) Codes() Codes {
	codes := Codes{Stride: t.codec.stride, Codes: t.codes[:t.n*t.codec.stride]}
	if t.vectors != nil {
		codes.VectorStride = t.codec.VectorStride()
		codes.Vectors = t.vectors[:t.n*codes.VectorStride]
	}
	return codes
}
