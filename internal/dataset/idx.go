package dataset

import (
	"encoding/binary"
	"fmt"
)

// idxKinds are the type codes of the IDX format of the MNIST files, which has
// everything big-endian: rows are what the first axis counts, and the others
// are flattened, so that an image becomes a vector.
//
//	+---+---+------+------+-----------+----------
//	| 0 | 0 | type | axes | axes x u32| numbers
//	+---+---+------+------+-----------+----------
var idxKinds = map[byte]number{
	0x08: numUint8, 0x09: numInt8, 0x0b: numInt16, 0x0c: numInt32, 0x0d: numFloat32, 0x0e: numFloat64,
}

// idxMaxAxes is far above what vectors need: a matrix has 2 axes, images have 3 or 4.
const idxMaxAxes = 8

// beginsIDX reports whether the first four bytes are an IDX magic number.
func (in *input) beginsIDX() bool {
	head, _ := in.r.Peek(4)
	return len(head) == 4 && head[0] == 0 && head[1] == 0 && idxKinds[head[2]] != 0 && head[3] >= 1 && head[3] <= idxMaxAxes
}

func openIDX(in *input) (*matrix, error) {
	var magic [4]byte
	if err := in.must(magic[:]); err != nil {
		return nil, err
	}
	axes := make([]byte, 4*int(magic[3]))
	if err := in.must(axes); err != nil {
		return nil, err
	}
	m := matrix{in: in, kind: idxKinds[magic[2]], order: binary.BigEndian, count: int64(binary.BigEndian.Uint32(axes))}
	if magic[3] == 1 {
		return nil, fmt.Errorf("%w: an IDX file of one axis holds labels, not vectors", ErrFormat)
	}
	dim := uint64(1)
	for at := 4; at < len(axes); at += 4 {
		dim *= uint64(binary.BigEndian.Uint32(axes[at:]))
		if dim > MaxDim {
			break // refused below; stopping here keeps the product from overflowing
		}
	}
	return newMatrix(m, dim)
}
