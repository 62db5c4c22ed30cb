package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/metric"
)

// sparseHeader is the length in bytes of what precedes the features of a row. It is part of the format.
const sparseHeader = 16

// Sparse lays sparse vectors out one behind the other, in rows of different lengths. It is lossless. It is immutable: any
// number of goroutines may use it at once.
//
// A row with n features begins with the metric's summary of the vector (metric.Summary: two float64 bits, such as its
// norm), then come the indices of the features and then their values. All numbers are little-endian, and a row is as long
// as they are, so that every row is a multiple of 8 bytes and says by its length how many features it has.
//
//	0           8           16                         16+4n                      16+8n
//	| summary 0 | summary 1 | index 0 | index 1 | ..   | value 0 | value 1 | ..   |
//	| f64       | f64       | u32                      | f32                      |
//
// The rows follow one another without a gap. Where each begins stands in a second sequence of bytes, the offsets: one
// uint64 for each row, and one more for the end of the last row.
//
//	codes    | row 0      | row 1  | row 2        | ..  | row N-1    |
//	         ^            ^        ^                    ^            ^
//	offsets  | 0          | 24     | 40           | ..  |            | length of codes |
//	         | u64        | u64    | u64          |     | u64        | u64             |
type Sparse struct {
	metric *metric.Sparse
	tables sync.Pool // *sparseTable
}

// NewSparse returns the codec for the vectors that m compares.
func NewSparse(m *metric.Sparse) *Sparse {
	c := &Sparse{metric: m}
	c.tables.New = func() any { return newSparseTable(m) }
	return c
}

// Name returns "sparse", which is what files call this codec.
func (c *Sparse) Name() string { return "sparse" }

// Dim returns the number of features.
func (c *Sparse) Dim() uint32 { return c.metric.Dim() }

// Size returns the length of the row of a vector with n features, in bytes.
func (c *Sparse) Size(n int) int { return sparseHeader + 8*n }

// Append appends the row of v to dst and returns the result.
func (c *Sparse) Append(dst []byte, v metric.SparseVector) []byte {
	dst = slices.Grow(dst, c.Size(len(v.Indices)))
	for _, number := range c.metric.Summarize(v) {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(number))
	}
	return AppendSparse(dst, v)
}

// Decode returns the vector of a row. The error wraps ErrCorrupt when the row is none that Append has written for a vector
// of the metric's features; the summary is not looked at.
func (c *Sparse) Decode(row []byte) (metric.SparseVector, error) {
	if len(row) < sparseHeader {
		return metric.SparseVector{}, fmt.Errorf("%w: sparse row of %d bytes", ErrCorrupt, len(row))
	}
	return DecodeSparse(row[sparseHeader:], c.metric.Dim())
}

// Rows returns the rows in data, of which offsets says where they begin, as a view: neither is copied, and they must not
// change while the rows are used. It looks at the first and the last offset only. The error wraps ErrCorrupt when these
// cannot be; it is one of package mapped's when the bytes are not aligned to 8 or no whole number of 8, or the machine is
// big-endian and cannot compute with rows in place.
//
// No other offset and no row is trusted: a row that does not lie inside of data or that is no vector of the metric's
// features has the distance NaN to all rows.
func (c *Sparse) Rows(offsets, data []byte) (*SparseRows, error) {
	r := &SparseRows{codec: c, metric: c.metric}
	var err error
	if r.offsets, err = mapped.Uint64s(offsets); err != nil {
		return nil, fmt.Errorf("viewing offsets of sparse rows: %w", err)
	}
	if r.longs, err = mapped.Uint64s(data); err != nil {
		return nil, fmt.Errorf("viewing sparse rows: %w", err)
	}
	if r.words, err = mapped.Uint32s(data); err != nil {
		return nil, fmt.Errorf("viewing sparse rows: %w", err)
	}
	if r.floats, err = mapped.Float32s(data); err != nil {
		return nil, fmt.Errorf("viewing sparse rows: %w", err)
	}
	if len(r.offsets) == 0 {
		return nil, fmt.Errorf("viewing sparse rows: %w: there are no offsets", ErrCorrupt)
	}
	if first, last := r.offsets[0], r.offsets[len(r.offsets)-1]; first != 0 || last != uint64(len(data)) {
		return nil, fmt.Errorf("viewing sparse rows: %w: rows from byte %d to %d in %d bytes", ErrCorrupt, first, last, len(data))
	}
	return r, nil
}

// AppendSparse appends the plain form of v to dst, its indices as little-endian uint32 and then its values as little-endian
// float32, and returns the result.
func AppendSparse(dst []byte, v metric.SparseVector) []byte {
	for _, feature := range v.Indices {
		dst = binary.LittleEndian.AppendUint32(dst, feature)
	}
	return AppendVector(dst, v.Values[:len(v.Indices)])
}

// DecodeSparse returns the vector of dim features that [AppendSparse] encoded as b. Indices that do not ascend or are not
// below dim, zero values, and bytes that are no whole number of features are an [ErrCorrupt]; values may be NaN.
func DecodeSparse(b []byte, dim uint32) (metric.SparseVector, error) {
	if len(b)%8 != 0 {
		return metric.SparseVector{}, fmt.Errorf("%w: sparse vector of %d bytes", ErrCorrupt, len(b))
	}
	v := metric.SparseVector{Indices: make([]uint32, len(b)/8), Values: make([]float32, len(b)/8)}
	for i := range v.Indices {
		v.Indices[i] = binary.LittleEndian.Uint32(b[4*i:])
		v.Values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[len(b)/2+4*i:]))
		switch {
		case v.Indices[i] >= dim:
			return metric.SparseVector{}, fmt.Errorf("%w: sparse vector with feature %d of %d", ErrCorrupt, v.Indices[i], dim)
		case i > 0 && v.Indices[i] <= v.Indices[i-1]:
			return metric.SparseVector{}, fmt.Errorf("%w: sparse vector with feature %d behind feature %d", ErrCorrupt, v.Indices[i], v.Indices[i-1])
		case v.Values[i] == 0:
			return metric.SparseVector{}, fmt.Errorf("%w: sparse vector with feature %d zero", ErrCorrupt, v.Indices[i])
		}
	}
	return v, nil
}
