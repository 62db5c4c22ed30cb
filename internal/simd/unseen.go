package simd

import "unsafe"

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

// UnseenAhead does what Unseen does, and has the processor begin to load what it moves, as PrefetchRows does, in less time than
// one after the other: while the one waits for memory, the other goes on.
func UnseenAhead[T byte | uint32 | float32 | uint64](
	dst []uint32, words []uint64, rows []uint32, n uint32, base []T, stride, length int,
) (unseen int, ok bool) {
	words, dst = words[:(uint64(n)+63)/64], dst[:len(rows)]
	if len(base) == 0 || length <= 0 {
		return Unseen(dst, words, rows, n)
	}
	size := int(unsafe.Sizeof(base[0]))
	unseen, read := unseenAhead(dst, words, rows, n, (*byte)(unsafe.Pointer(&base[0])), size*stride, min(size*length, mostAhead))
	return unseen, read == len(rows)
}

// unseenGo is Unseen, and returns how many rows it has read: all of them if each is below n.
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
