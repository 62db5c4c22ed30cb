package codec

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/vicinaldb/store/metric"
)

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
