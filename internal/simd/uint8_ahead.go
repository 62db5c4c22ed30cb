//go:build (amd64 || arm64) && !purego

package simd

// uint8Ahead returns how many rows ahead the kernels of bytes prefetch: those of about 2 KB, the number of lines that a
// core can wait for at once, but at least 4, since two are computed together, and at most 16, since a call seldom has
// many more.
func uint8Ahead(stride int) int { return min(max(2048/max(stride, 1), 4), 16) }
