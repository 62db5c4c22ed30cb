package dataset

import (
	"encoding/binary"
	"errors"
	"io"
)

// vecsKinds are the TEXMEX formats (http://corpus-texmex.irisa.fr), told apart
// by name alone: rows one after the other, each with its length before it.
//
//	+---------+--------------------+---------+----
//	| dim i32 | dim x f32, u8, i32 | dim i32 | ...    all little-endian
//	+---------+--------------------+---------+----
var vecsKinds = map[string]number{".fvecs": numFloat32, ".bvecs": numUint8, ".ivecs": numInt32}

// openVecs looks at the first row's length, which is that of all. An empty file has no rows and no dimension.
func openVecs(in *input, kind number, size int64) (*matrix, error) {
	m := matrix{in: in, kind: kind, order: binary.LittleEndian, count: -1, prefixed: true}
	head, err := in.r.Peek(4)
	switch {
	case len(head) == 0 && errors.Is(err, io.EOF):
		m.count = 0
		return &m, nil
	case err != nil:
		return nil, in.must(make([]byte, 4))
	}
	dim := uint64(binary.LittleEndian.Uint32(head))
	if whole := 4 + int64(dim)*int64(kind.size()); size >= 0 && size%whole == 0 {
		m.count = size / whole
	}
	return newMatrix(m, dim)
}
