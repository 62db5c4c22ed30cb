//go:build amd64 && !purego

package simd

import "golang.org/x/sys/cpu"

// hasPopcount tells whether the processor has the instruction; one with AVX2 always does.
var hasPopcount = cpu.X86.HasPOPCNT

// popcountAhead is how many rows ahead are prefetched. Rows of bits are short: the processor itself looks over the next
// few, and the prefetch must reach beyond them.
const popcountAhead = 8

func hammingRows(dst []uint32, q, base []uint64, stride int, rows []uint32) {
	if hasAVX2 && hasPopcount {
		hammingRowsPopcount(dst, q, base, stride, rows, popcountAhead)
		return
	}
	hammingRowsGo(dst, q, base, stride, rows)
}

func overlapRows(shared, differing []uint32, q, base []uint64, stride int, rows []uint32) {
	if hasAVX2 && hasPopcount {
		overlapRowsPopcount(shared, differing, q, base, stride, rows, popcountAhead)
		return
	}
	overlapRowsGo(shared, differing, q, base, stride, rows)
}
