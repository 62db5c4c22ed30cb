//go:build amd64 && !purego

package simd

func largestRow(rows []uint32) uint32 {
	if hasAVX512 {
		return largestRowAVX512(rows)
	}
	return largestRowGo(rows)
}
