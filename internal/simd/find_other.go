//go:build !amd64 || purego

package simd

// UnlistedUnlocked says that [Unlisted] needs no lock for lists of so many keys.
func UnlistedUnlocked(int) bool { return false }

func find(keys []uint64, key uint64) (at int, found bool) { return findGo(keys, key) }

func unlisted(rows []uint32, keys, lists []uint64, length int) int {
	return unlistedGo(rows, keys, lists, length)
}
