//go:build !amd64 || purego

package simd

func unseenRows(dst []uint32, words []uint64, rows []uint32, n uint32) (unseen, read int) {
	return unseenGo(dst, words, rows, n)
}
