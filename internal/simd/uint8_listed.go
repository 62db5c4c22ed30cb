package simd

import (
	"encoding/binary"
	"fmt"
)

// Blocks are those blocks of 64 bytes of a summed vector that are not all zero, and its last one, in which its sums are.
type Blocks struct {
	offsets []uint32 // of the vector
	length  int      // of all of it
}

// Find makes them those of v. It panics when the length of v is no multiple of 64, or 0.
func (b *Blocks) Find(v []byte) {
	checkSummedRows(v, nil, 0, nil)
	b.offsets, b.length = b.offsets[:0], len(v)
	last := len(v) - uint8Block
	for at := 0; at < last; at += uint8Block {
		if !allZero((*[uint8Block]byte)(v[at:])) {
			b.offsets = append(b.offsets, uint32(at))
		}
	}
	b.offsets = append(b.offsets, uint32(last))
}

// allZero tells whether a block has nothing but zeros. Offsets are written out, so that none needs to be checked.
func allZero(block *[uint8Block]byte) bool {
	bits := binary.NativeEndian.Uint64(block[0:]) |
		binary.NativeEndian.Uint64(block[8:]) |
		binary.NativeEndian.Uint64(block[16:]) |
		binary.NativeEndian.Uint64(block[24:]) |
		binary.NativeEndian.Uint64(block[32:]) |
		binary.NativeEndian.Uint64(block[40:]) |
		binary.NativeEndian.Uint64(block[48:]) |
		binary.NativeEndian.Uint64(block[56:])
	return bits == 0
}

// Absent is how many blocks are all zero.
func (b *Blocks) Absent() int { return b.length/uint8Block - len(b.offsets) }

// First is how far behind the beginning of the vector the first one is.
func (b *Blocks) First() int { return int(b.offsets[0]) }

// ReadsListed tells whether SquaredL2U8ListedWithin reads less of rows than SquaredL2U8SummedWithin does.
func ReadsListed() bool { return readsListed() }

// SquaredL2U8ListedWithin does what SquaredL2U8SummedWithin does for a query of which blocks are those that are not all zero. Of rows it reads
// no other blocks, if ReadsListed: products with zeros add nothing. It panics also when blocks are those of a vector of another length.
func SquaredL2U8ListedWithin(dst, rows []uint32, q, base []byte, blocks *Blocks, stride int, limit uint32) int {
	checkSummedRows(q, base, stride, rows)
	if blocks.length != len(q) {
		panic(fmt.Sprintf("simd: blocks of a vector of %d bytes for one of %d", blocks.length, len(q)))
	}
	return squaredL2U8ListedWithin(dst[:len(rows)], rows, q, base, blocks.offsets, stride, limit)
}
