//go:build amd64 && !purego

package simd

import (
	"os"

	"golang.org/x/sys/cpu"
)

// hasAVX2 and hasAVX512 tell which assembly kernels are used. Where there is one of AVX-512 it is preferred; else that of AVX2 is used.
var hasAVX2, hasAVX512 = chosen(os.Getenv("VICINAL_SIMD"))

// chosen returns what a name stands for on this processor: "purego", "avx2", or the best.
func chosen(name string) (avx2, avx512 bool) {
	avx2 = cpu.X86.HasAVX2 && name != "purego"
	avx512 = avx2 && name != "avx2" && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL &&
		cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VNNI && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT
	return avx2, avx512
}

// Implementation names the kernels in use: "purego", "avx2" or "avx512".
func Implementation() string {
	switch {
	case hasAVX512:
		return "avx512"
	case hasAVX2:
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

func chebyshev(a, b []float32) float32 {
	if hasAVX2 {
		return chebyshevAVX2(a, b)
	}
	return chebyshevGo(a, b)
}

func jensenShannon(a, b []float32) float32 {
	if hasAVX2 {
		return jensenShannonAVX2(a, b)
	}
	return jensenShannonGo(a, b)
}

func squaredL2Rows(dst, q, base []float32, stride int, rows []uint32) {
	if hasAVX2 {
		ahead, prefetch := lookAhead(len(q), stride)
		squaredL2RowsAVX2(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	rowsGo(squaredL2Go, dst, q, base, stride, rows)
}

func dotRows(dst, q, base []float32, stride int, rows []uint32) {
	if hasAVX2 {
		ahead, prefetch := lookAhead(len(q), stride)
		dotRowsAVX2(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	rowsGo(dotGo, dst, q, base, stride, rows)
}

func l1Rows(dst, q, base []float32, stride int, rows []uint32) {
	if hasAVX2 {
		ahead, prefetch := lookAhead(len(q), stride)
		l1RowsAVX2(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	rowsGo(l1Go, dst, q, base, stride, rows)
}

func chebyshevRows(dst, q, base []float32, stride int, rows []uint32) {
	if hasAVX2 {
		ahead, prefetch := lookAhead(len(q), stride)
		chebyshevRowsAVX2(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	rowsGo(chebyshevGo, dst, q, base, stride, rows)
}

func jensenShannonRows(dst, q, base []float32, stride int, rows []uint32) {
	if hasAVX2 {
		ahead, prefetch := lookAhead(len(q), stride)
		jensenShannonRowsAVX2(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	rowsGo(jensenShannonGo, dst, q, base, stride, rows)
}
