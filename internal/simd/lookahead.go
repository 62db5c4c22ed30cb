//go:build (amd64 || arm64) && !purego

package simd

// lookAhead returns how many rows ahead the Rows kernels prefetch, and how many bytes of each.
//
// The rows are those of about 2 KB, the number of lines that a core can wait for at once, but at least 4, since two
// are computed together, and at most 16, since a call seldom has many more. The bytes are the n floats that the kernel
// reads and one cache line more, where a codec may keep what belongs to the row, but none of the next row.
func lookAhead(n, stride int) (rows, bytes int) {
	bytes = 4 * min(n+16, stride)
	return min(max(2048/max(bytes, 1), 4), 16), bytes
}
