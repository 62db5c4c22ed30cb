//go:build amd64 && !purego

package simd

func unseenRows(dst []uint32, words []uint64, rows []uint32, n uint32) (unseen, read int) {
	if hasAVX2 { // not that it were needed: it tells whether assembly is wanted
		return unseenBTS(dst, words, rows, n)
	}
	return unseenGo(dst, words, rows, n)
}

// unseenAhead asks for rows while it looks up whether they are new, where two lines of each are enough.
func unseenAhead(dst []uint32, words []uint64, rows []uint32, n uint32, base *byte, stride, length int) (unseen, read int) {
	switch {
	case hasAVX2 && length <= pairBytes:
		return unseenBTSL2(dst, words, rows, n, base, stride, secondLine(length))
	case hasAVX2 && isIntel:
		return unseenBTSL1(dst, words, rows, n, base, stride, secondLine(length))
	}
	if unseen, read = unseenRows(dst, words, rows, n); unseen > 0 {
		prefetchRows(base, stride, length, dst[:unseen])
	}
	return unseen, read
}
