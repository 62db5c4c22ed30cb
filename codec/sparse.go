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

// MaxSparseFeatures is how many features one sparse vector may have: what fits into MaxVectorBytes.
const MaxSparseFeatures = MaxVectorBytes / 8

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
func (c *Sparse) Name() string { return nameSparse }

// Kind returns KindSparse.
func (c *Sparse) Kind() Kind { return KindSparse }

// Metric returns the name of the metric.
func (c *Sparse) Metric() string { return c.metric.Name() }

// Params returns the parameters of the metric.
func (c *Sparse) Params() metric.Params { return c.metric.Params() }

// Dim returns the number of features.
func (c *Sparse) Dim() int { return int(c.metric.Dim()) }

// Stride returns 0: codes have different lengths.
func (c *Sparse) Stride() int { return 0 }

// VectorStride returns 0: nothing is lost.
func (c *Sparse) VectorStride() int { return 0 }

// Reranked returns false.
func (c *Sparse) Reranked() bool { return false }

// Check returns nil for a vector of the metric's features that it has distances for, and that has at most
// MaxSparseFeatures of them.
func (c *Sparse) Check(v Vector) error {
	if len(v.Dense) > 0 || len(v.Bits) > 0 {
		return fmt.Errorf("%w: sparse ones are kept", ErrKind)
	}
	if n := len(v.Sparse.Indices); n > MaxSparseFeatures {
		return fmt.Errorf("%w: it has %d features, at most %d are kept", ErrDimension, n, MaxSparseFeatures)
	}
	for _, feature := range v.Sparse.Indices {
		if feature >= c.metric.Dim() {
			return fmt.Errorf("%w: it has feature %d, of features 0 to %d", ErrDimension, feature, c.metric.Dim()-1)
		}
	}
	return c.metric.Check(v.Sparse)
}

// Correct is the metric's.
func (c *Sparse) Correct(fast float32) float32 { return c.metric.Correct(fast) }

// Stretch is the metric's.
func (c *Sparse) Stretch(fast, epsilon float32) float32 { return c.metric.Stretch(fast, epsilon) }

// StretchScore is Stretch.
func (c *Sparse) StretchScore(score, epsilon float32) float32 { return c.Stretch(score, epsilon) }

// AppendPlain appends what AppendSparse does.
func (c *Sparse) AppendPlain(dst []byte, v Vector) []byte { return AppendSparse(dst, v.Sparse) }

// DecodePlain returns what AppendPlain appended.
func (c *Sparse) DecodePlain(plain []byte) (Vector, error) {
	v, err := DecodeSparse(plain, c.metric.Dim())
	return Vector{Sparse: v}, err
}

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

// View returns the rows of codes of different lengths.
func (c *Sparse) View(codes Codes) (Rows, error) {
	if codes.Stride != 0 {
		return nil, fmt.Errorf("viewing sparse rows: %w: codes of %d bytes", ErrCorrupt, codes.Stride)
	}
	return asRows(c.Rows(codes.Offsets, codes.Codes))
}
