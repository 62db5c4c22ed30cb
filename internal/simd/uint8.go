package simd

import "fmt"

// The generators of the assembly are a module of their own, as in generate.go.
//
//go:generate sh -c "cd _asm && go run ./uint8 -out ../uint8_kernels_amd64.s -stubs ../uint8_kernels_amd64.go -pkg simd"
//go:generate sh -c "cd _asm && go run ./uint8avx512 -out ../uint8_avx512_kernels_amd64.s -stubs ../uint8_avx512_kernels_amd64.go -pkg simd"
//go:generate sh -c "cd _asm && go run ./uint8neon >../uint8_kernels_arm64.s"

// uint8Block is what the length of vectors of bytes is a multiple of: a cache line, which kernels take whole.
const uint8Block = 64

// SquaredL2U8Rows sets dst[i] to the sum of (q[j]-row[j])^2 for the row of len(q) bytes that begins at base[rows[i]*stride].
// The length of q must be a multiple of 64: shorter vectors have zeros behind them, in q and in the rows, which add
// nothing. Sums are exact as long as they fit in 32 bits, which those of up to 66,051 bytes always do, and else exact
// modulo 2^32; so all implementations give the same. Rows are prefetched ahead of their use. It panics when dst is shorter
// than rows, a row reaches beyond base, or the length of q is none.
func SquaredL2U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	checkByteRows(q, base, stride, rows)
	squaredL2U8Rows(dst[:len(rows)], q, base, stride, rows)
}

// L1U8Rows is SquaredL2U8Rows for the sum of |q[j]-row[j]|.
func L1U8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	checkByteRows(q, base, stride, rows)
	l1U8Rows(dst[:len(rows)], q, base, stride, rows)
}

// MaxU8Rows is SquaredL2U8Rows for the largest |q[j]-row[j]|, 0 of none.
func MaxU8Rows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	checkByteRows(q, base, stride, rows)
	maxU8Rows(dst[:len(rows)], q, base, stride, rows)
}

// FloatsOfBytes sets dst[i] to src[i] for every byte of src, whose length must be a multiple of 64. It panics when it is
// not, or dst is shorter.
func FloatsOfBytes(dst []float32, src []byte) {
	checkBlocks(src)
	floatsOfBytes(dst[:len(src)], src)
}

// checkByteRows is checkRows for rows of bytes.
func checkByteRows(q, base []byte, stride int, rows []uint32) {
	checkBlocks(q)
	if len(rows) == 0 {
		return
	}
	last := largestRow(rows)
	if uint64(stride) > 1<<31 || uint64(last)*uint64(stride)+uint64(len(q)) > uint64(len(base)) {
		panic(fmt.Sprintf("simd: row %d of %d bytes at stride %d is outside of a matrix of %d bytes", last, len(q), stride, len(base)))
	}
}

func checkBlocks(v []byte) {
	if len(v)%uint8Block != 0 {
		panic(fmt.Sprintf("simd: vector of %d bytes, which is no multiple of %d", len(v), uint8Block))
	}
}

// The Go twins. Four sums need not wait for one another; integers add up in any order.

func squaredL2U8Go(a, b []byte) uint32 {
	var s0, s1, s2, s3 int32
	for len(a) >= 4 && len(b) >= 4 {
		d0, d1 := int32(a[0])-int32(b[0]), int32(a[1])-int32(b[1])
		d2, d3 := int32(a[2])-int32(b[2]), int32(a[3])-int32(b[3])
		s0, s1, s2, s3 = s0+d0*d0, s1+d1*d1, s2+d2*d2, s3+d3*d3
		a, b = a[4:], b[4:]
	}
	return uint32(s0) + uint32(s1) + uint32(s2) + uint32(s3)
}

func l1U8Go(a, b []byte) uint32 {
	var s0, s1, s2, s3 uint32
	for len(a) >= 4 && len(b) >= 4 {
		s0, s1 = s0+differenceU8(a[0], b[0]), s1+differenceU8(a[1], b[1])
		s2, s3 = s2+differenceU8(a[2], b[2]), s3+differenceU8(a[3], b[3])
		a, b = a[4:], b[4:]
	}
	return s0 + s1 + s2 + s3
}

func maxU8Go(a, b []byte) uint32 {
	var s0, s1, s2, s3 uint32
	for len(a) >= 4 && len(b) >= 4 {
		s0, s1 = max(s0, differenceU8(a[0], b[0])), max(s1, differenceU8(a[1], b[1]))
		s2, s3 = max(s2, differenceU8(a[2], b[2])), max(s3, differenceU8(a[3], b[3]))
		a, b = a[4:], b[4:]
	}
	return max(s0, s1, s2, s3)
}

// differenceU8 returns |x-y|, without a branch.
func differenceU8(x, y byte) uint32 {
	d := int32(x) - int32(y)
	sign := d >> 31
	return uint32((d ^ sign) - sign)
}

// uint8RowsGo is the Rows form of a pair form.
func uint8RowsGo(pair func(a, b []byte) uint32, dst []uint32, q, base []byte, stride int, rows []uint32) {
	for i, row := range rows {
		dst[i] = pair(q, base[int(row)*stride:][:len(q)])
	}
}

func floatsOfBytesGo(dst []float32, src []byte) {
	for i, x := range src {
		dst[i] = float32(x)
	}
}
