package simd

import "fmt"

//go:generate sh -c "cd _asm && go run ./list -out ../list_kernels_amd64.s -stubs ../list_kernels_amd64.go -pkg simd"

// ListBlock is what lists of [Enter] have a multiple of names of.
const ListBlock = 16

// Enter puts keys in their places in a list that is sorted by distance, and by name among equal distances. The upper half of a key is a
// distance, in any form that sorts, the lower one a name. The lowest bit of names does not count: a name that is listed is left out. What
// comes behind the end of the list is given up. The order of the keys does not matter. It panics if there are not as many distances as
// names, or not a multiple of ListBlock.
//
// Until all is written, every name that stays is there at least once.
func Enter(names, distances []uint32, keys []uint64) {
	if len(names) != len(distances) || len(names)%ListBlock != 0 {
		panic(fmt.Sprintf("simd: a list of %d names and %d distances", len(names), len(distances)))
	}
	if len(names) > 0 {
		enter(names, distances, keys)
	}
}

// enterGo is the Go twin.
func enterGo(names, distances []uint32, keys []uint64) {
	last := len(names) - 1
	for _, key := range keys {
		at := placeOf(names, distances, key|1)
		if at > last || distances[at] == uint32(key>>32) && names[at]|1 == uint32(key)|1 {
			continue
		}
		copy(names[at+1:], names[at:last])
		copy(distances[at+1:], distances[at:last])
		names[at], distances[at] = uint32(key), uint32(key>>32)
	}
}

// placeOf is how many neighbors of a list come before a key whose lowest bit is set. Long lists are halved; a short rest is gone through
// from its end, since that is where most keys belong and a processor foresees a loop better than the turns of a binary search.
func placeOf(names, distances []uint32, key uint64) int {
	before := func(at int) bool { return uint64(distances[at])<<32|uint64(names[at]|1) < key }
	lo, hi := 0, len(names)
	for hi-lo > 32 {
		if middle := (lo + hi) / 2; before(middle) {
			lo = middle + 1
		} else {
			hi = middle
		}
	}
	for hi > lo && !before(hi-1) {
		hi--
	}
	return hi
}
