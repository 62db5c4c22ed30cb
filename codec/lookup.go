package codec

import (
	"fmt"

	"github.com/vicinaldb/store/metric"
)

// Kind says what vectors consist of.
type Kind string

// The kinds of vectors. Their names are part of the format.
const (
	KindDense  Kind = "dense"
	KindSparse Kind = "sparse"
	KindBits   Kind = "bits"
)

// The largest dimension of each kind: what keeps a vector within MaxVectorBytes, and the number of a feature within 31 bits.
const (
	MaxDim      = 1 << 17   // components of a dense vector
	MaxFeatures = 1<<31 - 1 // features that sparse vectors are over; one has at most MaxSparseFeatures of them
	MaxBits     = 1 << 23   // bits of a packed vector
)

// Lookup returns the codec for vectors of a kind and dimension under a metric, by a name or alias of its registry, with
// its parameters. The empty kind is KindDense, and the empty name euclidean, or bit_hamming for bits. The error wraps
// metric.ErrUnknown when no metric has that name, and says what else is wrong.
func Lookup(kind Kind, dim int, name string, params metric.Params) (Codec, error) {
	if kind == "" {
		kind = KindDense
	}
	limit, ok := map[Kind]int{KindDense: MaxDim, KindSparse: MaxFeatures, KindBits: MaxBits}[kind]
	if !ok {
		return nil, fmt.Errorf("%w: kind is %q, must be %q, %q or %q", ErrKind, kind, KindDense, KindSparse, KindBits)
	}
	if dim < 1 || dim > limit {
		return nil, fmt.Errorf("%w: dim of %s vectors is %d, must be 1 to %d", ErrDimension, kind, dim, limit)
	}
	switch kind {
	case KindSparse:
		return lookupSparse(dim, name, params)
	case KindBits:
		return lookupBits(dim, name, params)
	default:
		return lookupDense(dim, name, params)
	}
}

func lookupDense(dim int, name string, params metric.Params) (Codec, error) {
	m, err := metric.Lookup(nameOr(name, "euclidean"), params)
	if err != nil {
		return nil, err
	}
	if err := m.CheckDim(dim); err != nil {
		return nil, err
	}
	return NewFloat32(m, dim), nil
}

func lookupSparse(dim int, name string, params metric.Params) (Codec, error) {
	m, err := metric.LookupSparse(nameOr(name, "euclidean"), uint32(dim), params)
	if err != nil {
		return nil, err
	}
	return NewSparse(m), nil
}

func lookupBits(dim int, name string, params metric.Params) (Codec, error) {
	m, err := metric.LookupBits(nameOr(name, "bit_hamming"), uint32(dim), params)
	if err != nil {
		return nil, err
	}
	return NewBits(m), nil
}

func nameOr(name, byDefault string) string {
	if name == "" {
		return byDefault
	}
	return name
}
