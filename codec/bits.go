package codec

import (
	"encoding/binary"
	"fmt"

	"github.com/vicinaldb/store/internal/mapped"
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
	return &Bits{metric: m, words: words, stride: alignedStride(8 * words)}
}

// Name returns "bits", which is what files call this codec.
func (c *Bits) Name() string { return nameBits }

// Kind returns KindBits.
func (c *Bits) Kind() Kind { return KindBits }

// Metric returns the name of the metric.
func (c *Bits) Metric() string { return c.metric.Name() }

// Params returns none: metrics of bits take none.
func (c *Bits) Params() metric.Params { return metric.Params{} }

// Dim returns the number of bits of a vector.
func (c *Bits) Dim() int { return int(c.metric.Bits()) }

// Stride returns the length of a row in bytes, a multiple of 64.
func (c *Bits) Stride() int { return c.stride }

// VectorStride returns 0: nothing is lost.
func (c *Bits) VectorStride() int { return 0 }

// Reranked returns false.
func (c *Bits) Reranked() bool { return false }

// Check returns nil for a vector of as many bits as the metric's vectors have, that it has distances for.
func (c *Bits) Check(v Vector) error {
	if len(v.Dense) > 0 || len(v.Sparse.Indices) > 0 {
		return fmt.Errorf("%w: bit vectors are kept", ErrKind)
	}
	if len(v.Bits) != c.words {
		return fmt.Errorf("%w: it has %d words, %d bits take %d", ErrDimension, len(v.Bits), c.metric.Bits(), c.words)
	}
	return c.metric.Check(v.Bits)
}

// Correct is the metric's.
func (c *Bits) Correct(fast float32) float32 { return c.metric.Correct(fast) }

// Stretch is the metric's.
func (c *Bits) Stretch(fast, epsilon float32) float32 { return c.metric.Stretch(fast, epsilon) }

// StretchScore is Stretch.
func (c *Bits) StretchScore(score, epsilon float32) float32 { return c.Stretch(score, epsilon) }

// AppendPlain appends what AppendBits does.
func (c *Bits) AppendPlain(dst []byte, v Vector) []byte { return AppendBits(dst, v.Bits) }

// DecodePlain returns what AppendPlain appended.
func (c *Bits) DecodePlain(plain []byte) (Vector, error) {
	v, err := DecodeBits(plain, c.metric.Bits())
	return Vector{Bits: v}, err
}

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

// View returns the rows of codes of this stride.
func (c *Bits) View(codes Codes) (Rows, error) {
	if codes.Stride != c.stride {
		return nil, fmt.Errorf("viewing bits rows: %w: codes of %d bytes, want %d", ErrCorrupt, codes.Stride, c.stride)
	}
	return asRows(c.Rows(codes.Codes))
}

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
