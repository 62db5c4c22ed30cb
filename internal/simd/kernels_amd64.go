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
