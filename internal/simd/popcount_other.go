//go:build !amd64 || purego

package simd

func hammingRows(dst []uint32, q, base []uint64, stride int, rows []uint32) {
	hammingRowsGo(dst, q, base, stride, rows)
}

func overlapRows(shared, differing []uint32, q, base []uint64, stride int, rows []uint32) {
	overlapRowsGo(shared, differing, q, base, stride, rows)
}
