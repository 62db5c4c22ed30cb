package codec

import (
	"encoding/binary"
	"slices"

	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/metric"
)

// sparseList collects sparse vectors, each by itself, since nobody knows how much room the next one takes.
type sparseList struct {
	rows *SparseRows
	n    int
}

// NewTable returns an empty table with room for so many vectors. There is no error.
func (c *Sparse) NewTable(capacity int) (Table, error) {
	return &sparseList{rows: &SparseRows{codec: c, metric: c.metric, listed: make([]listedRow, max(capacity, 1))}}, nil
}

// Append adds a copy of a vector.
func (t *sparseList) Append(v Vector) {
	copied := metric.SparseVector{Indices: slices.Clone(v.Sparse.Indices), Values: slices.Clone(v.Sparse.Values)}
	t.add(copied)
}

// AppendPlain adds the vector of a plain form.
func (t *sparseList) AppendPlain(plain []byte) error {
	v, err := DecodeSparse(plain, t.rows.metric.Dim())
	if err == nil {
		t.add(v)
	}
	return err
}

func (t *sparseList) add(v metric.SparseVector) {
	t.rows.listed[t.n] = listedRow{v, t.rows.metric.Summarize(v)}
	t.n++
}

// Len is the number of vectors.
func (t *sparseList) Len() int { return t.n }

// Rows are the table's places for vectors.
func (t *sparseList) Rows() Rows { return t.rows }

// Codes returns the codes of the vectors, one behind the other.
func (t *sparseList) Codes() Codes {
	size := 0
	for _, row := range t.rows.listed[:t.n] {
		size += t.rows.codec.Size(len(row.vector.Indices))
	}
	codes, offsets := mapped.Aligned(size)[:0], mapped.Aligned(8*(t.n+1))
	for i, row := range t.rows.listed[:t.n] {
		codes = t.rows.codec.Append(codes, row.vector)
		binary.LittleEndian.PutUint64(offsets[8*(i+1):], uint64(len(codes)))
	}
	return Codes{Codes: codes, Offsets: offsets}
}
