package metric

import (
	"fmt"

	"github.com/vicinaldb/store/internal/simd"
)

// BitsKernel says how the fast form of a metric between bit vectors may be computed for many pairs at once.
type BitsKernel uint8

// The kernels. Their numbers are not part of any file format.
const (
	BitsPairwise  BitsKernel = iota // only by calling Fast, pair by pair
	BitsDiffering                   // FromCounts of the number of bits that differ; the shared ones are not counted
	BitsOverlap                     // FromCounts of the number of shared bits and of those that differ
)

// BitsDefinition says what a metric between packed bit vectors is. As those of a [Definition], its functions must be pure,
// and any number of goroutines may call them at once.
type BitsDefinition struct {
	// Name is the canonical name; Aliases are other names for it.
	Name    string
	Aliases []string

	// Kernel says how the fast form may be computed in batches. The default, BitsPairwise, asks for Fast; any other one
	// asks for FromCounts.
	Kernel BitsKernel

	// FromCounts makes the fast form of a pair of vectors of so many bits from the number of bits that are set in both
	// and the number of bits in which they differ. The first is 0 under the kernel BitsDiffering.
	FromCounts func(shared, differing, bits uint32) float32

	// Fast computes the fast form of a pair of vectors of so many bits: it must order pairs as the true distance does, be
	// symmetric bit for bit, and retain neither argument.
	Fast func(x, y []uint64, bits uint32) float32

	// Correct, Stretch and Check are what they are in a [Definition].
	Correct func(fast float32) float32
	Stretch func(fast, epsilon float32) float32
	Check   func(v []uint64) error
}

// Bits is a distance between packed bit vectors. Bit i of a vector is bit i%64 of its word i/64, and the bits behind the
// last one are zero. It is immutable: any number of goroutines may use it at once.
type Bits struct {
	def  BitsDefinition
	bits uint32
}

// NewBits returns the metric that d defines between vectors of so many bits, at least 1. It is not registered. Errors
// wrap ErrDefinition.
func NewBits(d BitsDefinition, bits uint32) (*Bits, error) {
	if err := d.validate(); err != nil {
		return nil, err
	}
	if bits == 0 {
		return nil, fmt.Errorf("%w: %s between vectors of no bits", ErrDefinition, d.Name)
	}
	if d.Correct == nil {
		d.Correct = identity
	}
	if d.Stretch == nil {
		d.Stretch = stretchLinear
	}
	return &Bits{def: d, bits: bits}, nil
}

func (d *BitsDefinition) validate() error {
	switch {
	case d.Name == "":
		return fmt.Errorf("%w: it has no name", ErrDefinition)
	case d.Kernel > BitsOverlap:
		return fmt.Errorf("%w: %s names kernel %d, which does not exist", ErrDefinition, d.Name, d.Kernel)
	case (d.Fast != nil) != (d.Kernel == BitsPairwise) || (d.FromCounts != nil) == (d.Kernel == BitsPairwise):
		return fmt.Errorf("%w: %s must have a function for the fast form, of the vectors or of the counts that its kernel makes", ErrDefinition, d.Name)
	case d.Correct != nil && d.Stretch == nil:
		return fmt.Errorf("%w: %s corrects its fast form and does not say how to stretch it", ErrDefinition, d.Name)
	}
	return nil
}

// Name returns the canonical name.
func (m *Bits) Name() string { return m.def.Name }

// Bits returns the number of bits of a vector.
func (m *Bits) Bits() uint32 { return m.bits }

// Words returns the number of words of a vector.
func (m *Bits) Words() int { return int((uint64(m.bits) + 63) / 64) }

// Kernel returns how the fast form may be computed in batches.
func (m *Bits) Kernel() BitsKernel { return m.def.Kernel }

// FromCounts returns the fast form for what the kernel counts, which must not be BitsPairwise.
func (m *Bits) FromCounts(shared, differing uint32) float32 {
	return m.def.FromCounts(shared, differing, m.bits)
}

// Fast returns the fast form of the distance between x and y: smaller is nearer, Fast(x, y) == Fast(y, x).
func (m *Bits) Fast(x, y []uint64) float32 {
	switch m.def.Kernel {
	case BitsDiffering:
		return m.FromCounts(0, uint32(simd.Hamming(x, y)))
	case BitsOverlap:
		shared, differing := simd.Overlap(x, y)
		return m.FromCounts(uint32(shared), uint32(differing))
	default:
		return m.def.Fast(x, y, m.bits)
	}
}

// Distance returns the true distance between x and y.
func (m *Bits) Distance(x, y []uint64) float32 { return m.def.Correct(m.Fast(x, y)) }

// Correct returns the true distance of which fast is the fast form.
func (m *Bits) Correct(fast float32) float32 { return m.def.Correct(fast) }

// Stretch returns the fast form of (1+epsilon) times the true distance of which fast is the fast form, as that of a
// [Dense] metric does. bit_jaccard is stretched on -log2(1-d), which is unbounded.
func (m *Bits) Stretch(fast, epsilon float32) float32 {
	if epsilon == 0 {
		return fast
	}
	return m.def.Stretch(fast, epsilon)
}

// Check returns nil when v is a vector of the metric: as many words as its bits take, and no bit set behind the last
// one. Else the error wraps ErrDomain and says why.
func (m *Bits) Check(v []uint64) error {
	err := m.checkLayout(v)
	if err == nil && m.def.Check != nil {
		err = m.def.Check(v)
	}
	if err != nil {
		return fmt.Errorf("checking vector for %s: %w", m.def.Name, err)
	}
	return nil
}

func (m *Bits) checkLayout(v []uint64) error {
	if len(v) != m.Words() {
		return fmt.Errorf("%w: it has %d words, %d bits take %d", ErrDomain, len(v), m.bits, m.Words())
	}
	if used := m.bits % 64; used != 0 && v[len(v)-1]>>used != 0 {
		return fmt.Errorf("%w: a bit is set behind the last one, number %d", ErrDomain, m.bits-1)
	}
	return nil
}
