package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/vicinaldb/store/internal/simd"
)

// plainRows are vectors that cannot be compared: those of codes, or of a table.
type plainRows struct {
	codec *Plain
	codes Codes
	forms [][]byte // plain forms, when they are of a table
}

// Len is the number of rows.
func (r *plainRows) Len() int {
	if r.forms != nil {
		return len(r.forms)
	}
	return r.codes.Len()
}

// Vector returns a copy of a row's vector.
func (r *plainRows) Vector(row uint32) (Vector, error) {
	form, err := r.form(row)
	if err != nil {
		return Vector{}, err
	}
	return r.codec.DecodePlain(form)
}

// form returns the plain form of a row.
func (r *plainRows) form(row uint32) ([]byte, error) {
	c := &r.codes
	switch {
	case r.forms != nil:
		return r.forms[row], nil
	case c.VectorStride > 0:
		return c.Vectors[int(row)*c.VectorStride:][:c.VectorStride], nil
	case r.codec.codes == nameUint8 && c.Stride > 0:
		return plainOfBytes(c.Codes[int(row)*c.Stride:][:r.codec.dim]), nil
	case c.Stride > 0:
		return c.Codes[int(row)*c.Stride:][:r.codec.plainBytes()], nil
	}
	offsets := c.Offsets[8*int(row):]
	begin, end := binary.LittleEndian.Uint64(offsets), binary.LittleEndian.Uint64(offsets[8:])
	if begin > end || end > uint64(len(c.Codes)) || end-begin < sparseHeader {
		return nil, fmt.Errorf("%w: sparse row %d lies at bytes %d to %d of %d", ErrCorrupt, row, begin, end, len(c.Codes))
	}
	return c.Codes[begin+sparseHeader : end], nil
}

// plainOfBytes returns the plain form of a vector that lossless codes stand for.
func plainOfBytes(code []byte) []byte {
	v := make([]float32, len(code))
	for i, x := range code {
		v[i] = float32(x)
	}
	return AppendVector(nil, v)
}

// Distances sets all of dst to NaN.
func (r *plainRows) Distances(dst []float32, _ uint32, rows []uint32) { fillNaN(dst[:len(rows)]) }

// Prefetch has nothing to load that could be compared.
func (r *plainRows) Prefetch([]uint32) {}

// Unseen finds new rows, as [Rows] says.
func (r *plainRows) Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool) {
	return simd.Unseen(dst, seen, rows, n)
}

// Scorer returns a scorer whose scores are all NaN.
func (r *plainRows) Scorer() Scorer { return plainScorer{} }

type plainScorer struct{}

func (plainScorer) Prepare(Vector)                       {}
func (plainScorer) Over(Rows)                            {}
func (plainScorer) Score(dst []float32, rows []uint32)   { fillNaN(dst[:len(rows)]) }
func (s plainScorer) Exact(dst []float32, rows []uint32) { s.Score(dst, rows) }

// plainTable collects plain forms.
type plainTable struct {
	rows plainRows
	n    int
}

// Append adds a copy of a vector.
func (t *plainTable) Append(v Vector) {
	t.rows.forms[t.n] = t.rows.codec.AppendPlain(nil, v)
	t.n++
}

// AppendPlain adds a copy of a plain form.
func (t *plainTable) AppendPlain(plain []byte) error {
	if _, err := t.rows.codec.DecodePlain(plain); err != nil {
		return err
	}
	t.rows.forms[t.n] = bytes.Clone(plain)
	t.n++
	return nil
}

// Len is the number of vectors.
func (t *plainTable) Len() int { return t.n }

// Rows are the table's places for vectors.
func (t *plainTable) Rows() Rows { return &t.rows }

// Codes returns none: codes are made for a metric.
func (t *plainTable) Codes() Codes { return Codes{} }
