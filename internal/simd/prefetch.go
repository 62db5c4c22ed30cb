package simd

import "unsafe"

//go:generate sh -c "cd _asm && go run ./prefetch -out ../prefetch_amd64.s -stubs ../prefetch_stubs_amd64.go -pkg simd"

// PrefetchRows has the processor begin to load length elements of each of some rows, stride elements apart, which the caller will read
// after some other things. It changes nothing but speed: rows outside of base do no harm. It does nothing where it is not in
// assembly.
//
// They are loaded into the second level of the cache: most cores can wait for far more lines there than in the first. What lies behind
// the first 4 KiB of a row is left to the processor, which sees by then where it goes; those of Intel see it sooner.
func PrefetchRows[T byte | uint32 | float32 | uint64](base []T, stride, length int, rows []uint32) {
	if len(base) > 0 && len(rows) > 0 {
		size := int(unsafe.Sizeof(base[0]))
		prefetchRows((*byte)(unsafe.Pointer(&base[0])), size*stride, min(size*length, mostAhead), rows)
	}
}

// mostAhead is how many bytes of a row are asked for.
const mostAhead = 4 << 10

// Prefetch does for the first 256 bytes of words what PrefetchRows does for rows.
func Prefetch(words []uint32) {
	if len(words) > 0 {
		prefetchRows((*byte)(unsafe.Pointer(&words[0])), 0, 4*min(len(words), 64), firstRow[:])
	}
}

var firstRow [1]uint32

// PrefetchVector has the processor begin to load all of a vector, as PrefetchRows does rows, up to 4 KiB: it is read at once, before any
// processor has seen where that goes.
func PrefetchVector(v []float32) {
	const piece = 64
	PrefetchRows(v, piece, piece, pieces[:min((len(v)+piece-1)/piece, len(pieces))])
}

// pieces are the numbers of the pieces of a vector.
var pieces = [...]uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
