package simd

import (
	"fmt"
	"math/bits"
)

// The generator of the assembly is a module of its own, as in generate.go.
//
//go:generate sh -c "cd _asm && go run ./popcount -out ../popcount_kernels_amd64.s -stubs ../popcount_kernels_amd64.go -pkg simd"

// Hamming returns the number of bits in which a and b differ. It panics when b is shorter than a.
func Hamming(a, b []uint64) int {
	b = b[:len(a)]
	differing := 0
	for i, x := range a {
		differing += bits.OnesCount64(x ^ b[i])
	}
	return differing
}

// Overlap returns the number of bits that are set in both a and b, and the number of those in which they differ. It panics
// when b is shorter than a.
func Overlap(a, b []uint64) (shared, differing int) {
	b = b[:len(a)]
	for i, x := range a {
		shared += bits.OnesCount64(x & b[i])
		differing += bits.OnesCount64(x ^ b[i])
	}
	return shared, differing
}

// HammingRows sets dst[i] to Hamming(q, row) for the row of len(q) words that begins at base[rows[i]*stride]. Rows are
// prefetched ahead of their use where that is in assembly. It panics when dst is shorter than rows or a row reaches beyond
// base. Counts are exact, so that all implementations give the same.
func HammingRows(dst []uint32, q, base []uint64, stride int, rows []uint32) {
	checkWordRows(q, base, stride, rows)
	hammingRows(dst[:len(rows)], q, base, stride, rows)
}

// OverlapRows is HammingRows for Overlap.
func OverlapRows(shared, differing []uint32, q, base []uint64, stride int, rows []uint32) {
	checkWordRows(q, base, stride, rows)
	overlapRows(shared[:len(rows)], differing[:len(rows)], q, base, stride, rows)
}

// checkWordRows is checkRows for rows of words.
func checkWordRows(q, base []uint64, stride int, rows []uint32) {
	if len(rows) == 0 {
		return
	}
	last := uint32(0)
	for _, row := range rows {
		last = max(last, row)
	}
	if uint64(stride) > 1<<31 || uint64(last)*uint64(stride)+uint64(len(q)) > uint64(len(base)) {
		panic(fmt.Sprintf("simd: row %d of %d words at stride %d is outside of a matrix of %d words", last, len(q), stride, len(base)))
	}
}

// The Go twins of the Rows forms.

func hammingRowsGo(dst []uint32, q, base []uint64, stride int, rows []uint32) {
	for i, row := range rows {
		dst[i] = uint32(Hamming(q, base[int(row)*stride:]))
	}
}

func overlapRowsGo(shared, differing []uint32, q, base []uint64, stride int, rows []uint32) {
	for i, row := range rows {
		both, differ := Overlap(q, base[int(row)*stride:])
		shared[i], differing[i] = uint32(both), uint32(differ)
	}
}
