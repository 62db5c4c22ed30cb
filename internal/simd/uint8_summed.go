package simd

import "encoding/binary"

// sumsBytes is what the sums of a summed row take.
const sumsBytes = 8

// PutSumsU8 makes row a summed row: it sets its last 8 bytes to the sum of the bytes in front of them and the sum of their squares,
// each as a little-endian uint32, modulo 2^32. It panics when the length of row is no multiple of 64, or 0.
func PutSumsU8(row []byte) {
	checkBlocks(row)
	clear(row[len(row)-sumsBytes:])
	sum, squares := sumsU8(row)
	binary.LittleEndian.PutUint32(row[len(row)-sumsBytes:], sum)
	binary.LittleEndian.PutUint32(row[len(row)-sumsBytes/2:], squares)
}

// SumsU8 returns what PutSumsU8 has set.
func SumsU8(row []byte) (sum, squares uint32) {
	sums := row[len(row)-sumsBytes:]
	return binary.LittleEndian.Uint32(sums), binary.LittleEndian.Uint32(sums[sumsBytes/2:])
}

// SquaredL2U8SummedRows is SquaredL2U8Rows for summed rows, whose last 8 bytes, and those of q, are as PutSumsU8 sets them, and
// do not count as components. Knowing sums, it only has products to compute. It panics also when q is empty. When sums are wrong,
// results are any numbers, which implementations need not agree upon.
func SquaredL2U8SummedRows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	checkSummedRows(q, base, stride, rows)
	squaredL2U8SummedRows(dst[:len(rows)], q, base, stride, rows)
}

// DotU8SummedRows is SquaredL2U8SummedRows for the sum of q[j]*row[j].
func DotU8SummedRows(dst []uint32, q, base []byte, stride int, rows []uint32) {
	checkSummedRows(q, base, stride, rows)
	dotU8SummedRows(dst[:len(rows)], q, base, stride, rows)
}

func checkSummedRows(q, base []byte, stride int, rows []uint32) {
	if len(q) == 0 {
		panic("simd: an empty vector has no room for its sums")
	}
	checkByteRows(q, base, stride, rows)
}

// The Go twins.

func squaredL2U8SummedGo(q, row []byte) uint32 {
	_, x := SumsU8(q)
	_, y := SumsU8(row)
	return x + y - 2*dotU8SummedGo(q, row)
}

func dotU8SummedGo(q, row []byte) uint32 {
	return dotU8Go(q[:len(q)-sumsBytes], row[:len(row)-sumsBytes])
}

func dotU8Go(a, b []byte) uint32 {
	var s0, s1, s2, s3 uint32
	for len(a) >= 4 && len(b) >= 4 {
		s0, s1 = s0+uint32(a[0])*uint32(b[0]), s1+uint32(a[1])*uint32(b[1])
		s2, s3 = s2+uint32(a[2])*uint32(b[2]), s3+uint32(a[3])*uint32(b[3])
		a, b = a[4:], b[4:]
	}
	return s0 + s1 + s2 + s3
}
