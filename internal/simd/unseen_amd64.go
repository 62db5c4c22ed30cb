//go:build amd64 && !purego

package simd

func unseenRows(dst []uint32, words []uint64, rows []uint32, n uint32) (unseen, read int) {
	if hasAVX2 { // not that it were needed: it tells whether assembly is wanted
		return unseenBTS(dst, words, rows, n)
	}
	return unseenGo(dst, words, rows, n)
}
