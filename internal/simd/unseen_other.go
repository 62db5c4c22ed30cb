//go:build !amd64 || purego

package simd

func unseenRows(dst []uint32, words []uint64, rows []uint32, n uint32) (unseen, read int) {
	return unseenGo(dst, words, rows, n)
}

func unseenAhead(dst []uint32, words []uint64, rows []uint32, n uint32, base *byte, stride, length int) (unseen, read int) {
	if unseen, read = unseenGo(dst, words, rows, n); unseen > 0 {
		prefetchRows(base, stride, length, dst[:unseen])
	}
	return unseen, read
}
