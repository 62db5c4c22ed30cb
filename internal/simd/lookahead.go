//go:build (amd64 || arm64) && !purego

package simd

// rowsAhead returns how many rows of so many bytes the Rows kernels prefetch ahead: those of 12 KB, which as measured keep memory
// busy, but at least 4, since as many are computed together, and at most 32, since a call seldom has many more.
func rowsAhead(bytes int) int { return min(max(12<<10/max(bytes, 1), 4), 32) }

// lookAhead returns how many rows ahead the kernels of floats prefetch, and how many bytes of each: the n floats that the
// kernel reads and one cache line more, where a codec may keep what belongs to the row, but none of the next row.
func lookAhead(n, stride int) (rows, bytes int) {
	bytes = 4 * min(n+16, stride)
	return rowsAhead(bytes), bytes
}
