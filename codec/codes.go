package codec

import (
	"encoding/binary"

	"github.com/vicinaldb/store/internal/mapped"
)

// Codes are the codes of many vectors, as a segment keeps them.
type Codes struct {
	// Stride is the length of a code, 0 when Offsets say where each one is.
	Stride int
	// Codes are the codes, one behind the other.
	Codes []byte
	// Offsets are, when Stride is 0, where each code begins and where the last one ends, little-endian uint64.
	Offsets []byte
	// VectorStride is the length of what is kept of each vector beside its code, and Vectors that. Nothing when it is 0.
	VectorStride int
	Vectors      []byte
}

// Len is the number of codes.
func (c *Codes) Len() int {
	if c.Stride == 0 {
		return max(0, len(c.Offsets)/8-1)
	}
	return len(c.Codes) / c.Stride
}

// Permute brings the codes into another order: code order[i] moves to place i. Codes of one length are moved where they
// lie, others are copied.
func (c *Codes) Permute(order []uint32) {
	if c.Stride == 0 {
		picked := c.pickOffsets(order)
		c.Codes, c.Offsets = picked.Codes, picked.Offsets
		return
	}
	permute(c.Codes, c.Stride, order)
	if c.VectorStride > 0 {
		permute(c.Vectors, c.VectorStride, order)
	}
}

// permute moves row order[i] to place i, along the cycles of the permutation, with room for one row more.
func permute(rows []byte, stride int, order []uint32) {
	moved := make([]bool, len(order))
	held := make([]byte, stride)
	row := func(i uint32) []byte { return rows[int(i)*stride : (int(i)+1)*stride] }
	for start := range uint32(len(order)) {
		if moved[start] || order[start] == start {
			continue
		}
		copy(held, row(start))
		at := start
		for order[at] != start {
			copy(row(at), row(order[at]))
			moved[at] = true
			at = order[at]
		}
		copy(row(at), held)
		moved[at] = true
	}
}

// Pick returns the codes of some rows, in their order, as a copy, without what is kept beside them.
func (c *Codes) Pick(rows []uint32) Codes {
	if c.Stride == 0 {
		return c.pickOffsets(rows)
	}
	picked := mapped.Aligned(c.Stride * len(rows))
	for i, row := range rows {
		copy(picked[i*c.Stride:], c.Codes[int(row)*c.Stride:][:c.Stride])
	}
	return Codes{Stride: c.Stride, Codes: picked}
}

// pickOffsets is Pick for codes of different lengths.
func (c *Codes) pickOffsets(rows []uint32) Codes {
	offset := func(i uint32) uint64 { return binary.LittleEndian.Uint64(c.Offsets[8*int(i):]) }
	length := uint64(0)
	for _, row := range rows {
		length += offset(row+1) - offset(row)
	}
	codes, offsets := mapped.Aligned(int(length)), mapped.Aligned(8*(len(rows)+1))
	end := 0
	for i, row := range rows {
		end += copy(codes[end:], c.Codes[offset(row):offset(row+1)])
		binary.LittleEndian.PutUint64(offsets[8*(i+1):], uint64(end))
	}
	return Codes{Codes: codes, Offsets: offsets}
}
