//go:build amd64 && !purego

package simd

import (
	"os"

	"golang.org/x/sys/cpu"
)

// hasAVX2 tells whether the assembly kernels are used.
var hasAVX2 = cpu.X86.HasAVX2 && os.Getenv("VICINAL_SIMD") != "purego"

// Implementation names the kernels in use: "purego" or "avx2".
func Implementation() string {
	if hasAVX2 {
		return "avx2"
	}
	return "purego"
}

func squaredL2(a, b []float32) float32 {
	if hasAVX2 {
		return squaredL2AVX2(a, b)
	}
	return squaredL2Go(a, b)
}

func dot(a, b []float32) float32 {
	if hasAVX2 {
		return dotAVX2(a, b)
	}
	return dotGo(a, b)
}

func l1(a, b []float32) float32 {
	if hasAVX2 {
		return l1AVX2(a, b)
	}
	return l1Go(a, b)
}

func squaredL2Rows(dst, q, base []float32, stride int, rows []uint32) {
	if hasAVX2 {
		ahead, prefetch := lookAhead(len(q), stride)
		squaredL2RowsAVX2(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	squaredL2RowsGo(dst, q, base, stride, rows)
}

func dotRows(dst, q, base []float32, stride int, rows []uint32) {
	if hasAVX2 {
		ahead, prefetch := lookAhead(len(q), stride)
		dotRowsAVX2(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	dotRowsGo(dst, q, base, stride, rows)
}

func l1Rows(dst, q, base []float32, stride int, rows []uint32) {
	if hasAVX2 {
		ahead, prefetch := lookAhead(len(q), stride)
		l1RowsAVX2(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	l1RowsGo(dst, q, base, stride, rows)
}

// lookAhead returns how many rows ahead the Rows kernels prefetch, and how many bytes of each.
//
// The rows are those of about 2 KB, the number of lines that a core can wait for at once, but at least 4, since two
// are computed together, and at most 16, since a call seldom has many more. The bytes are the n floats that the kernel
// reads and one cache line more, where a codec may keep what belongs to the row, but none of the next row.
func lookAhead(n, stride int) (rows, bytes int) {
	bytes = 4 * min(n+16, stride)
	return min(max(2048/max(bytes, 1), 4), 16), bytes
}
