package codec

import "github.com/vicinaldb/store/internal/mapped"

// bitsTable collects bit vectors as rows.
type bitsTable struct {
	codec *Bits
	codes []byte
	rows  *BitsRows
	n     int
}

// NewTable returns an empty table with room for so many vectors.
func (c *Bits) NewTable(capacity int) (Table, error) {
	codes := mapped.Aligned(capacity * c.stride)
	rows, err := c.Rows(codes)
	if err != nil {
		return nil, err
	}
	return &bitsTable{codec: c, codes: codes, rows: rows}, nil
}

// Append adds a copy of a vector.
func (t *bitsTable) Append(v Vector) {
	t.codec.Encode(t.codes[t.n*t.codec.stride:], v.Bits)
	t.n++
}

// AppendPlain adds the vector of a plain form.
func (t *bitsTable) AppendPlain(plain []byte) error {
	v, err := t.codec.DecodePlain(plain)
	if err == nil {
		t.Append(v)
	}
	return err
}

// Len is the number of vectors.
func (t *bitsTable) Len() int { return t.n }

// Rows are the table's places for vectors.
func (t *bitsTable) Rows() Rows { return t.rows }

// Codes returns the rows of the vectors.
func (t *bitsTable) Codes() Codes {
	return Codes{Stride: t.codec.stride, Codes: t.codes[:t.n*t.codec.stride]}
}
