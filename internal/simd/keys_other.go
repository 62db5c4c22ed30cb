//go:build !amd64 || purego

package simd

import "slices"

func enterKeys(sorted, keys []uint64) { enterKeysGo(sorted, keys) }

func sortKeys(keys []uint64) { slices.Sort(keys) }

func makeKeys(keys []uint64, rows []uint32, distances []float32) (least uint64) {
	return makeKeysGo(keys, rows, distances)
}

func takeKey(keys []uint64, key uint64) (at int, least uint64) { return takeKeyGo(keys, key) }
