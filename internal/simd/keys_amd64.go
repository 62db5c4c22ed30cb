//go:build amd64 && !purego

package simd

import (
	"math"
	"slices"
)

// fewKeys is how many sorted keys two registers hold.
const fewKeys = 16

func enterKeys(sorted, keys []uint64) {
	if hasAVX512 && len(sorted) <= fewKeys {
		enterKeysAVX512(sorted, keys)
		return
	}
	enterKeysGo(sorted, keys)
}

// sortKeys has a few keys enter others, all of them behind these.
func sortKeys(keys []uint64) {
	if !hasAVX512 || len(keys) == 0 || len(keys) > fewKeys {
		slices.Sort(keys)
		return
	}
	var unsorted [fewKeys]uint64
	copy(unsorted[:], keys)
	for i := range keys {
		keys[i] = math.MaxUint64
	}
	enterKeysAVX512(keys, unsorted[:len(keys)])
}

func makeKeys(keys []uint64, rows []uint32, distances []float32) (least uint64) {
	switch {
	case hasAVX512:
		return makeKeysAVX512(keys, rows, distances)
	case hasAVX2 && len(rows) >= 8:
		return makeKeysAVX2(keys, rows, distances)
	}
	return makeKeysGo(keys, rows, distances)
}

// fourKeys is how many keys a register of AVX2 holds.
const fourKeys = 4

func takeKey(keys []uint64, key uint64) (at int, least uint64) {
	switch {
	case hasAVX512:
		return takeKeyAVX512(keys, key)
	case hasAVX2 && len(keys) >= fourKeys:
		whole := len(keys) &^ (fourKeys - 1)
		at, least = takeKeyAVX2(keys[:whole], key)
		rest, leastOfRest := takeKeyGo(keys[whole:], key)
		if rest >= 0 {
			at = whole + rest
		}
		return at, min(least, leastOfRest)
	}
	return takeKeyGo(keys, key)
}
