//go:build amd64 && !purego

package simd

// FindsUnlocked says that [Find] needs no lock: it reads each key whole, by instructions that the race detector does not see.
func FindsUnlocked() bool { return hasAVX2 }

func find(keys []uint64, key uint64) (at int, found bool) {
	if hasAVX2 {
		return findAVX2(keys, key)
	}
	return findGo(keys, key)
}

func unlisted(rows []uint32, keys, lists []uint64, length int) int {
	if hasAVX2 && length >= 8 {
		return unlistedAVX2(rows, keys, lists, length)
	}
	return unlistedGo(rows, keys, lists, length)
}
