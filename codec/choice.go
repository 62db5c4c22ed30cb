package codec

import (
	"encoding/json"
	"fmt"
)

// CheckName returns nil if the vectors of a collection, whose codec is vectors, can be kept as the codes that a name stands for:
// its own, or those of [Uint8] or [Float16]. The error wraps ErrNoCode. The empty name stands for whichever suits.
func CheckName(vectors Codec, name string) error {
	if name == "" || name == vectors.Name() {
		return nil
	}
	floats, dense := vectors.(*Float32)
	var err error
	switch {
	case dense && name == nameUint8:
		_, err = newUint8(floats.metric, floats.dim)
	case dense && name == nameFloat16:
		_, err = floats.Half()
	default:
		err = fmt.Errorf("%w: no codec %q for %s vectors under %s", ErrNoCode, name, vectors.Kind(), vectors.Metric())
	}
	return err
}

// WithParams returns the codec of a name with its parameters, as a segment keeps them, for the vectors of a collection whose codec
// is vectors. Errors wrap ErrCorrupt: the name is none of a codec for such vectors, or the parameters cannot be right.
func WithParams(vectors Codec, name string, params json.RawMessage) (Codec, error) {
	if len(params) > 0 && (name == vectors.Name() || name == nameFloat16) {
		return nil, fmt.Errorf("%w: codec %s with parameters, of which it has none", ErrCorrupt, name)
	}
	if name == vectors.Name() {
		return vectors, nil
	}
	if err := CheckName(vectors, name); err != nil && !isPlain(vectors, name) {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if name == nameFloat16 {
		return half(vectors)
	}
	p, err := ParseUint8Params(params)
	if err != nil {
		return nil, err
	}
	if plain, ok := vectors.(*Plain); ok {
		return plain.Uint8(), nil
	}
	floats := vectors.(*Float32)
	return asCodec(NewUint8(floats.metric, floats.dim, p))
}

// isPlain tells whether codes of a name can be those of dense vectors under a metric that nobody knows.
func isPlain(vectors Codec, name string) bool {
	_, plain := vectors.(*Plain)
	return plain && (name == nameUint8 || name == nameFloat16) && vectors.Kind() == KindDense
}

// half returns the codec of half floats for dense vectors.
func half(vectors Codec) (Codec, error) {
	if plain, ok := vectors.(*Plain); ok {
		return plain.Float16(), nil
	}
	c, err := vectors.(*Float32).Half()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// asCodec keeps a nil pointer from becoming a codec.
func asCodec(c *Uint8, err error) (Codec, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Lossless returns the codec of bytes that loses nothing of vectors of integers from 0 to 255. The error wraps ErrNoCode when there
// is none for the metric or the dimension.
func (c *Float32) Lossless() (*Uint8, error) {
	lossless, err := newUint8(c.metric, c.dim)
	if err != nil {
		return nil, err
	}
	if !lossless.canBeLossless() {
		return nil, fmt.Errorf("%w: no code is lossless under %s", ErrNoCode, c.metric.Name())
	}
	lossless.setParams(Uint8Params{Scale: 1, Lossless: true})
	return lossless, nil
}

// Uint8Learner learns from vectors, one after the other, what the codes of [Uint8] for them must reach. Equal vectors in any order
// give equal codecs. It is for one goroutine.
type Uint8Learner struct {
	codec      *Uint8
	components byteRange
	turn       *turn     // nil when vectors cannot be turned
	turned     byteRange // of the components of turned vectors
	plain      []float32 // scratch
	coded      []float32 // scratch
}

// Learner returns a learner for vectors of this codec. The error wraps ErrNoCode when there are no codes of bytes for the metric or
// the dimension.
func (c *Float32) Learner() (*Uint8Learner, error) {
	compact, err := newUint8(c.metric, c.dim)
	if err != nil {
		return nil, err
	}
	return compact.newLearner(), nil
}

func (c *Uint8) newLearner() *Uint8Learner {
	dim := c.Dim()
	l := &Uint8Learner{codec: c, components: newByteRange(), turned: newByteRange(), plain: make([]float32, dim), coded: make([]float32, dim)}
	if turnable(c.searched.Kernel(), dim) {
		l.turn = newTurn(dim)
	}
	return l
}

// AddPlain learns from the vector of a plain form. The error wraps ErrCorrupt when the bytes are none.
func (l *Uint8Learner) AddPlain(plain []byte) error {
	if err := l.codec.float.checkPlain(plain); err != nil {
		return err
	}
	l.codec.float.Decode(l.plain, plain)
	l.add(l.plain)
	return nil
}

func (l *Uint8Learner) add(v []float32) {
	l.codec.transform(l.coded, v)
	l.components.add(l.coded)
	if l.turn != nil {
		l.turn.apply(l.coded)
		l.turned.add(l.coded)
	}
}

// Merge learns what another learner for the same vectors has.
func (l *Uint8Learner) Merge(other *Uint8Learner) {
	l.components.merge(other.components)
	l.turned.merge(other.turned)
}

// Codec returns the codec for the vectors so far. It is lossless if they allow that.
func (l *Uint8Learner) Codec() *Uint8 {
	made := *l.codec
	if l.components.integers && made.canBeLossless() {
		made.setParams(Uint8Params{Scale: 1, Lossless: true})
		return &made
	}
	p := l.params(byteRange.params)
	if made.round {
		if round := l.params(byteRange.spherical); round.Scale <= sphericalStep*p.Scale {
			p = round
		} else {
			made.lay(made.Dim() >= grownDim, false)
		}
	}
	made.setParams(p)
	return &made
}

// params are those that span what was learned, of turned vectors where these have shorter steps. Integers are told by codes as they are.
func (l *Uint8Learner) params(span func(byteRange) Uint8Params) Uint8Params {
	p := span(l.components)
	if l.turn == nil || l.turned.infinite || l.components.integers {
		return p
	}
	if turned := span(l.turned); turned.Scale <= turnedStep*p.Scale {
		turned.Turned = true
		return turned
	}
	return p
}

// NewCodeTable is NewTable for codes alone: what else is kept of the vectors is kept elsewhere. Its rows can be scored, and have
// no Vector unless codes are lossless.
func (c *Uint8) NewCodeTable(capacity int) (Table, error) { return c.newTable(capacity, false) }
