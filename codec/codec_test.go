package codec_test

import (
	"github.com/vicinaldb/store/codec"
)

var (
	_ codec.Codec = (*codec.Float32)(nil)
	_ codec.Codec = (*codec.Bits)(nil)
	_ codec.Codec = (*codec.Uint8)(nil)
	_ codec.Codec = (*codec.Float16)(nil)
	_ codec.Codec = (*codec.Sparse)(nil)
)

// vectorOf returns the vector of a row of which there is one.
func vectorOf(rows codec.Rows, row uint32) codec.Vector {
	v, err := rows.Vector(row)
	if err != nil {
		panic(err)
	}
	return v
}
