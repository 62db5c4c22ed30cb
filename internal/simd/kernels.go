package simd

import "fmt"

// SquaredL2 returns the sum of (a[i]-b[i])^2. It panics when b is shorter than a.
func SquaredL2(a, b []float32) float32 { return squaredL2(a, b[:len(a)]) }

// Dot returns the sum of a[i]*b[i]. It panics when b is shorter than a.
func Dot(a, b []float32) float32 { return dot(a, b[:len(a)]) }

// L1 returns the sum of |a[i]-b[i]|. It panics when b is shorter than a.
func L1(a, b []float32) float32 { return l1(a, b[:len(a)]) }

// Chebyshev returns the largest |a[i]-b[i]|, 0 of none. It panics when b is shorter than a.
func Chebyshev(a, b []float32) float32 { return chebyshev(a, b[:len(a)]) }

// JensenShannon returns the Jensen-Shannon divergence, with the natural logarithm, of two histograms, given by the fourth
// roots of their shares: the sum of (p*ln(p/m) + q*ln(q/m))/2, m = (p+q)/2, over p = a[i]^4 and q = b[i]^4. No term
// is negative; each has a relative error of at most 2e-6. It panics when b is shorter than a.
func JensenShannon(a, b []float32) float32 { return jensenShannon(a, b[:len(a)]) }

// SquaredL2Rows sets dst[i] to SquaredL2(q, row) for the row of len(q) floats that begins at base[rows[i]*stride].
// Rows are prefetched ahead of their use, so one call with many rows costs less than many calls. It panics when dst is
// shorter than rows or a row reaches beyond base.
func SquaredL2Rows(dst, q, base []float32, stride int, rows []uint32) {
	checkRows(q, base, stride, rows)
	squaredL2Rows(dst[:len(rows)], q, base, stride, rows)
}

// DotRows is SquaredL2Rows for Dot.
func DotRows(dst, q, base []float32, stride int, rows []uint32) {
	checkRows(q, base, stride, rows)
	dotRows(dst[:len(rows)], q, base, stride, rows)
}

// L1Rows is SquaredL2Rows for L1.
func L1Rows(dst, q, base []float32, stride int, rows []uint32) {
	checkRows(q, base, stride, rows)
	l1Rows(dst[:len(rows)], q, base, stride, rows)
}

// ChebyshevRows is SquaredL2Rows for Chebyshev.
func ChebyshevRows(dst, q, base []float32, stride int, rows []uint32) {
	checkRows(q, base, stride, rows)
	chebyshevRows(dst[:len(rows)], q, base, stride, rows)
}

// JensenShannonRows is SquaredL2Rows for JensenShannon.
func JensenShannonRows(dst, q, base []float32, stride int, rows []uint32) {
	checkRows(q, base, stride, rows)
	jensenShannonRows(dst[:len(rows)], q, base, stride, rows)
}

// checkRows panics unless every row lies inside base. It is what makes the assembly safe, so it is made for all rows
// before any is read. The product of a 32-bit row and a 31-bit stride cannot wrap in 64 bits; longer strides are
// refused.
func checkRows(q, base []float32, stride int, rows []uint32) {
	if len(rows) == 0 {
		return
	}
	last := uint32(0)
	for _, row := range rows {
		last = max(last, row)
	}
	if uint64(stride) > 1<<31 || uint64(last)*uint64(stride)+uint64(len(q)) > uint64(len(base)) {
		panic(fmt.Sprintf("simd: row %d of %d floats at stride %d is outside of a matrix of %d floats", last, len(q), stride, len(base)))
	}
}
