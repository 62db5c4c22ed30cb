package simd

//go:generate sh -c "cd _asm && go run ./unseen -out ../unseen_kernel_amd64.s -stubs ../unseen_kernel_amd64.go -pkg simd"

// Unseen moves those of rows whose bits in words are not set to the front of dst, in order, sets these bits, and returns how
// many they are. Of equal rows only the first can be one of them. Bit row%64 of words[row/64] is that of a row. At the first row
// that is not below n it stops, and returns false. dst may be rows. It panics when dst is shorter than rows, or words has
// fewer than n bits.
func Unseen(dst []uint32, words []uint64, rows []uint32, n uint32) (unseen int, ok bool) {
	words = words[:(uint64(n)+63)/64]
	unseen, read := unseenRows(dst[:len(rows)], words, rows, n)
	return unseen, read == len(rows)
}

func unseenGo(dst []uint32, words []uint64, rows []uint32, n uint32) (unseen, read int) {
	for i, row := range rows {
		if row >= n {
			return unseen, i
		}
		word, bit := &words[row/64], row%64
		dst[unseen] = row
		unseen += int(^*word >> bit & 1)
		*word |= 1 << bit
	}
	return unseen, len(rows)
}
