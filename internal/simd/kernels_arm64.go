//go:build arm64 && !purego

package simd

import "os"

// hasNEON tells whether the assembly kernels are used. Every processor that runs Go's arm64 port has NEON.
var hasNEON = os.Getenv("VICINAL_SIMD") != "purego"

// Implementation names the kernels in use: "purego" or "neon".
func Implementation() string {
	if hasNEON {
		return "neon"
	}
	return "purego"
}

func squaredL2(a, b []float32) float32 {
	if hasNEON {
		return squaredL2NEON(a, b)
	}
	return squaredL2Go(a, b)
}

func dot(a, b []float32) float32 {
	if hasNEON {
		return dotNEON(a, b)
	}
	return dotGo(a, b)
}

func l1(a, b []float32) float32 {
	if hasNEON {
		return l1NEON(a, b)
	}
	return l1Go(a, b)
}

func chebyshev(a, b []float32) float32 {
	if hasNEON {
		return chebyshevNEON(a, b)
	}
	return chebyshevGo(a, b)
}

func jensenShannon(a, b []float32) float32 {
	if hasNEON {
		return jensenShannonNEON(a, b)
	}
	return jensenShannonGo(a, b)
}

func squaredL2Rows(dst, q, base []float32, stride int, rows []uint32) {
	if hasNEON {
		ahead, prefetch := lookAhead(len(q), stride)
		squaredL2RowsNEON(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	rowsGo(squaredL2Go, dst, q, base, stride, rows)
}

func dotRows(dst, q, base []float32, stride int, rows []uint32) {
	if hasNEON {
		ahead, prefetch := lookAhead(len(q), stride)
		dotRowsNEON(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	rowsGo(dotGo, dst, q, base, stride, rows)
}

func l1Rows(dst, q, base []float32, stride int, rows []uint32) {
	if hasNEON {
		ahead, prefetch := lookAhead(len(q), stride)
		l1RowsNEON(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	rowsGo(l1Go, dst, q, base, stride, rows)
}

func chebyshevRows(dst, q, base []float32, stride int, rows []uint32) {
	if hasNEON {
		ahead, prefetch := lookAhead(len(q), stride)
		chebyshevRowsNEON(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	rowsGo(chebyshevGo, dst, q, base, stride, rows)
}

func jensenShannonRows(dst, q, base []float32, stride int, rows []uint32) {
	if hasNEON {
		ahead, prefetch := lookAhead(len(q), stride)
		jensenShannonRowsNEON(dst, q, base, stride, rows, ahead, prefetch)
		return
	}
	rowsGo(jensenShannonGo, dst, q, base, stride, rows)
}

// The kernels take a block of 32 floats at a time and check no bounds. The Rows forms prefetch row i+ahead while they
// compute row i, as many bytes of it as prefetch says.

//go:noescape
func squaredL2NEON(a, b []float32) float32

//go:noescape
func squaredL2RowsNEON(dst, q, base []float32, stride int, rows []uint32, ahead, prefetch int)

//go:noescape
func dotNEON(a, b []float32) float32

//go:noescape
func dotRowsNEON(dst, q, base []float32, stride int, rows []uint32, ahead, prefetch int)

//go:noescape
func l1NEON(a, b []float32) float32

//go:noescape
func l1RowsNEON(dst, q, base []float32, stride int, rows []uint32, ahead, prefetch int)

//go:noescape
func chebyshevNEON(a, b []float32) float32

//go:noescape
func chebyshevRowsNEON(dst, q, base []float32, stride int, rows []uint32, ahead, prefetch int)

//go:noescape
func jensenShannonNEON(a, b []float32) float32

//go:noescape
func jensenShannonRowsNEON(dst, q, base []float32, stride int, rows []uint32, ahead, prefetch int)
