//go:build amd64 && !purego

package simd

// fewKeys is how many sorted keys two registers hold.
const fewKeys = 16

func enterKeys(sorted, keys []uint64) {
	if hasAVX512 && len(sorted) <= fewKeys {
		enterKeysAVX512(sorted, keys)
		return
	}
	enterKeysGo(sorted, keys)
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
