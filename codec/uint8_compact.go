package codec

import (
	"fmt"

	"github.com/vicinaldb/store/internal/mapped"
)

// Compact makes codes of one byte a component of the codes of this codec, in the same order: lossless ones if the vectors
// allow it, else such whose range is that of all components, with the vectors beside them. Equal vectors in any order get
// equal parameters. The codes that it is given are used up: their memory is that of the vectors beside the new ones.
//
// The error wraps ErrNoCode when there are no such codes for the metric or the dimension, and ErrCorrupt when the lengths
// cannot be right; it is one of package mapped's when the machine cannot compute with rows in place. Then nothing has
// changed.
func (c *Float32) Compact(codes Codes) (*Uint8, Codes, error) {
	compact, err := newUint8(c.metric, c.dim)
	if err != nil {
		return nil, Codes{}, err
	}
	vectors, err := c.vectorsIn(codes)
	if err != nil {
		return nil, Codes{}, err
	}
	compact = compact.learn(vectors)
	made := Codes{Stride: compact.stride, Codes: compact.encodeAll(vectors)}
	if !compact.params.Lossless {
		made.VectorStride, made.Vectors = compact.VectorStride(), vectors.pack()
	}
	return compact, made, nil
}

// vectorMatrix are vectors at a distance from one another.
type vectorMatrix struct {
	data   []byte
	floats []float32 // the same
	dim    int
	stride int // floats
	n      int
}

func (m *vectorMatrix) row(i int) []float32 { return m.floats[i*m.stride:][:m.dim] }

// vectorsIn finds the vectors in codes: beside the codes, or in front of each.
func (c *Float32) vectorsIn(codes Codes) (*vectorMatrix, error) {
	data, stride := codes.Codes, codes.Stride
	if codes.VectorStride > 0 {
		data, stride = codes.Vectors, codes.VectorStride
	}
	if stride < 4*c.dim || stride%4 != 0 || len(data)%stride != 0 {
		return nil, fmt.Errorf("making codes of bytes: %w: %d bytes of vectors of %d bytes, %d components take %d",
			ErrCorrupt, len(data), stride, c.dim, 4*c.dim)
	}
	floats, err := mapped.Float32s(data)
	if err != nil {
		return nil, fmt.Errorf("making codes of bytes: %w", err)
	}
	return &vectorMatrix{data: data, floats: floats, dim: c.dim, stride: stride / 4, n: len(data) / stride}, nil
}

// learn returns the codec for vectors.
func (c *Uint8) learn(vectors *vectorMatrix) *Uint8 {
	learner := c.newLearner()
	for i := range vectors.n {
		learner.add(vectors.row(i))
	}
	return learner.Codec()
}

// encodeAll returns the codes of vectors.
func (c *Uint8) encodeAll(vectors *vectorMatrix) []byte {
	codes, t := mapped.Aligned(vectors.n*c.stride), make([]float32, vectors.dim)
	for i := range vectors.n {
		c.transform(t, vectors.row(i))
		c.encode(codes[i*c.stride:], t, float64(c.params.Offset), float64(c.params.Scale))
	}
	return codes
}

// pack moves the vectors together, where they lie, and returns their bytes.
func (m *vectorMatrix) pack() []byte {
	length := 4 * m.dim
	for i := range m.n {
		copy(m.data[i*length:][:length], m.data[i*4*m.stride:])
	}
	return m.data[:m.n*length]
}
