package simd

import (
	"math"
	"slices"
)

// SortableBits maps a distance to bits that, as unsigned numbers, are ordered like distances: negative ones have all bits
// flipped, the others only the sign. Both zeros give the same bits. NaN is the caller's to keep out.
func SortableBits(distance float32) uint32 {
	b := math.Float32bits(distance + 0)
	return b ^ (uint32(int32(b)>>31) | 1<<31)
}

// EnterKeys puts keys in their places among sorted ones, and drops as many from the end, the greatest. None of them is equal to another. It
// does what sorting all of them and giving up those behind the end would do.
func EnterKeys(sorted, keys []uint64) {
	if len(sorted) > 0 {
		enterKeys(sorted, keys)
	}
}

// SortKeys sorts distinct keys.
func SortKeys(keys []uint64) { sortKeys(keys) }

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

// MakeKeys sets keys[i] to what sorts rows by distance, and those at equal distances by their numbers: the [SortableBits] of distances[i] in
// the upper half, rows[i] in the lower one, or all bits where that distance is NaN. It returns the least key, all bits if there is none. It
// panics when keys or distances are shorter than rows.
func MakeKeys(keys []uint64, rows []uint32, distances []float32) (least uint64) {
	return makeKeys(keys[:len(rows)], rows, distances[:len(rows)])
}

// makeKeysGo is the Go twin.
func makeKeysGo(keys []uint64, rows []uint32, distances []float32) (least uint64) {
	least = math.MaxUint64
	for i, row := range rows {
		key := uint64(math.MaxUint64)
		if distance := distances[i]; distance == distance {
			key = uint64(SortableBits(distance))<<32 | uint64(row)
		}
		keys[i], least = key, min(least, key)
	}
	return least
}

// TakeKey sets the one of distinct keys that is key to all bits, and returns where it is, -1 if it is none of them, and the least of the
// others, all bits if there is none.
func TakeKey(keys []uint64, key uint64) (at int, least uint64) { return takeKey(keys, key) }

// takeKeyGo is the Go twin.
func takeKeyGo(keys []uint64, key uint64) (at int, least uint64) {
	at, least = -1, math.MaxUint64
	for i, other := range keys {
		if other == key {
			at, other = i, math.MaxUint64
			keys[i] = other
		}
		least = min(least, other)
	}
	return at, least
}
