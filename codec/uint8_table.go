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
	scratch uint8Scratch
}

// uint8Scratch is what a goroutine makes codes in.
type uint8Scratch struct{ plain, coded []float32 }

func (c *Uint8) newScratch() uint8Scratch {
	return uint8Scratch{plain: make([]float32, c.Dim()), coded: make([]float32, c.Dim())}
}

// NewTable returns an empty table with room for so many vectors. Components beyond the reach of the parameters get the last
// code; whoever wants parameters that suit the vectors collects these as float32 and has them made codes by
// [Float32.Compact].
func (c *Uint8) NewTable(capacity int) (Table, error) {
	return c.newTable(capacity, !c.params.Lossless)
}

// newTable returns an empty table, with or without the vectors beside the codes.
func (c *Uint8) newTable(capacity int, vectors bool) (Table, error) {
	t := &uint8Table{codec: c, codes: mapped.Aligned(capacity * c.stride), scratch: c.newScratch()}
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
	t.put(t.n, v.Dense, t.scratch)
	t.n++
}

// put sets the row in a place.
func (t *uint8Table) put(place int, v []float32, s uint8Scratch) {
	c := t.codec
	c.transform(s.coded, v)
	c.encode(t.codes[place*c.stride:], s.coded, float64(c.params.Offset), float64(c.params.Scale))
	if t.vectors != nil {
		copy(t.vectors[place*c.VectorStride():], mapped.BytesOfFloat32s(v))
	}
}

// AppendPlain adds the vector of a plain form. The error wraps ErrNoCode when lossless codes would lose something.
func (t *uint8Table) AppendPlain(plain []byte) error {
	if err := t.putPlain(t.n, plain, t.scratch); err != nil {
		return err
	}
	t.n++
	return nil
}

// putPlain sets the row in a place to the vector of a plain form.
func (t *uint8Table) putPlain(place int, plain []byte, s uint8Scratch) error {
	if len(plain) != 4*len(s.plain) {
		return fmt.Errorf("%w: vector of %d bytes for %d components", ErrCorrupt, len(plain), len(s.plain))
	}
	signs := uint32(0)
	for i := range s.plain {
		bits := binary.LittleEndian.Uint32(plain[4*i:])
		s.plain[i], signs = math.Float32frombits(bits), signs|bits
	}
	if t.codec.params.Lossless {
		return t.putBytes(place, s.plain, signs>>31 != 0)
	}
	t.put(place, s.plain, s)
	return nil
}

// putBytes sets the row in a place to the lossless code of a vector. Signed says that a component has a sign, which that of -0 loses.
func (t *uint8Table) putBytes(place int, v []float32, signed bool) error {
	row := t.codes[place*t.codec.stride:]
	if _, exact := t.codec.encode(row, v, 0, 1); signed || !exact {
		return t.codec.checkKept(v) // says what is wrong
	}
	return nil
}

// Filler returns a function that sets the row in a place to the vector of a plain form, in any order, with the errors of
// AppendPlain. Functions that several calls returned may set different places at the same time. Filled ends that.
func (t *uint8Table) Filler() func(place int, plain []byte) error {
	s := t.codec.newScratch()
	return func(place int, plain []byte) error { return t.putPlain(place, plain, s) }
}

// Filled makes the first n places, all of which were set, the vectors of the table.
func (t *uint8Table) Filled(n int) { t.n = n }

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
