package simd

import (
	"fmt"
	"math"
	"slices"
)

//go:generate sh -c "cd _asm && go run ./list -out ../list_kernels_amd64.s -stubs ../list_kernels_amd64.go -pkg simd"

// SortableBits maps a distance to bits that, as unsigned numbers, are ordered like distances: negative ones have all bits
// flipped, the others only the sign. Both zeros give the same bits. NaN is the caller's to keep out.
func SortableBits(distance float32) uint32 {
	b := math.Float32bits(distance + 0)
	return b ^ (uint32(int32(b)>>31) | 1<<31)
}

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

// EnterKeys puts keys in their places among sorted ones, and drops as many from the end, the greatest. None of them is equal to another. It
// does what sorting all of them and giving up those behind the end would do.
func EnterKeys(sorted, keys []uint64) {
	if len(sorted) > 0 {
		enterKeys(sorted, keys)
	}
}

// enterKeysGo is the Go twin. Many sorted keys are halved; among a few, the place is looked for from the end, as in placeOf.
func enterKeysGo(sorted, keys []uint64) {
	last := len(sorted) - 1
	for _, key := range keys {
		if key >= sorted[last] {
			continue
		}
		if last > 32 {
			at, _ := slices.BinarySearch(sorted[:last], key)
			copy(sorted[at+1:], sorted[at:last])
			sorted[at] = key
			continue
		}
		at := last
		for ; at > 0 && sorted[at-1] > key; at-- {
			sorted[at] = sorted[at-1]
		}
		sorted[at] = key
	}
}
