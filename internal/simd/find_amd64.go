//go:build amd64 && !purego

package simd

// UnlistedUnlocked says that [Unlisted] needs no lock for lists of so many keys: it reads each key whole then, by instructions that the
// race detector does not see.
func UnlistedUnlocked(length int) bool { return hasAVX2 && length >= 8 }

func find(keys []uint64, key uint64) (at int, found bool) {
	if hasAVX2 {
		return findAVX2(keys, key)
	}
	return findGo(keys, key)
}

func unlisted(rows []uint32, keys, lists []uint64, length int) int {
	if UnlistedUnlocked(length) {
		return unlistedAVX2(rows, keys, lists, length)
	}
	return unlistedGo(rows, keys, lists, length)
}
