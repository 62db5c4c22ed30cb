package nnd

import (
	"slices"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

// kind is what an [Index] has to know of the type of its vectors.
type kind[V any] struct {
	codec func(v V) codec.Codec // for vectors like v
	wrap  func(v V) codec.Vector
	clone func(v codec.Vector) V
}

// codecOf is the codec for some vectors: they are to be like the first. Without any, it is one that no vector is like.
func (k kind[V]) codecOf(vectors []V) codec.Codec {
	var first V
	if len(vectors) > 0 {
		first = vectors[0]
	}
	return k.codec(first)
}

// denseKind takes the dimension from the vectors. One of 0 is none: such a vector is refused by the codec for 1.
func denseKind(m *metric.Dense) kind[[]float32] {
	return kind[[]float32]{
		codec: func(v []float32) codec.Codec { return codec.NewFloat32(m, max(len(v), 1)) },
		wrap:  func(v []float32) codec.Vector { return codec.Vector{Dense: v} },
		clone: func(v codec.Vector) []float32 { return slices.Clone(v.Dense) },
	}
}

func sparseKind(m *metric.Sparse) kind[metric.SparseVector] {
	c := codec.NewSparse(m)
	return kind[metric.SparseVector]{
		codec: func(metric.SparseVector) codec.Codec { return c },
		wrap:  func(v metric.SparseVector) codec.Vector { return codec.Vector{Sparse: v} },
		clone: func(v codec.Vector) metric.SparseVector {
			return metric.SparseVector{Indices: slices.Clone(v.Sparse.Indices), Values: slices.Clone(v.Sparse.Values)}
		},
	}
}

func bitsKind(m *metric.Bits) kind[[]uint64] {
	c := codec.NewBits(m)
	return kind[[]uint64]{
		codec: func([]uint64) codec.Codec { return c },
		wrap:  func(v []uint64) codec.Vector { return codec.Vector{Bits: v} },
		clone: func(v codec.Vector) []uint64 { return slices.Clone(v.Bits) },
	}
}

// anyKind is for vectors as a codec has them.
func anyKind(c codec.Codec) kind[codec.Vector] {
	return kind[codec.Vector]{
		codec: func(codec.Vector) codec.Codec { return c },
		wrap:  func(v codec.Vector) codec.Vector { return v },
		clone: func(v codec.Vector) codec.Vector {
			return codec.Vector{
				Dense: slices.Clone(v.Dense), Bits: slices.Clone(v.Bits),
				Sparse: metric.SparseVector{Indices: slices.Clone(v.Sparse.Indices), Values: slices.Clone(v.Sparse.Values)},
			}
		},
	}
}
