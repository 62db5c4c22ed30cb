// Package simd holds the float32 kernels under every distance: squared L2, dot product, L1, Chebyshev and Jensen-Shannon,
// each for a pair of vectors and for one vector against many rows of a matrix.
//
// # Summation order
//
// Floating-point addition is not associative, so the order of the additions is part of what a kernel is. Every
// implementation here, in assembly or in Go, on any machine, adds in the same order and therefore returns the same bits:
//
//	s[l] = 0                              for the lanes l = 0..31
//	s[i%32] = s[i%32] + term(x[i], y[i])  for i = 0, 1, 2, ...
//	t[l] = (s[l] + s[l+8]) + (s[l+16] + s[l+24])    l = 0..7
//	u[l] = t[l] + t[l+4]                            l = 0..3
//	result = (u[0] + u[2]) + (u[1] + u[3])
//
// A term is (x-y)*(x-y), x*y, |x-y| or the one in jensen_shannon.go. Chebyshev takes the largest |x-y| in place of a sum,
// for which no order matters. Each operation rounds to float32 on its own: products are never fused with the
// addition that follows. The kernels are commutative, SquaredL2(x, y) == SquaredL2(y, x), and the Rows forms return
// what the pair forms return. Only the bits of a NaN are not promised; finite vectors whose sums overflow can give one.
//
// 32 lanes are four AVX2 registers or eight NEON registers: enough additions in flight to hide their latency.
//
// # Slices
//
// Where a kernel panics if one slice is shorter than another, its capacity counts: what lies behind its length, in the same array, may be
// read, or written where results go. Nothing outside of the array ever is.
//
// # Vectors of bytes
//
// The kernels of uint8.go compare codes of one byte a component. They add integers, exactly and so in any order, and take vectors that are
// padded with zeros to whole cache lines. Those of uint8_summed.go know the sums of rows beforehand, and that of uint8_block.go compares
// several such rows with many. Those of uint8_spherical.go take 128 for 0, and vectors to be of one length.
//
// # Rows of half floats
//
// The kernels of float16.go compare a query of float32 with rows of IEEE half floats, which become float32 exactly and are then
// compared in the same order: they return what the kernels of float32 return. Rows are padded with zeros to whole cache lines.
//
// # Lists of neighbors
//
// The functions of offers.go say which of some rows are to be neighbors of which others, and which of these are in their lists already, by
// comparing all names of a list: on amd64, also while somebody else writes to it. Those of list.go enter what is left in sorted lists.
//
// # Keys
//
// The functions of keys.go make numbers that sort by distance, and keep the least of them in order: what a search goes by.
//
// # Implementations
//
// The best implementation for the processor is chosen once, when the program starts: "avx512" or "avx2" on amd64, "neon" on
// arm64, else "purego", the Go twins. "avx512" has kernels of its own for rows of bytes and their numbers, half floats, lists of
// neighbors and keys only; the others are those of "avx2". It needs the extensions F, BW, VL, DQ and VNNI. "neon" has none for half floats. The environment variable
// VICINAL_SIMD names an implementation to use instead, if the processor has it. Programs built with the tag purego contain no
// assembly.
package simd
