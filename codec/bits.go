package codec

import (
	"encoding/binary"
	"fmt"

	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// Bits lays packed bit vectors out as they are: their words as little-endian uint64, zero padded to a multiple of 64 bytes.
// Bit i of a vector is bit i%64 of its word i/64. It is lossless. It is immutable: any number of goroutines may use it at
// once.
//
//	0                     8*words      Stride
//	| word 0 | word 1 | ..| zeros      |
type Bits struct {
	metric *metric.Bits
	words  int
	stride int // bytes
}

// NewBits returns the codec for the vectors that m compares.
func NewBits(m *metric.Bits) *Bits {
	words := m.Words()
	return &Bits{metric: m, words: words, stride: (8*words + rowAlignment - 1) / rowAlignment * rowAlignment}
}

// Name returns "bits", which is what files call this codec.
func (c *Bits) Name() string { return "bits" }

// Dim returns the number of bits of a vector.
func (c *Bits) Dim() int { return int(c.metric.Bits()) }

// Stride returns the length of a row in bytes, a multiple of 64.
func (c *Bits) Stride() int { return c.stride }

// Encode writes v, of as many words as the metric's vectors have, into the Stride bytes of row.
func (c *Bits) Encode(row []byte, v []uint64) {
	v, row = v[:c.words], row[:c.stride]
	clear(row[copy(row, mapped.BytesOfUint64s(v)):])
}

// Decode reads the words of v from a row, or from the plain form that AppendBits writes.
func (c *Bits) Decode(v []uint64, row []byte) {
	v, row = v[:c.words], row[:8*c.words]
	for i := range v {
		v[i] = binary.LittleEndian.Uint64(row[8*i:])
	}
}

// Rows returns the rows that data consists of, as a view: data is not copied and must not change while they are used.
// The error wraps ErrCorrupt when data is no whole number of rows; it is one of package mapped's when data is not aligned
// to 8 bytes, or the machine is big-endian and cannot compute with rows in place.
func (c *Bits) Rows(data []byte) (*BitsRows, error) {
	if len(data)%c.stride != 0 {
		return nil, fmt.Errorf("viewing bits rows: %w: %d bytes are no multiple of the stride %d", ErrCorrupt, len(data), c.stride)
	}
	words, err := mapped.Uint64s(data)
	if err != nil {
		return nil, fmt.Errorf("viewing bits rows: %w", err)
	}
	return &BitsRows{metric: c.metric, length: c.words, stride: c.stride / 8, words: words}, nil
}

// BitsRows are encoded rows that can be computed with. Any number of goroutines may use them at once, as long as the bytes
// they were made from are there.
type BitsRows struct {
	metric *metric.Bits
	length int // words of a vector
	stride int // words of a row
	words  []uint64
}

// Len returns the number of rows.
func (r *BitsRows) Len() int { return len(r.words) / r.stride }

// Vector returns the words of a row. They are a read-only view, valid as long as the bytes of the rows.
func (r *BitsRows) Vector(row uint32) []uint64 {
	begin := int(row) * r.stride
	return r.words[begin : begin+r.length : begin+r.length]
}

// Distances sets dst[i] to the fast form of the distance between row and rows[i]. It is symmetric bit for bit and
// allocates nothing. Every row must be below Len.
func (r *BitsRows) Distances(dst []float32, row uint32, rows []uint32) {
	r.score(dst, r.Vector(row), rows)
}

// Scorer returns a scorer for queries against the rows. It scores nothing sensible before Prepare.
func (r *BitsRows) Scorer() *BitsScorer {
	return &BitsScorer{rows: r, query: make([]uint64, r.length)}
}

// countedRows is how many rows are counted in one call of a kernel: the counts lie on the stack.
const countedRows = 64

// score compares q with rows by the batch kernel of the metric.
func (r *BitsRows) score(dst []float32, q []uint64, rows []uint32) {
	dst = dst[:len(rows)]
	for begin := 0; begin < len(rows); begin += countedRows {
		end := min(begin+countedRows, len(rows))
		r.scoreBlock(dst[begin:end], q, rows[begin:end])
	}
}

func (r *BitsRows) scoreBlock(dst []float32, q []uint64, rows []uint32) {
	var shared, differing [countedRows]uint32 // shared stays 0 where it is not counted
	switch r.metric.Kernel() {
	case metric.BitsDiffering:
		simd.HammingRows(differing[:], q, r.words, r.stride, rows)
	case metric.BitsOverlap:
		simd.OverlapRows(shared[:], differing[:], q, r.words, r.stride, rows)
	default:
		for i, row := range rows {
			dst[i] = r.metric.Fast(q, r.Vector(row))
		}
		return
	}
	for i := range dst {
		dst[i] = r.metric.FromCounts(shared[i], differing[i])
	}
}

// BitsScorer compares one query at a time with rows. It is reusable, and not for concurrent use.
type BitsScorer struct {
	rows  *BitsRows
	query []uint64
}

// Prepare makes query, of as many words as a row's vector, the one that Score compares. It keeps a copy.
func (s *BitsScorer) Prepare(query []uint64) { copy(s.query, query[:len(s.query)]) }

// Over has the scorer compare its query with other rows of the same codec from now on.
func (s *BitsScorer) Over(rows *BitsRows) { s.rows = rows }

// Score sets dst[i] to the fast form of the distance between the query and rows[i]: bit for bit what Distances gives
// for a row with the query's bits. It allocates nothing. Every row must be below Len.
func (s *BitsScorer) Score(dst []float32, rows []uint32) { s.rows.score(dst, s.query, rows) }

// AppendBits appends the plain form of a packed bit vector to dst, its words as little-endian uint64, and returns the
// result.
func AppendBits(dst []byte, v []uint64) []byte {
	for _, word := range v {
		dst = binary.LittleEndian.AppendUint64(dst, word)
	}
	return dst
}

// DecodeBits returns the vector of a number of bits that [AppendBits] encoded as b. Bytes that it does not write for such
// a vector, a bit set behind the last one among them, are an [ErrCorrupt].
func DecodeBits(b []byte, bits uint32) ([]uint64, error) {
	words := (uint64(bits) + 63) / 64
	if uint64(len(b)) != 8*words {
		return nil, fmt.Errorf("%w: vector of %d bytes for %d bits", ErrCorrupt, len(b), bits)
	}
	v := make([]uint64, words)
	for i := range v {
		v[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	if used := bits % 64; used != 0 && v[words-1]>>used != 0 {
		return nil, fmt.Errorf("%w: vector of %d bits has bits set behind the last one", ErrCorrupt, bits)
	}
	return v, nil
}
