package codec

import (
	"fmt"

	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// maxUint8Dim is the most components that codes have: the sum of so many squares of 255, or products, fits 32 bits.
const maxUint8Dim = 1 << 16

// sumsBytes is what the sum of a code and that of its squares take.
const sumsBytes = 8

// From grownDim components on a code that is not spherical grows by a line of 64 bytes, a fifth or less, to have sums where there
// is no room for them; from alwaysSummedDim on its parameters need not say so. With fewer, reading that line would cost more than
// computing without sums does: 128 components are searched in 3 % more time with that line, and 384 in 4 % less. What lies between
// was not measured.
const grownDim, alwaysSummedDim = 256, 512

// Uint8 makes codes of one byte a component, a quarter of float32: a search is bound by the bytes that it reads. Codes are
// made of what the kernel of the metric takes: of the vectors themselves, of their transforms, or under the cosine kernel of
// the vectors at unit length, whose squared L2 distance is twice the cosine distance. These are turned first where the parameters say so,
// by a rotation that spreads what a few components have over all: it changes no distance, and steps become shorter. Component t becomes
//
//	floor((t-Offset)/Scale + 1/2), at least 0, at most 255
//
// in float64, of spherical codes in float32. Zeros follow, up to a multiple of 64 bytes. The last eight of these are the sum of the
// codes and the sum of their squares, as little-endian uint32: always under the inner product; under squared L2 and cosine if there
// is room for them, or dim is at least 512, or the parameters say so, when a code grows to make room:
//
//	0                      dim            Stride-8   Stride-4       Stride
//	| c[0] c[1] ... | zeros               | sum      | squares      |      summed
//	| c[0] c[1] ... | 128 ...                                       |      spherical
//	| c[0] c[1] ... | zeros                                         |      other
//
// With the sums of both, products are all that has to be computed of two codes: |x-y|^2 = |x|^2 + |y|^2 - 2*x*y. Where there is no
// room for sums under cosine, from 256 components on, new codes are spherical: bytes are steps from 128, and codes all of one
// length, as the vectors are, so that |x|^2 + |y|^2 is known without sums. Some components are rounded the other way for that.
// Vectors that do not lie around 0 have codes with sums, whose steps are shorter.
//
// Codes are lossless when all vectors consist of integers from 0 to 255 and the kernel is that of differences of the vectors
// themselves: SquaredL2, L1 or Max. Then nothing else is kept, scores are exact, and Check refuses other vectors; queries
// may be any. Else the vectors are kept beside the codes, dim float32 each, for Exact; what Score and Distances give is
// the fast form of the metric, or of its proxy, up to the error of the codes, half of Scale in each component.
//
// When the metric has a proxy, codes are made for the proxy. Uint8 is immutable: any number of goroutines may use it at once.
type Uint8 struct {
	float    *Float32      // of the same vectors
	metric   *metric.Dense // what Exact compares by
	searched *metric.Dense // what codes are compared by: the metric or its proxy
	params   Uint8Params
	stride   int     // bytes
	summed   bool    // codes end in their sums
	double   uint32  // twice the square of the length of spherical codes
	turn     *turn   // of what codes are made of; nil when they are not turned
	grown    bool    // there is a line of 64 bytes more for these, since the parameters say so
	round    bool    // codes are spherical
	factor   float64 // from what the kernel gives to the fast form; not for the inner product
}

// NewUint8 returns the codec for vectors of dim components, at least 1, compared by m. The error wraps ErrNoCode when m has
// neither a kernel nor a proxy with one that compares codes, or dim is above 65,536; it wraps ErrCorrupt when the
// parameters cannot be right.
func NewUint8(m *metric.Dense, dim int, p Uint8Params) (*Uint8, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	c, err := newUint8(m, dim)
	if err != nil {
		return nil, err
	}
	if p.Lossless && !c.canBeLossless() {
		return nil, fmt.Errorf("%w: parameters of uint8: no code is lossless under %s", ErrCorrupt, m.Name())
	}
	if p.Turned && !turnable(c.searched.Kernel(), dim) {
		return nil, fmt.Errorf("%w: parameters of uint8: nothing turns %d components under %s", ErrCorrupt, dim, m.Name())
	}
	if c.lay(p.Grown, p.Spherical); c.grown != p.Grown || c.round != p.Spherical {
		return nil, fmt.Errorf("%w: parameters of uint8: codes of %d components are not laid out so under %s", ErrCorrupt, dim, m.Name())
	}
	c.setParams(p)
	return c, nil
}

// newUint8 returns the codec of new codes, without parameters.
func newUint8(m *metric.Dense, dim int) (*Uint8, error) {
	c := &Uint8{float: NewFloat32(m, dim), metric: m, searched: m}
	if proxy, ok := m.Proxy(); ok {
		c.searched = proxy
	}
	if dim > maxUint8Dim {
		return nil, fmt.Errorf("%w: %d components, codes of bytes have at most %d", ErrNoCode, dim, maxUint8Dim)
	}
	switch c.searched.Kernel() {
	case metric.L1, metric.Max, metric.SquaredL2, metric.Cosine, metric.InnerProduct:
	default:
		return nil, fmt.Errorf("%w: nothing compares codes of bytes under %s", ErrNoCode, m.Name())
	}
	c.lay(dim >= grownDim, true)
	return c, nil
}

// lay decides whether codes have sums, and how long they are. Where there is no room for sums they are spherical, if they may and can be,
// or grow, if they may and must.
func (c *Uint8) lay(grow, round bool) {
	dim := c.Dim()
	room := alignedStride(dim) >= dim+sumsBytes
	c.summed, c.grown, c.round = false, false, false
	switch kernel := c.searched.Kernel(); {
	case kernel == metric.Cosine && round && !room && dim >= leastSphericalDim && dim <= maxSphericalDim:
		c.round = true
	case kernel == metric.SquaredL2 || kernel == metric.Cosine:
		c.grown = grow && !room && dim < alwaysSummedDim
		c.summed = room || c.grown || dim >= alwaysSummedDim
	case kernel == metric.InnerProduct:
		c.summed = true
	}
	c.stride = alignedStride(dim)
	if c.summed {
		c.stride = alignedStride(dim + sumsBytes)
	}
}

// canBeLossless tells whether the kernel compares the vectors themselves, by their differences.
func (c *Uint8) canBeLossless() bool {
	switch c.metric.Kernel() {
	case metric.SquaredL2, metric.L1, metric.Max:
		return c.searched == c.metric && !c.metric.Transformed()
	default:
		return false
	}
}

func (c *Uint8) setParams(p Uint8Params) {
	p.Grown, p.Spherical = c.grown, c.round
	c.params = p
	c.double = p.double()
	if c.turn = nil; p.Turned {
		c.turn = newTurn(c.Dim())
	}
	c.factor = float64(p.Scale)
	switch c.searched.Kernel() {
	case metric.SquaredL2:
		c.factor *= c.factor
	case metric.Cosine:
		c.factor *= c.factor / 2
	}
}

// Name returns "uint8", which is what files call this codec.
func (c *Uint8) Name() string { return nameUint8 }

// Kind returns KindDense.
func (c *Uint8) Kind() Kind { return KindDense }

// Metric returns the name of the metric.
func (c *Uint8) Metric() string { return c.metric.Name() }

// Params returns the parameters of the metric.
func (c *Uint8) Params() metric.Params { return c.metric.Params() }

// CodeParams returns the parameters of the codes.
func (c *Uint8) CodeParams() Uint8Params { return c.params }

// Dim returns the number of components of a vector.
func (c *Uint8) Dim() int { return c.float.Dim() }

// Stride returns the length of a code in bytes, a multiple of 64.
func (c *Uint8) Stride() int { return c.stride }

// VectorStride returns what the components of a vector take as float32, 0 when codes are lossless.
func (c *Uint8) VectorStride() int {
	if c.params.Lossless {
		return 0
	}
	return 4 * c.Dim()
}

// Reranked tells whether codes have lost something.
func (c *Uint8) Reranked() bool { return !c.params.Lossless }

// Check returns nil for a vector of dim finite components that the metric has distances for. When codes are lossless, an
// error that wraps ErrNoCode refuses all but integers from 0 to 255.
func (c *Uint8) Check(v Vector) error {
	if err := c.float.Check(v); err != nil {
		return err
	}
	return c.checkKept(v.Dense)
}

// checkKept refuses what lossless codes would lose.
func (c *Uint8) checkKept(v []float32) error {
	for i := 0; c.params.Lossless && i < len(v); i++ {
		if !isByte(v[i]) {
			return fmt.Errorf("%w: component %d is %v, integers from 0 to 255 are kept", ErrNoCode, i, v[i])
		}
	}
	return nil
}

// Correct is the metric's.
func (c *Uint8) Correct(fast float32) float32 { return c.metric.Correct(fast) }

// Stretch is the metric's.
func (c *Uint8) Stretch(fast, epsilon float32) float32 { return c.metric.Stretch(fast, epsilon) }

// StretchScore is that of the metric, or of its proxy.
func (c *Uint8) StretchScore(score, epsilon float32) float32 {
	return c.searched.Stretch(score, epsilon)
}

// AppendPlain appends what AppendVector does.
func (c *Uint8) AppendPlain(dst []byte, v Vector) []byte { return c.float.AppendPlain(dst, v) }

// DecodePlain returns what AppendPlain appended.
func (c *Uint8) DecodePlain(plain []byte) (Vector, error) { return c.float.DecodePlain(plain) }

// transform sets dst to what codes are made of: in place of v, of the same length.
func (c *Uint8) transform(dst, v []float32) {
	codedForm(c.searched, dst, v)
	if c.turn != nil {
		c.turn.apply(dst)
	}
}

// codedForm sets dst to what codes of v are made of that lose something: what the kernel takes, at unit length under the cosine's.
func codedForm(searched *metric.Dense, dst, v []float32) {
	searched.Transform(dst, v)
	if searched.Kernel() != metric.Cosine {
		return
	}
	inverse := metric.InverseNorm(dst)
	for i, x := range dst {
		dst[i] = x * inverse
	}
}

// encode writes the code of what transform gave into the Stride bytes of row, which are zeros or another code, by any offset and
// scale. It tells whether every component lies where codes reach, no farther than half a step from what its code stands for, and
// whether each is what its code stands for.
func (c *Uint8) encode(row []byte, t []float32, offset, scale float64) (within, exact bool) {
	row = row[:c.stride]
	if c.round {
		return c.encodeSpherical(row, t), false
	}
	within, exact = simd.QuantizeU8(row, t, offset, scale)
	if c.summed {
		simd.PutSumsU8(row)
	}
	return within, exact
}

// View returns the rows of codes of this stride, with the vectors beside them that codes which have lost something have.
// Without those, as those of pivots are, rows can be scored, have no Vector, and are all at NaN from Exact.
func (c *Uint8) View(codes Codes) (Rows, error) {
	if codes.Stride != c.stride || len(codes.Codes)%c.stride != 0 {
		return nil, fmt.Errorf("viewing uint8 rows: %w: %d bytes of codes of %d bytes, want %d", ErrCorrupt, len(codes.Codes), codes.Stride, c.stride)
	}
	r := &Uint8Rows{codec: c, codes: codes.Codes}
	if codes.VectorStride == 0 {
		return r, nil
	}
	if codes.VectorStride != c.VectorStride() || len(codes.Vectors) != r.Len()*codes.VectorStride {
		return nil, fmt.Errorf("viewing uint8 rows: %w: %d bytes of vectors of %d bytes beside %d codes, want %d",
			ErrCorrupt, len(codes.Vectors), codes.VectorStride, r.Len(), c.VectorStride())
	}
	var err error
	if r.vectors, err = mapped.Float32s(codes.Vectors); err != nil {
		return nil, fmt.Errorf("viewing uint8 rows: %w", err)
	}
	return r, nil
}
